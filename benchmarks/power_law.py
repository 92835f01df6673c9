"""How cost grows: the exponent of a power law through measured points, and what follows for a larger size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class PowerLaw:
    """``cost = factor * size ** exponent``."""

    factor: float
    exponent: float
    off: float  # the largest share by which a measured cost is off it

    def at(self, size: float) -> float:
        """Cost at some size."""
        return float(self.factor * size**self.exponent)


def fit(sizes: Sequence[float], costs: Sequence[float]) -> PowerLaw:
    """The law whose logarithm is closest, by least squares, to that of the costs.

    Raises
    ------
    ValueError
        There are fewer than two sizes.
    """
    if len(sizes) < 2:
        raise ValueError(f"expected costs at two sizes or more, found {len(sizes)}")
    exponent, intercept = np.polyfit(np.log(sizes), np.log(costs), 1)
    law = PowerLaw(math.exp(intercept), float(exponent), 0)
    off = max(abs(cost / law.at(size) - 1) for size, cost in zip(sizes, costs, strict=True))
    return PowerLaw(law.factor, law.exponent, off)
