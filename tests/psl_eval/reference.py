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


def identical_entries(identifier: str | None, sequence: str | None, database: Sequence[Entry]) -> set[int]:
    """Entries that the exclusion `identical` leaves out."""
    own = own_entries(identifier, sequence, database)
    sequences = {sequence} if sequence else {database[number].sequence for number in own}
    return own | {number for number, entry in enumerate(database) if entry.sequence in sequences}


def cluster_entries(
    identifier: str | None,
    sequence: str | None,
    database: Sequence[Entry],
    lines: Sequence[tuple[str, str]],
    sequence_name: str | None = None,
) -> set[int]:
    """Entries that the exclusion `cluster` leaves out; `sequence_name` is what the file calls a nameless protein."""
    identical = identical_entries(identifier, sequence, database)
    family: set[str] = set()
    for names in ({identifier}, {sequence_name}, {database[number].accession for number in identical}):
        family = family or set().union(*(joined_with(name, lines) for name in names))
    return identical | {number for number, entry in enumerate(database) if entry.accession in family}


def joined_with(name: str | None, lines: Sequence[tuple[str, str]]) -> set[str]:
    """All names that lines join with `name`, through however many others; none where no line has it."""
    family = {name} & {each for line in lines for each in line}
    while more := {each for line in lines if family & set(line) for each in line} - family:
        family |= more
    return family


def released(
    rows: Sequence[tuple[str, int]], database: Sequence[Entry], excluded: set[int], named: Sequence[bool]
) -> tuple[list[Scored], float]:
    """Rows and rate of one protein by the study's code: its subsequences with their places (1-based), in order.

    ``named[number]`` tells whether the text of an entry's first location names the class.
    """
    left = {subsequence: p - 1 for subsequence, p in rows}
    credited: dict[int, tuple[str, float]] = {}
    for subsequence in left:
        for number, entry in enumerate(database):
            if number in excluded or number in credited or not entry.classes or subsequence not in entry.sequence:
                continue
            q = entry.sequence.find(subsequence) + 1
            away = q - left[subsequence]
            credited[number] = (subsequence, 1 if away == 0 else min(abs((len(subsequence) - 1) / away), 1))
    scored = []
    for place, (subsequence, _) in enumerate(rows):
        first = subsequence not in [earlier for earlier, _ in rows[:place]]
        own = {number: weight for number, (holder, weight) in credited.items() if first and holder == subsequence}
        matching = [number for number in own if named[number]]
        total = sum(own.values())
        rate = sum(own[number] for number in matching) / total if total else None
        scored.append(Scored(len(own), len(matching), rate))
    weights = sum(weight for _, weight in credited.values())
    hits = sum(weight for number, (_, weight) in credited.items() if named[number])
    return scored, hits / weights if weights else 0.0


def jaccard(subsequence: str, p: int, labels: frozenset[str], database: Sequence[Entry], near: bool) -> float | None:
    """Mean over the annotated entries of the Jaccard index of classes, by nearness where `near`."""
    terms = []
    for entry in database:
        starts = starts_of(subsequence, entry.sequence)
        if entry.classes and starts:
            weight = 1 / max(1, min(abs(q - p) for q in starts)) if near else 1
            terms.append(weight * len(labels & entry.classes) / len(labels | entry.classes))
    return mean(terms)


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
