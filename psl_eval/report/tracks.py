"""Subsequences as the page underlines them, each table with the explanation that it was taken from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.experiments.wording import counted
from psl_eval.inputs.subsequences import open_subsequences
from psl_eval.report.explanations import Explanation
from psl_index.file_records import FileRecord

_CLOSE: Final = 1e-4  # of a mean score: files hold float32
_LOOKED_AT: Final = 200  # subsequences that tell which explanation a table was taken from

Key = tuple[str, int, int]
"""Identifier of the protein, first residue from 1, last residue: what names a subsequence."""


class Picked(NamedTuple):
    """A subsequence that stands out."""

    start: int  # from 1
    end: int  # from 1, inclusive
    score: float | None  # what the explanation gave it


@dataclass(frozen=True, eq=False)
class Track:
    """The subsequences of one table.

    Attributes
    ----------
    name : str
    path : Path
    record : FileRecord
        Of the file, by which hit rates say what they are of.
    rows : pyarrow.Table
        Columns of `psl_eval.inputs.subsequences.SUBSEQUENCES`, the good ones.
    skipped : str or None
        How many rows are bad and passed over, and what is wrong with the first.
    explanation : str or None
        Name of the explanation whose scores these are.
    """

    name: str
    path: Path
    record: FileRecord
    rows: pa.Table
    skipped: str | None
    explanation: str | None

    @cached_property
    def picked(self) -> Mapping[str, Sequence[Picked]]:
        """The subsequences by the identifier of their protein, in the order of the table."""
        found: dict[str, list[Picked]] = {}
        for row in self.rows.to_pylist():
            found.setdefault(row["query"], []).append(Picked(row["start"], row["end"], row["score"]))
        return found

    def of_proteins(self, queries: Iterable[str]) -> pa.Table:
        """The rows of some proteins."""
        return self.rows.filter(pc.is_in(self.rows["query"], pa.array(queries, pa.string())))


def read_track(name: str, path: Path, explanations: Iterable[Explanation]) -> Track:
    """Read a table of subsequences; errors as of `psl_eval.inputs.subsequences.open_subsequences`."""
    with open_subsequences(path, skip_bad=True) as reader:
        rows = _distinct(pa.concat_tables(reader.batches()))
    assert reader.record is not None  # of a file there is one
    skipped = f"passed over: {counted(reader.skipped, 'bad row')}; the first: {reader.first_skipped}"
    read = Track(name, path, reader.record, rows, skipped if reader.skipped else None, None)
    taken_from = next((each.name for each in explanations if _is_of(read.picked, each)), None)
    return replace(read, explanation=taken_from)


def _distinct(rows: pa.Table) -> pa.Table:
    """Rows without those that name a subsequence again."""
    keys = zip(*(rows[name].to_pylist() for name in ("query", "start", "end")), strict=True)
    first: dict[Key, int] = {}
    for at, key in enumerate(keys):
        first.setdefault(key, at)
    return rows.take(pa.array(first.values(), pa.int64()))


def _is_of(picked: Mapping[str, Sequence[Picked]], explanation: Explanation) -> bool:
    """Whether scores are means of those of an explanation, or of their sizes, as `pslidx extract` writes them."""
    looked_at = ((query, each) for query, of_protein in picked.items() for each in of_protein)
    compared = []
    for query, each in islice(looked_at, _LOOKED_AT):
        protein = explanation.proteins.get(query)
        if protein is not None and each.score is not None and each.end <= len(protein.scores):
            scores = protein.scores[each.start - 1 : each.end].astype(np.float64)
            compared.append([each.score, scores.mean(), np.abs(scores).mean()])
    if not compared:
        return False
    score, *means = np.array(compared).T
    return any(np.allclose(mean, score, rtol=_CLOSE, atol=0) for mean in means)
