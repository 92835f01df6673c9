"""Several shards answer as one does."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval.hit_rates import hit_rate
from psl_eval.scoring.definitions import DEFINITIONS
from psl_index import Index, build, verify
from psl_index.catalog import query
from psl_index.errors import UsageError
from psl_index.manifest import ShardRecord
from psl_index.shard_order import ShardDraft, order_shard
from tests.flatfiles import entry
from tests.proteomes import build_index, find_all, write_table

PLACES = ["Nucleus", "Cytoplasm. Nucleus", "Secreted", "Peroxisome membrane", None]
TAXA = {9606: "Eukaryota; Mammalia", 10090: "Eukaryota; Mammalia", 83333: "Bacteria"}
QUERIES = [
    "SELECT * FROM entries ORDER BY entry",
    "SELECT * FROM locations ORDER BY entry, location",
    "SELECT * FROM features ORDER BY entry, type, start",
    "SELECT class, count(*) FROM locations JOIN entries USING (entry) WHERE length > 10 GROUP BY class ORDER BY class",
]

# Builds, and prints the most memory that it had in KB: of this process alone, other than what `getrusage` says.
PEAK = """
import sys
from pathlib import Path
from psl_index import build

source, index, shard_residues = sys.argv[1:]
build([source], index, shard_residues=int(shard_residues), threads=1, memory=2 << 30)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""

Protein = tuple[str, str | None, int]  # sequence, location, taxon
proteins = st.tuples(st.text("ACILX", min_size=1, max_size=40), st.sampled_from(PLACES), st.sampled_from(list(TAXA)))
proteomes_and_peptides = st.tuples(
    st.lists(proteins, min_size=1, max_size=12),
    st.lists(st.text("ACILX", min_size=1, max_size=5), min_size=1, max_size=8),
)


def flat_file(path: Path, proteome: list[Protein]) -> Path:
    """Entries A0A000000P, A0A000001P, ..."""
    with path.open("w") as file:
        for number, (sequence, place, taxon) in enumerate(proteome):
            lines = [f"OS   Organism {taxon}.", f"OC   {TAXA[taxon]}.", f"OX   NCBI_TaxID={taxon};"]
            lines += [f"CC   -!- SUBCELLULAR LOCATION: {place}."] if place else []
            lines += ["FT   SIGNAL          1..1"] if number % 3 == 0 else []
            file.write(entry(*lines, accession=f"A0A{number:06d}P", sequence=sequence))
    return path


@settings(max_examples=500 if os.environ.get("PSLIDX_SOAK") else 8)
@given(case=proteomes_and_peptides, shard_residues=st.integers(10, 80))
def test_several_shards_answer_as_one(case: tuple[list[Protein], list[str]], shard_residues: int) -> None:
    proteome, peptides = case
    sequences = [sequence for sequence, _, _ in proteome]
    with tempfile.TemporaryDirectory() as folder:
        source = flat_file(Path(folder, "proteome.dat"), proteome)
        build([source], Path(folder, "one"))
        build([source], Path(folder, "several"), shard_residues=shard_residues)
        with Index.open(Path(folder, "one")) as one, Index.open(Path(folder, "several")) as several:
            hits = [find_all(sequences, peptide) for peptide in peptides]
            assert several.count(peptides).tolist() == [len(found) for found in hits]
            assert several.count_entries(peptides).tolist() == [len({hit[0] for hit in found}) for found in hits]
            for limit in (None, 1, 2):
                rows = [(number, *hit) for number, found in enumerate(hits) for hit in found[:limit]]
                located = several.locate(peptides, limit=limit)
                assert list(zip(*(column.to_pylist() for column in located.columns), strict=True)) == rows
            for choice in ({"taxon": 9606}, {"lineage": "mammalia"}, {"taxon": 1}):
                selected = one.select(**choice)
                assert several.select(**choice).tolist() == selected.tolist()
                expected = one.locate(peptides, entries=selected, equate_il=True)
                assert several.locate(peptides, entries=selected, equate_il=True).equals(expected)
            for sql in QUERIES:
                assert query(several, sql).read_all().equals(query(one, sql).read_all())
            for table in ("entries", "locations", "features"):
                assert several.read(table).equals(one.read(table))


