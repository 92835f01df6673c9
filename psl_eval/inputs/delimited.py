"""Delimited text as a table of texts: TSV and CSV, a row a line; and what tells it from other tables."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.csv

from psl_eval.inputs.faults import Fault
from psl_eval.inputs.files import line_blocks, read_rest
from psl_eval.inputs.text_tables import NOT_UTF8, JsonLines, TextRows, TextTable, Unreadable, open_parquet
from psl_index.errors import InputError
from psl_index.opening import Source

_UNIT: Final = "\x1f"  # separates values in lines whose quotes have been taken away
_NEW_LINES: Final = 1 << 16
_HEAD_BYTES: Final = 1 << 16

NamesOf = Callable[[Sequence[str]], Sequence[str] | None]
"""Given the values of the first line the names of the columns, where that line is itself a row; else None."""


def open_table(
    source: Source, telling: frozenset[str], names_of: NamesOf, lists: frozenset[str] = frozenset()
) -> TextTable:
    """The table in a file that is neither empty nor FASTA, told by its first bytes: Parquet, JSONL, else TSV or CSV.

    `telling` and `lists` are as for `psl_eval.inputs.text_tables.JsonLines`.

    Raises
    ------
    InputError
        It is damaged, its first line is malformed, it names a column twice, or is one JSON array.
    """
    head = source.peek(_HEAD_BYTES)
    if head.startswith(b"PAR1"):
        return open_parquet(read_rest(source), source.name)
    content = head.lstrip()
    if content.startswith(b"["):
        line = 1 + head.count(b"\n", 0, len(head) - len(content))
        problem = "expected one JSON object a line, found an array"
        raise InputError(problem, file=source.name, line=line, remedy="convert it, as with `jq -c '.[]'`")
    return JsonLines(source, telling, lists) if content.startswith(b"{") else Delimited(source, names_of)


class Delimited(TextTable):
    """TSV where the first line holds a tab (no quoting, quotes are letters), CSV with double quotes otherwise.

    Blank lines at the beginning and at the end are passed over.

    Parameters
    ----------
    source : Source
    names_of : NamesOf

    Raises
    ------
    InputError
        The first line is malformed, or names a column twice.
    """

    def __init__(self, source: Source, names_of: NamesOf) -> None:
        self.file = source.name
        self._blocks = _without_last_blanks(line_blocks(source))
        self._first_number, self._first_block = _without_first_blanks(self._blocks)
        first_line = self.first_line = self._first_number
        header, _, rows = self._first_block.partition(b"\n")
        text = self._decoded(header)
        self._delimiter = "\t" if "\t" in text else ","
        values = text.split("\t") if self._delimiter == "\t" else self._csv_values(text)
        names = names_of(values)
        super().__init__(source.name, first_line, values if names is None else names)
        if names is None:
            self._first_number, self._first_block = first_line + 1, rows

    def parts(self, names: Sequence[str]) -> Iterator[TextRows]:
        if self._first_block:
            yield self._part(self._first_number, self._first_block, names)
        for number, block in self._blocks:
            yield self._part(number, block, names)

    def _part(self, number: int, block: bytes, names: Sequence[str]) -> TextRows:
        block, delimiter, spoilt = self._readable(block)
        misfits: list[pa.csv.InvalidRow] = []

        def pass_over(row: pa.csv.InvalidRow) -> str:
            misfits.append(row)
            return "skip"

        table = pa.csv.read_csv(
            pa.BufferReader(block),
            read_options=pa.csv.ReadOptions(
                use_threads=False, column_names=self.names, block_size=len(block) + 1, encoding="utf8"
            ),
            parse_options=pa.csv.ParseOptions(
                delimiter=delimiter, quote_char=False, ignore_empty_lines=False, invalid_row_handler=pass_over
            ),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=list(names),
                strings_can_be_null=True,
                null_values=[""],
            ),
        )
        lines = np.arange(number, number + len(table) + len(misfits))
        if not misfits:
            return TextRows(_columns(table), lines)
        first = misfits[0].number - 1
        expected = f"expected {misfits[0].expected_columns} values, found {misfits[0].actual_columns}"
        fault = Fault(int(lines[first]), *spoilt.get(first, (expected, None)))
        places = np.delete(lines, [row.number - 1 for row in misfits])
        return TextRows(_columns(table), places, Unreadable(len(misfits), fault))

    def _readable(self, block: bytes) -> tuple[bytes, str, dict[int, tuple[str, str | None]]]:
        """A block as Arrow can read it, with its delimiter, and what is wrong with lines that it cannot read.

        Those get too many values.
        """
        quoted = self._delimiter == "," and b'"' in block
        if not quoted and b"\r" not in block and _is_utf8(block):
            return block, self._delimiter, {}
        spoilt: dict[int, tuple[str, str | None]] = {}
        lines = block.split(b"\n")
        for number, line in enumerate(lines[:-1]):
            if not quoted and b"\r" not in line and line.isascii():
                continue
            try:
                text = self._decoded(line)
                if quoted:
                    lines[number] = _unquoted(text).encode()
            except InputError as error:
                spoilt[number] = (error.problem, error.remedy)
            except csv.Error as error:
                spoilt[number] = (f"malformed row ({error})", None)
            if number in spoilt:
                lines[number] = (_UNIT if quoted else self._delimiter).encode() * len(self.names)
        return b"\n".join(lines), _UNIT if quoted else self._delimiter, spoilt

    def _decoded(self, line: bytes) -> str:
        try:
            text = line.decode()
        except UnicodeDecodeError:
            problem, remedy = NOT_UTF8
            raise InputError(problem, file=self.file, line=self.first_line, remedy=remedy) from None
        if "\r" in text:
            raise InputError("a carriage return inside a line", file=self.file, line=self.first_line)
        return text

    def _csv_values(self, header: str) -> list[str]:
        try:
            values = next(csv.reader([header], strict=True))
        except csv.Error as error:
            raise InputError(f"malformed header ({error})", file=self.file, line=self.first_line) from None
        if not values:
            raise InputError("malformed header", file=self.file, line=self.first_line)
        return values


def _without_first_blanks(blocks: Iterator[tuple[int, bytes]]) -> tuple[int, bytes]:
    """The first line that is not blank with those after it in its block, and its number."""
    for number, block in blocks:
        lines = block.lstrip(b"\n")
        if lines:
            return number + len(block) - len(lines), lines
    raise ValueError("nothing but blank lines")


def _without_last_blanks(blocks: Iterator[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Hold back blank lines until another follows."""
    held, first_held = 0, 1
    for number, block in blocks:
        body = block.rstrip(b"\n")
        if not body:
            first_held = first_held if held else number
            held += len(block)
            continue
        for first in range(0, held, _NEW_LINES):
            yield first_held + first, b"\n" * min(_NEW_LINES, held - first)
        yield number, body + b"\n"
        held = len(block) - len(body) - 1
        first_held = number + body.count(b"\n") + 1


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _unquoted(line: str) -> str:
    """A line of CSV with `_UNIT` between its values; csv.Error where a quote is not closed."""
    if '"' not in line:
        return line.replace(",", _UNIT)
    return _UNIT.join(next(csv.reader([line], strict=True)))


def _columns(table: pa.Table) -> dict[str, pa.StringArray]:
    return {name: table[name].combine_chunks() for name in table.column_names}
