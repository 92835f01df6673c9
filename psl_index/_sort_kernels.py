"""Kernels that sort text positions: most peptides occur a few times, a few of them tens of thousands of times."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import kernel

_FEW = 24  # positions up to which insertion is fastest
_MANY = 512  # positions from which counting digits is
_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS
_PASSES = 3  # that make 32 bits


@kernel
def sort_positions(positions: npt.NDArray[np.uint32], spare: npt.NDArray[np.uint32]) -> None:
    """Sort positions in place; `spare` is at least as long. O(n) where there are many."""
    n = len(positions)
    if n <= _FEW:
        _insert(positions)
    elif n < _MANY:
        positions.sort()
    else:
        _count_digits(positions, spare)


@kernel
def _insert(positions: npt.NDArray[np.uint32]) -> None:
    for i in range(1, len(positions)):
        position = positions[i]
        place = i
        while place > 0 and positions[place - 1] > position:
            positions[place] = positions[place - 1]
            place -= 1
        positions[place] = position


@kernel
def _count_digits(positions: npt.NDArray[np.uint32], spare: npt.NDArray[np.uint32]) -> None:
    n = len(positions)
    counts = np.zeros((_PASSES, _DIGITS), np.int64)
    mask = np.uint32(_DIGITS - 1)
    for i in range(n):
        position = positions[i]
        for digit in range(_PASSES):
            counts[digit, (position >> np.uint32(digit * _DIGIT_BITS)) & mask] += 1
    source, target = positions, spare[:n]
    for digit in range(_PASSES):
        shift = np.uint32(digit * _DIGIT_BITS)
        here = counts[digit]
        if here[(source[0] >> shift) & mask] == n:
            continue
        before = 0
        for value in range(_DIGITS):
            count = int(here[value])
            here[value] = before
            before += count
        for i in range(n):
            position = source[i]
            slot = (position >> shift) & mask
            target[here[slot]] = position
            here[slot] += 1
        source, target = target, source
    positions[:] = source
