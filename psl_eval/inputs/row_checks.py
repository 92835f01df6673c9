"""From text to checked columns: the layouts in which subsequences come, and what is refused in a row."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs.faults import Faults
from psl_eval.inputs.labels import UNKNOWN, labels_of_masks, masks_of_labels
from psl_eval.inputs.text_tables import TextRows
from psl_index.classes import CLASSES


class Layout(NamedTuple):
    """Names of the columns in one kind of file; None where it has none."""

    query: str
    start: str | None
    end: str | None
    subsequence: str
    predicted: str
    correct: str
    first: int  # number of a protein's first residue
    numbered: bool  # whether `query` is the protein's number from 0


RELEASED: Final = Layout("inputSequence", "left", "right", "subsequence", "predicted", "classification", 0, True)
OWN: Final = Layout("query", "start", "end", "subsequence", "predicted", "correct", 1, False)
MOTIF: Final = Layout("name", None, None, "subsequence", "predicted", "correct", 1, False)


def checked_columns(texts: TextRows, layout: Layout) -> tuple[list[pa.Array], Faults]:
    """Columns of `subsequences.SUBSEQUENCES`, and which rows are bad; what a bad one holds means nothing."""
    rows = CheckedRows(texts)
    nothing = pa.nulls(len(texts.places), pa.int64())
    if layout.start is None or layout.end is None:
        subsequence = rows.letters(layout.subsequence, stop_allowed=True)
        place = [pc.coalesce(rows.names(layout.query), subsequence), nothing, nothing, nothing, subsequence]
    else:
        start = rows.numbers(layout.start) + (1 - layout.first)
        end = rows.numbers(layout.end)
        number = pa.array(rows.numbers(layout.query)) if layout.numbered else nothing
        query = number.cast(pa.string()) if layout.numbered else rows.required(rows.names(layout.query), layout.query)
        subsequence = rows.letters(layout.subsequence, stop_allowed=False)
        rows.check_lengths(layout, start, end, subsequence)
        place = [query, number, start.astype(np.uint32), end.astype(np.uint32), subsequence]
    predicted = rows.classes(layout.predicted, required=layout.start is not None)
    true = rows.classes("true", required=False)
    both = (predicted != 0) & (true != 0)
    correct = rows.correct(layout.correct, pa.array(predicted == true, mask=~both))
    return [*place, labels_of_masks(predicted), labels_of_masks(true), correct, rows.scores()], rows.faults


_MAX_POSITION: Final = 2**32 - 1
_DIGITS: Final = len(str(_MAX_POSITION))


class CheckedRows:
    """Rows of text and what has been found wrong with them; each method reads a column and checks it."""

    def __init__(self, texts: TextRows) -> None:
        self._columns = texts.columns
        self._n_rows = len(texts.places)
        self.faults = Faults(texts.places)

    def required(self, values: pa.StringArray, name: str) -> pa.StringArray:
        self._add(pc.is_null(values), name, "has no value")
        return pc.fill_null(values, "")

    def numbers(self, name: str) -> npt.NDArray[np.int64]:
        values = _whole(self.required(self._columns[name], name))
        digits = pc.and_(pc.ascii_is_decimal(values), pc.less_equal(pc.binary_length(values), _DIGITS))
        numbers = pc.if_else(digits, values, "0").cast(pa.int64())
        good = pc.and_(digits, pc.less_equal(numbers, _MAX_POSITION))
        self._add(pc.invert(good), name, f"is no whole number from 0 to {_MAX_POSITION}")
        array: npt.NDArray[np.int64] = numbers.to_numpy()
        return array

    def names(self, name: str) -> pa.StringArray:
        values = self._optional(name)
        encoded = pc.dictionary_encode(values)
        bad = pc.match_substring_regex(encoded.dictionary, r"[\x00-\x1f]")
        self._add(bad.take(encoded.indices), name, "holds a control character")
        return values

    def letters(self, name: str, *, stop_allowed: bool) -> pa.StringArray:
        values = self.required(self._columns[name], name)
        residues = values
        if stop_allowed:
            stopped = pc.ends_with(values, "*")
            if pc.any(stopped).as_py():
                residues = pc.if_else(stopped, pc.utf8_slice_codeunits(values, 0, -1), values)
        not_letters = pc.invert(pc.ascii_is_alpha(residues))
        self._add(not_letters, name, "holds something else than residue letters (A-Z)")
        return pc.ascii_upper(residues)

    def check_lengths(
        self, layout: Layout, start: npt.NDArray[np.int64], end: npt.NDArray[np.int64], subsequence: pa.StringArray
    ) -> None:
        length = pc.binary_length(subsequence).to_numpy()

        def problem(row: int) -> str:
            first = start[row] - 1 + layout.first
            counted = "0-based, half-open" if layout.first == 0 else "1-based, inclusive"
            place = f"{layout.start} {first}, {layout.end} {end[row]} ({counted})"
            if start[row] < 1 or end[row] < start[row]:
                return f"{place} is no stretch of a protein"
            residues = end[row] - start[row] + 1
            return f"{place} is {residues} residues, but the subsequence has {length[row]}"

        self.faults.add((start < 1) | (end - start + 1 != length), problem)

    def classes(self, name: str, *, required: bool) -> npt.NDArray[np.uint16]:
        """Class masks, 0 where there is no label."""
        values = self._optional(name)
        masks = masks_of_labels(values)
        self._add(masks == UNKNOWN, name, "is none of the ten classes", f"they are {', '.join(CLASSES)}")
        if required:
            self.required(values, name)
        return np.where(masks == UNKNOWN, np.uint16(0), masks)

    def correct(self, name: str, agree: pa.BooleanArray) -> pa.BooleanArray:
        """Whether the prediction is correct, by its labels, else as given; a contradiction is an error."""
        given = pc.utf8_lower(self._optional(name))
        neither = pc.and_(pc.is_valid(given), pc.invert(pc.is_in(given, pa.array(["true", "false"]))))
        self._add(neither, name, "is neither true nor false")
        given = pc.equal(given, "true")
        self._add(pc.not_equal(given, agree), name, "contradicts the columns predicted and true")
        return pc.coalesce(agree, given)

    def scores(self) -> pa.DoubleArray:
        values = self._optional("score")
        values = pc.if_else(pc.equal(pc.ascii_lower(values), "nan"), None, values)
        number = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
        good = pc.match_substring_regex(values, number)
        self._add(pc.invert(good), "score", "is no number")
        return pc.if_else(good, values, None).cast(pa.float64())

    def _optional(self, name: str) -> pa.StringArray:
        return self._columns[name] if name in self._columns else pa.nulls(self._n_rows, pa.string())

    def _add(
        self, bad: pa.BooleanArray | npt.NDArray[np.bool_], name: str, problem: str, remedy: str | None = None
    ) -> None:
        """Add the rows that are `bad`, worded with their value in column `name`."""

        def worded(row: int) -> str:
            value = self._columns[name][row].as_py()
            shown = "" if value is None else f" {value[:60]!r}"
            return f"column {name!r}{shown} {problem}"

        self.faults.add(bad, worded, remedy)


def _whole(numbers: pa.StringArray) -> pa.StringArray:
    """The numbers without a fraction of zero, which is how some tools write whole ones."""
    with_zero = pc.ends_with(numbers, ".0")
    if not pc.any(with_zero).as_py():
        return numbers
    return pc.if_else(with_zero, pc.utf8_slice_codeunits(numbers, 0, -2), numbers)
