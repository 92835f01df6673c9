"""Proteins with annotated sorting signals, read from an index: signal and transit peptides, and targeting motifs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.experiments.drawn_proteins import chosen, drawn_proteins
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.held_out import learned_entries
from psl_eval.experiments.models import NamedModel
from psl_eval.explanations.asked import Asked
from psl_index.errors import InputError
from psl_models.datasets.proteins import Protein, dataset_of

if TYPE_CHECKING:
    from psl_index.index import Index

#: Residues of a protein at most; the models that come with the package have not learned from longer ones.
LONGEST: Final = 1000


class Known(NamedTuple):
    """A kind of feature, as flat files annotate it."""

    name: str
    type: str
    words: str  # in its note, in lower case; empty: any
    to_end: bool  # distance from its last residue, where it is cleaved; else from its nearest
    last: bool  # it ends with the protein; peaks of other proteins are laid beside it from that end


#: KDEL and SKL stand for their variants as well (HDEL, RDEL; AKL, SQL), which differ from one kingdom to another.
KNOWN: Final = (
    Known("SIGNAL", "SIGNAL", "", to_end=True, last=False),
    Known("TRANSIT", "TRANSIT", "", to_end=True, last=False),
    Known("KDEL", "MOTIF", "prevents secretion from er", to_end=False, last=True),
    Known("SKL", "MOTIF", "microbody targeting signal", to_end=False, last=True),
    Known("NLS", "MOTIF", "nuclear localization signal", to_end=False, last=False),
)


class Span(NamedTuple):
    """Where a feature is: first and last residue, from 1."""

    start: int
    end: int


#: By the name of a kind, the spans in each protein that has some, by its number.
Spans = dict[str, dict[int, list[Span]]]


@dataclass(frozen=True, eq=False)
class KnownFeatures:
    """Proteins with the features that are annotated in them.

    Attributes
    ----------
    asked : Asked
    spans : Spans
        By the numbers of `asked`, of the proteins that were drawn for a kind.
    having : mapping of str to frozenset of int
        Proteins with a feature of a kind, drawn for it or not, whether or not it is known where.
    index : str
        Digest of the index that they are from.
    """

    asked: Asked
    spans: Spans
    having: Mapping[str, frozenset[int]]
    index: str

    def as_json(self) -> dict[str, object]:
        """What they are, for a manifest."""
        return {
            "index": self.index,
            "proteins": {"number": len(self.asked.sequences), "digest": digest_of_proteins(self.asked)},
            "longest": LONGEST,
            "with": {name: len(spans) for name, spans in self.spans.items()},
        }


def known_features(
    index: Index, models: Sequence[NamedModel], most: int, seed: int, *, trained_too: bool = False
) -> KnownFeatures:
    """At most so many proteins of each kind of an index, without those that a model has learned from.

    Features of unknown start or end are not measured, and proteins of more than `LONGEST` residues are left out.
    Entries with the same residues are one protein.

    Raises
    ------
    InputError
        The index has none of them: it is of no flat file, or a model has learned from all.
    """
    annotated = _annotated(index)
    entries = sorted({entry for of_kind in annotated.values() for entry in of_kind})
    if not entries:
        problem = "has no entry with an annotated signal, transit peptide or targeting motif"
        raise InputError(problem, file=str(index.path), remedy="give an index that was built from flat files")
    every = _proteins(index, entries)
    learned = np.zeros(0, np.int64) if trained_too else learned_entries(index, models)
    kept = np.flatnonzero(~np.isin(entries, learned)).tolist()
    first = {every.sequences[row]: row for row in reversed(kept)}
    row_of = {entries[row]: first[every.sequences[row]] for row in kept}
    spans, having = _of_rows(annotated, row_of)
    drawn = {name: _drawn(every, of_kind, most, seed) for name, of_kind in spans.items()}
    rows = np.unique(np.concatenate([*drawn.values()]))
    if not len(rows):
        problem = f"has no entry with such a feature, of at most {LONGEST:,} residues, that no model has learned from"
        raise InputError(problem, file=str(index.path), remedy="give another, or keep these with --trained-too")
    place = {row: number for number, row in enumerate(rows.tolist())}
    return KnownFeatures(
        chosen(every, rows),
        {name: {place[row]: spans[name][row] for row in drawn[name].tolist()} for name in spans},
        {name: frozenset(place[row] for row in of_kind if row in place) for name, of_kind in having.items()},
        index.manifest.digest,
    )


def _annotated(index: Index) -> dict[str, dict[int, list[Span | None]]]:
    """By kind and entry what is annotated; None for what is not known where, or not at the end where it belongs."""
    found: dict[str, dict[int, list[Span | None]]] = {known.name: {} for known in KNOWN}
    features = index.features
    types = pa.array(sorted({known.type for known in KNOWN}))
    rows = features.filter(pc.is_in(features["type"], types)).to_pylist()
    wanted = sorted({row["entry"] for row in rows})
    lengths = index.read("entries", ["length"])["length"].take(pa.array(wanted, pa.int64())).to_pylist()
    length_of = dict(zip(wanted, lengths, strict=True))
    for row in rows:
        for known in KNOWN:
            if row["type"] == known.type and known.words in (row["qualifier"] or "").lower():
                span = _span_of(row, known, length_of[row["entry"]])
                found[known.name].setdefault(row["entry"], []).append(span)
    return found


def _span_of(row: dict[str, Any], known: Known, length: int) -> Span | None:
    """Where a feature is, in a protein of this length."""
    if row["start"] is None or row["end"] is None or (known.last and row["end"] != length):
        return None
    return Span(row["start"], row["end"])


def _of_rows(
    annotated: Mapping[str, Mapping[int, Sequence[Span | None]]], row_of: Mapping[int, int]
) -> tuple[Spans, dict[str, set[int]]]:
    """By kind the spans of each protein, by its row, the first entry's of several; and the rows that have any."""
    spans: Spans = {name: {} for name in annotated}
    having: dict[str, set[int]] = {name: set() for name in annotated}
    for name, of_kind in annotated.items():
        for entry, found in of_kind.items():
            if entry in row_of:
                row = row_of[entry]
                having[name].add(row)
                known = [span for span in found if span is not None]
                if known:
                    spans[name].setdefault(row, known)
    return spans, having


def _proteins(index: Index, entries: Sequence[int]) -> Asked:
    """The proteins of these entries, without classes."""
    table = index.read("entries", ["accession", "sequence"]).take(pa.array(entries))
    sequences = table["sequence"].to_pylist()
    proteins = [
        Protein(accession, accession, sequence, (), 0)
        for accession, sequence in zip(table["accession"].to_pylist(), sequences, strict=True)
    ]
    return Asked(dataset_of(proteins, multi_label=True, files=[str(index.path)], records=[]), sequences)


def _drawn(asked: Asked, spans: Mapping[int, Sequence[Span]], most: int, seed: int) -> npt.NDArray[np.int64]:
    """Rows of at most so many of the proteins that have a feature."""
    rows = np.array(sorted(spans), np.int64)
    return rows[drawn_proteins(chosen(asked, rows), most, seed, longest=LONGEST)]
