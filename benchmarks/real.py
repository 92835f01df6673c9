"""The real data: indexed, and the study's subsequences scored."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Finding, median_seconds, timed
from psl_eval import hit_rate
from psl_eval.proteins import read_proteins
from psl_eval.subsequences import read_subsequences
from psl_index import Index, build


def build_findings(data: Path, folder: Path) -> Iterator[Finding]:
    """Index the real Swiss-Prot entries and DeepLoc 2.0."""
    for name, source in (
        ("real_sprot", data / "sprot" / "real_sprot.dat.gz"),
        ("deeploc2", data / "deeploc" / "deeploc2_train_validation.csv.gz"),
    ):
        seconds, summary = timed(lambda name=name, source=source: build([source], folder / name))
        yield Finding(
            f"index {source.name}",
            seconds,
            "s",
            detail=f"{summary.entries:,} entries, {summary.annotated:,} with a class, {summary.residues:,} residues",
        )


def score_findings(data: Path, index: Index) -> Iterator[Finding]:
    """Score the released attention subsequences against DeepLoc 2.0, with and without the self hit."""
    subsequences = read_subsequences(data / "released" / "lstm_attention_subsequences.csv.gz")
    proteins = read_proteins(data / "released" / "test_sentences.txt.gz")
    seconds = median_seconds(lambda: hit_rate(index, subsequences, proteins=proteins), 5)
    rates = hit_rate(index, subsequences, proteins=proteins)
    for row in rates.summary.to_pylist():
        if row["subset"] == "all":
            yield Finding(
                f"hit rate of {row['subsequences']:,} released attention subsequences, {row['exclusion']}",
                row["hit_rate"],
                row["definition"],
                detail=f"{row['proteins_scored']:,} proteins and {row['subsequences_scored']:,} subsequences scored",
            )
    yield Finding("score them", seconds, "s", detail="index opened, files read")
