"""Figures of classification, against counting by hand."""

from __future__ import annotations

import csv
import gzip
import itertools
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, matthews_corrcoef

from psl_index.errors import InputError
from psl_models.configuration import Task
from psl_models.encoding import STUDY_CLASSES
from psl_models.metrics import evaluate, f1_macro_of_batches, macro_f1
from psl_models.resampling import interval, resampled_figures

CLASSES = ("Nucleus", "Cytoplasm", "Plastid", "Peroxisome")
numbers = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25)
some = st.frozensets(st.integers(0, 3), min_size=1)
sets = st.lists(st.tuples(some, some), min_size=1, max_size=25)


def _indicators(classes: list[Any]) -> npt.NDArray[np.bool_]:
    """Rows of the classes' numbers, or sets of them."""
    return np.array([[n in (one if isinstance(one, frozenset) else {one}) for n in range(4)] for one in classes])


def _ratio(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor else 0.0


def _counts(pairs: list[tuple[frozenset[int], frozenset[int]]], n: int) -> tuple[int, int, int]:
    """True positives, false positives, false negatives of class n."""
    both = sum(n in true and n in predicted for true, predicted in pairs)
    return both, sum(n in p for _, p in pairs) - both, sum(n in t for t, _ in pairs) - both


def _check_classes(metrics: Any, pairs: list[tuple[frozenset[int], frozenset[int]]]) -> None:
    """What each class and the two means of F1 must be."""
    counts = [_counts(pairs, n) for n in range(4)]
    for row, name, (both, wrong, missed) in zip(metrics.classes, CLASSES, counts, strict=True):
        assert (row.name, row.proteins, row.predicted) == (name, both + missed, both + wrong)
        assert row.precision == pytest.approx(_ratio(both, both + wrong))
        assert row.recall == pytest.approx(_ratio(both, both + missed))
        assert row.f1.value == pytest.approx(_ratio(2 * both, 2 * both + wrong + missed))
        rest = len(pairs) - both - wrong - missed
        spread = (both + wrong) * (both + missed) * (rest + wrong) * (rest + missed)
        assert row.mcc == pytest.approx(_ratio(both * rest - wrong * missed, math.sqrt(spread)), abs=1e-9)
    both, wrong, missed = (sum(column) for column in zip(*counts, strict=True))
    assert metrics.figures["f1_micro"].value == pytest.approx(2 * both / (2 * both + wrong + missed))
    mean = sum(row.f1.value for row in metrics.classes) / 4
    assert metrics.figures["f1_macro"].value == pytest.approx(mean)


@given(numbers)
@settings(max_examples=30)
def test_single_label_figures_are_those_counted_by_hand(pairs: list[tuple[int, int]]) -> None:
    true, predicted = (list(column) for column in zip(*pairs, strict=True))
    probabilities = 0.6 * _indicators(predicted) + 0.1
    metrics = evaluate(probabilities, _indicators(true), CLASSES, "single-label", resamples=20)
    n = len(pairs)
    assert metrics.proteins == n
    assert metrics.figures["accuracy"].value == pytest.approx(sum(t == p for t, p in pairs) / n)
    _check_classes(metrics, [(frozenset({t}), frozenset({p})) for t, p in pairs])
    assert metrics.confusion is not None
    assert metrics.confusion.tolist() == [[pairs.count((t, p)) for p in range(4)] for t in range(4)]
    # Gorodkin's coefficient is the correlation of the two indicator matrices, over all their cells.
    x, y = (_indicators(one) - _indicators(one).mean(axis=0) for one in (true, predicted))
    expected = _ratio((x * y).sum(), math.sqrt((x * x).sum() * (y * y).sum()))
    assert metrics.figures["mcc"].value == pytest.approx(expected, abs=1e-9)


@given(sets)
@settings(max_examples=30)
def test_multi_label_figures_are_those_counted_by_hand(pairs: list[tuple[frozenset[int], frozenset[int]]]) -> None:
    true, predicted = (list(column) for column in zip(*pairs, strict=True))
    metrics = evaluate(0.3 + 0.4 * _indicators(predicted), _indicators(true), CLASSES, "multi-label", resamples=20)
    assert set(metrics.figures) == {"subset_accuracy", "jaccard", "f1_micro", "f1_macro"}
    assert metrics.figures["subset_accuracy"].value == pytest.approx(np.mean([t == p for t, p in pairs]))
    assert metrics.figures["jaccard"].value == pytest.approx(np.mean([len(t & p) / len(t | p) for t, p in pairs]))
    assert metrics.confusion is None
    _check_classes(metrics, pairs)


@pytest.mark.parametrize("task", ["single-label", "multi-label"])
def test_a_resample_is_a_draw_of_proteins(task: Task) -> None:
    """Of three proteins there are 27 draws: every resample has the figures of one, and all come equally often."""
    labels, predicted = _indicators([0, 1, 2]), _indicators([0, 1, 1])
    if task == "multi-label":
        labels[1, 3], predicted[0, 2] = True, True
    possible: list[tuple[float, ...]] = []
    for rows in map(list, itertools.product(range(3), repeat=3)):
        metrics = evaluate(0.4 * predicted[rows] + 0.3, labels[rows], CLASSES, task, resamples=1)
        names = sorted(metrics.figures.keys() - {"f1_macro_batches"})
        possible.append(tuple(round(metrics.figures[name].value, 9) for name in names))
    drawn = resampled_figures(labels, predicted, task, seed=5, resamples=20_000)
    assert sorted(drawn.figures) == names
    found = list(zip(*(drawn.figures[name].round(9).tolist() for name in names), strict=True))
    assert set(found) == set(possible)
    for figures in set(possible):
        assert found.count(figures) / len(found) == pytest.approx(possible.count(figures) / 27, abs=0.02)
    assert drawn.class_f1.mean(axis=1) == pytest.approx(drawn.figures["f1_macro"])


def test_intervals_are_those_of_a_plain_bootstrap() -> None:
    random = np.random.default_rng(3)
    true = random.integers(0, 4, 400)
    predicted = np.where(random.random(400) < 0.6, true, random.integers(0, 3, 400))
    rows = random.integers(0, 400, (400, 400))
    plain = {
        "accuracy": [accuracy_score(true[drawn], predicted[drawn]) for drawn in rows],
        "f1_macro": [f1_score(true[drawn], predicted[drawn], average="macro", zero_division=0) for drawn in rows],
        "mcc": [matthews_corrcoef(true[drawn], predicted[drawn]) for drawn in rows],
    }
    metrics = evaluate(_indicators(list(predicted)) * 0.5, _indicators(list(true)), CLASSES, "single-label")
    for name, draws in plain.items():
        figure = metrics.figures[name]
        assert (figure.low, figure.high) == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.015)
        assert figure.low < figure.value < figure.high


