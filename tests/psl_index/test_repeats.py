"""Peptides that are asked for several times and occur often."""

from __future__ import annotations

import numpy as np
import pytest

from psl_index import Index
from psl_index.peptides import PADDING, encode
from psl_index.repeats import find_repeats
from tests.proteomes import build_index, find_all

LEUCINES, ISOLEUCINES = "LLLLLL", "LLILLL"
SEQUENCES = ["M" + "L" * 90, "MAAAAGRSAW", "L" * 40 + "I" + "L" * 40, "A" * 120, "MX" + "A" * 30]
PEPTIDES = ["AAA", LEUCINES, "SAW", "AAA", "WWW", "LLL", LEUCINES, "AAA", "XAAA", "A" * 20, "XAAA", "A" * 20, "SAW"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build_index(tmp_path_factory.mktemp("repeats"), SEQUENCES)


def expected(peptides: list[str], limit: int, wanted: list[bool], equal: str = "") -> list[tuple[int, ...]]:
    """Occurrences by a `find` loop; `equal` are two letters that are the same."""
    same = str.maketrans(equal[:1], equal[1:])
    return [
        (query, *place)
        for query, peptide in enumerate(peptides)
        for place in [
            (entry, start)
            for entry, start in find_all([text.translate(same) for text in SEQUENCES], peptide.translate(same))
            if wanted[entry]
        ][:limit]
    ]


@pytest.mark.parametrize("limit", [None, 0, 1, 70, 500])
@pytest.mark.parametrize("wanted", [[True] * 5, [False, True, True, False, True]])
@pytest.mark.parametrize("equate_il", [False, True])
def test_they_are_found_like_others(index: Index, limit: int | None, wanted: list[bool], equate_il: bool) -> None:
    peptides = [*PEPTIDES, *([ISOLEUCINES] * 2 if equate_il else [])]
    found = index.occurrences(encode(peptides), equate_il=equate_il, entries=np.array(wanted), limit=limit, threads=2)
    equal = "IL" if equate_il else ""
    there = expected(peptides, limit if limit is not None else 10**6, wanted, equal)
    assert list(zip(*(column.to_pylist() for column in found.table.columns), strict=True)) == there
    n_all = np.bincount([row[0] for row in expected(peptides, 10**6, wanted, equal)], minlength=len(peptides))
    n_kept = np.bincount([row[0] for row in there], minlength=len(peptides)) if there else 0
    assert found.cut.tolist() == (n_all - n_kept).tolist()


def test_only_what_occurs_often_and_is_repeated_is_gathered_once() -> None:
    repeats = find_repeats(
        encode(["AA", "MK", "AA", "LL", "MK", "AA", "GG", "LL"]), np.array([64, 9, 64, 80, 9, 64, 99, 80])
    )
    assert repeats is not None
    assert repeats.first.tolist() == [0, 3]
    assert repeats.of_peptide.tolist() == [0, -1, 0, 1, -1, 0, -1, 1]
    assert find_repeats(encode(["AA", "GG"]), np.array([64, 99])) is None
    assert find_repeats(encode([]), np.empty(0, np.int64)) is None


def test_peptides_are_chosen_with_their_padding() -> None:
    chosen = encode(["MKT", "A", "LLLL"]).part(1, 3).chosen(np.array([1, 0, 1]))
    again = encode(["LLLL", "A", "LLLL"])
    assert chosen.offsets.tolist() == again.offsets.tolist()
    assert chosen.codes.tolist() == again.codes.tolist()
    assert not chosen.codes[-PADDING:].any()
