"""CSV and JSONL, read in blocks: every cell as text, every line as it stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.csv as pc

from lossnlp._errors import InputError
from lossnlp.deals import Dialect, is_footer
from lossnlp.scoring._blocks import (
    BLOCK_BYTES,
    BLOCK_ROWS,
    LineBlock,
    TableBlock,
    as_bytes,
    broken_unicode,
    to_batch,
)
from lossnlp.scoring._sources import FileSource

#: A record of a CSV file must be shorter than this.
_RECORD_BYTES = 32 * 2**20


class CsvSource(FileSource):
    """CSV or TSV files; every cell is text and stays as it is."""

    def __init__(self, label: str, files: list[Path], dialect: Dialect) -> None:
        super().__init__(label, files)
        self.format = "tsv" if dialect.separator == "\t" else "csv"
        self._dialect = dialect

    @cached_property
    def schema(self) -> pa.Schema:
        """Text columns, named by the header, which all files must share."""
        first, *others = self.files
        names = self._header(first)
        if len(set(names)) < len(names):
            twin = next(name for name in names if names.count(name) > 1)
            raise InputError(f"{first}: two columns are named {twin!r}; rename one")
        for file in others:
            if self._header(file) != names:
                raise InputError(f"{file}: its columns differ from those of {first.name}")
        return pa.schema([(name, pa.string()) for name in names])

    def blocks(self, skip: int = 0) -> Iterator[TableBlock]:
        """Yield the rows in order, without the first ``skip``."""
        start, self._read = 0, 0
        for file in self.files:
            for rows in self._file_blocks(file):
                if start >= skip:
                    yield _text_block(start, rows, self.schema)
                start += rows.num_rows

    def _file_blocks(self, file: Path) -> Iterator[pa.RecordBatch]:
        last: pa.RecordBatch | None = None
        with pa.OSFile(str(file)) as handle:
            before = self._read
            for rows in reblocked(self._batches(handle, file)):
                self._read = before + handle.tell()
                yield (last := rows)
            self._read = before + handle.size()
        if last is not None and _ends_inside_quotes(last, file):
            raise InputError(
                f"{file}: a quote that opens a cell is never closed, so rows have run together; "
                "`lossnlp doctor` names the row"
            )

    def _batches(self, handle: pa.NativeFile, file: Path) -> Iterator[pa.RecordBatch]:
        if handle.size() == 0:
            return
        kinds = dict.fromkeys(self.schema.names, pa.binary())
        footer = _Footer(file)
        rows = 0
        try:
            for batch in self._open(handle, kinds, footer):
                footer.refuse_rows_after(rows := rows + batch.num_rows)
                yield batch
        except (pa.ArrowInvalid, UnicodeDecodeError) as error:
            raise InputError(_csv_fault(file, error)) from error
        footer.refuse_strangers()
        self.warnings += footer.warnings

    def _header(self, file: Path) -> list[str]:
        with pa.OSFile(str(file)) as handle:
            try:
                names: list[str] = self._open(handle, {}, _Footer(file)).schema.names
            except (pa.ArrowInvalid, UnicodeDecodeError) as error:
                raise InputError(_csv_fault(file, error)) from error
        return names

    def _open(
        self, handle: pa.NativeFile, kinds: dict[str, pa.DataType], footer: _Footer
    ) -> pc.CSVStreamingReader:
        return pc.open_csv(
            handle,
            read_options=pc.ReadOptions(
                use_threads=False,
                block_size=_RECORD_BYTES,
                encoding=self._dialect.encoding,
                skip_rows=self._dialect.title_lines,
            ),
            parse_options=pc.ParseOptions(
                delimiter=self._dialect.separator,
                newlines_in_values=True,
                invalid_row_handler=footer.take,
            ),
            convert_options=pc.ConvertOptions(column_types=kinds, strings_can_be_null=False),
        )


class _Footer:
    """The lines below the table of a report: one cell each, and no row behind them."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lines: list[pc.InvalidRow] = []

    def take(self, row: pc.InvalidRow) -> str:
        """Take a row that does not fit the header for a footer, if it can be one."""
        if row.actual_columns != 1:
            return "error"
        self._lines.append(row)
        return "skip"

    def refuse_rows_after(self, rows: int) -> None:
        """Raise InputError if there are rows behind a line of one cell; the header is row 1."""
        if self._lines and rows > self._lines[0].number - 2:
            raise InputError(self._fault)

    def refuse_strangers(self) -> None:
        """Raise InputError if no line has the words of a footer: a row may have been cut."""
        if self._lines and not any(is_footer(line.text) for line in self._lines):
            raise InputError(self._fault)

    @property
    def warnings(self) -> list[str]:
        """What was left out."""
        if not self._lines:
            return []
        return [f"{self._file}: {len(self._lines)} lines left out: footer of the report"]

    @property
    def _fault(self) -> str:
        first = self._lines[0]
        return (
            f"{self._file}: row {first.number} has 1 cell where the header has "
            f"{first.expected_columns}; `lossnlp doctor` says how to mend it"
        )


