"""Tables of attributions, a protein a row with a score for each residue, read as a stream and checked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs.delimited import open_table
from psl_eval.inputs.faults import Faults
from psl_eval.inputs.files import read_rest
from psl_eval.inputs.row_checks import CheckedRows
from psl_eval.inputs.text_tables import ArrowTable, Batches, TextRows, TextTable, parquet_batches
from psl_eval.subsequences.score_lists import ScoreLists, is_list_of_numbers, scores_of_lists, scores_of_texts
from psl_index.errors import InputError
from psl_index.opening import Source, open_source

_SCORES: Final = "scores"
_NEEDED: Final = ("query", "sequence", "predicted")
_TEXTS: Final = (*_NEEDED, "true", "method", "target", "settings")
_PARQUET: Final = b"PAR1"
_HEAD_BYTES: Final = 1 << 16
_ROWS: Final = 256  # of Arrow at a time: some 100,000 scores, and still bounded where each protein is as long as titin
_EXPECTED: Final = "expected query, sequence, predicted, scores (and true, method, target where known)"


def open_attributions(
    attributions: str | os.PathLike[str] | Any, target: str | None = None, *, several_targets: bool = False
) -> AttributionReader:
    """Open a file (plain or compressed, ``-`` for standard input) or a table in memory, to be read once.

    Its columns are those of `psl_eval.results.schemas.ATTRIBUTIONS`, in any order; it needs ``query``, ``sequence``,
    ``predicted`` and ``scores``. Content tells the kinds of files apart: Parquet and JSONL by their first bytes, else
    TSV or CSV. Scores are lists of numbers in Parquet and JSONL, joined by ``;`` in TSV and CSV, and rounded to
    float32 in all, so that a table says the same in each. With a `target` only the rows that have it in the column
    ``target`` are given, though all are checked. A protein comes once, or, with `several_targets`, once for each.

    Raises
    ------
    InputError
        The file cannot be read, is empty, or has no such columns.
    """
    if not isinstance(attributions, str | os.PathLike):
        exports = hasattr(attributions, "__arrow_c_stream__")
        stream = pa.RecordBatchReader.from_stream(attributions) if exports else pa.table(attributions).to_reader()
        columns = _ArrowColumns(stream.schema, lambda _: stream, None)
        return AttributionReader(columns, None, target, several_targets)
    with ExitStack() as on_error:
        source = on_error.enter_context(open_source(attributions, digest=False))
        reader = AttributionReader(_columns(source), source, target, several_targets)
        on_error.pop_all()
        return reader


class Attributions(NamedTuple):
    """Some rows of a table of attributions."""

    first: int  # number of the first among those that are given, from 0
    proteins: pa.Table  # query, sequence (upper case), predicted, true, target; the last two null where not known
    scores: ScoreLists  # as many as the sequence has residues, finite


class AttributionReader:
    """Checked attributions in input order; a context manager. Made by `open_attributions`.

    Attributes
    ----------
    method, settings : str or None
        Of the first row, once rows are taken; None where the table has none.
    """

    def __init__(self, columns: _Columns, source: Source | None, target: str | None, several_targets: bool) -> None:
        self._columns = columns
        self._source = source
        self._target = target
        self._several_targets = several_targets
        table = columns.table
        self._names = table.among(_TEXTS)
        needed = (*_NEEDED, _SCORES) if target is None else (*_NEEDED, _SCORES, "target")
        missing = [name for name in needed if name not in table.names]
        if missing:
            problem = f"no column {missing[0]!r} among {', '.join(table.names)}"
            raise InputError(problem, file=table.file, line=table.first_line, remedy=_EXPECTED)
        self._given: set[tuple[str, str | None]] = set()
        self.method: str | None = None
        self.settings: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._source is not None:
            self._source.close()

    def batches(self) -> Iterator[Attributions]:
        """The rows, some at a time; to be called once.

        Raises
        ------
        InputError
            With the line, or the number of the row: a value is missing, a score is no finite number, there are more or
            fewer of them than residues, a sequence holds something else than letters, a protein comes twice, or the
            method changes. Also where the file is damaged, or has no row at all, or none with the target.
        """
        n_rows = 0
        for texts, faults, scores in self._columns.parts(self._names):
            chosen = self._chosen(texts)
            proteins = self._checked(texts, faults, scores, chosen)
            if not chosen.all():
                proteins, scores = proteins.filter(pa.array(chosen)), scores.of(chosen)
            if proteins.num_rows:
                yield Attributions(n_rows, proteins, scores)
            n_rows += proteins.num_rows
        if not n_rows:
            problem = "no protein in the table" if self._target is None else f"no row with the target {self._target!r}"
            raise InputError(problem, file=self._columns.table.file)

    def _chosen(self, texts: TextRows) -> npt.NDArray[np.bool_]:
        """Which rows have the target that is asked for; (rows,)."""
        if self._target is None:
            return np.ones(len(texts.places), np.bool_)
        same = pc.fill_null(pc.equal(texts.columns["target"], self._target), False)
        return np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)

    def _checked(self, texts: TextRows, faults: Faults, scores: ScoreLists, chosen: npt.NDArray[np.bool_]) -> pa.Table:
        """The columns of `Attributions.proteins`, each row of them good."""
        rows = CheckedRows(texts)
        query = rows.required(rows.names("query"), "query")
        sequence = rows.letters("sequence", stop_allowed=False)
        predicted = rows.required(texts.columns["predicted"], "predicted")
        true, target = (texts.columns.get(name, pa.nulls(len(predicted), pa.string())) for name in ("true", "target"))
        residues, found = pc.binary_length(sequence).to_numpy(), np.diff(scores.offsets)

        def miscounted(row: int) -> str:
            return f"{found[row]} scores, but the sequence has {residues[row]} residues"

        faults.add(found != residues, miscounted)
        self._refuse_repeated(query, target, chosen, faults)
        self._refuse_mixed(texts.columns.get("method"), faults)
        if self.settings is None and "settings" in texts.columns and len(predicted):
            self.settings = texts.columns["settings"][0].as_py()
        bad = [rows.faults.first, faults.first, texts.unreadable and texts.unreadable.first]
        first = min(filter(None, bad), key=lambda fault: fault.place, default=None)
        if first is not None:
            raise self._columns.table.error(first)
        return pa.table(
            [query, sequence, predicted, true, target], ["query", "sequence", "predicted", "true", "target"]
        )

    def _refuse_repeated(
        self, query: pa.StringArray, target: pa.StringArray, chosen: npt.NDArray[np.bool_], faults: Faults
    ) -> None:
        """Add the rows to `faults` whose protein, or protein and target, has been there among those that are chosen."""
        queries, targets = query.to_pylist(), target.to_pylist()
        bad = np.zeros(len(queries), np.bool_)
        for row in np.flatnonzero(chosen):
            given = (queries[row], targets[row] if self._several_targets else None)
            bad[row] = given in self._given
            self._given.add(given)
        choose = "" if self._several_targets else ", and choose one of several targets with --target"
        remedy = f"give each protein once, with one method{choose}"
        faults.add(bad, lambda row: f"protein {queries[row]!r} is there twice", remedy)

    def _refuse_mixed(self, method: pa.StringArray | None, faults: Faults) -> None:
        """Add the rows to `faults` whose method is another than that of the first."""
        if method is None or not len(method):
            return
        if self.method is None:
            self.method = method[0].as_py()
        other = pc.fill_null(pc.not_equal(method, self.method or ""), False)
        faults.add(other, lambda row: f"method {method[row].as_py()!r} after {self.method!r}", "split it by method")


class _Columns(Protocol):
    """What a table of attributions is read from."""

    table: TextTable  # its names, and how errors name a row

    def parts(self, names: list[str]) -> Iterator[tuple[TextRows, Faults, ScoreLists]]:
        """The rows in order: texts of the columns `names`, scores, and what is wrong with the latter."""


class _LineColumns:
    """A table of lines: all is text, but for lists in JSONL."""

    def __init__(self, table: TextTable) -> None:
        self.table = table

    def parts(self, names: list[str]) -> Iterator[tuple[TextRows, Faults, ScoreLists]]:
        for texts in self.table.parts([*names, _SCORES]):
            faults = Faults(texts.places)
            column = texts.columns[_SCORES]
            scores_of = scores_of_lists if is_list_of_numbers(column.type) else scores_of_texts
            yield texts, faults, scores_of(column, _SCORES, faults)


class _ArrowColumns:
    """A table of Arrow, in memory or in a Parquet file."""

    def __init__(self, schema: pa.Schema, batches: Batches, file: str | None) -> None:
        if _SCORES in schema.names and not is_list_of_numbers(kind := schema.field(_SCORES).type):
            raise InputError(f"column {_SCORES!r} holds {kind}, expected lists of numbers", file=file)
        self.table: TextTable = ArrowTable(batches, schema, file)
        self._batches = batches

    def parts(self, names: list[str]) -> Iterator[tuple[TextRows, Faults, ScoreLists]]:
        n_rows = 0
        for batch in self._batches([*names, _SCORES]):
            for first in range(0, len(batch), _ROWS):
                rows = batch.slice(first, _ROWS)
                (texts,) = ArrowTable(lambda _: [rows], rows.schema, self.table.file).parts(names)  # noqa: B023
                texts = texts._replace(places=texts.places + n_rows)
                faults = Faults(texts.places)
                yield texts, faults, scores_of_lists(rows.column(_SCORES), _SCORES, faults)
                n_rows += len(rows)


def _columns(source: Source) -> _Columns:
    """The table in a file, told by its first bytes."""
    head = source.peek(_HEAD_BYTES)
    if not head.strip():
        problem = "empty file" if len(head) < _HEAD_BYTES else f"{_HEAD_BYTES} blanks at its beginning"
        raise InputError(f"{problem}; expected a table with a header", file=source.name)
    if not head.startswith(_PARQUET):
        telling = frozenset((*_TEXTS, _SCORES))
        return _LineColumns(open_table(source, telling, lambda _: None, frozenset({_SCORES})))
    content = source.name if _is_plain(source) else pa.BufferReader(read_rest(source))
    schema, batches = parquet_batches(content, source.name, _ROWS)
    return _ArrowColumns(schema, batches, source.name)


def _is_plain(source: Source) -> bool:
    """Whether a source of Parquet is a file that can be read in place, neither compressed nor a pipe."""
    if source.name == "-" or source.raw_size is None:
        return False
    with open(source.name, "rb") as stored:
        return stored.read(len(_PARQUET)) == _PARQUET
