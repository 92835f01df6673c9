"""Scores of residues as the page holds them: one letter each, of a scale with the same colours for every protein."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

#: Steps of the scale on either side of nothing.
STEPS: Final = 9
#: A letter a level, from the strongest against the class to the strongest for it.
LETTERS: Final = "abcdefghijklmnopqrs"
#: A colour a level on white, as in the page's style sheet; told apart by everyone, in print too.
COLOURS: Final = (
    "#7f3b08",
    "#93490a",
    "#a6580d",
    "#d07d22",
    "#e2963f",
    "#efb063",
    "#f7c88b",
    "#fbdcb4",
    "#fdeedb",
    "#ffffff",
    "#e8f0f9",
    "#d2e2f2",
    "#b8d3eb",
    "#97c0e1",
    "#72aad6",
    "#5a9acb",
    "#4f93c6",
    "#1f62a0",
    "#0f4a85",
)
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
