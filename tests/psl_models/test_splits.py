"""Splits: who is on which side, what stays together, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index.errors import InputError, UsageError
from psl_index.file_records import FileRecord
from psl_models import splits
from psl_models.datasets import Dataset, read_dataset
from psl_models.datasets.proteins import Protein, dataset_of
from psl_models.splits import SIDES, TEST, TRAIN, UNUSED, VALIDATION

RECORD = FileRecord("proteins.fasta", 1, "0" * 64)


def proteins(n: int, *, tests: Sequence[int] = (), partitions: Sequence[int] = ()) -> Dataset:
    rows = [
        Protein(f"P{number}", f"P{number}", "MKT", ("Nucleus" if number % 3 else "Plastid",), number + 1)
        for number in range(n)
    ]
    rows = [row._replace(test=number in tests) for number, row in enumerate(rows)]
    if partitions:
        rows = [row._replace(partition=number) for row, number in zip(rows, partitions, strict=True)]
    return dataset_of(rows, multi_label=False, files=["proteins.fasta"], records=[RECORD])


def test_the_official_test_set_is_the_test_side() -> None:
    dataset = proteins(24, tests=range(0, 16, 2))
    split = splits.official(dataset, 7)
    assert splits.rows_of(split, TEST).tolist() == list(range(0, 16, 2))
    assert np.bincount(split).tolist() == [14, 2, 8]  # an eighth of the 16 others validates
    assert split.dtype == np.int8
    assert np.array_equal(split, splits.official(dataset, 7))
    assert not np.array_equal(split, splits.official(dataset, 8))
    assert np.bincount(splits.official(dataset, 7, validation=0.5)).tolist() == [8, 8, 8]


def test_a_table_names_the_sides(tmp_path: Path) -> None:
    table = tmp_path / "split.tsv"
    table.write_text("accession\tof\nP3\tTest\nP0\ttrain\nother\ttrain\nP2\tval\nP1\tvalidation\nP4\t\nP4\t \n")
    split = splits.from_table(proteins(5), table, "of")
    assert split.tolist() == [TRAIN, VALIDATION, VALIDATION, TEST, UNUSED]
    assert split.dtype == np.int8


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ("P0\ttrain\nP1\tval\n", r"split\.tsv: 1 of 3 proteins are not in it, the first is P2; add them"),
        ("P0\ttrain\nP1\tval\nP2\ttraining\n", r"split\.tsv:4: expected train, validation, test or nothing, found"),
        ("P0\ttrain\nP1\tval\nP2\ttest\nP0\ttest\n", r"split\.tsv:5: P0 is on two sides"),
        ("P0\ttrain\nP1\ttrain\nP2\ttest\n", r"no protein is left for validation among 3"),
        ("P0\ttrain\nP1\n", r"split\.tsv:3: expected 2 fields"),
        ("P0\ttrain\n\ttest\n", r"split\.tsv:3: expected an accession"),
    ],
)
def test_a_bad_table_is_refused(tmp_path: Path, rows: str, problem: str) -> None:
    table = tmp_path / "split.tsv"
    table.write_text("accession\tside\n" + rows)
    with pytest.raises(InputError, match=problem):
        splits.from_table(proteins(3), table, "side")


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    table = tmp_path / "split.csv"
    table.write_text("acc,side\nP0,train\n")
    with pytest.raises(InputError, match=r"split\.csv:1: no column 'split' among acc, side; name the one"):
        splits.from_table(proteins(1), table, "split")


def test_homology_partitions_stay_whole() -> None:
    dataset = proteins(7, partitions=[4, 0, 3, 1, 4, 2, 3])
    expected = [TEST, TRAIN, VALIDATION, TRAIN, TEST, TRAIN, VALIDATION]
    assert splits.partitions(dataset).tolist() == expected
    assert splits.partitions(dataset, test=0, validation=2).tolist() == [0, 2, 0, 0, 0, 1, 0]
    with pytest.raises(UsageError, match="no partition 5; there are 0, 1, 2, 3, 4"):
        splits.partitions(dataset, test=5)
    with pytest.raises(UsageError, match="partition 4 is to test and to validate"):
        splits.partitions(dataset, validation=4)


@given(n=st.integers(10, 300), seed=st.integers(0, 2**32))
def test_at_random(n: int, seed: int) -> None:
    dataset = proteins(n)
    split = splits.at_random(dataset, seed)
    fifteen_percent = round(0.15 * n)
    assert np.bincount(split).tolist() == [n - 2 * fifteen_percent, fifteen_percent, fifteen_percent]
    assert np.array_equal(split, splits.at_random(dataset, seed))


def test_the_shares_of_the_study() -> None:
    assert np.bincount(splits.at_random(proteins(14_004), 1)).tolist() == [9_802, 2_101, 2_101]
    assert np.bincount(splits.at_random(proteins(10), 1, fractions=(0.5, 0.3, 0.2))).tolist() == [5, 3, 2]


@given(
    sizes=st.lists(st.integers(1, 6), min_size=20, max_size=31),
    alone=st.integers(0, 20),
    names=st.permutations(range(31)),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=40)
def test_clusters_stay_whole(sizes: list[int], alone: int, names: list[int], seed: int) -> None:
    clusters = [-1] * alone + [number for number, size in enumerate(sizes) for _ in range(size)]
    number = np.random.default_rng(seed).permutation(clusters)
    dataset = proteins(len(number))
    split = splits.by_clusters(dataset, number, seed)
    for cluster in set(clusters) - {-1}:
        assert len(set(split[number == cluster].tolist())) == 1
    # A side goes over its share by less than a cluster, and the others are short of theirs by no more together.
    largest = max(sizes)
    shares = np.array([len(number) - 2 * round(0.15 * len(number)), *[round(0.15 * len(number))] * 2])
    over = np.bincount(split, minlength=3) - shares
    assert over.max() <= largest
    assert over.min() >= -2 * largest
    renamed = np.array([*names, -1])[number]  # -1 is the last
    assert np.array_equal(split, splits.by_clusters(dataset, renamed, seed))


def test_proteins_in_no_cluster_are_split_one_by_one() -> None:
    split = splits.by_clusters(proteins(100), np.full(100, -1), 3)
    assert np.bincount(split).tolist() == [70, 15, 15]
    with pytest.raises(InputError, match=r"proteins\.fasta: no protein is left for validation among 100"):
        splits.by_clusters(proteins(100), np.zeros(100, np.int64), 3)


@pytest.mark.parametrize("fractions", [(0.5, 0.5), (0.7, 0.2, 0.2), (1, 0, 0), (1.2, -0.1, -0.1), (0.5, 0.5, math.nan)])
def test_fractions_that_are_none(fractions: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="give three positive numbers with the sum 1"):
        splits.at_random(proteins(100), 1, fractions=fractions)
    with pytest.raises(UsageError, match="give three positive numbers with the sum 1"):
        splits.by_clusters(proteins(100), np.arange(100), 1, fractions=fractions)


def test_what_a_data_set_cannot_give() -> None:
    with pytest.raises(InputError, match=r"proteins\.fasta: no header ends in the word `test`; choose another split"):
        splits.official(proteins(5), 1)
    with pytest.raises(InputError, match=r"proteins\.fasta: no column `Partition`; choose another split"):
        splits.partitions(proteins(5))
    with pytest.raises(InputError, match="no protein is left for validation among 2"):
        splits.at_random(proteins(2), 1)
    with pytest.raises(InputError, match="no protein is left for train among 3"):
        splits.official(proteins(3, tests=[0, 1, 2]), 1)


def test_counts_are_of_the_used_proteins() -> None:
    split = np.array([TRAIN, TRAIN, VALIDATION, TEST, UNUSED, TEST], np.int8)
    found = splits.counts(proteins(6), split)
    assert tuple(found) == SIDES
    assert found == {
        "train": {"Nucleus": 1, "Plastid": 1},
        "validation": {"Nucleus": 1, "Plastid": 0},
        "test": {"Nucleus": 1, "Plastid": 1},
    }


def test_the_split_of_the_study(real_data: Path) -> None:
    folder = real_data / "deeploc"
    if not (folder / "deeploc1_index.tsv.gz").is_file():
        pytest.skip("no deeploc folder among the real data")
    dataset = read_dataset(folder / "deeploc1.fasta.gz", multi_label=False)
    split = splits.from_table(dataset, folder / "deeploc1_index.tsv.gz", "arolihas_split")
    assert np.bincount(split).tolist() == [9_381, 2_101, 2_101]
    assert np.bincount(splits.official(dataset, 1))[TEST] == 2_773
