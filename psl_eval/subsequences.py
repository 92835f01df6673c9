"""The subsequences to score: the study's released CSV and this project's own files, read into one table."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs import FileRecord, read_whole
from psl_eval.text_tables import TextTable, as_text_table, parse_table
from psl_index.classes import CLASSES
from psl_index.errors import InputError

SUBSEQUENCES: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),  # identifier of the protein, or its number as text
        pa.field("input_sequence", pa.int64()),  # number of the protein from 0, where the file gives that
        pa.field("start", pa.uint32(), nullable=False),  # 1-based
        pa.field("end", pa.uint32(), nullable=False),  # 1-based, inclusive
        pa.field("subsequence", pa.string(), nullable=False),  # upper case
        pa.field("predicted", pa.string(), nullable=False),  # one of `psl_index.classes.CLASSES`
        pa.field("true", pa.string()),  # one of them; null without a label
        pa.field("correct", pa.bool_()),  # whether the two are the same; null where unknown
        pa.field("score", pa.float64()),  # what the attribution gave it; null where the file does not say
    ]
)


@dataclass(frozen=True)
class Subsequences:
    """Checked subsequences, and where each stands in what was read.

    Attributes
    ----------
    table : pyarrow.Table
        Columns of `SUBSEQUENCES`, rows in input order.
    source : TextTable
        What they were read from; it words the errors about a row.
    record : FileRecord or None
        The file; None for a table in memory.
    """

    table: pa.Table
    source: TextTable
    record: FileRecord | None


def read_subsequences(path: str | os.PathLike[str]) -> Subsequences:
    """Read a file: TSV, CSV, JSONL or Parquet, plain or compressed, ``-`` for standard input.

    The columns tell the two layouts apart: the study's (``left``, ``right`` 0-based half-open,
    ``subsequence``, ``predicted``, ``true``, ``classification``, ``inputSequence``), or this project's
    (``query``, ``start``, ``end`` 1-based inclusive, ``subsequence``, ``predicted``, and where known
    ``true``, ``correct``, ``score``).

    Raises
    ------
    InputError
        With the line: a column is missing, a class is none of the ten, a position is not a number or runs
        backwards, the subsequence has another length than its positions say or holds something else than
        letters, or one protein has several classes.
    """
    content, record = read_whole(path)
    return _checked(parse_table(content, os.fspath(path)), record)


def as_subsequences(table: Any) -> Subsequences:
    """Take a table in memory (Arrow, polars, DuckDB), with the columns and errors of `read_subsequences`."""
    return _checked(as_text_table(table), None)


class _Layout(NamedTuple):
    """Names of the columns in one kind of file; None where it has none."""

    query: str
    start: str
    end: str
    correct: str
    first: int  # number of a protein's first residue
    numbered: bool  # whether `query` is the protein's number from 0


_RELEASED: Final = _Layout("inputSequence", "left", "right", "classification", first=0, numbered=True)
_OWN: Final = _Layout("query", "start", "end", "correct", first=1, numbered=False)
_MAX_POSITION: Final = 2**32 - 1
_EXPECTED: Final = (
    "expected query, start, end, subsequence, predicted (and true, correct, score where known), or the "
    "study's left, right, subsequence, predicted, true, classification, inputSequence"
)


def _checked(source: TextTable, record: FileRecord | None) -> Subsequences:
    layout = _layout(source)
    start = _numbers(source, layout.start) + (1 - layout.first)
    end = _numbers(source, layout.end)
    number = _numbers(source, layout.query) if layout.numbered else None
    query = _queries(source) if number is None else pa.array(number).cast(pa.string())
    subsequence = _letters(source)
    _check_lengths(source, layout, start, end, subsequence)
    predicted = _classes(source, "predicted")
    _refuse(source, pc.is_null(predicted), "predicted", "has no value")
    true = _classes(source, "true")
    table = pa.table(
        [
            query,
            pa.nulls(len(query), pa.int64()) if number is None else number,
            start.astype(np.uint32),
            end.astype(np.uint32),
            subsequence,
            predicted,
            true,
            _correct(source, layout.correct, pc.equal(predicted, true)),
            _scores(source),
        ],
        SUBSEQUENCES,
    )
    _check_one_class_a_protein(source, table)
    return Subsequences(table, source, record)


def _layout(source: TextTable) -> _Layout:
    layout = _RELEASED if "left" in source.columns and "start" not in source.columns else _OWN
    required = (layout.query, layout.start, layout.end, "subsequence", "predicted")
    missing = [name for name in required if name not in source.columns]
    if missing:
        found = ", ".join(source.columns)
        line = None if source.lines is None else 1
        raise InputError(f"no column {missing[0]!r} among {found}", file=source.file, line=line, remedy=_EXPECTED)
    if not len(source.columns[layout.query]):
        raise InputError("no subsequence after the header", file=source.file)
    return layout


def _optional(source: TextTable, name: str) -> pa.StringArray:
    n_rows = len(source.columns["subsequence"])
    return source.columns.get(name, pa.nulls(n_rows, pa.string()))


def _required(source: TextTable, name: str) -> pa.StringArray:
    values = source.columns[name]
    _refuse(source, pc.is_null(values), name, "has no value")
    return values


def _refuse(source: TextTable, bad: pa.BooleanArray, name: str, problem: str, remedy: str | None = None) -> None:
    """Raise about the first row that is `bad`, with its value in column `name`."""
    if not pc.any(bad).as_py():
        return
    row = pc.index(bad, pa.scalar(True)).as_py()
    value = source.columns[name][row].as_py()
    shown = "" if value is None else f" {value[:60]!r}"
    raise source.error(row, f"column {name!r}{shown} {problem}", remedy=remedy)


def _numbers(source: TextTable, name: str) -> npt.NDArray[np.int64]:
    values = _required(source, name)
    number = f"is no whole number from 0 to {_MAX_POSITION}"
    _refuse(source, pc.invert(pc.match_substring_regex(values, "^[0-9]{1,10}$")), name, number)
    numbers = values.cast(pa.int64())
    _refuse(source, pc.greater(numbers, _MAX_POSITION), name, number)
    array: npt.NDArray[np.int64] = numbers.to_numpy()
    return array


def _queries(source: TextTable) -> pa.StringArray:
    values = _required(source, "query")
    _refuse(source, pc.match_substring_regex(values, r"[\x00-\x1f]"), "query", "holds a control character")
    return values


def _letters(source: TextTable) -> pa.StringArray:
    values = _required(source, "subsequence")
    letters = pc.match_substring_regex(values, "^[A-Za-z]+$")
    _refuse(source, pc.invert(letters), "subsequence", "holds something else than residue letters (A-Z)")
    return pc.ascii_upper(values)


def _check_lengths(
    source: TextTable,
    layout: _Layout,
    start: npt.NDArray[np.int64],
    end: npt.NDArray[np.int64],
    subsequence: pa.StringArray,
) -> None:
    length = pc.binary_length(subsequence).to_numpy()
    for row in np.flatnonzero((start < 1) | (end - start + 1 != length))[:1]:
        first = start[row] - 1 + layout.first
        counted = "0-based, half-open" if layout.first == 0 else "1-based, inclusive"
        place = f"{layout.start} {first}, {layout.end} {end[row]} ({counted})"
        if start[row] < 1 or end[row] < start[row]:
            raise source.error(row, f"{place} is no stretch of a protein")
        residues = end[row] - start[row] + 1
        raise source.error(row, f"{place} is {residues} residues, but the subsequence has {length[row]}")


def _classes(source: TextTable, name: str) -> pa.StringArray:
    values = _optional(source, name)
    unknown = pc.and_(pc.is_valid(values), pc.invert(pc.is_in(values, pa.array(CLASSES))))
    _refuse(source, unknown, name, "is none of the ten classes", f"they are {', '.join(CLASSES)}")
    return values


def _correct(source: TextTable, name: str, agree: pa.BooleanArray) -> pa.BooleanArray:
    """Whether the prediction is correct, by its labels, else as given; a contradiction is an error."""
    given = pc.utf8_lower(_optional(source, name))
    neither = pc.and_(pc.is_valid(given), pc.invert(pc.is_in(given, pa.array(["true", "false"]))))
    _refuse(source, neither, name, "is neither true nor false")
    given = pc.equal(given, "true")
    contradicted = pc.fill_null(pc.not_equal(given, agree), False)
    _refuse(source, contradicted, name, "contradicts the columns predicted and true")
    return pc.coalesce(agree, given)


def _scores(source: TextTable) -> pa.DoubleArray:
    values = _optional(source, "score")
    number = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
    not_number = pc.and_(pc.is_valid(values), pc.invert(pc.match_substring_regex(values, number)))
    _refuse(source, not_number, "score", "is no number")
    return values.cast(pa.float64())


def _check_one_class_a_protein(source: TextTable, table: pa.Table) -> None:
    protein = pc.dictionary_encode(table["query"].combine_chunks()).indices.to_numpy()
    _, first_row = np.unique(protein, return_index=True)
    for name in ("predicted", "true", "correct"):
        label = pc.dictionary_encode(table[name].combine_chunks()).indices.fill_null(-1).to_numpy(zero_copy_only=False)
        for row in np.flatnonzero(label != label[first_row[protein]])[:1]:
            query, here = table["query"][row].as_py(), table[name][row].as_py()
            before = table[name][first_row[protein[row]]].as_py()
            raise source.error(
                row, f"{name} is {here} here, but {before} in an earlier row of the same query {query!r}"
            )
