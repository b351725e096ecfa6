"""Finished work on disk: part files, the manifest that vouches for them, and the final marker.

A part is written under a temporary name, closed, flushed to the disk, read again, renamed, and
only then entered in the manifest, a JSONL file whose first line says what was asked. Whatever the
moment at which a run is killed, a part is either in the manifest and whole, or made anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lossnlp._errors import InputError, LossnlpError
from lossnlp.scoring._write import as_line

if sys.platform != "win32":
    import fcntl

MANIFEST = "_manifest.jsonl"
MARKER = "_SUCCESS"
_LOCK = "_lock"
_FORMAT = 1


@dataclass(frozen=True)
class Part:
    """One finished part: its file, its range of rows (``start`` counts from 0), its digest."""

    name: str
    start: int
    rows: int
    sha256: str


class Parts:
    """The folder of the parts of one run.

    Parameters
    ----------
    folder
        Where the parts are or will be.
    asked
        What the run was asked to do: input digest, model, tier and so on. Parts of a run that was
        asked otherwise are never continued.
    resume
        Whether to continue the parts that are there.
    """

    def __init__(self, folder: Path, asked: dict[str, Any], *, resume: bool) -> None:
        self.folder = folder
        self._asked = {"format": _FORMAT, **asked}
        self._manifest = folder / MANIFEST
        self.done: list[Part] = []
        if self._manifest.exists():
            if not resume:
                raise InputError(
                    f"{folder}: holds an unfinished run; add --resume to go on, or remove it"
                )
            self.done = self._verified()
        elif folder.exists() and any(folder.iterdir()):
            raise InputError(f"{folder}: is not empty and holds no run of score; name another OUT")
        with told_when_full(folder):
            self._begin()

    @property
    def rows(self) -> int:
        """How many rows the finished parts hold."""
        return sum(part.rows for part in self.done)

    @property
    def paths(self) -> list[Path]:
        """The finished parts in order."""
        return [self.folder / part.name for part in self.done]

    def write(
        self, rows: int, suffix: str, fill: Callable[[BinaryIO], None], count: Callable[[Path], int]
    ) -> None:
        """Write the next part.

        Parameters
        ----------
        rows
            How many rows ``fill`` writes.
        suffix
            The ending of the file's name, such as ``.parquet``.
        fill
            Writes the rows to the open file.
        count
            Reads a written file again and returns its number of rows.
        """
        path = self.folder / f"part-{len(self.done):06d}{suffix}"
        with whole_file(path) as handle:
            fill(handle)
            handle.flush()
            digest = _digest(Path(handle.name))
            if (found := count(Path(handle.name))) != rows:
                raise LossnlpError(f"{path}: holds {found} rows of {rows}; the disk may be faulty")
        part = Part(path.name, self.rows, rows, digest)
        self._append(asdict(part))
        self.done.append(part)

    def close(self) -> None:
        """Let another run work in this folder."""
        self._lock.close()
        (self.folder / _LOCK).unlink(missing_ok=True)

    def _begin(self) -> None:
        """Take the folder for this run; keep of the manifest what was verified."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = (self.folder / _LOCK).open("w")
        if sys.platform != "win32":
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._lock.close()
                raise InputError(f"{self.folder}: another run of score is at work here") from None
        with whole_file(self._manifest) as handle:
            handle.write(as_line(self._asked))
            handle.writelines(as_line(asdict(part)) for part in self.done)
        for stray in self.folder.glob("*.tmp-*"):
            stray.unlink()

    def _append(self, entry: dict[str, Any]) -> None:
        with told_when_full(self._manifest), self._manifest.open("ab") as handle:
            handle.write(as_line(entry))
            _sync(handle)

    def _verified(self) -> list[Part]:
        """Return the parts that the manifest names and the disk holds unchanged, in order."""
        asked, *entries = list(_whole_lines(self._manifest)) or [{}]
        self._refuse_other_run(asked)
        done: list[Part] = []
        for entry in entries:
            part = Part(**entry)
            path = self.folder / part.name
            if not path.exists() or _digest(path) != part.sha256:
                break
            done.append(part)
        return done

    def _refuse_other_run(self, asked: dict[str, Any]) -> None:
        changed = [key for key in self._asked if asked.get(key) != self._asked[key]]
        if changed:
            raise InputError(
                f"{self.folder}: was begun with another {' and '.join(changed)}; "
                "remove the folder to start anew"
            )


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that appears under its name only when it is whole and on the disk."""
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    try:
        with told_when_full(path):
            with temporary.open("wb") as handle:
                yield handle
            with temporary.open("rb") as handle:
                _sync(handle)
            temporary.replace(path)
            _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def told_when_full(path: Path) -> Iterator[None]:
    """Turn a failed write into one line that says what to do."""
    try:
        yield
    except OSError as error:
        raise LossnlpError(
            f"{path}: cannot be written ({error.strerror or error}); "
            "make room or mend the place, then go on with --resume"
        ) from error


def write_marker(path: Path, facts: dict[str, Any]) -> None:
    """Write the final marker: the last file of a run that lost nothing."""
    with whole_file(path) as handle:
        handle.write(as_line(facts))


def read_marker(path: Path) -> dict[str, Any] | None:
    """Return what the final marker says, or None if there is none."""
    if not path.exists():
        return None
    facts: dict[str, Any] = json.loads(path.read_bytes())
    return facts


def discard(folder: Path) -> None:
    """Remove the folder of the parts, once they are joined."""
    if folder.exists():
        shutil.rmtree(folder)


def _whole_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the entries of a manifest; a last line that was cut by a kill is none."""
    for line in path.read_bytes().splitlines(keepends=True):
        if line.endswith(b"\n"):
            yield json.loads(line)


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _sync(handle: BinaryIO) -> None:
    handle.flush()
    os.fsync(handle.fileno())


def _sync_folder(folder: Path) -> None:
    if sys.platform != "win32":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
