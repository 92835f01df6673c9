"""The lines of interest of a piece of a flat file, sorted by kind, entry by entry."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index._line_kernels import END, N_KINDS, feature_types, find_lines, line_kinds, sort_by_kind

#: Bytes that must be readable behind a piece, none of them a line feed.
PADDING = 64

_USUAL_BYTES = 48  # of the file for each line of interest; where there are more lines, a second attempt has room


class Lines(NamedTuple):
    """Lines of one kind: three int32 arrays of one length."""

    begins: npt.NDArray[np.int32]  # place of the content, the sixth byte of a line
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
    n_lines: int  # all lines of the piece, of interest or not
    entry_begins: npt.NDArray[np.int32]  # where each entry begins, behind the ``//`` line before it
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
        return EntryLines(int(np.sum(~bad)), self.n_lines, self.entry_begins[~bad], lines, bounds)


def lines_of_entries(text: npt.NDArray[np.uint8], size: int) -> EntryLines:
    """Find the lines of interest in ``text[:size]``, complete entries with `PADDING` behind them."""
    n_found = -1
    room = size // _USUAL_BYTES + 2
    while n_found < 0:
        begins, ends, entries = np.empty((3, room), np.int32)
        found = np.empty(room, np.uint8)
        n_lines, n_found, n_entries = find_lines(
            text, size, line_kinds(), feature_types(), begins, ends, entries, found
        )
        room = size + 2
    lines = np.empty((3, n_found), np.int32)
    bounds = np.empty(N_KINDS + 1, np.int64)
    sort_by_kind(found[:n_found], begins, ends, entries, lines, bounds)
    entry_begins = np.zeros(n_entries, np.int32)
    entry_begins[1:] = lines[1, bounds[END] : bounds[END + 1] - 1]
    return EntryLines(n_entries, n_lines, entry_begins, lines, bounds)
