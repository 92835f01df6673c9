"""Reading proteins, and finding the one of each subsequence."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval.inputs import subsequences as subsequences_module
from psl_eval.inputs.subsequences import open_subsequences
from psl_eval.queries.proteins import QueryBook, read_proteins
from psl_index.classes import CLASSES
from psl_index.errors import InputError
from tests.psl_eval.reading import read_book

FASTA = ">sp|P12345|NAME a protein\nmstq\nSTHP*\n\n>Q2 Nucleus-U test\r\nMKKX\n"
SENTENCES = "MSTQSTHP\nMKKX*\n"
HEADER = "left,right,subsequence,predicted,true,classification,inputSequence\n"


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "proteins"
    path.write_bytes(content.encode())
    return path


def subsequences(*rows: tuple[str, int, int, str]) -> pa.Table:
    columns = [list(column) for column in zip(*rows, strict=True)]
    names = ["query", "start", "end", "subsequence", "predicted"]
    return pa.table([*columns, ["Nucleus"] * len(rows)], names)


def released(*rows: tuple[int, int, str, int]) -> pa.Table:
    left, right, subsequence, number = (list(column) for column in zip(*rows, strict=True))
    label = ["Nucleus"] * len(rows)
    names = ["left", "right", "subsequence", "predicted", "true", "classification", "inputSequence"]
    return pa.table([left, right, subsequence, label, label, [True] * len(rows), number], names)


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
    book, query = read_book(rows, proteins)
    assert query == [0, 1, 0]
    queries = book.queries
    assert queries.names.to_pylist() == queries.identifiers.to_pylist() == ["Q2", "sp|P12345|NAME"]
    assert queries.sequences.to_pylist() == ["MKKX", "MSTQSTHP"]
    assert book.predicted.to_pylist() == ["Nucleus", "Nucleus"]


def test_an_input_sequence_counts_records_from_zero(tmp_path: Path) -> None:
    rows = released((0, 2, "MK", 1), (1, 4, "STQ", 0))
    by_number = read_book(rows, read_proteins(written(tmp_path, SENTENCES)))[0].queries
    assert by_number.names.to_pylist() == ["1", "0"]
    assert by_number.identifiers.to_pylist() == [None, None], "a number is no identifier"
    assert by_number.sequences.to_pylist() == ["MKKX", "MSTQSTHP"]
    named = read_book(rows, read_proteins(written(tmp_path, FASTA)))[0].queries
    assert named.names.to_pylist() == named.identifiers.to_pylist() == ["Q2", "sp|P12345|NAME"]


def test_without_proteins_a_name_is_an_identifier_and_a_number_is_none() -> None:
    named = read_book(subsequences(("Q2", 1, 2, "MK")), None)[0].queries
    assert named.identifiers.to_pylist() == ["Q2"]
    numbered = read_book(released((0, 2, "MK", 5)), None)[0].queries
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
        read_book(subsequences(good, row), proteins)


def test_a_number_past_the_last_protein_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "released.csv"
    path.write_text(HEADER + "0,2,MK,Nucleus,Nucleus,True,1\n0,2,MK,Nucleus,Nucleus,True,2\n")
    with pytest.raises(InputError, match=r"inputSequence 2 .* not among the 2") as refused:
        read_book(path, read_proteins(written(tmp_path, SENTENCES)))
    assert (refused.value.file, refused.value.line) == (str(path), 3)


@pytest.mark.parametrize("rows_at_once", [1, 2, 65_536])
@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("Plastid,Cytoplasm,False", "predicted is Plastid here, but Nucleus in line 2 of the same query '0'"),
        ("Nucleus,Plastid,False", "true is Plastid here, but Cytoplasm in line 2"),
        ("Nucleus,Nucleus,True", "true is Nucleus here, but Cytoplasm in line 2"),
        ("Nucleus,,True", "correct is True here, but False in line 2"),
    ],
)
def test_a_protein_has_one_label_in_all_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int, row: str, problem: str
) -> None:
    path = tmp_path / "released.csv"
    rows = ["0,2,MK,Nucleus,Cytoplasm,False,0", "0,2,MK,Plastid,Plastid,True,1", f"1,3,KK,{row},0"]
    path.write_text(HEADER + "\n".join(rows) + "\n")
    monkeypatch.setattr(subsequences_module, "ROWS_AT_ONCE", rows_at_once)
    with pytest.raises(InputError, match=problem) as refused:
        read_book(path, None)
    assert refused.value.line == 4


@pytest.mark.parametrize("rows_at_once", [1, 2, 65_536])
def test_a_label_that_some_rows_lack_is_that_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int
) -> None:
    monkeypatch.setattr(subsequences_module, "ROWS_AT_ONCE", rows_at_once)
    path = tmp_path / "released.csv"
    labels = ["Nucleus,,", "Nucleus,Cytoplasm,False", "Nucleus,,False", "Nucleus,,"]
    path.write_text(HEADER + "".join(f"0,2,MK,{row},0\n" for row in labels) + "0,2,MK,Nucleus,,True,1\n")
    book, _ = read_book(path, None)
    assert book.true.to_pylist() == ["Cytoplasm", None]
    assert book.correct.to_pylist() == [False, True]


@pytest.mark.parametrize("rows_at_once", [1, 2, 65_536])
def test_a_bad_row_gives_no_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows_at_once: int) -> None:
    monkeypatch.setattr(subsequences_module, "ROWS_AT_ONCE", rows_at_once)
    path = tmp_path / "released.csv"
    labels = ["Nucleus,,False", "Plastid,Plastid,True", "Nucleus,Nucleus,True", "Nucleus,Cytoplasm,False"]
    path.write_text(HEADER + "".join(f"0,2,MK,{row},0\n" for row in labels))
    with open_subsequences(path, skip_bad=True) as reader:
        book = QueryBook(reader, None)
        assert sum(len(rows.table) for rows in book.batches()) == 2
    assert (book.predicted.to_pylist(), book.true.to_pylist()) == (["Nucleus"], ["Cytoplasm"])
    assert reader.skipped == 2
    assert "predicted is Plastid here, but Nucleus in line 2" in (reader.first_skipped or "")


def test_the_first_bad_line_is_reported_whether_its_protein_or_the_row_itself_is_at_odds(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, SENTENCES))
    path = tmp_path / "released.csv"
    good, bad, elsewhere = "0,2,MK,Nucleus,,,1\n", "0,2,MK,Nowhere,,,1\n", "0,2,KM,Nucleus,,,1\n"
    for rows, problem in ((good + elsewhere + bad, "expected MK at 1-2"), (good + bad + elsewhere, "Nowhere")):
        path.write_text(HEADER + rows)
        with pytest.raises(InputError, match=problem) as refused:
            read_book(path, proteins)
        assert refused.value.line == 3
        with open_subsequences(path, skip_bad=True) as reader:
            assert [len(part.table) for part in QueryBook(reader, proteins).batches()] == [1]
        assert reader.skipped == 2
        assert problem in (reader.first_skipped or "")
        assert f"{path}:3: " in (reader.first_skipped or "")


def test_where_no_row_is_left_there_is_an_error(tmp_path: Path) -> None:
    proteins = read_proteins(written(tmp_path, FASTA))
    with (
        open_subsequences(subsequences(("P9", 1, 1, "M"), ("P8", 1, 1, "M")), skip_bad=True) as reader,
        pytest.raises(InputError, match="all 2 rows are bad, the first: row 1: query 'P9' is not in"),
    ):
        list(QueryBook(reader, proteins).batches())


def test_thousands_of_proteins_keep_their_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subsequences_module, "ROWS_AT_ONCE", 700)
    labels = [CLASSES[number % len(CLASSES)] for number in range(5_000)]
    names = [f"P{number}" for number in range(5_000)]
    ones = [1] * 10_000
    columns = [names * 2, ones, ones, ["M"] * 10_000, labels * 2, labels * 2]
    rows = pa.table(columns, ["query", "start", "end", "subsequence", "predicted", "true"])
    book, query = read_book(rows, None)
    assert query == list(range(5_000)) * 2
    assert len(book.queries) == 5_000
    assert book.predicted.to_pylist() == book.true.to_pylist() == labels
    assert book.correct.to_pylist() == [True] * 5_000


Row = tuple[str, int, str, str | None, str | None]
rows_of_proteins = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "c", "twice", "none"]),
        st.integers(1, 5),
        st.sampled_from(["M", "MK", "KK", "KV"]),
        st.sampled_from(["Nucleus", "Nucleus", "Plastid|Nucleus", "Nowhere"]),
        st.sampled_from(["Nucleus", "Plastid", None]),
    ),
    min_size=1,
    max_size=20,
)
PROTEINS = {"a": "MKKV", "b": "MKMK", "c": "MKKVMKKV"}


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=rows_of_proteins, rows_at_once=st.integers(1, 8), given_proteins=st.booleans())
def test_good_rows_and_their_queries_are_those_of_a_plain_reader(
    tmp_path: Path, rows: list[Row], rows_at_once: int, given_proteins: bool
) -> None:
    """However many rows are read at a time."""
    fasta = "".join(f">{name}\n{residues}\n" for name, residues in PROTEINS.items()) + ">twice\nM\n>twice\nMK\n"
    proteins = read_proteins(written(tmp_path, fasta)) if given_proteins else None
    labels: dict[str, tuple[str | None, str | None]] = {}
    expected = []
    for query, start, letters, predicted, true in rows:
        there = PROTEINS.get(query, "")[start - 1 : start - 1 + len(letters)] == letters
        if predicted == "Nowhere" or (given_proteins and not there):
            continue
        before = labels.setdefault(query, (predicted, true))
        if before[0] == predicted and (not before[1] or not true or before[1] == true):
            labels[query] = (predicted, before[1] or true)
            expected.append((list(labels).index(query), start, letters))
    names = ["query", "start", "subsequence", "predicted", "true"]
    table = pa.table([pa.array(column, None) for column in zip(*rows, strict=True)], names)
    ends = [start + len(letters) - 1 for _, start, letters, _, _ in rows]
    table = table.set_column(4, "true", table["true"].cast(pa.string())).append_column("end", pa.array(ends))
    with pytest.MonkeyPatch.context() as patched, open_subsequences(table, skip_bad=True) as reader:
        patched.setattr(subsequences_module, "ROWS_AT_ONCE", rows_at_once)
        book = QueryBook(reader, proteins)
        if not expected:
            with pytest.raises(InputError, match=f"all {len(rows)} rows are bad"):
                list(book.batches())
            return
        found, new = [], []
        for part in book.batches():
            assert 0 < len(part.table) <= rows_at_once
            found += zip(
                part.query.tolist(), part.table["start"].to_pylist(), part.table["subsequence"].to_pylist(), strict=True
            )
            new += part.new.names.to_pylist()
    assert found == expected
    assert reader.skipped == len(rows) - len(expected)
    assert new == book.queries.names.to_pylist() == list(labels)
    assert book.queries.sequences.to_pylist() == [PROTEINS[name] if given_proteins else None for name in labels]
    known = {"Nucleus": "Nucleus", "Plastid|Nucleus": "Nucleus;Plastid", None: None}
    assert book.predicted.to_pylist() == [known[predicted] for predicted, _ in labels.values()]
    assert book.true.to_pylist() == [true for _, true in labels.values()]
    assert book.correct.to_pylist() == [true and predicted == true for predicted, true in labels.values()]
