"""CRC-64 of many byte strings, eight bytes a step.

Slicing-by-8 as in M. E. Kounavis, F. L. Berry, "Novel table lookup-based algorithms for high-performance CRC
generation", IEEE Trans. Comput. 57 (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

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

    `tables` has shape (8, 256): row k is the checksum of one byte followed by k zero bytes.
    """
    for row in range(sums.size):
        crc = np.uint64(0)
        at = np.int64(offsets[row])
        end = np.int64(offsets[row + 1])
        while at + 8 <= end:
            low = crc ^ (
                np.uint64(text[at])
                | (np.uint64(text[at + 1]) << np.uint64(8))
                | (np.uint64(text[at + 2]) << np.uint64(16))
                | (np.uint64(text[at + 3]) << np.uint64(24))
                | (np.uint64(text[at + 4]) << np.uint64(32))
                | (np.uint64(text[at + 5]) << np.uint64(40))
                | (np.uint64(text[at + 6]) << np.uint64(48))
                | (np.uint64(text[at + 7]) << np.uint64(56))
            )
            crc = (
                tables[7, low & BYTE]
                ^ tables[6, (low >> np.uint64(8)) & BYTE]
                ^ tables[5, (low >> np.uint64(16)) & BYTE]
                ^ tables[4, (low >> np.uint64(24)) & BYTE]
                ^ tables[3, (low >> np.uint64(32)) & BYTE]
                ^ tables[2, (low >> np.uint64(40)) & BYTE]
                ^ tables[1, (low >> np.uint64(48)) & BYTE]
                ^ tables[0, low >> np.uint64(56)]
            )
            at += 8
        while at < end:
            crc = tables[0, (crc ^ np.uint64(text[at])) & BYTE] ^ (crc >> np.uint64(8))
            at += 1
        sums[row] = crc


@kernel
def hexadecimal(sums: npt.NDArray[np.uint64], digits: npt.NDArray[Any]) -> None:
    """Write each sum as 16 upper-case hex digits (ASCII) to a row of `digits`, shape (sums.size, 16)."""
    for row in range(sums.size):
        for place in range(16):
            nibble = np.int64((sums[row] >> np.uint64(60 - 4 * place)) & np.uint64(15))
            digits[row, place] = nibble + 48 if nibble < 10 else nibble + 55
