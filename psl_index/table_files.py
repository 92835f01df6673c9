"""The Parquet tables of a shard: written batch by batch, read a few columns at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import pyarrow as pa
import pyarrow.parquet as pq

from psl_index.errors import InvalidIndexError
from psl_index.manifest import TableFile
from psl_index.sections import file_digest

_ROW_GROUP = 1 << 16


class TableWriter:
    """Writes one table from record batches."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path = path
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._rows = 0
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, store_schema=True)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._writer.close()

    def append(self, batch: pa.RecordBatch) -> None:
        """Add rows at the end."""
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= _ROW_GROUP:
            self._flush()

    def finish(self) -> TableFile:
        """Write what is left and bring everything to disk."""
        if self._waiting_rows:
            self._flush()
        self._writer.close()
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
        return TableFile(self._path.name, self._rows, self._path.stat().st_size, file_digest(self._path))

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        self._writer.write_table(table, row_group_size=_ROW_GROUP)
        self._rows += len(table)
        self._waiting = []
        self._waiting_rows = 0


def read_table_files(paths: Sequence[Path], schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read some columns (all, by default) of the same table of several shards, one after the other.

    Raises
    ------
    InvalidIndexError
        A file cannot be read as the table it should be.
    """
    wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns])
    tables = []
    for path in paths:
        try:
            table = pq.read_table(path, columns=wanted.names, partitioning=None)
        except (pa.ArrowInvalid, OSError) as error:
            reason = str(error).splitlines()[0]
            raise InvalidIndexError(
                f"cannot be read ({reason})", file=str(path), remedy="build the index again"
            ) from error
        if table.schema.names != wanted.names or table.schema.types != wanted.types:
            raise InvalidIndexError(
                "does not have the columns it should", file=str(path), remedy="build the index again"
            )
        tables.append(table.cast(wanted))
    return pa.concat_tables(tables) if tables else wanted.empty_table()
