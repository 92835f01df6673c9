"""Reading subsequences: both layouts in every format, and what is refused with its line."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval.inputs import files as inputs
from psl_eval.inputs import subsequences
from psl_eval.inputs.subsequences import SUBSEQUENCES, open_subsequences
from psl_index.classes import CLASSES
from psl_index.errors import InputError
from tests.psl_eval.reading import OWN, RELEASED, delimited, read_all, written


def test_the_released_layout_is_converted_to_one_based_inclusive_positions(tmp_path: Path) -> None:
    table = read_all(written(tmp_path, RELEASED))
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
        read = read_all(pa.Table.from_pylist(OWN))
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
        read = read_all(path)
    assert read.to_pylist() == [{"input_sequence": None, **row} for row in OWN]


def test_only_five_columns_are_needed_and_others_are_passed_over(tmp_path: Path) -> None:
    text = 'rank,predicted,query,start,end,subsequence\n1,Nucleus,"a ""b"", c",2,3,mk\n'
    (row,) = read_all(written(tmp_path, text)).to_pylist()
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
    assert read_all(written(tmp_path, text))["correct"].to_pylist() == [
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
        (changed(1, "true", "True"), 1, "no column 'true', but 'True'; rename it"),
        (changed(1, "left", "Left"), 1, "no column 'left', but 'Left'; rename it"),
        ("Query\tstart\tend\tsubsequence\tpredicted\n", 1, "no column 'query', but 'Query'"),
        ("Peptide,class\nSKL,Peroxisome\n", 1, "no column 'peptide', but 'Peptide'"),
        (RELEASED.replace(",", ";"), 1, "columns are separated by tabs or commas"),
        ("\n\r\n" + changed(1, "left", "start"), 3, "no column 'query'"),
        ("\n\n" + changed(3, "Nucleus", "nowhere"), 5, "'nowhere' is none of the ten"),
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
        ("\r" + RELEASED, 1, "carriage return inside a line"),
        (changed(3, "LHR", "LHR\r"), 3, "carriage return inside a line"),
        (changed(3, "LHR", "\0LHR"), 3, "something else than residue letters"),
        ("x" * 200_000 + RELEASED, 1, "malformed header"),
        ('{"query": "a"}\n', 1, "no column 'start' among query"),
        ('{"query": \n', 1, "one JSON object a line"),
        ("[1]\n", 1, "one JSON object a line, found an array; convert it"),
        ('\n\n [{"query": "a"}]\n', 3, "one JSON object a line, found an array"),
        ('{"query": "\\ud800"}\n', 1, "one JSON object a line .*surrogates"),
        ("[" * 100_000 + "\n", 1, "one JSON object a line, found an array"),
        ('{"a":' * 100_000 + "\n", 1, "one JSON object a line"),
        ("PAR1 and no more", None, "damaged Parquet"),
        ("\n" * 100_000 + RELEASED, None, "65536 blanks at its beginning"),
        (RELEASED + "\n" * 200_000 + "0,3,MST\n", 5, "'left' has no value"),
        (changed(3, "LHR", '"LHR'), 3, "malformed row"),
        (changed(1, "left", '"left'), 1, "malformed header"),
    ],
)
def test_bad_input_is_refused_with_its_line(tmp_path: Path, content: str, line: int | None, problem: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(InputError, match=problem) as refused:
        read_all(path)
    assert refused.value.file == str(path)
    assert refused.value.line == line


def test_the_first_bad_row_is_reported_whatever_is_wrong_with_it(tmp_path: Path) -> None:
    lines = RELEASED.splitlines()
    lines[2] = lines[2].replace("False", "maybe")  # the last thing that is looked at
    lines[3] = "none,10"  # the first
    with pytest.raises(InputError, match="neither true nor false") as refused:
        read_all(written(tmp_path, "\n".join(lines)))
    assert refused.value.line == 3


def test_rows_before_the_first_bad_one_come_first(tmp_path: Path) -> None:
    with open_subsequences(written(tmp_path, changed(4, "True", "maybe"))) as reader:
        batches = reader.batches()
        assert [len(next(batches))] == [2]
        with pytest.raises(InputError, match="neither true nor false"):
            next(batches)


@pytest.mark.parametrize("form", ["csv", "quoted", "jsonl", "memory"])
def test_bad_rows_are_counted_and_passed_over_on_request(tmp_path: Path, form: str) -> None:
    rows = [OWN[0] | {"query": f"P{number}"} for number in range(6)]
    bad: list[dict[str, Any]] = [rows[1] | {"predicted": "Vacuole"}, rows[4] | {"start": 2}]
    rows[1], rows[4] = bad
    text = delimited(rows, ",")
    if form == "quoted":
        text = text.replace("P5", '"P5"') + 'P6,"1,3,MST,Nucleus,,,\n'
    if form == "csv":
        text = text + "P6,1,3,MST\n"
    if form == "jsonl":
        text = "".join(json.dumps(row) + "\n" for row in rows) + "{\n"
    source = pa.Table.from_pylist(rows) if form == "memory" else written(tmp_path, text)
    with open_subsequences(source, skip_bad=True) as reader:
        kept = [row["query"] for batch in reader.batches() for row in batch.to_pylist()]
    assert kept == ["P0", "P2", "P3", "P5"]
    assert reader.skipped == 2 + (form != "memory")
    place = {"memory": "row 2: ", "jsonl": f"{source}:2: "}.get(form, f"{source}:3: ")
    assert reader.first_skipped == (
        f"{place}column 'predicted' 'Vacuole' is none of the ten classes; they are {', '.join(CLASSES)}"
    )


@pytest.mark.parametrize("skip_bad", [False, True])
def test_lines_after_unreadable_ones_keep_their_number(tmp_path: Path, skip_bad: bool) -> None:
    text = RELEASED.splitlines()[0] + "\n0,3\n1\n\n0,3,MST,Nucleus,Nucleus,True,0,9\n0,1,M,x,,,4\n"
    path = written(tmp_path, text)
    with open_subsequences(path, skip_bad=skip_bad) as reader, pytest.raises(InputError) as refused:
        list(reader.batches())
    all_bad = f"{path}: all 5 rows are bad, the first: {path}:2: expected 7 values, found 2"
    assert str(refused.value) == (all_bad if skip_bad else f"{path}:2: expected 7 values, found 2")


def test_bytes_that_are_not_utf8_spoil_their_row_only(tmp_path: Path) -> None:
    path = tmp_path / "latin"
    lines = RELEASED.encode().splitlines()
    path.write_bytes(b"\n".join([*lines[:2], lines[2] + b"\xe9", *lines[3:]]))
    with pytest.raises(InputError, match="not UTF-8; convert") as refused:
        read_all(path)
    assert refused.value.line == 3
    assert read_all(path, skip_bad=True)["subsequence"].to_pylist() == ["MST", "MAAAAGRSAW"]
    path.write_bytes(lines[0] + b"\xe9\n" + lines[1])
    with pytest.raises(InputError, match="not UTF-8") as refused:
        read_all(path, skip_bad=True)
    assert refused.value.line == 1, "without columns there is no row to pass over"


def test_an_input_without_one_good_row_is_an_error_all_the_same(tmp_path: Path) -> None:
    path = written(tmp_path, RELEASED.replace("Nucleus", "?").replace("Mito", "?"))
    with pytest.raises(InputError, match=r"all 3 rows are bad, the first: .*:2: column 'predicted' '\?'"):
        read_all(path, skip_bad=True)


def test_the_file_is_recorded_once_it_has_been_read(tmp_path: Path) -> None:
    path = tmp_path / "released.csv.gz"
    path.write_bytes(gzip.compress(RELEASED.encode()))
    with open_subsequences(path) as reader:
        assert reader.record is None
        list(reader.batches())
    content = path.read_bytes()
    assert reader.record == (path.name, len(content), hashlib.sha256(content).hexdigest())
    with open_subsequences(pa.Table.from_pylist(OWN)) as reader:
        list(reader.batches())
    assert reader.record is None


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(RELEASED.encode())))
    with open_subsequences("-") as reader:
        assert sum(map(len, reader.batches())) == 3
    assert reader.record is not None
    assert reader.record.name == "-"


def test_a_truncated_file_is_an_error_also_when_bad_rows_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(gzip.compress(RELEASED.encode())[:-9])
    with pytest.raises(InputError, match="ends too early"):
        read_all(path, skip_bad=True)


def test_an_endless_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(RELEASED.encode() + b"0" * (20 << 20)))
    with pytest.raises(InputError, match="a line of more than 16,777,216 bytes") as refused:
        read_all(path)
    assert refused.value.line == 5


def test_labels_may_name_several_classes(tmp_path: Path) -> None:
    text = (
        "query\tstart\tend\tsubsequence\tpredicted\ttrue\n"
        "a\t1\t1\tM\tPlastid|Nucleus\tNucleus;Plastid; Nucleus\n"
        "b\t1\t1\tM\tPlastid;Nucleus\tNucleus\n"
    )
    rows = read_all(written(tmp_path, text)).select(["predicted", "true", "correct"]).to_pylist()
    assert rows == [
        {"predicted": "Nucleus;Plastid", "true": "Nucleus;Plastid", "correct": True},
        {"predicted": "Nucleus;Plastid", "true": "Nucleus", "correct": False},
    ]


RowOfText = tuple[str, int, str, str]
rows_of_text = st.lists(
    st.tuples(
        st.sampled_from(["P1", "Q é", 'a,"b"', "x|y"]),
        st.integers(1, 9),
        st.text("ACDX", min_size=1, max_size=4),
        st.sampled_from([*CLASSES[:2], "Nucleus;Plastid", "nowhere", ""]),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=rows_of_text,
    block=st.integers(1, 200),
    form=st.sampled_from(["csv", "tsv", "crlf", "jsonl"]),
    blank=st.integers(0, 5),
    skip_bad=st.booleans(),
)
def test_where_a_file_is_split_does_not_matter(
    tmp_path: Path, rows: list[RowOfText], block: int, form: str, blank: int, skip_bad: bool
) -> None:
    """In blocks of any size the rows, the error and the count are those of the file read at once."""
    table = [
        {"query": query, "start": start, "end": start + len(letters) - 1, "subsequence": letters, "predicted": label}
        for query, start, letters, label in rows
    ]
    text = io.StringIO(newline="")
    if form == "jsonl":
        text.write("".join(json.dumps(row, ensure_ascii=False) + "\n" * (1 + blank) for row in table))
    else:
        writer = csv.writer(
            text,
            delimiter="\t" if form == "tsv" else ",",
            lineterminator="\r\n" if form == "crlf" else "\n",
            quoting=csv.QUOTE_NONE if form == "tsv" else csv.QUOTE_MINIMAL,
            quotechar=None if form == "tsv" else '"',
        )
        writer.writerow(table[0])
        for row in table[:-1]:
            writer.writerow(row.values())
        text.write("\n" * blank)
        writer.writerow(table[-1].values())
        text.write("\n" * blank)
    path = written(tmp_path, text.getvalue())

    def outcome() -> tuple[list[dict[str, Any]], int, str | None]:
        found: list[dict[str, Any]] = []
        with open_subsequences(path, skip_bad=skip_bad) as reader:
            try:
                for batch in reader.batches():
                    found += batch.to_pylist()
            except InputError as error:
                return found, reader.skipped, str(error)
        return found, reader.skipped, reader.first_skipped

    whole = outcome()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "_BLOCK_BYTES", block)
        patched.setattr(subsequences, "ROWS_AT_ONCE", 3)
        assert outcome() == whole
    good = [row for row in table if row["predicted"] not in ("nowhere", "")]
    if skip_bad and good:
        assert [row["query"] for row in whole[0]] == [row["query"] for row in good]


def test_a_long_input_comes_in_several_batches(tmp_path: Path) -> None:
    n_rows = 150_000
    lines = [f"P{row // 100}\t{row}\t{row + 2}\tMKV\tNucleus" for row in range(1, n_rows + 1)]
    path = written(tmp_path, "query\tstart\tend\tsubsequence\tpredicted\n" + "\n".join(lines))
    with open_subsequences(path) as reader:
        batches = list(reader.batches())
    assert len(batches) > 1
    assert max(map(len, batches)) <= 65_536
    assert pa.concat_tables(batches)["start"].to_pylist() == list(range(1, n_rows + 1))


def test_positions_of_this_projects_files_count_from_one(tmp_path: Path) -> None:
    text = "query,start,end,subsequence,predicted\nP,0,2,MST,Nucleus\n"
    with pytest.raises(InputError, match=r"start 0, end 2 \(1-based, inclusive\) is no stretch"):
        read_all(written(tmp_path, text))


def test_all_released_files_are_read_whole(real_data: Path) -> None:
    rows = {path.name: len(read_all(path)) for path in (real_data / "released").glob("*.csv.gz")}
    assert rows["lstm_attention_subsequences.csv.gz"] == 5892
    assert rows["lstm_attention_permuted_subsequences.csv.gz"] == 24795
    assert len(rows) == 5
