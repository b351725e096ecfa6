"""What is scored: files read in blocks, at constant memory."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Protocol

import pyarrow as pa

from lossnlp._errors import InputError
from lossnlp.scoring._blocks import Block

#: File name ending → how such a file is read and written.
FORMATS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class Source(Protocol):
    """Rows to score: their columns, and the blocks that hold them in order."""

    label: str
    format: str
    warnings: list[str]

    @property
    def rows(self) -> int | None:
        """The number of rows, None where only reading tells."""

    @property
    def schema(self) -> pa.Schema:
        """The columns and their types."""

    def blocks(self, skip: int = 0) -> Iterator[Block]:
        """Yield the rows in order, without the first ``skip``, which must end a block."""

    def share_read(self) -> float | None:
        """Return how much of the source has been read, from 0 to 1; None if nobody knows."""

    def digest(self) -> str:
        """Return a digest of the whole input, by which a later run knows it again."""

    def head(self) -> Block | None:
        """Return the first block, None if there is no row."""

    @property
    def is_short(self) -> bool:
        """Whether the first block is all there is, as far as can be told without reading on."""

    def refuse_changes(self) -> None:
        """Raise InputError if the source was changed since it was opened."""


def files_of(spec: str) -> list[Path]:
    """Return the files that a path, a folder or a glob names, in order of their names.

    Raises
    ------
    InputError
        If there is none, or if they are not all of one readable format.
    """
    path = Path(spec)
    if path.is_dir():
        found = [file for file in path.iterdir() if _is_data(file)]
    elif path.exists():
        found = [path]
    else:
        root = Path(path.anchor)
        found = [file for file in root.glob(str(path.relative_to(root))) if file.is_file()]
    if not found:
        raise InputError(f"{spec}: no such file, folder or pattern with {_readable()} files")
    if len(formats := {format_of(file) for file in found}) > 1:
        raise InputError(f"{spec}: mixes {' and '.join(sorted(formats))} files; name one kind")
    return sorted(found)


def format_of(path: Path) -> str:
    """Return the format that a file's name tells."""
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}: cannot tell the format; the name should end in {_readable()}")
    return FORMATS[path.suffix.lower()]


def file_digest(files: list[Path]) -> str:
    """Return one SHA-256 over the names and the whole content of the files."""
    whole = hashlib.sha256()
    for file in files:
        with file.open("rb") as handle:
            content = hashlib.file_digest(handle, "sha256").hexdigest()
        whole.update(f"{file.name} {content}\n".encode())
    return whole.hexdigest()


class FileSource:
    """What the sources that read files share: the files, their digest, and how far they are."""

    def __init__(self, label: str, files: list[Path]) -> None:
        self.label = label
        self.files = files
        self.warnings: list[str] = []
        self._bytes = sum(file.stat().st_size for file in files)
        self._stamp = self._stat()
        self._read = 0

    @property
    def rows(self) -> int | None:
        """Text tells its number of rows only at its end."""
        return None

    def share_read(self) -> float | None:
        """Return the share of the bytes that have been read."""
        return self._read / self._bytes if self._bytes else 1.0

    def digest(self) -> str:
        """Return one SHA-256 over all files."""
        return file_digest(self.files)

    @cached_property
    def _first(self) -> list[Block]:
        return list(islice(self.blocks(), 2))

    def blocks(self, skip: int = 0) -> Iterator[Block]:
        """Yield the rows in order, without the first ``skip``."""
        raise NotImplementedError

    def head(self) -> Block | None:
        """Return the first block, None if there is no row."""
        return self._first[0] if self._first else None

    @property
    def is_short(self) -> bool:
        """Whether the first block is all there is."""
        return len(self._first) < 2

    def refuse_changes(self) -> None:
        """Raise InputError if a file was changed since it was opened."""
        if self._stat() != self._stamp:
            raise InputError(f"{self.label}: was changed while it was being scored; score it again")

    def _stat(self) -> list[tuple[int, int]]:
        return [((stat := file.stat()).st_size, stat.st_mtime_ns) for file in self.files]


class StreamSource:
    """JSON lines from standard input: read once, by no name, without resume."""

    format = "jsonl"
    label = "standard input"
    rows = None
    is_short = False

    def __init__(self) -> None:
        from lossnlp.scoring._text_files import line_blocks

        self.warnings: list[str] = []
        self._blocks = line_blocks(sys.stdin.buffer, self.label)
        self._head = next(self._blocks, None)

    @property
    def schema(self) -> pa.Schema:
        """A stream cannot be read twice, so its types are not known before its end."""
        raise InputError(
            "standard input can only be written as JSONL: name OUT with .jsonl, or - for standard "
            "output"
        )

    def blocks(self, skip: int = 0) -> Iterator[Block]:
        """Yield the lines of standard input."""
        if skip:
            raise InputError("standard input cannot be resumed; save it to a file first")
        if self._head is not None:
            yield self._head
        yield from self._blocks

    def head(self) -> Block | None:
        """Return the first block, None if there is no line."""
        return self._head

    def share_read(self) -> float | None:
        """Nobody knows how much is to come."""
        return None

    def digest(self) -> str:
        """Streams have no digest: they cannot be read twice."""
        return ""

    def refuse_changes(self) -> None:
        """Do nothing: a stream is read once."""


def _is_data(file: Path) -> bool:
    return file.is_file() and file.suffix.lower() in FORMATS and file.name[0] not in "._"


def _readable() -> str:
    return ", ".join(FORMATS)
