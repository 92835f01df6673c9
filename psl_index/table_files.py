"""The Parquet tables of a shard: written batch by batch, read a few columns at a time."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from psl_index.errors import InvalidIndexError
from psl_index.manifest import TableFile
from psl_index.sections import file_digest

_ROW_GROUP: Final = 1 << 16
_REBUILD: Final = "build the index again"


class TableWriter:
    """Writes one table from record batches, compressed on the thread of `writing`."""

    def __init__(self, path: Path, schema: pa.Schema, writing: ThreadPoolExecutor) -> None:
        self._path = path
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._rows = 0
        self._writing = writing
        self._written: Future[None] | None = None
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
        if self._written is not None:
            self._written.result()
        self._writer.close()
        with self._path.open("rb") as file:
            os.fsync(file.fileno())
        return TableFile(self._path.name, self._rows, self._path.stat().st_size, file_digest(self._path))

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        if self._written is not None:
            self._written.result()
        self._written = self._writing.submit(self._writer.write_table, table, row_group_size=_ROW_GROUP)
        self._rows += len(table)
        self._waiting = []
        self._waiting_rows = 0


class OpenTable(NamedTuple):
    """One table of a shard, mapped into memory: it can be read even when a later build has removed the file."""

    path: Path
    mapped: pa.MemoryMappedFile


def open_table(folder: Path, table: TableFile) -> OpenTable:
    """Map one table; checks its size, not what is in it.

    Raises
    ------
    InvalidIndexError
        The file is missing or of another size than the manifest says.
    """
    path = folder / table.file
    try:
        mapped = pa.memory_map(str(path))
    except FileNotFoundError:
        raise InvalidIndexError("is missing", file=str(path), remedy=_REBUILD) from None
    size = mapped.size()
    if size != table.n_bytes:
        raise InvalidIndexError(f"is {size:,} bytes long instead of {table.n_bytes:,}", file=str(path), remedy=_REBUILD)
    return OpenTable(path, mapped)


def read_tables(tables: Sequence[OpenTable], schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read some columns (all, by default) of the same table of several shards, one after the other.

    Raises
    ------
    InvalidIndexError
        A file cannot be read as the table it should be.
    """
    wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns])
    parts = []
    for path, mapped in tables:
        try:
            part = pq.ParquetFile(mapped).read(wanted.names)
        except (pa.ArrowInvalid, OSError) as error:
            reason = str(error).splitlines()[0]
            raise InvalidIndexError(f"cannot be read ({reason})", file=str(path), remedy=_REBUILD) from error
        if part.schema.names != wanted.names or part.schema.types != wanted.types:
            raise InvalidIndexError("does not have the columns it should", file=str(path), remedy=_REBUILD)
        parts.append(part.cast(wanted))
    return pa.concat_tables(parts) if parts else wanted.empty_table()
