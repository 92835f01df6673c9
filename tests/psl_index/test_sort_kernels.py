"""Sorting positions, whichever way their number asks for."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from psl_index._jit import kernel
from psl_index._sort_kernels import FEW, sort_few, sort_many


@kernel
def sort(positions: npt.NDArray[np.uint32], first: int, end: int) -> None:
    sort_few(positions, first, end)


@pytest.mark.parametrize("n", [0, 1, 2, FEW])
@pytest.mark.parametrize("highest", [1, 40, 2**32])
def test_a_few_positions_are_sorted_in_place(n: int, highest: int) -> None:
    """And what lies before and behind them stays."""
    positions = np.random.default_rng(n).integers(0, highest, n + 5, dtype=np.uint32)
    expected = np.concatenate([positions[:2], np.sort(positions[2:-3]), positions[-3:]])
    sort(positions, 2, n + 2)
    assert positions.tolist() == expected.tolist()


@pytest.mark.parametrize("n", [1, FEW + 1, 100, 511, 512, 5_000])
@pytest.mark.parametrize("highest", [1, 40, 2_000, 3_000_000, 2**32])
def test_positions_are_sorted_in_place(n: int, highest: int) -> None:
    positions = np.random.default_rng(n).integers(0, highest, n, dtype=np.uint32)
    expected = np.sort(positions)
    sort_many(positions, np.empty(n + 3, np.uint32))
    assert positions.tolist() == expected.tolist()


@pytest.mark.parametrize("crowd", [1, FEW, FEW + 1, 200])
def test_positions_that_crowd_are_sorted_too(crowd: int) -> None:
    """As in one long protein of low complexity, with a few others at both ends of the text."""
    random = np.random.default_rng(crowd)
    positions = np.concatenate(
        [random.integers(5, 2**20, 20), 2**31 + random.permutation(crowd), random.integers(2**31, 2**32, 20)]
    ).astype(np.uint32)
    expected = np.sort(positions)
    sort_many(positions, np.empty(len(positions), np.uint32))
    assert positions.tolist() == expected.tolist()
