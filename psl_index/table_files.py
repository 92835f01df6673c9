"""The Parquet tables of a shard: written batch by batch, read a few columns at a time."""

from __future__ import annotations

import mmap
import os
import stat
import weakref
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from psl_index.errors import REBUILD, InvalidIndexError
from psl_index.manifest import TableFile
from psl_index.sections import file_digest

_ROW_GROUP: Final = 1 << 16


class TableWriter:
    """Writes one table from record batches, compressed on the thread of `writing`."""

    def __init__(self, path: Path, schema: pa.Schema, writing: ThreadPoolExecutor) -> None:
        self._file = path.open("wb")  # Arrow itself opens no path that is not UTF-8
        self._path = path
        self._schema = schema
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._rows = 0
        self._writing = writing
        self._written: Future[None] | None = None
        self._writer = pq.ParquetWriter(self._file, schema, compression="zstd", compression_level=1, store_schema=True)

    def __enter__(self) -> TableWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._writer.close()
            self._file.close()
            return
        self._writer.is_open = False  # else it would write the end of a file that is given up, when it is dropped
        with suppress(OSError):  # what could not be written fails once more
            self._file.close()

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
        self._file.flush()
        os.fsync(self._file.fileno())
        return TableFile(self._path.name, self._rows, os.fstat(self._file.fileno()).st_size, file_digest(self._path))

    def _flush(self) -> None:
        table = pa.Table.from_batches(self._waiting, self._schema)
        if self._written is not None:
            self._written.result()
        self._written = self._writing.submit(self._writer.write_table, table, row_group_size=_ROW_GROUP)
        self._rows += len(table)
        self._waiting = []
        self._waiting_rows = 0


class OpenTable:
    """One table of a shard, open: it can be read even when a later build has removed the file.

    Attributes
    ----------
    path : Path
        Where the file was; by now another one, or none, may lie there.
    record : TableFile
        What the manifest says of it.
    descriptor : int
        The open file, for a reader that takes nothing else; valid as long as this object.
    """

    def __init__(self, path: Path, record: TableFile, descriptor: int) -> None:
        self.path = path
        self.record = record
        self.descriptor = descriptor
        weakref.finalize(self, os.close, descriptor)

    def check(self, schema: pa.Schema) -> None:
        """Refuse a file that is no Parquet, or has not the columns of `schema` and the rows it should have."""
        with self._refused():
            self._checked(schema)

    def read(self, schema: pa.Schema) -> pa.Table:
        """The columns of `schema`, which is part of the table's."""
        with self._refused():
            part = self._checked(schema).read(schema.names).select(schema.names)
            part.validate(full=True)
            self._check_rows(len(part))
            return part.cast(schema)

    def batches(self, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows of the columns of `schema`, a few at a time."""
        with self._refused():
            for batch in self._checked(schema).iter_batches(columns=schema.names):
                batch.validate(full=True)
                yield batch

    def unreadable(self, reason: str) -> InvalidIndexError:
        """What to raise when a reader gives up on it."""
        return InvalidIndexError(f"cannot be read ({reason})", file=str(self.path), remedy=REBUILD)

    def is_damaged(self) -> bool:
        """Whether its bytes are not those that were written; reads all of them."""
        with mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_READ) as mapped:
            return bool(xxhash.xxh3_128(mapped).hexdigest() != self.record.xxh128)

    def _checked(self, schema: pa.Schema) -> pq.ParquetFile:
        # Not a buffer of Python's: Arrow's threads may let go of one while the interpreter ends, and abort the process.
        file = pq.ParquetFile(pa.memory_map(f"/dev/fd/{self.descriptor}"))
        found = file.schema_arrow
        fields = [found.field(place) for name in schema.names for place in found.get_all_field_indices(name)]
        if fields != list(schema):
            raise InvalidIndexError("does not have the columns it should", file=str(self.path), remedy=REBUILD)
        self._check_rows(file.metadata.num_rows)
        return file

    def _check_rows(self, rows: int) -> None:
        if rows != self.record.rows:
            raise InvalidIndexError(
                f"has {rows:,} rows instead of {self.record.rows:,}", file=str(self.path), remedy=REBUILD
            )

    @contextmanager
    def _refused(self) -> Iterator[None]:
        """Have damage, which surfaces as whatever the parts of the reader make of it, raise an InvalidIndexError."""
        try:
            yield
        except InvalidIndexError:
            raise
        except Exception as error:
            if isinstance(error, MemoryError) and not self.is_damaged():
                raise
            raise self.unreadable((str(error).strip() or type(error).__name__).splitlines()[0]) from error


def open_table(folder: Path, table: TableFile) -> OpenTable:
    """Open one table; checks its size, not what is in it.

    Raises
    ------
    InvalidIndexError
        The file is missing or of another size than the manifest says.
    """
    path = folder / table.file
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidIndexError("is missing", file=str(path), remedy=REBUILD) from None
    opened = OpenTable(path, table, descriptor)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise InvalidIndexError("is not a file", file=str(path), remedy=REBUILD)
    if status.st_size != table.n_bytes:
        raise InvalidIndexError(
            f"is {status.st_size:,} bytes long instead of {table.n_bytes:,}", file=str(path), remedy=REBUILD
        )
    return opened


def read_tables(tables: Sequence[OpenTable], schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read some columns (all, by default) of the same table of several shards, one after the other.

    Raises
    ------
    InvalidIndexError
        A file cannot be read as the table it should be.
    """
    wanted = schema if columns is None else pa.schema([schema.field(column) for column in columns])
    parts = [table.read(wanted) for table in tables]
    return pa.concat_tables(parts) if parts else wanted.empty_table()