def test_an_interval_leaves_2_5_percent_outside_on_each_side() -> None:
    assert interval(np.arange(2001.0), 9) == pytest.approx((50, 1950))
    assert np.isnan(interval(np.zeros(5), 1)).all()


def test_batches_are_averaged_over_the_classes_that_occur_in_them() -> None:
    true, predicted = np.array([0, 0, 0, 0, 0, 1, 2]), np.array([0, 0, 0, 0, 0, 1, 1])
    # The first batch holds one class, predicted perfectly; of the two in the second, class 1 has F1 2/3, class 2 has 0.
    assert f1_macro_of_batches(true, predicted) == pytest.approx((1 + (2 / 3 + 0) / 2) / 2)
    assert f1_macro_of_batches(true, predicted, batch=7) == pytest.approx((1 + 2 / 3 + 0) / 3)
    metrics = evaluate(_indicators(list(predicted)), _indicators(list(true)), CLASSES, "single-label")
    assert metrics.figures["f1_macro_batches"].value == pytest.approx(2 / 3)
    assert metrics.figures["f1_macro"].value == pytest.approx((1 + 2 / 3 + 0 + 0) / 4)


@given(numbers, st.randoms())
@settings(max_examples=12)
def test_the_order_of_proteins_matters_to_batches_only(pairs: list[tuple[int, int]], random: Any) -> None:
    shuffled = random.sample(pairs, len(pairs))
    one, other = (
        evaluate(
            _indicators([p for _, p in some_pairs]) * 0.5,
            _indicators([t for t, _ in some_pairs]),
            CLASSES,
            "single-label",
            resamples=20,
        ).as_json()
        for some_pairs in (pairs, shuffled)
    )
    del one["figures"]["f1_macro_batches"], other["figures"]["f1_macro_batches"]
    assert one == other


