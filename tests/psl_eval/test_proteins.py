"""Reading proteins, and finding the one of each subsequence."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from psl_eval.proteins import match_queries, read_proteins
from psl_eval.subsequences import Subsequences, as_subsequences, read_subsequences
from psl_index.errors import InputError

FASTA = ">sp|P12345|NAME a protein\nmstq\nSTHP*\n\n>Q2 Nucleus-U test\r\nMKKX\n"
SENTENCES = "MSTQSTHP\nMKKX*\n"


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "proteins"
    path.write_bytes(content.encode())
    return path


def subsequences(*rows: tuple[str, int, int, str]) -> Subsequences:
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = ["query", "start", "end", "subsequence", "predicted"]
    return as_subsequences(pa.table([*columns, ["Nucleus"] * len(rows)], names))


def released(*rows: tuple[int, int, str, int]) -> Subsequences:
    left, right, subsequence, number = (list(column) for column in zip(*rows, strict=True))
    label = ["Nucleus"] * len(rows)
    names = ["left", "right", "subsequence", "predicted", "true", "classification", "inputSequence"]
    return as_subsequences(pa.table([left, right, subsequence, label, label, [True] * len(rows), number], names))


def test_fasta_gives_the_first_word_and_the_joined_sequence(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, FASTA))
    assert proteins.names.to_pylist() == ["sp|P12345|NAME", "Q2"]
    assert proteins.sequences.to_pylist() == ["MSTQSTHP", "MKKX"]
    assert proteins.identified


def test_plain_sentences_are_named_by_their_number(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, SENTENCES))
    assert proteins.names.to_pylist() == ["0", "1"]
    assert proteins.sequences.to_pylist() == ["MSTQSTHP", "MKKX"]
    assert not proteins.identified


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("", None, "empty file"),
        (">P\n", 1, "without a sequence"),
        (">P\n>Q\nMK\n", 1, "without a sequence"),
        (">P\nMK\n> \nMK\n", 3, "without an identifier"),
        (">P\nMK\nM K\n", 3, "no protein sequence"),
        (">P\nMK*\nMK\n", 1, "inside the sequence"),
        ("MKK\nM1K\n", 2, "'M1K' is no protein sequence"),
        ("MKK\n\nMKK\n", 2, "empty line between sequences"),
        ("MKK\nM*K\n", 2, "no protein sequence"),
    ],
)
def test_bad_proteins_are_refused_with_their_line(tmp_path: Path, content: str, line: int | None, problem: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError, match=problem) as refused:
        read_proteins(path)
    assert (refused.value.file, refused.value.line) == (str(path), line)


def test_queries_are_numbered_in_the_order_in_which_they_appear(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, FASTA))
    rows = subsequences(("Q2", 1, 2, "MK"), ("sp|P12345|NAME", 2, 4, "STQ"), ("Q2", 4, 4, "X"))
    queries = match_queries(rows, proteins)
    assert queries.of_row.tolist() == [0, 1, 0]
    assert queries.names.to_pylist() == queries.identifiers.to_pylist() == ["Q2", "sp|P12345|NAME"]
    assert queries.sequences.to_pylist() == ["MKKX", "MSTQSTHP"]


def test_an_input_sequence_counts_records_from_zero(tmp_path: Path) -> None:
    rows = released((0, 2, "MK", 1), (1, 4, "STQ", 0))
    by_number = match_queries(rows, read_proteins(written(tmp_path, SENTENCES)))
    assert by_number.names.to_pylist() == ["1", "0"]
    assert by_number.identifiers.to_pylist() == [None, None], "a number is no identifier"
    assert by_number.sequences.to_pylist() == ["MKKX", "MSTQSTHP"]
    named = match_queries(rows, read_proteins(written(tmp_path, FASTA)))
    assert named.names.to_pylist() == named.identifiers.to_pylist() == ["Q2", "sp|P12345|NAME"]


def test_without_proteins_a_name_is_an_identifier_and_a_number_is_none() -> None:
    named = match_queries(subsequences(("Q2", 1, 2, "MK")), None)
    assert named.identifiers.to_pylist() == ["Q2"]
    numbered = match_queries(released((0, 2, "MK", 5)), None)
    assert (numbered.names.to_pylist(), numbered.identifiers.to_pylist()) == (["5"], [None])
    assert numbered.sequences.to_pylist() == named.sequences.to_pylist() == [None]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (("P9", 1, 2, "MK"), "query 'P9' is not in"),
        (("Q2", 4, 5, "XM"), "4-5 reaches past the 4 residues of protein 'Q2'"),
        (("Q2", 2, 3, "KX"), "expected KK at 2-3 of protein 'Q2'"),
        (("twice", 1, 1, "M"), "query 'twice' is the name of 2 proteins"),
    ],
)
def test_a_subsequence_that_is_not_in_its_protein_is_refused(
    tmp_path: Path, row: tuple[str, int, int, str], problem: str
) -> None:
    proteins = read_proteins(written(tmp_path, FASTA + ">twice\nMK\n>twice\nML\n"))
    good = ("sp|P12345|NAME", 1, 8, "MSTQSTHP")
    with pytest.raises(InputError, match=f"row 2: {problem}"):
        match_queries(subsequences(good, row), proteins)


def test_a_number_past_the_last_protein_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "released.csv"
    path.write_text(
        "left,right,subsequence,predicted,true,classification,inputSequence\n"
        "0,2,MK,Nucleus,Nucleus,True,1\n0,2,MK,Nucleus,Nucleus,True,2\n"
    )
    with pytest.raises(InputError, match=r"inputSequence 2 .* not among the 2") as refused:
        match_queries(read_subsequences(path), read_proteins(written(tmp_path, SENTENCES)))
    assert (refused.value.file, refused.value.line) == (str(path), 3)
