"""Small readers of bytes that kernels share: ``text[at:end]`` is always the piece they look at."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import byte_mask, load_big_endian, prefetch
from psl_index._jit import inlined
from psl_index._wide import lowest_bit

_AHEAD: Final = 8
_MOST: Final = 2**32 - 1
_BLANK: Final = 32
_ZERO: Final = 48
_NINE: Final = 57


@inlined
def report(
    problems: npt.NDArray[np.uint8], places: npt.NDArray[np.int32], entry: Any, problem: Any, place: Any
) -> None:
    """Note what is wrong with an entry; the first finding stands."""
    if problems[entry] == 0:
        problems[entry] = problem
        places[entry] = place


@inlined
def fetch_ahead(text: npt.NDArray[np.uint8], begins: npt.NDArray[np.int32], line: Any) -> None:
    """Ask for the text of a line some lines on: lines of a kind lie too far apart for the processor to foresee it."""
    prefetch(text, begins[min(line + _AHEAD, begins.size - 1)])


@inlined
def starts(text: npt.NDArray[np.uint8], at: Any, end: Any, words: npt.NDArray[np.uint8]) -> Any:
    """Whether ``text[at:end]`` starts with `words`."""
    if end - at < words.size:
        return False
    k = 0
    while k + 8 <= words.size:
        if load_big_endian(text, at + k) != load_big_endian(words, k):
            return False
        k += 8
    while k < words.size:
        if text[at + k] != words[k]:
            return False
        k += 1
    return True


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
    """Value of an upper-case hex digit, -1 for any other byte; without branches, which nobody could foresee."""
    digit = (np.int64(letter) & 15) + 9 * (np.int64(letter) >> 6)
    return digit if (digit < 16) & (letter == _ZERO + digit + 7 * (digit > 9)) else np.int64(-1)


@inlined
def find_byte(text: npt.NDArray[np.uint8], at: Any, end: Any, letter: Any) -> Any:
    """Where a letter first stands, `end` where it does not; 64 bytes must be readable behind that."""
    while at < end:
        mask = byte_mask(text, at, letter)
        if mask != 0:
            return min(at + lowest_bit(mask), end)
        at += 64
    return end


@inlined
def find_any(text: npt.NDArray[np.uint8], at: Any, end: Any, letters: npt.NDArray[np.uint8]) -> Any:
    """Where any of some letters first stands, as `find_byte`."""
    while at < end:
        mask = byte_mask(text, at, letters[0])
        for letter in letters[1:]:
            mask |= byte_mask(text, at, letter)
        if mask != 0:
            return min(at + lowest_bit(mask), end)
        at += 64
    return end


@inlined
def find(text: npt.NDArray[np.uint8], at: Any, end: Any, words: npt.NDArray[np.uint8]) -> Any:
    """Where `words` (two or more) first stands, -1 where it does not; 64 bytes must be readable behind `end`."""
    while at < end:
        mask = byte_mask(text, at, words[0]) & byte_mask(text, at + 1, words[1])
        if mask == 0:
            at += 64
            continue
        at += lowest_bit(mask)
        if starts(text, at, end, words):
            return np.int64(at)
        at += 1
    return np.int64(-1)
