"""`format`: long lines of YAML files wrapped, everything else as it stands."""

from __future__ import annotations

import os
import shutil
import tempfile
from difflib import SequenceMatcher
from pathlib import Path

import click

from connector_cli.terminal.output import put, say
from connector_runtime.checks import LayoutError, locate, long_lines, wrapped, yaml_files


@click.command("format")
@click.argument("files", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--check", "is_check", is_flag=True, help="Change nothing; say what would be changed.")
@click.pass_context
def format_files(context: click.Context, /, files: tuple[Path, ...], *, is_check: bool) -> None:
    """Wrap long lines of YAML files: of these files or folders, or of the whole component."""
    base = files or [locate((context.obj or {}).get("component") or Path())]
    changed = refused = 0
    for path in (path for place in base for path in yaml_files(place)):
        try:
            is_changed = _format(path, is_check=is_check)
        except (LayoutError, OSError, UnicodeDecodeError) as problem:
            refused += 1
            what = problem if isinstance(problem, LayoutError) else "it cannot be read or written"
            say(f"{path}: left as it is: {what}")
            continue
        if is_changed:
            changed += 1
            put(f"{'would wrap' if is_check else 'wrapped'} {path}", as_json=False)
    if refused or (changed and is_check):
        context.exit(1)


def _format(path: Path, *, is_check: bool) -> bool:
    """Wrap a file's lines; returns whether it is another now, or would be."""
    written = path.read_bytes().decode("utf-8")
    text = written.removeprefix("\ufeff").replace("\r\n", "\n")
    made = wrapped(text)
    for line, length in long_lines(made):
        hint = "give parts of it a name with `let`" if "${" in made.split("\n")[line - 1] else "shorten it"
        say(f"{path}:{line}: {length} characters that cannot be wrapped; {hint}")
    if made == text:
        return False
    if not is_check:
        _replace(
            path,
            ("\ufeff" if written.startswith("\ufeff") else "") + _ended(written.removeprefix("\ufeff"), made),
        )
    return True


def _ended(written: str, made: str) -> str:
    """Return what was made with the line ends as they were; a new line ends as most lines do."""
    before = written.split("\n")
    bare = [line.removesuffix("\r") for line in before]
    after = made.split("\n")
    usual = "\r" if 2 * sum(line.endswith("\r") for line in before) >= len(before) - 1 else ""
    if usual or bare != before:
        found = SequenceMatcher(None, bare, after, autojunk=False)
        last, ends = len(after) - 1, [usual] * len(after)
        for old, new, size in found.get_matching_blocks():
            for step in range(size):
                ends[new + step] = "\r" if before[old + step].endswith("\r") else ""
        ends[last] = "\r" if before[-1].endswith("\r") else ""
        after = [f"{line}{end}" for line, end in zip(after, ends, strict=True)]
    return "\n".join(after)


def _replace(path: Path, text: str) -> None:
    """Put a text in a file's place at once: whoever reads it sees the old one or the new one."""
    target = Path(os.path.realpath(path))
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(target, name)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
