"""The place that waits for the answer: strangers change nothing, and the answer counts once."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from cli.conftest import command, environment
from cli.visitor import FORM, Visitor, ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.conftest import Ended, Vendor

# What somebody else may bring to the callback while a login is under way: the query, made of
# the real code and state. None of it may end the login or be taken for its answer.
STRANGERS: dict[str, str] = {
    "no query": "",
    "no state": "code={code}",
    "another state": "code={code}&state=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    "an empty state": "code={code}&state=",
    "the state cut short": "code={code}&state={short}",
    "the state in other capitals": "code={code}&state={swapped}",
    "the state with a blank": "code={code}&state={state}%20",
    "two states": "code={code}&state={state}&state={state}",
    "a good state after a bad one": "code={code}&state=x&state={state}",
    "a state that is no text": "code={code}&state=%ff%fe",
    "a refusal without the state": "error=access_denied",
    "a refusal with another state": "error=access_denied&state=x",
    "a state beyond the limit": "x=" + "a" * 20_000 + "&state={state}",
}
# The same with the right state: the login ends, and nothing is exchanged.
SPOILED: dict[str, tuple[str, str]] = {
    "two codes": ("code={code}&code=other&state={state}", "twice"),
    "the same code twice": ("code={code}&code={code}&state={state}", "twice"),
    "no code": ("state={state}", "no usable `code`"),
    "an empty code": ("code=&state={state}", "no usable `code`"),
    "a code with a line break": ("code=a%0d%0aHost:%20x&state={state}", "no usable `code`"),
    "a code that is too long": ("code=" + "a" * 5_000 + "&state={state}", "no usable `code`"),
    "a code and a refusal": ("code={code}&error=access_denied&state={state}", "not given"),
    "two refusals": ("error=a&error=b&state={state}", "twice"),
    "a refusal with markup": (
        "error=%3Cscript%3E&error_description=%3Cb%3E%1b%5B31m&state={state}",
        "refused",
    ),
    "two places": ("code={code}&state={state}&location=us&location=eu", "`location` twice"),
    "a place with a line break": ("code={code}&state={state}&location=u%0as", "no usable `location`"),
}
# Where else a browser may be sent, and under which name; none of it is the callback.
ELSEWHERE: dict[tuple[str, str | None], int] = {
    ("/", None): 404,
    ("/done", None): 404,
    ("/callback/", None): 404,
    ("/callback/../callback", None): 404,
    ("//example.com/callback", None): 404,
    ("/favicon.ico", None): 404,
    ("http://example.com/callback", None): 421,
    ("/callback", "example.com"): 421,
    ("/callback", "127.0.0.1:1"): 421,
    ("/callback", "127.0.0.1.example.com"): 421,
    ("/callback", ""): 421,
}


def filled(query: str, callback: str) -> str:
    """Return the callback's address with another query."""
    place = urlsplit(callback)
    real = dict(part.split("=", 1) for part in place.query.split("&"))
    state = real["state"]
    return f"{place.scheme}://{place.netloc}{place.path}?" + query.format(
        code=real["code"], state=state, short=state[:-1], swapped=state.swapcase()
    )


