"""Files that are read whole, and what the outputs say of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from psl_index.errors import InputError
from psl_index.opening import open_source

_LIMIT: Final = 1 << 30  # bytes: beyond it lies a decompression bomb
_PIECE: Final = 1 << 20


class FileRecord(NamedTuple):
    """A file as the manifest names it."""

    name: str  # base name, `-` for standard input
    size: int  # bytes, as stored (compressed)
    sha256: str  # of those bytes


def read_whole(path: str | os.PathLike[str], limit: int = _LIMIT) -> tuple[bytes, FileRecord]:
    """The decompressed contents of a file, without a byte order mark.

    Raises
    ------
    InputError
        It cannot be read, or holds more than `limit` bytes.
    """
    with open_source(path) as source:
        content = bytearray()
        while piece := source.read(_PIECE):
            content += piece
            if len(content) > limit:
                raise InputError(f"holds more than {limit:,} bytes", file=source.name, remedy="split it")
        name = os.fsencode(Path(source.name).name).decode(errors="backslashreplace")
        return bytes(content), FileRecord(name, source.size, source.sha256)
