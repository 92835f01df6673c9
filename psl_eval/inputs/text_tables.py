"""Tables as users hand them in, TSV to Parquet, in parts, with every value as text and its place known."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from psl_eval.inputs.faults import Fault, Faults
from psl_eval.inputs.files import line_blocks
from psl_index.errors import InputError
from psl_index.opening import Source

_ROWS: Final = 1 << 16

Batches = Callable[[Sequence[str]], Iterable[pa.RecordBatch]]
"""Gives the rows of a table once, with at least the columns that it is called with."""


class Unreadable(NamedTuple):
    """Lines of a part that are no rows, such as those with too many values."""

    lines: int  # how many
    first: Fault


class TextRows(NamedTuple):
    """Some rows as text, before anything is known about their meaning."""

    columns: dict[str, pa.StringArray]  # each of the same length; null where the value is missing or empty
    places: npt.NDArray[np.int64]  # (rows,) line of each row, or its number, from 1; ascending
    unreadable: Unreadable | None = None  # lines among these

    def without(self, faults: Faults) -> TextRows:
        """The good rows; the bad ones are unreadable lines."""
        if faults.first is None:
            return self
        n_bad, first = int(faults.bad.sum()), faults.first
        if self.unreadable is not None:
            n_bad += self.unreadable.lines
            first = min(first, self.unreadable.first, key=lambda fault: fault.place)
        good = pa.array(~faults.bad)
        columns = {name: texts.filter(good) for name, texts in self.columns.items()}
        return TextRows(columns, self.places[~faults.bad], Unreadable(n_bad, first))


class TextTable(ABC):
    """A table that is read once from beginning to end.

    Attributes
    ----------
    file : str or None
        Where it is read, as the user named it; None for a table in memory.
    first_line : int or None
        Line that names the columns; None where rows are not lines (Parquet, memory), and places are their numbers.
    names : sequence of str
        Of the columns.
    """

    def __init__(self, file: str | None, first_line: int | None, names: Sequence[str]) -> None:
        """Raises InputError where two columns have the same name."""
        for name, times in Counter(names).items():
            if times > 1:
                raise InputError(f"column {name!r} is there twice", file=file, line=first_line)
        self.file = file
        self.first_line = first_line
        self.names = names

    def among(self, wanted: Sequence[str]) -> list[str]:
        """Those of the columns `wanted` that rows may have values of, which `parts` can be asked for.

        Raises
        ------
        InputError
            One of them is there, but with letters of the other case, or holds no text.
        """
        found = []
        for name in wanted:
            if name in self.names:
                found.append(name)
                continue
            for other in self.names:
                if other.lower() == name.lower():
                    problem, remedy = _other_case(name, other)
                    raise InputError(problem, file=self.file, line=self.first_line, remedy=remedy)
        return found

    def error(self, fault: Fault) -> InputError:
        """The error about a row or a line."""
        if self.first_line is None:
            return InputError(f"row {fault.place}: {fault.problem}", file=self.file, remedy=fault.remedy)
        return InputError(fault.problem, file=self.file, line=fault.place, remedy=fault.remedy)

    @abstractmethod
    def parts(self, names: Sequence[str]) -> Iterator[TextRows]:
        """The rows in order, of the columns `names`; raises InputError where the file is damaged."""


class ArrowTable(TextTable):
    """A table in memory, or one that comes in batches.

    `batches` gives the record batches with at least the columns it is called with.
    """

    def __init__(self, batches: Batches, schema: pa.Schema, file: str | None = None) -> None:
        super().__init__(file, None, schema.names)
        self._schema = schema
        self._batches = batches

    def among(self, wanted: Sequence[str]) -> list[str]:
        found = super().among(wanted)
        for name in found:
            kind = self._schema.field(name).type
            if not _can_be_text(kind):
                raise InputError(f"column {name!r} holds {kind}, expected text", file=self.file, remedy=_JOIN)
        return found

    def parts(self, names: Sequence[str]) -> Iterator[TextRows]:
        n_rows = 0
        for batch in self._batches(names):
            for first in range(0, len(batch), _ROWS):
                rows = batch.slice(first, _ROWS)
                columns = {name: self._texts(rows, name) for name in names}
                yield TextRows(columns, np.arange(n_rows + 1, n_rows + len(rows) + 1))
                n_rows += len(rows)

    def _texts(self, rows: pa.RecordBatch, name: str) -> pa.StringArray:
        values = rows.column(name)
        try:
            if pa.types.is_dictionary(values.type):
                texts = values.dictionary.cast(pa.string()).take(values.indices)
            else:
                texts = values.cast(pa.string())
            texts.validate(full=True)  # files may hold texts that are not UTF-8
        except pa.ArrowInvalid as error:
            raise InputError(f"column {name!r} is no text ({error})", file=self.file) from None
        return pc.if_else(pc.equal(texts, ""), None, texts)


def as_text_table(table: Any) -> TextTable:
    """Take an Arrow table, or anything that exports one or a stream of batches (polars, pandas, DuckDB).

    Raises
    ------
    InputError
        Two columns have the same name.
    """
    exports = hasattr(table, "__arrow_c_stream__")
    stream = pa.RecordBatchReader.from_stream(table) if exports else pa.table(table).to_reader()
    return ArrowTable(lambda _: stream, stream.schema)


def open_parquet(content: bytes, file: str) -> TextTable:
    """Take the contents of a Parquet file; its rows are read by the batch.

    Raises
    ------
    InputError
        The file is damaged.
    """
    schema, batches = parquet_batches(pa.BufferReader(content), file, _ROWS)
    return ArrowTable(batches, schema, file)


def parquet_batches(content: Any, file: str, n_rows: int) -> tuple[pa.Schema, Batches]:
    """Schema of a Parquet file, and what gives its rows in batches of `n_rows`.

    `content` is what `pyarrow.parquet.ParquetFile` opens, `file` its name as the user gave it. Both calls raise
    InputError where the file is damaged.
    """
    try:
        parquet = pa.parquet.ParquetFile(content)
        schema = parquet.schema_arrow
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last, where the name of a column is damaged
        raise _damaged(error, file) from None

    def batches(names: Sequence[str]) -> Iterator[pa.RecordBatch]:
        try:
            yield from parquet.iter_batches(batch_size=n_rows, columns=list(names), use_threads=False)
        except (pa.ArrowException, OSError) as error:
            raise _damaged(error, file) from None

    return schema, batches


class JsonLines(TextTable):
    """A JSON object a line, blank lines between them allowed; the first names the columns.

    Any of them may have a value for a column that is asked for.

    Parameters
    ----------
    source : Source
    telling : frozenset of str
        Keys, in lower case, by which the reader tells what the columns mean; one that only a later object has, and that
        is not asked for, is an error there.
    lists : frozenset of str
        Keys whose value is a list of numbers: their columns are lists of float64, not text.

    Raises
    ------
    InputError
        None of the first lines is a JSON object.
    """

    def __init__(self, source: Source, telling: frozenset[str], lists: frozenset[str] = frozenset()) -> None:
        self._telling = telling
        self._lists = lists
        self._blocks = line_blocks(source)
        self._first = next(self._blocks)
        rows, places, unreadable = self._objects(*self._first)
        if not rows:
            fault = unreadable.first if unreadable else Fault(1, _EXPECTED_OBJECT)
            raise InputError(fault.problem, file=source.name, line=fault.place, remedy=fault.remedy)
        super().__init__(source.name, int(places[0]), list(rows[0]))

    def among(self, wanted: Sequence[str]) -> list[str]:
        super().among(wanted)
        return list(wanted)

    def parts(self, names: Sequence[str]) -> Iterator[TextRows]:
        for number, block in self._all_blocks():
            rows, places, unreadable = self._objects(number, block)
            faults = Faults(places)
            columns: dict[str, pa.StringArray] = {}
            for name in names:
                values = [row.get(name) for row in rows]
                if name in self._lists:
                    columns[name] = _json_lists(values, name, faults)
                    continue
                _refuse_containers(values, name, faults)
                columns[name] = _json_texts(values)
            for key in sorted(set[str]().union(*rows).difference(self.names, names)):
                self._refuse_late(key, rows, names, faults)
            yield TextRows(columns, places, unreadable).without(faults)

    def _refuse_late(self, key: str, rows: list[dict[str, Any]], names: Sequence[str], faults: Faults) -> None:
        """Add the rows to `faults` that have `key`, which the first object has not, if it means something."""
        problem, remedy = f"column {key!r} is not in the first object", "give it there, too"
        for name in names:
            if name.lower() == key.lower():
                problem, remedy = _other_case(name, key)
                break
        else:
            if key.lower() not in self._telling:
                return
        faults.add(np.array([key in row for row in rows]), lambda _: problem, remedy)

    def _all_blocks(self) -> Iterator[tuple[int, bytes]]:
        yield self._first
        yield from self._blocks

    def _objects(
        self, number: int, block: bytes
    ) -> tuple[list[dict[str, Any]], npt.NDArray[np.int64], Unreadable | None]:
        rows: list[dict[str, Any]] = []
        places: list[int] = []
        faults: list[Fault] = []
        for place, line in enumerate(block.split(b"\n"), start=number):
            if not line.strip():
                continue
            try:
                rows.append(_json_object(line))
                places.append(place)
            except UnicodeDecodeError:
                faults.append(Fault(place, *NOT_UTF8))
            except (ValueError, RecursionError) as error:
                faults.append(Fault(place, f"{_EXPECTED_OBJECT} ({error})"))
        unreadable = Unreadable(len(faults), faults[0]) if faults else None
        return rows, np.array(places, np.int64), unreadable


NOT_UTF8: Final = ("not UTF-8", "convert the file, as with iconv")
_EXPECTED_OBJECT: Final = "expected one JSON object a line"
_JOIN: Final = "give text; several classes are joined by ';'"
_SCALARS: Final = frozenset({str, int, float, bool, type(None)})


def _other_case(name: str, found: str) -> tuple[str, str]:
    """What is wrong with a column that differs from a known one in the case of its letters, and the remedy."""
    return f"no column {name!r}, but {found!r}", "rename it"


def _can_be_text(kind: pa.DataType) -> bool:
    """Whether values can be made text; lists and the like are no columns that are asked for."""
    try:
        pa.array([], kind.value_type if pa.types.is_dictionary(kind) else kind).cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        return False
    return True


def _damaged(error: Exception, file: str) -> InputError:
    reason = " ".join(str(error).split())  # some have line breaks
    return InputError(f"damaged Parquet file ({reason})", file=file, remedy="write it again")


def _json_object(line: bytes) -> dict[str, Any]:
    text = line.decode()
    row = json.loads(text)
    if not isinstance(row, dict):
        raise ValueError(f"found {text[:60]!r}")
    if "\\u" in text:
        json.dumps(row, ensure_ascii=False).encode()  # half a pair of surrogates is no text
    return row


def _refuse_containers(values: list[Any], name: str, faults: Faults) -> None:
    """Add the rows to `faults` whose value is a list or an object."""
    if not _SCALARS.issuperset(map(type, values)):
        bad = np.array([type(value) not in _SCALARS for value in values])
        faults.add(bad, lambda row: f"column {name!r} holds {json.dumps(values[row])[:60]}, expected text", _JOIN)


def _json_lists(values: list[Any], name: str, faults: Faults) -> pa.ListArray:
    """Lists of numbers; adds the rows to `faults` that are none, and makes them null."""
    if (lists := _as_lists(values)) is not None:
        return lists
    bad = np.array([_as_lists([value]) is None for value in values])
    found = "column {!r} holds {}, expected a list of numbers"
    faults.add(bad, lambda row: found.format(name, json.dumps(values[row])[:60]))
    return _as_lists([None if wrong else value for wrong, value in zip(bad, values, strict=True)])


def _as_lists(values: list[Any]) -> pa.ListArray | None:
    try:
        return pa.array(values, pa.large_list(pa.float64()))
    except (pa.ArrowException, TypeError, OverflowError):
        return None


def _json_texts(values: list[Any]) -> pa.StringArray:
    texts = values if set(map(type, values)) <= {str, type(None)} else list(map(_json_text, values))
    array = pa.array(texts, pa.string())
    return pc.if_else(pc.equal(array, ""), None, array)


def _json_text(value: Any) -> str | None:
    if value is None or type(value) is str:
        return value
    return repr(value) if type(value) in (int, float) else json.dumps(value)
