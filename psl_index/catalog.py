"""SQL over the tables of an index."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import duckdb
import pyarrow as pa

from psl_index.errors import UsageError
from psl_index.index import Index
from psl_index.schemas import TABLES
from psl_index.table_files import OpenTable

# What the query alone is to blame for; anything else may come of damage to a table.
_ITS_OWN_FAULT: Final = (
    duckdb.ParserException,
    duckdb.BinderException,
    duckdb.CatalogException,
    duckdb.PermissionException,
    duckdb.ConversionException,
    duckdb.OutOfRangeException,
)


def query(index: Index, sql: str) -> pa.RecordBatchReader:
    """Answer one SQL query over the read-only views ``entries``, ``locations`` and ``features``.

    DuckDB reads the Parquet files that the index holds open, whatever lies under their names by now, and of them only
    the columns and rows the query needs. Nothing else on the machine can be read or written by the query.

    Raises
    ------
    UsageError
        The query is not valid SQL, or fails.
    InvalidIndexError
        A table is damaged; also while the batches of the answer are taken.
    """
    tables = {view: [shard.tables[view] for shard in index.shards] for view in TABLES}
    opened = [table for parts in tables.values() for table in parts]
    connection = duckdb.connect()
    connection.execute("SET temp_directory = ''")  # else what does not fit into memory goes to the working folder
    connection.execute("SET allowed_paths = $paths", {"paths": [_path(table) for table in opened]})
    # A file that a build removes meanwhile loses the name that its path stands for; from then on it is one of these.
    connection.execute("SET allowed_directories = ['/dev/fd/']")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET python_enable_replacements = false")  # variables of this program are no tables
    connection.execute("SET enable_progress_bar = false")  # it goes to standard output, among the results
    with _failing(opened):
        for view, parts in tables.items():
            for table in parts:
                table.check(TABLES[view])
            quoted = ", ".join(f"'{_path(table)}'" for table in parts)
            connection.execute(f"CREATE VIEW {view} AS SELECT * FROM read_parquet([{quoted}])")
        connection.execute("SET lock_configuration = true")
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageError("SQL: only a single reading query is allowed", remedy="begin it with SELECT")
        answer = connection.sql(sql).to_arrow_reader()
        _refuse_equal_names(answer.schema)
    return pa.RecordBatchReader.from_batches(answer.schema, _batches(answer, opened))


def _path(table: OpenTable) -> str:
    """A name of the open file itself: it stands for the same bytes as long as the file is open."""
    return f"/dev/fd/{table.descriptor}"


def _batches(answer: pa.RecordBatchReader, opened: Sequence[OpenTable]) -> Iterator[pa.RecordBatch]:
    """The batches, computed as they are taken; that is when a cast of a bad value fails, or damage is met."""
    with _failing(opened):
        yield from answer


@contextmanager
def _failing(opened: Sequence[OpenTable]) -> Iterator[None]:
    """Blame a failure on the table that is damaged or, where none is, on the query."""
    try:
        yield
    except _ITS_OWN_FAULT as error:
        raise _refused(error) from error
    except (duckdb.Error, OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        for table in opened:
            if f'"{_path(table)}"' in reason:
                raise table.unreadable(reason.replace(_path(table), table.path.name)) from error
        for table in opened:
            if table.is_damaged():
                raise table.unreadable(reason) from error
        raise _refused(error) from error


def _refuse_equal_names(schema: pa.Schema) -> None:
    """JSON objects and tables hold a column once: one of two with the same name would be lost."""
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"SQL: two columns are called {twice!r}", remedy="name one of them with AS")


def _refused(error: Exception) -> UsageError:
    return UsageError(f"SQL: {str(error).splitlines()[0]}")
