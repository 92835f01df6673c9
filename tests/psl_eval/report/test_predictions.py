"""Predictions as they are read for the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from psl_eval.report.explanations import read_explanation
from psl_eval.report.predictions import predictions_of, read_series
from psl_index.errors import InputError


def test_what_predict_writes_is_read(results: Path) -> None:
    series = read_series("learned", results / "learned.tsv")
    assert (series.name, series.classes) == ("learned", ("Nucleus", "Cytoplasm", "Extracellular"))
    answer = series.answers["P10001"]
    assert (answer.predicted, answer.true, answer.correct) == ("Cytoplasm", "Cytoplasm", True)
    assert answer.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_without_labels_nothing_is_correct_or_wrong(tmp_path: Path) -> None:
    (tmp_path / "p.tsv").write_text("query\tpredicted\tprobability\tNucleus\nP1\tNucleus\t0.5\t0.5\n")
    assert read_series("p", tmp_path / "p.tsv").answers["P1"].correct is None


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("P1\tNucleus\t0.5\tx", r"p.tsv:3: a probability is no number"),
        ("P1\tNucleus\t0.5\t", r"p.tsv:3: expected the probability of each class"),
        ("P1\tNucleus\t0.5\t1.5", r"p.tsv:3: expected the probability of each class"),
        ("P1\tNucleus\t0.5\tnan", r"p.tsv:3: expected the probability of each class"),
        ("P1\t\t0.5\t0.5", r"p.tsv:3: a protein without identifier or prediction"),
        ("P0\tNucleus\t0.5\t0.5", r"p.tsv:3: 'P0' comes twice; write what each model says"),
        ("P1\tNucleus\t0.5", r"p.tsv:3: "),
    ],
)
def test_a_damaged_row_is_an_error_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    (tmp_path / "p.tsv").write_text(f"query\tpredicted\tprobability\tNucleus\nP0\tNucleus\t0.5\t0.5\n{row}\n")
    with pytest.raises(InputError, match=said):
        read_series("p", tmp_path / "p.tsv")


def test_explanations_say_what_is_predicted_too(results: Path) -> None:
    explanations = [read_explanation(name, results / f"{name}.parquet") for name in ("attention", "gradients")]
    (series,) = predictions_of(explanations)  # the second says the same
    assert (series.name, series.classes, series.answers["P10001"].predicted) == ("attention", (), "Cytoplasm")
