"""The lines of interest of a flat file, gathered piece by piece and sorted by kind, entry by entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index._line_kernels import (
    BYTES_KEPT,
    END,
    ENTRIES,
    LINES_KEPT,
    N_COUNTS,
    N_KINDS,
    feature_types,
    keep_lines,
    line_kinds,
    sort_by_kind,
)

#: Bytes that must be readable behind a piece, none of them a line feed.
PADDING = 64

_FIRST_ROOM = 1 << 16  # lines; doubled where there are more


class Lines(NamedTuple):
    """Lines of one kind: three int32 arrays of one length."""

    begins: npt.NDArray[np.int32]  # place of the content, the sixth byte of a line, among the lines kept
    ends: npt.NDArray[np.int32]  # place behind the content, without blanks at the line's end
    entries: npt.NDArray[np.int32]  # number of the entry, from 0

    def copy(self) -> Lines:
        """Lines of their own, for kernels that change them."""
        return Lines(self.begins.copy(), self.ends.copy(), self.entries)

    @property
    def room(self) -> int:
        """Bytes that all lines take when they are joined."""
        return int(self.ends.sum(dtype=np.int64) - self.begins.sum(dtype=np.int64)) + len(self.begins)


@dataclass(frozen=True)
class EntryLines:
    """The lines of interest of complete entries."""

    n_entries: int
    n_lines: int  # all lines of the pieces, of interest or not
    entry_begins: npt.NDArray[np.int32]  # where each entry begins, behind the ``//`` line before it
    numbers: npt.NDArray[np.int32]  # of each line in file order: its number among all lines, from 0
    _lines: npt.NDArray[np.int32]
    _bounds: npt.NDArray[np.int64]

    def of(self, kind: int) -> Lines:
        """Those of a kind, in file order."""
        return Lines(*self._lines[:, self._bounds[kind] : self._bounds[kind + 1]])

    def without(self, bad: npt.NDArray[np.bool_]) -> EntryLines:
        """The same without some entries, the others numbered anew; `bad` has shape (n_entries,)."""
        kept = ~bad[self._lines[2]]
        kinds = np.repeat(np.arange(N_KINDS), np.diff(self._bounds))[kept]
        lines = np.ascontiguousarray(self._lines[:, kept])  # one layout: kernels compile once
        lines[2] = (np.cumsum(~bad) - 1)[lines[2]]
        bounds = np.searchsorted(kinds, np.arange(N_KINDS + 1))
        return EntryLines(int(np.sum(~bad)), self.n_lines, self.entry_begins[~bad], self.numbers, lines, bounds)


class KeptLines:
    """The lines of interest of complete entries, copied from a file piece by piece.

    They are an eighth of it. Nothing else of a piece is looked at again, so that the next one can take its
    place while that is in the cache.
    """

    def __init__(self, room: int) -> None:
        self._text = np.empty(room, np.uint8)  # untouched, and so not there, as long as it is not used
        self._lines = np.empty((4, _FIRST_ROOM), np.int32)
        self._found = np.empty(_FIRST_ROOM, np.uint8)
        self._counts = np.zeros(N_COUNTS, np.int64)

    @property
    def size(self) -> int:
        """Bytes kept."""
        return int(self._counts[BYTES_KEPT])

    @property
    def n_entries(self) -> int:
        """Entries whose lines are kept."""
        return int(self._counts[ENTRIES])

    @property
    def text(self) -> npt.NDArray[np.uint8]:
        """The lines one after the other, with `PADDING` behind them; it may be overwritten after `clear`."""
        self._text[self.size : self.size + PADDING] = 0
        return self._text[: self.size + PADDING]

    def clear(self) -> None:
        """Begin anew, in the same memory."""
        self._counts[:] = 0

    def add(self, text: npt.NDArray[np.uint8], size: int) -> int:
        """Keep the lines of interest of the complete entries in ``text[:size]``; returns where the last one ends.

        `PADDING` must follow.
        """
        room = self.size + size + PADDING
        if room > len(self._text):
            self._text = _longer(self._text, self.size, max(room, 2 * len(self._text)))
        while True:
            end: int = keep_lines(
                text, size, line_kinds(), feature_types(), self._text, *self._lines, self._found, self._counts
            )
            if end >= 0:
                return end
            used, room = int(self._counts[LINES_KEPT]), 2 * len(self._found)
            self._found = _longer(self._found, used, room)
            self._lines = _longer(self._lines, used, room)

    def lines(self) -> EntryLines:
        """Those kept, sorted by kind."""
        _, n_kept, n_entries, n_lines = self._counts.tolist()
        lines = np.empty((3, n_kept), np.int32)
        bounds = np.empty(N_KINDS + 1, np.int64)
        begins, ends, entries, numbers = self._lines[:, :n_kept]
        sort_by_kind(self._found[:n_kept], begins, ends, entries, lines, bounds)
        entry_begins = np.zeros(n_entries, np.int32)
        entry_begins[1:] = lines[1, bounds[END] : bounds[END + 1] - 1]
        return EntryLines(n_entries, n_lines, entry_begins, numbers, lines, bounds)


def _longer(array: npt.NDArray[Any], used: int, room: int) -> npt.NDArray[Any]:
    """An array with room for more along its last axis, and what is used of the old one."""
    longer = np.empty((*array.shape[:-1], room), array.dtype)
    longer[..., :used] = array[..., :used]
    return longer
