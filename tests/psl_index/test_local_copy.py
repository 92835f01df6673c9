"""Copies of shards on a worker's own disk: complete, checked, and made once."""

from __future__ import annotations

import os
import resource
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from psl_index.errors import InvalidIndexError, OutputError, UsageError
from psl_index.local_copy import checked_copy, local_folder
from psl_index.manifest import ShardRecord
from psl_index.shard import open_shard
from tests.proteomes import build_index

FILES = ["text.bin", "starts.bin", "block_entry.bin", "pos.bin", "tail.bin", "table.bin", "entries.parquet"]


@pytest.fixture
def shard(tmp_path: Path) -> tuple[Path, ShardRecord]:
    """The folder of an index's shards, and what the manifest says of one."""
    made = build_index(tmp_path, ["MKKRKVDE", "MKKUKV", "MWKK"], ["Nucleus", "", "Plastid"], shard_residues=14)
    return made.path / made.manifest.folder, made.manifest.shards[0]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_copy_opens_as_the_original_does(shard: tuple[Path, ShardRecord], tmp_path: Path) -> None:
    folder, record = shard
    copies = checked_copy(folder, record, tmp_path / "on" / "disk")
    assert copies == tmp_path / "on" / "disk" / folder.name
    assert contents(copies / record.folder) == contents(folder / record.folder)
    assert open_shard(copies, record).n_entries == 2


def test_a_copy_that_is_there_needs_no_original(shard: tuple[Path, ShardRecord], tmp_path: Path) -> None:
    folder, record = shard
    checked_copy(folder, record, tmp_path / "disk")
    shutil.rmtree(folder)
    assert open_shard(checked_copy(folder, record, tmp_path / "disk"), record).n_entries == 2


def flip(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))


def flip_header(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(bytes([whole[0] ^ 1]) + whole[1:])


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", [flip, flip_header, Path.unlink])
def test_a_damaged_copy_is_made_again_where_the_original_is_sound(
    shard: tuple[Path, ShardRecord], tmp_path: Path, file: str, damage: Callable[[Path], None]
) -> None:
    folder, record = shard
    copy = checked_copy(folder, record, tmp_path / "disk") / record.folder
    damage(copy / file)
    checked_copy(folder, record, tmp_path / "disk")
    assert contents(copy) == contents(folder / record.folder)
    damage(folder / record.folder / file)
    assert checked_copy(folder, record, tmp_path / "disk") == copy.parent, "the original is not looked at"
    damage(copy / file)
    with pytest.raises(InvalidIndexError, match="build the index again") as refused:
        checked_copy(folder, record, tmp_path / "disk")
    assert refused.value.file == str(folder / record.folder / file)
    assert os.listdir(copy.parent) == [], "what cannot be used does not fill the disk"


@pytest.mark.parametrize("damage", [flip, flip_header, Path.unlink])
def test_a_damaged_copy_without_an_original_is_told(
    shard: tuple[Path, ShardRecord], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    folder, record = shard
    copy = checked_copy(folder, record, tmp_path / "disk") / record.folder
    shutil.rmtree(folder)
    damage(copy / "pos.bin")
    with pytest.raises(InvalidIndexError, match="have the worker see the index, to copy it again") as refused:
        checked_copy(folder, record, tmp_path / "disk")
    assert refused.value.file == str(copy / "pos.bin")
    shutil.rmtree(copy)
    with pytest.raises(InvalidIndexError, match="is not there; put the index where the client and all workers see it"):
        checked_copy(folder, record, tmp_path / "disk")


def test_a_full_disk_is_left_as_it_was(shard: tuple[Path, ShardRecord], tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (70, before[1]))  # less than pos.bin has
    try:
        with pytest.raises(OutputError, match=r"no copy of shard-0000 can be made \(File too large\); make room"):
            checked_copy(*shard, tmp_path / "disk")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert os.listdir(tmp_path / "disk" / shard[0].name) == []
    checked_copy(*shard, tmp_path / "disk")


def test_what_a_killed_process_left_is_no_copy(shard: tuple[Path, ShardRecord], tmp_path: Path) -> None:
    folder, record = shard
    unfinished = tmp_path / "disk" / folder.name / f"{record.folder}.copying"
    unfinished.mkdir(parents=True)
    (unfinished / "pos.bin").write_bytes(b"half")
    (unfinished / "other").write_bytes(b"")
    copies = checked_copy(folder, record, tmp_path / "disk")
    assert contents(copies / record.folder) == contents(folder / record.folder)
    assert not unfinished.exists()


def test_many_at_once_make_one_copy(shard: tuple[Path, ShardRecord], tmp_path: Path) -> None:
    folder, record = shard
    made: list[Path] = []
    threads = [
        threading.Thread(target=lambda: made.append(checked_copy(folder, record, tmp_path / "disk"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [tmp_path / "disk" / folder.name] * 8
    assert os.listdir(made[0]) == [record.folder]
    assert contents(made[0] / record.folder) == contents(folder / record.folder)


def test_where_no_copy_can_be_made_is_told(shard: tuple[Path, ShardRecord], tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(b"a file")
    with pytest.raises(OutputError, match=r"no copy of shard-0000 can be made \(Not a directory\); make room"):
        checked_copy(*shard, tmp_path / "disk")


def test_a_folder_is_what_it_is_on_the_workers_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SCRATCH", str(tmp_path))
    monkeypatch.setenv("HOME", "/home/someone")
    assert local_folder("$SCRATCH/pslidx") == tmp_path / "pslidx"
    assert local_folder("~/pslidx") == Path("/home/someone/pslidx")
    monkeypatch.delenv("SCRATCH")
    for given in ("$SCRATCH/pslidx", "copies"):
        with pytest.raises(UsageError, match=r"is no folder for copies.*give an absolute path"):
            local_folder(given)
