"""The real data: indexed, and the study's subsequences scored."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.inputs import DATA, REAL, build_index, real_index
from benchmarks.report import Finding
from benchmarks.timing import repeated
from psl_eval import hit_rate
from psl_eval.queries.proteins import read_proteins


def build_findings(bench: Path) -> Iterator[Finding]:
    """Index the real Swiss-Prot entries and DeepLoc 2.0."""
    for name, source in REAL.items():
        runs = repeated(partial(build_index, name, bench), 3)
        summary = build_index(name, bench)
        yield Finding(
            f"index {source.name}",
            runs.median,
            "s",
            f"{summary.entries:,} entries, {summary.annotated:,} with a class, {summary.residues:,} residues; {runs}",
        )


def score_findings(bench: Path) -> Iterator[Finding]:
    """Score the released attention subsequences against DeepLoc 2.0, with and without the self hit."""
    index = real_index("deeploc2", bench)
    subsequences = DATA / "released" / "lstm_attention_subsequences.csv.gz"
    proteins = read_proteins(DATA / "released" / "test_sentences.txt.gz")
    runs = repeated(lambda: hit_rate(index, subsequences, proteins=proteins), 5)
    rates = hit_rate(index, subsequences, proteins=proteins)
    for row in rates.summary.to_pylist():
        if row["subset"] == "all":
            yield Finding(
                f"hit rate of released attention, {row['exclusion']}",
                row["hit_rate"],
                row["definition"],
                f"{row['proteins_scored']:,} proteins and {row['subsequences_scored']:,} of {row['subsequences']:,} "
                "subsequences scored",
            )
    yield Finding("score them", runs.median, "s", f"index opened, files read; {runs}")
