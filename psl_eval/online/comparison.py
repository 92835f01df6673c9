"""What an index and a service say about the same peptides, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.online.answers import Answer, Match, is_isoform
from psl_eval.online.services import Service
from psl_index.index import Index

SAME: Final = "same"
DIFFERENT: Final = "different"
UNANSWERED: Final = "unanswered"

#: One row a peptide. Local is the index, remote the service. What is compared is null where there is no answer,
#: positions also where the service does not tell them.
VALIDATION: Final = pa.schema(
    [
        pa.field("peptide", pa.string(), nullable=False),  # upper case
        pa.field("status", pa.string(), nullable=False),  # same, different, unanswered
        pa.field("entries_both", pa.int64()),  # different accessions that both name
        pa.field("entries_only_local", pa.int64()),
        pa.field("entries_only_remote", pa.int64()),
        pa.field("positions_both", pa.int64()),  # different occurrences (accession, start, end) that both name
        pa.field("positions_only_local", pa.int64()),
        pa.field("positions_only_remote", pa.int64()),
        pa.field("only_local", pa.list_(pa.string())),  # the differences, as P12345:3-9, or P12345 without positions
        pa.field("only_remote", pa.list_(pa.string())),
        pa.field("isoforms", pa.list_(pa.string())),  # accessions with -N that either names; not compared
        pa.field("service", pa.string(), nullable=False),
        pa.field("local_release", pa.string()),  # null where it is not known
        pa.field("remote_release", pa.string()),
    ]
)

_LOCATED_AT_ONCE: Final = 1 << 10


@dataclass(frozen=True)
class Totals:
    """Sums over the rows of `VALIDATION`."""

    peptides: dict[str, int]  # by status
    entries: tuple[int, int, int]  # both, only local, only remote
    positions: tuple[int, int, int] | None  # None where the service does not tell them
    isoforms: int
    remote_releases: tuple[str, ...]


def compare(index: Index, service: Service, peptides: Sequence[str], answers: Mapping[str, Answer]) -> pa.Table:
    """Compare the answers of a service with those of an index, as `VALIDATION`.

    Parameters
    ----------
    peptides : sequence of str
        In upper case.
    answers : mapping of str to Answer
        Of the service, by peptide; a peptide that is not in it is unanswered.
    """
    rows: list[dict[str, Any]] = []
    for start in range(0, len(peptides), _LOCATED_AT_ONCE):
        part = peptides[start : start + _LOCATED_AT_ONCE]
        for peptide, local in zip(part, _local_matches(index, part), strict=True):
            row = _row(local, answers.get(peptide), service.tells_positions)
            rows.append({"peptide": peptide, "service": service.name, "local_release": index.manifest.release, **row})
    return pa.Table.from_pylist(rows, VALIDATION)


def totals(table: pa.Table) -> Totals:
    """What the rows of a comparison come to."""

    def summed(kind: str) -> tuple[int, int, int]:
        both, local, remote = (
            sum(number or 0 for number in table[f"{kind}_{side}"].to_pylist())
            for side in ("both", "only_local", "only_remote")
        )
        return both, local, remote

    status = table["status"].to_pylist()
    releases = set(table["remote_release"].to_pylist()) - {None}
    return Totals(
        {name: status.count(name) for name in (SAME, DIFFERENT, UNANSWERED)},
        summed("entries"),
        summed("positions") if table["positions_both"].null_count < len(table) else None,
        sum(len(isoforms or ()) for isoforms in table["isoforms"].to_pylist()),
        tuple(sorted(releases)),
    )


def _local_matches(index: Index, peptides: Sequence[str]) -> list[set[Match]]:
    """What the index says about each peptide."""
    found = index.locate(peptides)
    query, entry, start = (column.to_numpy() for column in found.columns)
    entries, place = np.unique(entry, return_inverse=True)
    accessions = index.describe(entries.astype(np.uint32))["accession"].to_pylist() if len(entries) else []
    matches: list[set[Match]] = [set() for _ in peptides]
    for number, which, first in zip(query.tolist(), place.tolist(), start.tolist(), strict=True):
        matches[number].add(Match(accessions[which], first, first + len(peptides[number]) - 1))
    return matches


def _row(local: set[Match], answer: Answer | None, tells_positions: bool) -> dict[str, Any]:
    if answer is None:
        return {"status": UNANSWERED}
    here = {Match(match.accession, match.start, match.end) for match in local if not is_isoform(match.accession)}
    there = {
        Match(match.accession, match.start, match.end) for match in answer.matches if not is_isoform(match.accession)
    }
    isoforms = {match.accession for match in (*local, *answer.matches) if is_isoform(match.accession)}
    row = _counts("entries", {Match(match.accession) for match in here}, {Match(match.accession) for match in there})
    if tells_positions:
        row |= _counts("positions", here, there)
    else:
        here = {Match(match.accession) for match in here}
    return row | {
        "status": SAME if here == there else DIFFERENT,
        "only_local": _written(here - there),
        "only_remote": _written(there - here),
        "isoforms": sorted(isoforms),
        "remote_release": answer.release,
    }


def _counts(kind: str, here: set[Match], there: set[Match]) -> dict[str, Any]:
    sides = {"both": here & there, "only_local": here - there, "only_remote": there - here}
    return {f"{kind}_{side}": len(matches) for side, matches in sides.items()}


def _written(matches: set[Match]) -> list[str]:
    in_order = sorted(matches, key=lambda match: (match.accession, match.start or 0))
    return [
        match.accession if match.start is None else f"{match.accession}:{match.start}-{match.end}" for match in in_order
    ]
