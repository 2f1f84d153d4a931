"""Whether a push comes from the service: its secret as it is, or an HMAC made with it.

Every comparison takes the same time whatever it finds, and nobody is told which one failed.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from connector_runtime.base.values import ABSENT, Secret
from connector_runtime.language.expressions.expression import EvaluationError
from connector_runtime.language.expressions.operators import text_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.definition.program.webhook import Proof

    # How a signature is written, as in `Proof.ways`; None for the secret itself.
    Way = tuple[str, str] | None

# A header names at most a few keys that are in use side by side.
MAX_SIGNATURES = 16


def is_proven(proof: Proof, scope: Mapping[str, Any], secret: Secret) -> bool:
    """Return whether what came with a push agrees with the secret; an empty secret proves nothing.

    Args:
        proof: What is compared, compiled.
        scope: What its expressions may see; `body.text` stands for the very bytes.
        secret: The subscription's.
    """
    try:
        came = proof.equals(scope)
        wanted = signatures(proof, scope, secret)
    except (EvaluationError, UnicodeError):
        return False
    given = came if isinstance(came, list | tuple) else [came]
    if not secret or len(given) > MAX_SIGNATURES:
        return False
    # Not `any`, which would stop at the first that fits.
    agreeing = [_agrees(way, one, right) for one in given for way, right in wanted]
    return True in agreeing


def signatures(proof: Proof, scope: Mapping[str, Any], secret: Secret) -> list[tuple[Way, Secret]]:
    """Return what a push must bring: the secret itself, or the HMAC in a way that the service writes it.

    Raises:
        EvaluationError: The text that is signed cannot be made.
    """
    if proof.hmac is None:
        return [(None, secret)]
    text = "".join([_text(part(scope)) for part in proof.of])
    digest = hmac.digest(_bytes(secret.reveal()), _bytes(text), getattr(hashlib, proof.hmac))
    written = {"hex": digest.hex(), "base64": b64encode(digest).decode("ascii")}
    return [(way, Secret(way[0] + written[way[1]])) for way in proof.ways]


def _agrees(way: Way, given: Any, wanted: Secret) -> bool:
    if not isinstance(given, str):
        return False
    return hmac.compare_digest(_bytes(_even(way, given)), _bytes(_even(way, wanted.reveal())))


def _even(way: Way, text: str) -> str:
    """Return a signature without what its writers differ in: capitals, the alphabet, the padding."""
    if way is None:
        return text
    (prefix, encoding), text = way, text.strip(" \t")
    start, rest = text[: len(prefix)], text[len(prefix) :]
    if encoding == "hex":
        return start + rest.lower()
    return start + rest.replace("-", "+").replace("_", "/").rstrip("=")


def _text(value: Any) -> str:
    if value is ABSENT or value is None:
        return ""
    text = text_of(value)
    return text.reveal() if isinstance(text, Secret) else text


def _bytes(text: str) -> bytes:
    # Bytes that are no UTF-8 stand in the text as halves of characters; so they come out again.
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
