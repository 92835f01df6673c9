"""Means over proteins beside those of networks that have learned nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.estimates import FEWEST_DRAWS
from psl_eval.statistics.means import adjusted, mean_interval, student_outlier_p, student_prediction

Floats = npt.NDArray[np.float64]

#: Columns of what `beside_random` and `with_q_values` give.
BESIDE_RANDOM: Final = (
    pa.field("mean", pa.float64()),
    pa.field("low", pa.float64()),  # 95 % interval of the mean over proteins
    pa.field("high", pa.float64()),
    pa.field("random_weights", pa.float64()),  # the same of networks that have learned nothing, mean over draws
    pa.field("random_low", pa.float64()),  # where the mean of one more draw would be, in 95 % of cases (Student's t)
    pa.field("random_high", pa.float64()),
    pa.field("difference", pa.float64()),  # mean - random_weights
    pa.field("p_value", pa.float64()),  # two-sided, that the model is one more draw
    pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over all rows of a model
)


def beside_random(trained: Floats, untrained: Floats, seed: int, resamples: int) -> dict[str, Any]:
    """Columns of `BESIDE_RANDOM` but for the last, and `proteins`, how many have a number.

    Networks with random weights differ from each other, and so the model is compared with the draws: that it differs
    from one of them in many proteins says nothing of what it has learned.

    Parameters
    ----------
    trained : float64 array of shape (n,)
        NaN where a protein has no number.
    untrained : float64 array of shape (draws, n)
        Of the same proteins in the same order, and NaN for the same.
    seed, resamples : int
        Of the interval.
    """
    known = ~np.isnan(trained)
    mean = float(trained[known].mean()) if known.any() else np.nan
    draws = untrained[:, known].mean(axis=1) if known.any() else np.empty(0)
    compared = draws if len(draws) >= FEWEST_DRAWS else draws[:0]
    low, high = mean_interval(trained, seed=seed, resamples=resamples)
    random_low, random_high = student_prediction(compared)
    random = float(draws.mean()) if len(draws) else np.nan
    return {
        "proteins": int(known.sum()),
        "mean": mean,
        "low": low,
        "high": high,
        "random_weights": random,
        "random_low": random_low,
        "random_high": random_high,
        "difference": mean - random,
        "p_value": student_outlier_p(compared, mean),
    }


def with_q_values(rows: Sequence[dict[str, Any]], test: str = "") -> Iterator[dict[str, Any]]:
    """The rows of one model with ``q_value``, of the column ``p_value``; names of both begin with `test`."""
    q_values = adjusted([row[f"{test}p_value"] for row in rows]).tolist()
    for row, q_value in zip(rows, q_values, strict=True):
        yield row | {f"{test}q_value": q_value}
