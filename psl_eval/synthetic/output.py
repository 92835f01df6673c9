"""Writing a synthetic file piece by piece, compressed where its name ends in ``.gz``."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import BinaryIO, cast

from isal import igzip

from psl_index.errors import OutputError


def write_pieces(pieces: Iterable[bytes], file: str | os.PathLike[str] | BinaryIO) -> int:
    """Write `pieces` one after another; returns how many bytes, before compression.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    if not isinstance(file, str | os.PathLike):
        return sum(file.write(piece) for piece in pieces)
    path = os.fspath(file)
    try:
        with cast(BinaryIO, igzip.open(path, "wb") if path.endswith(".gz") else open(path, "wb")) as opened:
            return sum(opened.write(piece) for piece in pieces)
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", file=path) from error