@pytest.mark.plan("S-75")
def test_strangers_answers_change_nothing(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """Answers with a wrong, missing or doubled state are turned away, and the login goes on."""
    seen: dict[str, int] = {}

    def come(callback: str) -> None:
        for name, query in STRANGERS.items():
            seen[name] = ask(filled(query, callback))[0]

    visitor.before = come

    ended = zoho(*vendor.words())

    assert seen == dict.fromkeys(STRANGERS, 400)
    assert ended.code == 0
    assert vendor.asked("/oauth/v2/token") == 1


@pytest.mark.plan("S-75")
@pytest.mark.parametrize(("query", "says"), SPOILED.values(), ids=SPOILED)
def test_a_spoiled_answer_is_refused(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor, query: str, says: str
) -> None:
    """With the right state, but no single code, the login ends without an exchange."""
    visitor.before = lambda callback: visitor.follow(filled(query, callback)) or True

    ended = zoho(*vendor.words("--json"))

    assert ended.code == 1
    assert says in ended.error["message"]
    assert vendor.asked("/oauth/v2/token") == 0
    assert "<script>" not in visitor.pages[1][1]
    assert "\x1b" not in ended.err + ended.out


@pytest.mark.plan("S-75")
def test_the_answer_counts_once(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """The same answer a second time is turned away, whether or not the first has been dealt with."""
    seen: list[int] = []
    visitor.before = lambda callback: seen.extend(ask(callback)[0] for _ in range(3)) or True

    ended = zoho(*vendor.words())

    assert seen == [303, 409, 409]
    assert ended.code == 0
    assert vendor.asked("/oauth/v2/token") == 1


@pytest.mark.plan("S-75")
def test_nothing_else_is_served(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """Other addresses, other hosts and other ports of this machine get nothing, and lead nowhere."""
    seen: dict[tuple[str, str | None], Any] = {}

    def knock(callback: str) -> None:
        for target, host in ELSEWHERE:
            line = http.client.HTTPConnection(urlsplit(callback).netloc, timeout=10)
            headers = {} if host is None else {"Host": host}
            line.request("GET", f"{target}?{urlsplit(callback).query}", headers=headers)
            answer = line.getresponse()
            seen[target, host] = (answer.status, answer.getheader("Location"))
            line.close()

    visitor.before = knock

    assert zoho(*vendor.words()).code == 0
    assert seen == {place: (status, None) for place, status in ELSEWHERE.items()}


def test_only_asking_is_possible(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """A form of another page cannot be sent here."""
    seen: list[int] = []
    visitor.before = lambda callback: seen.append(ask(callback, "POST", "a=b", FORM)[0])

    assert zoho(*vendor.words()).code == 0
    assert seen == [501]


def test_pages_are_safe_to_show(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """Pages load nothing, are kept nowhere, and tell no other site where they were."""
    seen: list[dict[str, str]] = []
    visitor.before = lambda callback: seen.append(ask(callback.partition("?")[0])[1])

    zoho(*vendor.words())

    assert seen[0]["Cache-Control"] == "no-store"
    assert seen[0]["Referrer-Policy"] == "no-referrer"
    assert seen[0]["X-Content-Type-Options"] == "nosniff"
    assert seen[0]["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Server" not in seen[0]


def test_a_browser_that_connects_early_delays_nothing(
    zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor
) -> None:
    """Connections that a browser opens and never uses do not hold up the end."""
    idle: list[socket.socket] = []

    def connect_early(callback: str) -> None:
        host, _, port = urlsplit(callback).netloc.partition(":")
        idle.append(socket.create_connection((host, int(port))))

    visitor.before = connect_early
    started = time.monotonic()

    ended = zoho(*vendor.words())

    idle[0].close()
    assert ended.code == 0
    assert time.monotonic() - started < 9  # the idle connection alone would be given ten seconds


def test_nobody_else_can_connect(zoho: Callable[..., Ended], vendor: Vendor, visitor: Visitor) -> None:
    """It listens on loopback only: no other address of this machine answers."""
    seen: list[str] = []

    def look(callback: str) -> None:
        port = f"{int(urlsplit(callback).netloc.partition(':')[2]):04X}"
        table = Path("/proc/net/tcp")
        if not table.exists():
            pytest.skip("this system does not list its sockets in /proc")
        rows = [line.split() for line in table.read_text().splitlines()[1:]]
        seen.extend(
            row[1].partition(":")[0] for row in rows if row[1].endswith(f":{port}") and row[3] == "0A"
        )

    visitor.before = look

    zoho(*vendor.words())

    assert seen == ["0100007F"]


@pytest.mark.skipif(os.name == "nt", reason="signals are another matter there")
def test_waiting_can_be_interrupted(vendor: Vendor, folder: Path) -> None:
    """Ctrl-C while the command waits for the login ends it at once, and nothing is kept."""
    running = subprocess.Popen(
        command(*vendor.words("--no-browser")),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(),
    )
    assert running.stderr is not None
    while "http://" not in running.stderr.readline().replace("redirect", ""):
        assert running.poll() is None

    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=30)

    assert (running.returncode, out) == (130, "")
    assert err.endswith("Interrupted.\n")
    assert "Traceback" not in err


@pytest.mark.plan("S-111")
@pytest.mark.skipif(
    not Path("/proc/self/cmdline").exists(), reason="this system does not show words of processes"
)
def test_no_secret_stands_among_the_words_of_a_process(vendor: Vendor, folder: Path) -> None:
    """While a login is under way no process shows a secret among its words, and no browser inherits one."""
    # A browser of the user's own: a process that is given the login page's address.
    opened = folder / "opened"
    script = folder / "browser.sh"
    script.write_text(
        f'#!/bin/sh\nexec > /dev/null 2>&1\nenv > inherited\necho $$ > "{opened}"\nexec sleep 60\n'
    )
    script.chmod(0o700)
    running = subprocess.Popen(
        command(*vendor.words()),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**environment(), "BROWSER": f"{script} %s"},
    )
    while not (opened.exists() and opened.read_text().endswith("\n")):
        assert running.poll() is None
        time.sleep(0.05)

    started = {opened.read_text().strip(), str(running.pid)}

    shown = [
        (path.parent.name, words)
        for path in Path("/proc").glob("[0-9]*/cmdline")
        if (words := words_of(path)) and (vendor.secret in words or path.parent.name in started)
    ]
    os.kill(int(opened.read_text()), signal.SIGTERM)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=30)

    assert vendor.secret not in (folder / "inherited").read_text()
    assert started <= {number for number, _ in shown}
    assert [number for number, words in shown if vendor.secret in words] == []


def words_of(path: Path) -> str:
    """Return what a process was started with, empty when it is gone or not ours."""
    try:
        return path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
    except OSError:
        return ""


def test_a_real_browser_program_is_started(shell: Callable[..., Ended], vendor: Vendor, folder: Path) -> None:
    """The user's own browser (here a program that accepts at once) gets the page and is sent back."""
    script = folder / "browser.py"
    script.write_text(
        "import sys\n"
        f"sys.path[:0] = {sorted(set(os.environ.get('PYTHONPATH', '').split(os.pathsep)) | set(__import__('sys').path))!r}\n"
        "from cli.visitor import Visitor\n"
        "Visitor().open(sys.argv[1])\n"
    )
    import sys

    ended = shell(*vendor.words("--json"), env={"BROWSER": f"{sys.executable} {script} %s"})

    assert (ended.code, ended.json["connection"]["name"]) == (0, "sandbox")


def test_the_query_is_kept_as_it_came() -> None:
    """The words of the answer are not changed on their way: a code may hold any sign."""
    from connector_cli.connections.callback import waiting

    query = urlencode({"state": "s", "code": "1000.a+b/c=="})

    with waiting(0, lambda _: True) as place:
        place.tell("Done", "Bye.")
        Visitor().follow(f"{place.redirect_uri}?{query}")

        assert place.wait(5) == query
