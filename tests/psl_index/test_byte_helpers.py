"""Readers of bytes that kernels share, each against what `bytes` does; compiled and with the jit switched off."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_index._byte_helpers import find, find_any, find_byte, hex_digit, skip_blanks, starts, word_end
from psl_index._jit import kernel

READABLE = 64  # bytes behind what is searched
LETTERS = st.text("ab {", max_size=200).map(str.encode)
WORDS = [np.frombuffer(word, np.uint8) for word in (b"ab", b"b{", b"aab ", b"ab ab ab", b" {ab{ab{ab{ab{ab{")]


@kernel
def _found(text: np.ndarray, at: int, end: int, words: np.ndarray) -> tuple[int, int, int, int, int, bool]:
    return (
        find_byte(text, at, end, ord("{")),
        find_any(text, at, end, words),
        find(text, at, end, words),
        skip_blanks(text, at, end),
        word_end(text, at, end),
        starts(text, at, end, words),
    )


def _first(text: bytes, at: int, wanted: bytes) -> int:
    """Where any of the bytes first stands, the end of the text where none does."""
    return next((place for place in range(at, len(text)) if text[place] in wanted), len(text))


@given(LETTERS, LETTERS, st.data())
def test_they_find_what_bytes_find_and_nothing_behind_the_end(text: bytes, behind: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    words = data.draw(st.sampled_from(WORDS))
    readable = np.frombuffer(text + behind + bytes(READABLE), np.uint8)
    wanted = words.tobytes()
    assert _found(readable, at, len(text), words) == (
        _first(text, at, b"{"),
        _first(text, at, wanted),
        text.find(wanted, at),
        _first(text, at, bytes(range(256)).replace(b" ", b"")),
        _first(text, at, b" "),
        text.startswith(wanted, at),
    )


def test_hex_digits_are_upper_case() -> None:
    digits = {ord(digit): int(digit, 16) for digit in "0123456789ABCDEF"}
    assert [hex_digit(np.uint8(letter)) for letter in range(256)] == [digits.get(letter, -1) for letter in range(256)]


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="is what this test starts")
def test_without_the_jit_they_find_the_same() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout
