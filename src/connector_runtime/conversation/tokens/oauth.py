"""OAuth 2 without I/O: to the login page and back, a token for a code, and giving it back.

Renewal stands in `renewal`, what replies mean in `token_replies`. Nothing here knows a
vendor: addresses, grants, what a refusal means and which parameters of the callback are
kept stand in the connection's file.

Source:
    RFC 6749 (authorization code, client credentials), RFC 7009 (revocation),
    RFC 7636 (proof of the code exchange), RFC 8252 (programs on one's own machine).
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs, parse_qsl, quote, urlencode, urlsplit

from connector_runtime.access.token_replies import read_token, refusal_of, word_of
from connector_runtime.base.bodies import BodyError, FormBody
from connector_runtime.base.messages import Failure, Outgoing
from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.conversation.io_steps import Send
from connector_runtime.errors import ConnectorError, error_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector_runtime.access.connections import Channel
    from connector_runtime.base.redaction import Redactor
    from connector_runtime.conversation.io_steps import Conversation
    from connector_runtime.definition.model import OAuth2

Form = list[tuple[str, "str | Secret"]]

# RFC 7636 asks for 43 to 128 characters; 32 random bytes give 43.
RANDOM_BYTES = 32
TIMEOUT_S = 60.0
# Longer than any code or parameter that a vendor sends; stops what only serves an attack.
PARAMETER_MAX_CHARS = 4096
QUERY_MAX_CHARS = 4 * PARAMETER_MAX_CHARS
_PLAIN = r"[\x21-\x7e]+"
_LOOPBACK_HOSTS = ("127.0.0.1", "[::1]", "localhost")
_AGAIN = "Start the login again."
_AGAIN_LATER = "Start the login again, a little later."
# What the standard's refusals mean; a vendor's own words come first.
_REFUSALS = {
    "access_denied": (
        "permission",
        "The permission was not given.",
        "Log in again and accept. If you did, wait a while: too many logins are answered like this, too.",
    ),
    "invalid_scope": ("config", "The login page does not know one of the scopes.", "Correct the scopes."),
    "unauthorized_client": ("config", "The client may not log people in.", "Check the client's type."),
    "server_error": ("server", "The login page had an error of its own.", "Try again later."),
    "temporarily_unavailable": ("server", "The login page is not available.", "Try again later."),
}
# Words with which vendors refuse to take back a token that is good no more; RFC 7009 wants status 200 then.
_GONE = ("invalid_token", "invalid_grant")


class Authorization(NamedTuple):
    """A way to the login page, and what must be remembered until the person is back.

    Attributes:
        url: Where the person goes.
        redirect_uri: Where the login page sends them afterwards.
        state: Comes back with them, or the answer is a stranger's.
        verifier: Proves to the vendor that who brings the code also asked for it, or None.
    """

    url: str
    redirect_uri: str
    state: str
    verifier: Secret | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` takes, the verifier in clear: to be kept on the server only."""
        shape = {"url": self.url, "redirectUri": self.redirect_uri, "state": self.state}
        return shape | ({"verifier": self.verifier.reveal()} if self.verifier else {})

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Authorization:
        """Read what `to_dict` gave."""
        verifier = Secret(kept["verifier"]) if kept.get("verifier") else None
        return cls(kept["url"], kept["redirectUri"], kept["state"], verifier)


class LoginAnswer(NamedTuple):
    """What a person brings back from the login page: a code, and what the connection keeps."""

    code: Secret
    context: Mapping[str, str]


def authorization(
    channel: Channel, redirect_uri: str, random_text: Callable[[], str] | None = None
) -> Authorization:
    """Return the way to the login page of a connection that was filled in.

    Args:
        channel: The connection, without a token.
        redirect_uri: Registered with the vendor: https, or http on this machine.
        random_text: Gives unguessable texts of at least 43 URL-safe characters.

    Raises:
        ConnectionProblem: The connection has no login page, or the address is no place to return to.
    """
    oauth2 = _oauth2(channel)
    if oauth2.authorize_url is None or "authorization_code" not in oauth2.grants:
        raise error_of(
            "config",
            f"The connection `{channel.definition.key}` has no login page.",
            hint="Use a connection that people log in with.",
        )
    _check_redirect_uri(redirect_uri)
    if random_text is None:
        import secrets  # noqa: PLC0415  only who begins a login pays for it

        random_text = partial(secrets.token_urlsafe, RANDOM_BYTES)
    scope = channel.scope()
    state = random_text()
    verifier = Secret(random_text()) if "pkce" in oauth2.grants else None
    wanted: dict[str, str] = {"response_type": "code", "redirect_uri": redirect_uri, "state": state}
    for name, render in (("client_id", oauth2.client_id), ("scope", oauth2.scope)):
        value = render(scope)
        if value is not ABSENT:
            wanted[name] = str(value)
    if verifier is not None:
        wanted |= {"code_challenge": challenge_of(verifier), "code_challenge_method": "S256"}
    page, _, fixed = str(oauth2.authorize_url(scope)).partition("?")
    query = {**dict(parse_qsl(fixed, keep_blank_values=True)), **wanted}
    return Authorization(f"{page}?{urlencode(query, quote_via=quote)}", redirect_uri, state, verifier)


