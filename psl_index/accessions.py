"""Entries whose accession an earlier entry has."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from psl_index.errors import OutputError
from psl_index.manifest import ShardRecord
from psl_index.schemas import ENTRIES
from psl_index.table_files import open_table

_MEMORY: Final = "256MB"  # beyond it goes to disk
_SCHEMA: Final = pa.schema([ENTRIES.field("accession")])


def count_duplicates(folder: Path, shards: Sequence[ShardRecord]) -> int:
    """How many entries of all shards have the accession of an earlier one; `folder` holds those of the shards.

    Raises
    ------
    OutputError
        There is no room in `folder` for what does not fit into memory.
    """
    tables = [open_table(folder / shard.folder, shard.tables["entries"]) for shard in shards]
    read = pa.RecordBatchReader.from_batches(_SCHEMA, (batch for table in tables for batch in table.batches(_SCHEMA)))
    spill = _utf8_folder(folder) / f"accessions-{os.getpid()}"  # made when it is needed, removed with the connection
    with duckdb.connect(config={"memory_limit": _MEMORY, "temp_directory": str(spill), "threads": 1}) as connection:
        connection.register("accessions", read)
        query = "SELECT count(*) FROM (SELECT DISTINCT accession FROM accessions)"
        try:
            (row,) = connection.execute(query).fetchall()
        except duckdb.Error as error:
            raise OutputError(
                f"cannot compare accessions: {str(error).splitlines()[0]}",
                file=str(folder),
                remedy="free some space",
            ) from error
    return sum(shard.entries for shard in shards) - int(row[0])


def _utf8_folder(folder: Path) -> Path:
    """The folder, or that of temporary files where its name is not UTF-8: DuckDB takes no other names."""
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        return Path(tempfile.gettempdir())
    return folder
