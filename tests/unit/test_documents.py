"""YAML read strictly: texts stay texts, hostile files are refused, every place is known."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector_runtime.errors import DefinitionError
from connector_runtime.language.documents.document import read_json, read_yaml

if TYPE_CHECKING:
    from connector_runtime.errors import Problem
    from connector_runtime.language.documents.document import Document


def read(folder: Path, text: str | bytes) -> Document:
    """Read a text as if it stood in a file of a component."""
    path = folder / "action.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(path, "action.yaml")


def problems(folder: Path, text: str | bytes) -> tuple[Problem, ...]:
    """Return what is said about a text."""
    with pytest.raises(DefinitionError) as caught:
        read(folder, text)
    return caught.value.problems


@pytest.mark.plan("S-98")
@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "on",
        "off",
        "y",
        "n",
        "No",
        "ON",
        "12:30:45",
        "2024-05-01",
        "2024-05-01T10:00:00Z",
        "1e",
        "NaN",
        "1.2.3",
        "---",
        "nulL",
        "tRue",
        "=",
    ],
)
def test_texts_stay_texts(tmp_path: Path, text: str) -> None:
    """What older YAML takes for booleans, times and dates stays the text it is."""
    if text == "---":
        text = "a---b"

    assert read(tmp_path, f"value: {text}\n").data == {"value": text}


@pytest.mark.plan("S-98")
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("7", 7),
        ("-12", -12),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("'7'", "7"),
        ('"true"', "true"),
        ("'null'", "null"),
    ],
)
def test_numbers_and_constants_are_those_of_json(tmp_path: Path, text: str, value: Any) -> None:
    """What JSON calls a number, true, false or null is one; in quotes it is a text."""
    found = read(tmp_path, f"value: {text}\n").data["value"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.plan("S-98")
def test_keys_are_texts_as_written(tmp_path: Path) -> None:
    """A key that looks like a number or a boolean is the text that stands there."""
    assert list(read(tmp_path, "401: a\nno: b\ntrue: c\n1.5: d\nnone: e\n").data) == [
        "401",
        "no",
        "true",
        "1.5",
        "none",
    ]


@pytest.mark.plan("S-98")
@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\na: 2\n", "Y004", 2, 1),
        ("a: {b: 1, b: 2}\n", "Y004", 1, 11),
        ("a:\n\tb: 1\n", "Y003", 2, 1),
        ("a: 1\n---\nb: 2\n", "Y006", 2, 1),
        ("%YAML 1.1\n---\na: 1\n", "Y006", 1, 1),
        ("a: \x00\n", "Y009", 1, 4),
        ("a: b\u2028c\n", "Y009", 1, 5),
        ("a: b\u202ec\n", "Y009", 1, 5),
        ("a: b\ufeffc\n", "Y009", 1, 5),
        (b"a: \xff\n", "Y001", 1, 4),
        ("a: 1\nb: {x: [1, 2}\n", "Y002", 2, 8),
        ("", "Y001", 1, 1),
        ("# only words\n", "Y001", 2, 1),
        ("? [a, b]\n: c\n", "Y010", 1, 3),
        ("a: 1e999\n", "Y012", 1, 4),
        ("a: 012\n", "Y013", 1, 4),
        ("a: [b, +12]\n", "Y013", 1, 8),
        ("1.50: a\n", "Y013", 1, 1),
        ("null: a\n", "Y013", 1, 1),
    ],
)
def test_what_is_not_plain_is_refused_where_it_stands(
    tmp_path: Path, text: str | bytes, code: str, line: int, column: int
) -> None:
    """Whatever could be read in two ways is refused, with line and column."""
    (problem,) = problems(tmp_path, text)

    assert (problem.code, problem.line, problem.column) == (code, line, column)


def test_a_byte_order_mark_and_windows_line_ends_are_nothing(tmp_path: Path) -> None:
    """A file saved by a Windows editor reads the same, and its places are right."""
    document = read(tmp_path, b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")

    assert document.data == {"a": 1, "b": 2}
    assert document.place(("b",)) == (2, 4)
    assert document.line(2) == "b: 2"


@pytest.mark.plan("S-99")
@pytest.mark.parametrize(
    "tag",
    [
        "!!python/object:os.system",
        "!!python/name:eval",
        "!!python/object/apply:os.system",
        "!!binary",
        "!!set",
        "!!omap",
        "!!str",
        "!!int",
        "!!float",
        "!!bool",
        "!!null",
        "!!timestamp",
        "!!merge",
        "!!value",
        "!secret",
        "!Ref",
        "!<tag:yaml.org,2002:str>",
        "!!map",
        "!!seq",
        "!",
    ],
)
def test_tags_are_refused(tmp_path: Path, tag: str) -> None:
    """No tag makes anything out of a file but plain data."""
    assert problems(tmp_path, f"a: {tag} x\n")[0].code == "Y006"


BOMBS = {
    "billion laughs": "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n",
    "merge keys": "a: &a {x: 1}\n" + "".join(f"m{n}: &m{n}\n  <<: [*a, *a]\n" for n in range(26)),
    "cycle": "a: &a [*a]\n",
    "deep lists": "a: " + "[" * 100_000,
    "deep maps": "a: " + "{b: " * 50_000,
    "deep blocks": "".join(" " * n + "a:\n" for n in range(200)),
    "many values": "a: [" + "1," * 100_000 + "]",
    "many keys": "".join(f"k{n}: 1\n" for n in range(50_000)),
    "long text": "a: " + "x" * 5_000_000,
    "long key": "x" * 5_000_000 + ": 1",
    "long comment": "a: 1\n#" + "x" * 5_000_000,
    "long number": "a: " + "9" * 200_000,
}


@pytest.mark.plan("S-97")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_it_goes_off(tmp_path: Path, name: str) -> None:
    """No file makes reading it costly: what is too large or too deep is refused, not walked."""
    started = time.process_time()

    codes = {problem.code for problem in problems(tmp_path, BOMBS[name])}

    assert codes <= {"Y005", "Y008", "Y012", "Y002"}
    # Generous for a busy machine; a bomb that goes off takes minutes.
    assert time.process_time() - started < 2.0


def test_all_mistakes_of_a_file_are_found_at_once(tmp_path: Path) -> None:
    """Reading goes on behind a mistake where it can."""
    found = problems(tmp_path, "a: 1\na: 2\nb: &x 1\nc: !t 2\nd: *x\n")

    assert [(problem.code, problem.line) for problem in found] == [
        ("Y004", 2),
        ("Y005", 3),
        ("Y006", 4),
        ("Y005", 5),
    ]


SCALARS = """\
plain: text ${ here }
single: 'it''s ${ here }'
double: "a\\u0041\\tb \\"q\\" ${ here }"
literal: |
  first
    second ${ here }
