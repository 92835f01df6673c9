"""How large shards may be, and how many rows are ordered at once, in the memory that there is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

from psl_index.errors import UsageError
from psl_index.order import BYTES_A_ROW, MAX_ROUNDS
from psl_index.shard_contents import MAX_RESIDUES

_FIXED: Final = 512 << 20  # program, entries being read, and tables being written
_BYTES_A_RESIDUE: Final = 4  # of a shard: rounds of an eighth, and ten buckets being sorted
_LEAST_ROUND: Final = 2_000_000  # rows: with fewer, a text is scanned more often than is bearable
_LARGEST_BUCKET: Final = 0.012  # of a shard's residues: those that begin with LL
_IRREGULAR: Final = 0.02  # of them: those with a rare letter or an end within the first residues
_BYTES_A_SORTED_ROW: Final = 16
_BYTES_A_BUCKET: Final = _LARGEST_BUCKET * _BYTES_A_SORTED_ROW  # being sorted, for each residue of a shard
_WAITING: Final = 4  # buckets, beside those that the threads sort; see `psl_index.order.Order.rows`


class RoomForOrdering(NamedTuple):
    """What may be done at once while a shard is ordered."""

    threads: int  # that sort
    round_rows: int  # rows gathered in one round, see `psl_index.order.Order`


def shard_capacity(memory: int | None, shard_residues: int | None) -> int:
    """Residues in a shard, at most, for a build in `memory` bytes, None for half of `usable_memory`.

    It does not depend on the number of threads: the index would. What no one asked for is no reason to refuse: with
    half of a small machine a build does what it can, and may use more than that.

    Raises
    ------
    UsageError
        `shard_residues` is out of range, or the memory that was asked for is too little.
    """
    if shard_residues is not None and not 0 < shard_residues <= MAX_RESIDUES:
        raise UsageError(f"--shard-residues must be between 1 and {MAX_RESIDUES:,}")
    fitting = (_given(memory) - _FIXED) // _BYTES_A_RESIDUE
    capacity = shard_residues or min(max(fitting, MAX_ROUNDS * _LEAST_ROUND), MAX_RESIDUES)
    least = _FIXED + int(_bytes_in_any_case(capacity) + min(capacity, _LEAST_ROUND) * BYTES_A_ROW)
    if memory is not None and memory < least:
        raise UsageError(
            f"{memory:,} bytes of memory are too few for shards of {capacity:,} residues",
            remedy=f"give at least {-(-least >> 20)}M",
        )
    return capacity


def room_for_ordering(memory: int | None, residues: int, threads: int) -> RoomForOrdering:
    """What ordering a shard of so many residues may do at once, on up to `threads` threads.

    Notes
    -----
    To order *n* residues in rounds of *r*, *t* buckets being sorted, takes 12 (*r* + *b*) + 16 (*t* *b* + *i*) bytes,
    *b* the residues in the largest bucket and *i* in the irregular one. With the composition of Swiss-Prot *b* is 1.0 %
    of *n* and *i* up to 1.4 %.
    """
    free = _given(memory) - _FIXED - _bytes_in_any_case(residues)
    least_round = min(residues, max(residues // MAX_ROUNDS, _LEAST_ROUND))
    more_threads = int((free - least_round * BYTES_A_ROW) / (residues * _BYTES_A_BUCKET))
    sorting = min(max(more_threads + 1, 1), threads)
    round_rows = int((free - (sorting - 1) * residues * _BYTES_A_BUCKET) / BYTES_A_ROW)
    return RoomForOrdering(sorting, max(round_rows, min(residues, _LEAST_ROUND)))


def orderings_at_once(memory: int, residues: int) -> int:
    """Shards of so many residues that processes can order at once in `memory` bytes, one each; at least one."""
    return max(memory // (_FIXED + _BYTES_A_RESIDUE * residues), 1)


def usable_memory(groups: Path = Path("/proc/self/cgroup"), mounted: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes of the machine, or fewer where a control group (version 1 or 2) limits this process."""
    limits = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for line in groups.read_text().splitlines() if groups.exists() else ():
        _, controllers, path = line.split(":", 2)
        if not controllers:
            root, file = mounted, "memory.max"
        elif "memory" in controllers.split(","):
            root, file = mounted / "memory", "memory.limit_in_bytes"
        else:
            continue
        here = root / path.lstrip("/")
        for folder in (here, *here.parents):  # a container may see its own group at the root
            limit = folder / file
            if limit.is_file():
                limits.append(int(text) if (text := limit.read_text().strip()).isdigit() else limits[0])
            if folder == root:
                break
    return min(limits)


def _given(memory: int | None) -> int:
    return usable_memory() // 2 if memory is None else memory


def _bytes_in_any_case(residues: int) -> float:
    """Memory to order a shard on one thread, but for the rounds."""
    return residues * (
        _LARGEST_BUCKET * BYTES_A_ROW + _IRREGULAR * _BYTES_A_SORTED_ROW + _BYTES_A_BUCKET * (1 + _WAITING)
    )
