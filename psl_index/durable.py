"""Small files and folders brought to disk, so that they are there after a power cut."""

from __future__ import annotations

import os
from pathlib import Path


def write_durably(path: Path, content: bytes, *, alone: bool = True) -> None:
    """Write a file that appears whole or not at all, and is on disk on return.

    Unless `alone`, other processes may write the same file meanwhile: what each has not finished has a name of its own.
    """
    new = path.with_name(f"{path.name}.new" if alone else f"{path.name}.{os.getpid()}.new")
    write_new(new, content)
    new.replace(path)
    sync_folder(path.parent)


def write_new(path: Path, content: bytes) -> None:
    """Write a file and bring it to disk; not its name."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
