"""The second component's tokens: renewed in time and once, and what is said when they cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from components.petshop_server import REFRESH_TOKEN
from connector_runtime import ConnectionProblem
from connector_runtime.errors import ReconnectNeeded

if TYPE_CHECKING:
    from collections.abc import Callable

    from components.conftest import Till
    from components.petshop_server import PetShop
    from connector_runtime.testing.cases import StillClock


def test_a_token_that_is_refused_is_renewed_once(open_till: Callable[..., Till], shop: PetShop) -> None:
    """A 401 leads to one renewal, and the call goes on with the new token, not counted as a retry."""
    till = open_till(shop.by_login("an-old-token"))

    result = till.run("getPet", {"pet": "p-1001"})

    assert [attempt.why for attempt in result.attempts] == ["first", "token"]
    assert [asked.path for asked in shop.asked] == ["/v2/pets/p-1001", "/login/token", "/v2/pets/p-1001"]
    assert till.token["access_token"] == "token-1"
    assert till.token["refresh_token"] == REFRESH_TOKEN


def test_a_token_is_renewed_before_it_dies(
    open_till: Callable[..., Till], shop: PetShop, clock: StillClock
) -> None:
    """A token near its end is renewed before a request is wasted on it."""
    connection = shop.by_login()
    connection["token"]["expires_at"] = clock.now() + 5

    open_till(connection).run("getPet", {"pet": "p-1001"})

    assert [asked.path for asked in shop.asked] == ["/login/token", "/v2/pets/p-1001"]


def test_callers_at_the_same_time_share_one_renewal(open_till: Callable[..., Till], shop: PetShop) -> None:
    """However many calls meet a dead token, it is renewed once."""
    till = open_till(shop.by_login("an-old-token"))

    results = till.run_all([("getPet", {"pet": "p-1001"})] * 4)

    assert [result.data["name"] for result in results] == ["Ada"] * 4
    assert sum(asked.path == "/login/token" for asked in shop.asked) == 1


def test_a_permission_that_is_gone_asks_for_a_person(open_till: Callable[..., Till], shop: PetShop) -> None:
    """A refused renewal is an error for the account's owner."""
    shop.desk.refresh_token = "another"

    with pytest.raises(ReconnectNeeded) as caught:
        open_till(shop.by_login("an-old-token")).run("getPet", {"pet": "p-1001"})

    assert caught.value.kind == "auth_revoked"


def test_a_key_that_is_refused_cannot_be_renewed(open_till: Callable[..., Till], shop: PetShop) -> None:
    """Without a token there is nothing to renew: the owner must act."""
    connection = shop.by_key()
    connection["fields"]["apiKey"] = "a-wrong-key"

    with pytest.raises(ConnectionProblem) as caught:
        open_till(connection).run("getPet", {"pet": "p-1001", "tries": 3})

    assert (caught.value.kind, len(shop.asked)) == ("auth_expired", 1)
