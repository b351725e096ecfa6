"""XLSX workbooks: which sheet, and its cells as text."""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import ParseError

from lossnlp._errors import InputError
from lossnlp.deals._records import text_of
from lossnlp.deals._table import Table, filled, shape

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

ZIP = b"PK\x03\x04"
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def refuse_old_excel(data: bytes, name: str) -> None:
    """Raise InputError for an Excel file that is protected or of the format before 2007."""
    if _ENCRYPTED in data:
        raise InputError(f"{name} is protected by a password; save it without one")
    raise InputError(f"{name} is an old Excel file (.xls); save it as .xlsx or CSV")


def read_workbook(data: bytes, sheet: str | None, name: str) -> Table:
    """Read one sheet of an XLSX file: the one named, else the first visible one with cells."""
    _refuse_other_archive(data, name)
    with _damage_named(name):
        import openpyxl

        workbook = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        title, records = _sheet(workbook, sheet, name)
        workbook.close()
    others = [other for other in workbook.sheetnames if other != title]
    more = f" (others: {', '.join(others)})" if others else ""
    return shape(records, [f"sheet: {title}{more}"])


def _refuse_other_archive(data: bytes, name: str) -> None:
    try:
        members = zipfile.ZipFile(io.BytesIO(data)).namelist()
    except zipfile.BadZipFile:
        raise InputError(f"{name} is a damaged XLSX file; export or save it again") from None
    if "xl/workbook.bin" in members:
        raise InputError(f"{name} is a binary workbook (.xlsb); save it as .xlsx or CSV")
    if "xl/workbook.xml" not in members:
        raise InputError(f"{name} is a zip archive, not an XLSX file; unpack it first")


@contextmanager
def _damage_named(name: str) -> Iterator[None]:
    """Turn what openpyxl raises on a damaged file into one InputError."""
    try:
        with warnings.catch_warnings():
            # Exports of CRMs lack a default style or carry extensions; no cell is lost by that.
            warnings.filterwarnings("ignore", module="openpyxl")
            yield
    except (zipfile.BadZipFile, KeyError, ValueError, ParseError, EOFError, OSError) as error:
        raise InputError(
            f"{name} is a damaged XLSX file ({type(error).__name__}); export or save it again"
        ) from None


def _sheet(workbook: Workbook, sheet: str | None, name: str) -> tuple[str, list[list[str]]]:
    if sheet is not None:
        if sheet not in workbook.sheetnames:
            raise InputError(
                f"{name} has no sheet {sheet!r}; it has {', '.join(workbook.sheetnames)}"
            )
        return sheet, _records(workbook[sheet])
    for worksheet in workbook.worksheets:
        if worksheet.sheet_state != "visible":
            continue
        records = _records(worksheet)
        if any(filled(record) for record in records):
            return worksheet.title, records
    raise InputError(f"{name} has no visible sheet with cells")


def _records(worksheet: Any) -> list[list[str]]:
    # Some exporters declare a wrong size, which read-only mode would believe; Any, because the
    # stubs know only the sheets of the other mode.
    worksheet.reset_dimensions()
    records = [[text_of(cell) for cell in row] for row in worksheet.iter_rows(values_only=True)]
    width = max((len(record) for record in records), default=0)
    return [record + [""] * (width - len(record)) for record in records]
