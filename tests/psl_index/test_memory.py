"""How large a shard may be, and what may be ordered at once, in a given memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_index import memory
from psl_index.errors import UsageError
from psl_index.memory import room_for_ordering, shard_capacity, usable_memory
from psl_index.shard_contents import MAX_RESIDUES

MACHINE = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
NO_LIMIT = "9223372036854771712"


def limited(folder: Path, groups: str, limits: dict[str, str]) -> int:
    """Usable memory where `/proc/self/cgroup` holds `groups`, and files under `/sys/fs/cgroup` hold `limits`."""
    (folder / "groups").write_text(groups)
    for name, text in limits.items():
        path = folder / "mounted" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")
    return usable_memory(folder / "groups", folder / "mounted")


@pytest.mark.parametrize(
    ("groups", "limits", "expected"),
    [
        ("0::/\n", {"memory.max": "max"}, MACHINE),
        ("0::/\n", {"memory.max": "1000"}, 1000),
        ("0::/job/step\n", {"job/step/memory.max": "max", "job/memory.max": "2000"}, 2000),
        ("0::/job/step\n", {"job/step/memory.max": "1500", "job/memory.max": "2000"}, 1500),
        ("0::/not/seen/here\n", {"memory.max": "3000"}, 3000),
        ("4:memory:/job\n0::/\n", {"memory/job/memory.limit_in_bytes": "4000"}, 4000),
        ("4:cpu,memory:/\n", {"memory/memory.limit_in_bytes": NO_LIMIT}, MACHINE),
        ("4:memory:/not/seen\n", {"memory/memory.limit_in_bytes": "5000"}, 5000),
        ("5:cpu:/job\n", {"memory/job/memory.limit_in_bytes": "6000"}, MACHINE),
        ("", {"memory.max": "7000"}, MACHINE),
    ],
)
def test_the_group_may_be_allowed_less_than_the_machine_has(
    tmp_path: Path, groups: str, limits: dict[str, str], expected: int
) -> None:
    assert limited(tmp_path, groups, limits) == expected


def test_a_system_without_groups_has_what_the_machine_has(tmp_path: Path) -> None:
    assert usable_memory(tmp_path / "none", tmp_path) == MACHINE


@pytest.mark.parametrize("megabytes", [1, 64, 512, 1000, 1200])
def test_a_small_machine_is_no_reason_to_refuse(monkeypatch: pytest.MonkeyPatch, megabytes: int) -> None:
    monkeypatch.setattr(memory, "usable_memory", lambda: megabytes << 20)
    capacity = shard_capacity(None, None)
    assert capacity >= 16_000_000
    assert room_for_ordering(None, capacity, 4).round_rows >= 2_000_000
    assert room_for_ordering(None, 100, 4).round_rows >= 100


def test_asking_for_too_little_is() -> None:
    with pytest.raises(UsageError, match="give at least 557M"):
        shard_capacity(500 << 20, None)
    assert shard_capacity(557 << 20, None) == 16_000_000
    with pytest.raises(UsageError, match="too few for shards of 4,000,000,000 residues"):
        shard_capacity(2 << 30, 4_000_000_000)


@given(megabytes=st.integers(557, 1 << 20), more=st.integers(1, 64))
def test_more_memory_makes_larger_shards_without_a_jump(megabytes: int, more: int) -> None:
    smaller, larger = shard_capacity(megabytes << 20, None), shard_capacity((megabytes + more) << 20, None)
    assert smaller <= larger <= smaller + (more << 20) // 4 + 1


@given(
    megabytes=st.integers(557, 1 << 20),
    share=st.floats(0, 1, exclude_min=True),
    asked=st.none() | st.integers(1, MAX_RESIDUES),
    threads=st.integers(1, 256),
)
def test_ordering_stays_within_the_memory(megabytes: int, share: float, asked: int | None, threads: int) -> None:
    """By the formula of `room_for_ordering`, with the shares measured on Swiss-Prot-like proteomes."""
    given_memory = megabytes << 20
    try:
        residues = max(int(shard_capacity(given_memory, asked) * share), 1)
    except UsageError:
        return
    room = room_for_ordering(given_memory, residues, threads)
    assert 1 <= room.threads <= threads
    bucket, irregular = 0.0102 * residues, 0.014 * residues
    needed = 12 * (min(room.round_rows, residues) + bucket) + 16 * ((room.threads + 4) * bucket + irregular)
    assert needed + (512 << 20) <= given_memory
