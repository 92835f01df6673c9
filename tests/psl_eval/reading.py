"""Subsequences read whole, for tests."""

from __future__ import annotations

from pathlib import Path
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


RELEASED = (
    "left,right,subsequence,predicted,true,classification,inputSequence\n"
    "0,3,MST,Nucleus,Cytoplasm,False,0\n"
    "110,117,LHRSGGH,Nucleus,Cytoplasm,False,0\n"
    "0,10,MAAAAGRSAW,Mitochondrion,Mitochondrion,True,7\n"
)


OWN: list[dict[str, Any]] = [
    {
        "query": "sp|P12345|AATM_RABIT",
        "start": 1,
        "end": 3,
        "subsequence": "MST",
        "predicted": "Nucleus",
        "true": "Cytoplasm",
        "correct": False,
        "score": 0.1,
    },
    {
        "query": "Q1",
        "start": 7,
        "end": 8,
        "subsequence": "UX",
        "predicted": "Golgi.apparatus",
        "true": None,
        "correct": None,
        "score": None,
    },
]


def delimited(rows: list[dict[str, Any]], delimiter: str) -> str:
    lines = [delimiter.join("" if value is None else str(value) for value in row.values()) for row in rows]
    return "\n".join([delimiter.join(rows[0]), *lines]) + "\n"


def written(tmp_path: Path, content: str) -> Path:
    path = tmp_path / "subsequences"
    path.write_bytes(content.encode())
    return path
