"""A subscription: what makes a service push, kept by the caller as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import Secret
from connector_runtime.errors import error_of

if TYPE_CHECKING:
    from typing import Protocol

    from connector_runtime.base.values import Random

    class Seals(Protocol):
        """What seals the secret of a subscription: `stores.Keys` is one."""

        def seal(self, key: str, version: int, document: Mapping[str, Any]) -> bytes:
            """Return a document sealed."""

        def open(self, key: str, version: int, sealed: Any) -> Any:
            """Return what was sealed for this key and version."""


# Another number, another form of what is kept.
VERSION = 1
MAX_URL_CHARS = 2_000
_TEXTS = ("trigger", "id", "url")


@dataclass(frozen=True, slots=True, repr=False)
class Subscription:
    """What was agreed with a service: where it pushes to, and what proves that it was the service.

    Attributes:
        trigger: Key of the trigger.
        id: By which the service knows it; ours until the service gives its own.
        url: Where it pushes to; it may hold a token of the platform's, so nothing shows it.
        secret: What a push is proven by.
        inputs: The trigger's inputs, as they were given.
        expires: Aware UTC instant at which it ends, or None where it does not.
        renew_at: Aware UTC instant from which it is to be renewed, or None.
        state: Where the catch-up goes on; at first the moment when the service agreed.
        warnings: What was noticed when it was made or renewed.
        is_id_known: Whether the service knows it by its id; False where the reply was to say the id,
            and said none.
    """

    trigger: str
    id: str
    url: str
    secret: Secret
    inputs: Mapping[str, Any] = field(default_factory=dict)
    expires: datetime | None = None
    renew_at: datetime | None = None
    state: Any = None
    warnings: tuple[str, ...] = ()
    is_id_known: bool = True

    def __repr__(self) -> str:
        until = f", expires={self.expires.isoformat()!r}" if self.expires else ""
        return f"Subscription({self.trigger!r}, id={self.id!r}{until})"

    def to_dict(self, keys: Seals | None = None) -> dict[str, Any]:
        """Return what to keep, JSON-ready.

        Args:
            keys: Seal the secret with these (`connector_runtime.stores.Keys`), so that what is
                kept shows it to nobody; without them it stands there in clear, as tokens do in
                `session.token`.
        """
        secret: Any = self.secret.reveal()
        if keys is not None:
            sealed = keys.seal(_seal_key(self.trigger, self.id), VERSION, {"secret": secret})
            secret = {"sealed": sealed.decode("ascii")}
        kept = {
            "version": VERSION,
            "trigger": self.trigger,
            "id": self.id,
            "url": self.url,
            "secret": secret,
            "inputs": dict(self.inputs),
            "expires": iso(self.expires),
            "renewAt": iso(self.renew_at),
            "state": self.state,
            "idKnown": None if self.is_id_known else False,
        }
        return {key: value for key, value in kept.items() if value is not None}

    @classmethod
    def from_dict(cls, kept: Subscription | Mapping[str, Any], keys: Seals | None = None) -> Subscription:
        """Return a subscription from what `to_dict` gave.

        Args:
            kept: What was kept; a subscription is taken as it is.
            keys: What the secret was sealed with.

        Raises:
            ConnectionProblem: It is none, or of another version, or sealed with other keys.
        """
        if isinstance(kept, Subscription):
            return kept
        if not isinstance(kept, Mapping) or kept.get("version") != VERSION:
            raise _odd("is of another version, or none at all")
        for name in _TEXTS:
            if not isinstance(kept.get(name), str) or not kept[name]:
                raise _odd(f"has no `{name}`")
        secret = _opened(kept, keys)
        inputs = kept.get("inputs", {})
        if not isinstance(inputs, Mapping):
            raise _odd("has `inputs` that are no map")
        return cls(
            trigger=kept["trigger"],
            id=kept["id"],
            url=kept["url"],
            secret=secret,
            inputs=inputs,
            expires=_instant(kept, "expires"),
            renew_at=_instant(kept, "renewAt"),
            state=kept.get("state"),
            is_id_known=kept.get("idKnown") is not False,
        )

    def caught_up(self, state: Any) -> Subscription:
        """Return the subscription with the state of the last catch-up, to be kept instead."""
        return replace(self, state=state)

    def seen(self, *, secret: bool = False) -> dict[str, Any]:
        """Return what expressions see of it; the secret only where a request is made."""
        shown: dict[str, Any] = {"id": self.id, "url": self.url}
        if self.expires is not None:
            shown["expires"] = iso(self.expires)
        return shown | ({"secret": self.secret} if secret else {})


def new_id(random: Random) -> str:
    """Return an id that nobody else has: fifteen digits, which every language keeps exactly."""
    return str(10**14 + int(random.random() * 9 * 10**14))


def new_secret() -> Secret:
    """Return a secret of 160 bits: forty letters and digits, which every service takes."""
    import secrets  # noqa: PLC0415  it makes a source of randomness when it is imported

    return Secret(secrets.token_hex(20))


def iso(instant: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, without parts of a second."""
    return None if instant is None else instant.astimezone(UTC).isoformat(timespec="seconds")


def _seal_key(trigger: str, number: str) -> str:
    return f"{trigger}/{number}"


def _opened(kept: Mapping[str, Any], keys: Seals | None) -> Secret:
    secret = kept.get("secret")
    if isinstance(secret, Mapping):
        if keys is None:
            message = "The secret of the subscription is sealed."
            raise error_of("config", message, hint="Give the keys it was sealed with.")
        sealed = str(secret.get("sealed", "")).encode("ascii", "replace")
        secret = keys.open(_seal_key(kept["trigger"], kept["id"]), VERSION, sealed).get("secret")
    if not isinstance(secret, str) or not secret:
        raise _odd("has no `secret`")
    return Secret(secret)


def _instant(kept: Mapping[str, Any], name: str) -> datetime | None:
    text = kept.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
        # In UTC, which has no time for the first and the last hours of other offsets.
        return _aware(found, name).astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise _odd(f"has no instant under `{name}`") from None


def _aware(found: datetime, name: str) -> datetime:
    if found.tzinfo is None:
        raise _odd(f"has an instant without its offset under `{name}`")
    return found


def _odd(what: str) -> Exception:
    return error_of(
        "config",
        f"What was kept of the subscription {what}.",
        hint="Give what `to_dict` returned; or subscribe again.",
    )
