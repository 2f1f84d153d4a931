"""A component compiled into one file, so that a cold worker reads only what one call needs.

The file lies beside `component.yaml` in an installed package: an index of fixed-size entries
sorted by the hash of the action's key, one head with everything that is not an action, and one
piece of JSON an action, with the syntax trees of its expressions. A source whose bytes are not
those it was made from wins: then the whole folder is read and checked as if there were no file.

Every part stands behind a digest of its bytes, which is proved before the part is read: a file
that was cut, spoiled or changed gives nothing of what it holds, and the sources count. It is JSON
and never runs; whoever can exchange it could exchange the sources as well.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from connector_runtime.definition.component_files import MAIN_FILE, Source, folder_files
from connector_runtime.language.documents.document import Document
from connector_runtime.language.documents.merged import MergedDocument
from connector_runtime.language.expressions.grammar import packed_tree, remember
from connector_runtime.language.kinds import KEYED, KINDS
from connector_runtime.language.schemas.validator import Schemas
from connector_runtime.language.templates import expression_texts

if TYPE_CHECKING:
    from pathlib import Path

FILE = "component.compiled"

# Another number, another format, also of the trees: an older runtime reads the sources instead.
_MAGIC = b"connector-compiled-5\n"
_DIGEST_BYTES = 16
_FRONT = struct.Struct(f"<QQQQQ{_DIGEST_BYTES}s")
_ENTRY = struct.Struct("<QQQ")
# Actions are left out: there are many, and a worker wants one.
_PARTS = (*(kind.folder for kind in KINDS if kind.folder and kind.name != "action"), "schemas")
_WHOLE = tuple(kind for kind in KEYED if kind != "action")


def compile_component(folder: Path) -> bytes:
    """Return the compiled form of a folder's component.

    Raises:
        DefinitionError: The folder has problems.
    """
    from connector_runtime.definition.load import (  # noqa: PLC0415  what is compiled needs no parser
        read_component,
    )

    source = read_component([folder])
    place = len(_MAGIC) + _DIGEST_BYTES + _FRONT.size
    pieces: list[bytes] = []
    entries = []
    for key, document in source.files["action"].items():
        piece = _proved(_json(_stored(document, document.path.read_bytes())))
        entries.append((_hash(key), place, len(piece)))
        pieces.append(piece)
        place += len(piece)
    head, keys = _proved(_json(_head(source, folder))), _proved(_json(list(source.files["action"])))
    index = b"".join(_ENTRY.pack(*entry) for entry in sorted(entries))
    places = (place, len(head), place + len(head), len(keys))
    front = _proved(_FRONT.pack(len(entries), *places, _hashed(index)))
    return b"".join([_MAGIC, front, *pieces, head, keys, index])


class SpoiledError(ValueError):
    """A part of the file is not what was written."""


def read_compiled(folder: Path) -> Source | None:
    """Return the component of a folder from its compiled file, or None to read the sources."""
    try:
        file = CompiledFile(folder / FILE)
        head = json.loads(file.head())
        if head["files"] != _digests(folder):
            return None
    except SpoiledError:
        _warn(folder)
        return None
    except (OSError, ValueError):
        return None
    remember(head["trees"])
    parts = head["parts"]
    files = {name: _document(folder, name, data, parts.get(name)) for name, data in head["data"].items()}

    def part(name: str) -> dict[str, Document]:
        return {key: files[file] for key, file in head[name].items()}

    return Source(
        folders=(folder,),
        component=files[MAIN_FILE],
        files={**{kind: part(kind) for kind in _WHOLE}, "action": CompiledActions(folder, file)},
        inputs={key: (document, ("inputs", key)) for key, document in part("inputs").items()},
        schemas=Schemas([folder]),
        former=head["former"],
    )


class CompiledFile:
    """The file, opened for every look: no descriptor outlives a fork or an update."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with path.open("rb") as file:
            front = file.read(len(_MAGIC) + _DIGEST_BYTES + _FRONT.size)
        if not front.startswith(_MAGIC):
            raise ValueError("a file of another format")
        self.count, *self._places, self._index = _FRONT.unpack(_read_proved(front[len(_MAGIC) :]))

    def head(self) -> bytes:
        """Return everything that is not an action.

        Raises:
            SpoiledError: It is not what was written; so for every part.
        """
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
                found, place, size_bytes = _ENTRY.unpack(
                    _taken(file, start + middle * _ENTRY.size, _ENTRY.size)
                )
                if found == wanted:
                    return _read_proved(_taken(file, place, size_bytes))
                low, high = (middle + 1, high) if found < wanted else (low, middle)
            # Only a whole index says that a key is in none of the files.
            if _hashed(_taken(file, start, self.count * _ENTRY.size)) != self._index:
                raise SpoiledError
        return None

    def _read(self, place: int, size_bytes: int) -> bytes:
        with self._path.open("rb", buffering=0) as file:
            return _read_proved(_taken(file, place, size_bytes))


