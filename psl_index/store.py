"""The index folder: who may build in it, and how a finished index takes the place of the one before.

An index is `INDEX/manifest.json` and the folder it names. A new one is made complete, and on disk, under a temporary
name inside INDEX; publishing is the atomic replacement of the manifest. After a crash there is the old index or the
new one; what else lies there is left over, and removed by the next build.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

from psl_index.errors import BusyError, InvalidIndexError, OutputError, UsageError
from psl_index.manifest import FILE_NAME, Manifest, is_manifest, read_manifest

_BUILDING = re.compile(r"building-(?P<host>.+)-(?P<process>\d+)")
_PUBLISHED = re.compile(r"[0-9a-f]{16}")
_SHARD = re.compile(r"shard-\d{4,}")
_NEW_MANIFEST = f"{FILE_NAME}.new"


@contextlib.contextmanager
def build_folder(index: Path) -> Iterator[Path]:
    """Make `index` if need be, lock it, and give a temporary folder in it to build in.

    What earlier builds left over is removed first. On leaving, the temporary folder is removed, and so is `index` if
    it did not exist and nothing was published in it.

    Raises
    ------
    UsageError
        `index` exists and is neither empty nor an index.
    BusyError
        Another process is building there.
    OutputError
        The disk is full, or the folder cannot be written.
    """
    created = _make_target(index)
    try:
        with _locked(index):
            _remove_left_overs(index)
            folder = index / f"building-{socket.gethostname()}-{os.getpid()}"
            try:
                folder.mkdir()
                yield folder
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise _output_error(error, index) from error
    finally:
        if created:
            with contextlib.suppress(OSError):
                index.rmdir()


def publish(index: Path, built: Path, manifest: Manifest) -> None:
    """Make the finished folder `built` the index, in one step; `manifest` has its digest."""
    target = index / manifest.folder
    for folder in (*(built / shard.folder for shard in manifest.shards), built):
        _sync_folder(folder)
    new = index / _NEW_MANIFEST
    existed = target.exists()
    try:
        if existed:
            _replace_files(built, target)
        else:
            built.rename(target)
        with new.open("wb") as file:
            file.write(manifest.to_bytes())
            file.flush()
            os.fsync(file.fileno())
        _sync_folder(index)
        new.replace(index / FILE_NAME)
    except BaseException:
        new.unlink(missing_ok=True)
        if not existed:
            shutil.rmtree(target, ignore_errors=True)
        raise
    _sync_folder(index)


def left_overs(index: Path) -> list[Path]:
    """Files and folders in `index` that its manifest does not name, in the order of their names."""
    try:
        named = {FILE_NAME, read_manifest(index).folder}
    except InvalidIndexError:  # it may be of another version: nothing that was published goes before a build succeeds
        named = {path.name for path in index.iterdir() if path.name == FILE_NAME or _is_published(path)}
    return sorted(path for path in index.iterdir() if path.name not in named and _is_ours(path))


def _make_target(index: Path) -> bool:
    try:
        index.mkdir(parents=True)
        return True
    except FileExistsError:
        pass
    except OSError as error:
        raise _output_error(error, index) from error
    if not index.is_dir():
        raise UsageError("is a file, not a folder", file=str(index), remedy="name another folder with -o")
    foreign = next((path.name for path in index.iterdir() if not _is_ours(path)), None)
    if foreign is not None:
        raise UsageError(
            f"is neither empty nor an index (it holds {foreign!r})",
            file=str(index),
            remedy="name another folder with -o",
        )
    return False


def _is_ours(path: Path) -> bool:
    return (
        (path.name in (FILE_NAME, _NEW_MANIFEST) and is_manifest(path))
        or (_BUILDING.fullmatch(path.name) is not None and path.is_dir())
        or _is_published(path)
    )


def _is_published(path: Path) -> bool:
    return (
        _PUBLISHED.fullmatch(path.name) is not None
        and path.is_dir()
        and all(_SHARD.fullmatch(inner.name) for inner in path.iterdir())
    )


@contextlib.contextmanager
def _locked(index: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it when the process ends, however it ends."""
    handle = os.open(index, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                f"{_holder(index)} is building here", file=str(index), remedy="wait for it to end, or stop it"
            ) from None
        yield
    finally:
        os.close(handle)


def _holder(index: Path) -> str:
    for path in index.iterdir():
        match = _BUILDING.fullmatch(path.name)
        if match:
            return f"process {match['process']} on {match['host']}"
    return "another process"


def _remove_left_overs(index: Path) -> None:
    for path in left_overs(index):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _replace_files(built: Path, target: Path) -> None:
    """The same index is there already: put each new file in the old one's place, which also mends damage."""
    for path in sorted(built.rglob("*")):
        place = target / path.relative_to(built)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            path.replace(place)
    for folder in (target, *(path for path in target.iterdir() if path.is_dir())):
        _sync_folder(folder)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _output_error(error: OSError, index: Path) -> OutputError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = {
        errno.ENOSPC: "free some space; the index that was there is untouched",
        errno.EFBIG: "the file-size limit is too low; the index that was there is untouched",
        errno.EACCES: "choose a folder you may write to",
        errno.EROFS: "choose a folder you may write to",
    }.get(error.errno or 0)
    return OutputError(f"cannot write: {reason}", file=str(error.filename or index), remedy=remedy)
