"""Formats of tables: what JSONL, Parquet and tables in memory may hold, and what spoils a row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_eval.inputs import files as inputs
from psl_eval.inputs.subsequences import SUBSEQUENCES, open_subsequences
from psl_index.classes import CLASSES
from psl_index.errors import InputError
from tests.psl_eval.reading import OWN, RELEASED, delimited, read_all, written


def test_a_table_in_memory_may_be_a_stream_of_batches_of_any_size() -> None:
    table = pa.concat_tables([pa.Table.from_pylist(OWN[:1])] * 100_000)
    stream = table.combine_chunks().to_reader()
    with open_subsequences(stream) as reader:
        sizes = [len(batch) for batch in reader.batches()]
    assert sizes == [65_536, 34_464]


@pytest.mark.parametrize("kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.uint32(), pa.string_view())])
def test_text_may_come_in_any_of_its_types(kind: pa.DataType) -> None:
    table = pa.Table.from_pylist(OWN)
    values = pa.array(table["predicted"].to_pylist(), kind.value_type if pa.types.is_dictionary(kind) else kind)
    if pa.types.is_dictionary(kind):
        values = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.uint32()), values)
    place = table.column_names.index("predicted")
    assert read_all(table.set_column(place, "predicted", values)) == read_all(table)


def test_columns_that_are_no_text_are_passed_over_and_binary_must_be_text() -> None:
    table = pa.Table.from_pylist(OWN[:1]).append_column("path", pa.array([[1, 2]]))
    assert read_all(table).num_rows == 1
    binary = table.set_column(0, "query", pa.array([b"\xff"]))
    with pytest.raises(InputError, match="column 'query' is no text"):
        read_all(binary)


def test_a_row_of_parquet_is_named_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "subsequences.parquet"
    pq.write_table(pa.Table.from_pylist([OWN[0], OWN[1] | {"end": 9}]), path)
    with pytest.raises(InputError, match="row 2: start 7, end 9"):
        read_all(path)


def test_parquet_is_read_by_the_batch_and_a_damaged_page_is_refused(tmp_path: Path) -> None:
    n_rows = 100_000
    table = pa.Table.from_pylist(OWN[:1]).drop_columns("query")
    table = pa.concat_tables([table] * n_rows).append_column("query", pa.array(map(str, range(n_rows))))
    path = tmp_path / "subsequences.parquet"
    pq.write_table(table, path, row_group_size=30_000, compression="zstd", use_dictionary=False)
    with open_subsequences(path) as reader:
        batches = list(reader.batches())
    assert len(batches) > 1
    assert pa.concat_tables(batches)["query"].to_pylist() == table["query"].to_pylist()
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    with pytest.raises(InputError, match="damaged Parquet file"):
        read_all(path, skip_bad=True)


def test_json_holds_text_or_numbers(tmp_path: Path) -> None:
    row = OWN[0] | {"query": 12, "start": "1", "score": 1e-7, "note": {"any": ["thing"]}}
    assert read_all(written(tmp_path, json.dumps(row))).to_pylist() == [
        OWN[0] | {"input_sequence": None, "query": "12", "score": 1e-7}
    ]
    path = tmp_path / "bytes.jsonl"
    path.write_bytes(json.dumps(row).encode() + b'\n{"query": "\xe9"}\n[1]\n')
    with pytest.raises(InputError, match="not UTF-8; convert") as refused:
        read_all(path)
    assert refused.value.line == 2
    with open_subsequences(path, skip_bad=True) as reader:
        assert [len(batch) for batch in reader.batches()] == [1]
    assert reader.skipped == 2


def test_a_known_key_that_comes_late_in_json_counts(tmp_path: Path) -> None:
    first = {"query": "P", "start": 1, "end": 2, "subsequence": "MK", "predicted": "Nucleus", "note": 1}
    late = first | {"true": "Plastid", "score": 2, "other": 3}
    rows = read_all(written(tmp_path, f"{json.dumps(first)}\n{json.dumps(late)}\n")).to_pylist()
    assert [(row["true"], row["correct"], row["score"]) for row in rows] == [(None, None, None), ("Plastid", False, 2)]


@pytest.mark.parametrize(
    ("first", "late", "problem"),
    [
        ({"peptide": "SKL"}, {"start": 1}, "column 'start' is not in the first object; give it there, too"),
        ({"peptide": "SKL"}, {"predicted": "Nucleus"}, "column 'predicted' is not in the first object"),
        ({"peptide": "SKL"}, {"True": "Nucleus"}, "no column 'true', but 'True'; rename it"),
        ({"peptide": "SKL"}, {"class": ["Nucleus", "Plastid"]}, r"column 'class' holds \[\"Nucleus\".* joined by ';'"),
        ({"peptide": "SKL"}, {"true": {}}, "column 'true' holds {}, expected text"),
    ],
)
def test_no_key_that_comes_late_is_dropped_without_a_word(
    tmp_path: Path, first: dict[str, Any], late: dict[str, Any], problem: str
) -> None:
    path = written(tmp_path, f"{json.dumps(first)}\n{json.dumps(first | late)}\n{json.dumps(first)}\n{{\n")
    with pytest.raises(InputError, match=problem) as refused:
        read_all(path)
    assert refused.value.line == 2
    with open_subsequences(path, skip_bad=True) as reader:
        assert [len(batch) for batch in reader.batches()] == [2]
    assert reader.skipped == 2
    assert str(refused.value) == reader.first_skipped


@pytest.mark.parametrize("column", ["predicted", "true"])
def test_a_column_of_lists_is_no_text(tmp_path: Path, column: str) -> None:
    table = pa.Table.from_pylist([OWN[0] | {column: ["Nucleus", "Plastid"]}])
    path = tmp_path / "lists.parquet"
    pq.write_table(table, path)
    for source in (table, path):
        with pytest.raises(InputError, match=f"column '{column}' holds list.*expected text.*joined by ';'"):
            read_all(source)


@pytest.mark.parametrize("form", ["tsv", "jsonl", "parquet"])
def test_whole_numbers_may_be_floats_and_a_score_that_is_none_is_missing(tmp_path: Path, form: str) -> None:
    rows = [OWN[0] | {"start": 1.0, "end": 3.0, "score": float("nan")}, OWN[0] | {"start": 1.5}]
    path = tmp_path / "floats"
    if form == "parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("\n".join(map(json.dumps, rows)) if form == "jsonl" else delimited(rows, "\t"))
    with open_subsequences(path, skip_bad=True) as reader:
        (batch,) = reader.batches()
    assert batch.to_pylist() == [OWN[0] | {"input_sequence": None, "score": None}]
    assert "'start' '1.5' is no whole number" in (reader.first_skipped or "")


def test_blank_lines_before_the_header_are_passed_over(tmp_path: Path) -> None:
    expected = read_all(written(tmp_path, RELEASED))
    assert read_all(written(tmp_path, "\n\r\n\n" + RELEASED)) == expected
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "_BLOCK_BYTES", 2)
        assert read_all(written(tmp_path, "\n" * 9 + RELEASED)) == expected


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        table = read_all(path)
    except InputError:
        return
    assert table.schema == SUBSEQUENCES
    for row in table.to_pylist():
        assert row["start"] is None or row["end"] - row["start"] + 1 == len(row["subsequence"])
        assert row["predicted"] is None or row["predicted"] in CLASSES
