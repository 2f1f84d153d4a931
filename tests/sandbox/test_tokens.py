"""Token life against a plain model: what is alive, and why not, after any history."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from zoho_sandbox import Sandbox
from zoho_sandbox.core.tokens import ThrottledError

WINDOW_S, LIFE_S, MOST_ALIVE, MOST_MINTED = 600, 3600, 15, 10
USER = "111111000000044700"


@dataclass
class Modelled:
    """What the model knows of one refresh token."""

    token: str
    is_revoked: bool = False
    minted_at: list[float] = field(default_factory=list)
    access: list[tuple[str, float]] = field(default_factory=list)


class TokenLife(RuleBasedStateMachine):
    """Mint, wait, revoke and expire in any order."""

    grants = Bundle("grants")

    @initialize()
    def begin(self) -> None:
        """Start with a fresh sandbox and frozen time."""
        self.sandbox = Sandbox(seed="empty")
        self.sandbox.clock.freeze()
        self.known: list[Modelled] = []

    @rule(target=grants)
    def consent(self) -> Modelled:
        """Get a refresh token (uncounted: this is about access tokens)."""
        record = self.sandbox.tokens.new_refresh("c", USER, ["A.b.C"], is_counted=False)
        self.known.append(Modelled(record["token"]))
        for oldest in [one for one in self.known if not one.is_revoked][:-20]:
            oldest.is_revoked = True
        return self.known[-1]

    @rule(grant=grants)
    def mint(self, grant: Modelled) -> None:
        """Refresh, as far as the limits allow."""
        record = self.sandbox.tokens.refresh_record(grant.token)
        assert (record is None) is grant.is_revoked
        if record is None:
            return
        now = self.sandbox.clock.now()
        recent = [at for at in grant.minted_at if at > now - WINDOW_S]
        try:
            access = self.sandbox.tokens.new_access(record)
        except ThrottledError:
            assert len(recent) >= MOST_MINTED
            return
        assert len(recent) < MOST_MINTED
        grant.minted_at.append(now)
        grant.access.append((access["token"], now + LIFE_S))

    @rule(grant=grants)
    def revoke(self, grant: Modelled) -> None:
        """End a grant; a second time there is nothing to end."""
        assert self.sandbox.tokens.revoke(grant.token) is not grant.is_revoked
        grant.is_revoked = True

    @rule(seconds=st.sampled_from([1, 60, 599, 600, 1800, 3600]))
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self.sandbox.clock.advance(seconds)

    @invariant()
    def exactly_the_right_tokens_are_alive(self) -> None:
        """The newest fifteen unexpired ones of each grant that is not revoked."""
        now = self.sandbox.clock.now()
        for grant in self.known:
            alive = [token for token, expires_at in grant.access if expires_at > now]
            expected = set() if grant.is_revoked else set(alive[-MOST_ALIVE:])
            really = {
                token for token, _ in grant.access if not isinstance(self.sandbox.tokens.check(token), str)
            }
            assert really == expected

    def teardown(self) -> None:
        """Close the sandbox."""
        self.sandbox.close()


TokenLife.TestCase.settings = hypothesis_settings(max_examples=25, stateful_step_count=40, deadline=None)
TestTokenLife = TokenLife.TestCase
