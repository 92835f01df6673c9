"""Helpers of kernels that leave entries out, by one exclusion or by several (`psl_eval.exclusion.left_out`)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import inlined


@inlined
def at_or_after(excluded: npt.NDArray[np.int64], at: int, last: int, entry: int) -> int:
    """The first place from `at` on, before `last`, that holds no lower number than `entry`; else `last`."""
    while at < last and excluded[at] < entry:
        at += 1
    return at


@inlined
def missing_from(
    excluded: npt.NDArray[np.int64], columns: npt.NDArray[np.uint8], at: int, last: int, entry: int
) -> np.uint8:
    """The columns of results that `entry` is missing from, as bits; `at` is what `at_or_after` gives for it."""
    return columns[at] if at < last and excluded[at] == entry else np.uint8(0)
