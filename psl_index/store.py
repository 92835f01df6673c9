"""The index folder: who may build in it, and how a finished index takes the place of the one before.

An index is `INDEX/manifest.json` and the folder it names. A new one is made complete, and on disk, under a temporary
name inside INDEX; publishing is the atomic replacement of the manifest. After a crash there is the old index or the
new one; what else lies there is left over, and removed or continued by the next build. Records of finished shards go
last, when the index is published: until then a build that was cut off can be continued.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

from psl_index.checkpoints import has_finished_shards, is_record, record_name
from psl_index.durable import sync_folder, write_new
from psl_index.errors import BusyError, InvalidIndexError, OutputError, UsageError
from psl_index.folder_lock import locked_folder
from psl_index.manifest import FILE_NAME, Manifest, is_manifest, read_manifest

_BUILDING = re.compile(r"building-(?P<host>.+)-(?P<process>\d+)")
_PUBLISHED = re.compile(r"[0-9a-f]{16}")
_SHARD = re.compile(r"shard-\d{4,}")
_NEW_MANIFEST = f"{FILE_NAME}.new"


@contextlib.contextmanager
def build_folder(index: Path, continues: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """Make `index` if need be, lock it, and give a temporary folder in it to build in.

    What earlier builds left over is removed first. On leaving, the temporary folder is removed, and so is `index` if
    it did not exist and nothing was published in it.

    `continues` is asked about each folder with which an earlier build was cut off; one for which it says yes is given,
    under a new name, in place of an empty one. Where it is there, a failure leaves a folder with finished shards.

    The lock may not reach other machines: without `continues`, a temporary folder of another one is not touched, and
    with it not if it has finished shards that cannot be continued.

    Raises
    ------
    UsageError
        `index` exists and is neither empty nor an index.
    BusyError
        Another process is building there, or one on another machine may be.
    OutputError
        The disk is full, or the folder cannot be written.
    """
    if os.path.lexists(index) and not index.is_dir():
        raise UsageError("is a file, not a folder", file=str(index), remedy="name another folder with -o")
    try:
        with locked_folder(index, lambda: _busy(index)) as made:
            try:
                with _new_folder(index, continues) as folder:
                    yield folder
            finally:
                if made:
                    with contextlib.suppress(OSError):  # an index is in it now
                        index.rmdir()
    except BrokenPipeError:  # of who is told of the progress; nothing here writes to a pipe
        raise
    except OSError as error:
        raise _output_error(error, index) from error


def publish(index: Path, built: Path, manifest: Manifest) -> None:
    """Make the finished folder `built` the index, in one step; `manifest` has its digest.

    Records and shards in `built` that the manifest does not name are removed once it is published. The disk can be
    full until the new manifest is written, and nothing is lost by then. Where publishing fails, `built` is there again.
    """
    target = index / manifest.folder
    for folder in (*(built / shard.folder for shard in manifest.shards), built):
        sync_folder(folder)
    new = index / _NEW_MANIFEST
    existed = target.exists()
    try:
        write_new(new, manifest.to_bytes())
        if existed:
            _replace_files(built, target, manifest)
        else:
            built.rename(target)
        sync_folder(index)
        new.replace(index / FILE_NAME)
    except BaseException:
        if not existed and target.exists() and new.exists():  # without it, all is published
            target.rename(built)
        new.unlink(missing_ok=True)
        raise
    sync_folder(index)
    for path in _unnamed(target, manifest):
        _remove(path)


def left_overs(index: Path) -> list[Path]:
    """Files and folders in `index` that its manifest does not name, in the order of their names."""
    within: list[Path] = []
    try:
        manifest = read_manifest(index)
        named = {FILE_NAME, manifest.folder}
        within = _unnamed(index / manifest.folder, manifest)
    except InvalidIndexError:  # it may be of another version: nothing that was published goes before a build succeeds
        named = {path.name for path in index.iterdir() if path.name == FILE_NAME or _is_published(path)}
    return sorted([*(path for path in index.iterdir() if path.name not in named and _is_ours(path)), *within])


@contextlib.contextmanager
def _new_folder(index: Path, continues: Callable[[Path], bool] | None) -> Iterator[Path]:
    _refuse_foreign(index)
    folder = index / f"building-{socket.gethostname()}-{os.getpid()}"
    cut_off = _cut_off(index)
    adopted = next((path for path in cut_off if continues is not None and continues(path)), None)
    for path in cut_off:
        if path != adopted and (continues is None or has_finished_shards(path)):
            _refuse_elsewhere(path, resumes=continues is not None)
    for path in left_overs(index):
        if path != adopted:
            _remove(path)
    try:
        if adopted is None:
            folder.mkdir()
        else:
            adopted.rename(folder)
        yield folder
    except BaseException:
        if continues is None or not has_finished_shards(folder):
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _refuse_foreign(index: Path) -> None:
    """Checked while nobody else changes what is there."""
    foreign = next((path.name for path in index.iterdir() if not _is_ours(path)), None)
    if foreign is not None:
        raise UsageError(
            f"is neither empty nor an index (it holds {foreign!r})",
            file=str(index),
            remedy="name another folder with -o",
        )


def _cut_off(index: Path) -> list[Path]:
    """Folders of builds that did not come to their end; one has its last name already if it was publishing."""
    try:
        named = read_manifest(index).folder
    except InvalidIndexError:
        named = None
    return sorted(
        path
        for path in index.iterdir()
        if _BUILDING.fullmatch(path.name) or (path.name != named and _is_published(path) and has_finished_shards(path))
    )


def _refuse_elsewhere(left: Path, *, resumes: bool) -> None:
    """Leave the folder of another machine alone: the lock of a folder on a network file system is that of a machine."""
    match = _BUILDING.fullmatch(left.name)
    if match is None or match["host"] == socket.gethostname():
        return
    raise BusyError(
        f"process {match['process']} on {match['host']} may be building here",
        file=str(left),
        remedy="if it has ended, remove this folder" + ("" if resumes else " or continue with --resume"),
    )


def _is_ours(path: Path) -> bool:
    return (
        (path.name in (FILE_NAME, _NEW_MANIFEST) and is_manifest(path))
        or (path.name == _NEW_MANIFEST and path.is_file() and not path.stat().st_size)  # of a build killed there
        or (_BUILDING.fullmatch(path.name) is not None and path.is_dir())
        or _is_published(path)
    )


def _is_published(path: Path) -> bool:
    if _PUBLISHED.fullmatch(path.name) is None:
        return False
    try:
        return all(_is_ours_within(inner) for inner in path.iterdir())
    except (FileNotFoundError, NotADirectoryError):  # a build may have removed it just now
        return False


def _is_ours_within(path: Path) -> bool:
    return _SHARD.fullmatch(path.name) is not None or is_record(path)


def _unnamed(folder: Path, manifest: Manifest) -> list[Path]:
    """What a build made in the folder of an index, but is no part of it: records, and shards that are too many."""
    named = {shard.folder for shard in manifest.shards}
    return [path for path in folder.glob("*") if path.name not in named and _is_ours_within(path)]


def _busy(index: Path) -> BusyError:
    return BusyError(f"{_holder(index)} is building here", file=str(index), remedy="wait for it to end, or stop it")


def _holder(index: Path) -> str:
    with contextlib.suppress(FileNotFoundError):  # the holder failed by now, and removed the folder
        for path in index.iterdir():
            match = _BUILDING.fullmatch(path.name)
            if match and not _has_ended(match["host"], int(match["process"])):
                return f"process {match['process']} on {match['host']}"
    return "another process"


def _has_ended(host: str, process: int) -> bool:
    """Whether it is known that a process is no more: it has been killed, and its folder is left over."""
    if host != socket.gethostname():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _replace_files(built: Path, target: Path, manifest: Manifest) -> None:
    """The same index is there already: put each new file in the old one's place, which also mends damage."""
    for shard in manifest.shards:
        place = target / shard.folder
        place.mkdir(exist_ok=True)
        (built / record_name(shard.folder)).unlink()  # from here on it is the index that has this shard
        for path in sorted((built / shard.folder).iterdir()):
            path.replace(place / path.name)
        sync_folder(place)
    sync_folder(target)


def _output_error(error: OSError, index: Path) -> OutputError:
    reason = os.strerror(error.errno) if error.errno else str(error)
    remedy = {
        errno.ENOSPC: "free some space; the index that was there is untouched",
        errno.EFBIG: "the file-size limit is too low; the index that was there is untouched",
        errno.EACCES: "choose a folder you may write to",
        errno.EROFS: "choose a folder you may write to",
    }.get(error.errno or 0)
    return OutputError(f"cannot write: {reason}", file=str(error.filename or index), remedy=remedy)
