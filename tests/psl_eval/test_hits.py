"""Every occurrence: rows against the plain-Python reference, and hit rates made of them again."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from psl_eval.choices import Choices
from psl_eval.hit_rates import hit_rate
from psl_eval.run import Run
from psl_eval.scoring import hits
from psl_eval.scoring import scorer as scoring
from psl_index import Index
from tests.psl_eval.reference import starts_of

DATABASE = [
    ("A", "MGKKRKVEE", ["Nucleus"]),
    ("B", "MSTAAKKRKVGGKKRKV", ["Nucleus", "Cytoplasm"]),
    ("C", "MKKRKVA", ["Extracellular"]),
    ("D", "MAKKRKVEE", []),
    ("Q", "MAKKRKVEDP", ["Nucleus"]),
]
ROWS = pa.table(
    {
        "query": ["Q", "Q", "A", "Q"],
        "start": [3, 8, 3, 4],
        "end": [7, 10, 4, 5],
        "subsequence": ["KKRKV", "EDP", "KK", "KR"],
        "predicted": ["Nucleus", "Nucleus", "Nucleus", "Nucleus"],
        "true": ["Cytoplasm", "Cytoplasm", "Nucleus", "Cytoplasm"],
    }
)


@pytest.fixture(scope="module", params=[None, 18])
def index(build_index: Callable[..., Index], request: pytest.FixtureRequest) -> Index:
    return build_index(DATABASE, **({} if request.param is None else {"shard_residues": request.param}))


def test_rows_are_all_occurrences(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hits, "_HITS_AT_ONCE", 3)
    monkeypatch.setattr(hits, "_ROWS_AT_ONCE", 2)
    run = Run(index, ROWS, Choices(against="both"))
    found = [row for batch in run.hits() for row in batch.to_pylist()]
    expected = []
    for row in ROWS.to_pylist():
        for accession, sequence, classes in DATABASE:
            starts = starts_of(row["subsequence"], sequence)
            nearest = min(starts, key=lambda start: (abs(start - row["start"]), start), default=None)
            for start in starts:
                expected.append(
                    {name: row[name] for name in ("query", "start", "end", "subsequence")}
                    | {
                        "accession": accession,
                        "entry_start": start,
                        "entry_end": start + len(row["subsequence"]) - 1,
                        "distance": abs(start - row["start"]),
                        "nearest": start == nearest,
                        "counts": bool(classes),
                        "excluded": accession == row["query"],
                        "classes": classes,
                        "matches": [label for label in ("predicted", "true") if row[label] in classes],
                    }
                )
    assert found == expected


def test_hit_rates_can_be_made_of_them_again(index: Index) -> None:
    run = Run(index, ROWS, Choices())
    found = [row for batch in run.hits() for row in batch.to_pylist()]
    rates = hit_rate(index, ROWS).subsequences.to_pylist()
    for row in rates:
        counted = [
            hit
            for hit in found
            if (hit["query"], hit["start"], hit["end"]) == (row["query"], row["start"], row["end"])
            and hit["nearest"]
            and hit["counts"]
            and not hit["excluded"]
        ]
        assert len(counted) == row["entries"]
        weights = [1 / max(1, hit["distance"]) for hit in counted if hit["matches"]]
        assert row["hit_rate"] == (pytest.approx(sum(weights) / len(counted)) if counted else None)


def test_motifs_have_no_place(index: Index) -> None:
    motifs = pa.table({"peptide": ["KKRKV", "WWW"], "class": ["Nucleus", "Plastid"]})
    run = Run(index, motifs, Choices(definition="unweighted", exclude="none"))
    (batch,) = list(run.hits())
    assert {*batch["start"].to_pylist(), *batch["distance"].to_pylist(), *batch["nearest"].to_pylist()} == {None}
    assert batch["accession"].to_pylist() == ["A", "B", "B", "C", "D", "Q"]


def test_scoring_in_pieces_changes_nothing(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = hit_rate(index, ROWS, against="both")
    monkeypatch.setattr(scoring, "_ROWS_AT_ONCE", 1)
    in_pieces = hit_rate(index, ROWS, against="both")
    assert in_pieces.subsequences == at_once.subsequences
    assert in_pieces.summary == at_once.summary
