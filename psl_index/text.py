"""The text of a shard: residue codes of its entries, one separator after each."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index._jit import kernel
from psl_index._search_kernels import BLOCK_BITS
from psl_index.alphabet import encoding_table


def encode_sequences(sequences: pa.StringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Codes of some sequences, each with a separator behind it.

    Returns
    -------
    codes : uint8, shape (residues + sequences,)
    ends : int64, shape (sequences,)
        Where in `codes` the next sequence starts.
    """
    _, offsets_buffer, letters_buffer = sequences.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[sequences.offset : sequences.offset + len(sequences) + 1]
    letters = np.frombuffer(letters_buffer, np.uint8)
    codes = np.empty(int(offsets[-1] - offsets[0]) + len(sequences), np.uint8)
    _encode_text(letters, offsets, encoding_table(), codes)
    ends = (offsets[1:] - offsets[0]).astype(np.int64) + np.arange(1, len(sequences) + 1)
    return codes, ends


def block_entries(starts: npt.NDArray[np.uint32], text_length: int) -> npt.NDArray[np.uint32]:
    """Entry that holds the first position of each block of 64, uint32 of shape (blocks,).

    `starts`, shape (n_entries + 1,), says where each entry starts, and where the padding does.
    """
    blocks = np.arange(0, text_length, 1 << BLOCK_BITS)
    entries = np.searchsorted(starts, blocks, side="right") - 1
    return np.minimum(entries, max(len(starts) - 2, 0)).astype(np.uint32)


@kernel
def _encode_text(
    letters: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    code_of: npt.NDArray[np.uint8],
    codes: npt.NDArray[np.uint8],
) -> None:
    """Codes of sequences ``letters[offsets[i]:offsets[i + 1]]``, a separator after each. O(residues)."""
    written = 0
    for i in range(len(offsets) - 1):
        for j in range(offsets[i], offsets[i + 1]):
            codes[written] = code_of[letters[j]]
            written += 1
        codes[written] = 0
        written += 1
