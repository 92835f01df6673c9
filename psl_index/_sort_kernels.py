"""Kernels that sort text positions: most peptides occur a few times, a few of them tens of thousands of times."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import inlined, kernel

FEW = 32  # positions up to which insertion is fastest
_MANY = 512  # positions from which counting digits is
_STRETCHES = _MANY // 2
_DIGIT_BITS = 11
_DIGITS = 1 << _DIGIT_BITS
_PASSES = 3  # that make 32 bits


@inlined
def sort_few(positions: npt.NDArray[np.uint32], first: int, end: int) -> None:
    """Sort ``positions[first:end]`` in place, fast up to `FEW` of them. O(n^2)."""
    for i in range(first + 1, end):
        position = positions[i]
        place = i
        while place > first and positions[place - 1] > position:
            positions[place] = positions[place - 1]
            place -= 1
        positions[place] = position


@kernel
def sort_many(positions: npt.NDArray[np.uint32], spare: npt.NDArray[np.uint32]) -> None:
    """Sort positions, at least one, in place; `spare` is at least as long. O(n) unless they crowd."""
    if len(positions) < _MANY:
        _spread(positions, spare)
    else:
        _count_digits(positions, spare)


@kernel
def _spread(positions: npt.NDArray[np.uint32], spare: npt.NDArray[np.uint32]) -> None:
    """Part the text from the first position to the last into stretches, and sort those one by one.

    Occurrences of a peptide lie almost evenly in the text, so that there are few in a stretch.
    """
    n = len(positions)
    lowest = highest = positions[0]
    for i in range(1, n):
        lowest, highest = min(lowest, positions[i]), max(highest, positions[i])
    shift = np.uint32(0)
    while np.int64((highest - lowest) >> shift) >= _STRETCHES:
        shift += np.uint32(1)
    n_stretches = np.int64((highest - lowest) >> shift) + 1
    ends = np.zeros(_STRETCHES + 1, np.uint32)  # of each stretch, when all positions have been moved to `spare`
    for i in range(n):
        ends[np.int64((positions[i] - lowest) >> shift) + 1] += np.uint32(1)
    for stretch in range(n_stretches):
        ends[stretch + 1] += ends[stretch]
    for i in range(n):
        into = np.int64((positions[i] - lowest) >> shift)
        spare[ends[into]] = positions[i]
        ends[into] += np.uint32(1)
    before = 0
    for stretch in range(n_stretches):
        last = int(ends[stretch])
        if last - before > FEW:
            spare[before:last].sort()
        before = last
    positions[:] = spare[:n]
    sort_few(positions, 0, n)


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
