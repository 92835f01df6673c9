"""Checks an index on disk against its manifest."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from psl_index.consistency import contradictions
from psl_index.errors import REBUILD, InvalidIndexError
from psl_index.index import Index
from psl_index.sections import file_digest
from psl_index.store import left_overs


@dataclass(frozen=True)
class Verification:
    """What was checked, and what is wrong."""

    files: int
    n_bytes: int  # read
    problems: tuple[InvalidIndexError, ...]  # one for each damaged file
    left_overs: tuple[Path, ...]  # of builds that were cut off; harmless, the next build removes them


def verify(
    path: str | os.PathLike[str], *, full: bool = False, progress: Callable[[int, int], None] | None = None
) -> Verification:
    """Check an index: manifest, headers and sizes, and with `full` every byte of every file.

    Where all files of a shard are as they were written, `full` also checks that their numbers fit each other.
    `progress` is told bytes read and bytes in all.

    Raises
    ------
    InvalidIndexError
        The index cannot be opened at all: what `Index.open` refuses.
    """
    problems: list[InvalidIndexError] = []
    files = done = 0
    with Index.open(path) as index:
        n_bytes = index.manifest.n_bytes
        for shard, record in zip(index.shards, index.manifest.shards, strict=True):
            before = len(problems)
            for name, skip, size, digest in record.files():
                file = shard.folder / name
                files += 1
                if not full:
                    continue
                if not file.exists() or file_digest(file, skip) != digest:
                    problems.append(InvalidIndexError("is damaged (wrong digest)", file=str(file), remedy=REBUILD))
                done += size
                if progress:
                    progress(done, n_bytes)
            if full and len(problems) == before:
                problems += contradictions(shard)
    return Verification(files, done, tuple(problems), tuple(left_overs(Path(path))))
