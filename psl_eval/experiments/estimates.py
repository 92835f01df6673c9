"""Means over proteins or trainings with their intervals, paired tests, and what so many can show at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from psl_eval.statistics.means import holm, mean_interval, paired_test
from psl_eval.statistics.resampling import Floats

#: Of tests, after Holm's correction.
LEVEL: Final = 0.05
#: Accuracies that differ by less are as good as the same; some forty of the study's 2,101 test proteins.
MARGIN: Final = 0.02
#: Of random weights: what is said of networks that have learned nothing has neither interval nor test with fewer.
FEWEST_DRAWS: Final = 3


class Drawing(NamedTuple):
    """How intervals and tests are drawn."""

    seed: int
    resamples: int

    def mean(self, name: str, values: Floats) -> dict[str, float]:
        """Columns of `mean_fields`, values that are NaN left out; NaN where there is none."""
        known = values[~np.isnan(values)]
        low, high = mean_interval(values, seed=self.seed, resamples=self.resamples)
        return {name: float(known.mean()) if len(known) else np.nan, f"{name}_low": low, f"{name}_high": high}

    def test(self, name: str, values: Floats, other: Floats) -> dict[str, float]:
        """Columns of `tested_fields` but the corrected p-value: values - other, paired by protein."""
        test = paired_test(values, other, seed=self.seed, resamples=self.resamples)
        found = (test.difference, test.low, test.high, test.p_value)
        return dict(zip((name, f"{name}_low", f"{name}_high", f"{name}_p"), found, strict=True))


def mean_fields(name: str) -> list[pa.Field]:
    """A mean over proteins and its bootstrap interval."""
    return [pa.field(f"{name}{end}", pa.float64()) for end in ("", "_low", "_high")]


def tested_fields(name: str) -> list[pa.Field]:
    """A mean of differences, its interval, its two-sided p-value, and what Holm makes of that."""
    return [*mean_fields(name), pa.field(f"{name}_p", pa.float64()), pa.field(f"{name}_p_holm", pa.float64())]


def correct(family: Sequence[dict[str, Any]], test: str) -> None:
    """Write into the rows of a family the p-values of a test as Holm corrects them."""
    for row, value in zip(family, holm([row[f"{test}_p"] for row in family]), strict=True):
        row[f"{test}_p_holm"] = value


def is_above(row: Mapping[str, Any], test: str) -> bool:
    """Whether a row of a table shows a difference above 0."""
    p_value = row[f"{test}_p_holm"]
    return p_value is not None and p_value < LEVEL and row[test] > 0


def can_show(proteins: int, resamples: int, tests: int) -> bool:
    """Whether the clearest difference of so many proteins would be shown, as one of a family of so many tests.

    The least two-sided p-value that flipped signs can have is 2 over the number of flips: 2^n, or where these are more
    than the resamples one more than those.
    """
    flips = 2**proteins if 2**proteins <= resamples else resamples + 1
    return 2 / flips * tests < LEVEL


def with_interval(row: Mapping[str, Any], name: str, digits: int = 3) -> str:
    """A mean in words, with its interval where it has one."""
    value, low, high = (row[f"{name}{end}"] for end in ("", "_low", "_high"))
    if value is None:
        return "not known"
    return f"{value:.{digits}f}" + ("" if low is None else f" ({low:.{digits}f} to {high:.{digits}f})")


def by_teacher(rows: Iterable[Mapping[str, Any]], name: str) -> dict[int, float]:
    """A figure of each training by its seed; of those that take over from the same BiLSTM the mean, by the BiLSTM's.

    Trainings of one teacher are alike by what they take over, and no independent evidence.
    """
    values: dict[int, list[float]] = {}
    for row in rows:
        values.setdefault(row["seed"] if row.get("teacher") is None else row["teacher"], []).append(row[name])
    return {seed: float(np.mean(of_seed)) for seed, of_seed in values.items()}
