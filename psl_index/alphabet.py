"""Residue letters and their codes in the index.

Code 0 separates entries, 1-20 are the standard residues in alphabetical order, 21-26 the other six letters. No letter
is a wildcard: X, B, Z, J, U and O match themselves only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

STANDARD: Final = "ACDEFGHIKLMNPQRSTVWY"
OTHER: Final = "BJOUXZ"
LETTERS: Final = STANDARD + OTHER

SEPARATOR: Final = 0
INVALID: Final = 255

CODE_OF: Final = {letter: code for code, letter in enumerate(LETTERS, start=1)}


def encoding_table() -> npt.NDArray[np.uint8]:
    """Code of each byte, uint8 of shape (256,): both cases of the 26 letters, `INVALID` elsewhere."""
    table = np.full(256, INVALID, dtype=np.uint8)
    for letter, code in CODE_OF.items():
        table[ord(letter)] = table[ord(letter.lower())] = code
    return table


def decoding_table() -> npt.NDArray[np.uint8]:
    """Letter (ASCII) of each code, uint8 of shape (27,); the separator is ``-``."""
    return np.frombuffer(("-" + LETTERS).encode(), dtype=np.uint8).copy()
