"""Small proteomes for tests: written as tables, built into indexes, and searched the slow way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from psl_index import Index, build


def write_table(path: Path, sequences: Sequence[str], locations: Sequence[str] | None = None) -> Path:
    """A TSV source with accessions P0, P1, ..."""
    places = locations or [""] * len(sequences)
    rows = [f"P{i}\t{sequence}\t{place}" for i, (sequence, place) in enumerate(zip(sequences, places, strict=True))]
    path.write_text("\n".join(["accession\tsequence\tlocations", *rows, ""]))
    return path


def build_index(
    folder: Path, sequences: Sequence[str], locations: Sequence[str] | None = None, **options: int
) -> Index:
    """An index of `sequences`, built in ``folder/index`` and opened."""
    build([write_table(folder / "proteome.tsv", sequences, locations)], folder / "index", **options)
    return Index.open(folder / "index")


def find_all(sequences: Sequence[str], peptide: str) -> list[tuple[int, int]]:
    """(entry, 1-based start) of every occurrence, overlapping ones included: the oracle of all searches."""
    found = []
    for entry, sequence in enumerate(sequences):
        at = sequence.find(peptide)
        while at >= 0:
            found.append((entry, at + 1))
            at = sequence.find(peptide, at + 1)
    return found
