"""Peptides as the kernels take them: one run of residue codes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index._jit import kernel
from psl_index.alphabet import INVALID, encoding_table
from psl_index.errors import PeptideError, UsageError

#: Peptides as users hand them in, in either case.
PeptideInput: TypeAlias = "Sequence[str] | pa.StringArray | pa.ChunkedArray"

PADDING: Final = 16  # zeros after the last peptide: kernels read eight codes at once


class Peptides(NamedTuple):
    """Encoded peptides: number ``i`` is ``codes[offsets[i]:offsets[i + 1]]``."""

    codes: npt.NDArray[np.uint8]  # (sum of lengths + PADDING,), see `psl_index.alphabet`; zeros after the last
    offsets: npt.NDArray[np.int64]  # (n + 1,)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def part(self, first: int, end: int) -> Peptides:
        """Peptides ``first`` to ``end - 1``, without copying the codes."""
        return Peptides(self.codes, self.offsets[first : end + 1])

    def chosen(self, numbers: npt.NDArray[np.int64]) -> Peptides:
        """Those with the given numbers, in that order."""
        lengths = self.offsets[numbers + 1] - self.offsets[numbers]
        offsets = np.append(0, np.cumsum(lengths))
        codes = np.zeros(offsets[-1] + PADDING, np.uint8)
        codes[: offsets[-1]] = self.codes[
            np.arange(offsets[-1]) + np.repeat(self.offsets[numbers] - offsets[:-1], lengths)
        ]
        return Peptides(codes, offsets)


def encode(peptides: PeptideInput) -> Peptides:
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
        return Peptides(np.zeros(PADDING, np.uint8), np.zeros(1, np.int64))
    raw = np.frombuffer(offsets_buffer, np.int64)[array.offset : array.offset + len(array) + 1]
    letters = np.frombuffer(letters_buffer, np.uint8) if letters_buffer else np.empty(0, np.uint8)
    codes = np.zeros(raw[-1] - raw[0] + PADDING, np.uint8)
    offsets = raw - raw[0]
    if _encode_letters(letters[raw[0] : raw[-1]], encoding_table(), codes) and _ascending(offsets):
        return Peptides(codes, offsets)
    bad = _drop_asterisks(letters, raw, codes, offsets)
    if bad >= 0:
        raise PeptideError(_complaint(array[bad].as_py()), number=bad)
    codes[offsets[-1] :] = 0
    return Peptides(codes, offsets)


def check_limit(limit: int | None) -> None:
    """Refuse a limit of occurrences a peptide that makes no sense.

    Raises
    ------
    UsageError
        It is negative.
    """
    if limit is not None and limit < 0:
        raise UsageError(f"the limit of occurrences must not be negative, but is {limit}")


def _as_string_array(peptides: PeptideInput) -> pa.LargeStringArray:
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
def _encode_letters(
    letters: npt.NDArray[np.uint8], code_of: npt.NDArray[np.uint8], codes: npt.NDArray[np.uint8]
) -> bool:
    """Fill `codes` with those of all letters; returns whether all are residues. O(letters)."""
    seen = np.uint8(0)
    for i in range(len(letters)):
        code = code_of[letters[i]]
        codes[i] = code
        seen |= code
    return bool(seen != INVALID)


@kernel
def _ascending(offsets: npt.NDArray[np.int64]) -> bool:
    """Whether no peptide is empty. O(peptides)."""
    ascending = True
    for i in range(len(offsets) - 1):
        ascending &= offsets[i] < offsets[i + 1]
    return ascending


@kernel
def _drop_asterisks(
    letters: npt.NDArray[np.uint8],
    raw: npt.NDArray[np.int64],
    codes: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
) -> int:
    """Close the gaps in `codes` that trailing asterisks left; returns the first peptide that is none, or -1.

    Peptide ``i`` was ``letters[raw[i]:raw[i + 1]]``; its codes are in `codes` already. O(letters).
    """
    written = 0
    offsets[0] = 0
    for i in range(len(raw) - 1):
        first, end = raw[i], raw[i + 1]
        if end > first and letters[end - 1] == ord("*"):
            end -= 1
        if end == first:
            return i
        for j in range(first, end):
            code = codes[j - raw[0]]
            if code == INVALID:
                return i
            codes[written] = code
            written += 1
        offsets[i + 1] = written
    return -1
