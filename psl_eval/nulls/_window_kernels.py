"""Kernels of null models that draw windows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import kernel


@kernel
def means_of_draws(
    rates: npt.NDArray[np.float64], drawn: npt.NDArray[np.int64], first_row: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Mean rate of each protein in each draw, over those of its windows that have one; NaN where none has.

    Row r of a draw d is window ``drawn[d, r]``; those of protein p begin at ``first_row[p]``.

    Shapes: rates (windows, columns, k), drawn (draws, rows), first_row (proteins + 1,), result (proteins, columns, k,
    draws).
    """
    n_columns, n_labels = rates.shape[1:]
    means = np.full((len(first_row) - 1, n_columns, n_labels, len(drawn)), np.nan)
    for p in range(len(first_row) - 1):
        for column in range(n_columns):
            for k in range(n_labels):
                for d in range(len(drawn)):
                    total, scored = 0.0, 0
                    for r in range(first_row[p], first_row[p + 1]):
                        rate = rates[drawn[d, r], column, k]
                        if not np.isnan(rate):
                            total += rate
                            scored += 1
                    if scored:
                        means[p, column, k, d] = total / scored
    return means
