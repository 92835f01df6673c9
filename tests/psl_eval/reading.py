"""Subsequences read whole, for tests."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from psl_eval.inputs.subsequences import SUBSEQUENCES, open_subsequences
from psl_eval.queries.proteins import Proteins, QueryBook


def read_all(subsequences: Any, *, skip_bad: bool = False) -> pa.Table:
    with open_subsequences(subsequences, skip_bad=skip_bad) as reader:
        return pa.concat_tables([SUBSEQUENCES.empty_table(), *reader.batches()])


def read_book(subsequences: Any, proteins: Proteins | None) -> tuple[QueryBook, list[int]]:
    """The book once all has been read, and the number of each row's query."""
    with open_subsequences(subsequences) as reader:
        book = QueryBook(reader, proteins)
        return book, [number for rows in book.batches() for number in rows.query.tolist()]
