"""A push is believed only with its proof, whatever it is made of and however it was spoiled."""

from __future__ import annotations

import hmac
import json

import pytest

from webhooks.pushed import BODY, EVENT, SECRET, SIGNED, base64_of, hex_of, push

PLAIN = {"equals": "${ headers['x-token'] }"}
IN_BODY = {"equals": "${ body.json.token }"}
PAIRS = {
    "hmac": "sha256",
    "of": ["${ [query, body.form] | sortedPairs }", "${ body.text if body.form is not defined }"],
    "equals": "${ headers['x-sign'] }",
}
TOLD = {"items": "${ ['a'] }", "identity": "${ item }", "change": "updated"}


def is_believed(received) -> bool:
    """Return whether a push became events; one that was refused says nothing of why."""
    if received.problem is None:
        return received.reply.status == 200
    assert received.events == []
    assert received.reply.body == b""
    assert received.problem.message == "The push does not prove that it comes from the service."
    return False


@pytest.mark.plan("S-265")
def test_a_signed_push_becomes_its_events():
    """What the vendor has signed over the raw body is believed, and its changes are told."""
    received = push(headers={"X-Sign": hex_of(BODY)})

    assert received.events == [EVENT]
    assert received.reply.status == 200


@pytest.mark.plan("S-265")
@pytest.mark.parametrize(
    ("way", "sign"),
    [
        ({"as": "hex"}, hex_of(BODY)),
        ({"as": "hex"}, hex_of(BODY).upper()),
        ({"as": "hex"}, f" {hex_of(BODY)}\t"),
        ({"as": "sha256=hex"}, "sha256=" + hex_of(BODY)),
        ({"as": "base64"}, base64_of(BODY)),
        ({"as": "base64"}, base64_of(BODY).rstrip("=")),
        ({"as": "base64"}, base64_of(BODY).replace("+", "-").replace("/", "_")),
        ({"as": "v1,base64"}, "v1," + base64_of(BODY)),
        ({"as": ["hex", "base64"]}, base64_of(BODY)),
        ({"as": ["base64", "v1=hex"]}, "v1=" + hex_of(BODY)),
        ({"hmac": "sha1"}, hex_of(BODY, algorithm="sha1")),
        ({"hmac": "sha512", "as": "base64"}, base64_of(BODY, "sha512")),
        ({"of": "v0:${ headers['x-time'] }:${ body.text }"}, hex_of(b"v0:12:" + BODY)),
    ],
)
def test_every_usual_way_of_writing_a_signature_is_understood(way, sign):
    """Algorithm, encoding, what stands before it and what is signed are data."""
    assert is_believed(push(headers={"x-sign": sign, "x-time": "12"}, verify={**SIGNED, **way}))


@pytest.mark.plan("S-265")
@pytest.mark.parametrize(
    "sign",
    [
        "",
        hex_of(BODY)[:-1],
        hex_of(BODY)[:16],
        hex_of(BODY) + "0",
        hex_of(BODY + b" "),
        hex_of(BODY, secret="another-secret"),
        hex_of(b""),
        hex_of(BODY, algorithm="sha1"),
        "sha256=" + hex_of(BODY),
        hex_of(BODY).translate({digit: digit - 0x30 + 0x660 for digit in range(0x30, 0x3A)}),
        "\0" + hex_of(BODY),
        hex_of(BODY) + "\0",
        hex_of(BODY) + ", " + hex_of(BODY),
        SECRET,
        "none",
        "\ud800",
        "a" * 100_000,
    ],
)
def test_a_forged_signature_is_refused(sign):
    """Cut, lengthened, of another key, body or algorithm, in other digits, twice, or none: refused alike."""
    assert not is_believed(push(headers={"X-Sign": sign}))


@pytest.mark.plan("S-265")
@pytest.mark.parametrize("sign", [base64_of(BODY)[:-4], base64_of(BODY) + "AAAA", "sha256=", "=" * 44, "\n" + base64_of(BODY)])
def test_a_forged_signature_in_base64_is_refused(sign):
    """What the padding may differ in is no way around the rest."""
    assert not is_believed(push(headers={"X-Sign": sign}, verify={**SIGNED, "as": "base64"}))


@pytest.mark.plan("S-265")
def test_a_push_without_its_header_is_refused():
    """No signature is a wrong signature."""
    assert not is_believed(push(headers={}))


@pytest.mark.plan("S-265")
@pytest.mark.parametrize("body", [BODY[:-1], BODY + b"\n", BODY.replace(b"7", b"8"), b"", b"\xff\xfe", b"\0" * 9])
def test_a_body_that_was_changed_is_refused(body):
    """The signature holds for the very bytes."""
    assert not is_believed(push(body, {"X-Sign": hex_of(BODY)}))


