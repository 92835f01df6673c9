"""Counts and occurrences, case by case; `tests/properties/test_search_oracle.py` holds them against `find` at large."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from psl_index import Index, search
from psl_index.errors import PeptideError, UsageError
from psl_index.peptides import encode
from psl_index.search import OCCURRENCES
from tests.proteomes import build_index, find_all

SEQUENCES = ["MAAAAGRSAW", "AAAA", "MXUAAC", "W", "MILKLI", "MAAAAGRSAWMAAAAGRSAW"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build_index(tmp_path_factory.mktemp("search"), SEQUENCES)


def rows(table: pa.Table) -> list[tuple[int, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_overlapping_occurrences_all_count(index: Index) -> None:
    assert index.count(["AA"]).tolist() == [3 + 3 + 1 + 6]
    assert rows(index.locate(["AAA"])) == [(0, 0, 2), (0, 0, 3), (0, 1, 1), (0, 1, 2)] + [
        (0, 5, start) for start in (2, 3, 12, 13)
    ]


def test_starts_are_one_based_and_rows_sorted_by_query_entry_start(index: Index) -> None:
    assert rows(index.locate(["W", "MAAAAGRSAW"])) == [
        (0, 0, 10), (0, 3, 1), (0, 5, 10), (0, 5, 20),
        (1, 0, 1), (1, 5, 1), (1, 5, 11),
    ]  # fmt: skip


def test_no_match_crosses_entries(index: Index) -> None:
    assert index.count(["WAAAA", "AAAAM", "CW", "WM"]).tolist() == [0, 0, 0, 1]


def test_other_letters_are_literal(index: Index) -> None:
    assert index.count(["X", "U", "XU", "MXUAAC", "MXXAAC", "MAUAAC", "B", "J"]).tolist() == [
        1,
        1,
        1,
        1,
        0,
        0,
        0,
        0,
    ]


@pytest.mark.parametrize("rare", ["X", "A", "L"])
def test_what_begins_alike_and_ends_otherwise(tmp_path: Path, rare: str) -> None:
    """Words with a rare residue are told apart by six residues and the text, others by some more."""
    begin = f"M{rare}CDEFGHIKMNPQRSTVWYW"
    sequences = [begin[:n] + last for n in range(4, 20) for last in "DXI"]
    index = build_index(tmp_path, sequences)
    peptides = [sequence[i:] for sequence in sequences for i in (0, 1, 2)]
    hits = [find_all(sequences, peptide) for peptide in peptides]
    assert index.count(peptides).tolist() == [len(row) for row in hits]
    assert rows(index.locate(peptides)) == [(query, *hit) for query, row in enumerate(hits) for hit in row]
    alike = [find_all([s.replace("I", "L") for s in sequences], p.replace("I", "L")) for p in peptides]
    assert index.count(peptides, equate_il=True).tolist() == [len(row) for row in alike]


def test_queries_in_lower_case_or_with_a_stop_are_the_same(index: Index) -> None:
    assert index.count(["maaaagrsaw", "MAAAAGRSAW*"]).tolist() == [3, 3]


def test_isoleucine_and_leucine_alike_on_request(index: Index) -> None:
    assert index.count(["MLLKII", "MLIK", "IL"]).tolist() == [0, 0, 1]
    assert index.count(["MLLKII", "MLIK", "IL"], equate_il=True).tolist() == [1, 1, 2]
    assert rows(index.locate(["LL"], equate_il=True)) == [(0, 4, 2), (0, 4, 5)]


def test_many_spellings_at_once(index: Index) -> None:
    """Room for their ranges grows as they are found."""
    assert index.count(["LL", "XU"] * 300, equate_il=True).tolist() == [2, 1] * 300


def test_entries_are_counted_once_each(index: Index) -> None:
    assert index.count_entries(["AA", "W", "KKK"]).tolist() == [4, 3, 0]


def test_limit_keeps_the_first_and_says_how_many_it_left_out(index: Index) -> None:
    found = index.occurrences(encode(["AA", "W"]), limit=2)
    assert rows(found.table) == [(0, 0, 2), (0, 0, 3), (1, 0, 10), (1, 3, 1)]
    assert found.cut.tolist() == [11, 2]
    assert len(index.locate(["AA"], limit=0)) == 0
    with pytest.raises(UsageError):
        index.locate(["AA"], limit=-1)


def test_only_selected_entries_are_searched(index: Index) -> None:
    wanted = np.array([False, True, False, True, False, False])
    assert rows(index.locate(["AAA", "W"], entries=wanted)) == [(0, 1, 1), (0, 1, 2), (1, 3, 1)]


def test_answers_do_not_depend_on_threads_or_batching(index: Index) -> None:
    peptides = [sequence[i : i + n] for sequence in SEQUENCES for n in (1, 3, 7) for i in range(len(sequence))]
    many = peptides * 800  # several blocks of queries
    assert index.locate(many, threads=1).equals(index.locate(many, threads=2))
    one_by_one = [index.count([peptide])[0] for peptide in peptides]
    assert index.count(many, threads=2).tolist() == one_by_one * 800


@pytest.mark.parametrize(("queries", "candidates"), [(1, 1), (3, 4), (70, 9), (1000, 1000)])
@pytest.mark.parametrize("equate_il", [False, True])
def test_answers_do_not_depend_on_how_many_are_taken_at_once(
    index: Index, monkeypatch: pytest.MonkeyPatch, queries: int, candidates: int, equate_il: bool
) -> None:
    monkeypatch.setattr("psl_index.search._QUERIES_A_BLOCK", queries)
    monkeypatch.setattr("psl_index.search._ROWS_AT_ONCE", candidates)
    fold = {True: lambda text: text.replace("I", "L"), False: str}[equate_il]
    parts = {
        sequence[i : i + n] for sequence in SEQUENCES for n in (1, 2, 3, 5, 9, 13, 15, 18) for i in range(len(sequence))
    }
    peptides = [*sorted(parts), "AAC", "KKK", "WWWWWWWWWWWWWWW", "MLLKII"]
    assert len(peptides) > 100
    hits = [find_all([fold(sequence) for sequence in SEQUENCES], fold(peptide)) for peptide in peptides]
    expected = [(query, *hit) for query, row in enumerate(hits) for hit in row]
    assert rows(index.locate(peptides, equate_il=equate_il)) == expected
    assert index.count(peptides, equate_il=equate_il).tolist() == [len(row) for row in hits]
    assert index.count_entries(peptides, equate_il=equate_il).tolist() == [len(dict(row)) for row in hits]
    found = index.occurrences(encode(peptides), equate_il=equate_il, limit=2)
    assert rows(found.table) == [(query, *hit) for query, row in enumerate(hits) for hit in row[:2]]
    assert found.cut.tolist() == [max(len(row) - 2, 0) for row in hits]


def test_few_candidates_are_gathered_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded: only a single peptide may have more than what is gathered together."""
    monkeypatch.setattr(search, "_ROWS_AT_ONCE", 5)
    candidates = np.array([3, 2, 4, 0, 1, 9, 9, 0, 5, 1])
    empty = np.zeros(0, np.uint32), np.zeros(0, np.int64)
    runs = list(search._few_rows(search._Candidates(*empty, candidates)))
    assert runs == [(0, 2), (2, 5), (5, 6), (6, 7), (7, 9), (9, 10)]


