"""A copy of a shard on a worker's own machine, every byte of it compared with the digests of the manifest."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import xxhash

from psl_index.errors import InvalidIndexError, OutputError, UsageError
from psl_index.manifest import ShardRecord
from psl_index.sections import HEADER_BYTES, file_digest

_PIECE: Final = 1 << 22
_REBUILD: Final = "build the index again"


def local_folder(given: str) -> Path:
    """The folder for copies on this machine; ``$NAME`` and ``~`` mean what they mean here.

    Raises
    ------
    UsageError
        It is not an absolute path, or names a variable that is not set.
    """
    expanded = os.path.expanduser(os.path.expandvars(given))
    if not os.path.isabs(expanded):
        raise UsageError(
            f"{given!r} is no folder for copies: on the worker's machine it is {expanded!r}",
            remedy="give an absolute path, with variables that are set where the workers run",
        )
    return Path(expanded)


def checked_copy(index_folder: Path, record: ShardRecord, local: Path) -> Path:
    """Copy a shard below `local` if it is not there yet; returns the folder to open it in, as `open_shard` takes it.

    What is there is laid out as an index is, so it may have come there by other means, too; it is read once to be
    compared with the digests. Several processes may do this at once.

    Raises
    ------
    InvalidIndexError
        A file of the copy, or of the original while it is copied, is missing or damaged.
    OutputError
        The copy cannot be made.
    """
    copies = local / index_folder.name
    copy = copies / record.folder
    if copy.is_dir():
        _check(copy, record)
        return copies
    try:
        copies.mkdir(parents=True, exist_ok=True)
        with alone_in(copies):
            if not copy.is_dir():  # else another process made it while we waited
                unfinished = copies / f"{record.folder}.copying"
                unfinished.mkdir(exist_ok=True)
                _make(index_folder / record.folder, record, unfinished)
                unfinished.rename(copy)
    except OSError as error:
        raise OutputError(
            f"no copy of {record.folder} can be made here: {error.strerror}",
            file=str(copies),
            remedy="make room, name another folder, or do without local copies",
        ) from error
    return copies


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is alone in `folder`, and be it; the system ends that with the process."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


class _File(NamedTuple):
    name: str
    header: int  # bytes before those that the digest is of
    xxh128: str


def _files(record: ShardRecord) -> Iterator[_File]:
    for section in record.sections.values():
        yield _File(section.file, HEADER_BYTES, section.xxh128)
    for table in record.tables.values():
        yield _File(table.file, 0, table.xxh128)


def _check(folder: Path, record: ShardRecord) -> None:
    for file in _files(record):
        path = folder / file.name
        if not path.exists() or file_digest(path, file.header) != file.xxh128:
            raise InvalidIndexError(
                "is damaged (wrong digest)", file=str(path), remedy=f"remove {folder}, and it is copied again"
            )


def _make(source: Path, record: ShardRecord, folder: Path) -> None:
    for left_over in folder.iterdir():  # of a process that was killed
        left_over.unlink()
    for file in _files(record):
        path = source / file.name
        if not path.exists():
            raise InvalidIndexError("is missing", file=str(path), remedy=_REBUILD)
        if _copy_file(path, folder / file.name, file.header) != file.xxh128:
            raise InvalidIndexError("is damaged (wrong digest)", file=str(path), remedy=_REBUILD)


def _copy_file(source: Path, target: Path, header: int) -> str:
    """Copy a file; returns the digest of what follows its header, as it was read."""
    digest = xxhash.xxh3_128()
    with source.open("rb", buffering=0) as reading, target.open("wb") as writing:
        writing.write(reading.read(header))
        while piece := reading.read(_PIECE):
            writing.write(piece)
            digest.update(piece)
    return digest.hexdigest()
