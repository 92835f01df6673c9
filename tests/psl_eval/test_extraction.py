"""From tables of attributions, in every format, to tables of subsequences."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval.inputs.subsequences import open_subsequences
from psl_eval.results.encoders import encoder
from psl_eval.results.formats import FORMATS
from psl_eval.results.schemas import ATTRIBUTED, ATTRIBUTIONS
from psl_eval.subsequences.attributions import open_attributions
from psl_eval.subsequences.extraction import RELEASED, Extraction, extract
from psl_eval.subsequences.released_csv import ReleasedCsv
from psl_index.errors import InputError


def peaks(length: int, *places: int) -> list[float]:
    return [1.0 if place in places else 0.0 for place in range(length)]


def row(query: str, sequence: str, scores: Any, **others: Any) -> dict[str, Any]:
    labels = {"method": "attention", "target": "Nucleus", "predicted": "Nucleus", "true": "Plastid"}
    rest = {"completeness_gap": None, "settings": "{}"}
    return {"query": query, "sequence": sequence, **labels, "scores": scores, **rest, **others}


def first_residue(length: int) -> list[float]:
    return peaks(length, 0)


TWO = [
    row("P1", "MSTQSTHPLK", first_residue(10)),
    row("P2", "mkkaaaaaaaaa", peaks(12, 4), predicted="Nucleus;Plastid", true="Plastid|Nucleus"),
]


def table_of(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, ATTRIBUTIONS)


def encoded(table_format: str, table: pa.Table) -> bytes:
    sink = io.BytesIO()
    encoding = encoder(table_format, sink, table.schema)
    for batch in table.to_batches():
        encoding.write(batch)
    encoding.finish()
    return sink.getvalue()


def written(path: Path, rows: list[dict[str, Any]], table_format: str) -> Path:
    path.write_bytes(encoded(table_format, table_of(rows)))
    return path


def test_the_subsequences_of_a_table() -> None:
    table = extract(table_of(TWO))
    assert table.schema == ATTRIBUTED
    third = float(np.float32(1 / 3))
    assert table.to_pylist() == [
        {
            "query": "P1",
            "start": 1,
            "end": 3,
            "subsequence": "MST",
            "predicted": "Nucleus",
            "true": "Plastid",
            "correct": False,
            "score": third,
        },
        {
            "query": "P2",
            "start": 3,
            "end": 7,
            "subsequence": "KAAAA",
            "predicted": "Nucleus;Plastid",
            "true": "Plastid|Nucleus",
            "correct": True,
            "score": float(np.float32(0.2)),
        },
    ]


def test_without_true_labels_nothing_is_correct_or_wrong() -> None:
    assert extract(table_of([row("P", "M" * 10, first_residue(10), true=None)]))["correct"].to_pylist() == [None]
    columns = table_of(TWO).select(["query", "sequence", "predicted", "scores"])
    assert extract(columns)["true"].to_pylist() == [None, None]


def test_proteins_without_a_subsequence_are_counted() -> None:
    extraction = Extraction(table_of([*TWO, row("P3", "MKL", [0.25] * 3)]))
    assert sum(len(batch) for batch in extraction.batches()) == 2
    assert (extraction.proteins, extraction.without) == (3, 1)


@pytest.mark.parametrize("table_format", FORMATS)
def test_one_of_several_targets(tmp_path: Path, table_format: str) -> None:
    """Each protein has a row for each of two classes; the rows of one are all that is read."""
    rows = [
        row(query, "MSTQSTHPLK", peaks(10, place), target=target)
        for query, last in (("P1", 9), ("P2", 8))
        for target, place in (("Plastid", 0), ("Nucleus", last))
    ]
    path = written(tmp_path / "attributions", rows, table_format)
    for target, starts in (("Plastid", [1, 1]), ("Nucleus", [8, 7])):
        extraction = Extraction(path, target=target)
        (batch,) = [batch for batch in extraction.released_batches() if len(batch)]
        assert [left + 1 for left in batch["left"].to_pylist()] == starts
        assert batch["inputSequence"].to_pylist() == [0, 1]
        assert (extraction.proteins, extraction.without) == (2, 0)
    with pytest.raises(InputError, match=r"'P1' is there twice; .*choose one of several targets with --target"):
        extract(path)
    with pytest.raises(InputError, match="no row with the target 'Moon'"):
        extract(path, target="Moon")
    with pytest.raises(InputError, match="no column 'target' among"):
        extract(table_of(rows).drop_columns(["target"]), target="Plastid")


def test_absolute_scores_find_negative_peaks() -> None:
    table = table_of([row("P", "MSTQSTHPLK", [-score for score in first_residue(10)])])
    assert extract(table).num_rows == 0
    assert extract(table, absolute=True).select(["subsequence", "score"]).to_pylist() == [
        {"subsequence": "MST", "score": float(np.float32(1 / 3))}
    ]


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=30))
def test_scores_come_back_to_the_bit_from_every_format(
    tmp_path_factory: pytest.TempPathFactory, scores: list[float]
) -> None:
    path = tmp_path_factory.getbasetemp() / "attributions"
    for table_format in FORMATS:
        with open_attributions(written(path, [row("P", "M" * len(scores), scores)], table_format)) as reader:
            (rows,) = reader.batches()
        assert rows.scores.values.tobytes() == np.array(scores, np.float32).tobytes()


@pytest.mark.parametrize("form", [*FORMATS, "csv", "gzip", "large", "double", "fixed", "stream"])
def test_every_format_gives_the_same_subsequences(tmp_path: Path, form: str) -> None:
    path = tmp_path / "attributions"
    table = table_of([TWO[0], TWO[1] | {"sequence": "mkkaaaaaaa", "scores": peaks(10, 4)}])
    source: Any = path
    kinds = {
        "large": pa.large_list(pa.float32()),
        "double": pa.list_(pa.float64()),
        "fixed": pa.list_(pa.float32(), 10),
    }
    if form in FORMATS:
        path.write_bytes(encoded(form, table))
    elif form == "csv":
        path.write_text(encoded("tsv", table).decode().replace("\t", ","))
    elif form == "gzip":
        path.write_bytes(gzip.compress(encoded("parquet", table)))
    elif form == "stream":
        source = table.to_reader(max_chunksize=1)
    else:
        source = table.set_column(6, "scores", table["scores"].combine_chunks().cast(kinds[form]))
    assert extract(source) == extract(table)


@pytest.mark.parametrize("table_format", FORMATS)
def test_many_proteins_come_in_parts(tmp_path: Path, table_format: str) -> None:
    base = np.random.default_rng(1).random(300) / 100
    rows = [row(f"P{number}", "MKL" * 100, base + peaks(300, number % 300)) for number in range(1000)]
    path = written(tmp_path / "attributions", rows, table_format)
    batches = list(Extraction(path).released_batches())
    assert len(batches) > 1
    table = pa.Table.from_batches(batches, RELEASED)
    assert table["accession"].to_pylist() == [f"P{number}" for number in range(1000)]
    assert table["inputSequence"].to_pylist() == list(range(1000))
    assert table["left"].to_pylist() == [max(number % 300 - 2, 0) for number in range(1000)]


@pytest.mark.parametrize("table_format", FORMATS)
@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ({"scores": [0.5, 0.5]}, "2 scores, but the sequence has 3 residues"),
        ({"scores": [0.5, 0.5, float("nan")]}, "column 'scores': score 3, .*, is no finite number"),
        ({"scores": [float("-inf"), 0.5, 0.5]}, "column 'scores': score 1, .*, is no finite number"),
        ({"sequence": "MK*"}, r"column 'sequence' 'MK\*' holds something else than residue letters"),
        ({"sequence": ""}, "column 'sequence' has no value"),
        ({"predicted": ""}, "column 'predicted' has no value"),
        ({"query": "P1"}, "protein 'P1' is there twice; give each protein once"),
        ({"method": "saliency"}, "method 'saliency' after 'attention'; split it by method"),
    ],
)
def test_a_bad_row_is_refused_with_its_place(
    tmp_path: Path, table_format: str, bad: dict[str, Any], problem: str
) -> None:
    rows = [TWO[0], row("P2", "MKL", [1.0, 2.0, 3.0]) | bad, row("P2", "M", [float("nan")])]
    path = written(tmp_path / "attributions", rows, table_format)
    with pytest.raises(InputError, match=problem) as refused:
        extract(path)
    place = {"tsv": f"{path}:3: ", "jsonl": f"{path}:2: ", "parquet": f"{path}: row 2: "}[table_format]
    assert str(refused.value).startswith(place)


@pytest.mark.parametrize(
    ("scores", "problem"),
    [
        ("0.5;x;0.5", "score 2, 'x', is no finite number of float32"),
        ("0.5;0.5;", "score 3, '', is no finite number"),
        ("0.5;0.5;1e39", "score 3, '1e39', is no finite number"),
        ("0.5,0.5,0.5", "score 1, '0.5,0.5,0.5', is no finite number"),
        ("", "column 'scores' has no value"),
    ],
)
def test_scores_that_are_no_numbers_are_refused_in_text(tmp_path: Path, scores: str, problem: str) -> None:
    path = tmp_path / "attributions.tsv"
    path.write_text(f"query\tsequence\tpredicted\tscores\nP\tMKL\tNucleus\t{scores}\n")
    with pytest.raises(InputError, match=problem) as refused:
        extract(path)
    assert refused.value.line == 2


@pytest.mark.parametrize("scores", ["0.5;0.5;0.5", 3, {"a": 1}, ["x", 1, 2], [[1], 2, 3], [10**400, 1, 2]])
def test_scores_that_are_no_list_of_numbers_are_refused_in_json(tmp_path: Path, scores: Any) -> None:
    path = tmp_path / "attributions.jsonl"
    path.write_text(
        "".join(
            f"{json.dumps(TWO[0] | {'query': name, 'scores': value})}\n"
            for name, value in [("P0", first_residue(10)), ("P1", scores), ("P2", None)]
        )
    )
    with pytest.raises(InputError, match=r"column 'scores' holds .*, expected a list of numbers") as refused:
        extract(path)
    assert refused.value.line == 2


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty file; expected a table with a header"),
        (b"\n\n", "empty file"),
        (b"query\tsequence\tpredicted\n", "no column 'scores' among query, sequence, predicted; expected query, "),
        (b"query\tsequence\tpredicted\tScores\n", "no column 'scores' among .*Scores; expected"),
        (b"Query\tsequence\tpredicted\tscores\n", "no column 'query', but 'Query'; rename it"),
        (b"query\tsequence\tpredicted\tscores\n", "no protein in the table"),
        (b">P1\nMKL\n", "no column 'query' among >P1"),
        (b"[{}]", "expected one JSON object a line, found an array"),
        (b"PAR1 and no more", "damaged Parquet file"),
    ],
)
def test_files_that_are_no_tables_of_attributions_are_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    path = tmp_path / "attributions"
    path.write_bytes(content)
    with pytest.raises(InputError, match=problem):
        extract(path)


def test_a_column_of_texts_is_no_scores_in_parquet(tmp_path: Path) -> None:
    table = table_of(TWO)
    path = tmp_path / "attributions.parquet"
    pq.write_table(table.set_column(6, "scores", pa.array(["1;2", "3"])), path)
    with pytest.raises(InputError, match="column 'scores' holds string, expected lists of numbers"):
        extract(path)
    pq.write_table(table.slice(0, 0), path)
    with pytest.raises(InputError, match="no protein in the table"):
        extract(path)


def test_a_missing_list_or_score_is_refused_in_parquet(tmp_path: Path) -> None:
    for scores, problem in [(None, "has no value"), ([1.0, None, 2.0], "score 2, nan, is no finite number")]:
        path = tmp_path / "attributions.parquet"
        pq.write_table(pa.Table.from_pylist([row("P", "MKL", [1.0, 2.0, 3.0]), row("Q", "MKL", scores)]), path)
        with pytest.raises(InputError, match=f"row 2: column 'scores'.*{problem}"):
            extract(path)


@given(
    table_format=st.sampled_from(FORMATS),
    place=st.floats(0, 1),
    removed=st.integers(0, 20),
    put=st.one_of(st.binary(max_size=8), st.sampled_from([b"\n", b";", b"\t", b"[", b"nan", b"e", b"\r\n"])),
)
def test_a_damaged_file_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, table_format: str, place: float, removed: int, put: bytes
) -> None:
    content = encoded(table_format, table_of(TWO))
    at = int(place * len(content))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(content[:at] + put + content[at + removed :])
    rows, complaint = [], ""
    try:
        rows = extract(path).to_pylist()
    except InputError as error:
        complaint = str(error)
    assert "\n" not in complaint
    for subsequence in rows:
        assert subsequence["end"] - subsequence["start"] + 1 == len(subsequence["subsequence"])


# -- the study's layout --


def test_the_released_layout_begins_with_the_studys_columns() -> None:
    sink = io.BytesIO()
    encoding = ReleasedCsv(sink, RELEASED)
    rows = [
        TWO[0] | {"query": 'a "b", c'},
        row("flat", "MK", [1.0, 1.0]),
        TWO[1],
        row("Q", "M" * 9, first_residue(9), true=None),
    ]
    for batch in Extraction(table_of(rows)).released_batches():
        encoding.write(batch)
    encoding.finish()
    assert sink.getvalue().decode().splitlines() == [
        "left,right,subsequence,predicted,true,classification,inputSequence,accession,score",
        '0,3,MST,Nucleus,Plastid,False,0,"a ""b"", c",0.33333334',
        "2,7,KAAAA,Nucleus;Plastid,Plastid|Nucleus,True,2,P2,0.2",
        "0,3,MMM,Nucleus,,,3,Q,0.33333334",
    ]
    empty = io.BytesIO()
    ReleasedCsv(empty, RELEASED).finish()
    assert empty.getvalue().decode().splitlines() == [",".join(RELEASED.names)]


@pytest.mark.parametrize("layout", ["own", "released"])
def test_hit_rates_read_what_is_extracted(tmp_path: Path, layout: str) -> None:
    extraction = Extraction(table_of(TWO))
    path = tmp_path / "subsequences"
    if layout == "own":
        path.write_bytes(encoded("tsv", pa.Table.from_batches(extraction.batches(), ATTRIBUTED)))
    else:
        with path.open("wb") as sink:
            encoding = ReleasedCsv(sink, RELEASED)
            for batch in extraction.released_batches():
                encoding.write(batch)
    with open_subsequences(path) as reader:
        (read,) = reader.batches()
    expected_queries = ["P1", "P2"] if layout == "own" else ["0", "1"]
    assert read.select(["query", "start", "end", "subsequence", "true", "correct"]).to_pylist() == [
        {"query": query, "start": start, "end": end, "subsequence": residues, "true": true, "correct": correct}
        for query, (start, end, residues, true, correct) in zip(
            expected_queries,
            [(1, 3, "MST", "Plastid", False), (3, 7, "KAAAA", "Nucleus;Plastid", True)],
            strict=True,
        )
    ]
