"""A folder of results that takes the place of an earlier one.

No system call exchanges two folders everywhere, so there is a moment between two renames when neither is in place. The
earlier one then lies in a hidden folder beside it: whoever writes there next puts it back first.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from psl_index.durable import sync_folder
from psl_index.errors import BusyError
from psl_index.folder_lock import locked_folder


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a new folder to write in, which becomes `target` on leaving; by an exception `target` stays as it was.

    Whoever writes files there brings them to disk; their names and those of the folders are brought there here. What
    a run that was killed has left beside `target` is put right first.

    Raises
    ------
    BusyError
        Another process is writing to the same target.
    OSError
        The disk is full, or a folder cannot be written.
    """
    workplace = target.with_name(f".{target.name}.pslidx")
    busy = BusyError("another process is writing there", file=str(target), remedy="wait for it to end")
    with locked_folder(workplace, lambda: busy):
        _tidy(target, workplace)
        try:
            new = workplace / "new"
            new.mkdir()
            yield new
            sync_folder(new)
            if target.exists():
                target.rename(workplace / "earlier")
            new.rename(target)
            sync_folder(target.parent)
        finally:
            _tidy(target, workplace)
            workplace.rmdir()


def _tidy(target: Path, workplace: Path) -> None:
    """Put the earlier folder back if nothing has taken its place; remove what was not finished or is replaced."""
    earlier = workplace / "earlier"
    if earlier.exists() and not target.exists():
        earlier.rename(target)
        sync_folder(target.parent)
    for left in (workplace / "new", earlier):
        if left.exists():
            shutil.rmtree(left)
