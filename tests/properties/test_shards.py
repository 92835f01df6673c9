"""Several shards answer as one does."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index import Index, build, verify
from tests.proteomes import build_index, find_all, write_table

sequences_and_peptides = st.tuples(
    st.lists(st.text("ACILX", min_size=1, max_size=40), min_size=1, max_size=12),
    st.lists(st.text("ACILX", min_size=1, max_size=5), min_size=1, max_size=8),
)


@settings(max_examples=40, deadline=None)
@given(case=sequences_and_peptides, shard_residues=st.integers(1, 60))
def test_several_shards_answer_as_one(case: tuple[list[str], list[str]], shard_residues: int) -> None:
    sequences, peptides = case
    with tempfile.TemporaryDirectory() as folder:
        index = build_index(Path(folder), sequences, shard_residues=shard_residues)
        expected = [(query, *hit) for query, peptide in enumerate(peptides) for hit in find_all(sequences, peptide)]
        for limit in (None, 1, 2):
            located = index.locate(peptides, limit=limit)
            rows = list(zip(*(column.to_pylist() for column in located.columns), strict=True))
            seen = [0] * len(peptides)
            kept = []
            for row in expected:
                seen[row[0]] += 1
                if limit is None or seen[row[0]] <= limit:
                    kept.append(row)
            assert rows == kept
        assert index.count(peptides).tolist() == [len(find_all(sequences, peptide)) for peptide in peptides]
        assert index.entries["sequence"].to_pylist() == sequences
        assert index.entries["entry"].to_pylist() == list(range(len(sequences)))


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


def test_duplicate_accessions_are_kept_and_counted(tmp_path: Path) -> None:
    table = write_table(tmp_path / "one.tsv", ["MAAA"])
    assert build([table, table, table], tmp_path / "index").duplicate_accessions == 2


@pytest.mark.parametrize("options", [{"shard_residues": 0}, {"shard_residues": 2**32}, {"memory": 1}])
def test_senseless_sizes_are_usage_errors(tmp_path: Path, options: dict[str, int]) -> None:
    from psl_index.errors import UsageError

    with pytest.raises(UsageError):
        build([write_table(tmp_path / "one.tsv", ["MA"])], tmp_path / "index", **options)
    assert not (tmp_path / "index").exists()
