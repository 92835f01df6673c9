"""Tables as TSV, JSONL and Parquet."""

from __future__ import annotations

import datetime
import io
import json
import math
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pslidx.sinks import Sink

from psl_eval.results.encoders import encoder


def encoded(table_format: str, table: pa.Table, batches: Iterable[pa.RecordBatch] | None = None) -> bytes:
    stream = io.BytesIO()
    writer = encoder(table_format, Sink(stream, "memory"), table.schema)
    for batch in table.to_batches() if batches is None else batches:
        writer.write(batch)
    writer.finish()
    return stream.getvalue()


def tsv_of(values: list[Any], kind: pa.DataType) -> list[str]:
    """The fields that `values` become in a column of its own."""
    lines = encoded("tsv", pa.table({"x": pa.array(values, kind)})).decode().split("\n")
    assert lines[0] == "x"
    assert lines[-1] == ""
    return lines[1:-1]


@pytest.mark.parametrize(
    ("kind", "values", "fields"),
    [
        (pa.string(), ["a", "", None], ["a", "", ""]),
        (pa.string(), ["a\tb\nc\r\nd"], ["a b c  d"]),
        (pa.string(), ['"quoted" \\t'], ['"quoted" \\t']),
        (pa.large_string(), ["é", "Ω"], ["é", "Ω"]),
        (pa.string_view(), ["view"], ["view"]),
        (pa.uint32(), [0, 2**32 - 1, None], ["0", "4294967295", ""]),
        (pa.bool_(), [True, False, None], ["true", "false", ""]),
        (pa.list_(pa.string()), [["a", "b"], [], None, ["c"]], ["a;b", "", "", "c"]),
        (pa.list_(pa.int32()), [[1, None, 3]], ["1;;3"]),
        (pa.list_(pa.float32()), [[0.5, 0.1]], ["0.5;0.1"]),
        (pa.large_list(pa.string()), [["a", "b"]], ["a;b"]),
        (pa.dictionary(pa.int8(), pa.string()), ["x", "y", "x"], ["x", "y", "x"]),
        (pa.decimal128(38, 0), [Decimal(45)], ["45"]),
        (pa.date32(), [datetime.date(2020, 1, 2)], ["2020-01-02"]),
        (pa.binary(), [b"\x00\xff"], ["00ff"]),
        (pa.struct([("a", pa.int32())]), [{"a": 1}, None], ['{"a": 1}', ""]),
        (pa.map_(pa.string(), pa.int32()), [[("a", 1)]], ['[["a", 1]]']),
        (pa.null(), [None], [""]),
    ],
)
def test_a_value_is_one_field_of_tsv(kind: pa.DataType, values: list[Any], fields: list[str]) -> None:
    assert tsv_of(values, kind) == fields


@given(st.lists(st.floats(allow_nan=False) | st.none(), max_size=20))
def test_floats_read_back_as_the_same_number(values: list[float | None]) -> None:
    fields = tsv_of(values, pa.float64())
    assert [None if field == "" else float(field) for field in fields] == values


@given(
    st.lists(st.tuples(st.text(), st.integers(0, 2**32 - 1), st.lists(st.text(max_size=3)) | st.none())),
    st.integers(0, 5),
)
def test_each_row_is_one_line_with_all_fields(rows: list[tuple[str, int, list[str] | None]], offset: int) -> None:
    kinds = {"text": pa.string(), "number": pa.uint32(), "list": pa.list_(pa.string())}
    columns = zip(*rows, strict=True) if rows else [[], [], []]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds.values(), strict=True)]
    table = pa.table(arrays, names=list(kinds)).slice(offset)
    lines = encoded("tsv", table).decode().split("\n")
    assert len(lines) == table.num_rows + 2
    assert all(line.count("\t") == 2 for line in lines[:-1])
    assert [int(line.split("\t")[1]) for line in lines[1:-1]] == table["number"].to_pylist()


@given(st.lists(st.fixed_dictionaries({"a": st.text() | st.none(), "b": st.lists(st.integers(0, 9))})))
def test_jsonl_loses_nothing(rows: list[dict[str, Any]]) -> None:
    table = pa.Table.from_pylist(rows, pa.schema([("a", pa.string()), ("b", pa.list_(pa.int8()))]))
    lines = encoded("jsonl", table).decode().split("\n")
    assert [json.loads(line) for line in lines[:-1]] == rows


def test_jsonl_of_what_json_has_no_type_for() -> None:
    rows = [
        {
            "nan": math.nan,
            "list": [math.inf, 1.0],
            "whole": Decimal(45),
            "part": Decimal("1.5"),
            "bytes": b"\xff",
            "day": datetime.date(2020, 1, 2),
        }
    ]
    line = encoded("jsonl", pa.Table.from_pylist(rows)).decode()
    assert json.loads(line) == {
        "nan": None,
        "list": [None, 1.0],
        "whole": 45,
        "part": 1.5,
        "bytes": "ff",
        "day": "2020-01-02",
    }


def test_parquet_keeps_types() -> None:
    table = pa.table({"a": pa.array([1, None], pa.uint32()), "b": pa.array([["x"], []], pa.list_(pa.string()))})
    assert pq.read_table(io.BytesIO(encoded("parquet", table))).equals(table)


@pytest.mark.parametrize(("table_format", "text"), [("tsv", b"a\tb\n"), ("jsonl", b"")])
def test_a_table_without_rows_has_a_header(table_format: str, text: bytes) -> None:
    table = pa.table({"a": pa.array([], pa.int32()), "b": pa.array([], pa.string())})
    assert encoded(table_format, table) == text


def test_no_header_before_the_first_batch_is_there() -> None:
    stream = io.BytesIO()
    encoder("tsv", Sink(stream, "memory"), pa.schema([("a", pa.int32())]))
    assert stream.getvalue() == b""


def test_large_batches_come_out_in_order() -> None:
    table = pa.table({"n": pa.array(range(50_000))})
    lines = encoded("tsv", table).decode().split()
    assert lines[1:] == [str(number) for number in range(50_000)]
