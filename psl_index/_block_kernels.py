"""Comments and features: which lines make up which, and where features lie.

Lines are given and findings reported as in `_entry_kernels`. Kernels turn `begins` and `ends` into those of
the text that a line adds to its block, and give the block's number in `rows` (-1: it adds none), for
`join_lines`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._byte_helpers import fetch_ahead, number, report, skip_blanks, starts, word_end
from psl_index._intrinsics import load_big_endian
from psl_index._jit import inlined, kernel
from psl_index.flatfile_problems import POSITION

_BLANK: Final = 32
_QUOTE: Final = 34
_DASH: Final = 45
_DOT: Final = 46
_SLASH: Final = 47
_COLON: Final = 58
_LESS: Final = 60
_EQUALS: Final = 61
_GREATER: Final = 62
_QUESTION: Final = 63
_UNDERSCORE: Final = 95
_A: Final = 97
_Z: Final = 122
_OPEN_BRACE: Final = 123
_CLOSE_BRACE: Final = 125

_ALL_BYTES: Final = np.uint64(2**64 - 1)
_BLANKS: Final = np.uint64(int.from_bytes(b" " * 8, "big"))

_TOPIC: Final = np.frombuffer(b"-!- SUBCELLULAR LOCATION:", np.uint8)
_NOTE: Final = np.frombuffer(b'/note="', np.uint8)
_OLD_IDENTIFIER: Final = np.frombuffer(b"/FTId=", np.uint8)
_EVIDENCE: Final = np.frombuffer(b"{ECO:", np.uint8)


@kernel
def comment_blocks(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    rows: npt.NDArray[np.int32],
    block_entries: npt.NDArray[np.int32],
) -> Any:
    """Blocks of SUBCELLULAR LOCATION comments among the lines that look like it; returns how many.

    `block_entries` gets the entry of each block.
    """
    n = np.int64(0)
    in_block = False
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        at = np.int64(begins[line])
        end = np.int64(ends[line])
        if starts(text, at, end, _TOPIC):
            block_entries[n] = entries[line]
            n += 1
            at += _TOPIC.size
            in_block = True
        elif at < end and text[at] == _DASH:
            in_block = False
        begins[line] = skip_blanks(text, at, end)
        rows[line] = n - 1 if in_block else -1
    return n


@kernel
def read_features(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    type_names: npt.NDArray[np.uint64],
    rows: npt.NDArray[np.int32],
    feature_entries: npt.NDArray[np.uint32],
    types: npt.NDArray[np.int8],
    positions: npt.NDArray[np.int64],
    old: npt.NDArray[np.bool_],
    problems: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int32],
) -> Any:
    """Features of the wanted types in either layout (new: since release 2019_11); returns how many.

    `type_names` has the wanted names, padded with blanks to eight bytes, as big-endian numbers. For feature i
    `types` gets the place of its name there, ``positions[:, i]`` start and end (1-based inclusive, -1 where unknown or
    on another isoform), and `old` its layout.
    """
    n = np.int64(0)
    in_feature = False
    in_note = False
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        at = np.int64(begins[line])
        end = np.int64(ends[line])
        rows[line] = -1
        if at == end:
            continue
        if text[at] != _BLANK:
            kind = _type_of(text, at, end, type_names)
            in_feature = kind >= 0
            if not in_feature:
                continue
            feature_entries[n] = entries[line]
            types[n] = kind
            at = min(at + 8, end)
            old[n] = skip_blanks(text, at, end) < min(at + 8, end)
            if old[n]:
                at, good = _read_old_positions(text, at, end, positions, n)
            else:
                at, good = _read_positions(text, skip_blanks(text, at, end), end, positions, n)
            if not good:
                report(problems, places, entries[line], POSITION, begins[line])
            in_note = old[n]
            n += 1
        elif not in_feature:
            continue
        at = skip_blanks(text, at, end)
        if old[n - 1]:
            in_note = in_note and not starts(text, at, end, _OLD_IDENTIFIER)
        elif starts(text, at, end, _NOTE):
            in_note = True
            at += _NOTE.size
        elif _is_qualifier(text, at, end):
            in_note = False
        if in_note:
            if not old[n - 1] and end > at and text[end - 1] == _QUOTE:
                in_note = False
                end -= 1
            begins[line] = at
            ends[line] = end
            rows[line] = n - 1
    return n


@kernel
def trim_descriptions(joined: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32], old: npt.NDArray[np.bool_]) -> Any:
    """Take full stop and evidence from the ends of old descriptions, in place; returns the bytes left."""
    n = np.int64(0)
    for row in range(old.size):
        begin = np.int64(offsets[row])
        end = np.int64(offsets[row + 1])
        offsets[row] = n
        if old[row]:
            end = _without_evidence(joined, begin, end)
        if n < begin:
            for at in range(begin, end):
                joined[n + at - begin] = joined[at]
        n += end - begin
    offsets[old.size] = n
    return n


@inlined
def _type_of(text: npt.NDArray[np.uint8], at: Any, end: Any, type_names: npt.NDArray[np.uint64]) -> Any:
    """Which of the names stands in the eight columns at a place, -1 for none."""
    name = load_big_endian(text, at)
    if end - at < 8:
        beyond = _ALL_BYTES >> np.uint64(8 * (end - at))
        name = (name & ~beyond) | (_BLANKS & beyond)
    for kind in range(type_names.size):
        if type_names[kind] == name:
            return np.int64(kind)
    return np.int64(-1)


@inlined
def _read_old_positions(
    text: npt.NDArray[np.uint8], at: Any, end: Any, positions: npt.NDArray[np.int64], feature: Any
) -> Any:
    """Two numbers in columns of their own; returns where they end and whether they are well formed."""
    at = skip_blanks(text, at, end)
    positions[0, feature], at, good = _position(text, at, end)
    good = good and at < end and text[at] == _BLANK
    at = skip_blanks(text, at, end)
    positions[1, feature], at, well_formed = _position(text, at, end)
    return at, good and well_formed and (at == end or text[at] == _BLANK)


@inlined
def _read_positions(
    text: npt.NDArray[np.uint8], at: Any, end: Any, positions: npt.NDArray[np.int64], feature: Any
) -> Any:
    """``1..20``, ``20``, either after ``P12345-2:``; returns where it ends and whether it is well formed."""
    word = word_end(text, at, end)
    isoform = at
    while isoform < word and text[isoform] != _COLON:
        isoform += 1
    if isoform < word:
        at = isoform + 1
    positions[0, feature], at, good = _position(text, at, word)
    if at == word:
        positions[1, feature] = positions[0, feature]
    elif at + 2 < word and text[at] == _DOT and text[at + 1] == _DOT:
        positions[1, feature], at, well_formed = _position(text, at + 2, word)
        good = good and well_formed
    if isoform < word:
        positions[:, feature] = -1
    return at, good and at == word and word == end


@inlined
def _position(text: npt.NDArray[np.uint8], at: Any, end: Any) -> Any:
    """A number, perhaps after ``<``, ``>`` or ``?``, or ``?`` alone (-1); its end; whether it is one."""
    unknown = at < end and text[at] == _QUESTION
    if at < end and (unknown or text[at] == _LESS or text[at] == _GREATER):
        at += 1
    position, after = number(text, at, end)
    return position, after, position > 0 or (unknown and after == at)


@inlined
def _is_qualifier(text: npt.NDArray[np.uint8], at: Any, end: Any) -> Any:
    """Whether ``/name=`` stands at a place."""
    if at >= end or text[at] != _SLASH:
        return False
    at += 1
    begin = at
    while at < end and (_A <= text[at] <= _Z or text[at] == _UNDERSCORE):
        at += 1
    return at > begin and at < end and text[at] == _EQUALS


@inlined
def _without_evidence(joined: npt.NDArray[np.uint8], begin: Any, end: Any) -> Any:
    """Where a description ends without full stop, evidence and blanks at its end."""
    if end > begin and joined[end - 1] == _DOT:
        end -= 1
    if end > begin and joined[end - 1] == _CLOSE_BRACE:
        at = end - 1
        while at > begin and joined[at] != _OPEN_BRACE:
            at -= 1
        if starts(joined, at, end, _EVIDENCE):
            end = at
            while end > begin and joined[end - 1] == _BLANK:
                end -= 1
            if end > begin and joined[end - 1] == _DOT:
                end -= 1
    return end
