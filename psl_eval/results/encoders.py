r"""Tables as bytes: TSV, JSONL and Parquet.

TSV is UTF-8 with a header line. A missing value is an empty field, elements of a list are joined by ``;``,
truth is ``true`` or ``false``, a number reads back as exactly the same number, and a tab or line break
inside a text becomes a space: every line is a row, and no quoting or escaping has to be undone. JSONL and
Parquet lose nothing.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_SLICE: Final = 16_384  # rows turned to text at a time, so that memory stays bounded however large a batch is


class Sink(Protocol):
    """As much of a binary file as is written to."""

    def write(self, piece: Any, /) -> int:
        """Write all of `piece`, which is bytes or a memoryview of them."""


class Encoder(Protocol):
    """Writes the batches of one table."""

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of `batch`."""

    def finish(self) -> None:
        """Write what comes after the last row."""


def encoder(table_format: str, sink: Sink, schema: pa.Schema) -> Encoder:
    """The encoder of `table_format`, one of `psl_eval.results.formats.FORMATS`."""
    kinds: dict[str, Callable[[Sink, pa.Schema], Encoder]] = {
        "tsv": TsvEncoder,
        "jsonl": JsonlEncoder,
        "parquet": ParquetEncoder,
    }
    return kinds[table_format](sink, schema)


class TsvEncoder:
    """Tab-separated values. The header comes with the first row, or at the end of a table without rows."""

    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        self._sink = sink
        self._header: bytes | None = ("\t".join(map(_one_line, schema.names)) + "\n").encode()

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of `batch`."""
        self._write_header()
        for start in range(0, batch.num_rows, _SLICE):
            columns = [_as_text(column) for column in batch.slice(start, _SLICE).columns]
            self._sink.write(_letters(_lines(columns)))

    def finish(self) -> None:
        """Write the header of a table without rows."""
        self._write_header()

    def _write_header(self) -> None:
        if self._header is not None:
            self._sink.write(self._header)
            self._header = None


class JsonlEncoder:
    """One JSON object a row. What JSON has no number for (NaN, infinity) is null."""

    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        self._sink = sink

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of `batch`."""
        for start in range(0, batch.num_rows, _SLICE):
            rows = batch.slice(start, _SLICE).to_pylist()
            self._sink.write("".join(f"{_json(row)}\n" for row in rows).encode())

    def finish(self) -> None:
        """Nothing follows the last row."""


class ParquetEncoder:
    """Parquet, compressed with zstandard."""

    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(sink, schema, compression="zstd")

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of `batch` as one row group."""
        self._writer.write_batch(batch)

    def finish(self) -> None:
        """Write the footer."""
        self._writer.close()


def _lines(columns: list[pa.Array]) -> pa.Array:
    """Rows of large string arrays, tabs between their fields and a line end after them."""
    tab, nothing, line_end = (pa.scalar(text, pa.large_string()) for text in ("\t", "", "\n"))
    rows = pc.binary_join_element_wise(*columns, tab, null_handling="replace", null_replacement="")
    return pc.binary_join_element_wise(rows, nothing, line_end)


def _as_text(column: pa.Array) -> pa.Array:
    """A large string array, null where `column` is."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.cast(kind.value_type))
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return pc.replace_substring_regex(column.cast(pa.large_string()), r"[\t\r\n]", " ")
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _joined(column)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return _rendered(column)
    try:
        return column.cast(pa.large_string())
    except pa.ArrowNotImplementedError:
        return _rendered(column)


def _joined(lists: pa.Array) -> pa.Array:
    lengths = pc.fill_null(pc.list_value_length(lists), 0).to_numpy().astype(np.int64)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    elements = pc.fill_null(_as_text(lists.flatten()), "")
    semicolon = pa.scalar(";", pa.large_string())
    texts = pc.binary_join(pa.LargeListArray.from_arrays(ends, elements), semicolon)
    return pc.if_else(lists.is_valid(), texts, pa.scalar(None, texts.type))


def _rendered(column: pa.Array) -> pa.Array:
    values = (None if value is None else _plain(value) for value in column.to_pylist())
    texts = [value if value is None or isinstance(value, str) else _json(value) for value in values]
    return pa.array(texts, pa.large_string())


def _letters(texts: pa.Array) -> memoryview:
    """The bytes of all elements of a large string array, one after the other, not copied."""
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(texts.buffers()[2])[offsets[0] : offsets[-1]]


def _json(value: Any) -> str:
    try:
        return _JSON.encode(value)
    except ValueError:
        return _JSON.encode(_without_nan(value))


def _plain(value: Any) -> Any:
    """What JSON has no type for: decimals as numbers, bytes in hex, the rest as Python prints it."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, (str, list, dict)):
        return value
    return str(value)


_JSON: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False, default=_plain)


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nan(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_without_nan(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, (str, int, float, type(None))) else _plain(value)


def _one_line(text: str) -> str:
    return re.sub(r"[\t\r\n]", " ", text)
