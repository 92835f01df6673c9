"""Subsequences out of attributions, as a stream: the tables that hit rates are scored from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.results.schemas import ATTRIBUTED
from psl_eval.subsequences.attributions import Attributions, open_attributions
from psl_eval.subsequences.rules import AboveMean, Rule, Scores, Spans, spans

RELEASED: Final = pa.schema(
    [
        pa.field("left", pa.uint32(), nullable=False),  # 0-based
        pa.field("right", pa.uint32(), nullable=False),  # 0-based, behind the last residue
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("predicted", pa.string(), nullable=False),
        pa.field("true", pa.string()),
        pa.field("classification", pa.bool_()),  # whether the two are the same classes
        pa.field("inputSequence", pa.int64(), nullable=False),  # number of the protein among those read, from 0
        pa.field("accession", pa.string(), nullable=False),  # the query
        pa.field("score", pa.float32(), nullable=False),
    ]
)


def extract(
    attributions: str | os.PathLike[str] | Any,
    rule: Rule | None = None,
    *,
    absolute: bool = False,
    target: str | None = None,
) -> pa.Table:
    """The subsequences of all proteins as one table, columns of `psl_eval.results.schemas.ATTRIBUTED`.

    Parameters and errors are those of `Extraction`.
    """
    return pa.Table.from_batches(Extraction(attributions, rule, absolute=absolute, target=target).batches(), ATTRIBUTED)


class Extraction:
    """The subsequences of a table of attributions, a batch at a time.

    Parameters
    ----------
    attributions : path, or anything that exports an Arrow table or a stream of batches
        See `psl_eval.subsequences.attributions.open_attributions`.
    rule : Rule, optional
        One of those in `psl_eval.subsequences.rules`; the study's, where none is given.
    absolute : bool
        Take scores without their sign: for attributions where a negative one also says that a residue matters.
    target : str, optional
        Take the rows that explain this class only; needed where a protein has several.

    Attributes
    ----------
    proteins : int
        Read so far.
    without : int
        Those of them that gave no subsequence.
    """

    def __init__(
        self,
        attributions: str | os.PathLike[str] | Any,
        rule: Rule | None = None,
        *,
        absolute: bool = False,
        target: str | None = None,
    ) -> None:
        self._attributions = attributions
        self._rule = AboveMean() if rule is None else rule
        self._absolute = absolute
        self._target = target
        self.proteins = 0
        self.without = 0

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The subsequences in input order, columns of `psl_eval.results.schemas.ATTRIBUTED`; to be called once.

        Raises
        ------
        InputError
            The file cannot be read, has no such columns, or has a bad row.
        """
        for found in self._found():
            columns = [
                found.column("query"),
                found.spans.start + 1,
                found.spans.end,
                *found.shared_columns(),
                found.spans.score,
            ]
            yield _batch(columns, ATTRIBUTED)

    def released_batches(self) -> Iterator[pa.RecordBatch]:
        """As `batches`, in the layout of the study's published files and two columns more; columns of `RELEASED`."""
        for found in self._found():
            columns = [
                found.spans.start,
                found.spans.end,
                *found.shared_columns(),
                found.rows.first + found.spans.protein,
                found.column("query"),
                found.spans.score,
            ]
            yield _batch(columns, RELEASED)

    def _found(self) -> Iterator[_Found]:
        with open_attributions(self._attributions, self._target) as reader:
            for rows in reader.batches():
                values = rows.scores.values.astype(np.float64)
                scores = Scores(np.abs(values) if self._absolute else values, rows.scores.offsets)
                found = _Found(rows, spans(scores, self._rule))
                self.proteins += rows.proteins.num_rows
                self.without += rows.proteins.num_rows - len(np.unique(found.spans.protein))
                yield found


class _Found(NamedTuple):
    """The subsequences of some rows of a table."""

    rows: Attributions
    spans: Spans

    def column(self, name: str) -> pa.StringArray:
        """A column of the table, a value for each subsequence."""
        return self.rows.proteins[name].combine_chunks().take(pa.array(self.spans.protein))

    def shared_columns(self) -> list[pa.Array]:
        """Subsequence, predicted, true, and whether the last two agree, which both layouts have in this order."""
        sequences = self.rows.proteins["sequence"].to_pylist()
        places = zip(*(part.tolist() for part in self.spans[:3]), strict=True)
        subsequences = pa.array([sequences[protein][start:end] for protein, start, end in places], pa.string())
        labels = (self.rows.proteins[name].to_pylist() for name in ("predicted", "true"))
        correct = _correct(*labels).take(pa.array(self.spans.protein))
        return [subsequences, self.column("predicted"), self.column("true"), correct]


def _correct(predicted: list[str], true: list[str | None]) -> pa.BooleanArray:
    """Whether two labels name the same classes; null without a true one."""
    pairs = zip(predicted, true, strict=True)
    return pa.array(
        [None if label is None else _classes(guess) == _classes(label) for guess, label in pairs], pa.bool_()
    )


def _classes(label: str) -> frozenset[str]:
    """The classes that a label names, separated by ``;`` or ``|``."""
    return frozenset(part.strip() for part in label.replace("|", ";").split(";"))


def _batch(columns: list[pa.Array | npt.NDArray[Any]], schema: pa.Schema) -> pa.RecordBatch:
    typed = [pa.array(column).cast(field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(typed, schema=schema)
