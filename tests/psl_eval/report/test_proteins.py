"""Proteins as the page has them, where sources know different ones or say different things."""

from __future__ import annotations

import numpy as np

from psl_eval.report.contents import Contents
from psl_eval.report.explanations import ExplainedProtein, Explanation
from psl_eval.report.predictions import Answer, Series
from psl_eval.report.proteins import Shown, feature_table, level_table, probability_table, protein_table, proteins_of


def explanation(name: str, **proteins: tuple[str, str, str | None]) -> Explanation:
    """Of (sequence, predicted, true)."""
    made = {
        query: ExplainedProtein(sequence, predicted, true, np.ones(len(sequence), np.float32))
        for query, (sequence, predicted, true) in proteins.items()
    }
    return Explanation(name, {}, made)


def series(name: str, classes: tuple[str, ...], **answers: tuple[str, str | None]) -> Series:
    """Of (predicted, true), all classes alike."""
    alike = np.full(len(classes), 1 / len(classes))
    return Series(name, classes, {query: Answer(*answer, alike) for query, answer in answers.items()})


EXPLAINED = explanation("attention", A=("MK", "Nucleus", None), B=("MKL", "Mars", "Nucleus"))
SERIES = (
    series("first", ("Nucleus", "Plastid"), A=("Plastid", None), C=("Plastid", "Plastid")),
    series("second", ("Nucleus", "Venus"), A=("Nucleus", "Nucleus")),
)
CONTENTS = Contents([EXPLAINED], [], [], SERIES)
SHOWN = [Shown(EXPLAINED, None, None, {})]
PROTEINS = {each["query"]: each for each in proteins_of(CONTENTS.queries, SHOWN, SERIES, CONTENTS.classes, {})}


def test_everything_that_any_source_knows_is_there() -> None:
    assert list(PROTEINS) == ["A", "B", "C"]
    assert CONTENTS.classes == ["Nucleus", "Plastid", "Venus", "Mars"]
    assert (PROTEINS["C"]["sequence"], PROTEINS["C"]["scores"]) == ("", [None])


def test_what_is_explained_is_what_is_predicted_and_any_may_know_the_truth() -> None:
    known = PROTEINS["A"]
    assert (known["predicted"], known["true"], known["correct"]) == ("Nucleus", "Nucleus", True)
    assert (PROTEINS["B"]["predicted"], PROTEINS["B"]["correct"]) == ("Mars", False)
    assert (PROTEINS["C"]["predicted"], PROTEINS["C"]["correct"]) == ("Plastid", True)


def test_a_class_that_a_model_does_not_know_has_no_probability() -> None:
    assert PROTEINS["A"]["probabilities"] == [[0.5, 0.5, None, None], [0.5, None, 0.5, None]]
    assert PROTEINS["B"]["probabilities"] == [None, None]


def test_an_explanation_of_other_residues_has_no_scores_and_says_why() -> None:
    cut = explanation("cut", A=("M", "Nucleus", None))
    shown = [*SHOWN, Shown(cut, None, None, {})]
    (known,) = proteins_of(["A"], shown, SERIES, CONTENTS.classes, {})
    assert known["scores"] == ["ss", None]
    assert known["other_sequence"] == [False, True]


def test_tables_of_them_have_all() -> None:
    table = protein_table(list(PROTEINS.values()), SHOWN)
    assert table.to_pydict() == {
        "protein": ["A", "B", "C"],
        "length": [2, 3, None],
        "predicted": ["Nucleus", "Mars", "Plastid"],
        "true": ["Nucleus", "Nucleus", "Plastid"],
        "correct": [True, False, True],
    }
    assert probability_table(SERIES).to_pylist()[-1] == {
        "predictions": "second",
        "protein": "A",
        "class": "Venus",
        "probability": 0.5,
    }
    assert len(probability_table(SERIES)) == 6


def test_what_is_explained_is_said_where_it_is_another_class() -> None:
    other = ExplainedProtein("MK", "Plastid", None, np.ones(2, np.float32), "Plastid")
    true = ExplainedProtein("MK", "Nucleus", "Venus", np.ones(2, np.float32), "Venus")
    same = ExplainedProtein("MK", "Nucleus", None, np.ones(2, np.float32), "Nucleus")
    explained = [EXPLAINED, *(Explanation("made up", {}, {"A": each}) for each in (other, true, same))]
    (known,) = proteins_of(["A"], [Shown(each, None, None, {}) for each in explained], SERIES, CONTENTS.classes, {})
    assert known["explained"] == [None, "predicts Plastid, explains Plastid", "explains Venus", None]


def test_levels_and_features_that_are_drawn_are_tables_too() -> None:
    signal = {"type": "SIGNAL", "start": 1, "end": 2, "note": None}
    known = proteins_of(CONTENTS.queries, SHOWN, SERIES, CONTENTS.classes, {"B": [signal]})
    assert feature_table(known).to_pylist() == [{"protein": "B", **signal}]
    assert level_table(known, 0).to_pylist() == [
        {"protein": "A", "sequence": "MK", "levels": [9, 9]},
        {"protein": "B", "sequence": "MKL", "levels": [9, 9, 9]},
    ]
