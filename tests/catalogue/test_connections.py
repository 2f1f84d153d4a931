"""Which data centre a connection means, and when it is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime import ConnectionProblem

if TYPE_CHECKING:
    from connector_runtime import Component

SCOPES = (
    "ZohoCRM.coql.READ ZohoCRM.notifications.ALL ZohoCRM.users.ALL ZohoCRM.org.ALL ZohoCRM.settings.ALL "
    "ZohoCRM.modules.ALL ZohoCRM.bulk.ALL ZohoSearch.securesearch.READ ZohoBooks.fullaccess.all"
)
DATA_CENTRES = {
    "https://accounts.zoho.com": "https://www.zohoapis.com",
    "https://accounts.zoho.eu": "https://www.zohoapis.eu",
    "https://accounts.zoho.in": "https://www.zohoapis.in",
    "https://accounts.zoho.com.au": "https://www.zohoapis.com.au",
    "https://accounts.zoho.jp": "https://www.zohoapis.jp",
    "https://accounts.zohocloud.ca": "https://www.zohoapis.ca",
    "https://accounts.zoho.com.cn": "https://www.zohoapis.com.cn",
    "https://accounts.zoho.sa": "https://www.zohoapis.sa",
    "https://accounts.zoho.uk": "https://www.zohoapis.uk",
    "https://accounts.zoho.ae": "https://www.zohoapis.ae",
}
CLIENT = {"clientId": "1000.EXAMPLE", "clientSecret": "an-example-not-a-secret"}
QUERY = {"query": "select Last_Name from Contacts where Last_Name is not null"}


def templated(**parts: Any) -> dict[str, Any]:
    """Return a connection with a Region URL; `parts` replace members."""
    fields = {"zohoRegion": "https://accounts.zoho.com", **CLIENT, **parts.pop("fields", {})}
    return {"key": "zohoTemplatedConnection", "fields": fields, "token": {"access_token": "t"}, **parts}


def deprecated(accounts: str, **fields: Any) -> dict[str, Any]:
    """Return a connection with three URLs of one accounts server, but for `fields`."""
    urls = {
        "authorizeUrl": f"{accounts}/oauth/v2/auth?access_type=offline&prompt=consent",
        "tokenUrl": f"{accounts}/oauth/v2/token/",
        "revokeUrl": f"{accounts}/oauth/v2/token/revoke",
    }
    return {"key": "oauth2", "fields": {**urls, **CLIENT, **fields}, "token": {"access_token": "t"}}


def url_of(zoho: Component, connection: dict[str, Any]) -> str:
    """Return where a query would be sent."""
    return str(zoho.request("crmRunQuery", QUERY, connection).url)


@pytest.mark.parametrize(("accounts", "api"), DATA_CENTRES.items())
def test_the_region_says_where_the_api_is(zoho: Component, accounts: str, api: str) -> None:
    """Each of the ten regions has its API host, Canada's with a name of its own (B1)."""
    connection = templated(fields={"zohoRegion": accounts})

    assert url_of(zoho, connection) == f"{api}/crm/v8/coql"


@pytest.mark.parametrize(("accounts", "api"), DATA_CENTRES.items())
def test_the_three_urls_say_where_the_api_is(zoho: Component, accounts: str, api: str) -> None:
    """Saved URLs with a query and a trailing slash are understood."""
    assert url_of(zoho, deprecated(accounts)) == f"{api}/crm/v8/coql"


def test_the_token_decides_before_the_login_before_the_region(zoho: Component) -> None:
    """The more certain source wins: what came with the token, then with the login, then the form (B2)."""
    context = {"accounts-server": "https://accounts.zoho.eu"}
    token = {"access_token": "t", "api_domain": "https://www.zohoapis.in"}

    assert url_of(zoho, templated(context=context, token=token)).startswith("https://www.zohoapis.in/")
    assert url_of(zoho, templated(context=context)).startswith("https://www.zohoapis.eu/")
    assert url_of(zoho, templated()).startswith("https://www.zohoapis.com/")


@pytest.mark.parametrize(
    "parts",
    [
        {"fields": {"zohoRegion": "https://accounts.zoho.example"}},
        {"fields": {"zohoRegion": "not an address"}},
        {"fields": {"zohoRegion": "http://accounts.zoho.com"}},
        {"fields": {"zohoRegion": "https://accounts.zoho.com:444"}},
        {"fields": {"zohoRegion": "https://accounts.zoho.com@example.com"}},
        {"token": {"access_token": "t", "api_domain": "https://example.com"}},
        {"context": {"accounts-server": "https://accounts.example.com"}},
    ],
    ids=lambda parts: str(next(iter(parts.values()))),
)
def test_an_address_that_is_none_of_zohos_is_refused(zoho: Component, parts: dict[str, Any]) -> None:
    """An address in no row is a matter of configuration, never a fall-through to another source (B3)."""
    with pytest.raises(ConnectionProblem) as caught:
        url_of(zoho, templated(**parts))

    assert caught.value.kind == "config"


