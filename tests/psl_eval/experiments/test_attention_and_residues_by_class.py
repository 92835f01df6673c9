"""Attention and residues by class: against loops in plain Python, and what must hold of random weights."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from psl_eval.experiments.filters.attention_at_ends import end_rows, rotated_p, share_at_end
from psl_eval.experiments.filters.attention_by_class import attention_rows, mean_over_draws
from psl_eval.experiments.filters.beside_random import beside_random
from psl_eval.experiments.filters.residue_importance import by_residue, residue_rows
from psl_eval.results.schemas import ATTRIBUTIONS
from psl_eval.statistics.rows import table_of
from psl_index.alphabet import STANDARD


def test_attention_is_aligned_at_either_end() -> None:
    weights = [np.array([0.5, 0.3, 0.2], np.float32), np.array([0.9, 0.1], np.float32)]
    rows = list(attention_rows(weights, [("A",), ("A", "B")], ["A", "B", "C"], reach=3))
    means = {(row["class"], row["end"], row["distance"]): row["mean"] for row in rows}
    assert means["A", "N", 1] == pytest.approx((0.5 * 3 + 0.9 * 2) / 2)
    assert means["A", "C", 1] == pytest.approx((0.2 * 3 + 0.1 * 2) / 2)
    assert means["A", "N", 3] == pytest.approx(0.6)
    assert means["B", "C", 2] == pytest.approx(1.8)
    assert {row["class"] for row in rows} == {"A", "B"}


def test_uniform_attention_is_one_everywhere() -> None:
    weights = [np.full(n, 1 / n, np.float32) for n in (4, 7)]
    rows = list(attention_rows(weights, [("A",), ("A",)], ["A"], reach=10))
    assert [row["mean"] for row in rows] == pytest.approx([1.0] * 14)


def test_attention_to_an_end_is_in_units_of_an_even_share() -> None:
    weights = [np.array([0.5, 0.3, 0.2], np.float32), np.array([0.9, 0.1], np.float32), np.array([1.0], np.float32)]
    assert share_at_end(weights, "N", 2) == pytest.approx([0.8 * 3 / 2, 1.0, 1.0])
    assert share_at_end(weights, "C", 1) == pytest.approx([0.2 * 3, 0.1 * 2, 1.0])


def test_attention_to_an_end_is_compared_with_the_draws_of_random_weights() -> None:
    first = [np.array([1, 0, 0, 0], np.float32)] * 3 + [np.full(4, 0.25, np.float32)]
    draws = [[np.array([(1 + x) / 4, (1 + x) / 4, (1 - x) / 4, (1 - x) / 4], np.float32)] * 4 for x in (-0.1, 0, 0.1)]
    rows = list(end_rows(first, draws, [("A",)] * 3 + [("B",)], ["A", "C"], near=2, seed=1, resamples=50))
    assert [(row["class"], row["end"], row["mean"]) for row in rows] == [("A", "N", 2), ("A", "C", 0)]
    for row, difference in zip(rows, (1, -1), strict=True):
        assert (row["random_weights"], row["difference"]) == pytest.approx((1, difference))
        # Student's t with two degrees of freedom, of a difference of 1 where draws scatter by 0.1.
        assert row["p_value"] == pytest.approx(2 * scipy.stats.t.sf(10 / (4 / 3) ** 0.5, 2), rel=1e-4)
        assert row["random_high"] - 1 == pytest.approx(4.3027 * 0.1 * (4 / 3) ** 0.5, rel=1e-4)


def test_attention_that_may_peak_anywhere_prefers_an_end_no_more_often_than_the_level_says() -> None:
    """Most shares are then 0 and a few far above 1: their mean is nothing that is scattered normally."""
    rng = np.random.default_rng(3)
    p_values = []
    for _ in range(400):
        lengths = rng.integers(100, 700, 15)
        peaks = [np.full(length, 1e-4, np.float32) for length in lengths]
        for weights, place in zip(peaks, rng.integers(0, lengths).tolist(), strict=True):
            weights[place] = 1.0
        p_values.append(rotated_p(peaks, "N", 30, 1, 400))
    assert 0.02 < np.mean(np.array(p_values) < 0.05) < 0.075
    assert 0.1 < np.mean(np.array(p_values) < 0.3) < 0.36  # often no peak is near: such p-values are large


def test_attention_that_peaks_at_an_end_prefers_it() -> None:
    peaks = [np.eye(1, 200, 3, dtype=np.float32)[0]] * 8
    assert rotated_p(peaks, "N", 30, 1, 400) == pytest.approx(2 / 401)
    assert rotated_p(peaks, "C", 30, 1, 400) > 0.05  # a peak is rarely there, whatever the weights
    assert rotated_p([np.full(200, 1 / 200, np.float32)] * 8, "N", 30, 1, 400) == 1.0


def test_attributions_by_residue_do_not_depend_on_their_scale() -> None:
    scores = [1.0, -2.0, 3.0, 0.0]
    rows = [
        {
            "query": "P",
            "sequence": "AKAX",
            "method": "m",
            "target": "A",
            "predicted": "A",
            "scores": each,
            "settings": "",
        }
        for each in (scores, [10 * score for score in scores], [0.0] * 4)
    ]
    means = by_residue(table_of(rows, ATTRIBUTIONS))
    assert means[0, STANDARD.index("A")] == pytest.approx(2 / 1.5)
    assert means[0, STANDARD.index("K")] == pytest.approx(-2 / 1.5)
    assert np.isnan(means[0]).sum() == 18
    np.testing.assert_allclose(means[1], means[0])
    assert means[2, STANDARD.index("A")] == 0


def test_residues_are_compared_with_the_draws_of_random_weights() -> None:
    trained, untrained = np.full((4, 20), np.nan), np.full((3, 4, 20), np.nan)
    trained[:, 0], untrained[:, :, 0] = [1.0, 2.0, 3.0, 50.0], np.array([-1.0, 0.0, 1.0])[:, np.newaxis]
    rows = list(residue_rows(trained, untrained, ["A", "A", "A", "B"], ["A", "C"], seed=1, resamples=50))
    assert {row["class"] for row in rows} == {"A"}
    assert (rows[0]["proteins"], rows[0]["mean"], rows[0]["random_weights"]) == (3, 2.0, 0.0)
    assert rows[0]["p_value"] == pytest.approx(2 * scipy.stats.t.sf(2 / (4 / 3) ** 0.5, 2))
    two = next(residue_rows(trained, untrained[:2], ["A", "A", "A", "B"], ["A"], seed=1, resamples=50))
    assert np.isnan([two["p_value"], two["random_low"], two["q_value"]]).all()
    assert two["random_weights"] == -0.5


def test_a_network_that_has_learned_nothing_differs_from_others_no_more_often_than_the_level_says() -> None:
    """What a network does in all proteins alike is no evidence: each of these has a leaning of its own."""
    rng = np.random.default_rng(2)
    below = []
    for _ in range(1000):
        means = rng.normal(0, 1, (6, 1)) + rng.normal(0, 0.1, (6, 20))
        below.append(beside_random(means[0], means[1:], seed=1, resamples=2)["p_value"] < 0.05)
    assert 0.03 < np.mean(below) < 0.07


def test_attention_of_random_weights_is_the_mean_over_draws() -> None:
    draws = [[np.array(each, np.float32)] for each in ([0.5, 0.5], [0.9, 0.1], [0.7, 0.3])]
    rows = list(mean_over_draws([list(attention_rows(each, [("A",)], ["A"], reach=2)) for each in draws]))
    assert [row["mean"] for row in rows] == pytest.approx([1.4, 0.6, 0.6, 1.4])
    assert rows[0]["standard_error"] == pytest.approx(0.4 / 3**0.5)
    assert rows[0]["proteins"] == 1
