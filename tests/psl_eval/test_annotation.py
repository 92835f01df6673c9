"""Which entries count: by evidence, review and lineage; against what a flat file says, read by hand."""

from __future__ import annotations

import pyarrow as pa
import pytest

from psl_eval import hit_rate
from psl_index import Index, build
from psl_index.errors import UsageError
from tests.flatfiles import entry

EXPERIMENT = "{ECO:0000269|PubMed:1}"
GUESS = "{ECO:0000305}"
ENTRIES = {
    "P00001": (f"Nucleus {EXPERIMENT}. Cytoplasm {GUESS}.", "Eukaryota; Metazoa", "Reviewed"),
    "P00002": (f"Nucleus {GUESS}.", "Eukaryota; Fungi", "Reviewed"),
    "P00003": ("Secreted {ECO:0000305, ECO:0000269|PubMed:2}.", "Eukaryota; Metazoa", "Unreviewed"),
    "P00004": (None, "Eukaryota; Metazoa", "Reviewed"),
    "P00005": ("Nucleus.", "Eukaryota; Viridiplantae", "Unreviewed"),
}
ROWS = pa.table({"query": ["Q"], "start": [1], "end": [4], "subsequence": ["MKDE"], "predicted": ["Nucleus"]})


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("annotated")
    texts = []
    for accession, (location, lineage, status) in ENTRIES.items():
        comment = [f"CC   -!- SUBCELLULAR LOCATION: {location}"] if location else []
        text = entry(f"OC   {lineage}.", *comment, accession=accession, sequence="MKDEW")
        texts.append(text.replace("Reviewed;", f"{status};"))
    (folder / "source.dat").write_text("".join(texts))
    build([folder / "source.dat"], folder / "index", shard_residues=12)
    return Index.open(folder / "index")


@pytest.mark.parametrize(
    ("choices", "entries", "matching"),
    [
        ({}, 4, 3),
        ({"denominator": "all"}, 5, 3),
        ({"evidence": "experimental"}, 2, 1),  # P00001 by its nucleus alone, P00003
        ({"reviewed": True}, 2, 2),
        ({"reviewed": True, "denominator": "all"}, 3, 2),
        ({"lineage": "metazoa"}, 2, 1),
        ({"lineage": "Metazoa", "denominator": "all"}, 3, 1),
        ({"evidence": "experimental", "reviewed": True}, 1, 1),
        ({"evidence": "experimental", "definition": "released"}, 2, 1),
    ],
)
def test_entries_that_count(index: Index, choices: dict[str, object], entries: int, matching: int) -> None:
    assert len(index.shards) > 1
    found = hit_rate(index, ROWS, exclude="none", **choices)
    (row,) = found.subsequences.to_pylist()
    assert (row["entries"], row["matching"]) == (entries, matching)
    assert found.manifest["index"]["entries_that_count"] == entries
    prior = [line["prior"] for line in found.summary.to_pylist() if line["subset"] == "all"]
    assert prior == [matching / entries], "all entries hold it: what they share is the prior of the data base"


def test_a_class_of_a_guess_does_not_match_by_experiment(index: Index) -> None:
    rows = ROWS.set_column(4, "predicted", pa.array(["Cytoplasm"]))
    assert hit_rate(index, rows, exclude="none").subsequences["matching"].to_pylist() == [1]
    strict = hit_rate(index, rows, exclude="none", evidence="experimental")
    assert strict.subsequences["matching"].to_pylist() == [0]


def test_choices_that_leave_no_entry_are_refused(index: Index) -> None:
    with pytest.raises(UsageError, match="no entry of the index counts"):
        hit_rate(index, ROWS, exclude="none", lineage="Bacteria")


def test_all_choices_are_in_the_manifest(index: Index) -> None:
    found = hit_rate(index, ROWS, exclude="none", evidence="experimental", lineage="Metazoa", seed=3)
    stated = {"definition": "paper", "exclusion": "none", "against": "predicted", "evidence": "experimental"}
    stated |= {"reviewed": False, "lineage": "Metazoa", "denominator": "annotated", "nulls": (), "seed": 3}
    assert stated.items() <= found.manifest.items()
