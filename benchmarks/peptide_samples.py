"""Peptides cut from random places of a text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index.alphabet import STANDARD, decoding_table


def sample_peptides(
    text: npt.NDArray[np.uint8], shortest: int, longest: int, number: int, seed: int
) -> pa.LargeStringArray:
    """So many peptides of standard residues from random places, with lengths drawn from `shortest` to `longest`."""
    random = np.random.default_rng(seed)
    windows = np.lib.stride_tricks.sliding_window_view(text, longest)
    pieces: list[npt.NDArray[np.uint8]] = []
    lengths: list[npt.NDArray[np.int64]] = []
    missing = number
    while missing:
        length = random.integers(shortest, longest + 1, missing)
        drawn = windows[random.integers(0, len(windows), missing)]
        inside = np.arange(longest) < length[:, None]
        whole = (((drawn >= 1) & (drawn <= len(STANDARD))) | ~inside).all(axis=1)
        pieces.append(drawn[whole][inside[whole]])
        lengths.append(length[whole])
        missing -= int(whole.sum())
    letters = decoding_table()[np.concatenate(pieces)].tobytes()
    offsets = np.concatenate([[0], np.cumsum(np.concatenate(lengths))])
    return pa.LargeStringArray.from_buffers(number, pa.py_buffer(offsets), pa.py_buffer(letters))
