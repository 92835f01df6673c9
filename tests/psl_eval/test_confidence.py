"""The hit rate as a measure of confidence, against counting by hand."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval.statistics.confidence import CALIBRATION, CONFIDENCE, confidence_tables
from psl_index.classes import CLASSES, classes_in, mask_of

NUCLEUS, CYTOPLASM, PLASTID = (mask_of([name]) for name in ("Nucleus", "Cytoplasm", "Plastid"))
BOTH = NUCLEUS | CYTOPLASM
masks = st.sampled_from([0, NUCLEUS, CYTOPLASM, PLASTID, BOTH])
proteins = st.lists(
    st.tuples(st.none() | st.integers(0, 20), st.sampled_from([NUCLEUS, CYTOPLASM, BOTH]), masks), max_size=30
)


def _tables(units: list[tuple[float | None, int, int]], **options: Any) -> tuple[list[Any], list[Any]]:
    rates, predicted, true = zip(*units, strict=True) if units else ((), (), ())
    confidence, calibration = confidence_tables(
        np.array([math.nan if rate is None else rate for rate in rates], float),
        np.array(predicted, np.uint16),
        np.array(true, np.uint16),
        exclusion="self",
        **({"seed": 1, "resamples": 20} | options),
    )
    assert (confidence.schema, calibration.schema) == (CONFIDENCE, CALIBRATION)
    return confidence.to_pylist(), calibration.to_pylist()


def _many() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """Hit rates that are probabilities of a correct prediction."""
    random = np.random.default_rng(1)
    rates = random.random(3000)
    predicted = np.array([NUCLEUS, CYTOPLASM], np.uint16)[random.integers(0, 2, 3000)]
    return rates, predicted, np.where(random.random(3000) < rates, predicted, PLASTID).astype(np.uint16)


@given(proteins)
@settings(max_examples=60)
def test_rows_count_and_estimate_what_a_loop_does(units: list[tuple[int | None, int, int]]) -> None:
    scaled = [(None if rate is None else rate / 20, predicted, true) for rate, predicted, true in units]
    rows, bins = _tables(scaled)
    names = [None, *(name for name in CLASSES if any(name in classes_in(predicted) for _, predicted, _ in scaled))]
    forms = ("single-label", "multi-label")
    assert [(row["class"], row["form"]) for row in rows] == list(itertools.product(names, forms))
    for row in rows:
        here = [unit for unit in scaled if row["class"] is None or row["class"] in classes_in(unit[1])]
        judged = [(rate, p, t) for rate, p, t in here if rate is not None and t]
        rates = [rate for rate, _, _ in judged]
        correct = [p == t for _, p, t in judged]
        assert row["proteins"] == len(judged)
        assert row["without_hit_rate"] == sum(rate is None for rate, _, _ in here)
        assert row["without_label"] == len(here) - len(judged) - row["without_hit_rate"]
        assert row["correct"] == sum(correct)
        if row["form"] == "single-label":
            right, wrong = ([rate for rate, c in zip(rates, correct, strict=True) if c == side] for side in (1, 0))
            pairs = [(a > b) + (a == b) / 2 for a in right for b in wrong]
            assert row["estimate"] == (pytest.approx(sum(pairs) / len(pairs)) if pairs else None)
            squares = [(rate - c) ** 2 for rate, c in zip(rates, correct, strict=True)]
            assert row["brier"] == (pytest.approx(np.mean(squares)) if squares else None)
            assert row["brier_of_share"] == (pytest.approx(np.var(correct)) if squares else None)
            assert row["calibration_error"] == (pytest.approx(_calibration_error(rates, correct)) if squares else None)
        else:
            jaccard = [
                len({*_classes(p)} & {*_classes(t)}) / len({*_classes(p)} | {*_classes(t)}) for _, p, t in judged
            ]
            known = len(judged) > 2 and len(set(rates)) > 1 and len(set(jaccard)) > 1
            rho = scipy.stats.spearmanr(rates, jaccard).statistic if known else None
            assert row["estimate"] == (pytest.approx(rho) if known else None)
            assert row["brier"] is row["brier_of_share"] is row["calibration_error"] is None
    for name in names:
        held = [row["proteins"] for row in bins if row["class"] == name]
        assert min(held, default=1) > 0
        assert sum(held) == next(row["proteins"] for row in rows if row["class"] == name)


def _classes(mask: int) -> tuple[str, ...]:
    return classes_in(mask)


def _calibration_error(rates: list[float], correct: list[bool]) -> float:
    """Bins by whole tenths; each pulls by as many proteins as it holds."""
    error = 0.0
    for tenth in range(10):
        held = [n for n, rate in enumerate(rates) if min(9, math.floor(rate * 10 + 1e-9)) == tenth]
        error += abs(sum(rates[n] - correct[n] for n in held))
    return error / len(rates)


def test_rates_that_are_probabilities_are_calibrated() -> None:
    rows, bins = (table.to_pylist() for table in confidence_tables(*_many(), exclusion="self", seed=1))
    overall = rows[0]
    assert overall["estimate"] == pytest.approx(5 / 6, abs=0.03)  # of a uniform probability
    assert overall["brier"] == pytest.approx(1 / 6, abs=0.01)
    assert overall["brier_of_share"] == pytest.approx(1 / 4, abs=0.01)
    assert overall["calibration_error"] < 0.04
    assert overall["low"] < overall["estimate"] < overall["high"]
    assert overall["p_value"] < 1e-100
    of_all = [row for row in bins if row["class"] is None]
    assert [row["bin_low"] for row in of_all] == [tenth / 10 for tenth in range(10)]
    assert sum(row["low"] <= row["mean_hit_rate"] <= row["high"] for row in of_all) >= 8


def test_the_interval_of_a_share_is_wilsons() -> None:
    _, bins = _tables([(0.95, NUCLEUS, NUCLEUS)] * 3 + [(1.0, NUCLEUS, PLASTID)])
    z, n, k = 1.959964, 4, 3
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    assert (bins[0]["bin_low"], bins[0]["bin_high"], bins[0]["proteins"]) == (0.9, 1.0, 4)
    assert (bins[0]["low"], bins[0]["high"]) == pytest.approx((centre - half, centre + half), abs=1e-6)


def test_a_rate_on_an_edge_is_in_the_bin_that_begins_with_it() -> None:
    _, bins = _tables([(tenth / 10, NUCLEUS, NUCLEUS) for tenth in range(11)])
    assert [row["proteins"] for row in bins if row["class"] is None] == [1] * 9 + [2]


def test_q_values_are_over_the_classes_of_a_form() -> None:
    rows, _ = (table.to_pylist() for table in confidence_tables(*_many(), exclusion="self", seed=1))
    assert [row["q_value"] for row in rows[:2]] == [None, None]
    for form in ("single-label", "multi-label"):
        first, second = sorted((row["p_value"], row["q_value"]) for row in rows[2:] if row["form"] == form)
        assert first[1] == pytest.approx(min(2 * first[0], second[0]))
        assert second[1] == pytest.approx(second[0])


def test_clusters_make_the_estimate_less_sure_and_change_nothing_else() -> None:
    rates, predicted, true = (np.repeat(column[:60], 10) for column in _many())
    plain, _ = confidence_tables(rates, predicted, true, exclusion="self", seed=1)
    clusters = np.repeat(np.arange(60), 10)
    grouped, _ = confidence_tables(rates, predicted, true, exclusion="self", groups=clusters, seed=1)
    for alone, together in zip(plain.to_pylist(), grouped.to_pylist(), strict=True):
        assert together["high"] - together["low"] > 2 * (alone["high"] - alone["low"])
        assert together["p_value"] > alone["p_value"]
        for name in ("estimate", "brier", "calibration_error", "proteins"):
            assert together[name] == alone[name]


@pytest.mark.parametrize(
    "units",
    [
        [],
        [(None, NUCLEUS, NUCLEUS)],
        [(0.5, NUCLEUS, 0)],
        [(0.5, NUCLEUS, NUCLEUS)],
        [(0.1, NUCLEUS, NUCLEUS), (0.9, NUCLEUS, NUCLEUS)],
        [(0.1, NUCLEUS, PLASTID), (0.9, NUCLEUS, PLASTID)],
    ],
)
def test_without_both_right_and_wrong_predictions_there_is_no_estimate(
    units: list[tuple[float | None, int, int]],
) -> None:
    rows, _ = _tables(units)
    for row in rows:
        for name in ("estimate", "low", "high", "p_value", "q_value"):
            assert row[name] is None