def _taken(file: BinaryIO, place: int, size_bytes: int) -> bytes:
    """Return bytes of a file, which must not end before them."""
    if place + size_bytes > os.fstat(file.fileno()).st_size:
        raise SpoiledError
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
            except (OSError, ValueError) as problem:
                self._sources = self._read_sources(problem)
        return self._sources[key]

    def _read_sources(self, problem: Exception) -> Mapping[str, Document]:
        """Return the actions of the sources: they have changed, or the file is gone or spoiled."""
        from connector_runtime.definition.load import read_component  # noqa: PLC0415

        if isinstance(problem, SpoiledError):
            _warn(self._folder)
        return read_component([self._folder]).files["action"]

    def _compiled(self, key: str) -> Document:
        """Return what was compiled; `ValueError` where the sources have changed since."""
        piece = self._file.find(key)
        if piece is None:
            if self._file.count == sum(1 for _ in folder_files(self._folder, "actions")):
                raise KeyError(key)
            raise ValueError("a file was added or removed")
        stored = json.loads(piece)
        if stored["key"] != key:
            raise SpoiledError
        if _digest(self._folder, stored["name"]) != stored["digest"]:
            raise ValueError("the file was changed")
        remember(stored["trees"])
        return _document(self._folder, stored["name"], stored["data"], stored["parts"])

    def __iter__(self) -> Iterator[str]:
        if self._sources is None:
            try:
                return iter(self._file.keys())
            except (OSError, ValueError) as problem:
                self._sources = self._read_sources(problem)
        return iter(self._sources)

    def __len__(self) -> int:
        return self._file.count if self._sources is None else len(self._sources)


def _head(source: Source, folder: Path) -> dict[str, Any]:
    """Return everything but the actions: the data of each file, and which key is in which."""
    documents = [source.component, *(one for kind in _WHOLE for one in source.files[kind].values())]
    documents += [document for document, _ in source.inputs.values()]
    return {
        "files": _digests(folder),
        "data": {document.name: document.data for document in documents},
        "parts": {document.name: parts for document in documents if (parts := _names(document))},
        **{kind: {key: one.name for key, one in source.files[kind].items()} for kind in _WHOLE},
        "inputs": {key: document.name for key, (document, _) in source.inputs.items()},
        "former": {
            former: key
            for key, document in source.files["action"].items()
            for former in document.data.get("aliases", ())
            if former not in source.files["action"]
        },
        "trees": {name: tree for document in documents for name, tree in _trees(document.data)},
    }


def _stored(document: Document, content: bytes) -> dict[str, Any]:
    return {
        "key": document.data["action"],
        "name": document.name,
        "digest": _digest_of(content),
        "data": document.data,
        "parts": _names(document),
        "trees": dict(_trees(document.data)),
    }


def _trees(data: Any) -> Iterator[tuple[str, list[Any]]]:
    for text in expression_texts(data):
        tree = packed_tree(text)
        if tree is not None:
            yield text, tree


def _names(document: Document) -> list[str]:
    """Return the names of the files that a document was made of, where there are several."""
    return [layer.name for layer in document.layers] if isinstance(document, MergedDocument) else []


def _document(folder: Path, name: str, data: Any, parts: list[str] | None = None) -> Document:
    if not parts:
        return Document(folder / name, name, data)
    # Only whoever wants a place reads them.
    layers = [Document(folder / part, part, None) for part in parts]
    return MergedDocument(folder / name, name, data, layers=layers, takes=name != MAIN_FILE)


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
    return _hashed(content).hex()


def _hashed(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest()


def _proved(content: bytes) -> bytes:
    """Return content behind its digest."""
    return _hashed(content) + content


def _read_proved(part: bytes) -> bytes:
    """Return the content of a part; `SpoiledError` where it is not what was written."""
    content = part[_DIGEST_BYTES:]
    if part[:_DIGEST_BYTES] != _hashed(content):
        raise SpoiledError
    return content


def _warn(folder: Path) -> None:
    import logging  # noqa: PLC0415  a file that is whole needs no words

    logging.getLogger("connector_runtime").warning(
        "%s is spoiled or was exchanged; the sources beside it are read instead, which takes longer.",
        folder / FILE,
    )


def _hash(key: str) -> int:
    return int.from_bytes(hashlib.blake2b(key.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
