"""From wrapped lines to values: joining lines, splitting lists, picking out the names.

Columns of text are `(bytes, offsets)` as Arrow lays them out: value i is ``text[offsets[i]:offsets[i +
1]]``. Every kernel is O(bytes). Those that write text return how many bytes; the caller provides room for as
many as went in, one more for each line, and `_wide.SLACK` behind them, and as many must be readable behind
the text they read.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._byte_helpers import fetch_ahead, find, find_byte, skip_blanks, starts
from psl_index._jit import inlined, kernel
from psl_index._wide import copy_bytes

_BLANK: Final = 32
_OPEN: Final = 40
_CLOSE: Final = 41
_COMMA: Final = 44
_HYPHEN: Final = 45
_DOT: Final = 46
_SEMICOLON: Final = 59
_OPEN_SQUARE: Final = 91
_CLOSE_SQUARE: Final = 93
_LOWER_S: Final = 115

_EVIDENCE: Final = np.frombuffer(b"{ECO:", np.uint8)
_FULL: Final = np.frombuffer(b"Full=", np.uint8)
_REC_NAME: Final = np.frombuffer(b"RecName: ", np.uint8)
_SUB_NAME: Final = np.frombuffer(b"SubName: ", np.uint8)
_ALT_NAME: Final = np.frombuffer(b"AltName: ", np.uint8)
_FLAGS: Final = np.frombuffer(b"Flags: ", np.uint8)
_FRAGMENT: Final = np.frombuffer(b"Fragment", np.uint8)
_OLD_FRAGMENT: Final = np.frombuffer(b"(fragment", np.uint8)
_NAME: Final = np.frombuffer(b"Name=", np.uint8)
_LATER_NAME: Final = np.frombuffer(b"; Name=", np.uint8)
_SYNONYMS: Final = np.frombuffer(b"Synonyms=", np.uint8)
_ORDERED_LOCUS: Final = np.frombuffer(b"OrderedLocusNames=", np.uint8)
_ORF: Final = np.frombuffer(b"ORFNames=", np.uint8)
_NEXT_GENE: Final = np.frombuffer(b"; and ", np.uint8)
_OR: Final = np.frombuffer(b" OR ", np.uint8)
_AND: Final = np.frombuffer(b" AND ", np.uint8)


@kernel
def join_lines(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    rows: npt.NDArray[np.int32],
    drop_stop: bool,
    joined: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
) -> Any:
    """Join the lines of each row with a blank, or with nothing after a line that ends in a hyphen.

    A hyphen with a blank before it is a dash, and gets its blank after it. `rows` is the row of each line,
    ascending but for lines that belong to none (-1); with `drop_stop` a row loses one full stop at its end.
    """
    n = np.int64(0)
    row = np.int64(-1)
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        if rows[line] < 0 or begins[line] >= ends[line]:
            continue
        while row < rows[line]:
            n = _without_stop(joined, offsets, row, n, drop_stop)
            row += 1
            offsets[row] = n
        first = np.int64(offsets[row])
        if n > first and (joined[n - 1] != _HYPHEN or (n - 2 >= first and joined[n - 2] == _BLANK)):
            joined[n] = _BLANK
            n += 1
        copy_bytes(text, begins[line], ends[line], joined, n)
        n += ends[line] - begins[line]
    while row < offsets.size - 1:
        n = _without_stop(joined, offsets, row, n, drop_stop)
        row += 1
        offsets[row] = n
    return n


@inlined
def _without_stop(
    joined: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32], row: Any, end: Any, drop_stop: bool
) -> Any:
    """Where a row that is complete ends."""
    if drop_stop and row >= 0 and end > offsets[row] and joined[end - 1] == _DOT:
        return end - 1
    return end


@kernel
def copy_spans(
    text: npt.NDArray[np.uint8],
    spans: npt.NDArray[np.int32],
    copied: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
) -> Any:
    """Copy ``text[spans[0, i]:spans[1, i]]`` to value i."""
    n = np.int64(0)
    offsets[0] = 0
    for row in range(spans.shape[1]):
        copy_bytes(text, spans[0, row], spans[1, row], copied, n)
        n += spans[1, row] - spans[0, row]
        offsets[row + 1] = n
    return n


@kernel
def split_lists(
    joined: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    first: int,
    last: int,
    items: npt.NDArray[np.uint8],
    item_offsets: npt.NDArray[np.int32],
    list_offsets: npt.NDArray[np.int32],
) -> Any:
    """Split each row at its semicolons, blanks around items dropped, empty items passed over.

    Items `first` to `last` (exclusive, from 0) of each row are written; those of row i are
    ``list_offsets[i]:list_offsets[i + 1]`` of the items.
    """
    n = np.int64(0)
    n_items = np.int64(0)
    item_offsets[0] = 0
    list_offsets[0] = 0
    for row in range(offsets.size - 1):
        at = np.int64(offsets[row])
        row_end = np.int64(offsets[row + 1])
        number = np.int64(0)
        while at < row_end:
            at = skip_blanks(joined, at, row_end)
            end = find_byte(joined, at, row_end, _SEMICOLON)
            after = end + 1
            while end > at and joined[end - 1] == _BLANK:
                end -= 1
            if end > at:
                if first <= number < last:
                    copy_bytes(joined, at, end, items, n)
                    n += end - at
                    n_items += 1
                    item_offsets[n_items] = n
                number += 1
            at = after
        list_offsets[row + 1] = n_items
    return n


@kernel
def protein_names(
    joined: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    spans: npt.NDArray[np.int32],
    fragments: npt.NDArray[np.bool_],
) -> None:
    """Where the name stands in each description (`spans`, empty for none), and whether it is a fragment.

    The first ``Full=``; in descriptions before 2008 what stands before the groups in brackets that end them.
    """
    for row in range(offsets.size - 1):
        begin = np.int64(offsets[row])
        end = np.int64(offsets[row + 1])
        if (
            starts(joined, begin, end, _REC_NAME)
            or starts(joined, begin, end, _SUB_NAME)
            or starts(joined, begin, end, _ALT_NAME)
            or starts(joined, begin, end, _FLAGS)
        ):
            flags = find(joined, begin, end, _FLAGS)
            fragments[row] = flags >= 0 and find(joined, flags, end, _FRAGMENT) >= 0
            begin, stop = _value(joined, begin, end, _FULL, False)
        else:
            fragments[row] = _is_old_fragment(joined, begin, end)
            stop = _before_groups(joined, begin, end)
        spans[0, row] = begin
        spans[1, row] = stop


@kernel
def gene_names(joined: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32], spans: npt.NDArray[np.int32]) -> None:
    """Where the first name of the first gene stands in each row (`spans`, empty where there is none).

    ``Name=`` where there is one, else whichever kind of name comes first; before 2004 ``(A OR B) AND C``.
    """
    for row in range(offsets.size - 1):
        begin = np.int64(offsets[row])
        end = np.int64(offsets[row + 1])
        if starts(joined, begin, end, _NAME):
            begin, stop = _value(joined, begin, end, _NAME, False)
        elif starts(joined, begin, end, _ORDERED_LOCUS):
            begin, stop = _name_in_list(joined, begin, end, _ORDERED_LOCUS)
        elif starts(joined, begin, end, _ORF):
            begin, stop = _name_in_list(joined, begin, end, _ORF)
        elif starts(joined, begin, end, _SYNONYMS):
            begin, stop = _name_in_list(joined, begin, end, _SYNONYMS)
        else:
            begin, stop = _old_name(joined, begin, end)
        spans[0, row] = begin
        spans[1, row] = stop


@inlined
def _name_in_list(joined: npt.NDArray[np.uint8], begin: Any, end: Any, key: npt.NDArray[np.uint8]) -> Any:
    """The ``Name=`` of a gene whose names begin with another `key`, else the first of `key`."""
    limit = find(joined, begin, end, _NEXT_GENE)
    if limit < 0:
        limit = end
    later = find(joined, begin, limit, _LATER_NAME)
    if later >= 0:
        return _value(joined, later, limit, _LATER_NAME, False)
    return _value(joined, begin, limit, key, True)


@inlined
def _value(joined: npt.NDArray[np.uint8], begin: Any, end: Any, key: npt.NDArray[np.uint8], in_list: bool) -> Any:
    """Where the text after the first `key` stands: up to its evidence, a semicolon, in lists a comma.

    A semicolon or comma within a word belongs to the name, as in PIP2;8.
    """
    at = find(joined, begin, end, key)
    if at < 0:
        return end, end
    at += key.size
    stop = at
    while stop < end:
        after_word = stop + 1 == end or joined[stop + 1] == _BLANK
        if after_word and (joined[stop] == _SEMICOLON or (in_list and joined[stop] == _COMMA)):
            break
        if joined[stop] == _BLANK and starts(joined, stop + 1, end, _EVIDENCE):
            break
        stop += 1
    return at, stop


@inlined
def _old_name(joined: npt.NDArray[np.uint8], begin: Any, end: Any) -> Any:
    if end > begin and joined[end - 1] == _DOT:
        end -= 1
    while begin < end and joined[begin] == _OPEN:
        begin += 1
    stop = begin
    while stop < end and joined[stop] != _CLOSE:
        if joined[stop] == _BLANK and (starts(joined, stop, end, _OR) or starts(joined, stop, end, _AND)):
            break
        stop += 1
    return begin, stop


@inlined
def _is_old_fragment(joined: npt.NDArray[np.uint8], begin: Any, end: Any) -> Any:
    """Whether ``(Fragment)`` or ``(FRAGMENTS)`` stands in a description."""
    for at in range(begin, end - _OLD_FRAGMENT.size):
        if joined[at] == _OPEN:
            k = 1
            while k < _OLD_FRAGMENT.size and (joined[at + k] | 32) == _OLD_FRAGMENT[k]:
                k += 1
            if k == _OLD_FRAGMENT.size and (joined[at + k] == _CLOSE or (joined[at + k] | 32) == _LOWER_S):
                return True
    return False


@inlined
def _before_groups(joined: npt.NDArray[np.uint8], begin: Any, end: Any) -> Any:
    """Where a description ends without its full stop and the groups in brackets at its end."""
    if end > begin and joined[end - 1] == _DOT:
        end -= 1
    while end > begin and (joined[end - 1] == _CLOSE or joined[end - 1] == _CLOSE_SQUARE):
        depth = np.int64(0)
        at = end
        while at > begin:
            at -= 1
            if joined[at] == _CLOSE or joined[at] == _CLOSE_SQUARE:
                depth += 1
            elif joined[at] == _OPEN or joined[at] == _OPEN_SQUARE:
                depth -= 1
                if depth == 0:
                    break
        if depth != 0 or at <= begin or joined[at - 1] != _BLANK:
            break
        end = at - 1
    return end
