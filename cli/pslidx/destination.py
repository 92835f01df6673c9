"""Where a table goes, and in which format."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from psl_index.errors import OutputError, UsageError

_FORMAT_OF_ENDING: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".pq": "parquet"}
_NOT_WRITTEN: Final = (".csv", ".json", ".gz", ".bz2", ".xz", ".zst", ".zip", ".xlsx")


class Destination(NamedTuple):
    """A file, or standard output where `path` is None, and one of `psl_eval.results.formats.FORMATS`."""

    path: Path | None
    format: str


def choose(output: str | None, table_format: str | None) -> Destination:
    """Destination of a table for the values of ``-o`` and ``--format`` (None: not given), before any work.

    Without ``--format`` a file's ending decides; one that stands for nothing here (``.txt``) gets TSV.

    Raises
    ------
    UsageError
        The file has no name or is a folder, its ending promises a format that is not written, or Parquet would go to a
        terminal.
    OutputError
        There is no folder for the file.
    """
    path = None if output is None or output == "-" else file_named(output)
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


def file_named(output: str) -> Path:
    """The file to write that a user names; raises as `choose` does."""
    if not output:
        raise UsageError("expected the name of a file to write, found an empty one")
    path = Path(output)
    if path.is_dir():
        raise UsageError("is a folder, not a file", file=output, remedy="name a file")
    if not Path(os.path.realpath(path)).parent.is_dir():
        raise OutputError(
            f"cannot be written: {os.strerror(errno.ENOENT)}", file=output, remedy="make its folder first"
        )
    return path


def refuse_input(output: Path, inputs: Iterable[str | None]) -> None:
    """UsageError where `output` is one of the files that are read; None and ``-`` are none."""
    for name in inputs:
        if name not in (None, "-") and os.path.exists(name) and output.exists() and output.samefile(name):
            raise UsageError("is read, and would be replaced", file=str(output), remedy="name another file to write")


def refuse_inside(output: Path, folders: Iterable[str | os.PathLike[str]]) -> None:
    """UsageError where `output` is one of `folders` or lies in one, there already or not."""
    for folder in folders:
        if Path(os.path.realpath(output)).is_relative_to(os.path.realpath(folder)):
            raise UsageError(
                f"lies in {os.fspath(folder)}, which holds something else",
                file=str(output),
                remedy="name a file in another folder",
            )
