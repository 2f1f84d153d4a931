"""Whether a push comes from the service: its secret as it is, or an HMAC made with it.

Every comparison takes the same time whatever it finds, and nobody is told which one failed.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from typing import TYPE_CHECKING, Any

from connector_runtime.expressions import EvaluationError
from connector_runtime.expressions.operators import text_of
from connector_runtime.values import ABSENT, Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector_runtime.program.webhook import Proof

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
        wanted = signature(proof, scope, secret)
    except (EvaluationError, UnicodeError):
        return False
    given = came if isinstance(came, list | tuple) else [came]
    if not secret or len(given) > MAX_SIGNATURES:
        return False
    # Not `any`, which would stop at the first that fits.
    agreeing = [_agrees(proof, one, wanted) for one in given]
    return True in agreeing


def signature(proof: Proof, scope: Mapping[str, Any], secret: Secret) -> Secret:
    """Return what a push must bring: the secret itself, or the HMAC as the service writes it.

    Raises:
        EvaluationError: The text that is signed cannot be made.
    """
    if proof.hmac is None:
        return secret
    text = "".join([_text(part(scope)) for part in proof.of])
    digest = hmac.digest(_bytes(secret.reveal()), _bytes(text), getattr(hashlib, proof.hmac))
    written = digest.hex() if proof.encoding == "hex" else b64encode(digest).decode("ascii")
    return Secret(proof.prefix + written)


def _agrees(proof: Proof, given: Any, wanted: Secret) -> bool:
    if not isinstance(given, str):
        return False
    return hmac.compare_digest(_bytes(_even(proof, given)), _bytes(_even(proof, wanted.reveal())))


def _even(proof: Proof, text: str) -> str:
    """Return a signature without what its writers differ in: capitals, the alphabet, the padding."""
    if proof.hmac is None:
        return text
    text = text.strip(" \t")
    start, rest = text[: len(proof.prefix)], text[len(proof.prefix) :]
    if proof.encoding == "hex":
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
