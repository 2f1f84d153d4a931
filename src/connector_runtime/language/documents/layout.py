"""Long lines of a YAML file wrapped, everything else as it stands.

Only values on lines that are too long are written anew: maps and lists in braces go over several
lines, long texts are folded, or broken within quotes where only those can hold them. Comments, blank
lines, quotes and the order of keys stay, because nothing else is touched; the data is read again and
must be the same.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import yaml

from connector_runtime.language.documents.yaml_reader import LOADER, read

if TYPE_CHECKING:
    from collections.abc import Iterator

# What two editors side by side show, and what a review page shows without scrolling.
MAX_LINE = 120
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*")
_TEXT_TAG = "tag:yaml.org,2002:str"
_SCHEMA = "# yaml-language-server:"
_EXPRESSION = re.compile(r"\$\{[^}]*\}")
_INDENT = 2
# Between such parts a text may be broken within quotes: behind a blank, a slash, a mark of a query.
_PART = re.compile(r"[^\s/?&,;]*[\s/?&,;]*")
# What stands for a character in quotes; any other that cannot be printed keeps its text as it is.
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t"}
# A list of so many short values is filled line by line rather than given a line each.
_FILLED_FROM = 6


class LayoutError(ValueError):
    """A file that cannot be written anew without changing what it says."""


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def wrapped(text: str, width: int = MAX_LINE) -> str:
    """Return a file's text with its long lines wrapped where that can be done.

    Args:
        text: A YAML file that can be read.
        width: Characters that a line may have.

    Raises:
        LayoutError: The file cannot be read, or would not say the same afterwards.
    """
    before, _, mistakes = read(text)
    if mistakes:
        raise LayoutError("it cannot be read; `check` says why")
    if all(len(line) <= width for line in text.split("\n")):
        return text
    said = json.dumps(before), _comment_words(text)

    def is_same(made: str) -> bool:
        after, _, mistakes = read(made)
        return not mistakes and (json.dumps(after), _comment_words(made)) == said

    edits = _Layout(text, width).wanted()
    made = _edited(text, edits)
    if not is_same(made):
        # One value that cannot be written anew does not keep the others from it.
        made = _edited(text, [edit for edit in edits if is_same(_edited(text, [edit]))])
        if not is_same(made):
            raise LayoutError("wrapping its lines would change what it says")
    return made


def long_lines(text: str, width: int = MAX_LINE) -> Iterator[tuple[int, int]]:
    """Yield number and length of each line that is too long, counted in characters, from 1."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > width:
            yield number, len(line)