@settings(max_examples=300 if os.environ.get("PSLIDX_SOAK") else 5)
@given(case=proteomes_and_peptides, shard_residues=st.integers(10, 80), definition=st.sampled_from(list(DEFINITIONS)))
def test_hit_rates_over_several_shards_are_those_over_one(
    case: tuple[list[Protein], list[str]], shard_residues: int, definition: str
) -> None:
    proteome, peptides = case
    proteins = [number % len(proteome) for number in range(len(peptides))]
    subsequences = pa.table(
        {
            "query": [f"A0A{protein:06d}P" for protein in proteins],
            "start": [1] * len(peptides),
            "end": [len(peptide) for peptide in peptides],
            "subsequence": peptides,
            "predicted": [("Nucleus", "Cytoplasm", "Peroxisome")[protein % 3] for protein in proteins],
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        source = flat_file(Path(folder, "proteome.dat"), proteome)
        build([source], Path(folder, "one"))
        build([source], Path(folder, "several"), shard_residues=shard_residues)
        with Index.open(Path(folder, "one")) as one, Index.open(Path(folder, "several")) as several:
            rates = [hit_rate(index, subsequences, definition=definition, resamples=20) for index in (one, several)]
            for expected, found in zip(*((r.summary, r.proteins, r.subsequences) for r in rates), strict=True):
                assert expected.schema == found.schema
                for name in expected.schema.names:
                    column, other = expected[name].to_pylist(), found[name].to_pylist()
                    if pa.types.is_floating(expected.schema.field(name).type):
                        assert other == [None if rate is None else pytest.approx(rate, abs=1e-12) for rate in column]
                    else:
                        assert other == column


def test_a_shard_is_built_in_the_memory_that_one_takes(tmp_path: Path) -> None:
    """However many there are: five take about what one does, not what their entries take in a single one."""
    letters = np.frombuffer(b"ACDEFGHIKLMNPQRSTVWY", np.uint8)
    entries = [letters[row].tobytes() for row in np.random.default_rng(1).integers(20, size=(4_000, 1_000))]

    def peak(shards_of_data: int, shard_residues: int) -> int:
        source = tmp_path / "proteome.fasta"
        with source.open("wb") as file:
            for number, sequence in enumerate(entries * shards_of_data):
                file.write(b">P%d\n%b\n" % (number, sequence))
        arguments = [source, tmp_path / "index", str(shard_residues)]
        return int(
            subprocess.run(
                [sys.executable, "-c", PEAK, *arguments],
                check=True,
                capture_output=True,
                env=os.environ | {"NUMBA_DISABLE_JIT": "0"},
            ).stdout
        )

    one_shard = 4_000_000
    least, five_shards, most = peak(1, one_shard), peak(5, one_shard), peak(5, 5 * one_shard)
    assert five_shards < (least + most) / 2


def test_shards_may_be_ordered_elsewhere(tmp_path: Path) -> None:
    """In another process, which gets no more than the name of the folder and the draft."""
    source = write_table(tmp_path / "proteome.tsv", ["MAAAGRSAWK" * 3, "MRTCYWAKQEQISFNKSDFSRQACDEFGHI"] * 5)
    build([source], tmp_path / "here", shard_residues=60)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        ordering = partial(pool.submit, order_shard, threads=1)
        assert build([source], tmp_path / "there", shard_residues=60, ordering=ordering).shards == 5
    here, there = (
        {f.relative_to(p): f.read_bytes() for f in p.rglob("*") if f.is_file()}
        for p in (tmp_path / "here", tmp_path / "there")
    )
    assert there == here


def test_a_failure_elsewhere_fails_the_build(tmp_path: Path) -> None:
    source = write_table(tmp_path / "proteome.tsv", ["MAAAGRSAWK" * 3] * 5)
    elsewhere: list[Future[ShardRecord]] = []

    def ordering(folder: Path, draft: ShardDraft) -> Future[ShardRecord]:
        elsewhere.append(Future())
        if len(elsewhere) == 2:
            elsewhere[0].set_exception(RuntimeError("lost"))
        return elsewhere[-1]

    with pytest.raises(RuntimeError, match="lost"):
        build([source], tmp_path / "index", shard_residues=30, ordering=ordering)
    assert not (tmp_path / "index").exists()
    assert all(ordered.cancelled() for ordered in elsewhere[1:])


def test_a_shard_holds_what_fits_and_an_entry_that_is_too_long_stands_alone(tmp_path: Path) -> None:
    index = build_index(tmp_path, ["A" * 5, "C" * 5, "D" * 30, "E"], ["Nucleus"] * 4, shard_residues=10)
    assert [(shard.first_entry, shard.entries) for shard in index.manifest.shards] == [(0, 2), (2, 1), (3, 1)]
    assert index.locations["entry"].to_pylist() == [0, 1, 2, 3]
    assert verify(index.path, full=True).problems == ()


def test_several_sources_follow_each_other(tmp_path: Path) -> None:
    one = write_table(tmp_path / "one.tsv", ["MAAA", "MCCC"], ["Nucleus", "Cytoplasm"])
    two = tmp_path / "two.fasta"
    two.write_text(">Q9H400 Cell.membrane-M test\nMDDD\n")
    summary = build([one, two], tmp_path / "index")
    assert (summary.entries, summary.annotated, summary.duplicate_accessions) == (3, 3, 0)
    with Index.open(tmp_path / "index") as index:
        assert index.entries["accession"].to_pylist() == ["P0", "P1", "Q9H400"]
        assert index.locations["entry"].to_pylist() == [0, 1, 2]
        assert index.locate(["DD"]).to_pylist() == [
            {"query": 0, "entry": 2, "start": 2},
            {"query": 0, "entry": 2, "start": 3},
        ]
        assert [source.name for source in index.manifest.sources] == ["one.tsv", "two.fasta"]


@pytest.mark.parametrize("shard_residues", [4, 8, 100])
def test_duplicate_accessions_are_kept_and_counted_over_all_shards(tmp_path: Path, shard_residues: int) -> None:
    table = write_table(tmp_path / "one.tsv", ["MAAA", "MCCC"])
    other = tmp_path / "two.fasta"
    other.write_text(">P1 again\nMDDD\n>P2\nMEEE\n")
    summary = build([table, table, other], tmp_path / "index", shard_residues=shard_residues)
    assert (summary.entries, summary.duplicate_accessions) == (6, 3)


@pytest.mark.parametrize(
    "options", [{"shard_residues": 0}, {"shard_residues": 2**32}, {"memory": 1}, {"memory": 2**30, "threads": -1}]
)
def test_senseless_sizes_are_usage_errors(tmp_path: Path, options: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        build([write_table(tmp_path / "one.tsv", ["MA"])], tmp_path / "index", **options)
    assert not (tmp_path / "index").exists()
