"""The scan without an index answers as a `find` loop does, on proteomes made to be hard."""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from pathlib import Path
from unittest import mock

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index import fasta, scan, scan_counts
from psl_index.peptide_set import PeptideSet
from tests.properties.test_search_oracle import fold, proteomes
from tests.proteomes import find_all

SOAK = bool(os.environ.get("PSLIDX_SOAK"))


@st.composite
def nested(draw: st.DrawFn) -> tuple[list[str], list[str]]:
    """A proteome, and peptides of which many begin with others, share a prefix, are equal or longer than any entry."""
    sequences, peptides = draw(proteomes())
    ladder = draw(st.sampled_from(sequences))
    start = draw(st.integers(0, len(ladder) - 1))
    peptides += [ladder[start:end] for end in draw(st.lists(st.integers(start + 1, len(ladder)), max_size=12))]
    letters = sorted(set("".join(sequences)))
    tails = draw(st.lists(st.text(st.sampled_from(letters), max_size=4), max_size=6))
    peptides += [ladder[start : start + 9] + tail for tail in tails]
    peptides += draw(st.lists(st.sampled_from(peptides), max_size=3))
    return sequences, [*peptides, max(sequences, key=len) + letters[0]]


@settings(max_examples=20_000 if SOAK else 150)
@given(nested(), st.integers(1, 2), st.integers(16, 400))
def test_same_occurrences_as_a_find_loop(case: tuple[list[str], list[str]], threads: int, block: int) -> None:
    sequences, peptides = case
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(fasta, "_BLOCK_BYTES", block):
        source = Path(folder) / "proteome.fasta"
        source.write_text("".join(f">P{i}\n{sequence}\n" for i, sequence in enumerate(sequences)))
        for equate_il in (False, True):
            hits = [find_all(fold(sequences, equate_il), peptide) for peptide in fold(peptides, equate_il)]
            expected = [(query, *hit) for query, row in enumerate(hits) for hit in row]
            found = scan([source], peptides, equate_il=equate_il, threads=threads)
            assert list(zip(*(column.to_pylist() for column in found.table.columns), strict=True)) == expected
            entries = sorted({entry for _, entry, _ in expected})
            assert found.entries["entry"].to_pylist() == entries
            assert found.entries["accession"].to_pylist() == [f"P{entry}" for entry in entries]
            counts = scan_counts([source], peptides, equate_il=equate_il, threads=threads)
            assert counts.tolist() == [[len({entry for entry, _ in row}) for row in hits], [len(row) for row in hits]]
            cut = scan([source], peptides, equate_il=equate_il, threads=threads, limit=2)
            first = [(query, *hit) for query, row in enumerate(hits) for hit in row[:2]]
            assert list(zip(*(column.to_pylist() for column in cut.table.columns), strict=True)) == first
            assert cut.cut.tolist() == [max(len(row) - 2, 0) for row in hits]


@settings(max_examples=2_000 if SOAK else 100)
@given(st.lists(st.text("AC", min_size=1, max_size=20), min_size=1, max_size=300), st.booleans())
def test_a_set_holds_each_peptide_once(peptides: list[str], equate_il: bool) -> None:
    wanted = PeptideSet(peptides, equate_il=equate_il)
    assert len(wanted) == len(set(peptides))
    number_of = dict(zip(peptides, wanted.numbers.tolist(), strict=True))
    assert [number_of[peptide] for peptide in peptides] == wanted.numbers.tolist()
    assert sorted(number_of.values()) == list(range(len(wanted)))


@settings(max_examples=2_000 if SOAK else 40)
@given(st.integers(0, 2**32), st.integers(1, 2_000), st.integers(1, 10))
def test_many_prefixes_at_once(seed: int, number: int, shortest: int) -> None:
    """Tables of many prefixes, whose hashes share bits and slots."""
    random = np.random.default_rng(seed)
    sequences = ["".join(random.choice(list("ACDEFGHIKLMNPQRSTVWYX"), 1_000)) for _ in range(2)]
    lengths = range(shortest, shortest + 3)
    places = defaultdict(list)
    for entry, sequence in enumerate(sequences):
        for length in lengths:
            for start in range(len(sequence) - length + 1):
                places[sequence[start : start + length]].append((entry, start + 1))
    peptides = [str(peptide) for peptide in random.choice(sorted(places), number)]
    peptides += [peptide[::-1] for peptide in peptides[: number // 2]]
    wanted = PeptideSet(peptides, equate_il=False)
    hits = wanted.find(pa.array(sequences))
    expected = {
        (wanted_number, *place)
        for wanted_number, peptide in zip(wanted.numbers.tolist(), peptides, strict=True)
        for place in places.get(peptide, [])
    }
    assert sorted(zip(*(column.tolist() for column in hits), strict=True)) == sorted(expected)
