"""A build that is cut off and resumed gives the same index, and makes no finished shard again."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index import Progress, Skipped, build, store, verify
from psl_index.checkpoints import shard_name
from psl_index.errors import BusyError, InputError, OutputError, UsageError
from tests.faults import children
from tests.faults.system_calls import require_supervision, watch
from tests.proteomes import write_table

SHARD = 60  # residues
SEQUENCES = ["MAAAGRSAWK" * 3, "MRTCYWAKQEQISFNKSDFSRQACDEFGHI"] * 5  # 30 residues each, two a shard
SOAK = bool(os.environ.get("PSLIDX_SOAK"))

# Builds, and kills itself in the middle of ordering a shard, so many others being finished.
KILLED = f"""
import os, signal, sys
from pathlib import Path
from psl_index import build

source, index, finished, resume = sys.argv[1:]

def progress(now):
    if now.step == "ordering" and now.done > now.total // 2:
        if len(list(Path(index).glob("building-*/shard-*.json"))) == int(finished):
            os.kill(os.getpid(), signal.SIGKILL)

build([source], index, shard_residues={SHARD}, resume=bool(resume), progress=progress)
"""


class CutOffError(Exception):
    """What stands in for the end of the process, in this one."""


def cut_off(source: Path, index: Path, finished: int, **options: Any) -> None:
    """A build that ends in the ordering of a shard, so many others being finished."""

    def progress(now: Progress) -> None:
        if now.step == "ordering" and len(list(index.glob("building-*/shard-*.json"))) == finished:
            raise CutOffError

    with pytest.raises(CutOffError):
        build([source], index, **{"shard_residues": SHARD, "resume": True, **options, "progress": progress})


def resumed(source: Path, index: Path, **options: Any) -> list[str]:
    """Build with `resume`; returns what was said."""
    said: list[str] = []
    build([source], index, **{"shard_residues": SHARD, "resume": True, **options}, notice=said.append)
    return said


def contents(index: Path) -> dict[str, bytes]:
    return {str(path.relative_to(index)): path.read_bytes() for path in index.rglob("*") if path.is_file()}


def writings(index: Path, shards: int) -> dict[str, tuple[int, int]]:
    """Inode and time of the last change of each file of the first shards, by shard and name."""
    files = [path for number in range(shards) for path in index.glob(f"*/{shard_name(number)}/*")]
    return {f"{path.parent.name}/{path.name}": (path.stat().st_ino, path.stat().st_mtime_ns) for path in files}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten entries, five shards."""
    return write_table(tmp_path_factory.mktemp("source") / "proteome.tsv", SEQUENCES, ["Nucleus", "Cytoplasm"] * 5)


@pytest.fixture(scope="module")
def whole(source: Path) -> Path:
    """The index of a build that nothing interrupted."""
    build([source], source.parent / "whole", shard_residues=SHARD)
    return source.parent / "whole"


def killed(source: Path, index: Path, finished: int, *, resume: bool) -> None:
    """A process that builds, until it is killed in the ordering of a shard, so many others being finished."""
    arguments = [source, index, str(finished), "resume" if resume else ""]
    ended = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr


