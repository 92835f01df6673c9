"""What stands at a place in a SUBCELLULAR LOCATION comment: evidence, words the grammar knows, ends of statements.

``text[begin:end]``, or the text from `at` to `stop`, is the piece that a helper may look at; blanks are spaces only.
"""

from __future__ import annotations

from typing import Any, Final

from psl_index._byte_helpers import skip_blanks
from psl_index._jit import inlined

ABBREVIATION: Final = 0
"""Kind of a word in the lexicon after which a full stop ends no statement."""


@inlined
def ends_statement(text: Any, begin: Any, at: Any, stop: Any, lexicon: Any) -> Any:
    """Whether the full stop at `at` ends a statement: not inside a word or number, nor of an abbreviation."""
    if at + 1 == stop:
        return True
    if text[at + 1] != ord(" "):
        return False
    if at == begin or text[at - 1] == ord("}") or at + 2 == stop or begins_note(text, at + 2, stop):
        return True
    word = at
    while word > begin and text[word - 1] != ord(" ") and text[word - 1] != ord("("):
        word -= 1
    if at - word == 1:  # "C. elegans", though not "Complex I. Cytoplasm"
        return not (ord("a") <= text[at + 2] <= ord("z"))
    return word_of_kind(text, word, at, lexicon, ABBREVIATION) < 0


@inlined
def before_evidence(text: Any, begin: Any, end: Any) -> Any:
    """Where the text ends before all evidence behind it; `end` where there is none, or nothing else."""
    while end > begin and text[end - 1] == ord("}"):
        opening = end - 2
        while opening > begin and text[opening] != ord("{") and text[opening] != ord("}"):
            opening -= 1
        _, before = trim(text, begin, opening)
        if before <= begin or not begins_evidence(text, opening, end):
            break
        end = before
    return end


@inlined
def note_span(text: Any, begin: Any, end: Any) -> Any:
    """Span of a note without the evidence behind it and the full stops around that."""
    begin, end = trim(text, begin, end)
    if end > begin and text[end - 1] == ord("."):
        begin, end = trim(text, begin, end - 1)
    before = before_evidence(text, begin, end)
    if before < end and text[before - 1] == ord("."):
        return trim(text, begin, before - 1)
    return begin, before


@inlined
def begins_note(text: Any, at: Any, stop: Any) -> Any:
    return (
        at + 5 <= stop
        and text[at] == ord("N")
        and text[at + 1] == ord("o")
        and text[at + 2] == ord("t")
        and text[at + 3] == ord("e")
        and text[at + 4] == ord("=")
    )


@inlined
def begins_evidence(text: Any, at: Any, stop: Any) -> Any:
    return text[at] == ord("{") and is_code(text, at + 1, stop)


@inlined
def is_code(text: Any, at: Any, stop: Any) -> Any:
    return (
        at + 4 <= stop
        and text[at] == ord("E")
        and text[at + 1] == ord("C")
        and text[at + 2] == ord("O")
        and text[at + 3] == ord(":")
    )


@inlined
def begins_isoform(text: Any, at: Any, stop: Any) -> Any:
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
def word_of_kind(text: Any, begin: Any, end: Any, lexicon: Any, kind: Any) -> Any:
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
def equal(text: Any, begin: Any, end: Any, other_begin: Any, other_end: Any) -> Any:
    if end - begin != other_end - other_begin:
        return False
    for offset in range(end - begin):  # noqa: SIM110 (the jit compiles no generators)
        if text[begin + offset] != text[other_begin + offset]:
            return False
    return True


@inlined
def _lower(letter: Any) -> Any:
    return letter | 32 if is_upper(letter) else letter


@inlined
def is_upper(letter: Any) -> Any:
    return ord("A") <= letter <= ord("Z")


@inlined
def trim(text: Any, begin: Any, end: Any) -> Any:
    begin = skip_blanks(text, begin, end)
    while end > begin and text[end - 1] == ord(" "):
        end -= 1
    return begin, end
