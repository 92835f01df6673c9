"""Files of input as results name them: without the path, which says where they lay on somebody's machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from psl_index.opening import Source


class FileRecord(NamedTuple):
    """A file that was read."""

    name: str  # base name, `-` for standard input
    size: int  # bytes, as stored (compressed)
    sha256: str  # of those bytes


def record_of(source: Source) -> FileRecord:
    """The record of a file that has been read to its end."""
    return FileRecord(base_name(source.name), source.size, source.sha256)


def base_name(path: str | os.PathLike[str]) -> str:
    """The last part of a path as text, also where it is not UTF-8."""
    return os.fsencode(Path(path).name).decode(errors="backslashreplace")
