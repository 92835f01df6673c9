"""Sequence logos: what stretches of residues have in common beyond the composition of all proteins.

The height of a stack is the relative entropy of its column against the background (Schneider and Stephens 1990, Nucleic
Acids Res. 18, 6097, with a background as of Kullback and Leibler), and a letter has its share of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from psl_index.alphabet import STANDARD

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]

#: Residues by chemistry, in Okabe and Ito's colours; the letters themselves tell them apart without.
COLOURS_OF: Final = {
    **dict.fromkeys("KRH", "#0072B2"),  # basic
    **dict.fromkeys("DE", "#D55E00"),  # acidic
    **dict.fromkeys("AVLIMFWC", "#000000"),  # hydrophobic
    **dict.fromkeys("STNQYG", "#009E73"),  # polar
    "P": "#CC79A7",
}


def background_of(sequences: Sequence[str]) -> Floats:
    """Share of each of the 20 residues among all of them, float64 of shape (20,); one residue of each is added."""
    counts = np.bincount(np.frombuffer("".join(sequences).encode("ascii"), np.uint8), minlength=256)
    residues = np.asarray(counts[_LETTERS] + 1.0, np.float64)
    shares: Floats = residues / residues.sum()
    return shares


def counts_of(sequences: Sequence[str], middles: npt.NDArray[np.int64], width: int) -> Floats:
    """How often each residue stands at each place of a window.

    Parameters
    ----------
    sequences : sequence of str
        The protein of each window.
    middles : int64 array of shape (windows,)
        The residue in the middle of each, from 0.
    width : int
        Residues; odd.

    Returns
    -------
    float64 array of shape (width, 20)
        Places beyond the ends of a protein and letters that are none of the 20 are counted nowhere.
    """
    counts = np.zeros((width, 256))
    for sequence, middle in zip(sequences, middles.tolist(), strict=True):
        residues = np.frombuffer(sequence.encode("ascii"), np.uint8)
        first = max(middle - width // 2, 0)
        inside = residues[first : middle + width // 2 + 1]
        counts[first - (middle - width // 2) + np.arange(len(inside)), inside] += 1
    return counts[:, _LETTERS]


def frequencies_of(counts: Floats, background: Floats, pseudocount: float) -> Floats:
    """Shares of the residues at each place, (width, 20), with `pseudocount` residues of the background added."""
    frequencies: Floats = (counts + pseudocount * background) / (counts.sum(axis=1, keepdims=True) + pseudocount)
    return frequencies


def information(frequencies: Floats, background: Floats) -> Floats:
    """Relative entropy of each place against the background in bits, (width,)."""
    entropies: Floats = (frequencies * np.log2(frequencies / background)).sum(axis=1)
    return entropies


def consensus(frequencies: Floats, background: Floats) -> str:
    """At each place the residue that stands out most, in lower case where its place holds less than half a bit."""
    gains = frequencies * np.log2(frequencies / background)
    letters = [STANDARD[number] for number in gains.argmax(axis=1)]
    bits = information(frequencies, background)
    return "".join(letter if bit >= 0.5 else letter.lower() for letter, bit in zip(letters, bits, strict=True))


def draw_logo(axes: Axes, frequencies: Floats, background: Floats) -> None:
    """A logo by logomaker (Tareen and Kinney 2020), in bits, the largest letter on top; its middle place is 0."""
    import logomaker
    import pandas as pd

    heights = visible(frequencies * information(frequencies, background)[:, np.newaxis])
    places = np.arange(len(heights)) - len(heights) // 2
    letters = pd.DataFrame(heights, index=places, columns=list(STANDARD))
    logomaker.Logo(letters, ax=axes, color_scheme=COLOURS_OF, font_name="DejaVu Sans", baseline_width=0)
    axes.set(xticks=[])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(labelsize=7)


def visible(heights: Floats) -> Floats:
    """Heights of letters, (width, 20), where those of less than 0.02 bits give theirs to the larger ones of the stack.

    Nobody sees them, and each takes the time of a large one; stacks stay as high as they are.
    """
    seen = heights >= np.minimum(_SMALLEST, heights.max(axis=1, keepdims=True))
    drawn = np.where(seen, heights, 0.0)
    whole, left = heights.sum(axis=1, keepdims=True), drawn.sum(axis=1, keepdims=True)
    stacks: Floats = drawn * np.divide(whole, left, out=np.zeros_like(whole), where=left > 0)
    return stacks


_SMALLEST: Final = 0.02  # bits
_LETTERS: Final = np.frombuffer(STANDARD.encode(), np.uint8)
