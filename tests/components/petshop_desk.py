"""The desk where Whisker lets people and robots in: codes, tokens, and taking them back.

It answers as the shop's counter does: refusals come with status 200.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

CLIENT = ("whisker-app", "an-example-not-a-secret")
TICKET = "an-example+not/a-ticket"
MEMBER = ("ada", "an-example-not-a-password")
FIELDS_OF = {
    "localMember": {"member": MEMBER[0], "password": MEMBER[1]},
    "localTicket": {"ticket": TICKET},
}
FIELDS: tuple[dict[str, Any], ...] = (
    {"id": "name", "name": "Name", "kind": "string", "needed": True},
    *({"id": key, "name": key.title(), "kind": "string"} for key in ("species", "chip", "born", "tags", "mainTag")),
    {"id": "weight", "name": "Weight", "kind": "number", "most": 90},
    {"id": "vaccinated", "name": "Vaccinated", "kind": "boolean"},
    {"id": "coat", "name": "Coat", "kind": "string", "values": ["short", "long"]},
)
REFRESH_TOKEN = "an-example-refresh-token"


@dataclass(slots=True)
class Desk:
    """Who may come in.

    Attributes:
        tokens: Access tokens that are good.
        refresh_token: The one that renews; empty when it was taken back.
        codes: What was asked for, by the code that was given for it.
        site: Where a person who logs in is at home.
        answers: False when the person at the login page says no.
    """

    tokens: set[str] = field(default_factory=set)
    refresh_token: str = REFRESH_TOKEN
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    site: str = "Here"
    answers: bool = True

    def new_token(self) -> str:
        """Return a token that the shop will know."""
        token = f"token-{len(self.tokens) + 1}"
        self.tokens.add(token)
        return token

    def authorize(self, asked: dict[str, str]) -> str:
        """Return where the login page sends the person, who needs no time to think."""
        back = {"state": asked["state"], "site": self.site}
        if self.answers:
            code = f"code-{len(self.codes) + 1}"
            self.codes[code] = asked
            back["code"] = code
        else:
            back["error"] = "access_denied"
        return f"{asked['redirect_uri']}?{urlencode(back)}"

    def token(self, body: bytes) -> dict[str, object]:
        """Return a token for whatever entitles to one, or a refusal."""
        form = dict(parse_qsl(body.decode()))
        if (form.get("client_id"), form.get("client_secret")) != CLIENT:
            return {"error": "grant_gone"}
        answer = {"access_token": "", "expires_in": 600, "token_type": "Bearer", "member": "m-7"}
        kind = form["grant_type"]
        if kind == "authorization_code" and self._is_asked_for(form):
            answer |= {"refresh_token": self.refresh_token}
        elif kind == "client_credentials":
            answer |= {"scope": form.get("scope", "")}
        elif kind != "refresh_token" or form.get("refresh_token") != self.refresh_token:
            return {"error": "grant_gone"}
        return answer | {"access_token": self.new_token()}

    def revoke(self, body: bytes) -> dict[str, object]:
        """Take a token back."""
        given = dict(parse_qsl(body.decode())).get("token")
        if given and given == self.refresh_token:
            self.refresh_token = ""
            self.tokens.clear()
            return {"ok": True}
        if given in self.tokens:
            self.tokens.discard(given)
            return {"ok": True}
        return {"error": "grant_gone"}

    def _is_asked_for(self, form: dict[str, str]) -> bool:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or asked["redirect_uri"] != form.get("redirect_uri"):
            return False
        verifier = form.get("code_verifier", "")
        digest = hashlib.sha256(verifier.encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        return asked.get("code_challenge", proof) == proof

    def knows(self, authorization: str, tickets: list[str]) -> bool:
        """Return whether a name with its password, a ticket or a token says who calls."""
        member = base64.b64encode(":".join(MEMBER).encode()).decode()
        is_member = authorization == f"Basic {member}" or tickets == [TICKET]
        return is_member or authorization.removeprefix("Bearer ") in self.tokens
