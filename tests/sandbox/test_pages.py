"""What a person sees: records, requests, settings, and the buttons."""

from __future__ import annotations

from html.parser import HTMLParser

import httpx
import pytest

from sandbox.conftest import PLAIN

PAGES = [
    "/",
    "/_sandbox/view/records",
    "/_sandbox/view/records?kind=sandbox/users",
    "/_sandbox/view/record?kind=sandbox/users&id=111111000000044700",
    "/_sandbox/view/requests",
    "/_sandbox/view/settings",
    "/oauth/v2/auth?client_id=x",
]
HOSTILE = '"><script>alert(1)</script><b onclick=x>'


@pytest.fixture
def browser(url):
    """A client that looks at pages."""
    with httpx.Client(base_url=url, trust_env=False, verify=PLAIN) as made:
        yield made


class Tags(HTMLParser):
    """Collects tag names and attribute names."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.found.update(name for name, _ in attrs)


def tags(page: httpx.Response) -> set[str]:
    """Return every tag and attribute name of a page."""
    parser = Tags()
    parser.feed(page.text)
    return parser.found


@pytest.mark.parametrize("path", PAGES)
def test_pages_have_no_script_and_a_strict_policy(browser, path):
    """Nothing inline, nothing from elsewhere, no frame around it."""
    page = browser.get(path)

    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not tags(page) & {"script", "style", "onclick", "onload"}
    assert page.headers["content-type"] == "text/html; charset=utf-8"


def test_the_style_sheet_is_our_own(browser):
    """The only thing a page loads."""
    reply = browser.get("/_sandbox/style.css")

    assert reply.headers["content-type"] == "text/css; charset=utf-8"
    assert "@import" not in reply.text


def test_hostile_text_in_records_is_shown_as_text(sandbox, browser):
    """Ids, kinds, keys and values come from clients."""
    sandbox.state.put(f"k{HOSTILE}", HOSTILE, {HOSTILE: HOSTILE})
    kind = {"kind": f"k{HOSTILE}"}

    for page in (
        browser.get("/_sandbox/view/records"),
        browser.get("/_sandbox/view/records", params=kind),
        browser.get("/_sandbox/view/record", params={**kind, "id": HOSTILE}),
    ):
        assert page.status_code == 200
        assert "alert(1)" in page.text
        assert not tags(page) & {"script", "onclick", "b"}


def test_hostile_text_in_requests_is_shown_as_text(browser):
    """Paths and queries come from anybody."""
    browser.get("/books/v3/<script>alert(1)</script>?a=<script>")
    browser.get("/oauth/v2/auth", params={"client_id": HOSTILE, "redirect_uri": HOSTILE})

    for path in ("/", "/_sandbox/view/requests"):
        assert not tags(browser.get(path)) & {"script", "onclick"}


def test_the_overview_shows_addresses_people_and_the_newest_requests(browser, url):
    """What one needs to begin."""
    browser.get("/oauth/serverinfo")
    page = browser.get("/").text

    for text in (f"{url}/crm/v8", "1000.SANDBOXCLIENT", "Patricia Boyle", "10234695", "/oauth/serverinfo"):
        assert text in page


def test_records_are_shown_in_pages(sandbox, browser):
    """Fifty at a time, each with a link to the whole."""
    for number in range(120):
        sandbox.state.put("k", f"id{number}", {"name": f"n{number}"})

    first = browser.get("/_sandbox/view/records?kind=k").text
    last = browser.get("/_sandbox/view/records?kind=k&page=3").text

    assert "n49" in first
    assert "n50" not in first
    assert "Next page" in first
    assert "n119" in last
    assert "Next page" not in last
    assert 'href="/_sandbox/view/record?kind=k&amp;id=id0"' in first


def test_a_record_is_shown_whole(browser):
    """As JSON; a missing one is a 404."""
    page = browser.get("/_sandbox/view/record?kind=sandbox/users&id=111111000000044700")

    assert "patricia.boyle@example.com" in page.text
    assert browser.get("/_sandbox/view/record?kind=a&id=b").status_code == 404


def test_requests_are_shown_newest_first(browser):
    """With page turns."""
    for _ in range(55):
        browser.get("/oauth/serverinfo")
    browser.get("/books/v3/newest")

    first = browser.get("/_sandbox/view/requests").text
    second = browser.get("/_sandbox/view/requests?page=2").text

    assert first.index("/books/v3/newest") < first.index("/oauth/serverinfo")
    assert "Next page" in first
    assert "/books/v3/newest" not in second
    assert second.count("/oauth/serverinfo") == 6


def test_a_setting_is_changed_and_restored_in_the_page(sandbox, browser):
    """A form for each setting."""
    place = "/_sandbox/view/settings"

    done = browser.post(place, data={"name": "oauth.access_life_s", "value": "60"})
    assert (done.status_code, done.headers["location"]) == (303, place)
    assert sandbox.settings["oauth.access_life_s"] == 60
    assert 'value="60"' in browser.get(place).text

    browser.post(place, data={"name": "oauth.limits", "value": "false"})
    assert sandbox.settings["oauth.limits"] is False
    browser.post(place, data={"name": "oauth.access_life_s", "value": "60", "restore": "1"})
    assert sandbox.settings["oauth.access_life_s"] == 3600


@pytest.mark.parametrize(
    ("name", "value"),
    [("oauth.access_life_s", "soon"), ("oauth.limits", "maybe"), ("no.such", "1"), ("limits.crm", "x")],
)
def test_a_wrong_setting_is_explained_in_the_page(browser, name, value):
    """The page stays, with the reason."""
    page = browser.post("/_sandbox/view/settings", data={"name": name, "value": value})

    assert page.status_code == 400
    assert 'role="alert"' in page.text


def test_the_buttons_work(sandbox, browser):
    """Advance the clock, create a code, forget everything."""
    sandbox.clock.freeze()
    before = sandbox.clock.now()

    browser.post("/_sandbox/view/clock", data={"by": "hour"})
    assert sandbox.clock.now() == before + 3600
    code = browser.post("/_sandbox/view/self-client", data={"scopes": "ZohoCRM.modules.ALL"})
    assert "1000.sandbox-code-" in code.text
    browser.get("/oauth/serverinfo")
    assert browser.post("/_sandbox/view/reset").headers["location"] == "/"
    assert sandbox.ledger() == []


def test_the_overview_lists_planted_faults(sandbox, browser):
    """So that nobody wonders why a call fails."""
    sandbox.faults(fault="drop", path="/crm/*")

    assert "drop on any method" in browser.get("/").text


def test_records_are_shown_by_product_and_organisation(browser):
    """What the sandbox keeps to find records by is shown only on request."""
    page = browser.get("/_sandbox/view/records").text
    whole = browser.get("/_sandbox/view/records?all=1").text

    assert "<h2>Books: Bowman Furniture</h2>" in page
    assert "<h2>CRM</h2>" in page
    assert ">contacts<" in page
    assert "contacts:index" not in page
    assert "keys/" not in page
    assert "contacts:index" in whole
