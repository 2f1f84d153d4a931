"""Foreign and spoiled documents in a token store: no exception of another's, and a good token still works."""

from __future__ import annotations

import random
from typing import Any

import pytest

from connector_runtime.errors import ConnectorError, StoreError
from connector_runtime.stores import MemoryStore
from connector_runtime.stores.ports import Entry
from connector_runtime.stores.token_state import RenewalFailure, TokenEntry
from tokens.scene import HOUR_S, renewals

NOTHING_OF_OURS: tuple[Any, ...] = (
    [], ["removed"], "removed", "", 7, 1.5, True, None, {}, {"removed": False}, {"token": []}, {"token": "x"},
    {"token": {"access_token": ["a"]}}, {"token": {"access_token": "half \ud800"}},
    {"token": {"access_token": "a\r\nX-Evil: 1", "refresh_token": 7}}, {"lease": {}}, {"lease": "mine"},
    {"lease": {"until": "soon"}}, {"lease": {"until": [1]}}, {"lease": {"until": None}}, {"lease": []},
    {"trouble": []}, {"trouble": "gone"}, {"trouble": {"kind": "auth_revoked"}},
    {"trouble": {"kind": ["auth_revoked"], "message": "x", "until": 2e9}},
    {"trouble": {"kind": "auth_revoked", "message": ["x"], "until": 2e9}},
    {"trouble": {"kind": "server", "message": "x", "until": 2e9}},
    {"trouble": {"kind": "auth_revoked", "message": "x", "until": {}, "more": 1}}, {"\ud800": "\udfff"},
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1e308,
    9e11,
    "",
    "x",
    "half \ud800",
    [],
    ["a"],
    {},
    {"until": 1},
    "nan",
)


def key_of(zoho: Any, connection: dict[str, Any]) -> str:
    with zoho.session(connection, token_store=MemoryStore()) as session:
        return str(session._channel.store_key)


def plant(store: Any, key: str, document: Any) -> int:
    """Put anything under a key; returns its version."""
    entry = store.read(key)
    version = entry.version if entry else 0
    if isinstance(store, MemoryStore):
        store._entries[key] = Entry(version + 1, document)
    else:
        assert store.write(key, document, version)
    return version + 1


@pytest.mark.plan("S-145")
def test_whatever_a_store_holds_the_next_token_is_kept_there(zoho, sandbox, clock, connection, store) -> None:
    """What is none of ours counts as no document: one renewal, and what is kept then is the token."""
    key = key_of(zoho, connection)
    sandbox.settings.change({"oauth.access_tokens_per_window": 1_000})
    for document in NOTHING_OF_OURS:
        plant(store, key, document)
        sandbox.clock.advance(HOUR_S)
        before = len(renewals(sandbox))

        with zoho.session(connection, clock=clock, token_store=store) as session:
            assert session.check().status == 200, document

        assert len(renewals(sandbox)) == before + 1, document
        assert list(store.read(key).document) == ["token"]


@pytest.mark.plan("S-145")
def test_a_good_token_works_beside_a_spoiled_document(zoho, sandbox, clock, connection, store) -> None:
    """Nothing is asked for, and nothing is written."""
    key = key_of(zoho, connection)
    for document in NOTHING_OF_OURS:
        version = plant(store, key, document)

        with zoho.session(connection, clock=clock, token_store=store) as session:
            assert session.check().status == 200, document

        assert store.read(key).version == version
    assert renewals(sandbox) == []


def spoiled(luck: random.Random, value: Any) -> Any:
    """Return a document with something in it replaced, taken away or added."""
    if isinstance(value, dict) and value and luck.random() < 0.8:
        name = luck.choice(list(value))
        if luck.random() < 0.1:
            return {member: value[member] for member in value if member != name}
        return {**value, name: spoiled(luck, value[name])}
    return luck.choice(VALUES)


