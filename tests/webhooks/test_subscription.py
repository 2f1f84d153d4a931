"""A subscription is kept as JSON, and shows its secret to nobody who does not ask for it."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import UTC, datetime

import pytest

from connector_runtime import ConnectorError
from connector_runtime.base.values import system_random
from connector_runtime.stores import Keys
from connector_runtime.triggers.webhooks.subscription import Subscription, new_id, new_secret
from webhooks.pushed import SECRET, subscription

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
FULL = {"inputs": {"branch": "17"}, "expires": NOON, "renew_at": NOON, "state": {"mark": 1}}


@pytest.mark.plan("S-276")
def test_it_comes_back_as_it_was_kept():
    """Through JSON and out of it."""
    one = subscription(**FULL)
    kept = json.loads(json.dumps(one.to_dict()))

    assert Subscription.from_dict(kept) == one
    assert kept["expires"] == "2026-06-01T12:00:00+00:00"


@pytest.mark.plan("S-274")
def test_nothing_prints_the_secret_or_the_address():
    """Platforms put tokens into the address, too."""
    one = subscription(url="https://hooks.example.com/x?key=of-the-platform", **FULL)

    for text in (repr(one), str(one), f"{one}", repr([one]), repr(one.secret), repr(one.seen(secret=True))):
        assert SECRET not in text
    assert "of-the-platform" not in repr(one)


@pytest.mark.plan("S-274")
@pytest.mark.parametrize("taken", [pickle.dumps, copy.deepcopy])
def test_it_is_not_pickled_or_copied_by_accident(taken):
    """`to_dict` says that secrets leave."""
    with pytest.raises(TypeError, match="secret"):
        taken(subscription())


@pytest.mark.plan("S-274")
def test_the_secret_can_be_sealed():
    """With the keys that stores seal tokens with; what is kept then shows it to nobody."""
    keys = Keys([Keys.new()])
    kept = json.loads(json.dumps(subscription().to_dict(keys)))

    assert SECRET not in json.dumps(kept)
    assert Subscription.from_dict(kept, keys) == subscription()


@pytest.mark.plan("S-274")
def test_a_sealed_secret_opens_for_its_own_subscription_only():
    """With other keys, without keys, or moved to another subscription it is refused."""
    keys = Keys([Keys.new()])
    kept = subscription().to_dict(keys)

    for given, opened_with in ((kept, None), (kept, Keys([Keys.new()])), ({**kept, "id": "2"}, keys)):
        with pytest.raises(ConnectorError):
            Subscription.from_dict(given, opened_with)


@pytest.mark.plan("S-276")
@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"version": None},
        {"id": ""},
        {"id": 7},
        {"trigger": None},
        {"url": None},
        {"secret": ""},
        {"secret": None},
        {"secret": 7},
        {"inputs": []},
        {"expires": "soon"},
        {"expires": 7},
        {"renewAt": "2026-06-01T12:00:00"},
    ],
)
def test_what_is_no_subscription_is_refused(change):
    """In words that say what is missing, and nothing of what is there."""
    with pytest.raises(ConnectorError, match="subscription") as caught:
        Subscription.from_dict({**subscription(**FULL).to_dict(), **change})

    assert caught.value.kind == "config"
    assert SECRET not in str(caught.value)


@pytest.mark.plan("S-276")
def test_ids_and_secrets_suit_every_vendor():
    """Fifteen digits are exact in every language; forty letters and digits fit where fifty do."""
    assert new_id(system_random()) != new_id(system_random())
    assert len(new_id(system_random())) == 15
    assert int(new_id(system_random())) < 2**53
    assert new_secret() != new_secret()
    assert len(new_secret().reveal()) == 40
    assert new_secret().reveal().isalnum()
