"""Opening a file of deals: what it is, told from its first bytes, and its cells as text."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from lossnlp._errors import InputError
from lossnlp.deals._delimited import checked_encoding, records_of
from lossnlp.deals._records import read_json_lines, read_parquet
from lossnlp.deals._sheets import OLD_EXCEL, ZIP, read_workbook, refuse_old_excel
from lossnlp.deals._table import Table, shape

_PARQUET = b"PAR1"
_GZIP = b"\x1f\x8b"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_CONTROL = bytes(set(range(32)) - set(b"\t\n\r\f"))
#: Control characters that a text may hold by accident.
_FEW = 4
_HTML = re.compile(rb"\s*<(!doctype|html|table|meta|\?xml)", re.IGNORECASE)
_JSON_LIST = re.compile(r"\s*\[\s*\{")


def shown(path: str | Path) -> str:
    """Return what messages call a file."""
    return "standard input" if str(path) == "-" else str(path)


def load(path: str | Path, encoding: str | None = None, sheet: str | None = None) -> Table:
    """Read a CSV, TSV, XLSX, Parquet or JSONL file into a table of text.

    The kind is told from the content, not from the ending of the name; ``-`` is standard input.

    Raises
    ------
    InputError
        When there is no such file, or it is empty, binary, damaged or protected.
    """
    name = shown(path)
    data = sys.stdin.buffer.read() if str(path) == "-" else _bytes(Path(path))
    if not data.strip():
        raise InputError(f"{name} is empty")
    if data.startswith(ZIP):
        table = read_workbook(data, sheet, name)
    elif data.startswith(_PARQUET):
        table = read_parquet(data, name)
    else:
        table = _read_text(data, encoding, name)
    if not table.rows:
        raise InputError(f"{name} holds a header and no deals")
    return table


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise InputError(f"{path} is a folder; name one file in it")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(f"there is no file {path}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _read_text(data: bytes, encoding: str | None, name: str) -> Table:
    _refuse_binary(data, name)
    chosen = checked_encoding(data, encoding, name)
    head = data[:4096].decode(chosen, errors="ignore").lstrip("\ufeff \t\r\n")
    if head.startswith("{"):
        return read_json_lines(data.decode(chosen), name)
    if _JSON_LIST.match(head):
        raise InputError(f"{name} is one JSON list; write one object a line (JSONL)")
    records, separator = records_of(data, chosen, name)
    return shape(records, [f"text: {chosen}, separated by {separator}"])


def _refuse_binary(data: bytes, name: str) -> None:
    if data.startswith(OLD_EXCEL):
        refuse_old_excel(data, name)
    if data.startswith(_GZIP):
        raise InputError(f"{name} is compressed; unpack it first (gunzip)")
    if _HTML.match(data[:512]):
        raise InputError(f"{name} is a web page or XML; export it as CSV or XLSX")
    head = data[:4096]
    if head.startswith(_UTF16_MARKS) or _is_utf16(head):
        return
    if len(head) - len(head.translate(None, _CONTROL)) > max(_FEW, len(head) // 50):
        raise InputError(f"{name} is a binary file; give a CSV, TSV, XLSX, Parquet or JSONL file")


def _is_utf16(head: bytes) -> bool:
    """Tell whether every second byte is nearly always zero, as in UTF-16 without a mark."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    return max(even, odd) > len(head) // 4 and min(even, odd) <= len(head) // 100
