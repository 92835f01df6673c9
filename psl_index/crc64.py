"""The CRC-64 of ISO 3309 as UniProt's SQ lines print it: what tells a damaged sequence from a whole one.

References
----------
W. H. Press et al., "Numerical Recipes in C", 2nd edition, chapter 20.3; polynomial x^64 + x^4 + x^3 + x + 1,
bits reflected, register zero at the start, nothing inverted at the end.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index import _crc64_kernels

POLYNOMIAL: Final = 0xD800000000000000


def crc64_of(sequences: pa.StringArray) -> pa.StringArray:
    """The checksum of each sequence: 16 upper-case hex digits, nulls for nulls."""
    buffers = sequences.buffers()
    offsets = np.frombuffer(buffers[1], dtype=np.int32)[sequences.offset : sequences.offset + len(sequences) + 1]
    text = np.empty(0, np.uint8) if buffers[2] is None else np.frombuffer(buffers[2], dtype=np.uint8)
    digits = hexadecimal(checksums(text, offsets))
    if sequences.null_count == 0:
        return digits
    return pa.array(digits.to_pylist(), pa.string(), mask=np.asarray(sequences.is_null()))


def checksums(text: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int32]) -> npt.NDArray[np.uint64]:
    """The checksum of each ``text[offsets[i]:offsets[i + 1]]``, uint64 of shape (offsets.size - 1,)."""
    sums = np.empty(max(offsets.size - 1, 0), np.uint64)
    _crc64_kernels.checksums(text, offsets, _tables(), sums)
    return sums.byteswap()


def hexadecimal(sums: npt.NDArray[np.uint64]) -> pa.StringArray:
    """Checksums as 16 upper-case hex digits each."""
    digits = np.empty((sums.size, 16), np.uint8)
    _crc64_kernels.hexadecimal(sums, digits)
    offsets = np.arange(0, digits.size + 1, 16, dtype=np.int32)
    return pa.StringArray.from_buffers(sums.size, pa.py_buffer(offsets), pa.py_buffer(digits))


@cache
def _tables() -> npt.NDArray[np.uint64]:
    """Checksums of one byte followed by 0 to 15 zero bytes, their bytes reversed, uint64 of shape (16, 256)."""
    tables = np.zeros((16, 256), np.uint64)
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
        tables[0, byte] = crc
    for row in range(1, 16):
        before = tables[row - 1]
        tables[row] = (before >> np.uint64(8)) ^ tables[0, (before & np.uint64(0xFF)).astype(np.int64)]
    return tables.byteswap()
