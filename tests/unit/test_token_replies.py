"""Replies to requests for tokens, mutated: each is a token or an error of ours, and only words that are known end anything."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from connector_runtime.access.connections import Channel, Connection
from connector_runtime.access.token_replies import WAIT_MAX_S, is_refusal, read_token
from connector_runtime.base.messages import Reply
from connector_runtime.base.redaction import Redactor
from connector_runtime.errors import ConnectorError
from tokens.scene import component

NOW = 1_750_000_000.0
MEMBERS = (
    "access_token",
    "refresh_token",
    "error",
    "status",
    "expires_in",
    "api_domain",
    "issued_at",
    "connector_grant",
)
VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, "", "x", "half \ud800", "invalid_code", "failure", "Access Denied", "invalid_grant",
    [], ["a"], {}, {"a": 1}, "1" * 9_000, "a\r\nb",
)  # fmt: skip
STATUSES = (200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503, 599)
WISHES = ("5", "-1", "99999999999h", "x" * 500, "1e9", "Wed, 21 Oct 2015 07:28:00 GMT", "9" * 5_000, "")


def mutated(luck: random.Random) -> Reply:
    """Return a reply that may be anything."""
    said: Any = {luck.choice(MEMBERS): luck.choice(VALUES) for _ in range(luck.randrange(5))}
    content = json.dumps(luck.choice(VALUES) if luck.random() < 0.1 else said).encode()
    if luck.random() < 0.2:
        content = content[: luck.randrange(len(content) + 1)]
    headers = (("retry-after", luck.choice(WISHES)), ("date", luck.choice(WISHES)))[: luck.randrange(3)]
    return Reply(luck.choice(STATUSES), headers, content, size_bytes=len(content))


@pytest.mark.plan("S-144")
@pytest.mark.parametrize("seeds", [range(4_000)], ids=["4000 replies"])
def test_whatever_comes_is_a_token_or_an_error_of_ours(seeds: range) -> None:
    """No other exception; what is returned can be kept and told; no wish for a wait is longer than an hour."""
    definition = component().connections["zohoTemplatedConnection"].definition
    example = next(iter(definition["examples"].values()))
    channel = Channel(component().model, Connection.from_dict({"key": "zohoTemplatedConnection", **example}))
    for seed in seeds:
        reply = mutated(random.Random(seed))

        outcome = read_token(channel, reply, redactor=Redactor(()), now=NOW)

        if not isinstance(outcome, ConnectorError):
            assert outcome["access_token"].isascii()
            assert not {"issued_at", "connector_grant"} & outcome.keys()
            continue
        json.dumps(outcome.to_dict()).encode()
        str(outcome).encode()
        assert outcome.retry_at is None or outcome.retry_at.timestamp() <= NOW + WAIT_MAX_S
        if outcome.kind in ("auth_revoked", "config"):
            assert is_refusal(reply.status)
            assert outcome.code in ("invalid_code", "invalid_grant")
