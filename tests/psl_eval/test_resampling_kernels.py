"""Statistics of resamples and of draws, against those of the values written out as often as they were drawn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from psl_eval.nulls._window_kernels import means_of_draws
from psl_eval.statistics._resampling_kernels import auc_of_draws, spearman_of_draws, sums_of_draws
from psl_eval.statistics.association import _ties

DRAWS = 12


def case(seed: int) -> tuple[np.random.Generator, np.ndarray, np.ndarray, np.ndarray]:
    """Draws of some units, and the unit and a score, with ties, of each of some values."""
    random = np.random.default_rng(seed)
    units = int(random.integers(2, 9))
    unit = np.concatenate([np.arange(units), random.integers(0, units, int(random.integers(0, 12)))])
    drawn = random.integers(0, units, (DRAWS, units))
    return random, drawn, unit, random.integers(0, 5, len(unit)) / 4


def drawn_values(drawn: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """Numbers of the values in one draw, each as often as it is in it."""
    return np.array([number for each in drawn for number in np.flatnonzero(unit == each)])


@pytest.mark.parametrize("seed", range(30))
def test_area_under_the_curve(seed: int) -> None:
    random, drawn, unit, scores = case(seed)
    positive = random.random(len(unit)) < 0.5
    order, tie = _ties(scores)
    areas = auc_of_draws(drawn, unit[order], positive[order], tie)
    for of_draw, area in zip(drawn, areas, strict=True):
        values = drawn_values(of_draw, unit)
        wins = [
            (scores[p] > scores[n]) + (scores[p] == scores[n]) / 2
            for p in values[positive[values]]
            for n in values[~positive[values]]
        ]
        assert area == pytest.approx(np.mean(wins) if wins else np.nan, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(30))
def test_rank_correlation(seed: int) -> None:
    random, drawn, unit, x = case(seed)
    y = random.integers(0, 3, len(unit)) - x * random.integers(0, 2)
    order, tie = (np.stack(both) for both in zip(_ties(x), _ties(y), strict=True))
    for of_draw, rho in zip(drawn, spearman_of_draws(drawn, unit, order, tie), strict=True):
        values = drawn_values(of_draw, unit)
        constant = np.ptp(x[values]) == 0 or np.ptp(y[values]) == 0
        expected = np.nan if constant else scipy.stats.spearmanr(x[values], y[values]).statistic
        assert rho == pytest.approx(expected, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("seed", range(5))
def test_sums(seed: int) -> None:
    random, drawn, _, _ = case(seed)
    values = random.random(drawn.shape[1])
    np.testing.assert_allclose(sums_of_draws(drawn, values), values[drawn].sum(axis=1), rtol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_means_of_windows(seed: int) -> None:
    random = np.random.default_rng(seed)
    rates = np.where(random.random((20, 2, 3)) < 0.4, np.nan, random.random((20, 2, 3)))
    first_row = np.array([0, 1, 4, 9])
    drawn = random.integers(0, 20, (DRAWS, 9))
    means = means_of_draws(rates, drawn, first_row)
    for p, column, k, d in np.ndindex(3, 2, 3, DRAWS):
        known = [rate for rate in rates[drawn[d, first_row[p] : first_row[p + 1]], column, k] if not np.isnan(rate)]
        assert means[p, column, k, d] == pytest.approx(np.mean(known) if known else np.nan, nan_ok=True)
    assert np.isnan(means).any()
    assert means_of_draws(rates, drawn[:0], first_row).shape == (3, 2, 3, 0)
