"""SQL over the tables of an index."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pyarrow as pa

from psl_index.errors import UsageError
from psl_index.index import Index

_VIEWS = ("entries", "locations", "features")


def query(index: Index, sql: str) -> pa.RecordBatchReader:
    """Answer one SQL query over the read-only views ``entries``, ``locations`` and ``features``.

    The Parquet files are read in place, only the columns and rows the query needs. Nothing else on the machine can be
    read or written by the query.

    Raises
    ------
    UsageError
        The query is not valid SQL, or fails.
    """
    connection = duckdb.connect()
    folder = (index.path / index.manifest.folder).resolve()
    try:
        connection.execute("SET allowed_directories = $folders", {"folders": [f"{folder}/"]})
        connection.execute("SET enable_external_access = false")
        connection.execute("SET enable_progress_bar = false")  # it goes to standard output, among the results
        for view in _VIEWS:
            paths = [str(folder / shard.folder / shard.tables[view].file) for shard in index.manifest.shards]
            quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in paths)
            connection.execute(f"CREATE VIEW {view} AS SELECT * FROM read_parquet([{quoted}])")
        connection.execute("SET lock_configuration = true")
        statements = connection.extract_statements(sql)
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise UsageError("SQL: only a single reading query is allowed", remedy="begin it with SELECT")
        answer = connection.sql(sql).to_arrow_reader()
        _refuse_equal_names(answer.schema)
    except duckdb.Error as error:
        raise _refused(error) from error
    return pa.RecordBatchReader.from_batches(answer.schema, _batches(answer))


def _batches(answer: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches, computed as they are taken; that is when a cast of a bad value fails."""
    try:
        yield from answer
    except (duckdb.Error, OSError) as error:
        raise _refused(error) from error


def _refuse_equal_names(schema: pa.Schema) -> None:
    """JSON objects and tables hold a column once: one of two with the same name would be lost."""
    twice = next((name for name in schema.names if schema.names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"SQL: two columns are called {twice!r}", remedy="name one of them with AS")


def _refused(error: Exception) -> UsageError:
    return UsageError(f"SQL: {str(error).splitlines()[0]}")
