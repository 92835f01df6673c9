"""From scores to subsequences: the three rules, against an oracle and by hand."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval.subsequences.rules import AboveMean, Rule, Scores, TopK, WindowMean, spans
from psl_index.errors import UsageError

Span = tuple[int, int]


def scores_of(*proteins: list[float]) -> Scores:
    lengths = [len(protein) for protein in proteins]
    values = np.array(list(itertools.chain(*proteins)), np.float64)
    return Scores(values, np.concatenate(([0], np.cumsum(lengths))).astype(np.int64))


def found(rule: Rule, *proteins: list[float]) -> list[list[Span]]:
    """The spans of each protein."""
    spans_found = spans(scores_of(*proteins), rule)
    places = list(zip(*(part.tolist() for part in spans_found[:3]), strict=True))
    return [[(start, end) for owner, start, end in places if owner == protein] for protein in range(len(proteins))]


def peaks(length: int, *places: int) -> list[float]:
    return [1.0 if place in places else 0.0 for place in range(length)]


# -- an oracle: the rules word by word, in exact arithmetic --


def far_above(values: list[Fraction], sd: Fraction) -> Iterator[int]:
    """Places of the values that lie above the mean by more than `sd` population standard deviations."""
    mean = sum(values, Fraction()) / len(values)
    variance = sum(((value - mean) ** 2 for value in values), Fraction()) / len(values)
    for place, value in enumerate(values):
        if value > mean and (value - mean) ** 2 > sd**2 * variance:
            yield place


def expected(rule: AboveMean | WindowMean | TopK, values: list[Fraction]) -> list[Span]:
    length = len(values)
    windows: list[set[int]] = []
    if len(set(values)) == 1:
        return []
    if isinstance(rule, WindowMean):
        width = rule.window
        means = [sum(values[first : first + width], Fraction()) / width for first in range(length - width + 1)]
        chosen = far_above(means, Fraction(rule.sd)) if means else iter(())
        windows = [set(range(first, first + width)) for first in chosen]
    else:
        if isinstance(rule, AboveMean):
            residues = list(far_above(values, Fraction(rule.sd)))
        else:
            residues = sorted(sorted(range(length), key=lambda place: (-values[place], place))[: rule.top])
        flank = rule.flank
        windows = [set(range(place - flank, place + flank + 1)) & set(range(length)) for place in residues]
    merged: list[set[int]] = []
    neighbours = not isinstance(rule, WindowMean) and rule.flank == 0  # windows are residues, of which runs are one
    for window in windows:
        if merged and (merged[-1] & window or (neighbours and max(merged[-1]) + 1 == min(window))):
            merged[-1] |= window
        else:
            merged.append(window)
    return [(min(window), max(window) + 1) for window in merged]


LEVELS = st.sampled_from([-3.03, 0.0, 0.1, 0.11, 1.007, 1.5, 7.77, 40.3])  # few, so that some are equal
PROTEINS = st.lists(st.lists(LEVELS, min_size=1, max_size=30), min_size=1, max_size=5)
RULES = st.one_of(
    st.builds(AboveMean, sd=st.sampled_from([0.37, 1.13, 2.0]), flank=st.integers(0, 4)),
    st.builds(WindowMean, window=st.integers(1, 9), sd=st.sampled_from([0.37, 1.13, 2.0])),
    st.builds(TopK, top=st.integers(1, 8), flank=st.integers(0, 4)),
)


def close_to_limit(rule: Rule, protein: list[float]) -> bool:
    """Whether a value is so near a limit that rounding, which the oracle has none of, may put it on the other side."""
    if isinstance(rule, TopK):
        return False
    nudged = [type(rule)(**{**vars(rule), "sd": rule.sd * factor}) for factor in (1 - 1e-9, 1 + 1e-9)]  # type: ignore[attr-defined]
    exact = [Fraction(value) for value in protein]
    return expected(nudged[0], exact) != expected(nudged[1], exact)


@given(PROTEINS, RULES)
def test_each_rule_does_what_it_says(proteins: list[list[float]], rule: Any) -> None:
    for protein, its_spans in zip(proteins, found(rule, *proteins), strict=True):
        if not close_to_limit(rule, protein):
            assert its_spans == expected(rule, [Fraction(value) for value in protein])


@given(PROTEINS, RULES)
def test_subsequences_are_in_order_apart_within_their_protein_and_carry_their_mean(
    proteins: list[list[float]], rule: Any
) -> None:
    spans_found = spans(scores_of(*proteins), rule)
    rows = list(zip(*(part.tolist() for part in spans_found), strict=True))
    assert rows == sorted(rows)
    for (protein, _, end, _), (next_protein, next_start, _, _) in itertools.pairwise(rows):
        assert next_protein > protein or next_start >= end
    for protein, start, end, score in rows:
        assert 0 <= start < end <= len(proteins[protein])
        assert score == pytest.approx(np.mean(proteins[protein][start:end]))


@given(PROTEINS, RULES)
def test_no_protein_has_a_say_in_another(proteins: list[list[float]], rule: Any) -> None:
    together = spans(scores_of(*proteins), rule)
    for number, protein in enumerate(proteins):
        mine = together.protein == number
        alone = spans(scores_of(protein), rule)
        assert (alone.start.tolist(), alone.end.tolist()) == (
            together.start[mine].tolist(),
            together.end[mine].tolist(),
        )
        assert alone.score.tolist() == together.score[mine].tolist()


@given(
    st.floats(-(2.0**100), 2.0**100, width=32),
    st.lists(st.sampled_from([-1, 0, 1]), min_size=1, max_size=200),
    st.sampled_from([AboveMean(), AboveMean(sd=0, flank=0), WindowMean(sd=0, window=3), WindowMean(sd=0.5), TopK()]),
)
def test_scores_that_are_alike_but_for_rounding_give_nothing(value: float, units: list[int], rule: Rule) -> None:
    uniform = np.float32(value)
    above, below = np.nextafter(uniform, np.float32(np.inf)), np.nextafter(uniform, np.float32(-np.inf))
    assert found(rule, [float(uniform)] * len(units)) == [[]]
    if abs(uniform) > 1e-30:
        assert found(rule, [float((below, uniform, above)[unit + 1]) for unit in units]) == [[]]


# -- the study's rule, by hand --


def test_windows_are_cut_at_the_ends() -> None:
    assert found(AboveMean(), peaks(30, 0), peaks(30, 1), peaks(30, 29)) == [[(0, 3)], [(0, 4)], [(27, 30)]]


def test_windows_that_overlap_merge_and_those_that_touch_do_not() -> None:
    assert found(AboveMean(), peaks(60, 20, 21)) == [[(18, 24)]]
    assert found(AboveMean(), peaks(60, 20, 24)) == [[(18, 27)]]
    assert found(AboveMean(), peaks(60, 20, 25)) == [[(18, 23), (23, 28)]]


def test_the_last_of_one_protein_and_the_first_of_the_next_stay_apart() -> None:
    assert found(AboveMean(), peaks(30, 29), peaks(30, 0), [0.5], peaks(30, 0)) == [[(27, 30)], [(0, 3)], [], [(0, 3)]]


def test_a_residue_on_the_limit_does_not_count() -> None:
    # A peak of one in five: the mean is 1 and the deviation 2, so that the limit is the score itself, 5.
    assert found(AboveMean(), [5.0, 0.0, 0.0, 0.0, 0.0]) == [[]]
    assert found(AboveMean(), [6.0, 0.0, 0.0, 0.0, 0.0, 0.0]) == [[(0, 3)]]


def test_a_protein_of_one_residue_has_nothing_above_its_mean() -> None:
    assert [found(rule, [0.7]) for rule in (AboveMean(sd=0), WindowMean(window=1, sd=0), TopK())] == [[[]]] * 3


def test_the_first_of_equal_scores_is_on_top() -> None:
    assert found(TopK(top=2, flank=0), [0.0, 3.0, 1.0, 3.0, 3.0]) == [[(1, 2), (3, 4)]]
    assert found(TopK(top=9, flank=0), [0.0, 3.0, 1.0]) == [[(0, 3)]]


def test_neighbours_are_one_subsequence_without_a_flank() -> None:
    assert found(AboveMean(flank=0), peaks(60, 20, 21, 23)) == [[(20, 22), (23, 24)]]
    assert found(AboveMean(flank=0), peaks(30, 28, 29), peaks(30, 0)) == [[(28, 30)], [(0, 1)]]


def test_a_protein_shorter_than_a_window_has_none() -> None:
    assert found(WindowMean(window=7, sd=1), peaks(6, 3), peaks(40, 20)) == [[], [(14, 27)]]


def test_windows_and_flanks_beyond_any_protein() -> None:
    values = peaks(9, 4), peaks(7, 0)
    assert found(WindowMean(window=2**63 - 1), *values) == [[], []]
    for rule in (AboveMean(flank=10**20), TopK(top=1, flank=2**63 - 1)):
        assert found(rule, *values) == [[(0, 9)], [(0, 7)]]


@pytest.mark.parametrize(
    ("rule", "problem"),
    [
        (lambda: AboveMean(flank=-1), "flank is -1, expected 0 or more"),
        (lambda: AboveMean(sd=float("nan")), "sd is nan, expected a number"),
        (lambda: WindowMean(window=0), "window is 0, expected 1 or more"),
        (lambda: TopK(top=0), "top is 0, expected 1 or more"),
    ],
)
def test_senseless_parameters_are_refused(rule: Any, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        rule()
