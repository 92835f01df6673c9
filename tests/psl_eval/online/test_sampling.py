"""Peptides drawn from an index are in it, and the same ones for the same seed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from psl_eval.online.sampling import sample_peptides
from psl_index import Index
from psl_index.alphabet import STANDARD
from psl_index.errors import UsageError
from tests.proteomes import build_index


@pytest.fixture(scope="module")
def sequences() -> list[str]:
    random = np.random.default_rng(1)
    letters = list(STANDARD) * 4 + ["X", "U"]
    return ["".join(random.choice(letters, size)) for size in random.integers(1, 60, 80)]


@pytest.fixture(scope="module")
def index(sequences: list[str], tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build_index(tmp_path_factory.mktemp("whole"), sequences)


def test_they_are_different_standard_and_there(sequences: list[str], index: Index) -> None:
    peptides = sample_peptides(index, 200, (4, 9), seed=3)
    assert len(set(peptides)) == len(peptides) == 200
    assert {len(peptide) for peptide in peptides} == set(range(4, 10))
    assert set("".join(peptides)) <= set(STANDARD)
    assert all(any(peptide in sequence for sequence in sequences) for peptide in peptides)


def test_the_seed_decides_and_not_the_shards(sequences: list[str], index: Index, tmp_path: Path) -> None:
    peptides = sample_peptides(index, 50, (5, 15), seed=3)
    assert sample_peptides(index, 50, (5, 15), seed=3) == peptides
    assert sample_peptides(index, 50, (5, 15), seed=4) != peptides
    in_shards = build_index(tmp_path, sequences, shard_residues=300)
    assert len(in_shards.shards) > 3
    assert sample_peptides(in_shards, 50, (5, 15), seed=3) == peptides


def test_every_window_can_be_drawn(tmp_path: Path) -> None:
    sequences = ["ACDEF", "GHXIKL", "M", "NPQ"]
    index = build_index(tmp_path, sequences)
    windows = {sequence[at : at + 3] for sequence in sequences for at in range(len(sequence) - 2)}
    assert set(sample_peptides(index, 100, (3, 3), seed=0)) == {window for window in windows if "X" not in window}


def test_each_residue_is_as_likely(tmp_path: Path) -> None:
    index = build_index(tmp_path, ["ACDEFGH", "IKL"])
    firsts = Counter(sample_peptides(index, 1, (1, 1), seed=seed)[0] for seed in range(1000))
    assert set(firsts) == set("ACDEFGHIKL")
    assert 60 < min(firsts.values()) <= max(firsts.values()) < 140  # 100 on average, a deviation of 9.5


def test_no_such_peptide(build_index: Callable[..., Index]) -> None:
    index = build_index([("P1", "ACX", ())])
    with pytest.raises(UsageError, match=r"no peptide of 3 to 15 standard residues .* --length"):
        sample_peptides(index, 10, (3, 15), seed=0)