@pytest.mark.parametrize("odd", ["authorizeUrl", "tokenUrl", "revokeUrl"])
def test_the_odd_one_of_three_urls_is_named(zoho: Component, odd: str) -> None:
    """Three URLs that belong to two regions are refused, and the one to correct is named."""
    connection = deprecated("https://accounts.zoho.eu", **{odd: "https://accounts.zoho.in/oauth/v2/x"})

    with pytest.raises(ConnectionProblem) as caught:
        url_of(zoho, connection)

    assert (caught.value.kind, caught.value.input) == ("config", odd)


def test_the_revoke_url_may_be_empty(zoho: Component) -> None:
    """Zoho documents it as optional, and saved connections leave it out."""
    connection = deprecated("https://accounts.zoho.eu", revokeUrl="")

    assert url_of(zoho, connection) == "https://www.zohoapis.eu/crm/v8/coql"


def test_urls_of_nobodys_are_refused(zoho: Component) -> None:
    """Three URLs that agree on a foreign host are refused, although the token could name Zoho's."""
    connection = deprecated("https://accounts.example.com")
    connection["token"]["api_domain"] = "https://www.zohoapis.com"

    with pytest.raises(ConnectionProblem) as caught:
        url_of(zoho, connection)

    assert caught.value.kind == "config"


def test_urls_saved_with_a_region_are_accepted(zoho: Component) -> None:
    """A platform stores the three URLs that it made of the region beside it."""
    fields = {
        key: value for key, value in deprecated("https://accounts.zoho.eu")["fields"].items() if "Url" in key
    }

    connection = templated(fields={"zohoRegion": "https://accounts.zoho.eu", **fields})

    assert url_of(zoho, connection) == "https://www.zohoapis.eu/crm/v8/coql"


def test_urls_saved_with_another_region_are_refused(zoho: Component) -> None:
    """A region that does not fit the stored URLs is an unfinished change."""
    connection = templated(fields={"tokenUrl": "https://accounts.zoho.eu/oauth/v2/token"})

    with pytest.raises(ConnectionProblem) as caught:
        url_of(zoho, connection)

    assert caught.value.input == "tokenUrl"


@pytest.mark.parametrize("key", ["zohoTemplatedConnection", "oauth2"])
def test_the_default_scopes_are_the_documented_ones(zoho: Component, key: str) -> None:
    """The eight of the documentation in its order, and before the last the one that searches need."""
    scopes = next(entry for entry in zoho.connections[key].inputs if entry.key == "scopes")

    assert scopes.constant == SCOPES


def test_the_sandbox_stays_on_this_machine(zoho: Component) -> None:
    """Its connection has a port and no host."""
    connection = {"key": "sandbox", "fields": {"port": 8123, **CLIENT}, "token": {"access_token": "t"}}

    assert url_of(zoho, connection) == "http://127.0.0.1:8123/crm/v8/coql"


def test_the_version_is_chosen_in_the_connection(zoho: Component) -> None:
    """An integration that was built for an older version keeps it."""
    assert url_of(zoho, templated(fields={"apiVersion": "v2.1"})).endswith("/crm/v2.1/coql")


def test_an_unknown_version_is_refused(zoho: Component) -> None:
    """A version that does not exist is a matter of configuration."""
    with pytest.raises(ConnectionProblem) as caught:
        url_of(zoho, templated(fields={"apiVersion": "v9"}))

    assert caught.value.input == "apiVersion"


def test_only_words_with_a_source_end_a_connection(zoho: Component) -> None:
    """Each rule of a login that ends a connection names its words, one by one, and where they are known from."""
    ending = []
    for connection in zoho.connections.values():
        rules = connection.definition.get("oauth2", {}).get("errors", [])
        table = zoho.model.component["errors"][rules] if isinstance(rules, str) else rules
        ending += [rule for rule in table if rule.get("kind") == "auth_revoked"]

    assert ending
    assert {rule["when"] for rule in ending} == {"${ fault.error == 'invalid_code' }"}
    assert all(rule["source"] for rule in ending)
