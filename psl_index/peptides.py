"""Peptides as the kernels take them: one run of residue codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index._jit import kernel
from psl_index.alphabet import INVALID, encoding_table
from psl_index.errors import PeptideError, UsageError


class Peptides(NamedTuple):
    """Encoded peptides: number ``i`` is ``codes[offsets[i]:offsets[i + 1]]``."""

    codes: npt.NDArray[np.uint8]  # (sum of lengths,), see `psl_index.alphabet`
    offsets: npt.NDArray[np.int64]  # (n + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def part(self, first: int, end: int) -> Peptides:
        """Peptides ``first`` to ``end - 1``, without copying the codes."""
        return Peptides(self.codes, self.offsets[first : end + 1])


def encode(peptides: Sequence[str] | pa.StringArray | pa.ChunkedArray) -> Peptides:
    """Encode peptides: either case, a trailing ``*`` dropped.

    Raises
    ------
    PeptideError
        A peptide is empty, null or holds something else than letters; its `number` says which.
    """
    array = _as_string_array(peptides)
    if array.null_count:
        number = int(np.flatnonzero(array.is_null().to_numpy(zero_copy_only=False))[0])
        raise PeptideError("a peptide is missing", number=number)
    _, offsets_buffer, letters_buffer = array.buffers()
    if not len(array):
        return Peptides(np.empty(0, np.uint8), np.zeros(1, np.int64))
    raw = np.frombuffer(offsets_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
    letters = np.frombuffer(letters_buffer, np.uint8) if letters_buffer else np.empty(0, np.uint8)
    codes = np.empty(raw[-1] - raw[0], np.uint8)
    offsets = np.empty(len(raw), np.int64)
    bad = _encode(letters, raw, encoding_table(), codes, offsets)
    if bad >= 0:
        raise PeptideError(_complaint(array[bad].as_py()), number=bad)
    return Peptides(codes[: offsets[-1]], offsets)


def _as_string_array(peptides: Sequence[str] | pa.StringArray | pa.ChunkedArray) -> pa.LargeStringArray:
    if isinstance(peptides, str | bytes):
        raise UsageError("expected peptides, found a single text", remedy="put it into a list")
    if isinstance(peptides, pa.ChunkedArray):
        peptides = peptides.combine_chunks()
    if isinstance(peptides, pa.Array):
        return peptides.cast(pa.large_string())
    return pa.array(peptides, pa.large_string())


def _complaint(peptide: str) -> str:
    if not peptide.rstrip("*"):
        return "a peptide is empty"
    bad = next(letter for letter in peptide.removesuffix("*") if not (letter.isascii() and letter.isalpha()))
    return f"{peptide[:60]!r} is no peptide: {bad!r} is not a residue letter (A-Z)"


@kernel
def _encode(
    letters: npt.NDArray[np.uint8],
    raw: npt.NDArray[np.int64],
    code_of: npt.NDArray[np.uint8],
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
) -> int:
    """Fill `codes` and `offsets`; returns the first peptide that is none, or -1. O(letters)."""
    written = 0
    offsets[0] = 0
    for i in range(len(raw) - 1):
        end = raw[i + 1]
        if end > raw[i] and letters[end - 1] == ord("*"):
            end -= 1
        if end <= raw[i]:
            return i
        for j in range(raw[i], end):
            code = code_of[letters[j]]
            if code == INVALID:
                return i
            codes[written] = code
            written += 1
        offsets[i + 1] = written
    return -1
