"""Residue composition, and which residues replace which: tables to draw letters from."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from psl_index.alphabet import STANDARD

DRAW_BITS: Final = 12  # a letter is drawn by a number below 2**12

# Percent in UniProtKB/Swiss-Prot, from the statistics published with its releases.
SWISS_PROT: Final = {
    "A": 8.25,
    "C": 1.38,
    "D": 5.46,
    "E": 6.71,
    "F": 3.86,
    "G": 7.07,
    "H": 2.27,
    "I": 5.91,
    "K": 5.80,
    "L": 9.65,
    "M": 2.41,
    "N": 4.06,
    "P": 4.74,
    "Q": 3.93,
    "R": 5.52,
    "S": 6.65,
    "T": 5.36,
    "V": 6.85,
    "W": 1.10,
    "Y": 2.92,
}
# Letters outside the twenty a residue, in Swiss-Prot.
RARE: Final = {"X": 2.0e-5, "U": 2.0e-6, "B": 1.4e-6, "Z": 1.2e-6, "O": 1.5e-7}

_ALIKE: Final = ("ILVM", "FYW", "KRQ", "DENQ", "STA", "AGS", "HNY", "CVA")  # groups that replace one another
_ALIKE_WEIGHT: Final = 5.0


def family_compositions(rng: np.random.Generator, count: int, spread: float) -> npt.NDArray[np.uint8]:
    """Letters (ASCII) by draw for `count` compositions about Swiss-Prot's, uint8 of shape (count, 2**12).

    Each letter's share is that of Swiss-Prot times a log-normal factor of standard deviation `spread`.
    """
    shares = np.array([SWISS_PROT[letter] for letter in STANDARD])
    weights = shares * np.exp(rng.normal(0.0, spread, (count, shares.size)))
    return np.stack([letters_by_draw(row, DRAW_BITS) for row in weights])


def substitutes() -> npt.NDArray[np.uint8]:
    """Letter that replaces each letter, by draw: uint8 of shape (128, 256), never the letter itself."""
    table = np.zeros((128, 256), np.uint8)
    for letter in STANDARD:
        weights = [
            0.0
            if other == letter
            else SWISS_PROT[other]
            * (_ALIKE_WEIGHT if any(letter in group and other in group for group in _ALIKE) else 1.0)
            for other in STANDARD
        ]
        table[ord(letter)] = letters_by_draw(np.array(weights), 8)
    return table


def letters_by_draw(weights: npt.NDArray[np.float64], bits: int) -> npt.NDArray[np.uint8]:
    """Table of 2**bits letters (ASCII) in which each of the twenty has its share of places."""
    bounds = np.rint(np.cumsum(weights) / weights.sum() * (1 << bits)).astype(np.int64)
    letters = np.frombuffer(STANDARD.encode(), np.uint8)
    return np.repeat(letters, np.diff(bounds, prepend=0))
