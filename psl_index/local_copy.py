"""A copy of a shard on a worker's own machine, every byte of it compared with the digests of the manifest."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import xxhash

from psl_index.errors import REBUILD, InvalidIndexError, OutputError, UsageError
from psl_index.manifest import ShardRecord
from psl_index.sections import file_digest
from psl_index.shard import open_shard

_PIECE: Final = 1 << 22
_WRONG: Final = "is damaged (wrong digest)"


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
            f"{given!r} is no folder for copies (it is {expanded!r})",
            remedy="give an absolute path, with variables that are set where the workers run",
        )
    return Path(expanded)


def refuse_missing(shard: Path) -> None:
    """InvalidIndexError where the folder of a shard is not there."""
    if not shard.is_dir():
        raise InvalidIndexError(
            "is not there",
            file=str(shard),
            remedy=f"put the index where the client and all workers see it, or {REBUILD}",
        )


def checked_copy(index_folder: Path, record: ShardRecord, local: Path) -> Path:
    """Copy a shard below `local` if it is not there yet; returns the folder to open it in, as `open_shard` takes it.

    What is there is laid out as an index is, so it may have come there by other means, too; it is read once to be
    compared with the digests, and copied again where it is damaged. The original is looked for only where there is no
    sound copy. Several processes may do this at once.

    Raises
    ------
    InvalidIndexError
        There is no sound copy, and the original is not there, or a file of it is missing or damaged.
    OutputError
        The copy cannot be made.
    """
    copies = local / index_folder.name
    original, copy = index_folder / record.folder, copies / record.folder
    damage = _damage(copies, record)
    if damage is None:
        return copies
    if copy.is_dir() and not original.is_dir():
        raise damage
    refuse_missing(original)
    try:
        copies.mkdir(parents=True, exist_ok=True)
        with alone_in(copies):
            if _damage(copies, record) is not None:  # else another process made it while we waited
                _replace(copy, record, index_folder)
    except OSError as error:
        raise OutputError(
            f"no copy of {record.folder} can be made ({error.strerror})",
            file=str(copies),
            remedy="make room (copies of earlier indexes may lie beside it), name another folder, or make no copies",
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


def _damage(copies: Path, record: ShardRecord) -> InvalidIndexError | None:
    """What is wrong with a copy, and what to do about it where there is no original; None where it is sound."""
    copy = copies / record.folder
    place, problem = copy, None
    try:
        open_shard(copies, record)  # its sizes and headers; the digests are of what follows the headers
        for name, header, _, digest in record.files():
            place = copy / name
            if file_digest(place, header) != digest:
                problem = _WRONG
                break
    except InvalidIndexError as error:
        place, problem = Path(error.file or copy), error.problem
    except OSError as error:  # of a bad disk, or a copy that another process replaces
        problem = f"cannot be read ({error.strerror})"
    if problem is None:
        return None
    return InvalidIndexError(problem, file=str(place), remedy="have the worker see the index, to copy it again")


def _replace(copy: Path, record: ShardRecord, index_folder: Path) -> None:
    unfinished = copy.with_name(f"{copy.name}.copying")
    for there in (copy, unfinished):  # damaged, and of a process that was killed
        if there.exists():
            shutil.rmtree(there)
    unfinished.mkdir()
    try:
        _copy_files(index_folder, record, unfinished)
        unfinished.rename(copy)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)  # it must not fill the disk
        raise


def _copy_files(index_folder: Path, record: ShardRecord, folder: Path) -> None:
    open_shard(index_folder, record)  # its sizes and headers, before anything is copied
    for name, header, _, digest in record.files():
        path = index_folder / record.folder / name
        if _copy_file(path, folder / name, header) != digest:
            raise InvalidIndexError(_WRONG, file=str(path), remedy=REBUILD)


def _copy_file(source: Path, target: Path, header: int) -> str:
    """Copy a file; returns the digest of what follows its header, as it was read."""
    digest = xxhash.xxh3_128()
    with source.open("rb", buffering=0) as reading, target.open("wb") as writing:
        writing.write(reading.read(header))
        while piece := reading.read(_PIECE):
            writing.write(piece)
            digest.update(piece)
    return digest.hexdigest()
