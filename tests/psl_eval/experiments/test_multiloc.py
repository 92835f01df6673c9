"""Folds, and the experiment on MultiLoc's task: laws of the folds, and the ensemble by hand."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from psl_eval.experiments.multiloc.answers import RULES, Answers
from psl_eval.experiments.multiloc.experiment import MultiLoc
from psl_eval.experiments.multiloc.findings import findings
from psl_eval.experiments.multiloc.folds import (
    LEAKAGE_ROWS,
    clustered_folds,
    leakage_rows,
    random_folds,
    sides_of,
)
from psl_eval.experiments.multiloc.rows import (
    ENSEMBLE,
    PAPER_ACCURACY,
    SINGLE,
    SUMMARY_ROWS,
    fold_rows,
    summary_rows,
)
from psl_eval.experiments.parts import parts_of
from psl_eval.statistics.rows import table_of
from psl_index.errors import InputError, UsageError
from psl_models.datasets import class_order, read_dataset
from psl_models.splits import TEST, TRAIN, VALIDATION
from tests.psl_eval.experiments.small_experiments import asked_of, nothing

LABELS = ["ER"] * 13 + ["nuclear"] * 22


def test_random_folds_spread_each_class_evenly() -> None:
    folds = random_folds(LABELS, 5, seed=1)
    for label in set(LABELS):
        counts = Counter(fold for fold, name in zip(folds.tolist(), LABELS, strict=True) if name == label)
        assert len(counts) == 5
        assert max(counts.values()) - min(counts.values()) <= 1


def test_folds_follow_the_seed() -> None:
    assert random_folds(LABELS, 5, 1).tolist() == random_folds(LABELS, 5, 1).tolist()
    assert random_folds(LABELS, 5, 1).tolist() != random_folds(LABELS, 5, 2).tolist()


def test_clusters_stay_together() -> None:
    clusters = np.array([number // 2 if number < 30 else -1 for number in range(35)])
    folds = clustered_folds(LABELS, clusters, 5, seed=1)
    for cluster in range(15):
        assert len(set(folds[clusters == cluster].tolist())) == 1
    assert set(folds.tolist()) == set(range(5))
    assert max(Counter(folds.tolist()).values()) <= 35 // 5 + 3


def test_numbers_of_clusters_do_not_matter() -> None:
    clusters = np.array([number // 2 for number in range(35)])
    np.testing.assert_array_equal(
        clustered_folds(LABELS, clusters, 5, seed=1), clustered_folds(LABELS, 100 - clusters, 5, seed=1)
    )


@pytest.mark.parametrize("clusters", [None, np.full(7, -1)])
def test_a_class_with_too_few_proteins_is_an_error(clusters: np.ndarray | None) -> None:
    labels = ["ER"] * 3 + ["nuclear"] * 4
    with pytest.raises(InputError, match="the class ER has 3 proteins, fewer than 4 folds"):
        random_folds(labels, 4, 1) if clusters is None else clustered_folds(labels, clusters, 4, 1)


def test_fewer_clusters_than_folds_are_an_error() -> None:
    with pytest.raises(InputError, match="fewer clusters than 5 folds"):
        clustered_folds(LABELS, np.array([0] * 13 + [1] * 22), 5, 1)


def test_sides_of_a_training() -> None:
    assert sides_of(np.arange(5), 2, 4).tolist() == [TRAIN, TRAIN, TEST, TRAIN, VALIDATION]


def test_what_folds_share_is_counted() -> None:
    shared = "MKLVAGSTPEDFWYHCNQRI"  # 20 residues
    dataset = asked_of([shared, f"AA{shared}AA", shared[:19], "WWWWW", shared]).dataset
    rows = list(leakage_rows(dataset, np.array([0, 1, 0, 1, 2]), [0, 1], threads=1))
    assert [(row["test_fold"], row["proteins"], row["identical"], row["overlapping"]) for row in rows] == [
        (1, 2, 1, 1),
        (2, 2, 0, 1),
    ]


def test_the_ensemble_is_the_mean_of_the_probabilities() -> None:
    labels = np.eye(2, dtype=np.bool_)
    nobody = dict.fromkeys(RULES, np.array([[1.0, 0.0], [1.0, 0.0]]))
    models = {
        1: Answers(np.array([[0.9, 0.1], [0.6, 0.4]]), nobody, ""),  # one of two correct
        2: Answers(np.array([[0.4, 0.6], [0.1, 0.9]]), nobody, ""),  # the other
    }
    rows = list(fold_rows(models, labels, ("A", "B"), 10, 1))
    values = {(row["predictor"], row["figure"], row["validation_fold"]): row["value"] for row in rows}
    assert (values[SINGLE, "accuracy", 2], values[SINGLE, "accuracy", 3]) == (0.5, 0.5)
    assert values[ENSEMBLE, "accuracy", None] == 1.0
    assert {values[rule, "accuracy", 2] for rule in RULES} == {0.5}


def test_means_over_folds_come_after_means_within_them() -> None:
    rows = [
        {"split": "random", "predictor": SINGLE, "figure": "accuracy", "test_fold": fold, "proteins": 3, "value": value}
        for fold, value in ((1, 0.2), (1, 0.4), (2, 0.7))
    ]
    (row,) = summary_rows(rows)
    assert row["value"] == pytest.approx((0.3 + 0.7) / 2)
    assert (row["folds"], row["proteins"], row["paper"]) == (2, 6, PAPER_ACCURACY)
    # Student's t with one degree of freedom, 12.706, times the standard error of 0.3 and 0.7, 0.2.
    assert row["high"] - row["value"] == pytest.approx(12.706 * 0.2, rel=1e-3)


def test_a_class_that_some_training_would_have_none_of_is_an_error() -> None:
    labels = ["ER"] * 10 + ["nuclear"] * 10
    clusters = np.array([0] * 5 + [1] * 5 + list(range(2, 12)))
    with pytest.raises(InputError, match="the class ER has so few clusters that some trainings would have none of it"):
        clustered_folds(labels, clusters, 5, 1)


def test_findings_say_what_random_folds_give_away() -> None:
    row = {"split": "random", "predictor": SINGLE, "figure": "accuracy", "folds": 1, "proteins": 10, "value": 0.5}
    shared = {"split": "random", "test_fold": 1, "proteins": 10, "k": 20, "identical": 1, "overlapping": 4}
    tables = table_of([row | {"paper": PAPER_ACCURACY}], SUMMARY_ROWS), table_of([shared], LEAKAGE_ROWS)
    assert findings(*tables) == (
        "random folds, single model: accuracy 0.500 of 10 proteins in 1 fold; Sonderby et al. 2015 report 0.902",
        "random folds: of 10 proteins 4 (40.0%) share a stretch of 20 residues with a protein of another fold, 1 the "
        "whole sequence",
        "without --clusters there are no folds of whole clusters, which have less in common: the harder task",
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes of seven proteins, one protein of the first being there twice."""
    rng = np.random.default_rng(3)
    path = tmp_path / "multiloc"
    path.mkdir()
    for name, letters in (("ER", "MKLA"), ("nuclear", "MKRG")):
        sequences = ["".join(rng.choice(list(letters), 20)) for _ in range(6)]
        records = [f">{name}{number}\n{sequence}\n" for number, sequence in enumerate([*sequences, sequences[0]])]
        (path / f"{name}.fasta").write_text("".join(records))
    return path


