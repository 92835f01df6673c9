"""Tables as users hand them in, TSV to Parquet, with every value as text and its place known."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv
import pyarrow.parquet

from psl_index.errors import InputError


@dataclass(frozen=True)
class TextTable:
    """Rows as text, before anything is known about their meaning.

    Attributes
    ----------
    columns : dict of str to pyarrow.StringArray
        Each of the same length; null where the value is missing or empty.
    file : str or None
        Where they were read, as the user named it; None for a table in memory.
    lines : int64 array of shape (rows,) or None
        1-based line of each row in `file`; None where rows are not lines (Parquet, memory).
    """

    columns: dict[str, pa.StringArray]
    file: str | None
    lines: npt.NDArray[np.int64] | None

    def error(self, row: int, problem: str, *, remedy: str | None = None) -> InputError:
        """The error to raise about a row (from 0)."""
        if self.lines is None:
            return InputError(f"row {row + 1}: {problem}", file=self.file, remedy=remedy)
        return InputError(problem, file=self.file, line=int(self.lines[row]), remedy=remedy)


def parse_table(content: bytes, file: str) -> TextTable:
    """Read a table with a header, its format told by content.

    Parquet by its magic number, JSONL by its opening brace, else delimited text: TSV where the header holds a
    tab (no quoting, quotes are letters), CSV with double quotes otherwise.

    Raises
    ------
    InputError
        The file is empty, malformed, or a row has too few or too many values.
    """
    if content.startswith(b"PAR1"):
        return _parse_parquet(content, file)
    if not content.strip():
        raise InputError("empty file; expected a table with a header", file=file)
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError("not UTF-8", file=file, line=line, remedy="convert the file, as with iconv") from None
    if content.lstrip().startswith(b"{"):
        return _parse_jsonl(content, file)
    return _parse_delimited(content, file)


def as_text_table(table: Any, file: str | None = None) -> TextTable:
    """Take an Arrow table, or anything that exports one (polars, pandas, DuckDB)."""
    table = pa.table(table)
    _refuse_duplicates(table.column_names, file)
    columns = {}
    for name in table.column_names:
        try:
            texts = table[name].cast(pa.string()).combine_chunks()
        except pa.ArrowNotImplementedError:
            continue  # lists and the like: no column that is asked for
        columns[name] = pa.compute.if_else(pa.compute.equal(texts, ""), None, texts)
    return TextTable(columns, file, None)


def _parse_parquet(content: bytes, file: str) -> TextTable:
    try:
        table = pa.parquet.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"damaged Parquet file ({error})", file=file, remedy="write it again") from None
    return as_text_table(table, file)


def _parse_jsonl(content: bytes, file: str) -> TextTable:
    values: dict[str, list[str | None]] = {}
    lines: list[int] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise InputError(f"expected one JSON object a line ({error})", file=file, line=number) from None
        if not isinstance(row, dict):
            raise InputError("expected one JSON object a line", file=file, line=number)
        for name in row.keys() - values.keys():
            values[name] = [None] * len(lines)
        for name, column in values.items():
            column.append(_json_text(row.get(name)))
        lines.append(number)
    columns = {name: pa.array(column, pa.string()) for name, column in values.items()}
    return TextTable(columns, file, np.array(lines, np.int64))


def _json_text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value)


def _parse_delimited(content: bytes, file: str) -> TextTable:
    content = content.replace(b"\r\n", b"\n").rstrip(b"\n") + b"\n"
    if (place := content.find(b"\r")) >= 0:
        line = content.count(b"\n", 0, place) + 1
        raise InputError("a carriage return inside a line", file=file, line=line)
    header = content.partition(b"\n")[0].decode()
    delimiter = "\t" if "\t" in header else ","
    try:
        names = header.split(delimiter) if delimiter == "\t" else next(csv.reader([header]))
    except csv.Error as error:
        raise InputError(f"malformed header ({error})", file=file, line=1) from None
    _refuse_duplicates(names, file)
    misfits: list[pa.csv.InvalidRow] = []

    def refuse(row: pa.csv.InvalidRow) -> str:
        misfits.append(row)
        return "error"

    try:
        table = pa.csv.read_csv(
            pa.BufferReader(content),
            read_options=pa.csv.ReadOptions(use_threads=False),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter,
                quote_char=False if delimiter == "\t" else '"',
                ignore_empty_lines=False,
                invalid_row_handler=refuse,
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowInvalid as error:
        if not misfits:
            raise InputError(f"malformed table ({error})", file=file) from None
        raise InputError(
            f"expected {misfits[0].expected_columns} values, found {misfits[0].actual_columns}",
            file=file,
            line=misfits[0].number,
        ) from None
    if table.column_names != names:
        raise InputError("malformed header", file=file, line=1)
    columns = {name: table[name].combine_chunks() for name in names}
    return TextTable(columns, file, np.arange(2, len(table) + 2))


def _refuse_duplicates(names: list[str], file: str | None) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"column {name!r} is there twice", file=file, line=1)
