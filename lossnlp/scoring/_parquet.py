"""Parquet files, read row group by row group."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lossnlp._errors import InputError
from lossnlp.scoring._blocks import TableBlock
from lossnlp.scoring._sources import FileSource
from lossnlp.scoring._text_files import block_rows


class ParquetSource(FileSource):
    """Parquet files of one schema; nested columns and types stay as they are."""

    format = "parquet"

    @cached_property
    def _footers(self) -> list[pq.FileMetaData]:
        return [_open(file).metadata for file in self.files]

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns and types, which all files must share."""
        first, *others = self.files
        schema = _open(first).schema_arrow
        for file in others:
            if not _open(file).schema_arrow.equals(schema):
                raise InputError(f"{file}: its columns or types differ from those of {first.name}")
        return schema

    @property
    def rows(self) -> int | None:
        """The number of rows that the footers state."""
        return sum(int(footer.num_rows) for footer in self._footers)

    def share_read(self) -> float | None:
        """Return the share of the rows that have been read."""
        return self._read / self.rows if self.rows else 1.0

    def blocks(self, skip: int = 0) -> Iterator[TableBlock]:
        """Yield the rows in order, without the first ``skip``."""
        self._read = 0
        for file, footer in zip(self.files, self._footers, strict=True):
            for group in range(footer.num_row_groups):
                rows = footer.row_group(group).num_rows
                if self._read + rows <= skip:
                    self._read += rows
                    continue
                yield from self._group_blocks(file, footer, group, skip)

    def _group_blocks(
        self, file: Path, footer: pq.FileMetaData, group: int, skip: int
    ) -> Iterator[TableBlock]:
        facts = footer.row_group(group)
        size = block_rows(facts.total_byte_size, facts.num_rows)
        end = self._read + facts.num_rows
        try:
            for rows in _open(file).iter_batches(batch_size=size, row_groups=[group]):
                start, self._read = self._read, self._read + rows.num_rows
                if start >= skip:
                    rows = rows.replace_schema_metadata(self.schema.metadata)
                    yield TableBlock(start, rows)
        except (OSError, pa.ArrowException) as error:
            raise InputError(
                f"{file}: row group {group} (rows {end - facts.num_rows + 1} to {end}) cannot be "
                f"read ({str(error).splitlines()[0][:200]}); write the file anew, then --resume"
            ) from error
        if self._read != end:
            raise InputError(
                f"{file}: row group {group} holds {facts.num_rows - (end - self._read)} rows, "
                f"its footer says {facts.num_rows}; write the file anew"
            )


def _open(file: Path) -> pq.ParquetFile:
    """Open without pre-buffering: on a local disk it only costs memory."""
    try:
        return pq.ParquetFile(file, pre_buffer=False)
    except (OSError, pa.ArrowException) as error:
        raise InputError(
            f"{file}: is no readable Parquet file ({str(error).splitlines()[0][:200]})"
        ) from error
