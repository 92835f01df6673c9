"""Reliability tables and calibration errors, against counting by hand and scikit-learn."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from psl_models.calibration import Binning, calibration, expected_calibration_error, reliability
from psl_models.configuration import Task

predictions = st.lists(st.tuples(st.integers(0, 64), st.booleans()), min_size=1, max_size=60)


@given(predictions, st.integers(1, 8))
@settings(max_examples=40)
def test_bins_of_equal_width_are_those_of_a_loop(predicted: list[tuple[int, bool]], bins: int) -> None:
    units = [(numerator / 64, correct) for numerator, correct in predicted]
    table = reliability(*_columns(units), "equal-width", bins)
    by_bin: dict[int, list[tuple[float, bool]]] = {}
    for confidence, correct in units:
        by_bin.setdefault(max(math.ceil(confidence * bins), 1), []).append((confidence, correct))
    assert [round(row.high * bins) for row in table] == sorted(by_bin)
    for row, number in zip(table, sorted(by_bin), strict=True):
        here = by_bin[number]
        assert (row.low, row.predictions) == (pytest.approx((number - 1) / bins), len(here))
        assert row.confidence == pytest.approx(sum(confidence for confidence, _ in here) / len(here))
        assert row.accuracy == pytest.approx(sum(correct for _, correct in here) / len(here))
    expected = sum(abs(sum(correct - confidence for confidence, correct in here)) for here in by_bin.values())
    assert expected_calibration_error(table) == pytest.approx(expected / len(units))


@pytest.mark.parametrize(("binning", "strategy"), [("equal-width", "uniform"), ("equal-count", "quantile")])
def test_the_tables_are_those_of_scikit_learn(binning: Binning, strategy: str) -> None:
    random = np.random.default_rng(1)
    confidences = random.random(500).round(2)
    correct = random.random(500) < confidences
    shares, means = calibration_curve(correct, confidences, n_bins=15, strategy=strategy)
    table = reliability(confidences, correct, binning, 15)
    assert [row.accuracy for row in table] == pytest.approx(shares)
    assert [row.confidence for row in table] == pytest.approx(means)


@given(predictions, st.integers(1, 8))
@settings(max_examples=40)
def test_bins_of_equal_count_hold_all_and_keep_equal_confidences_together(
    predicted: list[tuple[int, bool]], bins: int
) -> None:
    confidences, correct = _columns([(numerator / 64, correct) for numerator, correct in predicted])
    table = reliability(confidences, correct, "equal-count", bins)
    assert sum(row.predictions for row in table) == len(predicted)
    assert all(row.low <= row.confidence <= row.high for row in table)
    assert all(row.high <= following.low for row, following in itertools.pairwise(table))
    if len(set(confidences.tolist())) == len(confidences) >= bins:
        sizes = [row.predictions for row in table]
        assert max(sizes) - min(sizes) <= 2


@pytest.mark.parametrize("task", ["single-label", "multi-label"])
def test_what_comes_true_as_often_as_said_is_calibrated(task: Task) -> None:
    random = np.random.default_rng(2)
    probabilities = random.dirichlet(np.ones(4), 20_000)
    classes = np.array([random.choice(4, p=row) for row in probabilities])
    labels = np.eye(4, dtype=bool)[classes]
    honest = calibration(probabilities, labels, task).as_json()["expected_calibration_error"]
    assert max(honest.values()) < 0.015
    sure = np.where(probabilities == probabilities.max(axis=1, keepdims=True), 0.97, 0.01)
    boasting = calibration(sure, labels, task).as_json()["expected_calibration_error"]
    assert min(boasting.values()) > 0.1


def test_the_brier_score_is_that_of_scikit_learn() -> None:
    random = np.random.default_rng(3)
    probabilities = random.dirichlet(np.ones(3), 50)
    labels = np.eye(3, dtype=bool)[random.integers(0, 3, 50)]
    of_classes = [brier_score_loss(labels[:, n], probabilities[:, n]) for n in range(3)]
    assert calibration(probabilities, labels, "single-label").brier == pytest.approx(sum(of_classes))
    assert calibration(probabilities, labels, "multi-label").brier == pytest.approx(sum(of_classes) / 3)


def test_confidence_is_the_most_probable_class_or_every_class() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1]])
    labels = np.array([[True, False, False], [True, False, False]])
    (low, high) = calibration(probabilities, labels, "single-label", bins=3).equal_width
    assert (low.predictions, low.accuracy, high.accuracy) == (1, 0.0, 1.0)
    table = calibration(probabilities, labels, "multi-label", bins=1).equal_width
    assert [(row.predictions, row.accuracy) for row in table] == [(6, pytest.approx(1 / 3))]


def test_json_is_plain() -> None:
    labels = np.eye(3, dtype=bool)
    stored = json.loads(json.dumps(calibration(labels, labels, "single-label").as_json(), allow_nan=False))
    assert stored["brier"] == 0
    assert stored["expected_calibration_error"] == {"equal_width": 0, "equal_count": 0}
    (row,) = stored["reliability"]["equal_width"]
    assert row == {"low": pytest.approx(14 / 15), "high": 1, "predictions": 3, "confidence": 1, "accuracy": 1}


def _columns(units: list[tuple[float, bool]]) -> tuple[np.ndarray, np.ndarray]:
    confidences, correct = zip(*units, strict=True)
    return np.array(confidences), np.array(correct, bool)
