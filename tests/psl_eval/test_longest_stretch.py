"""The longest stretch that a protein shares with known ones, and where they are, against trying out every stretch."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval import longest_stretch as module
from psl_eval.longest_stretch import classes_by_longest_stretch, longest_shared
from psl_eval.temporary_index import temporary_index

PROTEIN = st.text("MKU", min_size=1, max_size=24)


def longest(sequence: str, known: list[str]) -> int:
    """By trying out all stretches."""
    pieces = (sequence[a:b] for a in range(len(sequence)) for b in range(a + 1, len(sequence) + 1))
    return max((len(piece) for piece in pieces if any(piece in each for each in known)), default=0)


@given(known=st.lists(PROTEIN, min_size=1, max_size=6), asked=st.lists(PROTEIN, min_size=1, max_size=6))
@settings(max_examples=15)
def test_the_length_is_that_of_the_longest_stretch(known: list[str], asked: list[str]) -> None:
    asked = [*asked, "WWW", known[0], known[-1] + "C"]
    with temporary_index(known, 1) as index:
        assert longest_shared(index, asked, threads=1).tolist() == [longest(each, known) for each in asked]


def test_the_holders_of_the_stretch_vote_once_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LETTERS_AT_ONCE", 8)  # so that they come in several groups
    known = ["MAAAKDELA", "CCKDELKDELCC", "WKDELY", "GGGGGG"]
    labels = np.array([[1, 0], [0, 1], [0, 1], [1, 0]], np.bool_)
    asked = ["SKDELS", "MAAAK", "PPPP", "GGGG"]
    found = classes_by_longest_stretch(known, labels, asked, threads=1)
    np.testing.assert_allclose(found.sum(1), 1)
    np.testing.assert_allclose(found, [[1 / 3, 2 / 3], [1, 0], [0.5, 0.5], [1, 0]], atol=1e-5)


def test_where_votes_are_even_the_commoner_class_is_above() -> None:
    known, labels = ["MKTAAA", "MKTWWW", "CCC"], np.array([[1, 0], [0, 1], [0, 1]], np.bool_)
    (row,) = classes_by_longest_stretch(known, labels, ["YMKTY"], threads=1)
    assert row[1] > row[0] > 0.49