class _Layout:
    """One file while it is written anew."""

    def __init__(self, text: str, width: int) -> None:
        self.text = text
        self.width = width
        self.lines = text.split("\n")
        self.comments = list(_comments(text))
        self.edits: list[_Edit] = []

    def wanted(self) -> list[_Edit]:
        root = yaml.compose(self.text, Loader=LOADER)
        self._visit(root)
        for at, comment in self.comments:
            self._wrap_comment(at, comment)
        return self.edits

    # -- what is to be written anew ----------------------------------------------

    def _visit(self, node: Any) -> None:
        """Write the values of a block map or list anew that stand on lines which are too long."""
        if isinstance(node, yaml.MappingNode) and not node.flow_style:
            for key, value in node.value:
                if _is_block(value):
                    self._visit(value)
                elif self._is_long(key, value):
                    column = key.start_mark.column
                    used = column + len(self._source(key)) + 1
                    self._replace(key, value, f"{self._source(key)}:{self._after_key(value, column, used)}")
        elif isinstance(node, yaml.SequenceNode) and not node.flow_style:
            for item in node.value:
                if _is_block(item):
                    self._visit(item)
                elif self._is_long(item, item):
                    self._replace(item, item, self._item(item, item.start_mark.column))

    def _is_long(self, first: Any, last: Any) -> bool:
        end = last.end_mark
        # A block scalar ends where the next line begins.
        stop = end.line if end.column else end.line - 1
        return any(len(line) > self.width for line in self.lines[first.start_mark.line : stop + 1])

    def _replace(self, first: Any, last: Any, made: str) -> None:
        """Put a text in place of a value; comments behind it, and between it and its key, go above it."""
        start, end = first.start_mark.index, self._end(last)
        line_end = self._line_end(end)
        line_start = self.text.rfind("\n", 0, start) + 1
        lead = self.text[line_start:start]
        key_end = first.end_mark.index
        moved = [
            one
            for one in self.comments
            if end <= one[0] < line_end or key_end <= one[0] < last.start_mark.index
        ]
        if moved and lead.strip("- "):
            return  # a comment would become part of what follows, or have no place
        pad = " " * (len(lead) - len(lead.lstrip()))
        if moved:
            above = "".join(_comment_lines(one, len(pad), self.width) for _, one in moved)
            made = f"{above}{lead}{made}"
            start, end = line_start, line_end
        elif not self.text[end:line_end].strip():
            end = line_end  # blanks at the end of a line would become part of a folded text
        if "\n" in made:
            below, end = self._below(end, pad)
            made += below
        if self.text[start:end] != made:
            self.comments = [one for one in self.comments if one not in moved]
            self.edits.append(_Edit(start, end, made))

    def _below(self, end: int, pad: str) -> tuple[str, int]:
        """Return comments below that a folded text would swallow, less far in, and where they end."""
        found, stop = "", end
        at = end
        while at < len(self.text):
            at += 1
            line = self.text[at : self._line_end(at)]
            own = [one for one in self.comments if at <= one[0] < at + len(line)]
            if line.strip() and not (own and line.lstrip().startswith("#")):
                break
            indent = len(line) - len(line.lstrip())
            if own and indent > len(pad):
                blank = self.text[stop:at].strip(" \t")
                found += blank + _comment_lines(own[0][1], len(pad), self.width)[:-1]
                stop = at + len(line)
                self.comments = [one for one in self.comments if one not in own]
            elif own:
                break
            at += len(line)
        return found, stop

    def _line_end(self, at: int) -> int:
        found = self.text.find("\n", at)
        return len(self.text) if found < 0 else found

    # -- how it is written ----------------------------------------------------------

    def _end(self, node: Any) -> int:
        """Return where a value ends; that of a block scalar includes the end of its last line."""
        end: int = node.end_mark.index
        is_block = isinstance(node, yaml.ScalarNode) and node.style in {">", "|"}
        return end - 1 if is_block and self.text[end - 1 : end] == "\n" else end

    def _source(self, node: Any) -> str:
        return self.text[node.start_mark.index : self._end(node)]

    def _flat(self, node: Any) -> str | None:
        """Return a value as it stands, if it stands on one line."""
        start, end = node.start_mark.index, node.end_mark.index
        source = self.text[start:end]
        has_comment = any(start <= at < end for at, _ in self.comments)
        return None if "\n" in source or has_comment else source

    def _after_key(self, node: Any, column: int, used: int) -> str:
        """Return what follows `key:`; the key stands at `column`, and `used` characters are written."""
        flat = self._flat(node)
        if flat is not None and used + 1 + len(flat) <= self.width:
            return f" {flat}" if flat else ""
        inner = column + _INDENT
        if isinstance(node, yaml.ScalarNode):
            return f" {self._text(node, used + 1, inner)}"
        if not node.value:
            return f" {self._source(node)}"
        return f"\n{' ' * inner}{self._block(node, inner)}"

    def _item(self, node: Any, column: int) -> str:
        """Return an item of a list; it begins at `column`, behind its dash."""
        flat = self._flat(node)
        if flat is not None and column + len(flat) <= self.width:
            return flat
        if isinstance(node, yaml.ScalarNode):
            return self._text(node, column, column)
        return self._block(node, column) if node.value else self._source(node)

    def _block(self, node: Any, column: int) -> str:
        """Return a map or list over several lines; the first of them without its indent."""
        filled = self._filled(node, column)
        if filled is not None:
            return filled
        if isinstance(node, yaml.MappingNode):
            entries = [(value.start_mark, value.end_mark) for _, value in node.value]
            texts = []
            for key, value in node.value:
                source = self._source(key)
                texts.append(f"{source}:{self._after_key(value, column, column + len(source) + 1)}")
        else:
            entries = [(item.start_mark, item.end_mark) for item in node.value]
            texts = [f"- {self._item(item, column + _INDENT)}" for item in node.value]
        pad = " " * column
        parts = []
        for text, comments in zip(texts, self._comments_of(node, entries), strict=True):
            parts.append("".join(_comment_lines(one, column, self.width) for one in comments))
            parts.append(f"{pad}{text}\n")
        return "".join(parts)[:-1].removeprefix(pad)

    def _filled(self, node: Any, column: int) -> str | None:
        """Return a list of many short values as lines full of them, or None."""
        if not isinstance(node, yaml.SequenceNode) or len(node.value) < _FILLED_FROM:
            return None
        items = [self._flat(item) if isinstance(item, yaml.ScalarNode) else None for item in node.value]
        start, end = node.start_mark.index, node.end_mark.index
        if None in items or any(start <= at < end for at, _ in self.comments):
            return None
        lines, line = [], "["
        for number, item in enumerate(items, 1):
            piece = f"{item}," if number < len(items) else f"{item}]"
            if line != "[" and column + len(line) + 1 + len(piece) > self.width:
                lines.append(line)
                line = f" {piece}"
            else:
                line += piece if line == "[" else f" {piece}"
        return f"\n{' ' * column}".join([*lines, line])

    def _comments_of(self, node: Any, entries: list[tuple[Any, Any]]) -> list[list[str]]:
        """Return the comments around each entry of a map or list; those behind one belong to it."""
        found: list[list[str]] = [[] for _ in entries]
        for at, comment in self.comments:
            if not node.start_mark.index <= at < node.end_mark.index:
                continue
            if any(start.index <= at < end.index for start, end in entries):
                continue  # it stands further inside
            line = self.text.count("\n", 0, at)
            before = [order for order, (_, end) in enumerate(entries) if end.index <= at]
            is_behind = before and entries[before[-1]][1].line == line
            place = before[-1] if before and (is_behind or len(before) == len(entries)) else len(before)
            found[place].append(comment)
        return found

    def _text(self, node: Any, begin: int, column: int) -> str:
        """Return a text over several lines; it begins at `begin`, and goes on at `column`."""
        folded = self._folded(node, column)
        if folded is not None and all(len(line) <= self.width for line in folded.split("\n")):
            return folded
        return self._quoted(node, begin, column) or folded or self._source(node)

    def _quoted(self, node: Any, begin: int, column: int) -> str | None:
        """Return a text in quotes whose lines end with a backslash; None where that would not help."""
        value = node.value
        is_plain = all(one.isprintable() or one in _ESCAPES for one in value)
        if node.tag != _TEXT_TAG or (node.style in {"|", ">"} and "\n" in value) or not is_plain:
            return None
        lines, line, room = [], '"', self.width - begin - 1
        for part in _parts(value, self.width - column - 1):
            for piece in [part] if _written(part) <= self.width - column - 1 else part:
                if len(line) + _written(piece) > room:
                    lines.append(f"{line}\\")
                    line, room = "", self.width - column - 1
                    # A blank at the beginning would be taken for the indent.
                    line = "\\" if piece.startswith(" ") else ""
                line += "".join(_ESCAPES.get(one, one) for one in piece)
        lines.append(f'{line}"')
        return f"\n{' ' * column}".join(lines) if len(lines) > 1 else None

    def _folded(self, node: Any, column: int) -> str | None:
        """Return a text folded over several lines, or None if only quotes can hold it."""
        value = node.value
        if node.style in {"|", ">"} and "#" in self._source(node).partition("\n")[0]:
            return None  # a comment stands behind the sign that begins the text
        if not value.isprintable() or value != value.strip(" ") or " " not in value:
            return None
        lines, line = [], ""
        words = list(_words(value, self.width - column))
        for number, word in enumerate(words):
            # Beside a second blank a line cannot end: the fold would take it away.
            can_break = bool(word) and number > 0 and bool(words[number - 1])
            if can_break and column + len(line) + 1 + len(word) > self.width:
                lines.append(line)
                line = word
            else:
                line = f"{line} {word}" if number else word
        pad = " " * column
        return f">-\n{pad}" + f"\n{pad}".join([*lines, line])

    def _wrap_comment(self, at: int, comment: str) -> None:
        """Wrap a comment that has its line for itself; the one that names the schema stays."""
        start = self.text.rfind("\n", 0, at) + 1
        if at - start + len(comment) <= self.width or comment.startswith(_SCHEMA):
            return
        lead = self.text[start:at]
        if any(edit.start <= at < edit.end for edit in self.edits):
            return
        if not lead.strip():
            made = _comment_lines(comment, len(lead), self.width)[:-1]
            self.edits.append(_Edit(start, at + len(comment), made))