@pytest.mark.plan("S-145")
@pytest.mark.parametrize("seeds", [range(2_000)], ids=["2000 documents"])
def test_a_spoiled_document_is_read_without_an_exception(seeds: range) -> None:
    """Whatever stands in an entry comes out as token, trouble and lease of the right types, or not at all."""
    whole = {
        "token": {
            "access_token": "a",
            "refresh_token": "r",
            "expires_at": 2e9,
            "issued_at": "2026-01-01",
            "scope": "s",
        },
        "lease": {"holder": "h", "until": 2e9},
        "trouble": {"kind": "auth_revoked", "message": "m", "hint": "h", "code": "c", "until": 2e9},
    }
    for seed in seeds:
        luck = random.Random(seed)
        document = spoiled(luck, spoiled(luck, whole))
        kept = TokenEntry.of(Entry(luck.choice([0, 3]), document, luck.choice([None, 1.0, float("nan"), "x"])))  # type: ignore[arg-type]

        assert kept is not None
        assert kept.leased_until is None or isinstance(kept.leased_until, float)
        assert kept.now is None or isinstance(kept.now, float)
        assert kept.token.access is None or kept.token.access.reveal().isascii()
        if kept.renewal_failure is not None:
            assert isinstance(kept.renewal_failure.holds(1.9e9), bool)
            assert not kept.renewal_failure.holds(1.9999e9) or isinstance(kept.renewal_failure.error(), ConnectorError)


class Strange:
    """A platform's store whose rows have no usable version."""

    def __init__(self, entry: Any) -> None:
        self.entry = entry

    def read(self, key: str) -> Any:
        del key
        return self.entry

    def write(self, key: str, document: Any, version: int) -> bool:
        raise AssertionError((key, document, version))


@pytest.mark.plan("S-145")
@pytest.mark.parametrize(
    "entry",
    [Entry("3", {}), Entry(None, {}), Entry(-1, {}), Entry(1.0, {}), Entry(True, {}), 7, "x", {}, ("a", "b")],  # type: ignore[arg-type]
)
def test_an_entry_without_a_version_is_an_error_that_names_its_key(
    zoho, sandbox, clock, connection, entry: Any
) -> None:
    """A dead token ends the call in our words; one that lives works on."""
    with zoho.session(connection, clock=clock, token_store=Strange(entry)) as session:
        assert session.check().status == 200
        sandbox.clock.advance(HOUR_S)
        with pytest.raises(StoreError) as caught:
            session.check()

    assert key_of(zoho, connection) in caught.value.message
    assert renewals(sandbox) == []


def test_a_kept_connection_with_a_spoiled_document_is_still_given(
    sandbox, connection, keys, tmp_path
) -> None:
    """The shelf gives the connection as it was made when nothing newer can be read."""
    from connector_runtime.stores import SqliteStore
    from connector_runtime.stores.token_state import grant_key

    store = SqliteStore(tmp_path / "store.sqlite", keys)
    store.save("shop", connection)
    key = grant_key("shop", connection["token"])
    assert key is not None
    for document in NOTHING_OF_OURS:
        plant(store, key, document)
        assert store.connection("shop")["token"] == connection["token"]
    store.close()


@pytest.mark.plan("S-145")
def test_a_spoiled_row_is_an_error_that_names_its_key(sandbox, connection, keys, tmp_path) -> None:
    """A version that is no number, and what was sealed by somebody else, end in our words."""
    from connector_runtime.stores import SqliteStore
    from connector_runtime.stores.token_state import grant_key

    store = SqliteStore(tmp_path / "store.sqlite", keys)
    store.save("shop", connection)
    key = str(grant_key("shop", connection["token"]))
    foreign = keys._cipher.encrypt(b'["no", "document"]')
    for column, value in (("version", "three"), ("sealed", "text"), ("sealed", b""), ("sealed", foreign)):
        with store._file.transaction() as sql:
            sql.execute(f"UPDATE tokens SET {column} = ? WHERE key = ?", (value, key))
        for ask in (lambda: store.read(key), lambda: store.connection("shop")):
            with pytest.raises(StoreError) as caught:
                ask()
            assert key in caught.value.message
        if value == "three":
            with pytest.raises(StoreError, match="has no version"):
                store.write(key, {}, 1)
    store.close()


def test_a_trouble_is_read_as_it_was_written() -> None:
    """To a map and back, whatever members it has."""
    for trouble in (
        RenewalFailure("auth_revoked", "Gone.", "Connect.", "invalid_code", 5.0),
        RenewalFailure("auth_throttled", "Later.", None, 7, 9.5),
    ):
        assert RenewalFailure.from_dict(trouble.to_dict()) == trouble
