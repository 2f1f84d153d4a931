"""Connections that are kept: listed, tested, changed, renamed, removed, and used by name."""

from __future__ import annotations

import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any

import pytest

from canaries import canary
from cli.conftest import CLIENT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended, Vendor

CONTACTS = "query=select Last_Name from Contacts where id is not null"


@pytest.fixture
def mine(zoho: Callable[..., Ended], vendor: Vendor) -> dict[str, Any]:
    """A connection kept as `mine`, made with a code from the console."""
    scopes = ["ZohoCRM.modules.ALL", "ZohoCRM.users.READ", "ZohoCRM.coql.READ", "ZohoBooks.fullaccess.all"]
    code = vendor.sandbox.self_client_code(scopes, client_id=CLIENT)
    words = vendor.words("--self-client", code, "--name", "mine", "-i", "organizationId=10234695", "--json")
    found: dict[str, Any] = zoho(*words).json["connection"]
    return found


def run_query(zoho: Callable[..., Ended], *words: str) -> Ended:
    """Run a query with a kept connection."""
    return zoho("run", "crmRunQuery", "-i", CONTACTS, "--connection", "mine", "--json", *words)


def test_nothing_is_kept_at_first(zoho: Callable[..., Ended], tmp_path: Path) -> None:
    """An empty list is no error, and nothing is written for it."""
    seen, read = zoho("connections"), zoho("connections", "--json")

    assert (seen.code, seen.out) == (0, "")
    assert "`connect` makes one" in seen.err
    assert read.json == []
    assert not (tmp_path / "kept").exists()


def test_connections_are_listed(zoho: Callable[..., Ended], mine: Any, vendor: Vendor) -> None:
    """Name, way to connect, place and plain fields are shown; secrets and tokens are not."""
    seen, read = zoho("connections"), zoho("connections", "--json")

    assert seen.out.split()[:4] == ["name", "connection", "place", "fields"]
    assert "mine" in seen.out
    assert "This computer" in seen.out
    assert read.json == [mine]
    assert read.json[0]["fields"] == {
        "port": str(vendor.port),
        "clientId": CLIENT,
        "organizationId": "10234695",
    }


def test_a_connection_is_tested(zoho: Callable[..., Ended], mine: Any) -> None:
    """`connections test` asks the vendor and says in a word how it went."""
    seen, read = zoho("connections", "test", "mine"), zoho("connections", "test", "mine", "--json")

    assert (seen.code, seen.out) == (0, "mine works.\n")
    assert read.json == {"name": "mine", "status": 200}


def test_a_revoked_connection_fails_its_test(zoho: Callable[..., Ended], mine: Any, vendor: Vendor) -> None:
    """Somebody took the permission back: the error says to connect again."""
    revoke_all(vendor)

    ended = zoho("connections", "test", "mine", "--json")

    assert (ended.code, ended.error["kind"]) == (1, "auth_revoked")
    assert "Connect to Zoho again" in ended.error["hint"]


def test_a_field_is_changed(zoho: Callable[..., Ended], mine: Any) -> None:
    """`connections set` changes what is named and keeps the rest, the token too."""
    changed = zoho("connections", "set", "mine", "organizationId=10234999", "--json")
    emptied = zoho("connections", "set", "mine", "organizationId=", "--json")

    assert changed.json["connection"] == {**mine, "fields": {**mine["fields"], "organizationId": "10234999"}}
    assert "organizationId" not in emptied.json["connection"]["fields"]
    assert run_query(zoho).code == 0


@pytest.mark.parametrize(
    ("pair", "code", "says"),
    [
        ("organizationId=acme", 1, "Organization ID"),
        ("organisationId=1", 2, "Did you mean `organizationId`?"),
        ("clientSecret=x", 2, "is a secret"),
        ("organizationId", 2, "has no `=`"),
    ],
)
def test_a_change_that_cannot_be_is_refused(
    zoho: Callable[..., Ended], mine: Any, pair: str, code: int, says: str
) -> None:
    """What does not fit the form is refused, and nothing is changed."""
    ended = zoho("connections", "set", "mine", pair, "--json")

    assert (ended.code, says in ended.error["message"]) == (code, True)
    assert zoho("connections", "--json").json == [mine]


def test_a_connection_is_renamed(zoho: Callable[..., Ended], mine: Any) -> None:
    """The new name works at once, the old one does no more."""
    renamed = zoho("connections", "rename", "mine", "ours", "--json")

    assert (renamed.code, renamed.json) == (0, {"name": "ours"})
    assert [one["name"] for one in zoho("connections", "--json").json] == ["ours"]
    assert zoho("connections", "test", "ours").code == 0
    assert zoho("connections", "test", "mine").code == 2