class JsonlSource(FileSource):
    """JSONL files: one object a line."""

    format = "jsonl"

    @cached_property
    def schema(self) -> pa.Schema:
        """Types as the values of the whole source have them (this reads all of it)."""
        schemas: list[pa.Schema] = [
            to_batch(block.records, block.start).schema for block in self.blocks()
        ]
        try:
            return pa.unify_schemas(schemas, promote_options="permissive")
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise InputError(
                f"{self.label}: a field changes its type along the file ({error}); "
                "write to JSONL, which passes every line through"
            ) from error

    def blocks(self, skip: int = 0) -> Iterator[LineBlock]:
        """Yield the rows in order, without the first ``skip``."""
        start, self._read = 0, 0
        for file in self.files:
            with file.open("rb") as handle:
                before = self._read
                for block in line_blocks(handle, str(file), start, skip):
                    self._read = before + handle.tell()
                    start = block.start + len(block)
                    if block.start >= skip:
                        yield block
                self._read = before + handle.tell()


def line_blocks(handle: BinaryIO, label: str, start: int = 0, skip: int = 0) -> Iterator[LineBlock]:
    """Yield the lines of a stream in blocks; rows before ``skip`` are not parsed."""
    lines: list[tuple[int, bytes]] = []
    size = 0
    for number, line in enumerate(handle, 1):
        if not (stripped := line.strip(b" \t\r\n")):
            continue
        lines.append((number, stripped))
        size += len(stripped)
        if len(lines) == BLOCK_ROWS or size >= BLOCK_BYTES:
            yield _line_block(lines, label, start, start >= skip)
            start += len(lines)
            lines, size = [], 0
    if lines:
        yield _line_block(lines, label, start, start >= skip)


def reblocked(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut record batches of any size into blocks of BLOCK_ROWS rows, fewer where rows are long."""
    held: list[pa.RecordBatch] = []
    size = rows = 0
    for batch in batches:
        most = block_rows(batch.nbytes, batch.num_rows)
        while batch.num_rows:
            piece = batch.slice(0, min(most, BLOCK_ROWS - rows))
            batch = batch.slice(piece.num_rows)
            held.append(piece)
            rows, size = rows + piece.num_rows, size + piece.nbytes
            if rows == BLOCK_ROWS or size >= BLOCK_BYTES:
                yield pa.concat_batches(held)
                held, rows, size = [], 0, 0
    if held:
        yield pa.concat_batches(held)


def block_rows(size: int, rows: int) -> int:
    """Return how many rows of ``size`` bytes in ``rows`` rows make a block."""
    return min(BLOCK_ROWS, max(1, BLOCK_BYTES * rows // max(size, 1)))


def _line_block(lines: list[tuple[int, bytes]], label: str, start: int, parse: bool) -> LineBlock:
    texts: list[str] = []
    records: list[dict[str, Any]] = []
    problems: dict[int, str] = {}
    for row, (number, line) in enumerate(lines):
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", errors="replace")
        if "\ufffd" in text and "\ufffd".encode() not in line:
            problems[row] = "broken Unicode in the line: replaced by U+FFFD"
        texts.append(text)
        records.append(_record(text, f"{label}, line {number}") if parse else {})
    return LineBlock(start, texts, records, problems)


def _record(text: str, where: str) -> dict[str, Any]:
    try:
        record = json.loads(text)
    except ValueError as error:
        raise InputError(
            f"{where}: not JSON ({error}); each line should hold one object"
        ) from error
    if not isinstance(record, dict):
        raise InputError(f"{where}: should hold one JSON object, not {type(record).__name__}")
    return record


def _text_block(start: int, rows: pa.RecordBatch, schema: pa.Schema) -> TableBlock:
    problems: dict[int, str] = {}
    columns = [
        _text(column, field.name, problems)
        for column, field in zip(rows.columns, schema, strict=True)
    ]
    return TableBlock(start, pa.RecordBatch.from_arrays(columns, schema=schema), problems)


def _text(column: pa.Array, name: str, problems: dict[int, str]) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [(value or b"").decode("utf-8", errors="replace") for value in as_bytes(column)]
        for row, (text, value) in enumerate(zip(texts, as_bytes(column), strict=True)):
            if text.encode() != value:
                problems[row] = broken_unicode(name)
        return pa.array(texts, pa.string())


def _ends_inside_quotes(last: pa.RecordBatch, file: Path) -> bool:
    """Tell whether the last cell of the file swallowed what follows an unclosed quote."""
    if not last.num_rows or b"\n" not in last.columns[-1][-1].as_py():
        return False
    quotes = 0
    with file.open("rb") as handle:
        while piece := handle.read(2**20):
            quotes += piece.count(b'"')
    return quotes % 2 == 1


def _csv_fault(file: Path, error: Exception) -> str:
    text = str(error)
    if "straddling" in text:
        return (
            f"{file}: a row is longer than {_RECORD_BYTES // 2**20} MB, or a quote is never "
            "closed; `lossnlp doctor` names the row"
        )
    if "Empty CSV" in text:
        return f"{file}: is empty; the first line should name the columns"
    if isinstance(error, UnicodeDecodeError):
        return f"{file}: is not {error.encoding} ({error.reason}); give --encoding"
    fault = text.removeprefix("CSV parse error: ").splitlines()[0][:200]
    return f"{file}: {fault}; `lossnlp doctor` says how to mend it"
