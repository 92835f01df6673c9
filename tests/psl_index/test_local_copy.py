"""Copies of shards on a worker's own disk: complete, checked, and made once."""

from __future__ import annotations

import os
import shutil
import threading
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


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("damage", ["flipped", "missing"])
def test_damage_is_found_in_the_copy_and_in_the_original(
    shard: tuple[Path, ShardRecord], tmp_path: Path, file: str, damage: str
) -> None:
    folder, record = shard
    copy = checked_copy(folder, record, tmp_path / "disk") / record.folder
    for path, remedy in (
        (copy / file, f"remove {copy}, and it is copied again"),
        (folder / record.folder / file, None),
    ):
        whole = path.read_bytes()
        if damage == "missing":
            path.unlink()
        else:
            path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(InvalidIndexError, match=r"is (damaged|missing)") as refused:
            checked_copy(folder, record, tmp_path / "disk")
        assert refused.value.file == str(path)
        assert remedy in (None, refused.value.remedy)
        shutil.rmtree(copy, ignore_errors=True)  # as the remedy says; then the original is read


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
    with pytest.raises(OutputError, match=r"no copy of shard-0000 can be made here: Not a directory; make room"):
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
