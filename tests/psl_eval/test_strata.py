"""Hit rates by the length of subsequences, against a loop over them."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval.statistics.means import mean_interval
from psl_eval.statistics.strata import STRATA, STRATUM_ROWS, stratum_means, stratum_of, stratum_table

Unit = tuple[int, int, float | None]  # length, protein, rate
units = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 4), st.none() | st.floats(0, 1)), max_size=30)


def _holds(stratum: str, length: int) -> bool:
    low, _, high = stratum.rstrip("+").partition("-")
    return length >= int(low) if stratum.endswith("+") else int(low) <= length <= int(high or low)


def test_each_length_is_in_the_one_stratum_that_is_named_so() -> None:
    for length, stratum in enumerate(stratum_of(range(1, 60)), start=1):
        assert [name for name in STRATA if _holds(name, length)] == [STRATA[stratum]]


@given(units)
@settings(max_examples=60)
def test_rows_are_those_of_a_loop(units: list[Unit]) -> None:
    lengths, query, rates = _columns(units)
    even = query % 2 == 0  # all subsequences of a protein or none
    table = stratum_table(
        lengths, query, rates, {"all": query >= 0, "even": even}, exclusion="self", against="true", seed=1, resamples=9
    )
    assert table.schema == STRATUM_ROWS
    rows = table.to_pylist()
    assert [(row["subset"], row["lengths"]) for row in rows] == [(s, name) for s in ("all", "even") for name in STRATA]
    for row in rows:
        here = [
            (protein, rate)
            for length, protein, rate in units
            if _holds(row["lengths"], length) and (row["subset"] == "all" or protein % 2 == 0)
        ]
        scored = [(protein, rate) for protein, rate in here if rate is not None]
        means = [statistics.fmean(rate for of, rate in scored if of == protein) for protein in {of for of, _ in scored}]
        assert (row["exclusion"], row["against"]) == ("self", "true")
        assert row["subsequences"] == len(here)
        assert row["subsequences_scored"] == len(scored)
        assert row["proteins_scored"] == len(means)
        assert row["hit_rate"] == (pytest.approx(statistics.fmean(means)) if means else None)
        of_all = pytest.approx(statistics.fmean(rate for _, rate in scored)) if scored else None
        assert row["hit_rate_subsequences"] == of_all
        assert (row["low"] is None) == (row["high"] is None) == (len(means) < 2)


def test_intervals_are_over_clusters_of_proteins() -> None:
    random = np.random.default_rng(1)
    query = np.repeat(np.arange(60), 3)
    rates, clusters = random.random(180), np.arange(60) // 4
    table = stratum_table(
        np.full(180, 7),
        query,
        rates,
        {"some": query < 40},
        exclusion="self",
        against="predicted",
        groups=clusters,
        seed=5,
    )
    row = table.to_pylist()[STRATA.index("6-7")]
    means = rates.reshape(60, 3).mean(axis=1)[:40]
    assert (row["low"], row["high"]) == pytest.approx(mean_interval(means, clusters[:40], seed=5))


def test_a_protein_has_a_mean_in_each_stratum_it_is_scored_in() -> None:
    means = stratum_means([5, 5, 6, 20], np.array([1, 1, 1, 0]), np.array([0.2, 0.6, np.nan, 1.0]), 3)
    expected = np.full((3, len(STRATA)), np.nan)
    expected[1, 1], expected[0, 5] = 0.4, 1.0
    assert means == pytest.approx(expected, nan_ok=True)


def _columns(units: list[Unit]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    lengths, query, rates = zip(*units, strict=True) if units else ((), (), ())
    floats = [np.nan if rate is None else rate for rate in rates]
    return np.array(lengths, int), np.array(query, np.int64), np.array(floats, float)
