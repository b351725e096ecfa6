"""Text files: encoding, separator, and records with quoted line breaks."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager

from lossnlp._errors import InputError
from lossnlp.deals._table import header_index

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
_SAMPLE_BYTES = 1 << 18
_PIECE_BYTES = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH_BYTES = bytes(range(128, 256))
_SEP_LINE = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)


def encoding_of(data: bytes, name: str) -> str:
    """Return the encoding of a text file: by its mark, else UTF-8, else Windows cp1252."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return encoding
    head = data[:4096]
    if head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[0::2].count(0) else "utf-16-be"
    for encoding in ("utf-8", "cp1252"):
        if _decodes(data, encoding):
            return encoding
    raise InputError(
        f"{name} is neither UTF-8, UTF-16 nor cp1252 text; name its encoding with --encoding"
    )


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        for _ in _pieces(data, encoding):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _pieces(data: bytes, encoding: str) -> Iterator[str]:
    """Decode piece by piece: one emoji makes the text of a whole file four times as large."""
    decoder = codecs.getincrementaldecoder(encoding)()
    for start in range(0, len(data), _PIECE_BYTES):
        end = start + _PIECE_BYTES
        yield decoder.decode(data[start:end], final=end >= len(data))


def checked_encoding(data: bytes, encoding: str | None, name: str) -> str:
    """Return the encoding to read ``data`` with, after a check that it can and holds no NUL."""
    chosen = encoding or encoding_of(data, name)
    if encoding is None and chosen == "cp1252":
        _refuse_broken_utf8(data, name)
    line = 1
    try:
        for piece in _pieces(data, chosen):
            nul = piece.find("\0")
            if nul >= 0:
                line += piece.count("\n", 0, nul)
                raise InputError(f"{name}, line {line}: a NUL byte; the file is damaged")
            line += piece.count("\n")
    except LookupError:
        raise InputError(f"there is no encoding named {chosen!r}; try utf-8 or cp1252") from None
    except UnicodeDecodeError as error:
        line += error.object.count(b"\n", 0, error.start)
        raise InputError(
            f"{name}, line {line}: not {chosen} text; leave --encoding out or name another"
        ) from None
    return chosen


def _refuse_broken_utf8(data: bytes, name: str) -> None:
    """Raise InputError for UTF-8 with some broken characters, which cp1252 would garble wholly."""
    text = data.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    if broken * 10 < len(data) - len(data.translate(None, _HIGH_BYTES)):
        line = text.count("\n", 0, text.index("\ufffd")) + 1
        raise InputError(
            f"{name}, line {line}: broken UTF-8 in a file that is UTF-8 elsewhere; mend that line "
            "or export again, or read all of it otherwise with --encoding cp1252"
        )


def records_of(data: bytes, encoding: str, name: str) -> tuple[list[list[str]], str]:
    """Return the records of a separated text file and the name of its separator.

    Records are parsed from the bytes as a whole, so line breaks inside quotes stay as they are.
    """
    skip, separator = declared_separator(data, encoding)
    separator = separator or separator_of(data, encoding)
    with _cells_up_to(len(data)):
        records = list(_parse(data, encoding, separator, skip, name))
    return records, _SEPARATORS.get(separator, repr(separator))


@contextmanager
def _cells_up_to(length: int) -> Iterator[None]:
    """Let cells be as long as the file: a note may exceed the csv module's 131,072 characters."""
    limit = csv.field_size_limit()
    csv.field_size_limit(max(length, limit))
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def _parse(data: bytes, encoding: str, separator: str, skip: int, name: str) -> Iterator[list[str]]:
    lines = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    if skip:
        lines.readline()
    reader = csv.reader(lines, delimiter=separator, strict=True)
    row = 0
    while True:
        row += 1
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(
                f"{name}, row {row}: a quoted cell is not closed as it should be ({error}); "
                "double the quotes inside it, or export the file again"
            ) from None


def declared_separator(data: bytes, encoding: str) -> tuple[int, str | None]:
    """Return (lines to skip, separator) from the ``sep=;`` line that Excel understands."""
    declared = _SEP_LINE.match(_head(data, encoding)[:8])
    return (1, declared.group(1)) if declared else (0, None)


def _head(data: bytes, encoding: str) -> str:
    decoder = codecs.getincrementaldecoder(encoding)()
    return decoder.decode(data[:_SAMPLE_BYTES])


def separator_of(data: bytes, encoding: str) -> str:
    """Return the separator that gives most rows of the head as many cells as the header has."""
    head = _head(data, encoding)
    cut = len(data) >= _SAMPLE_BYTES
    best, best_score = ",", (0.5, 1 << 30)
    for separator in _SEPARATORS:
        with _cells_up_to(len(head)):
            sample = list(csv.reader(io.StringIO(head, newline=""), delimiter=separator))
        sample = [record for record in (sample[:-1] if cut else sample) if any(record)]
        if not sample:
            continue
        start = header_index(sample)
        width = len(sample[start])
        # Title lines count against a separator, lines of a footer (one cell) do not.
        wide = [record for record in sample[start:] if len(record) > 1]
        share = sum(len(record) == width for record in wide) / (start + len(wide) or 1)
        if width > 1 and (share, width) > best_score:
            best, best_score = separator, (share, width)
    return best
