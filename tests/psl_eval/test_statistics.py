"""Intervals and tests against closed forms and enumeration."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval.statistics import means as statistics
from psl_eval.statistics import resampling
from psl_eval.statistics.association import _weighted_auc, _weighted_spearman, auc, rank_correlation
from psl_eval.statistics.means import (
    adjusted,
    mean_interval,
    paired_test,
    permutation_p,
    standardised_mean,
    welch_interval,
)


def _sign_flip_p(differences: Sequence[float], groups: Sequence[int]) -> float:
    """Exact two-sided p-value: all ways to flip whole groups, twice the rarer tail."""
    sums = [sum(d for d, group in zip(differences, groups, strict=True) if group == name) for name in set(groups)]
    observed = sum(sums)
    flipped = [
        sum(sign * each for sign, each in zip(signs, sums, strict=True))
        for signs in itertools.product([1, -1], repeat=len(sums))
    ]
    above = sum(each >= observed - 1e-9 for each in flipped) / len(flipped)
    below = sum(each <= observed + 1e-9 for each in flipped) / len(flipped)
    return min(1.0, 2 * min(above, below))


def _benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """For each p-value the least of m p / rank over itself and the larger ones."""
    m = len(p_values)
    return [
        min(1.0, min(m * other / sum(each <= other for each in p_values) for other in p_values if other >= p))
        for p in p_values
    ]


# Intervals of means


def test_the_interval_of_a_mean_is_that_of_the_normal_for_many_values() -> None:
    values = np.random.default_rng(1).normal(3, 2, 4000)
    low, high = mean_interval(values, seed=1)
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert low == pytest.approx(values.mean() - half, abs=half / 8)
    assert high == pytest.approx(values.mean() + half, abs=half / 8)


def test_the_interval_covers_the_mean_about_as_often_as_it_says() -> None:
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(200):
        low, high = mean_interval(random.normal(size=60), seed=int(random.integers(1 << 30)), resamples=500)
        covered += low <= 0 <= high
    assert 0.88 * 200 <= covered <= 0.99 * 200  # 95 % less the bootstrap's optimism; 5 standard errors to each side


def test_a_higher_level_is_a_wider_interval() -> None:
    values = np.random.default_rng(3).random(50)
    narrow, wide = (mean_interval(values, seed=1, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


def test_copies_of_a_value_are_no_evidence_where_they_are_one_group() -> None:
    values = np.random.default_rng(4).random(40)
    copied, groups = np.repeat(values, 25), np.repeat(np.arange(40), 25)
    plain, grouped = mean_interval(copied, seed=1), mean_interval(copied, groups, seed=1)
    assert grouped.high - grouped.low > 4 * (plain.high - plain.low)  # 5 times in the limit
    assert grouped == pytest.approx(mean_interval(values, seed=1))


def test_groups_of_unlike_size_weigh_as_many_as_they_hold() -> None:
    values, groups = [0.0] + [1.0] * 9, [3] + [8] * 9
    # Four equally likely draws of two groups: (0, 0), (0, 1), (1, 0), (1, 1), of means 0, 0.9, 0.9, 1.
    assert mean_interval(values, groups, seed=1, level=0.9) == (0.0, 1.0)
    assert mean_interval(values, groups, seed=1, level=0.2) == (0.9, 0.9)


@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(-1, 3)), min_size=2, max_size=12),
    st.integers(0, 99),
)
@settings(max_examples=40)
def test_an_interval_lies_within_the_values_and_does_not_ask_for_names_of_groups(
    units: list[tuple[float, int]], seed: int
) -> None:
    values, groups = (np.array(column) for column in zip(*units, strict=True))
    low, high = mean_interval(values, groups, seed=seed, resamples=50)
    if math.isnan(low):
        assert len(set(groups)) == 1
        assert groups[0] >= 0
    else:
        assert min(values) - 1e-12 <= low <= high <= max(values) + 1e-12
    renamed = np.where(groups < 0, -1, groups * 1000)
    again = mean_interval(values, renamed, seed=seed, resamples=50)
    assert again == (low, high) or math.isnan(low)


def test_missing_values_are_left_out_with_their_groups() -> None:
    values, groups = np.array([0.1, np.nan, 0.7, 0.4, np.nan]), np.array([5, 5, 2, -1, 9])
    known = ~np.isnan(values)
    assert mean_interval(values, groups, seed=1) == mean_interval(values[known], groups[known], seed=1)
    assert mean_interval(values, seed=1) == mean_interval(values[known], seed=1)


@pytest.mark.parametrize("values", [[], [0.5], [np.nan, np.nan], [0.5, np.nan]])
def test_fewer_than_two_values_have_no_interval(values: list[float]) -> None:
    assert np.isnan(mean_interval(values, seed=1)).all()


def test_one_group_has_no_interval() -> None:
    assert np.isnan(mean_interval([0.1, 0.9], [4, 4], seed=1)).all()
    assert not np.isnan(mean_interval([0.1, 0.9], [-1, -1], seed=1)).any()


def test_equal_values_have_an_interval_of_no_width() -> None:
    assert mean_interval([0.25] * 7, seed=1) == (0.25, 0.25)


def test_the_seed_settles_the_interval_and_memory_does_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(5).random(101)
    first = mean_interval(values, seed=7)
    assert mean_interval(values, seed=7) == first
    assert mean_interval(values, seed=8) != first
    monkeypatch.setattr(resampling, "CELLS", 1000)  # nine resamples at a time instead of all
    assert mean_interval(values, seed=7) == first


@pytest.mark.parametrize("n_groups", [400, 1200])
def test_beyond_many_groups_the_normal_distribution_gives_what_resampling_does(
    n_groups: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(11)
    groups = random.integers(0, n_groups, 1500)
    a = np.where(random.random((1500, 2)) < 0.8, random.random((1500, 2)) + groups[:, np.newaxis] / 2000, np.nan)
    b = a + random.normal(0.02, 0.4, (1500, 2))
    resampled = paired_test(a, b, groups, weights=[3, 1], seed=1, resamples=9999)
    monkeypatch.setattr(statistics, "MANY", 100)
    normal = paired_test(a, b, groups, weights=[3, 1], seed=1)
    assert normal[:4] == resampled[:4]
    width = resampled.high - resampled.low
    assert (normal.low, normal.high) == pytest.approx((resampled.low, resampled.high), abs=width / 20)
    assert normal.p_value == pytest.approx(resampled.p_value, abs=0.02)
    assert paired_test(a, a, seed=1)[3:] == (0.0, 0.0, 0.0, 1.0)


# Standardised means


def test_a_standardised_mean_weighs_the_strata() -> None:
    values = np.array([[0.2, np.nan, 9.0], [0.4, 0.5, 9.0], [np.nan, 0.7, np.nan]])
    mean, (low, high) = standardised_mean(values, [30, 10, 0], seed=1)
    assert mean == pytest.approx(0.75 * 0.3 + 0.25 * 0.6)
    assert low <= mean <= high


def test_with_one_stratum_a_standardised_mean_is_a_mean() -> None:
    values, groups = np.random.default_rng(6).random(30), np.arange(30) // 3
    mean, interval = standardised_mean(values[:, np.newaxis], [5.0], groups, seed=3)
    assert mean == pytest.approx(values.mean())
    assert interval == mean_interval(values, groups, seed=3)


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0, 1.0]])
def test_an_empty_stratum_or_no_weight_leaves_no_standardised_mean(weights: list[float]) -> None:
    mean, interval = standardised_mean([[0.5, np.nan], [0.6, np.nan]], weights, seed=1)
    assert np.isnan([mean, *interval]).all()


def test_a_stratum_of_one_unit_leaves_a_mean_without_an_interval() -> None:
    mean, interval = standardised_mean([[0.5, 0.1], [0.7, np.nan]], [1.0, 1.0], seed=1)
    assert mean == pytest.approx(0.35)
    assert np.isnan(interval).all()


# p-values and q-values


def test_a_permutation_p_value_counts_the_observed_among_the_draws() -> None:
    null = [0.1, 0.2, 0.3, np.nan, 0.4]
    assert permutation_p(null, 0.3) == 3 / 5
    assert permutation_p(null, 0.5) == 1 / 5
    assert permutation_p(null, 0.0) == 1.0
    assert permutation_p([0.1 + 0.2], 0.3) == 1.0
    assert permutation_p([0.3], 0.1 + 0.2) == 1.0  # equal, summed in another order


@pytest.mark.parametrize(("null", "observed"), [([], 0.3), ([np.nan], 0.3), ([0.1], np.nan)])
def test_without_draws_or_observation_there_is_no_p_value(null: list[float], observed: float) -> None:
    assert math.isnan(permutation_p(null, observed))


@given(st.lists(st.floats(1e-6, 1), min_size=1, max_size=12))
@settings(max_examples=60)
def test_q_values_are_those_by_hand(p_values: list[float]) -> None:
    assert adjusted(p_values) == pytest.approx(_benjamini_hochberg(p_values))


def test_missing_p_values_stay_missing_and_do_not_count() -> None:
    q_values = adjusted([0.01, np.nan, 0.04, np.nan])
    assert q_values[[0, 2]] == pytest.approx([0.02, 0.04])
    assert np.isnan(q_values[[1, 3]]).all()
    assert np.isnan(adjusted([np.nan])).all()
    assert len(adjusted([])) == 0


# Paired tests


def test_welchs_interval_is_that_of_scipy() -> None:
    a, b = [0.70, 0.71, 0.69, 0.70], [0.695, 0.705, 0.70]
    expected = scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert welch_interval(a, b) == pytest.approx((expected.low, expected.high))
    assert np.isnan(welch_interval([0.7, 0.7], [0.5, 0.5])).all()


@given(st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 6)), min_size=2, max_size=10))
@settings(max_examples=40)
def test_a_paired_test_of_few_groups_is_exact(units: list[tuple[int, int]]) -> None:
    differences, groups = zip(*units, strict=True)
    test = paired_test(np.array(differences) / 10 + 5, np.full(len(units), 5.0), groups, seed=1, resamples=1024)
    assert test.difference == pytest.approx(np.mean(differences) / 10)
    if len(set(groups)) == 1:
        assert math.isnan(test.p_value)
    else:
        assert test.p_value == pytest.approx(_sign_flip_p(differences, groups))


def test_a_paired_test_of_many_is_that_of_students_for_normal_differences() -> None:
    random = np.random.default_rng(7)
    a = random.normal(size=300)
    b = a + random.normal(0.13, 1, 300)
    test = paired_test(a, b, seed=1, resamples=9999)
    student = scipy.stats.ttest_rel(a, b)
    assert test.p_value == pytest.approx(student.pvalue, abs=0.01)
    interval = student.confidence_interval()
    assert (test.low, test.high) == pytest.approx((interval.low, interval.high), abs=0.02)


def test_a_group_that_flips_together_is_one_difference() -> None:
    a, b, groups = [1.0] * 12, [0.0] * 12, [0] * 11 + [1]
    assert paired_test(a, b, seed=1, resamples=5000).p_value == pytest.approx(2 / 4096)
    assert paired_test(a, b, groups, seed=1).p_value == 0.5


def test_only_units_that_both_have_are_compared() -> None:
    nan = np.nan
    test = paired_test([0.5, 0.9, nan, 0.1], [0.25, nan, 0.8, 0.2], seed=1)
    assert test[:4] == pytest.approx((2, 0.3, 0.225, 0.075))


def test_a_paired_test_over_strata_compares_within_them() -> None:
    nan = np.nan
    a = np.array([[0.2, nan], [0.4, 0.9], [nan, 0.7], [0.3, 0.1]])
    b = np.array([[0.1, 0.5], [0.6, 0.8], [0.2, 0.3], [nan, nan]])
    test = paired_test(a, b, weights=[1, 3], seed=1)
    difference = 0.25 * (0.1 - 0.2) / 2 + 0.75 * (0.1 + 0.4) / 2
    assert test[:4] == pytest.approx((3, 0.25 * 0.3 + 0.75 * 0.8, 0.25 * 0.35 + 0.75 * 0.55, difference))
    shares = [0.25 * 0.1 / 2, 0.25 * -0.2 / 2 + 0.75 * 0.1 / 2, 0.75 * 0.4 / 2]
    assert test.p_value == pytest.approx(_sign_flip_p(shares, [0, 1, 2]))
    assert paired_test(a, b, weights=[0, 0], seed=1).pairs == 0


def test_too_few_pairs_have_no_test_and_equal_ones_no_difference() -> None:
    assert paired_test([], [], seed=1).pairs == 0
    assert np.isnan(paired_test([np.nan], [0.5], seed=1)[1:]).all()
    one = paired_test([0.75], [0.5], seed=1)
    assert one.difference == 0.25
    assert np.isnan(one[4:]).all()
    assert paired_test([0.5] * 3, [0.5] * 3, seed=1)[3:] == (0.0, 0.0, 0.0, 1.0)


# Association


def _area(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """Share of pairs of a positive and a negative that are in order, ties half."""
    won = [
        (above > below) + (above == below) / 2
        for above, is_positive in zip(scores, positive, strict=True)
        for below, is_other in zip(scores, positive, strict=True)
        if is_positive and not is_other
    ]
    return sum(won) / len(won)


labelled = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(-1, 4)), min_size=2, max_size=25)


@given(labelled)
@settings(max_examples=60)
def test_the_area_is_the_share_of_ordered_pairs(units: list[tuple[int, bool, int]]) -> None:
    scores, positive, _ = zip(*units, strict=True)
    found = auc(np.array(scores, float), positive, seed=1, resamples=20)
    assert (found.positives, found.negatives) == (sum(positive), len(positive) - sum(positive))
    if any(positive) and not all(positive):
        assert found.auc == pytest.approx(_area(scores, positive))
    else:
        assert np.isnan(found[2:]).all()


@given(labelled, st.integers(0, 99))
@settings(max_examples=40)
def test_resampled_areas_and_correlations_are_those_of_the_drawn_units(
    units: list[tuple[int, bool, int]], seed: int
) -> None:
    scores, positive, groups = (np.array(column) for column in zip(*units, strict=True))
    unit = resampling.units_of(groups, np.ones(len(groups), bool))
    members = [np.flatnonzero(unit == number) for number in range(unit.max() + 1)]
    drawn = np.random.default_rng(seed).integers(0, len(members), (5, len(members)))
    areas = _weighted_auc(scores.astype(float), positive, unit)(drawn)
    rhos = _weighted_spearman(scores.astype(float), positive.astype(float), unit)(drawn)
    for area, rho, numbers in zip(areas, rhos, drawn, strict=True):
        taken = np.concatenate([members[number] for number in numbers])
        x, y = scores[taken], positive[taken]
        mixed = y.any() and not y.all()
        assert area == pytest.approx(_area(x, y)) if mixed else math.isnan(area)
        varied = mixed and len(set(x)) > 1
        assert rho == pytest.approx(scipy.stats.spearmanr(x, y).statistic) if varied else math.isnan(rho)


def test_an_area_has_an_interval_like_hanley_and_mcneils() -> None:
    random = np.random.default_rng(8)
    positive = np.arange(600) < 300
    found = auc(random.normal(size=600) + positive, positive, seed=1)
    a = found.auc
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    error = math.sqrt((a * (1 - a) + 299 * (q1 - a * a) + 299 * (q2 - a * a)) / 300**2)  # Radiology 143 (1982), 29
    assert (found.low, found.high) == pytest.approx((a - 1.96 * error, a + 1.96 * error), abs=error / 4)
    assert found.p_value < 1e-10


def test_copies_do_not_make_an_area_or_a_correlation_surer_where_they_are_one_group() -> None:
    random = np.random.default_rng(9)
    positive = np.arange(40) % 2 == 0
    scores = random.normal(size=40) + positive
    copies, labels, groups = np.repeat(scores, 20), np.repeat(positive, 20), np.repeat(np.arange(40), 20)
    for measure in (auc, rank_correlation):
        single, plain, grouped = (
            measure(scores, positive, seed=1),
            measure(copies, labels, seed=1),
            measure(copies, labels, groups, seed=1),
        )
        assert plain.p_value < single.p_value / 100
        assert grouped.p_value == pytest.approx(single.p_value, abs=0.05)
        assert (grouped.low, grouped.high) == pytest.approx((single.low, single.high), abs=0.01)


def test_an_area_from_one_positive_has_no_interval() -> None:
    found = auc([0.9, 0.1, 0.2, 0.3], [True, False, False, False], seed=1)
    assert found.auc == 1.0
    assert np.isnan(found[3:5]).all()
    in_one_group = auc([0.9, 0.8, 0.2, 0.3], [True, True, False, False], [7, 7, -1, -1], seed=1)
    assert np.isnan(in_one_group[3:]).all()


def test_equal_scores_tell_nothing() -> None:
    assert auc([0.5] * 4, [True, False, True, False], seed=1)[2:] == (0.5, 0.5, 0.5, 1.0)


def test_a_correlation_is_of_what_both_have() -> None:
    nan = np.nan
    found = rank_correlation([1, 2, nan, 3, 5, 4.0], [1, 3, 9, 2, nan, 8.0], seed=1)
    assert found.pairs == 4
    assert found.rho == pytest.approx(scipy.stats.spearmanr([1, 2, 3, 4], [1, 3, 2, 8]).statistic)


@given(st.permutations(range(6)))
@settings(max_examples=20)
def test_the_p_value_of_a_correlation_of_few_is_exact(y: list[int]) -> None:
    found = rank_correlation(range(6), y, seed=1)
    products = [sum(a * b for a, b in enumerate(each)) for each in itertools.permutations(y)]
    own = products[0]
    rarer = min(sum(each >= own for each in products), sum(each <= own for each in products))
    assert found.p_value == pytest.approx(min(1.0, 2 * rarer / len(products)))


def test_the_p_value_of_a_correlation_of_many_is_students_and_never_zero() -> None:
    x = np.random.default_rng(10).normal(size=(2, 60))
    assert rank_correlation(*x, seed=1).p_value == pytest.approx(scipy.stats.spearmanr(*x).pvalue)
    few = rank_correlation(*x[:, :49], seed=1, resamples=9999)
    assert few.p_value == pytest.approx(scipy.stats.spearmanr(*x[:, :49]).pvalue, abs=0.02)
    assert 0 < rank_correlation(range(60), range(60), seed=1).p_value < 1e-300


@pytest.mark.parametrize(("x", "y"), [([], []), ([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3]), ([1, 2, 3], [4, 4, 4])])
def test_too_few_or_constant_values_have_no_correlation(x: list[float], y: list[float]) -> None:
    assert np.isnan(rank_correlation(x, y, seed=1)[1:]).all()