folded: >-
  first
  second

  third ${ here }
long: one
  two ${ here }
split: "one
  two ${ here }"
list: [1, "x ${ here }"]
"""


@pytest.mark.parametrize(
    ("pointer", "line"),
    [
        (("plain",), 1),
        (("single",), 2),
        (("double",), 3),
        (("literal",), 6),
        (("folded",), 11),
        (("long",), 13),
        (("split",), 15),
        (("list", 1), 16),
    ],
)
def test_a_place_inside_a_text_is_found_however_it_is_written(
    tmp_path: Path, pointer: tuple[str | int, ...], line: int
) -> None:
    """An offset into a value leads to the right character of the file: quotes, escapes, folding."""
    document = read(tmp_path, SCALARS)
    value = document.data
    for step in pointer:
        value = value[step]

    problem = document.problem(pointer, "X", "m", offset=value.index("here"))

    assert problem.line == line
    assert document.line(line)[problem.column - 1 :].startswith("here")


def test_places_of_keys_values_and_what_is_missing(tmp_path: Path) -> None:
    """A key and its value have places of their own; a pointer too far gives the last there is."""
    document = read(tmp_path, "a:\n  b: [1, {c: 2}]\n")

    assert document.place(("a", "b", 1, "c")) == (2, 14)
    assert document.place(("a", "b", 1, "c"), key=True) == (2, 11)
    assert document.place(("a", "b", 1, "missing", "more")) == (2, 10)


def test_a_json_file_has_places_too(tmp_path: Path) -> None:
    """A record schema is read strictly, and its mistakes have line and column."""
    path = tmp_path / "dog.json"
    path.write_text('{\n  "type": "object",\n  "properties": {"name": {"type": "string"}}\n}\n')

    assert read_json(path, "dog.json").place(("properties", "name", "type")) == (3, 35)

    path.write_text('{\n  "type": "object",\n  "type": "array"\n}\n')
    with pytest.raises(DefinitionError) as caught:
        read_json(path, "dog.json")
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("Y011", 3, 3)


@pytest.mark.plan("S-102")
def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    """A folder, a missing file and a pipe are problems; reading a pipe would never end."""
    import os

    os.mkfifo(tmp_path / "pipe")
    for name in (".", "missing", "pipe"):
        with pytest.raises(DefinitionError) as caught:
            read_yaml(tmp_path / name, name)
        assert caught.value.problems[0].code == "Y001"


SPEECHES = sorted((Path(__file__).resolve().parents[1] / "cases" / "bad").glob("Y00[2-8]-*.yaml"))


@pytest.mark.parametrize("path", SPEECHES, ids=lambda path: path.stem)
def test_without_the_c_library_the_same_is_said(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where PyYAML comes without libyaml, mistakes have the same place, code and words."""
    import yaml

    from connector_runtime.language.documents import yaml_reader

    case = yaml.safe_load(path.read_text("utf-8"))
    kennel = path.parents[1] / "kennel"
    text = (kennel / case["edits"][0]["file"]).read_text("utf-8")
    for edit in case["edits"]:
        text = text.replace(edit["old"], edit["new"], 1)
    monkeypatch.setattr(yaml_reader, "LOADER", yaml.SafeLoader)

    (problem,) = problems(tmp_path, text)

    said = str(problem).partition(":")[2]
    assert case["expect"].partition(":")[2].startswith(said)
