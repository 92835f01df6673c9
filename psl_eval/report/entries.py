"""The entries of the index that hold what stands out: which of them count, where, and with which weight."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.report.tracks import Key
from psl_index.batches import bit_lists
from psl_index.classes import CLASSES

if TYPE_CHECKING:
    from psl_index.index import Index

#: Occurrences of a subsequence that the page has; of all there is their number, and they are in the folder beside it.
MOST: Final = 50
#: Why an occurrence counts or does not; the page has their numbers.
REASONS: Final = (
    "yes, lives there",
    "yes, lives elsewhere",
    "no, left out",
    "no, not among the entries that count",
    "no, another in this entry is nearer",
)
_COUNTS: Final = 2  # the first reasons, by which an entry counts


class Occurrence(NamedTuple):
    """A place in an entry, as the page has it."""

    accession: str
    start: int  # of the subsequence there, from 1
    reason: int  # number in `REASONS`
    weight: float  # in the hit rate, to three digits; 0 where the entry does not match, or does not count


class Held(NamedTuple):
    """Where a subsequence is held.

    Attributes
    ----------
    occurrences : int
        In all entries.
    first : list of Occurrence
        At most `MOST` of them, those that count first.
    """

    occurrences: int
    first: list[Occurrence]


NOWHERE: Final = Held(0, [])


def held_by(batches: Iterable[pa.RecordBatch], *, weighted: bool) -> Iterator[tuple[Key, Held]]:
    """Every subsequence that some entry holds, and where.

    Parameters
    ----------
    batches : iterable of pyarrow.RecordBatch
        Of `psl_eval.run.Run.hits`.
    weighted : bool
        By the distance of the positions (definition ``paper``), or all alike.
    """
    for batch in _whole(batches):
        keys, first, counts = _groups(batch)
        reasons, weights = _reasons(batch), _weights(batch, weighted)
        accessions, places = batch["accession"], batch["entry_start"].to_numpy()
        for key, at, count in zip(keys, first.tolist(), counts.tolist(), strict=True):
            rows = np.arange(at, at + count)
            rows = rows[np.argsort(np.maximum(reasons[rows], _COUNTS - 1), kind="stable")][:MOST]
            names = accessions.take(pa.array(rows)).to_pylist()
            rounded = [float(f"{weight:.3g}") for weight in weights[rows].tolist()]
            shown = zip(names, places[rows].tolist(), reasons[rows].tolist(), rounded, strict=True)
            yield key, Held(count, [Occurrence(*each) for each in shown])


def described(index: Index, accessions: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Name, organism and classes of entries by their accession; of several with one accession those of the first."""
    wanted = pa.array(sorted(set(accessions)), pa.string())
    entries = index.read("entries", ["entry", "accession", "protein_name", "organism"])
    rows = entries.filter(pc.is_in(entries["accession"], wanted))
    classes = bit_lists(index.class_masks[rows["entry"].to_numpy()], CLASSES).to_pylist()
    found: dict[str, Mapping[str, Any]] = {}
    for row, of_row in zip(rows.to_pylist(), classes, strict=True):
        about = {"name": row["protein_name"], "organism": row["organism"], "classes": ", ".join(of_row)}
        found.setdefault(row["accession"], about)
    return found


def _whole(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Batches in which no subsequence is cut in two."""
    rest: pa.RecordBatch | None = None
    for batch in batches:
        joined = batch if rest is None else _joined(rest, batch)
        _, first, _ = _groups(joined)
        last = int(first[-1])
        if last:
            yield joined.slice(0, last)
        rest = joined.slice(last)
    if rest is not None:
        yield rest


def _joined(*batches: pa.RecordBatch) -> pa.RecordBatch:
    (joined,) = pa.Table.from_batches(batches).combine_chunks().to_batches()
    return joined


def _groups(batch: pa.RecordBatch) -> tuple[list[Key], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Subsequences in their order: their keys, the first row of each, and how many it has."""
    query = batch["query"].dictionary_encode().indices.to_numpy()
    start, end = (batch[name].to_numpy(zero_copy_only=False).astype(np.int64) for name in ("start", "end"))
    new = np.ones(len(batch), np.bool_)
    new[1:] = (np.diff(query) != 0) | (np.diff(start) != 0) | (np.diff(end) != 0)
    first = np.flatnonzero(new)
    names = batch["query"].take(pa.array(first)).to_pylist()
    keys = list(zip(names, start[first].tolist(), end[first].tolist(), strict=True))
    return keys, first, np.diff([*first, len(batch)])


def _reasons(batch: pa.RecordBatch) -> npt.NDArray[np.int64]:
    excluded, counts, nearest = (
        batch[name].to_numpy(zero_copy_only=False).astype(np.bool_) for name in ("excluded", "counts", "nearest")
    )
    matches = pc.list_value_length(batch["matches"]).to_numpy(zero_copy_only=False) > 0
    return np.select([excluded, ~counts, ~nearest, ~matches], [2, 3, 4, 1], 0)


def _weights(batch: pa.RecordBatch, weighted: bool) -> npt.NDArray[np.float64]:
    """Weight of each occurrence that counts in an entry that matches the label (equations 4 and 5 of the study)."""
    distance = batch["distance"].to_numpy(zero_copy_only=False).astype(np.float64)
    weight = 1 / np.maximum(distance, 1) if weighted else np.ones(len(batch))
    return np.where(_reasons(batch) == 0, weight, 0.0)
