"""How often our classes agree with DeepLoc's labels, and why not in the rest.

`pytest tests/psl_index/test_deeploc_agreement.py -rP` prints the numbers in docs/location-classes.md.
"""

from __future__ import annotations

import csv
import gzip
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from psl_index.classes import CLASSES, classes_of_label
from psl_index.locations import parse_locations
from tests.psl_index.location_reference import real_comments

EXPERIMENTAL = "ECO:0000269"

REASONS = {
    "none": "the entry has no location comment (another release than DeepLoc's)",
    "unspecific": "the entry says no more than Membrane or the like (another release)",
    "lacks": "the entry lacks a location of the label (another release)",
    "evidence": "the locations with experimental evidence alone, which DeepLoc kept, give the label",
    "molecule": "the label is right for the first molecule; other isoforms or chains are elsewhere",
    "gained": "experimental locations beside those of the label (added since, or read otherwise)",
    "mixed": "the label's locations are all there, not all with experimental evidence; others beside them",
}


@dataclass
class Protein:
    """Classes of one protein that DeepLoc labels."""

    label: set[str]
    stated: set[str] = field(default_factory=set)  # of all locations in the entry
    experimental: set[str] = field(default_factory=set)  # of those with experimental evidence
    main: set[str] = field(default_factory=set)  # of those of the whole protein, or else of its first molecule
    molecules: list[str | None] = field(default_factory=list)  # of every location

    @property
    def reason(self) -> str:
        """Why `stated` is not the label, a key of `REASONS`."""
        if not self.molecules:
            return "none"
        if not self.stated:
            return "unspecific"
        if not self.label <= self.stated:
            return "lacks"
        if self.experimental == self.label:
            return "evidence"
        if self.main == self.label:
            return "molecule"
        return "gained" if self.label < self.experimental else "mixed"


def test_deeploc1(real_data: Path) -> None:
    """A label of DeepLoc 1.0 is one class (rarely two), and agrees where the entry has it."""
    with gzip.open(real_data / "deeploc" / "deeploc1_index.tsv.gz", "rt") as table:
        labels = {row["accession"]: row["location"] for row in csv.DictReader(table, delimiter="\t")}
    proteins = labelled_proteins(real_data, labels)
    report("DeepLoc 1.0", proteins)
    others = [protein.reason for protein in proteins.values() if not protein.label <= protein.stated]
    print(f"label not among our classes: {len(others)}, {dict(Counter(others))}")
    assert len(proteins) == 123
    assert len(others) <= 3


def test_deeploc2(real_data: Path) -> None:
    """A label of DeepLoc 2.0 is all classes with experimental evidence."""
    with gzip.open(real_data / "deeploc" / "deeploc2_train_validation.csv.gz", "rt") as table:
        labels = {row["ACC"]: row["Labels"] for row in csv.DictReader(table)}
    proteins = labelled_proteins(real_data, labels)
    report("DeepLoc 2.0", proteins)
    others = Counter(protein.reason for protein in proteins.values() if protein.label != protein.stated)
    for reason, meaning in REASONS.items():
        print(f"{others[reason]:4d} {meaning}")
    assert len(proteins) == 336
    assert others.total() == sum(others[reason] for reason in REASONS)
    assert mean(protein.label == protein.stated for protein in proteins.values()) > 0.78
    assert mean(protein.label == protein.experimental for protein in proteins.values()) > 0.87
    assert mean(protein.label <= protein.stated for protein in proteins.values()) > 0.97
    assert mean(jaccard(protein.label, protein.stated) for protein in proteins.values()) > 0.88
    assert mean(jaccard(protein.label, protein.experimental) for protein in proteins.values()) > 0.91


@pytest.mark.parametrize(
    ("stated", "experimental", "main", "reason"),
    [
        ("", "", "", "unspecific"),
        ("n", "n", "n", "lacks"),
        ("ncp", "nc", "nc", "evidence"),
        ("ncp", "ncp", "nc", "molecule"),
        ("ncp", "ncp", "ncp", "gained"),
        ("ncp", "n", "n", "mixed"),
    ],
)
def test_reasons(stated: str, experimental: str, main: str, reason: str) -> None:
    assert Protein(set("nc"), set(stated), set(experimental), set(main), [None]).reason == reason
    assert Protein(set("nc")).reason == "none"


def labelled_proteins(real_data: Path, labels: dict[str, str]) -> dict[str, Protein]:
    """The entries of real_sprot that have a label, by accession."""
    path = real_data / "sprot" / "real_sprot.dat.gz"
    with gzip.open(path, "rt", encoding="latin-1") as lines:
        accessions = {line[5:].split(";")[0] for line in lines if line.startswith("AC")}
    proteins = {
        accession: Protein({c for part in label.split("|") for c in classes_of_label(part)})
        for accession, label in labels.items()
        if accession in accessions
    }
    comments = [(accession, text) for accession, text in real_comments(path) if accession in proteins]
    texts = pa.array([text for _, text in comments])
    located: dict[str, list[dict[str, str]]] = {accession: [] for accession, _ in comments}
    for row in parse_locations(texts, np.arange(len(comments), dtype=np.uint32)).to_pylist():
        located[comments[row["entry"]][0]].append(row)
    for accession, rows in located.items():
        protein = proteins[accession]
        protein.molecules = [row["molecule"] for row in rows]
        first = None if None in protein.molecules else protein.molecules[0]
        classed = [row for row in rows if row["class"]]
        experimental = [row for row in classed if EXPERIMENTAL in row["evidence"]]
        protein.stated = {row["class"] for row in classed}
        protein.experimental = {row["class"] for row in experimental}
        protein.main = {row["class"] for row in experimental if row["molecule"] == first}
    return proteins


def report(name: str, proteins: dict[str, Protein]) -> None:
    """Print the table of one data set."""
    print(f"\n{name}: {len(proteins)} proteins of real_sprot")
    for heading, chosen in (("all locations", "stated"), ("experimental", "experimental")):
        pairs = [(protein.label, getattr(protein, chosen)) for protein in proteins.values()]
        exact, within = sum(a == b for a, b in pairs), sum(a <= b for a, b in pairs)
        print(f"{heading}: equal {exact}, label within {within}, Jaccard {mean(jaccard(*p) for p in pairs):.3f}")
    print(f"{'class':22s}{'label':>7s}{'both':>7s}{'only ours':>11s}{'only ours, experimental':>25s}")
    for psl_class in CLASSES:
        labelled = [protein for protein in proteins.values() if psl_class in protein.label]
        rest = [protein for protein in proteins.values() if psl_class not in protein.label]
        both = sum(psl_class in protein.stated for protein in labelled)
        ours = sum(psl_class in protein.stated for protein in rest)
        experimental = sum(psl_class in protein.experimental for protein in rest)
        print(f"{psl_class:22s}{len(labelled):7d}{both:7d}{ours:11d}{experimental:25d}")


def jaccard(a: set[str], b: set[str]) -> float:
    return len(a & b) / len(a | b)


def mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
