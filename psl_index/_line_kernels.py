"""Which lines of a flat file are worth a closer look: those are kept.

Nine lines in ten say nothing that an index keeps (references, cross-references, other comments and
features); all that is done with those is to find their ends, 64 bytes at a time, and to look at their line
code. The others are copied, so that all that follows finds them in an eighth of the memory.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import byte_mask, load_big_endian
from psl_index._jit import inlined, kernel
from psl_index._wide import copy_bytes, count_bits, lowest_bit, without_lowest_bit
from psl_index.schemas import FEATURE_TYPES

#: Kinds of lines, numbers for `line_kinds` and everything after it. PASSED are those of no interest.
PASSED: Final = 0
IDENTITY: Final = 1
ACCESSIONS: Final = 2
DATES: Final = 3
DESCRIPTION: Final = 4
GENES: Final = 5
ORGANISM: Final = 6
LINEAGE: Final = 7
TAXON: Final = 8
EXISTENCE: Final = 9
COMMENTS: Final = 10
FEATURES: Final = 11
SUMMARY: Final = 12
RESIDUES: Final = 13
END: Final = 14
MISPLACED: Final = 15  # of interest by its code, with something else than blanks behind it
N_KINDS: Final = 16

#: Places in the counts of `keep_lines`.
BYTES_KEPT: Final = 0
LINES_KEPT: Final = 1
ENTRIES: Final = 2
LINES: Final = 3
N_COUNTS: Final = 4

_CODES: Final = {
    "ID": IDENTITY,
    "AC": ACCESSIONS,
    "DT": DATES,
    "DE": DESCRIPTION,
    "GN": GENES,
    "OS": ORGANISM,
    "OC": LINEAGE,
    "OX": TAXON,
    "PE": EXISTENCE,
    "CC": COMMENTS,
    "FT": FEATURES,
    "SQ": SUMMARY,
    "  ": RESIDUES,
    "//": END,
}

_PIECE: Final = 1 << 15  # bytes scanned at a time: the places of its line ends stay in the cache
_TAB: Final = 9
_FEED: Final = 10
_RETURN: Final = 13
_BLANK: Final = 32
_ONE: Final = np.uint64(1)
_TWO: Final = np.uint64(2)


def _number(letters: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(letters, "big"))


# A line's first eight bytes, as one number: code, indentation, the first three columns of its content.
_CODE_SHIFT: Final = np.uint64(48)
_INDENT_MARK: Final = _number(b"\xff\xff\xff\0\0\0")
_INDENT: Final = _number(b"   \0\0\0")
_BLOCK_MARK: Final = _number(b"\xff\xff\xff")
_BLOCK_SHIFT: Final = np.uint64(16)
_TYPE_MARK: Final = _number(b"\xff\xff")
_COMMENT: Final = _number(b"-!-")
_DASH: Final = _number(b"-")
_SPACE: Final = _number(b" ")
_TOPIC: Final = _number(b" SUBCELL")


@cache
def line_kinds() -> npt.NDArray[np.uint8]:
    """Kind of a line by its first two bytes as a big-endian number, uint8 of shape (65536,)."""
    kinds = np.zeros(1 << 16, np.uint8)
    for code, kind in _CODES.items():
        kinds[int.from_bytes(code.encode(), "big")] = kind
    return kinds


@cache
def feature_types() -> npt.NDArray[np.bool_]:
    """Whether a wanted feature type has these second and third letters, bool, indexed as `line_kinds`.

    They tell the wanted types from all others but CROSSLNK.
    """
    types = np.zeros(1 << 16, np.bool_)
    for name in FEATURE_TYPES:
        types[int.from_bytes(name[1:3].encode(), "big")] = True
    return types


@kernel
def keep_lines(
    text: npt.NDArray[np.uint8],
    size: int,
    kinds: npt.NDArray[np.uint8],
    types: npt.NDArray[np.bool_],
    kept: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    numbers: npt.NDArray[np.int32],
    found: npt.NDArray[np.uint8],
    counts: npt.NDArray[np.int64],
) -> Any:
    """Copy the lines of interest of the complete entries in ``text[:size]`` to those kept already; O(size).

    Of comments only SUBCELLULAR LOCATION is of interest, of features those of `schemas.FEATURE_TYPES`; some
    that look alike get through. The first line of an entry that is not blank is kept whatever it is, so that
    an error can quote it.

    Parameters
    ----------
    text : array
        64 bytes without a line feed must follow `size`.
    kinds, types : arrays
        What `line_kinds` and `feature_types` return.
    kept : array
        Gets the lines, line feeds included; there must be room for all of the text, and `_wide.SLACK` more.
    begins, ends, entries, numbers, found : arrays of one length
        Get, for each such line, the places in `kept` of its sixth byte (of its end, where it is shorter) and
        of its end without trailing blanks, the numbers of its entry and of itself in the file, and its kind.
    counts : array
        Bytes and lines kept, entries and lines of the file so far: see BYTES_KEPT and what follows it.

    Returns
    -------
    int
        Where the last complete entry ends, 0 where there is none; -1 where the arrays are too short for all
        lines, and nothing counts as kept.
    """
    feeds = np.empty(_PIECE + 2, np.int64)
    n_bytes, n_kept, entry, n_lines = counts[BYTES_KEPT], counts[LINES_KEPT], counts[ENTRIES], counts[LINES]
    complete = (n_bytes, n_kept, entry, n_lines)
    start = np.int64(0)
    used = np.int64(0)
    in_comment = False
    in_feature = False
    begun = False
    for piece in range(0, size, _PIECE):
        n_feeds = _line_feeds(text, piece, min(piece + _PIECE, size), feeds)
        if n_kept + n_feeds > begins.size:
            return np.int64(-1)
        for number in range(n_feeds):
            feed = feeds[number]
            begin, start = start, feed + 1
            head = load_big_endian(text, begin)
            kind = kinds[head >> _CODE_SHIFT]
            if kind == PASSED and begun:
                continue
            wanted = kind != PASSED
            if kind == COMMENTS:
                in_comment = _in_location(head, load_big_endian(text, begin + 8), feed - begin, in_comment)
                wanted = in_comment
            elif kind == FEATURES:
                in_feature = _in_wanted_feature(head, feed - begin, types, in_feature)
                wanted = in_feature
            if not begun and _is_written(text, begin, feed):
                begun = True
                if not wanted:
                    kind = np.uint8(PASSED)
                    wanted = True
            if not wanted:
                continue
            end = _without_blanks(text, begin, feed)
            copy_bytes(text, begin, start, kept, n_bytes)
            begins[n_kept] = n_bytes + min(np.int64(5), end - begin)
            ends[n_kept] = n_bytes + end - begin
            entries[n_kept] = entry
            numbers[n_kept] = n_lines + number
            indented = _is_indented(head, end - begin) or kind in (END, PASSED)
            found[n_kept] = kind if indented else MISPLACED
            n_bytes += start - begin
            n_kept += 1
            if kind == END:
                entry += 1
                in_comment = False
                in_feature = False
                begun = False
                used = start
                complete = (n_bytes, n_kept, entry, n_lines + number + 1)
        n_lines += n_feeds
    counts[BYTES_KEPT], counts[LINES_KEPT], counts[ENTRIES], counts[LINES] = complete
    return used


@inlined
def _is_written(text: npt.NDArray[np.uint8], start: Any, feed: Any) -> Any:
    """Whether a line holds anything but blanks and control characters."""
    while start < feed and text[start] <= _BLANK:
        start += 1
    return start < feed


@inlined
def _line_feeds(text: npt.NDArray[np.uint8], start: Any, stop: Any, feeds: npt.NDArray[np.int64]) -> Any:
    """Write the places of the line feeds of ``text[start:stop]``; returns how many.

    For every 64 bytes two places are written whether there are so many or not: cheaper than to guess how
    many.
    """
    n = np.uint64(0)  # unsigned, for Numba not to allow for places counted from the end
    for at in range(start, stop, 64):
        mask = byte_mask(text, at, _FEED)
        after = n + count_bits(mask)
        feeds[n] = at + lowest_bit(mask)
        mask = without_lowest_bit(mask)
        feeds[n + _ONE] = at + lowest_bit(mask)
        mask = without_lowest_bit(mask)
        while mask != 0:
            feeds[n + _TWO] = at + lowest_bit(mask)
            n += _ONE
            mask = without_lowest_bit(mask)
        n = after
    return np.int64(n)


@inlined
def _in_location(head: Any, topic: Any, size: Any, before: Any) -> Any:
    """Whether a CC line is in a block whose topic begins as SUBCELLULAR does; `before`: the answer before.

    `head` and `topic` are its first and its second eight bytes. Without branches, which nobody could foresee.
    """
    if size < 8:
        return before
    heading = (head & _BLOCK_MARK) >> _BLOCK_SHIFT == _DASH
    return ((head & _BLOCK_MARK == _COMMENT) & (topic == _TOPIC)) | (before & (not heading))


@inlined
def _in_wanted_feature(head: Any, size: Any, types: npt.NDArray[np.bool_], before: Any) -> Any:
    """Whether an FT line is in a feature whose type may be a wanted one; `before`: the answer before."""
    if size < 8:
        return before
    heading = (head & _BLOCK_MARK) >> _BLOCK_SHIFT != _SPACE
    return (heading & types[head & _TYPE_MARK]) | (before & (not heading))


@inlined
def _is_indented(head: Any, size: Any) -> Any:
    """Whether three blanks stand between the code and the content of a line, or it has none."""
    return size <= 2 or head & _INDENT_MARK == _INDENT


@inlined
def _without_blanks(text: npt.NDArray[np.uint8], start: Any, feed: Any) -> Any:
    """Where the line ends without the blanks, tabs and the carriage return at its end."""
    end = feed
    while end > start and (text[end - 1] == _BLANK or text[end - 1] == _RETURN or text[end - 1] == _TAB):
        end -= 1
    return end


@kernel
def sort_by_kind(
    found: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    lines: npt.NDArray[np.int32],
    bounds: npt.NDArray[np.int64],
) -> None:
    """Counting sort, stable, O(lines): ``lines[:, bounds[kind]:bounds[kind + 1]]`` are those of a kind.

    `lines` gets the begins, the ends and the entries as its three rows, shape (3, found.size).
    """
    bounds[:] = 0
    for line in range(found.size):
        bounds[found[line] + 1] += 1
    for kind in range(1, bounds.size):
        bounds[kind] += bounds[kind - 1]
    places = bounds.copy()
    for line in range(found.size):
        place = places[found[line]]
        lines[0, place] = begins[line]
        lines[1, place] = ends[line]
        lines[2, place] = entries[line]
        places[found[line]] = place + 1
