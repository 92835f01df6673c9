"""What a few values that are scattered normally say, by Student's t."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from psl_eval.statistics.means import student_outlier_p, student_p, student_prediction


def test_students_p_value_is_that_of_scipy() -> None:
    values = [0.3, -0.1, 0.4, 0.2]
    assert student_p(values) == pytest.approx(scipy.stats.ttest_1samp(values, 0).pvalue)
    assert (student_p([2, 2]), student_p([0, 0])) == (0, 1)
    assert math.isnan(student_p([1]))


def test_a_prediction_interval_ends_where_one_more_value_would_be_an_outlier() -> None:
    values = [0.3, -0.1, 0.4, 0.2]
    for end in student_prediction(values):
        assert student_outlier_p(values, end) == pytest.approx(0.05)
    assert student_outlier_p(values, 0.2) == pytest.approx(1)
    assert (student_outlier_p([2, 2], 3), student_outlier_p([2, 2], 2)) == (0, 1)
    assert math.isnan(student_outlier_p([1], 2))


def test_a_prediction_interval_holds_one_more_value_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    draws = rng.normal(3, 2, (2000, 6))
    held = [low < other < high for *few, other in draws for low, high in [student_prediction(few)]]
    assert np.mean(held) == pytest.approx(0.95, abs=0.02)
