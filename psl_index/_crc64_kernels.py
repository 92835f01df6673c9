"""CRC-64 of many byte strings, sixteen bytes a step.

Slicing-by-16, after M. E. Kounavis, F. L. Berry, "Novel table lookup-based algorithms for high-performance CRC
generation", IEEE Trans. Comput. 57 (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from psl_index._intrinsics import load_big_endian
from psl_index._jit import kernel

BYTE = np.uint64(0xFF)


@kernel
def checksums(
    text: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    tables: npt.NDArray[np.uint64],
    sums: npt.NDArray[np.uint64],
) -> None:
    """Write the checksum of ``text[offsets[i]:offsets[i + 1]]`` to ``sums[i]``; O(bytes).

    `tables` has shape (16, 256): row k is the checksum of one byte followed by k zero bytes. Its numbers and
    `sums` have their bytes in reverse order, so that the first byte of a text meets the highest bits.
    """
    for row in range(sums.size):
        crc = np.uint64(0)
        at = np.int64(offsets[row])
        end = np.int64(offsets[row + 1])
        while at + 16 <= end:
            first = crc ^ load_big_endian(text, at)
            second = load_big_endian(text, at + 8)
            crc = np.uint64(0)
            for byte in range(8):  # what does not wait for the step before comes first
                crc ^= tables[byte, (second >> np.uint64(8 * byte)) & BYTE]
            for byte in range(8):
                crc ^= tables[8 + byte, (first >> np.uint64(8 * byte)) & BYTE]
            at += 16
        while at < end:
            crc = tables[0, (crc >> np.uint64(56)) ^ np.uint64(text[at])] ^ (crc << np.uint64(8))
            at += 1
        sums[row] = crc


@kernel
def hexadecimal(sums: npt.NDArray[np.uint64], digits: npt.NDArray[Any]) -> None:
    """Write each sum as 16 upper-case hex digits (ASCII) to a row of `digits`, shape (sums.size, 16)."""
    for row in range(sums.size):
        for place in range(16):
            nibble = np.int64((sums[row] >> np.uint64(60 - 4 * place)) & np.uint64(15))
            digits[row, place] = nibble + 48 if nibble < 10 else nibble + 55
