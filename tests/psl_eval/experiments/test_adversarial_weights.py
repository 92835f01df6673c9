"""Other weights with the same answer: against all weightings of small proteins, and the laws that they must keep."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from psl_eval.experiments.attention_tests import adversarial_search
from psl_eval.experiments.attention_tests.adversarial import ADVERSARIAL, Adversarial
from psl_eval.experiments.attention_tests.adversarial_rows import WEIGHTS, adversarial_rows
from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
from psl_eval.experiments.attention_tests.divergences import MOST, jensen_shannon, total_variation
from psl_eval.experiments.attention_tests.readouts import Readout
from psl_eval.experiments.attention_tests.rotations import farthest_rotation
from psl_eval.experiments.attention_tests.sparse_weights import sparse_weights
from psl_models.configuration import Task
from tests.psl_eval.experiments.small_experiments import named
from tests.psl_eval.experiments.small_readouts import (
    PROTEINS,
    answer_of,
    readout,
    setting_of,
    slow_divergence,
    weights_of_model,
)

TASKS: tuple[Task, ...] = ("single-label", "multi-label")


def all_weightings(length: int, steps: int) -> npt.NDArray[np.float64]:
    """All weights in steps of 1 / `steps` that add up to 1, (n, length)."""
    bars = itertools.combinations(range(steps + length - 1), length - 1)
    edges = np.array([(-1, *each, steps + length - 1) for each in bars])
    return (np.diff(edges, axis=1) - 1) / steps


def moved_by(each: Readout, weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return total_variation(each.probabilities(weights), each.probabilities(each.weights), each.task)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_what_trying_all_weightings_finds(seed: int, task: Task) -> None:
    each = readout(5, seed, task)
    tried = all_weightings(5, 40)
    within = tried[moved_by(each, tried) <= 0.05]
    farthest = jensen_shannon(within, each.weights).max()
    (found,) = AdversarialSearch().run([each], seed=1)
    assert jensen_shannon(found, each.weights).max() > 0.97 * farthest


@pytest.mark.parametrize("task", TASKS)
def test_candidates_keep_to_epsilon_and_are_distributions(task: Task) -> None:
    each = readout(25, task=task)
    (candidates,) = AdversarialSearch(steps=150).run([each], seed=1)
    assert candidates.shape == (5, 25)
    np.testing.assert_allclose(candidates.sum(axis=1), 1)
    assert candidates.min() >= 0
    assert moved_by(each, candidates).max() <= 0.05 + 1e-9


def test_it_comes_near_the_most_there_is_where_residues_differ_a_lot() -> None:
    """As of a network whose residues know nothing of each other: from noise, the search never finds the answer."""
    rng = np.random.default_rng(1)
    kinds = rng.normal(0, 8, (20, 10))
    weights = rng.dirichlet(np.full(300, 5.0))
    values = kinds[rng.integers(20, size=300)]
    each = Readout(bytes(300), weights, values, rng.normal(0, 1, 10), "single-label", ())
    (candidates,) = AdversarialSearch().run([each], seed=1)
    assert jensen_shannon(candidates, weights).max() > 0.9 * MOST


def test_where_the_answer_does_not_depend_on_the_weights_they_go_as_far_as_they_can() -> None:
    each = readout(25)
    free = Readout(each.residues, each.weights, np.ones_like(each.values), each.bias, each.task, ())
    (candidates,) = AdversarialSearch(steps=200).run([free], seed=1)
    assert jensen_shannon(candidates, each.weights).max() > 0.95 * MOST
    # Apart from each other, too: the best weights of all five would be the same residue.
    assert len({int(weights.argmax()) for weights in candidates}) > 1


def test_one_residue_leaves_no_other_weights() -> None:
    (candidates,) = AdversarialSearch(steps=3).run([readout(1)], seed=1)
    np.testing.assert_array_equal(candidates, np.ones((5, 1)))


def test_candidates_of_a_protein_depend_on_no_other_protein() -> None:
    proteins = [readout(12, 1), readout(30, 2), readout(7, 3)]
    search = AdversarialSearch(steps=4)
    for alone, together in zip(proteins, search.run(proteins, seed=2), strict=True):
        np.testing.assert_allclose(search.run([alone], seed=2)[0], together, atol=1e-5)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("length", [1, 2, 3, 40])
def test_sparse_weights_give_the_same_answer_with_few_residues(length: int, task: Task) -> None:
    each = readout(length, task=task)
    rng = np.random.default_rng(2)
    drawn = [sparse_weights(each, each.weights, rng) for _ in range(8)]
    for weights in drawn:
        assert weights is not None
        assert weights.sum() == pytest.approx(1)
        assert weights.min() >= 0
        assert (weights > 0).sum() <= len(each.bias) + 1
        np.testing.assert_allclose(each.probabilities(weights), each.probabilities(each.weights), atol=1e-6)
    if length == 40:
        assert len({tuple(np.flatnonzero(weights)) for weights in drawn}) > 1


def test_where_the_solver_gives_up_the_search_begins_at_the_learned_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adversarial_search, "sparse_weights", lambda *given: None)
    each = readout(12)
    (candidates,) = AdversarialSearch(steps=60).run([each], seed=1)
    assert jensen_shannon(candidates, each.weights).max() > 0.01
    assert moved_by(each, candidates).max() <= 0.05 + 1e-9


@pytest.mark.parametrize("epsilon", [0.02, 0.1, 1.0])
@pytest.mark.parametrize("length", [8, 20, 40])
def test_the_farthest_rotation_of_all(epsilon: float, length: int) -> None:
    each = readout(length)
    best, farthest = None, -1.0
    for shift in range(10, length - 10 + 1):
        rotated = np.roll(each.weights, shift)
        moved = total_variation(each.probabilities(rotated), each.probabilities(each.weights), each.task)
        away = float(jensen_shannon(rotated, each.weights))
        if moved <= epsilon and away > farthest:
            best, farthest = rotated, away
    found = farthest_rotation(each, epsilon)
    if best is None:
        assert found is None
    else:
        assert found is not None
        np.testing.assert_array_equal(found.weights, best)
    if epsilon == 1.0:
        assert (found is None) == (length < 20)


def test_rows_are_what_whole_passes_with_the_weights_give(tmp_path: Path) -> None:
    model, search = named(), AdversarialSearch(steps=30)
    setting = setting_of([model], tmp_path)
    rows = adversarial_rows(model, search, setting).to_pylist()
    assert [row["weights"] for row in rows] == list(WEIGHTS) * len(PROTEINS)
    for row in rows:
        own = weights_of_model(model.model, PROTEINS[row["protein"]])
        assert row["largest_weight"] == pytest.approx(own.max())
        if row["attention"] is None:
            assert row["weights"] == "rotated"
            assert not row["within"]
            continue
        weights = np.array(row["attention"], np.float64)
        answers = (answer_of(model.model, PROTEINS[row["protein"]], each) for each in (weights, own))
        moved = float(np.abs(np.subtract(*answers)).sum()) / 2
        assert row["total_variation"] == pytest.approx(moved, abs=1e-5)
        assert row["divergence"] == pytest.approx(slow_divergence(weights, own), abs=1e-6)
        if abs(moved - 0.05) > 1e-5:
            assert row["within"] == (moved < 0.05 and row["divergence"] > 1e-8)
        if row["weights"] == "permuted":
            np.testing.assert_allclose(np.sort(weights), np.sort(own), atol=1e-6)
        if row["weights"] == "uniform":
            np.testing.assert_allclose(weights, 1 / len(weights), rtol=1e-6)


def test_the_table_counts_and_averages_the_proteins_that_have_such_weights(tmp_path: Path) -> None:
    model, search = named(), AdversarialSearch(steps=30)
    setting = setting_of([model], tmp_path)
    tested = Adversarial(search).run(setting)
    table = tested.tables["adversarial"]
    assert table.schema == ADVERSARIAL
    of = {
        (row["weights"], row["randomised"]): row for row in table.to_pylist() if row["largest_weight"] == "all"
    }  # fmt: skip
    for randomised in (False, True):
        proteins = adversarial_rows(model, search, setting, randomised=randomised).to_pylist()
        for name in WEIGHTS:
            row = of[name, randomised]
            within = [each for each in proteins if each["weights"] == name and each["within"]]
            assert row["found"] == len(within)
            if within:
                assert row["divergence"] == pytest.approx(np.mean([each["divergence"] for each in within]))
            else:
                assert row["divergence"] is None
    assert len(tested.findings) == len(WEIGHTS)
    assert not any(sentence.endswith(".") for sentence in tested.findings)
