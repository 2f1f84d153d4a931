"""A component compiled into one file, so that a cold worker reads only what one call needs.

The file lies beside `component.yaml` in an installed package: an index of fixed-size entries
sorted by the hash of the action's key, one head with everything that is not an action, and one
piece of JSON an action, with the syntax trees of its expressions. A source whose bytes are not
those it was made from wins: then the whole folder is read and checked as if there were no file.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from connector_runtime.documents import Document
from connector_runtime.expressions.grammar import packed_tree, remember
from connector_runtime.schemas import Schemas
from connector_runtime.sources import MAIN_FILE, Source, folder_files
from connector_runtime.templates import expression_texts

if TYPE_CHECKING:
    from pathlib import Path

FILE = "component.compiled"

# Another number, another format: an older runtime reads the sources instead.
_MAGIC = b"connector-compiled-1\n"
_FRONT = struct.Struct("<QQQQQ")
_ENTRY = struct.Struct("<QQQ")
_PARTS = ("connections", "inputs", "datasources", "schemas")


def compile_component(folder: Path) -> bytes:
    """Return the compiled form of a folder's component.

    Raises:
        DefinitionError: The folder has problems.
    """
    from connector_runtime.load import read_component  # noqa: PLC0415  what is compiled needs no parser

    source = read_component([folder])
    place = len(_MAGIC) + _FRONT.size
    pieces: list[bytes] = []
    entries = []
    for key, document in source.actions.items():
        piece = _json(_stored(document, document.path.read_bytes()))
        entries.append((_hash(key), place, len(piece)))
        pieces.append(piece)
        place += len(piece)
    head, keys = _json(_head(source, folder)), _json(list(source.actions))
    index = b"".join(_ENTRY.pack(*entry) for entry in sorted(entries))
    front = _FRONT.pack(len(entries), place, len(head), place + len(head), len(keys))
    return b"".join([_MAGIC, front, *pieces, head, keys, index])


def read_compiled(folder: Path) -> Source | None:
    """Return the component of a folder from its compiled file, or None to read the sources."""
    try:
        file = CompiledFile(folder / FILE)
        head = json.loads(file.head())
        if head["files"] != _digests(folder):
            return None
    except (OSError, ValueError, struct.error):
        return None
    remember(head["trees"])
    files = {name: _document(folder, name, data) for name, data in head["data"].items()}

    def part(name: str) -> dict[str, Document]:
        return {key: files[file] for key, file in head[name].items()}

    return Source(
        folders=(folder,),
        component=files[MAIN_FILE],
        connections=part("connections"),
        datasources=part("datasources"),
        actions=CompiledActions(folder, file),
        inputs={key: (document, ("inputs", key)) for key, document in part("inputs").items()},
        schemas=Schemas([folder]),
        former=head["former"],
    )


class CompiledFile:
    """The file, opened for every look: no descriptor outlives a fork or an update."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            front = file.read(len(_MAGIC) + _FRONT.size)
        if not front.startswith(_MAGIC):
            raise ValueError("a file of another format")
        self.count, *self._places = _FRONT.unpack(front[len(_MAGIC) :])

    def head(self) -> bytes:
        """Return everything that is not an action."""
        return self._read(self._places[0], self._places[1])

    def keys(self) -> list[str]:
        """Return the keys of all actions, in the order of the sources."""
        found: list[str] = json.loads(self._read(self._places[2], self._places[3]))
        return found

    def find(self, key: str) -> bytes | None:
        """Return what is kept of an action, or None; about as fast among ten thousand as among ten."""
        wanted = _hash(key)
        start = self._places[2] + self._places[3]
        low, high = 0, self.count
        with self._path.open("rb", buffering=0) as file:
            while low < high:
                middle = (low + high) // 2
                file.seek(start + middle * _ENTRY.size)
                found, place, size_bytes = _ENTRY.unpack(file.read(_ENTRY.size))
                if found == wanted:
                    file.seek(place)
                    return file.read(size_bytes)
                low, high = (middle + 1, high) if found < wanted else (low, middle)
        return None

    def _read(self, place: int, size_bytes: int) -> bytes:
        with self._path.open("rb", buffering=0) as file:
            file.seek(place)
            return file.read(size_bytes)


class CompiledActions(Mapping[str, Document]):
    """Actions by key, each read when it is asked for."""

    def __init__(self, folder: Path, file: CompiledFile) -> None:
        self._folder = folder
        self._file = file
        self._sources: Mapping[str, Document] | None = None

    def __getitem__(self, key: str) -> Document:
        if self._sources is None:
            try:
                return self._compiled(key)
            except (OSError, ValueError):
                from connector_runtime.load import read_component  # noqa: PLC0415

                self._sources = read_component([self._folder]).actions
        return self._sources[key]

    def _compiled(self, key: str) -> Document:
        """Return what was compiled; `ValueError` where the sources have changed since."""
        piece = self._file.find(key)
        if piece is None:
            if self._file.count == sum(1 for _ in folder_files(self._folder, "actions")):
                raise KeyError(key)
            raise ValueError("a file was added or removed")
        stored = json.loads(piece)
        if stored["key"] != key or _digest(self._folder, stored["name"]) != stored["digest"]:
            raise ValueError("the file was changed")
        remember(stored["trees"])
        return _document(self._folder, stored["name"], stored["data"])

    def __iter__(self) -> Iterator[str]:
        return iter(self._file.keys() if self._sources is None else self._sources)

    def __len__(self) -> int:
        return self._file.count if self._sources is None else len(self._sources)


def _head(source: Source, folder: Path) -> dict[str, Any]:
    """Return everything but the actions: the data of each file, and which key is in which."""
    documents = [source.component, *source.connections.values(), *source.datasources.values()]
    documents += [document for document, _ in source.inputs.values()]
    return {
        "files": _digests(folder),
        "data": {document.name: document.data for document in documents},
        "connections": {key: document.name for key, document in source.connections.items()},
        "datasources": {key: document.name for key, document in source.datasources.items()},
        "inputs": {key: document.name for key, (document, _) in source.inputs.items()},
        "former": {
            former: key
            for key, document in source.actions.items()
            for former in document.data.get("aliases", ())
            if former not in source.actions
        },
        "trees": {name: tree for document in documents for name, tree in _trees(document.data)},
    }


def _stored(document: Document, content: bytes) -> dict[str, Any]:
    return {
        "key": document.data["action"],
        "name": document.name,
        "digest": _digest_of(content),
        "data": document.data,
        "trees": dict(_trees(document.data)),
    }


def _trees(data: Any) -> Iterator[tuple[str, list[Any]]]:
    for text in expression_texts(data):
        tree = packed_tree(text)
        if tree is not None:
            yield text, tree


def _document(folder: Path, name: str, data: Any) -> Document:
    return Document(folder / name, name, data)


def _digests(folder: Path) -> dict[str, str]:
    names = [MAIN_FILE, *(name for part in _PARTS for name in folder_files(folder, part))]
    return {name: _digest(folder, name) for name in names}


def _digest(folder: Path, name: str) -> str:
    """Return the digest of a file, empty where it cannot be read; pathlib would be half of what it costs."""
    try:
        with open(f"{folder}/{name}", "rb", buffering=0) as file:  # noqa: PTH123
            return _digest_of(file.read())
    except OSError:
        return ""


def _digest_of(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
