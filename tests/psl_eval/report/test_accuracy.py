"""Accuracy with its intervals, of all proteins and of each class."""

from __future__ import annotations

import math

import numpy as np
import pytest

from psl_eval.report.accuracy import accuracy_table, class_table
from psl_eval.report.predictions import Answer, Series

NOTHING = np.empty(0)


def series(*pairs: tuple[str, str | None]) -> Series:
    return Series("made up", (), {f"P{number}": Answer(*pair, NOTHING) for number, pair in enumerate(pairs)})


def wilson(part: int, whole: int) -> tuple[float, float]:
    """Wilson's interval as he wrote it (1927, equation 5 of Newcombe 1998)."""
    z = 1.959963984540054
    share = part / whole
    middle = (2 * part + z * z) / (2 * (whole + z * z))
    half = z * math.sqrt(z * z + 4 * whole * share * (1 - share)) / (2 * (whole + z * z))
    return middle - half, middle + half


def test_of_all_proteins() -> None:
    pairs = [("Nucleus", "Nucleus")] * 7 + [("Nucleus", "Plastid")] * 2 + [("Plastid", None)]
    (row,) = accuracy_table([series(*pairs)]).to_pylist()
    assert (row["proteins"], row["labelled"], row["correct"]) == (10, 9, 7)
    assert (row["low"], row["high"]) == pytest.approx(wilson(7, 9))
    assert row["majority"] == pytest.approx(7 / 9)


def test_without_labels_nothing_is_claimed() -> None:
    (row,) = accuracy_table([series(("Nucleus", None))]).to_pylist()
    assert (row["labelled"], row["accuracy"], row["low"], row["majority"]) == (0, None, None, None)


def test_several_classes_are_a_set() -> None:
    made_up = series(("Nucleus;Cytoplasm", "Cytoplasm;Nucleus"), ("Nucleus", "Cytoplasm;Nucleus"))
    (row,) = accuracy_table([made_up]).to_pylist()
    assert row["correct"] == 1
    nucleus, cytoplasm = class_table([made_up], ["Nucleus", "Cytoplasm"], {"P0": "M" * 10, "P1": "M" * 30}).to_pylist()
    assert (nucleus["proteins"], nucleus["predicted"], nucleus["correct"], nucleus["recall"]) == (2, 2, 2, 1.0)
    assert (cytoplasm["recall"], cytoplasm["precision"], cytoplasm["median_length"]) == (0.5, 1.0, 20.0)
    assert (cytoplasm["recall_low"], cytoplasm["recall_high"]) == pytest.approx(wilson(1, 2))


def test_a_class_that_nobody_has_has_no_recall() -> None:
    (row,) = class_table([series(("Nucleus", "Nucleus"))], ["Golgi.apparatus"], {}).to_pylist()
    assert (row["proteins"], row["recall"], row["precision"], row["median_length"]) == (0, None, None, None)


def test_the_most_frequent_label_is_a_set_too() -> None:
    true = ("Nucleus;Cytoplasm", "Cytoplasm;Nucleus", "Nucleus")
    (row,) = accuracy_table([series(*(("Nucleus", each) for each in true))]).to_pylist()
    assert row["majority"] == pytest.approx(2 / 3)
