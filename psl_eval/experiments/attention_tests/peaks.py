"""Proteins by the largest weight that a model gives a residue: a flat attention is easily replaced."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final

from psl_eval.experiments.attention_tests.readouts import Bools, Floats

ALL: Final = "all"
#: From each number up to, not with, the next.
_EDGES: Final = (0.0, 0.05, 0.1, 0.2, 0.5, 1.0)


def by_peak(peaks: Floats) -> Iterator[tuple[str, Bools]]:
    """All proteins and those of each range that has some: its name, and which they are, bool of shape (n,).

    `peaks` are the largest weights, float64 of shape (n,).
    """
    yield ALL, peaks >= 0
    for low, high in itertools.pairwise(_EDGES):
        here = (peaks >= low) & ((peaks < high) | (high == 1))
        if here.any():
            yield f"{low:g} to {high:g}", here
