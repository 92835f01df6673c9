"""Means over proteins beside the same of a network that has learned nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.statistics.means import adjusted, mean_interval, paired_test

Floats = npt.NDArray[np.float64]

#: Columns of what `beside_random` and `with_q_values` give.
BESIDE_RANDOM: Final = (
    pa.field("mean", pa.float64()),
    pa.field("low", pa.float64()),  # 95 % interval of the mean
    pa.field("high", pa.float64()),
    pa.field("random_weights", pa.float64()),  # the mean of a model that has learned nothing
    pa.field("difference", pa.float64()),  # mean - random_weights, paired by protein
    pa.field("p_value", pa.float64()),  # two-sided, by flipping signs of the differences
    pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over all rows of a model
)


def beside_random(trained: Floats, untrained: Floats, seed: int, resamples: int) -> dict[str, Any]:
    """Columns of `BESIDE_RANDOM` but for the last, and `proteins`, how many have both numbers.

    `trained` and `untrained` are of shape (n,), of the same proteins in the same order, NaN where there is none.
    """
    test = paired_test(trained, untrained, seed=seed, resamples=resamples)
    low, high = mean_interval(trained, seed=seed, resamples=resamples)
    return {
        "proteins": test.pairs,
        "mean": test.mean_a,
        "low": low,
        "high": high,
        "random_weights": test.mean_b,
        "difference": test.difference,
        "p_value": test.p_value,
    }


def with_q_values(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows of one model with `q_value`."""
    for row, q_value in zip(rows, adjusted([row["p_value"] for row in rows]).tolist(), strict=True):
        yield row | {"q_value": q_value}