def challenge_of(verifier: Secret) -> str:
    """Return the S256 challenge of a verifier."""
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def is_answer(begun: Authorization, query: str) -> bool:
    """Return whether a callback's query belongs to what was begun, be it a code or a refusal."""
    states = parse_qs(query[:QUERY_MAX_CHARS], keep_blank_values=True).get("state", [])
    from hmac import compare_digest  # noqa: PLC0415  only who ends a login pays for it

    return len(states) == 1 and compare_digest(states[0].encode(), begun.state.encode())


def read_callback(channel: Channel, begun: Authorization, query: str) -> LoginAnswer:
    """Return what the login page sent back, if it is the answer to what was begun.

    Args:
        channel: The connection, without a token.
        begun: What was remembered.
        query: The callback's query, without the `?`.

    Raises:
        ConnectionProblem: A stranger's answer (another state, parameters twice), or a refusal.
    """
    oauth2 = _oauth2(channel)
    if len(query) > QUERY_MAX_CHARS:
        raise error_of("config", "The login page's answer is too long to be one.", hint=_AGAIN)
    given = parse_qs(query, keep_blank_values=True)
    if not is_answer(begun, query):
        raise error_of("config", "This is not the answer to the login that was started here.", hint=_AGAIN)
    for name in ("code", "error", *oauth2.keep):
        if len(given.get(name, ())) > 1:
            raise error_of("config", f"The login page's answer has `{name}` twice.", hint=_AGAIN)
    if "error" in given:
        raise _denied(given["error"][0], "".join(given.get("error_description", ())))
    kept = {name: given[name][0] for name in oauth2.keep if given.get(name, [""])[0]}
    code = given.get("code", [""])[0]
    for name, value in {"code": code, **kept}.items():
        if len(value) > PARAMETER_MAX_CHARS or not re.fullmatch(_PLAIN, value):
            raise error_of("config", f"The login page's answer has no usable `{name}`.", hint=_AGAIN)
    return LoginAnswer(Secret(code), kept)


def token_for_code(
    channel: Channel, code: Secret, begun: Authorization | None, *, redactor: Redactor, now: float
) -> Conversation[dict[str, Any]]:
    """Exchange a code for a token.

    Args:
        channel: The connection, its context already that of the callback.
        code: The code.
        begun: What the code answers; None for one that the vendor's console gave out.
        redactor: Takes secrets out of what errors quote.
        now: Seconds since the epoch, for the token's age.

    Returns:
        The token as platforms keep it: everything the vendor said, and `issued_at`.

    Raises:
        ConnectorError: There is none, or none that can be renewed although the connection would.
    """
    form: Form = [("grant_type", "authorization_code"), ("code", code)]
    if begun is not None:
        form.append(("redirect_uri", begun.redirect_uri))
        if begun.verifier is not None:
            form.append(("code_verifier", begun.verifier))
    try:
        token = yield from _asked(channel, form, redactor=redactor, now=now)
    except ConnectorError as refusal:
        if refusal.kind != "auth_revoked":
            raise
        problem = refusal
    else:
        _check_lasts(channel, token)
        return token
    # The connection's rule was written for renewals, where the same word means another thing.
    raise error_of(
        "auth_revoked",
        "The code is not accepted: it is used up, too old, or meant for another client or place.",
        hint="Get a new code, and check the client's id and the region.",
        status=problem.status,
        code=problem.code,
    )


def _check_lasts(channel: Channel, token: Mapping[str, Any]) -> None:
    """Refuse a login whose connection would end with its first access token."""
    if "refresh_token" in _oauth2(channel).grants and not token.get("refresh_token"):
        raise error_of(
            "config",
            "The login brought no refresh token, so the connection would end with its first access token.",
            hint="Have the login page ask for offline access and for consent, then log in again.",
        )