def test_the_columns_of_occurrences() -> None:
    assert [(field.name, str(field.type), field.nullable) for field in OCCURRENCES] == [
        ("query", "int32", False),
        ("entry", "uint32", False),
        ("start", "uint32", False),
    ]


def test_arrow_arrays_are_taken_as_they_are(index: Index) -> None:
    for kind in (pa.string(), pa.large_string()):
        for texts in (["xx", "W", "AA", "zz"], ["xx", "W*", "AA", "4"], ["xx", "w", "aa*", "zz", "W"]):
            assert index.count(pa.array(texts, kind).slice(1, 2)).tolist() == [4, 13]
    assert index.count(pa.chunked_array([["W"], ["AA"]])).tolist() == [4, 13]
    assert index.count([]).tolist() == []
    assert len(index.locate([])) == 0


@pytest.mark.parametrize(
    ("peptide", "complaint"),
    [("MA4", "'4'"), ("", "empty"), ("*", "empty"), ("M-A", "'-'"), ("MÄ", "'Ä'"), ("M A", "' '")],
)
def test_a_peptide_that_is_none_is_refused_with_its_number(index: Index, peptide: str, complaint: str) -> None:
    with pytest.raises(PeptideError, match=complaint) as caught:
        index.count(["AA", peptide, "W"])
    assert caught.value.number == 1


def test_a_long_peptide_is_cut_in_the_message(index: Index) -> None:
    with pytest.raises(PeptideError, match=f"^'{'A' * 60}' is no peptide: '4' is not"):
        index.count(["A" * 100 + "4"])


@pytest.mark.parametrize("number", range(5))
def test_an_empty_peptide_is_found_anywhere(index: Index, number: int) -> None:
    peptides = ["AA", "W", "KK", "M", "XU"]
    peptides[number] = ""
    with pytest.raises(PeptideError, match="empty") as caught:
        index.count(peptides)
    assert caught.value.number == number


def test_a_missing_peptide_is_refused(index: Index) -> None:
    with pytest.raises(PeptideError, match="missing") as caught:
        index.count(pa.array(["AA", None]))
    assert caught.value.number == 1


@pytest.mark.parametrize("length", range(1, 51))
def test_every_length_around_every_limit(index: Index, tmp_path: Path, length: int) -> None:
    """Table look-ups, tails and comparisons with the text meet at lengths 3-6, 9-12 and beyond."""
    long = SEQUENCES[5] * 3
    found = index.count([long[:length], long[:length] + "Q"])
    assert found.tolist() == [
        sum(s.count(long[:length]) if length > 4 else _overlapping(s, long[:length]) for s in SEQUENCES),
        0,
    ]


def _overlapping(sequence: str, peptide: str) -> int:
    return sum(sequence.startswith(peptide, i) for i in range(len(sequence)))


def test_a_single_text_is_not_taken_for_peptides(index: Index) -> None:
    with pytest.raises(UsageError, match="put it into a list"):
        index.count("SKL")


@pytest.mark.parametrize("entries", [np.array([1]), np.zeros(5, bool), np.zeros(0, bool), np.zeros(6)])
def test_entries_must_be_a_mask_of_all_entries(index: Index, entries: npt.NDArray[Any]) -> None:
    with pytest.raises(UsageError, match="bool array of shape"):
        index.locate(["AA"], entries=entries)


def test_a_closed_index_says_so(tmp_path: Path) -> None:
    with build_index(tmp_path, ["MAAAGRSAW"]) as index:
        assert index.count(["AAA"]).tolist() == [1]
    for question in (lambda: index.count(["AAA"]), lambda: index.locate(["AAA"]), lambda: index.read("entries")):
        with pytest.raises(UsageError, match="is closed"):
            question()
