"""Which entries hold a subsequence, which of them count, and with which weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval import hit_rate, write_hit_rates
from psl_eval.choices import Choices
from psl_eval.report.entries import MOST, REASONS, described, held_by
from psl_eval.report.rates import read_rates_of
from psl_eval.run import Run
from psl_index import Index, build
from tests.flatfiles import entry

BuildIndex = Callable[..., Index]
QUERY = "MAAKRKAAA"
NUCLEAR = "CC   -!- SUBCELLULAR LOCATION: Nucleus {ECO:0000269|PubMed:1}."
ROWS = [
    ("P1", QUERY, ["Nucleus"]),  # the protein itself
    ("P2", "MKRKAAKRK", ["Nucleus"]),  # twice; the second is 3 residues away, the first 2
    ("P3", "KRK", ["Cytoplasm"]),
    ("P4", "AAAAAAAAKRK", []),
    ("P5", "MAAKRKA", ["Nucleus", "Cytoplasm"]),
    ("P6", "MAAAAAAA", ["Nucleus"]),  # does not hold it
]
SUBSEQUENCES = pa.table({"query": ["P1"], "start": [4], "end": [6], "subsequence": ["KRK"], "predicted": ["Nucleus"]})


@pytest.fixture(scope="module")
def index(build_index: BuildIndex) -> Index:
    return build_index(ROWS)


@pytest.mark.parametrize(("definition", "of_p2"), [("paper", 1 / 2), ("unweighted", 1.0)])
def test_every_occurrence_with_its_reason_and_weight(index: Index, definition: str, of_p2: float) -> None:
    run = Run(index, SUBSEQUENCES, Choices(definition), threads=1)
    ((key, held),) = held_by(run.hits(), weighted=definition == "paper")
    assert key == ("P1", 4, 6)
    assert held.occurrences == 6
    assert sorted((accession, at, REASONS[reason], weight) for accession, at, reason, weight in held.first) == [
        ("P1", 4, "no, left out", 0.0),
        ("P2", 2, "yes, lives there", of_p2),
        ("P2", 7, "no, another in this entry is nearer", 0.0),
        ("P3", 1, "yes, lives elsewhere", 0.0),
        ("P4", 9, "no, not among the entries that count", 0.0),
        ("P5", 4, "yes, lives there", 1.0),
    ]
    counts = [REASONS[reason].startswith("yes") for _, _, reason, _ in held.first]
    assert counts == sorted(counts, reverse=True)


def test_weights_add_up_to_the_hit_rate(index: Index) -> None:
    run = Run(index, SUBSEQUENCES, Choices(), threads=1)
    ((_, held),) = held_by(run.hits(), weighted=True)
    counted = [weight for _, _, reason, weight in held.first if REASONS[reason].startswith("yes")]
    tables = {name: list(batches) for name, _, batches in run.tables()}
    (row,) = pa.Table.from_batches(tables["subsequences"]).to_pylist()
    assert row["entries"] == len(counted)
    assert sum(counted) / len(counted) == pytest.approx(row["hit_rate"])


def test_of_many_the_first_that_count(build_index: BuildIndex) -> None:
    rows = [(f"A{number}", "KRK" * 2, ["Nucleus"] if number % 2 else []) for number in range(60)]
    index = build_index([("P1", QUERY, ["Nucleus"]), *rows])
    ((_, held),) = held_by(Run(index, SUBSEQUENCES, Choices(), threads=1).hits(), weighted=True)
    assert held.occurrences == 121
    assert len(held.first) == MOST
    assert [reason for _, _, reason, _ in held.first] == [0] * 30 + [2] + [3] * 19


@given(st.lists(st.integers(1, 40)))
def test_batches_may_be_cut_anywhere(
    cuts: Sequence[int],
) -> None:
    whole = HITS_OF_TWO

    def pieces() -> Iterator[pa.RecordBatch]:
        ends = [*np.cumsum(cuts).tolist(), len(whole)]
        for first, last in zip([0, *ends], ends, strict=False):
            if first < min(last, len(whole)):
                yield whole.slice(first, last - first)

    assert list(held_by(pieces(), weighted=True)) == list(held_by([whole], weighted=True))


def _hits_of_two() -> pa.RecordBatch:
    """Made up: twelve occurrences of five subsequences, two of which are of the same place in different proteins."""
    query = ["A"] * 4 + ["A"] * 2 + ["B"] * 3 + ["C"] + ["C"] * 2
    start = [1] * 4 + [9] * 2 + [9] * 3 + [1] + [5] * 2
    rows = len(query)
    return pa.RecordBatch.from_pydict(
        {
            "query": query,
            "start": pa.array(start, pa.uint32()),
            "end": pa.array([each + 3 for each in start], pa.uint32()),
            "accession": [f"E{number}" for number in range(rows)],
            "entry_start": pa.array(range(rows), pa.uint32()),
            "distance": pa.array([number % 5 for number in range(rows)], pa.uint32()),
            "nearest": [number % 4 > 0 for number in range(rows)],
            "counts": [True] * rows,
            "excluded": [number % 3 == 0 for number in range(rows)],
            "matches": [["Nucleus"] if number % 2 else [] for number in range(rows)],
        }
    )


HITS_OF_TWO = _hits_of_two()


def test_entries_are_described(index: Index) -> None:
    found = described(index, ["P5", "P4", "P5"])
    assert {accession: entry["classes"] for accession, entry in found.items()} == {
        "P4": "",
        "P5": "Nucleus, Cytoplasm",
    }


@pytest.mark.parametrize("definition", ["paper", "unweighted"])
def test_weights_are_those_of_the_label_that_rates_are_against(index: Index, tmp_path: Path, definition: str) -> None:
    """Scored against both labels, an entry that has the true class alone weighs nothing for the predicted one."""
    table = SUBSEQUENCES.append_column("true", pa.array(["Cytoplasm"]))
    write_hit_rates(hit_rate(index, table, definition=definition, against="both", threads=1), tmp_path / "rates")
    rates = read_rates_of("made up", tmp_path / "rates", [])
    assert rates.against == "predicted"
    run = Run(index, table, rates.choices, threads=1)
    ((key, held),) = held_by(run.hits(), weighted=definition == "paper")
    counted = [each.weight for each in held.first if REASONS[each.reason].startswith("yes")]
    assert sum(counted) / len(counted) == pytest.approx(rates.of_subsequences[key]["hit_rate"])


def test_entries_that_a_lineage_leaves_out_do_not_count(tmp_path: Path) -> None:
    lineages = {"P00001": "Fungi", "P00002": "Metazoa", "P00003": "Metazoa"}
    lines = {name: [f"OC   Eukaryota; {lineage}.", NUCLEAR] for name, lineage in lineages.items()}
    texts = [entry(*lines[name], accession=name, sequence="MAAKRKA") for name in lineages]
    (tmp_path / "entries.dat").write_text("".join(texts))
    build([tmp_path / "entries.dat"], tmp_path / "index", threads=1)
    with Index.open(tmp_path / "index") as index:
        run = Run(index, SUBSEQUENCES, Choices(exclude="none", lineage="Fungi"), threads=1)
        ((_, held),) = held_by(run.hits(), weighted=True)
    reasons = {each.accession: REASONS[each.reason] for each in held.first}
    outside = "no, not among the entries that count"
    assert reasons == {"P00001": "yes, lives there", "P00002": outside, "P00003": outside}