def test_a_name_in_use_is_not_taken(zoho: Callable[..., Ended], mine: Any, vendor: Vendor) -> None:
    """Renaming never loses another connection."""
    os.environ["ZOHO_CLIENT_SECRET"] = vendor.secret
    code = vendor.sandbox.self_client_code(["ZohoCRM.modules.READ"], client_id=CLIENT)
    zoho(*vendor.words("--self-client", code, "--name", "other"))

    ended = zoho("connections", "rename", "mine", "other")

    assert ended.code == 1
    assert [one["name"] for one in zoho("connections", "--json").json] == ["mine", "other"]


@pytest.mark.parametrize("name", ["a.json", "a/b", "-", "x.yaml"])
def test_a_name_is_no_file(zoho: Callable[..., Ended], mine: Any, name: str) -> None:
    """What --connection would take for a file cannot become a name."""
    renamed, connected = (
        zoho("connections", "rename", "mine", name),
        zoho("connect", "sandbox", "--name", name),
    )

    assert (renamed.code, connected.code) == (2, 2)
    assert "looks like a file" in renamed.err


def test_removing_gives_the_token_back(zoho: Callable[..., Ended], mine: Any, vendor: Vendor) -> None:
    """The vendor is told to forget the permission before this machine does."""
    ended = zoho("connections", "remove", "mine", "--json")

    assert (ended.code, ended.json) == (0, {"removed": "mine", "tokenGivenBack": True})
    assert "The token was given back." in ended.err
    assert vendor.asked("/oauth/v2/token/revoke") == 1
    assert vendor.sandbox.state.ids("sandbox/refresh_tokens") == []
    assert zoho("connections", "--json").json == []


def test_what_cannot_be_given_back_is_kept(zoho: Callable[..., Ended], mine: Any, vendor: Vendor) -> None:
    """While the vendor cannot be reached the connection stays; --keep-token forgets it here only."""
    vendor.sandbox.faults(fault="drop", path="/oauth/v2/token/revoke", count=1)

    failed = zoho("connections", "remove", "mine")

    assert failed.code == 1
    assert "--keep-token" in failed.err
    assert zoho("connections", "--json").json == [mine]
    assert zoho("connections", "remove", "mine", "--keep-token").code == 0
    assert vendor.asked("/oauth/v2/token/revoke") == 1
    assert len(vendor.sandbox.state.ids("sandbox/refresh_tokens")) == 1


def test_a_token_that_is_gone_stops_no_removal(zoho: Callable[..., Ended], mine: Any, vendor: Vendor) -> None:
    """A permission that somebody took back already needs no giving back."""
    revoke_all(vendor)

    ended = zoho("connections", "remove", "mine")

    assert (ended.code, "not good any more" in ended.err) == (0, True)
    assert zoho("connections", "--json").json == []


@pytest.mark.parametrize("words", [("test",), ("set", "a=b"), ("rename", "x"), ("remove",)])
def test_an_unknown_name_is_guessed(zoho: Callable[..., Ended], mine: Any, words: tuple[str, ...]) -> None:
    """A misspelt name is wrong use, and the right one is named."""
    ended = zoho("connections", words[0], "mihne", *words[1:])

    assert ended.code == 2
    assert "Did you mean `mine`? Kept are: mine." in ended.err


def test_a_renewed_token_is_kept(zoho: Callable[..., Ended], mine: Any, vendor: Vendor) -> None:
    """What one run renews the next one uses: two runs after the end of a token need one renewal."""
    before = vendor.asked("/oauth/v2/token")
    vendor.sandbox.tokens.expire_all()

    first, second = run_query(zoho), run_query(zoho)

    assert (first.code, second.code) == (0, 0)
    assert vendor.asked("/oauth/v2/token") - before == 1


def test_a_file_may_be_used_instead(zoho: Callable[..., Ended], vendor: Vendor, folder: Path) -> None:
    """What looks like a file is one; - reads the connection from standard input."""
    connection = vendor.sandbox.connection()
    (folder / "account.given.json").write_text(json.dumps(connection))
    (folder / "account").write_text(json.dumps(connection))
    words = ("run", "crmRunQuery", "-i", CONTACTS, "--json", "--connection")

    by_suffix, by_path = zoho(*words, "account.given.json"), zoho(*words, "./account")
    piped = zoho(*words, "-", stdin=json.dumps(connection))

    assert (by_suffix.code, by_path.code, piped.code) == (0, 0, 0)


