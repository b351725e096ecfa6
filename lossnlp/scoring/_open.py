"""Opening what is to be scored, whatever it is."""

from __future__ import annotations

from lossnlp.deals import dialect_of
from lossnlp.scoring._parquet import ParquetSource
from lossnlp.scoring._sources import Source, StreamSource, files_of, format_of
from lossnlp.scoring._text_files import CsvSource, JsonlSource

_HEAD_BYTES = 2**18


def open_source(spec: str, encoding: str | None = None) -> Source:
    """Open what is to be scored: files, standard input or a database table."""
    if spec == "-":
        return StreamSource()
    if "://" in spec:
        from lossnlp.scoring._tables import open_table

        return open_table(spec)
    files = files_of(spec)
    kind = format_of(files[0])
    if kind == "parquet":
        return ParquetSource(spec, files)
    if kind == "jsonl":
        return JsonlSource(spec, files)
    with files[0].open("rb") as handle:
        dialect = dialect_of(handle.read(_HEAD_BYTES), str(files[0]), encoding)
    return CsvSource(spec, files, dialect)