def test_macro_f1_is_that_of_evaluate() -> None:
    random = np.random.default_rng(1)
    probabilities, labels = random.random((60, 4)), np.eye(4, dtype=bool)[random.integers(0, 4, 60)]
    for task, thresholds in (("single-label", ()), ("multi-label", ()), ("multi-label", (0.2, 0.9, 0.5, 0.7))):
        metrics = evaluate(probabilities, labels, CLASSES, task, thresholds, resamples=1)  # type: ignore[arg-type]
        found = macro_f1(probabilities, labels, task, thresholds)  # type: ignore[arg-type]
        assert found == metrics.figures["f1_macro"].value
        assert metrics.thresholds == thresholds


@pytest.mark.parametrize("proteins", [1, 40])
@pytest.mark.parametrize("task", ["single-label", "multi-label"])
def test_json_is_plain_and_the_same_for_a_seed(proteins: int, task: Task) -> None:
    random = np.random.default_rng(1)
    probabilities, labels = random.random((proteins, 4)), np.eye(4, dtype=bool)[random.integers(0, 4, proteins)]
    texts = [
        json.dumps(evaluate(probabilities, labels, CLASSES, task, seed=seed).as_json(), allow_nan=False)
        for seed in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]
    stored = json.loads(texts[0])
    assert stored["interval"] == {
        "method": "percentile bootstrap over proteins",
        "level": 0.95,
        "resamples": 2000,
        "seed": 1,
    }
    name = "accuracy" if task == "single-label" else "jaccard"
    assert (stored["figures"][name]["low"] is None) == (proteins == 1)


def test_the_description_is_a_table() -> None:
    labels = np.eye(4, dtype=bool)[[0, 1, 2, 3] * 300]
    lines = evaluate(labels, labels, CLASSES, "single-label").describe()
    assert lines[0] == "1,200 proteins, intervals of 95%"
    assert lines[1] == "  accuracy                   1.000 (1.000 to 1.000)"
    header, *rows = lines[-5:]
    assert [row.split()[0] for row in rows] == list(CLASSES)
    for name in ("proteins", "predicted", "precision", "recall", "MCC"):
        end = header.index(name) + len(name)
        assert all(row[end - 1].isdigit() and row[end : end + 1] in ("", " ") for row in rows), name
    alone = evaluate(labels[:1], labels[:1], CLASSES, "single-label").describe()
    assert alone[1] == "  accuracy                   1.000"


@pytest.mark.parametrize(
    ("probabilities", "labels", "task", "message"),
    [
        (np.zeros((0, 4)), np.zeros((0, 4)), "single-label", "no protein to compare predictions with"),
        (
            np.ones((2, 4)),
            np.eye(4)[[0, 0]] + np.eye(4)[[0, 1]],
            "single-label",
            "protein 2 has 2 classes, expected exa",
        ),
        (
            np.ones((2, 4)),
            [[0, 1, 1, 0], [0] * 4],
            "multi-label",
            "protein 2 has 0 classes, expected one class or more",
        ),
        ([[1, np.nan, 0, 0]], np.eye(4)[:1], "single-label", "not a number for 1 of 1 proteins, the first is number 1"),
    ],
)
def test_what_cannot_be_evaluated_is_an_error(probabilities: Any, labels: Any, task: Task, message: str) -> None:
    with pytest.raises(InputError, match=message):
        evaluate(probabilities, labels, CLASSES, task)


def test_the_released_predictions_have_the_known_figures(real_data: Path) -> None:
    """Of the study's attention BiLSTM, run protein by protein, where it gave a subsequence (two proteins have none)."""
    file = real_data / "released" / "lstm_attention_subsequences.csv.gz"
    if not file.is_file():
        pytest.skip("no released/lstm_attention_subsequences.csv.gz among the real data")
    with gzip.open(file, "rt") as lines:
        pairs = {row["inputSequence"]: (row["true"], row["predicted"]) for row in csv.DictReader(lines)}
    true, predicted = (
        np.array([[name == c for c in STUDY_CLASSES] for name in names]) for names in zip(*pairs.values(), strict=True)
    )
    metrics = evaluate(predicted, true, STUDY_CLASSES, "single-label")
    assert metrics.proteins == 2099
    assert metrics.figures["accuracy"].value == pytest.approx(0.564, abs=0.001)
    assert metrics.figures["f1_macro"].value == pytest.approx(0.395, abs=0.001)