def test_what_is_kept_is_sealed(
    zoho: Callable[..., Ended], mine: Any, vendor: Vendor, tmp_path: Path
) -> None:
    """Neither secret nor token stands in the file, and only its owner may read it."""
    tokens = [
        *vendor.sandbox.state.ids("sandbox/refresh_tokens"),
        *vendor.sandbox.state.ids("sandbox/access_tokens"),
    ]
    content = b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())

    assert tokens
    assert not [one for one in (*tokens, vendor.secret) if one.encode() in content]
    if os.name != "nt":
        modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "kept").iterdir()}
        assert modes == {0o600}


def test_another_key_opens_nothing(
    zoho: Callable[..., Ended], mine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key comes from the environment where one is set; a wrong one is said, not guessed around."""
    monkeypatch.setenv("CONNECTOR_KEY", "A" * 43 + "=")

    ended = zoho("connections", "test", "mine", "--json")

    assert (ended.code, ended.error["kind"]) == (1, "config")
    assert "cannot be opened" in ended.error["message"]


def test_the_key_may_lie_elsewhere(
    zoho: Callable[..., Ended], vendor: Vendor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a key file of one's own, nothing that opens the connections lies beside them."""
    key = tmp_path / "keys" / "mine.key"
    key.parent.mkdir(mode=0o700)
    key.write_text("B" * 43 + "=\n")
    key.chmod(0o600)
    monkeypatch.setenv("CONNECTOR_KEY_FILE", str(key))
    code = vendor.sandbox.self_client_code(["ZohoCRM.users.READ"], client_id=CLIENT)

    zoho(*vendor.words("--self-client", code))

    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["zoho.sqlite"]
    assert zoho("connections", "test", "sandbox").code == 0


def test_a_connection_of_a_former_component_is_still_listed(
    zoho: Callable[..., Ended], vendor: Vendor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection whose fields do not fit any more is shown with what is wrong, not hidden."""
    from connector_runtime.stores import Keys, SqliteStore

    kept = tmp_path / "kept"
    store = SqliteStore(kept / "zoho.sqlite", Keys.from_file(kept / "zoho.key", create=True))
    store.save("old", {"key": "gone", "fields": {"token": canary("kept field")}, "token": {}, "context": {}})
    store.close()

    ended = zoho("connections", "--json")

    assert "There is no connection called `gone`" in ended.json[0]["problem"]
    assert ended.json[0]["fields"] == {}


def revoke_all(vendor: Vendor) -> None:
    """Take every permission back, as the account's owner can."""
    for token in vendor.sandbox.state.ids("sandbox/refresh_tokens"):
        vendor.sandbox.tokens.revoke(token)


@pytest.fixture
def read_only(mine: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is kept lies on a file system that takes no writing any more."""
    open_file, writes = os.open, os.O_WRONLY | os.O_RDWR | os.O_CREAT

    def refuse(path: Any, flags: int = writes, *more: Any, **options: Any) -> Any:
        if flags & writes and str(path).startswith(str(tmp_path / "kept")):
            raise OSError(errno.EROFS, "Read-only file system", str(path))
        return open_file(path, flags, *more, **options)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(os, "access", lambda *_: False)


@pytest.mark.plan("S-209")
def test_reading_what_is_kept_needs_no_writing(zoho: Callable[..., Ended], read_only: None) -> None:
    """On a file system for reading only, connections are listed, tested, looked over and used."""
    for words in (
        ("connections",), ("connections", "test", "mine"), ("doctor", "mine", "crmRunQuery"),
        ("request", "crmRunQuery", "-i", CONTACTS, "--connection", "mine"),
        ("run", "crmRunQuery", "-i", CONTACTS, "--connection", "mine"),
    ):  # fmt: skip
        ended = zoho(*words)

        assert ended.code == 0, (words, ended.err)


@pytest.mark.plan("S-209")
def test_what_cannot_be_kept_is_not_begun(
    zoho: Callable[..., Ended], vendor: Vendor, read_only: None
) -> None:
    """Before a login or a token given back, which nobody can undo, the place to write to is proved."""
    asked = len(vendor.sandbox.ledger())

    for words in (
        vendor.words("--self-client", "1000.a-code", "--name", "other"),
        ("connections", "remove", "mine"),
        ("connections", "rename", "mine", "yours"),
        ("connections", "set", "mine", "organizationId=1"),
    ):
        ended = zoho(*words, "--json")

        assert (ended.code, ended.error["kind"]) == (1, "config")
        assert "cannot be written" in ended.error["message"]
        assert "CONNECTOR_HOME" in ended.error["hint"]
    assert len(vendor.sandbox.ledger()) == asked
