"""Which stretches of a protein an attribution points at: three rules, each from scores to windows that merge.

All work on the scores of many proteins at once, one protein after the other in one array; no protein has a say in what
another gives.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from psl_index.errors import UsageError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Scores(NamedTuple):
    """Scores of the residues of m proteins, one protein after the other; each has a residue or more."""

    values: Floats  # (residues,) finite
    offsets: Ints  # (m + 1,) where each protein begins, and the end of the last


class Spans(NamedTuple):
    """Subsequences in the order of their proteins, then of their positions; no two of a protein share a residue."""

    protein: Ints  # (n,) from 0
    start: Ints  # (n,) first residue, counted from 0 in the protein
    end: Ints  # (n,) behind the last
    score: Floats  # (n,) mean over the residues


class Windows(NamedTuple):
    """Stretches in the array of all residues, each within a protein; neither starts nor ends ever go back."""

    start: Ints  # (n,) from 0
    end: Ints  # (n,) behind the last residue


class Rule(Protocol):
    """A way to choose windows of proteins by the scores of their residues."""

    name: ClassVar[str]

    def windows(self, scores: Scores) -> Windows:
        """The windows, before those that overlap are merged."""


@dataclass(frozen=True)
class AboveMean:
    """The study's rule: residues above the mean of their protein by more than `sd` standard deviations.

    Each takes `flank` residues on either side, as far as the protein goes. Neighbours are one window, also without
    any.

    Notes
    -----
    Mean and population standard deviation are those of the residues of one protein, in float64. The study's published
    subsequences are what ``sd=2, flank=2`` gives for the attention of its network.
    """

    name: ClassVar[str] = "above-mean"
    sd: float = 2.0
    flank: int = 2

    def __post_init__(self) -> None:
        _refuse_no_number("sd", self.sd)
        _refuse_less("flank", self.flank, 0)

    def windows(self, scores: Scores) -> Windows:
        return _flanked(np.flatnonzero(_above(scores, self.sd)), scores.offsets, self.flank)


@dataclass(frozen=True)
class WindowMean:
    """Windows of `window` residues with a mean score above the mean of all by more than `sd` standard deviations.

    All are those of the same protein and length; the deviation is the population's, in float64. A protein shorter than
    a window has none.
    """

    name: ClassVar[str] = "window-mean"
    window: int = 7
    sd: float = 2.0

    def __post_init__(self) -> None:
        _refuse_less("window", self.window, 1)
        _refuse_no_number("sd", self.sd)

    def windows(self, scores: Scores) -> Windows:
        longest = int(np.diff(scores.offsets).max(initial=0))
        if self.window > longest:  # which may also be more than an array counts
            return Windows(np.zeros(0, np.int64), np.zeros(0, np.int64))
        fits = np.maximum(np.diff(scores.offsets) - self.window + 1, 0)
        first = np.repeat(scores.offsets[:-1], fits)
        number = np.arange(len(first)) - np.repeat(np.cumsum(fits) - fits, fits)
        start = first + number
        means = np.zeros(len(start))
        for place in range(self.window):
            means += scores.values[start + place]
        means /= self.window
        chosen = start[_above(Scores(means, _offsets(fits[fits > 0])), self.sd)]
        return Windows(chosen, chosen + self.window)


@dataclass(frozen=True)
class TopK:
    """The `top` residues with the highest scores of their protein, of equal ones the first.

    Each takes `flank` residues on either side, as for `AboveMean`.
    """

    name: ClassVar[str] = "top-k"
    top: int = 5
    flank: int = 2

    def __post_init__(self) -> None:
        _refuse_less("top", self.top, 1)
        _refuse_less("flank", self.flank, 0)

    def windows(self, scores: Scores) -> Windows:
        lengths = np.diff(scores.offsets)
        ranked = np.lexsort((-scores.values, np.repeat(np.arange(len(lengths)), lengths)))
        rank = np.arange(len(ranked)) - np.repeat(scores.offsets[:-1], lengths)
        chosen = np.sort(ranked[(rank < self.top) & np.repeat(~_alike(scores), lengths)])
        return _flanked(chosen, scores.offsets, self.flank)


RULES: Final[dict[str, type[AboveMean | WindowMean | TopK]]] = {
    AboveMean.name: AboveMean,
    WindowMean.name: WindowMean,
    TopK.name: TopK,
}


def spans(scores: Scores, rule: Rule) -> Spans:
    """The subsequences that `rule` finds: its windows, merged where they share a residue.

    Windows that only touch stay two, as in the study. Proteins whose scores are all alike have none, by any rule.
    """
    windows = rule.windows(scores)
    if not len(windows.start):
        return Spans(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    apart = windows.start[1:] >= windows.end[:-1]  # neither goes back, so the last end is the furthest
    start = windows.start[np.concatenate(([True], apart))]
    end = windows.end[np.concatenate((apart, [True]))]
    protein = np.searchsorted(scores.offsets, start, side="right") - 1
    first = scores.offsets[protein]
    return Spans(protein, start - first, end - first, _means(scores.values, start, end))


# A softmax over equal inputs rounds each weight to float32, and so does a sum over an embedding: weights that are alike
# but for that differ by a few units in the last place.
_ALIKE: Final = 4 * float(np.finfo(np.float32).eps)


def _above(scores: Scores, sd: float) -> Bools:
    """Whether each value is above the mean of its protein by more than `sd` standard deviations; (residues,).

    Values that are alike have none, which rounding could otherwise put above their mean: the mean of ten times 0.1
    lies below 0.1.
    """
    if not len(scores.values):
        return np.zeros(0, np.bool_)
    first, lengths = scores.offsets[:-1], np.diff(scores.offsets)
    mean = np.add.reduceat(scores.values, first) / lengths
    squares = np.square(scores.values - np.repeat(mean, lengths))
    limit = mean + sd * np.sqrt(np.add.reduceat(squares, first) / lengths)
    limit[_alike(scores)] = np.inf
    above: Bools = scores.values > np.repeat(limit, lengths)
    return above


def _alike(scores: Scores) -> Bools:
    """Whether the values of each protein are equal but for the rounding of float32; (m,)."""
    first = scores.offsets[:-1]
    high, low = np.maximum.reduceat(scores.values, first), np.minimum.reduceat(scores.values, first)
    alike: Bools = high - low <= _ALIKE * np.maximum(np.abs(high), np.abs(low))
    return alike


def _flanked(residues: Ints, offsets: Ints, flank: int) -> Windows:
    """Windows around residues, cut at the ends of their proteins; those that follow one another share one.

    That says something of its own only without a flank, where windows of neighbours touch.
    """
    flank = min(flank, int(offsets[-1]))  # all there are, where a user asks for more than an array counts
    protein = np.searchsorted(offsets, residues, side="right") - 1
    low, high = offsets[protein], offsets[protein + 1]
    first = (np.diff(residues, prepend=-2) != 1) | (residues == low)
    last = (np.diff(residues, append=-2) != 1) | (residues + 1 == high)
    return Windows(np.maximum(residues - flank, low)[first], np.minimum(residues + flank + 1, high)[last])


def _means(values: Floats, start: Ints, end: Ints) -> Floats:
    """Mean over each stretch; (n,)."""
    lengths = end - start
    residues = np.repeat(start - _offsets(lengths)[:-1], lengths) + np.arange(lengths.sum())
    means: Floats = np.add.reduceat(values[residues], _offsets(lengths)[:-1]) / lengths
    return means


def _offsets(lengths: Ints) -> Ints:
    """Where each of some stretches begins that lie one after the other, and the end of the last."""
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))


def _refuse_less(name: str, number: int, least: int) -> None:
    if number < least:
        raise UsageError(f"{name} is {number}, expected {least} or more")


def _refuse_no_number(name: str, number: float) -> None:
    if not math.isfinite(number):
        raise UsageError(f"{name} is {number}, expected a number")
