"""Scores as letters of one scale."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from psl_eval.report.levels import LETTERS, STEPS, levels

SCORES = arrays(np.float32, st.integers(0, 40), elements=st.floats(-(2.0**99), 2.0**99, width=32))


@given(SCORES)
def test_a_letter_is_the_score_in_parts_of_the_largest(scores: np.ndarray) -> None:
    largest = max((abs(float(score)) for score in scores), default=0.0)
    expected = [round(float(score) / largest * STEPS) if largest else 0 for score in scores]
    found = [LETTERS.index(letter) - STEPS for letter in levels(scores)]
    assert all(abs(one - other) <= 1 for one, other in zip(found, expected, strict=True))
    for score, level in zip(scores, found, strict=True):
        assert level == 0 or (level > 0) == (score > 0)


def test_the_ends_of_the_scale_and_its_middle() -> None:
    assert levels(np.array([-2, -1, 0, 1, 2], np.float32)) == "afjns"
    assert levels(np.zeros(3, np.float32)) == "jjj"
    assert levels(np.array([0.5, 0.25, 0], np.float32)) == "snj"
    assert levels(np.empty(0, np.float32)) == ""
