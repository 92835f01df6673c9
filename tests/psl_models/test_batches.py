"""Batches: every protein once, within the budget, shuffled by a seed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from psl_models.batches import batch_of, batches_of
from psl_models.encoding import PAD, encode

LENGTHS = st.lists(st.integers(1, 90), min_size=1, max_size=60)


def proteins(lengths: list[int]) -> list[np.ndarray]:
    return [np.full(length, length % 24, np.uint8) for length in lengths]


@given(LENGTHS, st.integers(1, 400), st.sampled_from([None, 1, 4]), st.booleans())
def test_every_protein_is_in_one_batch_within_the_budget(
    lengths: list[int], budget: int, most: int | None, shuffled: bool
) -> None:
    rng = np.random.default_rng(3) if shuffled else None
    batches = list(batches_of(proteins(lengths), budget, most=most, rng=rng))
    assert sorted(np.concatenate([batch.rows for batch in batches]).tolist()) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch.rows) == 1 or batch.tokens.numel() <= budget
        assert most is None or len(batch.rows) <= most
        assert batch.lengths.tolist() == [lengths[row] for row in batch.rows]
        assert batch.tokens.shape[1] == batch.lengths.max()


def test_beyond_the_end_is_padding() -> None:
    batch = batch_of([encode("MC"), encode("MCAKI")], np.array([0, 1]))
    assert batch.tokens.tolist() == [[0, 1, PAD, PAD, PAD], [0, 1, 2, 3, 4]]
    assert batch.tokens.dtype == torch.int64


def test_the_longest_comes_first_without_a_seed() -> None:
    widths = [batch.tokens.shape[1] for batch in batches_of(proteins([3, 50, 7, 20]), 20)]
    assert widths == sorted(widths, reverse=True)


def test_a_seed_gives_the_same_order_and_another_another() -> None:
    lengths = np.random.default_rng(0).integers(1, 90, 300).tolist()

    def rows(seed: int) -> list[list[int]]:
        rng = np.random.default_rng(seed)
        return [batch.rows.tolist() for batch in batches_of(proteins(lengths), 500, rng=rng)]

    assert rows(1) == rows(1)
    assert rows(1) != rows(2)


@pytest.mark.parametrize("seed", range(3))
def test_shuffled_batches_hold_little_padding(seed: int) -> None:
    lengths = np.random.default_rng(seed).integers(50, 1000, 2000).tolist()
    batches = list(batches_of(proteins(lengths), 1 << 14, rng=np.random.default_rng(seed)))
    assert sum(batch.tokens.numel() for batch in batches) < 1.15 * sum(lengths)
