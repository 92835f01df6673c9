"""Which signals a family's ancestor has, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.signals import HELIX, KINDS, PATTERNS_PER_KIND, Patterns

_HELICES: Final = (1, 1, 1, 1, 2, 3, 4, 4, 6, 7, 7, 7, 10, 12)  # per membrane protein
_APART: Final = 8  # residues between signals at least


@dataclass(frozen=True)
class SignalSites:
    """Signals of the ancestors of f families, s of them, ascending by family and place.

    Attributes
    ----------
    first : int64[f + 1]
        Number of each family's first signal.
    patterns : int64[s]
        Number in `signals.Patterns`.
    starts : int64[s]
        First residue, from 0 in the ancestor.
    """

    first: npt.NDArray[np.int64]
    patterns: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]


def place_signals(
    rng: np.random.Generator,
    residences: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    patterns: Patterns,
) -> tuple[SignalSites, npt.NDArray[np.int64]]:
    """Choose the signals of each family, and lengthen ancestors that have no room for them.

    Returns
    -------
    sites : SignalSites
    lengths : int64[f]
    """
    pattern_lengths = patterns.lengths.tolist()
    first = [0]
    numbers: list[int] = []
    starts: list[int] = []
    longer = lengths.copy()
    for family, (residence, length) in enumerate(zip(residences.tolist(), lengths.tolist(), strict=True)):
        kinds = list(RESIDENCES[residence].signals)
        if HELIX in kinds:
            kinds *= _HELICES[int(rng.integers(len(_HELICES)))]
        if kinds:
            chosen = [kind * PATTERNS_PER_KIND + int(rng.integers(PATTERNS_PER_KIND)) for kind in kinds]
            sizes = [pattern_lengths[number] for number in chosen]
            longer[family] = max(length, sum(sizes) + _APART * (len(sizes) + 1))
            numbers += chosen
            starts += _starts(rng, [KINDS[kind].place for kind in kinds], sizes, int(longer[family]))
        first.append(len(numbers))
    return SignalSites(np.array(first), np.array(numbers, np.int64), np.array(starts, np.int64)), longer


def _starts(rng: np.random.Generator, places: list[str], sizes: list[int], length: int) -> list[int]:
    """First residue of each signal: those inside are spread over what those at the ends leave."""
    inside = [size for place, size in zip(places, sizes, strict=True) if place == "inside"]
    low = _APART + sum(size for place, size in zip(places, sizes, strict=True) if place == "start")
    high = length - _APART - sum(size for place, size in zip(places, sizes, strict=True) if place == "end")
    spare = high - low - sum(inside) - _APART * max(len(inside) - 1, 0)
    gaps = iter(np.sort(rng.integers(0, spare + 1, len(inside))).tolist())
    starts = []
    for place, size in zip(places, sizes, strict=True):
        if place == "start":
            starts.append(0)
        elif place == "end":
            starts.append(length - size)
        else:
            starts.append(low + next(gaps))
            low += size + _APART
    return starts
