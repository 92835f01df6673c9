"""Reading subsequences: both layouts in every format, and what is refused with its line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval.subsequences import SUBSEQUENCES, as_subsequences, read_subsequences
from psl_index.classes import CLASSES
from psl_index.errors import InputError

RELEASED = (
    "left,right,subsequence,predicted,true,classification,inputSequence\n"
    "0,3,MST,Nucleus,Cytoplasm,False,0\n"
    "110,117,LHRSGGH,Nucleus,Cytoplasm,False,0\n"
    "0,10,MAAAAGRSAW,Mitochondrion,Mitochondrion,True,7\n"
)
OWN: list[dict[str, Any]] = [
    {
        "query": "sp|P12345|AATM_RABIT",
        "start": 1,
        "end": 3,
        "subsequence": "MST",
        "predicted": "Nucleus",
        "true": "Cytoplasm",
        "correct": False,
        "score": 0.1,
    },
    {
        "query": "Q1",
        "start": 7,
        "end": 8,
        "subsequence": "UX",
        "predicted": "Golgi.apparatus",
        "true": None,
        "correct": None,
        "score": None,
    },
]


def delimited(rows: list[dict[str, Any]], delimiter: str) -> str:
    lines = [delimiter.join("" if value is None else str(value) for value in row.values()) for row in rows]
    return "\n".join([delimiter.join(rows[0]), *lines]) + "\n"


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "subsequences"
    path.write_bytes(content.encode())
    return path


def test_the_released_layout_is_converted_to_one_based_inclusive_positions(tmp_path: Path) -> None:
    table = read_subsequences(written(tmp_path, RELEASED)).table
    assert table.schema == SUBSEQUENCES
    assert table.select(["query", "input_sequence", "start", "end", "subsequence", "correct"]).to_pylist() == [
        {"query": "0", "input_sequence": 0, "start": 1, "end": 3, "subsequence": "MST", "correct": False},
        {
            "query": "0",
            "input_sequence": 0,
            "start": 111,
            "end": 117,
            "subsequence": "LHRSGGH",
            "correct": False,
        },
        {
            "query": "7",
            "input_sequence": 7,
            "start": 1,
            "end": 10,
            "subsequence": "MAAAAGRSAW",
            "correct": True,
        },
    ]


@pytest.mark.parametrize("form", ["tsv", "csv", "crlf", "bom", "gzip", "jsonl", "parquet", "memory"])
def test_every_format_gives_the_same_table(tmp_path: Path, form: str) -> None:
    path = tmp_path / "subsequences"
    if form == "memory":
        read = as_subsequences(pa.Table.from_pylist(OWN))
    else:
        if form == "parquet":
            pq.write_table(pa.Table.from_pylist(OWN), path)
        else:
            text = delimited(OWN, "," if form == "csv" else "\t")
            if form == "jsonl":
                text = "\n".join(map(json.dumps, OWN))
            content = text.replace("\n", "\r\n" if form == "crlf" else "\n").encode()
            content = b"\xef\xbb\xbf" + content if form == "bom" else content
            path.write_bytes(gzip.compress(content) if form == "gzip" else content)
        read = read_subsequences(path)
    assert read.table.to_pylist() == [{"input_sequence": None, **row} for row in OWN]


def test_only_five_columns_are_needed_and_others_are_passed_over(tmp_path: Path) -> None:
    text = 'rank,predicted,query,start,end,subsequence\n1,Nucleus,"a ""b"", c",2,3,mk\n'
    (row,) = read_subsequences(written(tmp_path, text)).table.to_pylist()
    assert row == {
        "query": 'a "b", c',
        "input_sequence": None,
        "start": 2,
        "end": 3,
        "subsequence": "MK",
        "predicted": "Nucleus",
        "true": None,
        "correct": None,
        "score": None,
    }


def test_correctness_follows_from_the_labels_or_is_taken_as_given(tmp_path: Path) -> None:
    text = (
        "query\tstart\tend\tsubsequence\tpredicted\ttrue\tcorrect\n"
        "a\t1\t1\tM\tNucleus\tNucleus\t\n"
        "b\t1\t1\tM\tNucleus\tPlastid\t\n"
        "c\t1\t1\tM\tNucleus\t\tTrue\n"
        "d\t1\t1\tM\tNucleus\t\t\n"
    )
    assert read_subsequences(written(tmp_path, text)).table["correct"].to_pylist() == [
        True,
        False,
        True,
        None,
    ]


def changed(line: int, old: str, new: str) -> str:
    lines = RELEASED.splitlines()
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("", None, "empty file"),
        ("\n\n", None, "empty file"),
        (RELEASED.splitlines()[0], None, "no subsequence"),
        (changed(1, "subsequence", "peptide"), 1, "no column 'subsequence'"),
        (changed(1, "left", "start"), 1, "no column 'query'"),
        (changed(1, "true", "left"), 1, "column 'left' is there twice"),
        (changed(2, "Nucleus", "Cell membrane"), 2, "'Cell membrane' is none of the ten classes"),
        (changed(2, "Nucleus", ""), 2, "'predicted' has no value"),
        (changed(3, "Cytoplasm", "cytoplasm"), 3, "'true' 'cytoplasm' is none of the ten"),
        (changed(3, "110", "118"), 3, "left 118, right 117 .* is no stretch"),
        (changed(3, "110", "111"), 3, "is 6 residues, but the subsequence has 7"),
        (changed(3, "110", "-7"), 3, "'left' '-7' is no whole number"),
        (changed(3, "117", "4294967296"), 3, "'right' '4294967296' is no whole number"),
        (changed(3, "110", "11O"), 3, "'left' '11O' is no whole number"),
        (changed(3, "LHRSGGH", "LHR-GGH"), 3, "'LHR-GGH' holds something else than residue letters"),
        (changed(3, "LHRSGGH", ""), 3, "'subsequence' has no value"),
        (changed(4, "True", "False"), 4, "contradicts the columns predicted and true"),
        (changed(4, "True", "yes"), 4, "neither true nor false"),
        (changed(4, ",7", ""), 4, "expected 7 values, found 6"),
        (changed(4, "0,10", "\n0,10"), 4, "'left' has no value|expected 7 values, found 1"),
        (
            changed(3, "Nucleus,Cytoplasm,False", "Plastid,Cytoplasm,False"),
            3,
            "predicted is Plastid here, but Nucleus",
        ),
        (changed(3, "Cytoplasm", "Plastid"), 3, "true is Plastid here, but Cytoplasm"),
        ("\r" + RELEASED, 1, "carriage return inside a line"),
        (changed(3, "LHR", "LHR\r"), 3, "carriage return inside a line"),
        (changed(3, "LHR", "\0LHR"), 3, "something else than residue letters"),
        ("x" * 200_000 + RELEASED, 1, "malformed header"),
        ('{"query": "a"}\n{"query": \n', 2, "one JSON object a line"),
        ("[1]\n", 1, "no column 'query'"),
        ("PAR1 and no more", None, "damaged Parquet"),
    ],
)
def test_bad_input_is_refused_with_its_line(tmp_path: Path, content: str, line: int | None, problem: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError, match=problem) as refused:
        read_subsequences(path)
    assert refused.value.file == str(path)
    assert refused.value.line == line


def test_a_row_of_parquet_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "subsequences.parquet"
    pq.write_table(pa.Table.from_pylist([OWN[0], OWN[1] | {"end": 9}]), path)
    with pytest.raises(InputError, match="row 2: start 7, end 9"):
        read_subsequences(path)


def test_positions_of_this_projects_files_count_from_one(tmp_path: Path) -> None:
    text = "query,start,end,subsequence,predicted\nP,0,2,MST,Nucleus\n"
    with pytest.raises(InputError, match=r"start 0, end 2 \(1-based, inclusive\) is no stretch"):
        read_subsequences(written(tmp_path, text))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.integers(0, len(RELEASED)),
    removed=st.integers(0, 20),
    put=st.one_of(st.binary(max_size=8), st.sampled_from([b"\n", b",", b'"', b"\t", b"\0", b"\r\n"])),
)
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, at: int, removed: int, put: bytes) -> None:
    content = RELEASED.encode()
    path = tmp_path / "subsequences"
    path.write_bytes(content[:at] + put + content[at + removed :])
    try:
        table = read_subsequences(path).table
    except InputError:
        return
    assert table.schema == SUBSEQUENCES
    for row in table.to_pylist():
        assert row["end"] - row["start"] + 1 == len(row["subsequence"])
        assert row["predicted"] in CLASSES


def test_all_released_files_are_read_whole(real_data: Path) -> None:
    rows = {path.name: len(read_subsequences(path).table) for path in (real_data / "released").glob("*.csv.gz")}
    assert rows["lstm_attention_subsequences.csv.gz"] == 5892
    assert rows["lstm_attention_permuted_subsequences.csv.gz"] == 24795
    assert len(rows) == 5
