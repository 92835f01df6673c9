"""Runs of numbers that follow each other, as offsets into an array say which elements belong to whom."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def places_in(
    offsets: npt.NDArray[np.int64], chosen: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """All places from ``offsets[i]`` to ``offsets[i + 1] - 1`` for each ``i`` in `chosen`, one run after the other.

    Returns
    -------
    owner : int64 array of shape (found,)
        Where in `chosen` the ``i`` of each place stands.
    place : int64 array of shape (found,)
    """
    sizes = offsets[chosen + 1] - offsets[chosen]
    ends = np.cumsum(sizes)
    place = np.arange(sizes.sum()) + np.repeat(offsets[chosen] - (ends - sizes), sizes)
    return np.repeat(np.arange(len(chosen)), sizes), place
