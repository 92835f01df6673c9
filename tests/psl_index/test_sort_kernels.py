"""Sorting positions, whichever way their number asks for."""

from __future__ import annotations

import numpy as np
import pytest

from psl_index._sort_kernels import sort_positions


@pytest.mark.parametrize("n", [0, 1, 2, 24, 25, 511, 512, 5_000])
@pytest.mark.parametrize("highest", [1, 2_000, 3_000_000, 2**32])
def test_positions_are_sorted_in_place(n: int, highest: int) -> None:
    positions = np.random.default_rng(n).integers(0, highest, n, dtype=np.uint32)
    expected = np.sort(positions)
    sort_positions(positions, np.empty(n + 3, np.uint32))
    assert positions.tolist() == expected.tolist()
