"""When a build that was cut off can be continued; `tests/faults/test_resumed.py` cuts builds off."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from psl_index.checkpoints import Plan, _sealed, continued, take_over, why_not_continued, write_plan
from psl_index.errors import UsageError
from tests.faults.test_resumed import SEQUENCES, cut_off
from tests.proteomes import write_table

PLAN = Plan({"pslidx": "0.2.0"}, 60, 60, None, False, ["a.tsv", "b.tsv"], [10, None])
DAMAGED = "the record of the build that was cut off is damaged"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a build left that seems to have finished a shard."""
    (tmp_path / "shard-0000.json").touch()
    write_plan(tmp_path, PLAN)
    return tmp_path


def test_the_same_build_continues(folder: Path) -> None:
    assert why_not_continued(folder, PLAN) is None
    (folder / "shard-0000.json").unlink()
    assert why_not_continued(folder, PLAN) == "no shard was finished"


@pytest.mark.parametrize("version", ["0.1.0", "0.3.0"])
def test_neither_an_older_nor_a_newer_version_continues(folder: Path, version: str) -> None:
    changed = replace(PLAN, versions={"pslidx": version})
    assert why_not_continued(folder, changed) == "pslidx has another version now"
    added = replace(PLAN, versions={"pslidx": "0.2.0", "pyarrow": "17"})
    assert why_not_continued(folder, added) == "pyarrow has another version now"


@pytest.mark.parametrize("size", [9, 11, None])
def test_a_source_of_another_size_is_another_one(folder: Path, size: int | None) -> None:
    assert why_not_continued(folder, replace(PLAN, sizes=[size, None])) == "a.tsv has another size now"
    assert why_not_continued(folder, replace(PLAN, sizes=[10, 0])) == "b.tsv has another size now"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            replace(PLAN, sources=["b.tsv", "a.tsv"]),
            "had the sources a.tsv b.tsv, this one has the sources b.tsv a.tsv",
        ),
        (replace(PLAN, sources=["a.tsv"], sizes=[10]), "had the sources a.tsv b.tsv, this one has the sources a.tsv"),
        (replace(PLAN, sources=["a.tsv b.tsv"]), "had the sources a.tsv b.tsv, this one has the sources 'a.tsv b.tsv'"),
        (
            replace(PLAN, columns={"sequence": "Seq", "accession": "ACC"}),
            "had no --columns, this one has --columns accession=ACC,sequence=Seq",
        ),
        (replace(PLAN, capacity=90, shard_residues=90), "had --shard-residues 60, this one has --shard-residues 90"),
        (replace(PLAN, skip_bad=True), "had no --skip-bad, this one has --skip-bad"),
    ],
)
def test_other_wishes_are_refused(folder: Path, changed: Plan, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        why_not_continued(folder, changed)
    assert caught.value.problem == f"cannot resume: the build that was cut off {said}"
    assert caught.value.file == str(folder.parent)


@pytest.mark.parametrize("asked", [60, None])
def test_without_a_wish_shards_keep_their_size(folder: Path, asked: int | None) -> None:
    """The memory of another machine is no wish; and whether there was one is part of the index."""
    before = replace(PLAN, shard_residues=asked)
    write_plan(folder, before)
    elsewhere = replace(PLAN, capacity=90, shard_residues=None)
    assert why_not_continued(folder, elsewhere) is None
    assert continued(folder, elsewhere) == before
    assert why_not_continued(folder, PLAN) is None
    assert continued(folder, PLAN) == PLAN


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b"[" * 100_000, b"\xff", b'{"format": "pslidx build"}'])
def test_a_record_that_is_none_is_damaged(folder: Path, record: bytes) -> None:
    (folder / "build.json").write_bytes(record)
    assert why_not_continued(folder, PLAN) == DAMAGED
    (folder / "build.json").unlink()
    assert why_not_continued(folder, PLAN) == DAMAGED


@pytest.mark.parametrize(("before", "after"), [(b" ", b""), (b"\n", b""), (b"", b"\n"), (b"", b" ")])
def test_a_record_in_another_spelling_is_damaged(folder: Path, before: bytes, after: bytes) -> None:
    record = folder / "build.json"
    record.write_bytes(before + record.read_bytes() + after)
    assert why_not_continued(folder, PLAN) == DAMAGED


@pytest.mark.parametrize("kind", ["pslidx", "pslidx finished shard", "pslidx zzz"])
def test_the_record_of_something_else_is_no_record_of_a_build(folder: Path, kind: str) -> None:
    (folder / "build.json").write_bytes(_sealed({"format": kind}))
    assert why_not_continued(folder, PLAN) == DAMAGED


@pytest.mark.parametrize("kind", ["pslidx", "pslidx build", "pslidx zzz"])
def test_the_record_of_something_else_is_no_record_of_a_shard(folder: Path, kind: str) -> None:
    (folder / "shard-0000.json").write_bytes(_sealed({"format": kind}))
    (folder / "shard-0000").mkdir()
    said: list[str] = []
    checked: list[tuple[int, int]] = []
    assert take_over(folder, said.append, lambda *done: checked.append(done)) == {}
    assert said == [f"{folder / 'shard-0000.json'} is damaged: its shard is built again"]
    assert [path.name for path in folder.iterdir()] == ["build.json"]
    assert checked == []


def test_all_bytes_of_finished_shards_are_checked_and_counted(tmp_path: Path) -> None:
    source = write_table(tmp_path / "proteome.tsv", SEQUENCES)
    cut_off(source, tmp_path / "index", 3)
    (left,) = (tmp_path / "index").glob("building-*")
    said: list[str] = []
    checked: list[tuple[int, int]] = []
    shards = take_over(left, said.append, lambda *done: checked.append(done))
    assert sorted(shards) == [0, 1, 2]
    assert said == []
    sizes = [shards[number].record.n_bytes for number in shards]
    assert checked == [(sum(sizes[: number + 1]), sum(sizes)) for number in range(3)]
