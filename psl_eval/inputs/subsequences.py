"""The subsequences to score, as a stream: the study's released CSV, this project's own files, and motifs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.inputs.delimited import Delimited, open_table
from psl_eval.inputs.faults import Fault, Faults
from psl_eval.inputs.motifs import MotifFasta, list_columns
from psl_eval.inputs.row_checks import MOTIF, OWN, RELEASED, Layout, checked_columns
from psl_eval.inputs.text_tables import TextTable, Unreadable, as_text_table
from psl_index.errors import InputError
from psl_index.file_records import FileRecord, record_of
from psl_index.opening import Source, open_source

SUBSEQUENCES: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),  # identifier of the protein, or its number as text; of a motif
        pa.field("input_sequence", pa.int64()),  # number of the protein from 0, where the file gives that
        pa.field("start", pa.uint32()),  # 1-based; null for a motif, which has no protein
        pa.field("end", pa.uint32()),  # 1-based, inclusive; likewise
        pa.field("subsequence", pa.string(), nullable=False),  # upper case
        pa.field("predicted", pa.string()),  # of `psl_index.classes.CLASSES`, several joined by `;`; null without
        pa.field("true", pa.string()),  # the same
        pa.field("correct", pa.bool_()),  # whether the two are the same classes; null where unknown
        pa.field("score", pa.float64()),  # what the attribution gave it; null where the file does not say
    ]
)

ROWS_AT_ONCE: Final = 1 << 16


def open_subsequences(subsequences: str | os.PathLike[str] | Any, *, skip_bad: bool = False) -> SubsequenceReader:
    """Open a file (plain or compressed, ``-`` for standard input) or a table in memory, to be read once.

    Content tells the kinds of files apart: FASTA by its first ``>``, Parquet and JSONL by their first bytes, else TSV
    or CSV. Columns, in any order, tell the layouts apart; others than these are passed over:

    - the study's: ``left``, ``right`` (0-based, half-open), ``subsequence``, ``predicted``, ``inputSequence``, and
      where known ``true``, ``classification``;
    - this project's: ``query``, ``start``, ``end`` (1-based, inclusive), ``subsequence``, ``predicted``, and where
      known ``true``, ``correct``, ``score``;
    - motifs, which have no protein: ``peptide`` or ``subsequence``, and where known ``class`` or ``predicted``,
      ``name``, ``true``, ``correct``, ``score``. A list of motifs needs no header: a peptide a line, or a peptide and
      its class. In FASTA the class is the second word of the header.

    A label may name several classes, joined by ``;`` or ``|``.

    Parameters
    ----------
    subsequences : path, or anything that exports an Arrow table or a stream of batches
    skip_bad : bool
        Count bad rows and pass over them, in place of raising at the first.

    Raises
    ------
    InputError
        The file cannot be read, is empty, or has no such columns.
    """
    if not isinstance(subsequences, str | os.PathLike):
        return SubsequenceReader(as_text_table(subsequences), None, skip_bad)
    with ExitStack() as on_error:
        source = on_error.enter_context(open_source(subsequences))
        reader = SubsequenceReader(_text_table(source), source, skip_bad)
        on_error.pop_all()
        return reader


class PlacedRows(NamedTuple):
    """Some subsequences, and where each stands in what they are read from."""

    table: pa.Table  # columns of `SUBSEQUENCES`
    places: npt.NDArray[np.int64]  # (rows,) see `psl_eval.inputs.faults.Fault`


class SubsequenceReader:
    """Checked subsequences in input order; a context manager. Made by `open_subsequences`.

    Attributes
    ----------
    motifs : bool
        Whether rows have no protein.
    numbered : bool
        Whether rows name their protein by its number from 0.
    record : FileRecord or None
        The file, once all has been read; None for a table in memory.
    skipped : int
        Bad rows passed over so far.
    first_skipped : str or None
        What is wrong with the first of them: one line with its place.
    """

    def __init__(self, source_table: TextTable, source: Source | None, skip_bad: bool) -> None:
        self._table = source_table
        self._source = source
        self._skip_bad = skip_bad
        self._layout = layout = _layout(source_table)
        self._names = source_table.among([name for name in (*layout[:6], "true", "score") if name is not None])
        _refuse_missing(source_table, layout)
        self.motifs = layout.start is None
        self.numbered = layout.numbered
        self.record: FileRecord | None = None
        self.skipped = 0
        self._first_skipped: Fault | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._source is not None:
            self._source.close()

    @property
    def file(self) -> str | None:
        """What is read, as the user named it; None for a table in memory."""
        return self._table.file

    @property
    def places(self) -> str:
        """What the places of rows are: ``line`` or ``row``."""
        return "row" if self._table.first_line is None else "line"

    @property
    def first_skipped(self) -> str | None:
        return None if self._first_skipped is None else str(self._table.error(self._first_skipped))

    def batches(self) -> Iterator[pa.Table]:
        """The rows, at most `ROWS_AT_ONCE` at a time; to be called once.

        Raises
        ------
        InputError
            With the line: too few or too many values, a class that is none of the ten, a position that is no number or
            runs backwards, a subsequence of another length than its positions say or of something else than letters.
            Rows before it have come then. In any case where the file is damaged or has no row at all, or all are bad.
        """
        return (rows.table for rows in self.placed_batches())

    def placed_batches(self) -> Iterator[PlacedRows]:
        """As `batches`, with the place of each row, for whom `refuse` is."""
        n_good = 0
        for texts in self._table.parts(self._names):
            columns, faults = checked_columns(texts, self._layout)
            good, error = self._good(pa.table(columns, SUBSEQUENCES), faults, texts.unreadable)
            n_good += len(good.table)
            for first in range(0, len(good.table), ROWS_AT_ONCE):
                rows = slice(first, first + ROWS_AT_ONCE)
                yield PlacedRows(good.table[rows], good.places[rows])
            if error is not None:
                raise error
        if self._source is not None:
            self.record = record_of(self._source)
        if not n_good:
            self.refuse_nothing()

    def refuse(self, faults: Faults) -> None:
        """Raise the error about the first bad row, or count the bad ones where they are to be passed over."""
        if faults.first is not None:
            self._skip(int(faults.bad.sum()), faults.first)

    def refuse_nothing(self) -> None:
        """Raise the error about an input without a good row."""
        if self._first_skipped is None:
            raise InputError("no subsequence after the header", file=self.file)
        raise InputError(f"all {self.skipped} rows are bad, the first: {self.first_skipped}", file=self.file)

    def _good(
        self, table: pa.Table, faults: Faults, unreadable: Unreadable | None
    ) -> tuple[PlacedRows, InputError | None]:
        """The good rows; where a bad one is an error those before the first, and the error."""
        rows = PlacedRows(table, faults.places)
        bad = [fault for fault in (faults.first, unreadable and unreadable.first) if fault is not None]
        if not bad:
            return rows, None
        first = min(bad, key=lambda fault: fault.place)
        if not self._skip_bad:
            before = slice(0, int(np.searchsorted(rows.places, first.place)))
            return PlacedRows(table[before], rows.places[before]), self._table.error(first)
        self._skip(int(faults.bad.sum()) + (unreadable.lines if unreadable else 0), first)
        good = ~faults.bad
        return PlacedRows(table.filter(pa.array(good)), rows.places[good]), None

    def _skip(self, count: int, first: Fault) -> None:
        if not self._skip_bad:
            raise self._table.error(first)
        self.skipped += count
        if self._first_skipped is None or first.place < self._first_skipped.place:
            self._first_skipped = first


_OF_PROTEINS: Final = frozenset({"query", "start", "end", "inputsequence", "left", "right"})
_KNOWN: Final = frozenset(
    name.lower() for name in (*RELEASED[:6], *OWN[:6], "name", "true", "score", "peptide", "class") if name
)
_EXPECTED: Final = (
    "expected query, start, end, subsequence, predicted (and true, correct, score where known), the study's left, "
    "right, subsequence, predicted, true, classification, inputSequence, or peptide and class"
)
_HEAD_BYTES: Final = 1 << 16


def _text_table(source: Source) -> TextTable:
    head = source.peek(_HEAD_BYTES)
    if not head.strip():
        problem = "empty file" if len(head) < _HEAD_BYTES else f"{_HEAD_BYTES} blanks at its beginning"
        raise InputError(f"{problem}; expected a table with a header", file=source.name)
    if head.lstrip(b"\r\n").startswith(b">"):
        return MotifFasta(source)
    return open_table(source, _OF_PROTEINS | {"peptide", "predicted"}, lambda values: list_columns(values, _KNOWN))


def _layout(table: TextTable) -> Layout:
    """The layout that the columns tell, whatever the case of their letters."""
    names = {name.lower() for name in table.names}
    if _OF_PROTEINS.isdisjoint(names) and not {"peptide", "subsequence"}.isdisjoint(names):
        return MOTIF._replace(
            subsequence="peptide" if "peptide" in names else "subsequence",
            predicted="predicted" if "predicted" in names else "class",
        )
    return RELEASED if "left" in names and "start" not in names else OWN


def _refuse_missing(table: TextTable, layout: Layout) -> None:
    needed = [layout.subsequence]
    if layout.start is not None and layout.end is not None:
        needed = [layout.query, layout.start, layout.end, layout.subsequence, layout.predicted]
    missing = [name for name in needed if name not in table.names]
    if missing:
        problem = f"no column {missing[0]!r} among {', '.join(table.names)}"
        if len(table.names) == 1 and isinstance(table, Delimited):
            problem += " (columns are separated by tabs or commas)"
        raise InputError(problem, file=table.file, line=table.first_line, remedy=_EXPECTED)