def test_killed_in_shard_3_of_5_and_started_again(tmp_path: Path, source: Path, whole: Path) -> None:
    index = tmp_path / "index"
    killed(source, index, 3, resume=False)
    before = writings(index, 3)
    assert len(before) == 3 * 9
    (left,) = left_of_builds(index)
    assert sorted(path.name for path in left.glob("shard-*.json")) == [f"shard-000{shard}.json" for shard in range(3)]
    command = [sys.executable, "-m", "pslidx", "build", source, "-o", index, "--shard-residues", str(SHARD), "--resume"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "pslidx: resuming: 3 shards with 6 entries are finished\n" in ended.stderr
    assert writings(index, 3) == before
    assert contents(index) == contents(whole)
    assert verify(index, full=True).problems == ()


def test_killed_twice(tmp_path: Path, source: Path, whole: Path) -> None:
    index = tmp_path / "index"
    killed(source, index, 1, resume=False)
    killed(source, index, 4, resume=True)
    before = writings(index, 4)
    assert resumed(source, index) == ["resuming: 4 shards with 8 entries are finished"]
    assert writings(index, 4) == before
    assert contents(index) == contents(whole)


def test_killed_before_each_step_of_a_resumed_build(tmp_path: Path) -> None:
    """Taking over, two more shards, and publishing: no finished shard is lost. A soak kills before each call."""
    require_supervision()
    small = write_table(tmp_path / "proteome.tsv", SEQUENCES[:6])
    build([small], tmp_path / "whole", shard_residues=SHARD)
    started = tmp_path / "started"
    killed(small, started / "index", 1, resume=False)
    folder = tmp_path / "work"
    command = (children.pslidx, "build", small, "-o", folder / "index", "--shard-residues", SHARD, "--resume")
    shutil.copytree(started, folder)
    rehearsal = watch(folder, *command)
    assert rehearsal.code == 0, rehearsal.said
    assert contents(folder / "index") == contents(tmp_path / "whole")
    finished, cuts = 1, Counter[str]()
    for moment in rehearsal.moments:
        if SOAK or moment.call.name == "rename" or (finished == 3 and moment.call.name in ("sync", "remove")):
            shutil.rmtree(folder)
            shutil.copytree(started, folder)
            assert watch(folder, *command, at=moment).code == -signal.SIGKILL, moment
            if (folder / "index" / "manifest.json").exists():
                assert verify(folder / "index", full=True).problems == (), moment
                cuts["published"] += 1
            else:
                cuts[f"{finished} finished"] += 1
            again = children.run(*command)
            assert again.code == 0, (moment, again.said)
            if not cuts["published"]:
                assert f"pslidx: resuming: {finished} shards with {2 * finished} entries" in again.said, moment
            assert contents(folder / "index") == contents(tmp_path / "whole"), moment
        if moment.call.name == "rename" and re.fullmatch(r".*/shard-\d{4}\.json", moment.call.new_path):
            finished += 1
    assert cuts.keys() == {"1 finished", "2 finished", "3 finished", "published"}


@pytest.mark.parametrize(
    ("of", "call", "about", "done"),
    [
        (Path, "rename", "index/building-.*", False),
        (Path, "rename", "index/building-.*", True),
        (store, "sync_folder", "index", False),
        (store, "sync_folder", "index", True),
        (Path, "replace", r"index/manifest\.json\.new", False),
    ],
)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(errno.EIO, "Input/output error")])
def test_where_publishing_fails_the_finished_shards_stay(
    tmp_path: Path,
    source: Path,
    whole: Path,
    monkeypatch: pytest.MonkeyPatch,
    of: object,
    call: str,
    about: str,
    done: bool,
    error: BaseException,
) -> None:
    """In one of its calls: before the system has done it, or when it has."""
    index, real = tmp_path / "index", getattr(of, call)

    def fail(path: Path, *target: Path) -> None:
        now = re.fullmatch(about, str(path.relative_to(tmp_path)))
        if done or not now:
            real(path, *target)
        if now:
            raise error

    with monkeypatch.context() as patched:
        patched.setattr(of, call, fail)
        with pytest.raises((KeyboardInterrupt, OutputError)):
            build([source], index, shard_residues=SHARD, resume=True)
    assert resumed(source, index) == ["resuming: 5 shards with 10 entries are finished"]
    assert contents(index) == contents(whole)


