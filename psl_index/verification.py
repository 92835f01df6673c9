"""Checks an index on disk against its manifest."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from psl_index.errors import InvalidIndexError
from psl_index.index import Index
from psl_index.manifest import Manifest
from psl_index.sections import HEADER_BYTES, file_digest
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

    `progress` is told bytes read and bytes in all.

    Raises
    ------
    InvalidIndexError
        The index cannot be opened at all: what `Index.open` refuses.
    """
    with Index.open(path) as index:
        manifest = index.manifest
    folder = Path(path) / manifest.folder
    problems = []
    done = 0
    files = list(_files(folder, manifest))
    if full:
        for file, skip, size, digest in files:
            if not file.exists() or file_digest(file, skip) != digest:
                problems.append(
                    InvalidIndexError("is damaged (wrong digest)", file=str(file), remedy="build the index again")
                )
            done += size
            if progress:
                progress(done, manifest.n_bytes)
    return Verification(len(files), done, tuple(problems), tuple(left_overs(Path(path))))


def _files(folder: Path, manifest: Manifest) -> Iterator[tuple[Path, int, int, str]]:
    """Each file, the bytes of its header, its size, and the digest of what follows the header."""
    for shard in manifest.shards:
        for section in shard.sections.values():
            yield folder / shard.folder / section.file, HEADER_BYTES, section.n_bytes, section.xxh128
        for table in shard.tables.values():
            yield folder / shard.folder / table.file, 0, table.n_bytes, table.xxh128
