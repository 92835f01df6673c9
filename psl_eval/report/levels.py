"""Scores of residues as the page holds them: one letter each, of a scale with the same colours for every protein."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

#: Steps of the scale on either side of nothing.
STEPS: Final = 9
#: A letter a level, from the strongest against the class to the strongest for it.
LETTERS: Final = "abcdefghijklmnopqrs"
_LETTERS: Final = np.frombuffer(LETTERS.encode(), np.uint8)


def levels(scores: npt.NDArray[np.float32]) -> str:
    """Scores of one protein as letters of `LETTERS`, by the largest size among them.

    The middle letter is nothing; methods without signs use the upper half. All are nothing where all scores are 0.

    Parameters
    ----------
    scores : float32 array of shape (length,)
        Finite.
    """
    largest = float(np.abs(scores).max(initial=0.0))
    if largest == 0:
        return LETTERS[STEPS] * len(scores)
    level = np.rint(scores / largest * STEPS).astype(np.int64) + STEPS
    letters: bytes = _LETTERS[level].tobytes()
    return letters.decode()
