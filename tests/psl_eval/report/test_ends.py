"""What explanations look at near the ends of proteins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from psl_eval.report.ends import LOGO, NEAR, ends_table, logos
from psl_eval.report.explanations import ExplainedProtein, Explanation


def explanation(*proteins: tuple[str, str, Sequence[float]]) -> Explanation:
    """Of (sequence, predicted, scores)."""
    made = {
        f"P{number}": ExplainedProtein(sequence, predicted, None, np.array(scores, np.float32))
        for number, (sequence, predicted, scores) in enumerate(proteins)
    }
    return Explanation("made up", {}, made)


def test_shares_are_sizes_over_the_mean_of_the_protein() -> None:
    table = ends_table([explanation(("MKL", "Nucleus", [1, -2, 3]), ("MK", "Nucleus", [0, 4]))], ["Nucleus"])
    rows = {(row["end"], row["position"]): (row["proteins"], row["share"]) for row in table.to_pylist()}
    assert rows == {
        ("N", 1): (2, pytest.approx((0.5 + 0) / 2)),
        ("N", 2): (2, pytest.approx((1 + 2) / 2)),
        ("N", 3): (1, pytest.approx(1.5)),
        ("C", -1): (2, pytest.approx((1.5 + 2) / 2)),
        ("C", -2): (2, pytest.approx((1 + 0) / 2)),
        ("C", -3): (1, pytest.approx(0.5)),
    }


def test_the_middle_of_long_proteins_is_left_out_and_empty_classes_have_no_rows() -> None:
    table = ends_table([explanation(("M" * 500, "Nucleus;Plastid", [1.0] * 500))], ["Plastid", "Peroxisome"])
    assert table.num_rows == 2 * NEAR
    assert set(table["class"].to_pylist()) == {"Plastid"}
    assert table["share"].to_pylist() == [1.0] * (2 * NEAR)


def test_scores_that_are_all_zero_are_an_even_share() -> None:
    table = ends_table([explanation(("MK", "Nucleus", [0, 0]))], ["Nucleus"])
    assert table["share"].to_pylist() == [1.0] * 4


def test_letters_of_a_logo_add_up_to_the_share_of_their_place() -> None:
    made_up = explanation(("MKL", "Nucleus", [1, 2, 3]), ("MRL", "Nucleus", [1, 1, 1]), ("GG", "Plastid", [1, 1]))
    found = logos(made_up, "Nucleus")
    assert len(found["N"]) == len(found["C"]) == LOGO
    first, second = found["N"][:2]
    assert first == [("M", pytest.approx((0.5 + 1) / 2))]
    assert second == [("K", pytest.approx(0.5)), ("R", pytest.approx(0.5))]
    assert found["C"][0] == [("L", pytest.approx((1.5 + 1) / 2))]
    assert found["C"][3:] == [[]] * (LOGO - 3)


def test_letters_too_low_to_read_are_left_out() -> None:
    proteins = [("MA", "Nucleus", [1.0, 1.0])] * 99 + [("WA", "Nucleus", [1.0, 1.0])]
    assert [letter.residue for letter in logos(explanation(*proteins), "Nucleus")["N"][0]] == ["M"]
