"""`format`: lines that are too long are wrapped in the files themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from cli.conftest import Ended

LONG = "# why\nkey: { " + ", ".join(f"member{number}: value {number}" for number in range(12)) + " }\n"


def test_a_file_is_wrapped_where_it_lies(folder: Path, zoho: Callable[..., Ended]) -> None:
    """The file has short lines afterwards, its comments and its rights."""
    file = folder / "a.yaml"
    file.write_text(LONG)
    file.chmod(0o640)

    ended = zoho("format", "a.yaml")

    assert (ended.code, ended.out) == (0, "wrapped a.yaml\n")
    assert file.read_text().startswith("# why\nkey:\n  member0: value 0\n")
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in folder.iterdir()] == ["a.yaml"]


def test_checking_changes_nothing(folder: Path, zoho: Callable[..., Ended]) -> None:
    """With --check it is told what would be wrapped, and the exit code says so."""
    file = folder / "a.yaml"
    file.write_text(LONG)

    ended = zoho("format", "--check", "a.yaml")

    assert (ended.code, ended.out) == (1, "would wrap a.yaml\n")
    assert file.read_text() == LONG
    zoho("format", "a.yaml")
    assert zoho("format", "--check", "a.yaml").code == 0


def test_what_cannot_be_wrapped_is_told(folder: Path, zoho: Callable[..., Ended]) -> None:
    """The lines of a text that keeps them stay, and their place is said."""
    (folder / "a.yaml").write_text(f"a: |\n  {'x' * 130}\n")

    ended = zoho("format", "a.yaml")

    assert (ended.code, ended.out) == (0, "")
    assert "a.yaml:2: 132 characters that cannot be wrapped" in ended.err


def test_a_long_address_is_broken_within_quotes(folder: Path, zoho: Callable[..., Ended]) -> None:
    """What `check` says that `format` wraps is wrapped: nothing is left to be told."""
    (folder / "a.yaml").write_text(f"url: https://a.example/orders?ids={'12345,' * 30}\n")

    ended = zoho("format", "a.yaml")

    assert (ended.code, ended.out, ended.err) == (0, "wrapped a.yaml\n", "")


def test_a_file_that_is_no_yaml_is_left(folder: Path, zoho: Callable[..., Ended]) -> None:
    """What cannot be read is said and not touched; other files are done."""
    (folder / "a.yaml").write_text("key: [1, 2\n")
    (folder / "b.yaml").write_text(LONG)

    ended = zoho("format", "a.yaml", "b.yaml")

    assert (ended.code, ended.out) == (1, "wrapped b.yaml\n")
    assert "a.yaml: left as it is" in ended.err


def test_line_ends_of_other_systems_stay(folder: Path, zoho: Callable[..., Ended]) -> None:
    """A file whose lines end as on Windows ends them so afterwards."""
    file = folder / "a.yaml"
    file.write_bytes(LONG.replace("\n", "\r\n").encode())

    zoho("format", "a.yaml")

    content = file.read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 10


def test_line_ends_of_two_kinds_stay_as_they_are(folder: Path, zoho: Callable[..., Ended]) -> None:
    """Only new lines get the end that most lines have."""
    file = folder / "a.yaml"
    file.write_bytes(b"a: 1\r\nb: 2\n" + LONG.encode() + b"c: 3\r\n")

    zoho("format", "a.yaml")

    content = file.read_bytes()
    assert content.startswith(b"a: 1\r\nb: 2\n")
    assert content.endswith(b"c: 3\r\n")
    assert content.count(b"\r\n") == 2