def test_the_experiment_from_end_to_end_and_again(folder: Path, tmp_path: Path) -> None:
    dataset = read_dataset(folder, multi_label=False)
    folds = {"random": np.arange(14) % 5, "clustered": np.arange(14) // 3}
    experiment = MultiLoc(epochs=1, test_folds=1, resamples=10)
    with parts_of(tmp_path / "out", "test") as parts:
        result = experiment.run(dataset, folds, torch.device("cpu"), parts, nothing, threads=1)
        assert parts.made == 2 * 4 * 2  # of each model what it says, and what the rules say
    rows = [row for row in result.tables["folds"].to_pylist() if row["split"] == "random"]
    single = [row["validation_fold"] for row in rows if (row["predictor"], row["figure"]) == (SINGLE, "mcc")]
    assert single == [2, 3, 4, 5]
    assert sum(row["predictor"] == ENSEMBLE for row in rows) == 2
    assert {row["proteins"] for row in rows} == {3}
    paths = sorted((tmp_path / "out" / "parts").glob("random-*-predictions-*.parquet"))
    probabilities = np.mean([pq.read_table(path)["model"].to_pylist() for path in paths], axis=0)
    names = np.array(class_order(dataset))[probabilities.argmax(axis=1)]
    true = [dataset.labels[row][0] for row in np.flatnonzero(folds["random"] == 0)]
    (accuracy,) = (row["value"] for row in rows if (row["predictor"], row["figure"]) == (ENSEMBLE, "accuracy"))
    assert accuracy == pytest.approx(np.mean(names == true))
    assert {row["predictor"] for row in rows} == {SINGLE, ENSEMBLE, *RULES}
    assert set(result.table["split"].to_pylist()) == {"random", "clustered"}
    with parts_of(tmp_path / "out", "test") as parts:
        again = experiment.run(dataset, folds, torch.device("cpu"), parts, nothing, threads=1)
        assert (parts.found, parts.made) == (16, 0)
    assert again.table.equals(result.table)


def test_one_class_only_is_an_error(tmp_path: Path) -> None:
    dataset = asked_of(["MKLVA"] * 5).dataset
    with (
        parts_of(tmp_path / "out", "test") as parts,
        pytest.raises(UsageError, match="there is one class only, 'Nucleus'"),
    ):
        MultiLoc().run(dataset, {"random": np.arange(5)}, torch.device("cpu"), parts, nothing)
