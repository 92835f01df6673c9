"""What Swiss-Prot's annotation says of proteins: signals, transit peptides, spans of the membrane, motifs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.queries.identities import entries_with_accessions

if TYPE_CHECKING:
    from psl_index.index import Index

#: Types that are drawn, and how people call them; chains are whole proteins, and say nothing.
FEATURES: Final = {
    "SIGNAL": "signal peptide",
    "TRANSIT": "transit peptide",
    "PROPEP": "propeptide",
    "TRANSMEM": "transmembrane",
    "LIPID": "lipid anchor",
    "MOTIF": "motif",
}


class Annotated(NamedTuple):
    """Features of some proteins.

    Attributes
    ----------
    features : mapping of str to list of mapping
        By the identifier of the protein: type, start, end (from 1, inclusive) and note of each.
    other_sequence : int
        Proteins whose entry has other residues than they, cut or of another isoform or release: its features are
        those of other residues, and left out.
    """

    features: Mapping[str, list[dict[str, Any]]]
    other_sequence: int


def features_of(index: Index, sequences: Mapping[str, str]) -> Annotated:
    """Features of the proteins that the index has by their accession; `sequences` by their identifiers.

    Features whose ends are not both known are left out. Of several entries with one accession the first counts.
    """
    entry_of = _entries(index, list(sequences))
    wanted = pa.array(sorted(set(entry_of.values())), pa.uint32())
    entries = _of_entries(index.read("entries", ["entry", "sequence"]), wanted)
    own = dict(zip(entries["entry"].to_pylist(), entries["sequence"].to_pylist(), strict=True))
    same = {query: entry for query, entry in entry_of.items() if own[entry] == sequences[query]}
    queries_of: dict[int, list[str]] = {}
    for query, entry in same.items():
        queries_of.setdefault(entry, []).append(query)
    rows = _of_entries(index.read("features", ["entry", "type", "start", "end", "qualifier"]), wanted)
    rows = rows.filter(pc.and_(pc.is_valid(rows["start"]), pc.is_valid(rows["end"])))
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows.filter(pc.is_in(rows["type"], pa.array(FEATURES))).to_pylist():
        shown = {"type": row["type"], "start": row["start"], "end": row["end"], "note": row["qualifier"]}
        for query in queries_of.get(row["entry"], ()):
            found.setdefault(query, []).append(shown)
    return Annotated(found, len(entry_of) - len(same))


def _entries(index: Index, queries: list[str]) -> dict[str, int]:
    """The entry of each protein that has one."""
    found = entries_with_accessions(index, pa.array(queries, pa.string()))
    entry_of: dict[str, int] = {}
    for number, entry in found[np.lexsort(found.T[::-1])].tolist():
        entry_of.setdefault(queries[number], entry)
    return entry_of


def _of_entries(table: pa.Table, entries: pa.Array) -> pa.Table:
    return table.filter(pc.is_in(table["entry"].cast(pa.uint32()), entries))
