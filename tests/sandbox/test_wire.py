"""What product handlers read and write: queries, forms, scopes, digit-exact JSON."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoho_sandbox.core.forms import parse_form
from zoho_sandbox.core.wire import Answer, Query, allows, dump_json, parse_json

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: d + 0),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("text", ["1.10", "0.1", "12345678901234567890.123456789", "1E+2", "-0.0"])
def test_a_number_is_printed_as_it_was_written(text):
    """No digit is lost or added between reading and writing."""
    assert dump_json(parse_json(f'{{"rate":{text}}}')) == f'{{"rate":{text}}}'


@given(_JSON)
def test_written_json_reads_back_equal(value):
    """What is dumped is JSON, and means the same."""
    assert parse_json(dump_json(value)) == value


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "", "[" * 100_000, b"\xff", r'"\ud800"'])
def test_what_is_no_json_is_a_value_error(text):
    """Handlers have one exception to expect, whatever a client sends."""
    with pytest.raises(ValueError):  # noqa: PT011 - any message will do
        parse_json(text)


def test_a_value_without_json_form_is_refused():
    """A set in a record is a defect and must not be guessed at."""
    with pytest.raises(TypeError, match="set"):
        dump_json({"a": {1}})


def test_a_query_keeps_order_and_repeats():
    """Zoho has list parameters; the first value answers a plain question."""
    query = Query("a=1&b=&a=2&c=%C3%A4+x")

    assert query.get("a") == "1"
    assert query.all("a") == ["1", "2"]
    assert query.get("c") == "ä x"
    assert "b" in query
    assert query.get("b") == ""
    assert query.get("missing", "default") == "default"
    assert list(query) == [("a", "1"), ("b", ""), ("a", "2"), ("c", "ä x")]


@pytest.mark.parametrize(
    ("granted", "wanted"),
    [
        ("ZohoBooks.contacts.CREATE", "ZohoBooks.contacts.CREATE"),
        ("zohobooks.CONTACTS.all", "ZohoBooks.contacts.READ"),
        ("ZohoBooks.fullaccess.all", "ZohoBooks.settings.DELETE"),
        ("ZohoCRM.modules.ALL", "ZohoCRM.modules.contacts.READ"),
        ("ZohoCRM.modules.all", "ZohoCRM.modules.READ"),
        ("ZohoCRM.modules.READ", "ZohoCRM.modules.deals.READ"),
        ("ZohoCRM.modules.deals.ALL", "ZohoCRM.modules.deals.DELETE"),
        ("ZohoCRM.modules.deals.WRITE", "ZohoCRM.modules.deals.UPDATE"),
        ("ZohoCRM.modules.deals.UPDATE", "ZohoCRM.modules.deals.WRITE"),
        ("ZohoCRM.settings.fields", "ZohoCRM.settings.fields.READ"),
    ],
)
def test_a_scope_covers_what_lies_below_it(granted, wanted):
    """ALL, fullaccess, module-wide verbs and both names of editing are understood."""
    assert allows(frozenset({granted}), wanted)


@pytest.mark.parametrize(
    ("granted", "wanted"),
    [
        ("ZohoBooks.contacts.READ", "ZohoBooks.contacts.CREATE"),
        ("ZohoBooks.fullaccess.all", "ZohoCRM.modules.deals.READ"),
        ("ZohoCRM.modules.deals.ALL", "ZohoCRM.modules.leads.READ"),
        ("ZohoCRM.modules.deals.WRITE", "ZohoCRM.modules.deals.CREATE"),
        ("ZohoCRM.modules.READ", "ZohoCRM.modules.deals.CREATE"),
        ("ZohoCRM.modules.READ", "ZohoCRM.settings.fields.READ"),
        ("ZohoCRM.modules.contacts.ALL", "ZohoCRM.modules.ALL"),
    ],
)
def test_a_scope_covers_nothing_else(granted, wanted):
    """Editing is not creating, one module is not another, one product not the other."""
    assert not allows(frozenset({granted}), wanted)


def test_a_multipart_form_gives_its_fields_and_files():
    """Names with quotes, missing content types and binary bodies survive."""
    body = (
        b"--B\r\nContent-Disposition: form-data; name=title\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
        b'--B\r\nContent-Disposition: form-data; name="file"; filename="a \\"b\\".bin"\r\n\r\n'
        b"\x00\r\n--\xff\r\n--B--\r\n"
    )

    form = parse_form("multipart/form-data; boundary=B", body)

    assert form.fields == [("title", "Grüße")]
    assert form.files[0].name == "file"
    assert form.files[0].filename == 'a "b".bin'
    assert form.files[0].content_type == ""
    assert form.files[0].data == b"\x00\r\n--\xff"


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"--B--"),
        ("multipart/form-data; boundary=B", b"--B\r\nA: b\r\n\r\nno end"),
        ("multipart/form-data; boundary=B", b"--B\r\nno header end\r\n--B--"),
    ],
)
def test_a_broken_multipart_form_is_a_value_error(content_type, body):
    """A cut upload is never taken for a whole one."""
    with pytest.raises(ValueError, match="multipart"):
        parse_form(content_type, body)


def test_an_urlencoded_form_gives_its_fields():
    """JSONString and friends arrive this way."""
    form = parse_form("application/x-www-form-urlencoded; charset=UTF-8", b"a=1&JSONString=%7B%7D")

    assert form.fields == [("a", "1"), ("JSONString", "{}")]
    assert form.get("JSONString") == "{}"


def test_an_answer_sends_decimals_digit_exact():
    """Amounts reach the client as they are kept."""
    assert Answer(200, {"total": Decimal("10.00")}).payload() == b'{"total":10.00}'
