"""Small readers of bytes that kernels share: ``text[at:end]`` is always the piece they look at."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._jit import inlined

_MOST: Final = 2**32 - 1
_BLANK: Final = 32
_ZERO: Final = 48
_NINE: Final = 57
_A: Final = 65


@inlined
def report(
    problems: npt.NDArray[np.uint8], places: npt.NDArray[np.int32], entry: Any, problem: Any, place: Any
) -> None:
    """Note what is wrong with an entry; the first finding stands."""
    if problems[entry] == 0:
        problems[entry] = problem
        places[entry] = place


@inlined
def starts(text: npt.NDArray[np.uint8], at: Any, end: Any, words: npt.NDArray[np.uint8]) -> Any:
    """Whether ``text[at:end]`` starts with `words`."""
    k = 0
    while k < words.size and at + k < end and text[at + k] == words[k]:
        k += 1
    return k == words.size


@inlined
def skip_blanks(text: npt.NDArray[np.uint8], at: Any, end: Any) -> Any:
    """The first place that is no blank."""
    while at < end and text[at] == _BLANK:
        at += 1
    return at


@inlined
def word_end(text: npt.NDArray[np.uint8], at: Any, end: Any) -> Any:
    """The first blank."""
    while at < end and text[at] != _BLANK:
        at += 1
    return at


@inlined
def number(text: npt.NDArray[np.uint8], at: Any, end: Any) -> Any:
    """The number at a place, and where it ends; -1 where there is none, or one that no uint32 holds."""
    begin = at
    value = np.int64(0)
    while at < end and _ZERO <= text[at] <= _NINE:
        value = value * 10 + np.int64(text[at]) - _ZERO
        if value > _MOST:
            return np.int64(-1), at
        at += 1
    return value if at > begin else np.int64(-1), at


@inlined
def hex_digit(letter: Any) -> Any:
    """Value of an upper-case hex digit, -1 for any other byte."""
    if _ZERO <= letter <= _NINE:
        return np.int64(letter) - _ZERO
    if _A <= letter <= _A + 5:
        return np.int64(letter) - _A + 10
    return np.int64(-1)


@inlined
def find(text: npt.NDArray[np.uint8], at: Any, end: Any, words: npt.NDArray[np.uint8]) -> Any:
    """Where `words` first stands, -1 where it does not."""
    first = words[0]
    for place in range(at, end - words.size + 1):
        if text[place] == first and starts(text, place, end, words):
            return np.int64(place)
    return np.int64(-1)
