"""The SUBCELLULAR LOCATION grammar over bytes: comments in, spans of the rows' texts out.

Everything is linear in the length of the text, whatever it holds: a closing bracket that does not come is
looked for once in a comment, and what was searched is consumed.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index._byte_helpers import find_any, find_byte, skip_blanks
from psl_index._jit import inlined, kernel
from psl_index._location_words import (
    before_evidence,
    begins_evidence,
    begins_isoform,
    begins_note,
    ends_statement,
    equal,
    is_code,
    is_upper,
    note_span,
    trim,
    word_of_kind,
)
from psl_index._wide import SLACK, copy_bytes

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int64]


class LocationSpans(NamedTuple):
    """Rows of some comments, in order; a span is begin and end in their bytes, equal where there is none."""

    rows: Integers  # shape (rows, 11): comment, then what the constants below name
    codes: Integers  # spans, shape (codes, 2): a row has those from the CODES_END of the row before to its own
    notes: Integers  # spans, shape (comments, 2)


COMMENT: Final = 0
MOLECULE: Final = 1
LOCATION: Final = 3
TOPOLOGY: Final = 5
ORIENTATION: Final = 7
FLAG: Final = 9
CODES_END: Final = 10
"""Columns of `LocationSpans.rows`; a span takes two, FLAG holds the row of a word in the lexicon, or -1."""

ROWS: Final = 0
CODES: Final = 1
NO_BRACE: Final = 2
NO_PARENTHESIS: Final = 3
NO_BRACKET: Final = 4
"""Places in the state: rows and codes so far, and which brackets are known not to close in this comment."""

_MARKS: Final = np.frombuffer(b"{(;.", np.uint8)
_EVIDENCE_MARKS: Final = np.frombuffer(b"{,}", np.uint8)
_NAME_MARKS: Final = np.frombuffer(b";{=.:", np.uint8)

CODES_COMPARED: Final = 64
"""How many codes of a row a new one is compared with; UniProt uses some thirty in all."""


@kernel
def location_spans(text: Bytes, bounds: npt.NDArray[np.int32], lexicon: Bytes) -> LocationSpans:
    """Rows of comment i, which lies in `text` from ``bounds[i]`` to ``bounds[i + 1]``.

    `lexicon` has a row for each word the grammar knows: its kind (TOPOLOGY, ORIENTATION, FLAG, ABBREVIATION),
    its length, and its letters in lower case. Flags come in parentheses, abbreviations without the full stop.
    `_wide.SLACK` bytes must be readable behind the text, here and in `copy_spans`.
    """
    comments = bounds.shape[0] - 1
    stops = colons = 0
    for letter in text[bounds[0] : bounds[comments]]:
        stops += letter == ord(".")
        colons += letter == ord(":")
    rows = np.empty((comments + stops, 11), np.int64)  # each row ends at a full stop or with its comment
    codes = np.empty((colons, 2), np.int64)
    notes = np.zeros((comments, 2), np.int64)
    state = np.zeros(5, np.int64)
    for comment in range(comments):
        state[NO_BRACE:] = 0
        begin, stop = np.int64(bounds[comment]), np.int64(bounds[comment + 1])
        _comment(text, begin, stop, comment, lexicon, rows, codes, notes, state)
    return LocationSpans(rows[: state[ROWS]], codes[: state[CODES]], notes)


@kernel
def copy_spans(text: Bytes, spans: Integers, column: int, clean: bool) -> tuple[Integers, Bytes]:
    """Bounds (spans + 1) and bytes of the texts of the spans that begin in `column` and end in the next.

    `clean` leaves out evidence in braces.
    """
    count = spans.shape[0]
    length = 0
    for index in range(count):
        length += spans[index, column + 1] - spans[index, column]
    copied = np.empty(length + SLACK, np.uint8)
    bounds = np.empty(count + 1, np.int64)
    bounds[0] = used = 0
    for index in range(count):
        at, stop = spans[index, column], spans[index, column + 1]
        last_brace = stop - 1
        while clean and last_brace >= at and text[last_brace] != ord("}"):
            last_brace -= 1
        while at < stop:
            if clean and used == bounds[index]:
                at = skip_blanks(text, at, stop)
            brace = find_byte(text, at, stop, ord("{")) if clean else stop
            if brace < last_brace and begins_evidence(text, brace, stop):
                after = find_byte(text, brace, stop, ord("}")) + 1
            else:
                brace = after = min(brace + 1, stop)
            copy_bytes(text, at, brace, copied, used)
            used += brace - at
            while brace < after and used > bounds[index] and copied[used - 1] == ord(" "):
                used -= 1
            at = after
        bounds[index + 1] = used
    return bounds, copied[:used]


@inlined
def _comment(
    text: Any,
    begin: Any,
    stop: Any,
    comment: Any,
    lexicon: Any,
    rows: Any,
    codes: Any,
    notes: Any,
    state: Any,
) -> None:
    at, stop = trim(text, begin, stop)
    first_row = state[ROWS]
    name_begin = name_end = at
    waiting = False  # a molecule is named, and nothing has been said of it yet
    while at < stop:
        if begins_note(text, at, stop):
            notes[comment, 0], notes[comment, 1] = note_span(text, at + 5, stop)
            break
        if not waiting:
            its_begin, its_end, after = _name(text, at, stop, state[ROWS] == first_row, state)
            if after > at:
                name_begin, name_end, at = its_begin, its_end, after
                waiting = True
                continue
        row = state[ROWS]
        at = skip_blanks(text, _statement(text, at, stop, lexicon, rows, codes, state), stop)
        if state[ROWS] > row:
            rows[row, COMMENT], rows[row, MOLECULE], rows[row, MOLECULE + 1] = comment, name_begin, name_end
            waiting = False
    if waiting or (state[ROWS] == first_row and notes[comment, 1] > notes[comment, 0]):
        row = state[ROWS]
        state[ROWS] += 1
        rows[row] = 0
        rows[row, COMMENT], rows[row, MOLECULE], rows[row, MOLECULE + 1] = comment, name_begin, name_end
        rows[row, FLAG], rows[row, CODES_END] = -1, state[CODES]


@inlined
def _statement(text: Any, at: Any, stop: Any, lexicon: Any, rows: Any, codes: Any, state: Any) -> Any:
    """Add the row of the statement at `at`, if it says anything; index after its full stop."""
    row, first_code = state[ROWS], state[CODES]
    rows[row] = 0
    own_flag = other_flag = -1
    column = COMMENT  # of the part before; COMMENT: there is none
    ended = False
    while not ended:
        begin = skip_blanks(text, at, stop)
        codes_before = state[CODES]
        at, bare, ended = _part(text, begin, stop, lexicon, first_code, codes, state)
        if bare == begin:
            continue
        bare, flag = _without_flag(text, begin, bare, lexicon)
        if column == COMMENT:
            column = LOCATION
        elif rows[row, TOPOLOGY + 1] == 0 and word_of_kind(text, begin, bare, lexicon, TOPOLOGY) >= 0:
            column = TOPOLOGY
        elif rows[row, ORIENTATION + 1] == 0 and word_of_kind(text, begin, bare, lexicon, ORIENTATION) >= 0:
            column = ORIENTATION
        if rows[row, column + 1] == 0:
            rows[row, column] = begin
        rows[row, column + 1] = bare
        if column == LOCATION:
            own_flag = flag if own_flag < 0 else own_flag
        else:
            other_flag = flag if other_flag < 0 else other_flag
            state[CODES] = codes_before  # evidence of the location alone is kept
    if column != COMMENT:
        rows[row, FLAG] = own_flag if own_flag >= 0 else other_flag
        rows[row, CODES_END] = state[CODES]
        state[ROWS] += 1
    return at


@inlined
def _part(text: Any, begin: Any, stop: Any, lexicon: Any, first_code: Any, codes: Any, state: Any) -> Any:
    """Index after the part at `begin`, end of its text without what trails, and whether the statement ends.

    Spaces and evidence trail; the codes of evidence are added to the row. Evidence without text before is
    text.
    """
    at = bare = begin
    while at < stop:
        mark = find_any(text, at, stop, _MARKS)
        end = mark
        while end > at and text[end - 1] == ord(" "):
            end -= 1
        if end > at:
            bare = end
        at = mark
        if at == stop:
            break
        if text[at] == ord("{"):
            after = _after_evidence(text, at, stop, first_code, codes, state)
            if after == at or bare == begin:
                bare = max(after, at + 1)
            at = max(after, at + 1)
        elif text[at] == ord("("):
            at = bare = _after_parentheses(text, at, stop, state)
        elif text[at] == ord(";"):
            return at + 1, bare, False
        elif ends_statement(text, begin, at, stop, lexicon):
            return at + 1, bare, True
        else:
            at += 1
            bare = at
    return stop, bare, True


@inlined
def _after_evidence(text: Any, at: Any, stop: Any, first_code: Any, codes: Any, state: Any) -> Any:
    """Index after the evidence at `at`, whose new codes are added to the row; `at` where there is none."""
    if state[NO_BRACE] or not begins_evidence(text, at, stop):
        return at
    codes_before = state[CODES]
    end = at
    while end < stop:
        if text[end] == ord("}"):
            return end + 1
        _add_code(text, skip_blanks(text, end + 1, stop), stop, first_code, codes, state)
        end = find_any(text, end + 1, stop, _EVIDENCE_MARKS)
    state[CODES] = codes_before
    state[NO_BRACE] = 1
    return at


@inlined
def _add_code(text: Any, begin: Any, stop: Any, first_code: Any, codes: Any, state: Any) -> None:
    """Add the code at `begin`, if there is one, unless the row has it already."""
    if not is_code(text, begin, stop):
        return
    end = begin + 4
    while end < stop and ord("0") <= text[end] <= ord("9"):
        end += 1
    code = state[CODES]
    for other in range(first_code, min(first_code + CODES_COMPARED, code)):
        if equal(text, codes[other, 0], codes[other, 1], begin, end):
            return
    codes[code, 0], codes[code, 1] = begin, end
    state[CODES] += 1


@inlined
def _after_parentheses(text: Any, at: Any, stop: Any, state: Any) -> Any:
    """Index after the parentheses that open at `at`; the next index where nothing closes them."""
    if state[NO_PARENTHESIS] == 0:
        depth = 0
        for end in range(at, stop):
            depth += int(text[end] == ord("(")) - int(text[end] == ord(")"))
            if depth == 0:
                return end + 1
        state[NO_PARENTHESIS] = 1
    return at + 1


@inlined
def _without_flag(text: Any, begin: Any, end: Any, lexicon: Any) -> Any:
    """End of the part before a flag and the evidence before that, and which flag (-1: none)."""
    if text[end - 1] == ord(")"):
        opening = end - 1
        while opening > begin and text[opening] != ord("("):
            opening -= 1
        _, before = trim(text, begin, opening)
        if before > begin:
            flag = word_of_kind(text, opening, end, lexicon, FLAG)
            if flag >= 0:
                return before_evidence(text, begin, before), flag
    return end, -1


@inlined
def _name(text: Any, at: Any, stop: Any, first: Any, state: Any) -> Any:
    """Begin and end of the molecule named at `at`, and the index after it; `at` thrice if none is named."""
    if text[at] == ord("["):
        if state[NO_BRACKET] == 0:
            for end in range(at, stop - 1):
                if text[end] == ord("]") and text[end + 1] == ord(":"):
                    return at + 1, end, skip_blanks(text, end + 2, stop)
            state[NO_BRACKET] = 1
        return at, at, at
    end = find_any(text, at, stop, _NAME_MARKS)
    while end < stop and (text[end] == ord(".") or text[end] == ord(":")):
        if text[end] == ord(".") and (end + 1 == stop or text[end + 1] == ord(" ")):
            break
        if text[end] == ord(":") and end + 3 < stop and text[end + 1] == ord(" "):
            # Releases 2008 to 2014 name any chain without brackets; upper-case text is older and never does.
            chain = first and is_upper(text[end + 2]) and ord("a") <= text[end + 3] <= ord("z")
            if end > at and (chain or begins_isoform(text, at, end)):
                return at, end, skip_blanks(text, end + 1, stop)
            break
        end = find_any(text, end + 1, stop, _NAME_MARKS)
    return at, at, at