def _parts(text: str, most: int) -> Iterator[str]:
    """Yield the parts between which a text may be broken in quotes: expressions stay whole where they fit."""
    end = 0
    for found in _EXPRESSION.finditer(text):
        if _written(found[0]) <= most:
            yield from filter(None, _PART.findall(text[end : found.start()]))
            yield found[0]
            end = found.end()
    yield from filter(None, _PART.findall(text[end:]))


def _written(text: str) -> int:
    """Return how many characters a text has in quotes."""
    return sum(len(_ESCAPES.get(one, one)) for one in text)


def _edited(text: str, edits: list[_Edit]) -> str:
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _words(text: str, most: int) -> Iterator[str]:
    """Yield the parts between which a text may be broken: expressions stay whole where they fit a line."""
    kept = _EXPRESSION.sub(lambda found: found[0].replace(" ", "\0"), text)
    for part in kept.split(" "):
        word = part.replace("\0", " ")
        yield from [word] if len(word) <= most else word.split(" ")


def _is_block(node: Any) -> bool:
    return not isinstance(node, yaml.ScalarNode) and not node.flow_style


def _comments(text: str) -> Iterator[tuple[int, str]]:
    """Yield place and text of every comment: it stands between tokens."""
    end = 0
    for token in yaml.scan(text, Loader=LOADER):
        for found in _COMMENT.finditer(text[end : token.start_mark.index]):
            yield end + found.start(), found[0]
        end = max(end, token.end_mark.index)


def _comment_words(text: str) -> list[str]:
    """Return the words of all comments, sorted: wrapping may move them, and may not lose one."""
    found = [comment for _, comment in _comments(text)]
    for token in yaml.scan(text, Loader=LOADER):
        if isinstance(token, yaml.ScalarToken) and token.style in {"|", ">"}:
            head = text[token.start_mark.index : token.end_mark.index].partition("\n")[0]
            found += _COMMENT.findall(head)
    return sorted(word for comment in found for word in comment[1:].split())


def _comment_lines(comment: str, column: int, width: int) -> str:
    """Return a comment as lines of its own, each ended."""
    pad, lines, line = " " * column, [], "#"
    for word in comment[1:].split():
        if line != "#" and column + len(line) + 1 + len(word) > width:
            lines.append(line)
            line = "#"
        line += f" {word}"
    return "".join(f"{pad}{one}\n" for one in [*lines, line])
