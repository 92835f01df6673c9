"""The peptides of a scan: each once, in an order and with tables that let a text be compared with all of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index._scan_kernels import (
    WIDEST,
    fill_tables,
    find_peptides,
    link_parents,
    number_distinct,
    sort_keys,
)
from psl_index.alphabet import decoding_table
from psl_index.peptides import PeptideInput, encode

_BITS_A_PREFIX = 32  # at least: few positions pass the filter for nothing, and that of 100,000 stays in cache
_SLOTS_A_PREFIX = 2  # at least
_HASH_BITS = 64


class Hits(NamedTuple):
    """Where peptides of a set occur in some entries; those of each peptide come by entry and start."""

    peptide: npt.NDArray[np.int32]  # number in the set
    entry: npt.NDArray[np.uint32]  # from 0
    start: npt.NDArray[np.uint32]  # 1-based


class PeptideSet:
    """Distinct peptides, by the width of their prefixes (see `psl_index._scan_kernels`), then by their letters.

    Parameters
    ----------
    peptides : sequence of str or string array, n of them
        In either case, a trailing ``*`` dropped; some may be equal.
    equate_il : bool
        Take I and L for the same residue; J stays J.

    Attributes
    ----------
    numbers : int32 array, shape (n,)
        Which peptide of the set each of `peptides` is.

    Raises
    ------
    PeptideError
        A peptide is empty or holds something else than letters.
    """

    def __init__(self, peptides: PeptideInput, *, equate_il: bool) -> None:
        self._equate_il = equate_il
        codes, offsets = encode(peptides)
        letters = self._folded(decoding_table()[codes])  # padded, as the codes are
        texts = pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(letters)]
        )
        widths = np.minimum(np.diff(offsets), WIDEST).astype(np.uint8)
        order = _by_letters(letters, offsets, texts)
        order = order[np.argsort(widths[order], kind="stable")]
        self.numbers = np.empty(len(order), np.int32)
        firsts = np.empty(len(order), np.int64)
        firsts = firsts[: number_distinct(letters, offsets, order, self.numbers, firsts)]
        self._letters, self._offsets = _contents(texts.take(pa.array(firsts)))
        self._parents = np.empty(len(firsts), np.int32)
        link_parents(self._letters, self._offsets, self._parents)
        ends = np.searchsorted(widths[firsts], np.arange(WIDEST + 1), side="right").tolist()
        self._group_ends = np.empty(len(firsts), np.int32)
        self._prefixes = [
            self._enter(width, ends[width - 1], ends[width])
            for width in range(1, WIDEST + 1)
            if ends[width] > ends[width - 1]
        ]

    def __len__(self) -> int:
        return len(self._parents)

    def find(self, sequences: pa.StringArray) -> Hits:
        """All occurrences in some sequences, in upper case and without nulls; several threads may ask at once."""
        letters, offsets = _contents(sequences)
        text = self._folded(letters)
        found = [Hits(np.empty(0, np.int32), np.empty(0, np.uint32), np.empty(0, np.uint32))]
        with np.errstate(over="ignore"):  # hashes wrap around; without the jit NumPy would warn
            for prefixes in self._prefixes:
                peptides = (self._letters, self._offsets, self._parents, self._group_ends)
                found.append(Hits(*find_peptides(text, offsets, *peptides, *prefixes)))
        return Hits(*(np.concatenate(columns) for columns in zip(*found, strict=True)))

    def _enter(self, width: int, first: int, end: int) -> _Prefixes:
        """The prefixes of the peptides `first` to ``end - 1``, which are all `width` wide."""
        bits_log2 = max((_BITS_A_PREFIX * (end - first) - 1).bit_length(), 6)
        slots_log2 = (_SLOTS_A_PREFIX * (end - first) - 1).bit_length()
        prefixes = _Prefixes(
            width,
            np.zeros(1 << bits_log2 - 6, np.uint64),
            _HASH_BITS - bits_log2,
            np.zeros(1 << slots_log2, np.uint64),
            np.zeros(1 << slots_log2, np.int32),
            _HASH_BITS - slots_log2,
        )
        with np.errstate(over="ignore"):
            fill_tables(self._letters, self._offsets, first, end, *prefixes, self._group_ends)
        return prefixes

    def _folded(self, letters: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        return np.where(letters == ord("I"), np.uint8(ord("L")), letters) if self._equate_il else letters


class _Prefixes(NamedTuple):
    """The prefixes of one width, as `psl_index._scan_kernels` takes them."""

    width: int
    bits: npt.NDArray[np.uint64]
    bit_shift: int
    slots: npt.NDArray[np.uint64]
    slot_peptides: npt.NDArray[np.int32]
    slot_shift: int


def _by_letters(
    letters: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], texts: pa.LargeBinaryArray
) -> npt.NDArray[np.int64]:
    """The order of peptides by their letters: first by their prefixes, as numbers, then those that share one."""
    keys = np.empty(len(texts), np.uint64)
    sort_keys(letters, offsets, keys)
    order = np.argsort(keys)
    same = np.diff(keys[order]) == 0
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    order[tied] = order[tied][pc.sort_indices(texts.take(pa.array(order[tied]))).to_numpy()]
    return order


def _contents(
    texts: pa.StringArray | pa.LargeBinaryArray,
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Letters of some texts, with `WIDEST` zero bytes behind them, and where each begins and the last ends."""
    if not len(texts):  # Arrow need not have buffers then
        return np.zeros(WIDEST, np.uint8), np.zeros(1, np.int64)
    _, offsets_buffer, letters_buffer = texts.buffers()
    kind = np.int32 if pa.types.is_string(texts.type) else np.int64
    offsets = np.frombuffer(offsets_buffer, kind)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    letters = np.frombuffer(letters_buffer, np.uint8)[offsets[0] : offsets[-1]]
    return np.concatenate([letters, np.zeros(WIDEST, np.uint8)]), offsets - offsets[0]
