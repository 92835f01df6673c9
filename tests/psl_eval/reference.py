"""The hit rate in plain Python, word for word as the definitions read: what the kernels must agree with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    """A protein of the data base."""

    accession: str
    sequence: str
    classes: frozenset[str]


class Scored(NamedTuple):
    """What a row of `subsequences.tsv` must say."""

    entries: int
    matching: int
    hit_rate: float | None


def starts_of(subsequence: str, sequence: str) -> list[int]:
    """All places where a subsequence starts, 1-based, overlapping ones included."""
    starts = []
    at = sequence.find(subsequence)
    while at >= 0:
        starts.append(at + 1)
        at = sequence.find(subsequence, at + 1)
    return starts


def own_entries(identifier: str | None, sequence: str | None, database: Sequence[Entry]) -> set[int]:
    """Entries that the exclusion `self` leaves out."""
    named = {number for number, entry in enumerate(database) if entry.accession == identifier}
    return named or {number for number, entry in enumerate(database) if entry.sequence == sequence}


def score(
    subsequence: str, p: int, psl_class: str, database: Sequence[Entry], excluded: set[int], definition: str
) -> Scored:
    """Hit rate of one subsequence that starts at `p` (1-based)."""
    total, entries, matching = 0.0, 0, 0
    for number, entry in enumerate(database):
        starts = starts_of(subsequence, entry.sequence)
        if number in excluded or not entry.classes or not starts:
            continue
        entries += 1
        q = min(starts, key=lambda start: (abs(start - p), start))
        if psl_class in entry.classes:
            matching += 1
            total += 1 if definition == "unweighted" or q == p else 1 / abs(q - p)
    return Scored(entries, matching, total / entries if entries else None)


def mean(rates: Sequence[float | None]) -> float | None:
    """Mean over what is not missing."""
    known = [rate for rate in rates if rate is not None]
    return sum(known) / len(known) if known else None
