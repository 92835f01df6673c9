"""A folder in which one process works at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from psl_index.errors import BusyError


@contextlib.contextmanager
def locked_folder(folder: Path, busy: Callable[[], BusyError]) -> Iterator[bool]:
    """Make a folder, with its parents, unless it is there, and hold its lock; gives whether it was made here.

    The system frees the lock when the process ends, however it ends. Who holds it may remove the folder.

    Raises
    ------
    BusyError
        Another process holds it: what `busy` makes.
    OSError
        The folder cannot be made or opened.
    """
    while True:
        made = _make(folder)
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            if folder.is_symlink():  # it leads nowhere
                raise
            continue  # whoever had it has just removed it
        try:
            _lock(handle, busy)
            if _is_still(folder, handle):
                yield made
                return
        finally:
            os.close(handle)


def _make(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        return False
    return True


def _lock(handle: int, busy: Callable[[], BusyError]) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise busy() from None


def _is_still(folder: Path, handle: int) -> bool:
    """Whether the open folder is the one of that name: it may have been removed, and made anew, since it was opened."""
    try:
        return os.path.samestat(os.fstat(handle), folder.stat())
    except FileNotFoundError:
        return False