def token_for_client(channel: Channel, *, redactor: Redactor, now: float) -> Conversation[dict[str, Any]]:
    """Get a token for the client itself, without a person; returns and raises as `token_for_code`."""
    form: Form = [("grant_type", "client_credentials")]
    scope = _oauth2(channel).scope(channel.scope())
    if scope is not ABSENT and scope:
        form.append(("scope", str(scope)))
    return (yield from _asked(channel, form, redactor=redactor, now=now))


def revoke(channel: Channel, *, redactor: Redactor, now: float) -> Conversation[bool]:
    """Give the token back, the one that renews where there is one.

    Returns:
        Whether it was still good.

    Raises:
        ConnectorError: The vendor did not take it back, or offers no way to.
    """
    oauth2, scope = _oauth2(channel), channel.scope()
    token = channel.token.refresh or channel.token.access
    if token is None:
        return False
    url = oauth2.revoke_url(scope) if oauth2.revoke_url else ABSENT
    if url is ABSENT:
        raise error_of("unsupported", "The vendor offers no way to give a token back.")
    got = yield Send(post(str(url), [("token", token), *client_form(channel)]), TIMEOUT_S)
    if isinstance(got, Failure):
        raise error_of(got.kind, f"The token could not be given back: {got.message}")
    word = word_of(got)
    if got.status < 300 and not word:
        return True
    problem = refusal_of(channel, got, redactor=redactor, now=now)
    if problem.kind == "auth_revoked" or word in _GONE:
        return False
    if problem.kind == "contract":
        message = f"The vendor does not say whether it took the token back (HTTP {got.status})."
        problem = error_of("contract", message, status=got.status)
    raise problem


def client_form(channel: Channel) -> Form:
    """Return the fields that say which client asks."""
    oauth2, scope = _oauth2(channel), channel.scope()
    client_id, client_secret = oauth2.client_id(scope), oauth2.client_secret(scope)
    form: Form = []
    if client_id is not ABSENT:
        form.append(("client_id", str(client_id)))
    if client_secret is not ABSENT:
        is_secret = isinstance(client_secret, Secret)
        form.append(("client_secret", client_secret if is_secret else Secret(str(client_secret))))
    return form


def _asked(channel: Channel, form: Form, *, redactor: Redactor, now: float) -> Conversation[dict[str, Any]]:
    url = str(_oauth2(channel).token_url(channel.scope()))
    got = yield Send(post(url, [*form, *client_form(channel)]), TIMEOUT_S)
    outcome = read_token(channel, got, redactor=redactor, now=now, later=_AGAIN_LATER)
    if isinstance(outcome, ConnectorError):
        raise outcome
    return {**outcome, "issued_at": int(now)}


def post(url: str, form: Form) -> Outgoing:
    """Return a request that carries a form; never in the address, which others may log.

    Raises:
        ConnectionProblem: A text in it cannot be sent.
    """
    try:
        body = FormBody(form)
    except BodyError as refusal:
        said = refusal.message
    else:
        headers = (("Accept", "application/json"), ("Content-Type", str(body.content_type)))
        return Outgoing("POST", url, headers, body)
    raise error_of("config", f"The vendor cannot be asked: {said}.", hint="Fill in the connection again.")


def _oauth2(channel: Channel) -> OAuth2:
    oauth2 = channel.definition.oauth2
    if oauth2 is None:
        raise error_of("config", f"The connection `{channel.definition.key}` has no login.")
    return oauth2


def _check_redirect_uri(redirect_uri: str) -> None:
    parts = urlsplit(redirect_uri)
    host = parts.netloc.partition("@")[2] or parts.netloc
    name = host.rpartition(":")[0] if re.search(r":\d+\Z", host) else host
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and name.lower() in _LOOPBACK_HOSTS)
    if (
        not is_safe
        or not name
        or "@" in parts.netloc
        or parts.fragment
        or not re.fullmatch(_PLAIN, redirect_uri)
    ):
        raise error_of(
            "config",
            "People cannot be sent back to this redirect URI.",
            hint="Use https://host/path, or http://127.0.0.1:port/path on this machine.",
        )


def _denied(word: str, description: str) -> ConnectorError:
    kind, message, hint = _REFUSALS.get(word, ("config", "The login page refused.", _AGAIN))
    words = " ".join(description.split())
    told = "".join(char for char in words if char.isprintable())[:200]
    return error_of(kind, f"{message} It says: {told}" if told else message, hint=hint, code=word[:100])