def test_interrupted_when_all_is_published_the_index_stays(
    tmp_path: Path, source: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it did not come to remove goes with the next build."""
    index, replace = tmp_path / "index", Path.replace

    def interrupted(path: Path, target: Path) -> None:
        replace(path, target)
        if target == index / "manifest.json":
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", interrupted)
        with pytest.raises(KeyboardInterrupt):
            build([source], index, shard_residues=SHARD, resume=True)
    found = verify(index, full=True)
    assert found.problems == ()
    assert [path.name for path in found.left_overs] == ["build.json", *(f"shard-000{shard}.json" for shard in range(5))]
    build([source], index, shard_residues=SHARD)
    assert contents(index) == contents(whole)


@settings(max_examples=300 if SOAK else 8)
@given(
    sequences=st.lists(st.text("ACDEFGHIKLMNPQRSTVWYX", min_size=1, max_size=40), min_size=2, max_size=12),
    shard_residues=st.integers(20, 60),
    cuts=st.lists(st.integers(0, 3), min_size=1, max_size=3),
)
def test_cut_off_anywhere_it_gives_the_same_bytes(sequences: list[str], shard_residues: int, cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        index, uncut = Path(folder, "index"), Path(folder, "uncut")
        source = write_table(Path(folder, "proteome.tsv"), sequences)
        shards = build([source], uncut, shard_residues=shard_residues).shards
        finished = 0
        for cut in cuts:
            finished = min(finished + cut, shards - 1)
            cut_off(source, index, finished, shard_residues=shard_residues)
        said = resumed(source, index, shard_residues=shard_residues)
        assert [line.split(" shard")[0] for line in said] == ([f"resuming: {finished}"] if finished else said)
        assert contents(index) == contents(uncut)


def test_an_index_that_was_there_stays_until_the_resumed_one_is_complete(tmp_path: Path, source: Path) -> None:
    index = tmp_path / "index"
    build([write_table(tmp_path / "before.tsv", ["MAAA"])], index)
    before = contents(index)
    cut_off(source, index, 2)
    assert before.items() <= contents(index).items()
    assert verify(index, full=True).problems == ()
    assert resumed(source, index) == ["resuming: 2 shards with 4 entries are finished"]
    assert verify(index, full=True).problems == ()


def test_a_rebuild_of_the_same_can_be_resumed(tmp_path: Path, source: Path, whole: Path) -> None:
    index = tmp_path / "index"
    shutil.copytree(whole, index)
    cut_off(source, index, 2)
    assert resumed(source, index) == ["resuming: 2 shards with 4 entries are finished"]
    assert contents(index) == contents(whole)


def test_a_full_disk_leaves_the_finished_shards(tmp_path: Path, source: Path, whole: Path) -> None:
    def full(now: Progress) -> None:
        if now.step == "ordering" and len(list(index.glob("building-*/shard-*.json"))) == 2:
            raise OSError(28, "No space left on device")

    index = tmp_path / "index"
    with pytest.raises(OutputError, match="No space left"):
        build([source], index, shard_residues=SHARD, resume=True, progress=full)
    assert resumed(source, index) == ["resuming: 2 shards with 4 entries are finished"]
    assert contents(index) == contents(whole)


def test_without_resume_a_failure_leaves_nothing_and_nothing_is_taken_over(tmp_path: Path, source: Path) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 2, resume=False)
    assert not index.exists()
    cut_off(source, index, 2)
    before = writings(index, 2)
    build([source], index, shard_residues=SHARD)
    assert not before.items() & writings(index, 2).items()


def test_where_nothing_can_be_resumed_it_says_so_and_builds(tmp_path: Path, source: Path, whole: Path) -> None:
    index = tmp_path / "index"
    assert resumed(source, index) == ["nothing to resume (no build was cut off here): building from the start"]
    assert contents(index) == contents(whole)
    cut_off(source, index, 0)
    assert left_of_builds(index) == []
    killed(source, index, 0, resume=False)
    assert resumed(source, index) == ["nothing to resume (no shard was finished): building from the start"]
    assert contents(index) == contents(whole)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"shard_residues": 90}, "had --shard-residues 60, this one has --shard-residues 90"),
        ({"columns": {"accession": "accession"}}, "had no --columns, this one has --columns accession=accession"),
        ({"skipped": Skipped()}, "had no --skip-bad, this one has --skip-bad"),
    ],
)
def test_other_options_are_refused_and_cost_nothing(
    tmp_path: Path, source: Path, options: dict[str, Any], name: str
) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 2)
    before = contents(index)
    with pytest.raises(UsageError, match=f"cannot resume: .*{name}.*leave out --resume"):
        resumed(source, index, **options)
    assert contents(index) == before
    assert resumed(source, index) == ["resuming: 2 shards with 4 entries are finished"]


def test_shards_keep_their_size_on_a_machine_with_another_memory(
    tmp_path: Path, source: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 2)
    assert resumed(source, index, shard_residues=None) == ["resuming: 2 shards with 4 entries are finished"]
    assert contents(index) == contents(whole)
    monkeypatch.setattr("psl_index.builder.shard_capacity", lambda memory, asked: asked or SHARD)  # of this machine
    build([source], tmp_path / "unasked", release="1")
    cut_off(source, index, 2, shard_residues=None, release="1")
    monkeypatch.setattr("psl_index.builder.shard_capacity", lambda memory, asked: asked or 2 * SHARD)  # of another one
    said = resumed(source, index, shard_residues=None, release="1")
    assert said == ["resuming: 2 shards with 4 entries are finished"]
    assert contents(tmp_path / "unasked").items() <= contents(index).items()


def test_on_another_machine_it_is_continued_with_resume_only(tmp_path: Path, source: Path, whole: Path) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 2)
    (left,) = left_of_builds(index)
    left = left.rename(index / "building-elsewhere-1")
    before = contents(index)
    with pytest.raises(BusyError, match="process 1 on elsewhere may be building here"):
        build([source], index, shard_residues=SHARD)
    assert contents(index) == before
    assert resumed(source, index) == ["resuming: 2 shards with 4 entries are finished"]
    assert contents(index) == contents(whole)


def test_other_sources_are_refused_and_cost_nothing(tmp_path: Path, source: Path) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 2)
    before = contents(index)
    os.mkfifo(tmp_path / "pipe")
    for name, error in (
        ("other.tsv", UsageError),
        ("missing.tsv", InputError),
        ("pipe", UsageError),
        ("-", UsageError),
    ):
        if name == "other.tsv":
            shutil.copy(source, tmp_path / name)
        with pytest.raises(error):
            resumed(Path(name) if name == "-" else tmp_path / name, index)
        assert contents(index) == before


def test_a_source_of_another_size_is_built_from_the_start(tmp_path: Path, source: Path) -> None:
    index, changed = tmp_path / "index", write_table(tmp_path / "proteome.tsv", SEQUENCES)
    cut_off(changed, index, 2)
    write_table(changed, [*SEQUENCES, "MAAA"])
    said = ["nothing to resume (proteome.tsv has another size now): building from the start"]
    assert resumed(changed, index) == said
    build([changed], tmp_path / "fresh", shard_residues=SHARD)
    assert contents(index) == contents(tmp_path / "fresh")


def test_a_source_with_other_contents_is_built_again_from_there_on(tmp_path: Path) -> None:
    index, changed = tmp_path / "index", write_table(tmp_path / "proteome.tsv", SEQUENCES)
    cut_off(changed, index, 3)
    before = writings(index, 3)
    write_table(changed, [*SEQUENCES[:2], SEQUENCES[2].replace("W", "Y"), *SEQUENCES[3:]])
    assert resumed(changed, index) == [
        "resuming: 3 shards with 6 entries are finished",
        "the sources say something else in shard 1 now: it and those after it are built again",
    ]
    after = writings(index, 3)
    assert {name.split("/")[0] for name in after if after[name] == before[name]} == {"shard-0000"}
    build([changed], tmp_path / "fresh", shard_residues=SHARD)
    assert contents(index) == contents(tmp_path / "fresh")


def test_bad_entries_are_counted_once_though_they_are_read_twice(tmp_path: Path) -> None:
    index = tmp_path / "index"
    changed = write_table(tmp_path / "proteome.tsv", ["M4", *SEQUENCES])
    cut_off(changed, index, 3, skipped=Skipped())
    write_table(changed, ["M4", *SEQUENCES[:2], SEQUENCES[2].replace("W", "Y"), *SEQUENCES[3:]])
    skipped = Skipped()
    assert len(resumed(changed, index, skipped=skipped)) == 2
    assert (skipped.count, len(skipped.first)) == (1, 1)


def flip(path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)


@pytest.mark.parametrize("damage", [flip, lambda path: os.truncate(path, path.stat().st_size - 1), Path.unlink])
@pytest.mark.parametrize("file", ["shard-0001/pos.bin", "shard-0001/entries.parquet", "shard-0001.json"])
def test_a_damaged_shard_is_built_again(
    tmp_path: Path, source: Path, whole: Path, file: str, damage: Callable[[Path], None]
) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 3)
    before = writings(index, 3)
    (left,) = left_of_builds(index)
    damage(left / file)
    said = resumed(source, index)
    assert said[-1] == "resuming: 2 shards with 4 entries are finished"
    if (file, damage) != ("shard-0001.json", Path.unlink):
        assert file in said[0]
        assert said[0].endswith(": its shard is built again")
    after = writings(index, 3)
    assert {name.split("/")[0] for name in after if after[name] == before[name]} == {"shard-0000", "shard-0002"}
    assert contents(index) == contents(whole)


def test_a_damaged_record_of_the_build_starts_over(tmp_path: Path, source: Path, whole: Path) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 3)
    (left,) = left_of_builds(index)
    flip(left / "build.json")
    assert resumed(source, index) == [
        "nothing to resume (the record of the build that was cut off is damaged): building from the start"
    ]
    assert contents(index) == contents(whole)


def test_another_version_starts_over(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 3)
    monkeypatch.setattr("psl_index.builder.version", lambda tool: "0.0.1")
    said = ["nothing to resume (pslidx has another version now): building from the start"]
    assert resumed(source, index) == said


def test_what_a_living_process_builds_is_not_taken_over(tmp_path: Path, source: Path) -> None:
    index = tmp_path / "index"
    cut_off(source, index, 3)
    before = contents(index)
    holder = os.open(index, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(BusyError):
            resumed(source, index)
    finally:
        os.close(holder)
    assert contents(index) == before
    assert resumed(source, index) == ["resuming: 3 shards with 6 entries are finished"]


def left_of_builds(index: Path) -> list[Path]:
    """Folders of builds that were cut off."""
    return [path for path in index.iterdir() if path.name.startswith("building-")]