@pytest.mark.plan("S-265")
@pytest.mark.parametrize("body", [b"\xff\xfe\x00", b'{"changes": []}\xc3', b"\xef\xbb\xbf" + BODY, "ä".encode("latin-1"), bytes(range(256))])
def test_the_very_bytes_are_signed(body):
    """Bytes that are no UTF-8, a mark at the beginning, nulls: the signature is computed over what came."""
    received = push(body, {"X-Sign": hex_of(body), "Content-Type": "text/plain; charset=latin-1"}, events=TOLD)

    assert is_believed(received)


@pytest.mark.plan("S-266")
def test_header_names_have_no_case_and_come_in_any_shape():
    """A map, lists in a map, pairs, and ASGI's bytes are read alike."""
    sign = hex_of(BODY)

    for headers in ({"x-SIGN": sign}, {"X-Sign": [sign]}, [("X-sign", sign)], [(b"x-sign", sign.encode())]):
        assert is_believed(push(headers=headers)), headers


@pytest.mark.plan("S-266")
def test_a_header_that_came_twice_proves_nothing():
    """Of two signatures none is picked: whoever adds a header to another's push gains nothing."""
    sign = hex_of(BODY)

    assert not is_believed(push(headers=[("X-Sign", sign), ("X-Sign", "0" * 64)]))
    assert not is_believed(push(headers=[("X-Sign", "0" * 64), ("x-sign", sign)]))


@pytest.mark.plan("S-266")
def test_one_of_several_declared_signatures_may_fit():
    """A vendor that changes its key signs with the old and the new one; both stand in one header."""
    verify = {**SIGNED, "equals": "${ headers['x-sign'] | split(',') }", "as": "v1=hex"}
    old, new = "v1=" + hex_of(BODY, secret="another-secret"), "v1=" + hex_of(BODY)

    assert is_believed(push(headers={"X-Sign": f"{old},{new}"}, verify=verify))
    assert not is_believed(push(headers={"X-Sign": old}, verify=verify))
    assert not is_believed(push(headers={"X-Sign": f"{new}," * 17}, verify=verify))


@pytest.mark.plan("S-267")
@pytest.mark.parametrize(("verify", "headers"), [(PLAIN, {"X-Token": SECRET}), (IN_BODY, {})])
def test_the_secret_itself_may_come(verify, headers):
    """In a header or in the body."""
    body = json.dumps({"token": SECRET}).encode()

    assert is_believed(push(body, headers, verify=verify, events=TOLD))


@pytest.mark.plan("S-267")
@pytest.mark.parametrize("token", ["", SECRET[:-1], SECRET + " ", " " + SECRET, SECRET.upper(), None, True, 0, {}, [], ["x"], {"a": SECRET}])
def test_anything_else_than_the_secret_is_refused(token):
    """Beginnings, other capitals, null and true are not the secret."""
    assert not is_believed(push(json.dumps({"token": token}).encode(), verify=IN_BODY, events=TOLD))


@pytest.mark.plan("S-268")
def test_sorted_pairs_are_signed_with_the_body_after_them():
    """Query and form pairs together, sorted by name, each name and value joined; then the raw body."""
    body = b'{"id":1}'
    text = b"name" + b"basic" + b"subscription_id" + b"90343" + body

    assert is_believed(push(body, {"X-Sign": hex_of(text)}, "subscription_id=90343&name=basic", verify=PAIRS, events=TOLD))
    assert not is_believed(push(body, {"X-Sign": hex_of(body)}, "subscription_id=90343&name=basic", verify=PAIRS, events=TOLD))
    assert not is_believed(push(body, {"X-Sign": hex_of(text)}, "name=basic", verify=PAIRS, events=TOLD))


@pytest.mark.plan("S-268")
def test_the_pairs_of_a_form_are_signed_decoded():
    """A form's values count as they read, and repeats stay in their order."""
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
    sign = hex_of("a1a0b& ä".encode())
    received = push(b"b=%26+%C3%A4&a=1&a=0", {**headers, "X-Sign": sign}, verify=PAIRS, events=TOLD)

    assert is_believed(received)


@pytest.mark.plan("S-265")
@pytest.mark.parametrize("status", [None, 403])
def test_a_refusal_has_the_status_that_the_vendor_understands(status):
    """401, or what the trigger says."""
    verify = SIGNED if status is None else {**SIGNED, "status": status}

    assert push(verify=verify).reply.status == (status or 401)


@pytest.mark.plan("S-269")
def test_signatures_are_compared_in_constant_time(monkeypatch):
    """Every comparison with what came goes through `hmac.compare_digest`, and none is spared after a fit."""
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(hmac, "compare_digest", lambda *pair: compared.append(pair) or real(*pair))
    verify = {**SIGNED, "equals": "${ headers['x-sign'] | split(',') }"}

    assert is_believed(push(headers={"X-Sign": f"{hex_of(BODY)},0,1"}, verify=verify))
    assert len(compared) == 3
