"""Residues erased from the pooling, against whole passes with their weights taken away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from psl_eval.experiments.attention_tests.erased import erased_one_by_one, gradients_of_weights
from psl_eval.experiments.attention_tests.erasure import ERASURE, ORDER_NAMES, ORDERS, Erasure, order_finding
from psl_eval.experiments.attention_tests.readouts import Readout
from psl_eval.statistics.means import holm
from psl_models.attention import generator_of
from psl_models.configuration import Task
from psl_models.encoding import encode
from tests.psl_eval.experiments.small_experiments import named
from tests.psl_eval.experiments.small_readouts import (
    PROTEINS,
    answer_of,
    readout,
    setting_of,
    slow_divergence,
    weights_of_model,
)

MODEL = named()
TASKS: tuple[Task, ...] = ("single-label", "multi-label")


@pytest.mark.parametrize("task", TASKS)
def test_what_remains_when_residues_are_erased_one_by_one(task: Task) -> None:
    each = readout(9, task=task)
    order = np.random.default_rng(1).permutation(9)
    found = erased_one_by_one(each, order)
    for erased in range(9):
        weights = each.weights.copy()
        weights[order[:erased]] = 0
        np.testing.assert_allclose(found[erased], each.probabilities(weights / weights.sum()), atol=1e-12)


def test_residues_without_any_weight_that_remain_count_alike() -> None:
    each = readout(4)
    single = Readout(each.residues, np.array([0.0, 1.0, 0.0, 0.0]), each.values, each.bias, each.task, ())
    found = erased_one_by_one(single, np.array([1, 0, 2, 3]))
    np.testing.assert_allclose(found[1], single.probabilities(np.array([1, 0, 1, 1]) / 3))
    np.testing.assert_allclose(found[3], single.probabilities(np.array([0, 0, 0, 1])))


@pytest.mark.parametrize("task", TASKS)
def test_gradients_by_the_weights_are_slopes(task: Task) -> None:
    each = readout(6, task=task)
    most = each.probabilities(each.weights).argmax()
    for place, gradient in enumerate(gradients_of_weights(each)):
        step = np.eye(6)[place] * 1e-6
        slope = (each.probabilities(each.weights + step) - each.probabilities(each.weights - step))[most] / 2e-6
        assert gradient == pytest.approx(slope, rel=1e-4, abs=1e-8)


def without(sequence: str, erased: list[int]) -> np.ndarray:  # type: ignore[type-arg]
    """The answer with these residues erased: a whole pass."""
    weights = weights_of_model(MODEL.model, sequence)
    weights[erased] = 0
    return answer_of(MODEL.model, sequence, weights / weights.sum())


def slow_share(sequence: str, order: list[int]) -> float:
    """Share of the residues that are erased when the prediction first changes; 1 where it never does."""
    first = answer_of(MODEL.model, sequence).argmax()
    for erased in range(1, len(order)):
        if without(sequence, order[:erased]).argmax() != first:
            return erased / len(order)
    return 1.0


def test_the_tables_are_what_whole_passes_without_the_residues_give(tmp_path: Path) -> None:
    tested = Erasure().run(setting_of([MODEL], tmp_path))
    assert {name: table.schema for name, table in tested.tables.items()} == {
        "erasure": ERASURE,
        "erasure-orders": ORDERS,
    }
    longer = [sequence for sequence in PROTEINS if len(sequence) > 1]
    largest, at_random, by_attention, drawn = [], [], [], []
    for sequence in longer:
        weights = weights_of_model(MODEL.model, sequence)
        answer = answer_of(MODEL.model, sequence)
        rng = generator_of(encode(sequence).tobytes(), 4)
        top = int(weights.argmax())
        others = [place for place in range(len(weights)) if place != top]
        other = others[int(rng.integers(len(others)))]
        largest.append(slow_divergence(without(sequence, [top]), answer))
        at_random.append(slow_divergence(without(sequence, [other]), answer))
        by_attention.append(slow_share(sequence, np.argsort(-weights, kind="stable").tolist()))
        drawn.append(slow_share(sequence, rng.permutation(len(weights)).tolist()))
    single = tested.tables["erasure"].to_pylist()[0]
    assert (single["weights_differ_by"], single["randomised"]) == ("all", False)
    assert single["proteins"] == len(longer)
    assert single["largest"] == pytest.approx(np.mean(largest), abs=1e-6)
    assert single["at_random"] == pytest.approx(np.mean(at_random), abs=1e-6)
    assert single["difference"] == pytest.approx(np.subtract(largest, at_random).mean(), abs=1e-6)
    orders = {row["order"]: row for row in tested.tables["erasure-orders"].to_pylist() if not row["randomised"]}
    assert tuple(orders) == ORDER_NAMES
    assert orders["attention"]["erased"] == pytest.approx(np.mean(by_attention))
    assert orders["random"]["erased"] == pytest.approx(np.mean(drawn))
    assert orders["attention"]["fewer"] == pytest.approx(np.subtract(drawn, by_attention).mean())
    assert orders["attention"]["never"] == pytest.approx(np.mean(np.equal(by_attention, 1)))
    assert orders["random"]["fewer"] is None


def test_flips_and_ranges_hold_every_protein_once(tmp_path: Path) -> None:
    rows = Erasure().run(setting_of([MODEL], tmp_path)).tables["erasure"].to_pylist()
    for row in rows:
        flips = ("both_flip", "only_largest_flips", "only_random_flips", "none_flips")
        assert sum(row[name] for name in flips) == pytest.approx(1)
        assert (row["p_value"] is None) == (row["p_holm"] is None) == (row["weights_differ_by"] != "all")
    family = [row for row in rows if row["p_value"] is not None]
    assert [row["p_holm"] for row in family] == pytest.approx(holm([row["p_value"] for row in family]).tolist())
    for randomised in (False, True):
        everything, *ranges = (row for row in rows if row["randomised"] is randomised)
        assert sum(row["proteins"] for row in ranges) == everything["proteins"]


@pytest.mark.parametrize(
    ("fewer", "said"), [(0.04, "4.0% of the residues sooner"), (-0.04, "4.0% of the residues later")]
)
def test_an_order_is_sooner_or_later_than_a_random_one(fewer: float, said: str) -> None:
    row = {"model": "m", "order": "attention", "erased": 0.5, "erased_low": 0.4, "erased_high": 0.6, "never": 0.0}
    assert f"that is {said} than at random" in order_finding(row | {"fewer": fewer, "p_holm": 0.01})
