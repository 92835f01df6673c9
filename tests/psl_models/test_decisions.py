"""Which classes probabilities stand for, and thresholds that are tuned."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.metrics import matthews_corrcoef

from psl_index.errors import InputError
from psl_models.decisions import decided, tuned_thresholds

coarse = st.integers(0, 10).map(lambda tenth: tenth / 10)


def test_single_label_takes_the_first_of_the_most_probable() -> None:
    probabilities = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]], np.float32)
    assert decided(probabilities, "single-label").tolist() == [[False, True, False], [True, False, False]]


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=5), elements=coarse), st.data())
@settings(max_examples=40)
def test_multi_label_takes_what_is_above_its_threshold_or_closest_to_it(
    probabilities: npt.NDArray[np.float64], data: st.DataObject
) -> None:
    n_classes = probabilities.shape[1]
    thresholds = data.draw(st.lists(coarse, min_size=n_classes, max_size=n_classes))
    for row, found in zip(probabilities, decided(probabilities, "multi-label", thresholds), strict=True):
        above = [p > threshold for p, threshold in zip(row, thresholds, strict=True)]
        margins = [p - threshold for p, threshold in zip(row, thresholds, strict=True)]
        closest = [n == margins.index(max(margins)) for n in range(n_classes)]
        assert found.tolist() == (above if any(above) else closest)


def test_without_thresholds_it_is_a_half() -> None:
    probabilities = np.array([[0.5, 0.51, 0.9], [0.1, 0.3, 0.2]])
    assert decided(probabilities, "multi-label").tolist() == [[False, True, True], [False, True, False]]


@given(st.lists(st.tuples(coarse, st.booleans()), min_size=1, max_size=30))
@settings(max_examples=40)
def test_tuned_thresholds_are_the_best_of_all(proteins: list[tuple[float, bool]]) -> None:
    probabilities, labels = (np.array(column) for column in zip(*proteins, strict=True))
    (threshold,) = tuned_thresholds(probabilities.astype(np.float32)[:, None], labels[:, None])
    candidates = np.arange(0.05, 1, 0.1)
    cuts = [probabilities > candidate for candidate in candidates]
    best = max([matthews_corrcoef(labels, cut) for cut in cuts if len({*cut, *labels}) == 2], default=0)
    if best <= 0:
        assert threshold == 0.5
        return
    assert matthews_corrcoef(labels, probabilities > threshold) == pytest.approx(best)
    assert 0 < threshold < 1


def test_a_class_without_contrast_keeps_a_half() -> None:
    probabilities = np.array([[0.1, 0.1, 0.3], [0.2, 0.2, 0.3]])
    labels = np.array([[True, False, True], [True, False, False]])
    assert tuned_thresholds(probabilities, labels).tolist() == [0.5, 0.5, 0.5]


def test_of_equally_good_thresholds_the_nearest_to_a_half_is_taken() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])[:, None]
    # Above 0.85 and above 0.15 the coefficient is the same.
    labels = np.array([False, True, False, True, False, True])[:, None]
    assert tuned_thresholds(probabilities, labels).tolist() == pytest.approx([0.15])


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_what_is_no_number_is_an_error(odd: float) -> None:
    probabilities = np.array([[0.5, 0.5], [odd, 0.5], [0.1, odd]])
    with pytest.raises(InputError, match="not a number for 2 of 3 proteins, the first is number 2; its weights"):
        decided(probabilities, "multi-label")
    with pytest.raises(InputError, match="not a number"):
        tuned_thresholds(probabilities, np.zeros((3, 2), bool))


def test_a_threshold_is_needed_for_each_class() -> None:
    with pytest.raises(InputError, match="1 thresholds for 2 classes: one a class is expected"):
        decided(np.zeros((1, 2)), "multi-label", [0.5])
