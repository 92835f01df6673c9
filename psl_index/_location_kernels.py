"""The SUBCELLULAR LOCATION grammar over bytes: comments in, spans of the rows' texts out.

Everything is linear in the length of the text, whatever it holds: a closing bracket that does not come is
looked for once in a comment, and what was searched is consumed.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index._jit import inlined, kernel

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

ABBREVIATION: Final = 0
"""Kind of a word after which a full stop ends no statement; other kinds are TOPOLOGY, ORIENTATION, FLAG."""

ROWS: Final = 0
CODES: Final = 1
NO_BRACE: Final = 2
NO_PARENTHESIS: Final = 3
NO_BRACKET: Final = 4
"""Places in the state: rows and codes so far, and which brackets are known not to close in this comment."""

CODES_COMPARED: Final = 64
"""How many codes of a row a new one is compared with; UniProt uses some thirty in all."""


@kernel
def location_spans(text: Bytes, bounds: npt.NDArray[np.int32], lexicon: Bytes) -> LocationSpans:
    """Rows of comment i, which lies in `text` from ``bounds[i]`` to ``bounds[i + 1]``.

    `lexicon` has a row for each word the grammar knows: its kind, its length, and its letters in lower case.
    Flags come in parentheses, abbreviations without the full stop.
    """
    comments = bounds.shape[0] - 1
    stops = colons = 0
    for at in range(bounds[0], bounds[comments]):
        stops += text[at] == ord(".")
        colons += text[at] == ord(":")
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
    copied = np.empty(length, np.uint8)
    bounds = np.empty(count + 1, np.int64)
    bounds[0] = used = 0
    for index in range(count):
        at, stop = spans[index, column], spans[index, column + 1]
        last_brace = stop - 1
        while clean and last_brace >= at and text[last_brace] != ord("}"):
            last_brace -= 1
        while at < stop:
            if clean and at < last_brace and _begins_evidence(text, at, stop):
                while text[at] != ord("}"):
                    at += 1
                while used > bounds[index] and copied[used - 1] == ord(" "):
                    used -= 1
            elif not clean or used > bounds[index] or text[at] != ord(" "):
                copied[used] = text[at]
                used += 1
            at += 1
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
    at, stop = _trim(text, begin, stop)
    first_row = state[ROWS]
    name_begin = name_end = at
    waiting = False  # a molecule is named, and nothing has been said of it yet
    while at < stop:
        if _begins_note(text, at, stop):
            notes[comment, 0], notes[comment, 1] = _note(text, at + 5, stop)
            break
        if not waiting:
            its_begin, its_end, after = _name(text, at, stop, state[ROWS] == first_row, state)
            if after > at:
                name_begin, name_end, at = its_begin, its_end, after
                waiting = True
                continue
        row = state[ROWS]
        at = _skip_spaces(text, _statement(text, at, stop, lexicon, rows, codes, state), stop)
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
        begin = _skip_spaces(text, at, stop)
        codes_before = state[CODES]
        at, bare, ended = _part(text, begin, stop, lexicon, first_code, codes, state)
        if bare == begin:
            continue
        bare, flag = _without_flag(text, begin, bare, lexicon)
        if column == COMMENT:
            column = LOCATION
        elif rows[row, TOPOLOGY + 1] == 0 and _word(text, begin, bare, lexicon, TOPOLOGY) >= 0:
            column = TOPOLOGY
        elif rows[row, ORIENTATION + 1] == 0 and _word(text, begin, bare, lexicon, ORIENTATION) >= 0:
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
        letter = text[at]
        if ord("?") < letter < ord("{"):
            at += 1
            bare = at
        elif letter == ord(" "):
            at += 1
        elif letter == ord("{"):
            after = _after_evidence(text, at, stop, first_code, codes, state)
            if after == at or bare == begin:
                bare = max(after, at + 1)
            at = max(after, at + 1)
        elif letter == ord("("):
            at = bare = _after_parentheses(text, at, stop, state)
        elif letter == ord(";"):
            return at + 1, bare, False
        elif letter == ord(".") and _ends_statement(text, begin, at, stop, lexicon):
            return at + 1, bare, True
        else:
            at += 1
            bare = at
    return stop, bare, True


@inlined
def _after_evidence(text: Any, at: Any, stop: Any, first_code: Any, codes: Any, state: Any) -> Any:
    """Index after the evidence at `at`, whose new codes are added to the row; `at` where there is none."""
    if state[NO_BRACE] or not _begins_evidence(text, at, stop):
        return at
    codes_before = state[CODES]
    for end in range(at, stop):
        if text[end] == ord("}"):
            return end + 1
        if text[end] == ord(",") or text[end] == ord("{"):
            _add_code(text, _skip_spaces(text, end + 1, stop), stop, first_code, codes, state)
    state[CODES] = codes_before
    state[NO_BRACE] = 1
    return at


@inlined
def _add_code(text: Any, begin: Any, stop: Any, first_code: Any, codes: Any, state: Any) -> None:
    """Add the code at `begin`, if there is one, unless the row has it already."""
    if not _is_code(text, begin, stop):
        return
    end = begin + 4
    while end < stop and ord("0") <= text[end] <= ord("9"):
        end += 1
    code = state[CODES]
    for other in range(first_code, min(first_code + CODES_COMPARED, code)):
        if _equal(text, codes[other, 0], codes[other, 1], begin, end):
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
def _ends_statement(text: Any, begin: Any, at: Any, stop: Any, lexicon: Any) -> Any:
    """Whether the full stop at `at` ends a statement: not inside a word or number, nor of an abbreviation."""
    if at + 1 == stop:
        return True
    if text[at + 1] != ord(" "):
        return False
    if at == begin or text[at - 1] == ord("}") or at + 2 == stop or _begins_note(text, at + 2, stop):
        return True
    word = at
    while word > begin and text[word - 1] != ord(" ") and text[word - 1] != ord("("):
        word -= 1
    if at - word == 1:  # "C. elegans", though not "Complex I. Cytoplasm"
        return not (ord("a") <= text[at + 2] <= ord("z"))
    return _word(text, word, at, lexicon, ABBREVIATION) < 0


@inlined
def _without_flag(text: Any, begin: Any, end: Any, lexicon: Any) -> Any:
    """End of the part before a flag and the evidence before that, and which flag (-1: none)."""
    if text[end - 1] == ord(")"):
        opening = end - 1
        while opening > begin and text[opening] != ord("("):
            opening -= 1
        _, before = _trim(text, begin, opening)
        if before > begin:
            flag = _word(text, opening, end, lexicon, FLAG)
            if flag >= 0:
                return _before_evidence(text, begin, before), flag
    return end, -1


@inlined
def _before_evidence(text: Any, begin: Any, end: Any) -> Any:
    """Where the text ends before all evidence behind it; `end` where there is none, or nothing else."""
    while end > begin and text[end - 1] == ord("}"):
        opening = end - 2
        while opening > begin and text[opening] != ord("{") and text[opening] != ord("}"):
            opening -= 1
        _, before = _trim(text, begin, opening)
        if before <= begin or not _begins_evidence(text, opening, end):
            break
        end = before
    return end


@inlined
def _name(text: Any, at: Any, stop: Any, first: Any, state: Any) -> Any:
    """Begin and end of the molecule named at `at`, and the index after it; `at` thrice if none is named."""
    if text[at] == ord("["):
        if state[NO_BRACKET] == 0:
            for end in range(at, stop - 1):
                if text[end] == ord("]") and text[end + 1] == ord(":"):
                    return at + 1, end, _skip_spaces(text, end + 2, stop)
            state[NO_BRACKET] = 1
        return at, at, at
    end = at
    while end < stop and text[end] != ord(";") and text[end] != ord("{") and text[end] != ord("="):
        if text[end] == ord(".") and (end + 1 == stop or text[end + 1] == ord(" ")):
            break
        if text[end] == ord(":") and end + 3 < stop and text[end + 1] == ord(" "):
            # Releases 2008 to 2014 name any chain without brackets; upper-case text is older and never does.
            chain = first and _is_upper(text[end + 2]) and ord("a") <= text[end + 3] <= ord("z")
            if end > at and (chain or _begins_isoform(text, at, end)):
                return at, end, _skip_spaces(text, end + 1, stop)
            break
        end += 1
    return at, at, at


@inlined
def _note(text: Any, begin: Any, end: Any) -> Any:
    """Span of a note without the evidence behind it and the full stops around that."""
    begin, end = _trim(text, begin, end)
    if end > begin and text[end - 1] == ord("."):
        begin, end = _trim(text, begin, end - 1)
    before = _before_evidence(text, begin, end)
    if before < end and text[before - 1] == ord("."):
        return _trim(text, begin, before - 1)
    return begin, before


@inlined
def _begins_note(text: Any, at: Any, stop: Any) -> Any:
    return (
        at + 5 <= stop
        and text[at] == ord("N")
        and text[at + 1] == ord("o")
        and text[at + 2] == ord("t")
        and text[at + 3] == ord("e")
        and text[at + 4] == ord("=")
    )


@inlined
def _begins_evidence(text: Any, at: Any, stop: Any) -> Any:
    return text[at] == ord("{") and _is_code(text, at + 1, stop)


@inlined
def _is_code(text: Any, at: Any, stop: Any) -> Any:
    return (
        at + 4 <= stop
        and text[at] == ord("E")
        and text[at + 1] == ord("C")
        and text[at + 2] == ord("O")
        and text[at + 3] == ord(":")
    )


@inlined
def _begins_isoform(text: Any, at: Any, stop: Any) -> Any:
    return (
        at + 8 < stop
        and text[at] | 32 == ord("i")
        and text[at + 1] | 32 == ord("s")
        and text[at + 2] | 32 == ord("o")
        and text[at + 3] | 32 == ord("f")
        and text[at + 4] | 32 == ord("o")
        and text[at + 5] | 32 == ord("r")
        and text[at + 6] | 32 == ord("m")
        and text[at + 7] == ord(" ")
    )


@inlined
def _word(text: Any, begin: Any, end: Any, lexicon: Any, kind: Any) -> Any:
    """Row in the lexicon of the word of this kind that the text is, in any letter case, or -1."""
    for row in range(lexicon.shape[0]):
        if lexicon[row, 1] == end - begin and lexicon[row, 0] == kind:
            at = begin
            while at < end and _lower(text[at]) == lexicon[row, 2 + at - begin]:
                at += 1
            if at == end:
                return row
    return -1


@inlined
def _equal(text: Any, begin: Any, end: Any, other_begin: Any, other_end: Any) -> Any:
    if end - begin != other_end - other_begin:
        return False
    for offset in range(end - begin):  # noqa: SIM110 (the jit compiles no generators)
        if text[begin + offset] != text[other_begin + offset]:
            return False
    return True


@inlined
def _lower(letter: Any) -> Any:
    return letter | 32 if _is_upper(letter) else letter


@inlined
def _is_upper(letter: Any) -> Any:
    return ord("A") <= letter <= ord("Z")


@inlined
def _trim(text: Any, begin: Any, end: Any) -> Any:
    begin = _skip_spaces(text, begin, end)
    while end > begin and text[end - 1] == ord(" "):
        end -= 1
    return begin, end


@inlined
def _skip_spaces(text: Any, at: Any, stop: Any) -> Any:
    while at < stop and text[at] == ord(" "):
        at += 1
    return at
