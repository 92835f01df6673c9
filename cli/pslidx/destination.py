"""Where a table goes, and in which format."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final, NamedTuple

from psl_index.errors import UsageError

_FORMAT_OF_ENDING: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"}
_NOT_WRITTEN: Final = (".csv", ".json", ".gz", ".bz2", ".xz", ".zst", ".zip", ".xlsx")


class Destination(NamedTuple):
    """A file, or standard output where `path` is None, and one of `psl_eval.formats.FORMATS`."""

    path: Path | None
    format: str


def choose(output: str | None, table_format: str | None) -> Destination:
    """Destination of a table for the values of ``-o`` and ``--format`` (None: not given).

    Without ``--format`` a file's ending decides; one that stands for nothing here (``.txt``) gets TSV.

    Raises
    ------
    UsageError
        The file's ending promises a format that is not written, or Parquet would go to a terminal.
    """
    path = None if output in (None, "-") else Path(str(output))
    if table_format is None:
        ending = "" if path is None else path.suffix.lower()
        if ending in _NOT_WRITTEN:
            raise UsageError(
                f"no {ending} files are written",
                file=str(path),
                remedy="name it .tsv, .jsonl or .parquet, or choose with --format",
            )
        table_format = _FORMAT_OF_ENDING.get(ending, "tsv")
    if path is None and table_format == "parquet" and sys.stdout is not None and sys.stdout.isatty():
        raise UsageError("Parquet is not for terminals", remedy="name a file with -o, or pipe it into a program")
    return Destination(path, table_format)
