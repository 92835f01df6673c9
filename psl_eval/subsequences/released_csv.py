"""The layout of the study's published subsequences, as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

import pyarrow as pa

from psl_eval.results.encoders import Sink


class ReleasedCsv:
    """Writes batches of `psl_eval.subsequences.extraction.RELEASED` as the study has written its own.

    A header comes with the first row, or at the end of a table without rows. Truth is ``True`` or ``False``, a missing
    value is empty, and one that holds a comma, a quote or a line break is quoted.
    """

    def __init__(self, sink: Sink, schema: pa.Schema) -> None:
        self._sink = sink
        self._header: list[Sequence[str]] = [schema.names]

    def write(self, batch: pa.RecordBatch) -> None:
        """Write the rows of `batch`."""
        columns = [column.cast(pa.string()) if _is_float(column) else column for column in batch.columns]
        self._write(zip(*(column.to_pylist() for column in columns), strict=True))

    def finish(self) -> None:
        """Write the header of a table without rows."""
        self._write([])

    def _write(self, rows: Iterable[Sequence[object]]) -> None:
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows([*self._header, *rows])
        self._header = []
        self._sink.write(lines.getvalue().encode())


def _is_float(column: pa.Array) -> bool:
    return bool(pa.types.is_floating(column.type))
