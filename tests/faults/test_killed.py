"""F1: builders, and what writes results, killed at random times and before the calls that change the disk."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import time
from pathlib import Path

import pytest

from psl_index import Index, build, verify
from psl_index.errors import InvalidIndexError
from psl_index.store import left_overs
from tests.faults import children
from tests.faults.system_calls import Call, Moment, beyond_the_shard, require_supervision, watch
from tests.proteomes import build_index, write_table

SOAK = bool(os.environ.get("PSLIDX_SOAK"))
KILLS = 260 if SOAK else 20
BEFORE, AFTER = ["MAAAGRSAW" * 20], ["MRTCYWAKQEQISFNKSDFSRQ" * 50, "MXUAACKLIV" * 200] * 50
SMALL = ["MRTCYWAK", "MXUAACKLIV"]
PEPTIDES = ["AAA", "TCY", "XUA"]
ANSWERS = {(20, 0, 0): "before", (0, 2500, 10_000): "after", (0, 1, 1): "after"}

# What every build is seen to do.
STEPS = {
    *("mkdir building-*", "mkdir shard-0000", "create text.bin", "create entries.parquet", "write entries.parquet"),
    *("sync entries.parquet", "sync text.bin", "sync starts.bin", "sync pos.bin", "sync tail.bin", "sync table.bin"),
    *("sync shard-0000", "sync building-*", "create manifest.json.new", "write manifest.json.new"),
    *("sync manifest.json.new", "sync index", "rename manifest.json.new"),
}


def test_killed_at_a_random_time(tmp_path: Path) -> None:
    """From when its folder appears to when it ends; kills that find a build running are those that count."""
    choose = random.Random(1)
    index = build_index(tmp_path, BEFORE).path
    source = write_table(tmp_path / "after.tsv", AFTER)
    longest = 0.0
    for _ in range(3):  # the first one also starts what children are forked from
        running = started(source, index)
        began = time.perf_counter()
        assert running.ended().code == 0
        longest = max(longest, time.perf_counter() - began)
        build([tmp_path / "proteome.tsv"], index)
    found = left = 0
    while found < KILLS:
        running = started(source, index)
        time.sleep(choose.uniform(0, longest))
        running.process.kill()
        code = running.ended().code
        outcome = check_what_is_there(index)
        assert (code, outcome) in ((-signal.SIGKILL, "before"), (-signal.SIGKILL, "after"), (0, "after"))
        found += outcome == "before"
        left += any(path.name.startswith("building-") for path in left_overs(index))
        build([tmp_path / "proteome.tsv"], index)
        assert not any(path.name.startswith("building-") for path in left_overs(index))
    assert left > KILLS / 2


def started(source: Path, index: Path) -> children.Child:
    """A build that has begun: its folder is there, or was."""
    child = children.Child(children.pslidx, "build", source, "-o", index)
    while child.process.is_alive() and not (index / f"building-{socket.gethostname()}-{child.number}").exists():
        time.sleep(0.0005)
    return child


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a small table, its index, and the index of another one."""
    require_supervision()
    folder = tmp_path_factory.mktemp("built")
    (folder / "before").mkdir()
    shutil.move(build_index(folder / "before", BEFORE).path, folder / "index-before")
    (folder / "after").mkdir()
    shutil.move(build_index(folder / "after", SMALL).path, folder / "index-after")
    return folder


@pytest.mark.parametrize("there", ["nothing", "index-before", "index-after"])
def test_killed_before_and_after_each_step(built: Path, tmp_path: Path, there: str) -> None:
    """A first build, a rebuild of something else, a rebuild of the same. A soak kills before each call there is."""
    source = built / "after" / "proteome.tsv"
    moments = rehearsed(built, tmp_path / "rehearsal", there)
    outcomes = set()
    chosen = moments if SOAK else around_steps(moments)
    for moment in chosen if SOAK or there == "nothing" else beyond_the_shard(chosen):
        folder = prepared(built, tmp_path / "work", there)
        ended = watch(folder, children.pslidx, "build", source, "-o", folder / "index", at=moment)
        assert (ended.code, ended.struck) == (-signal.SIGKILL, True), moment
        outcome = check_what_is_there(folder / "index")
        outcomes.add(outcome)
        build([source], folder / "index")
        kept = files(built / "index-before").keys() - {"manifest.json"} if outcome == "before" else set()
        assert files(folder / "index").keys() == files(built / "index-after").keys() | kept, moment
        assert check_what_is_there(folder / "index") == "after"
        shutil.rmtree(folder)
    assert outcomes == {"nothing": {"nothing", "after"}, "index-before": {"before", "after"}}.get(there, {"after"})


@pytest.mark.parametrize("there", ["nothing", "index-before", "index-after"])
def test_all_is_on_disk_before_the_manifest_names_it(built: Path, tmp_path: Path, there: str) -> None:
    """What a loss of power could take: files since they were last brought to disk, and names in folders."""
    calls = [moment.call for moment in rehearsed(built, tmp_path / "rehearsal", there)]
    publishing = calls.index(Call("rename", "index/manifest.json.new", "index/manifest.json"))
    written: set[str] = set()
    unsafe: set[str] = set()
    for name, path, new_path in calls[:publishing]:
        if name in ("write", "create", "mkdir"):
            unsafe |= {path, os.path.dirname(path)}
            written.add(os.path.basename(path))
        elif name == "rename":
            unsafe.add(os.path.dirname(new_path))
        elif name == "sync":
            unsafe.discard(path)
    assert {"text.bin", "pos.bin", "entries.parquet", "manifest.json.new"} <= written
    assert unsafe <= {""}  # the name of a new index itself
    assert Call("sync", "index") in calls[publishing:]


@pytest.mark.parametrize("there", ["nothing", "results"])
def test_hit_rates_killed_before_each_call(built: Path, tmp_path: Path, there: str) -> None:
    """The folder holds the old results or the new ones, complete; or it is missing, and the next run puts it back."""
    index, folder = built / "index-before", tmp_path / "work"
    target = folder / "rates"

    def command(rows: str) -> tuple[object, ...]:
        return children.pslidx, "hitrate", index, tmp_path / rows, "--exclude", "none", *children.QUICK, "-o", target

    for name, place in (("old", "2\t4"), ("new", "3\t5")):
        (tmp_path / name).write_text(f"query\tstart\tend\tsubsequence\tpredicted\nP0\t{place}\tAAA\tNucleus\n")
    folder.mkdir()
    assert children.run(*command("old")).code == 0
    old = files(target)
    moments = watch(folder, *command("new")).moments
    new = files(target)
    assert old != new
    if there == "nothing":
        shutil.rmtree(target)
        moments = watch(folder, *command("new")).moments
        old = {}
    outcomes = []
    for moment in moments if SOAK else [moment for moment in moments if moment.call.name not in ("open", "write")]:
        shutil.rmtree(folder)
        folder.mkdir()
        if there == "results":
            children.run(*command("old"))
        assert watch(folder, *command("new"), at=moment).code == -signal.SIGKILL
        outcomes.append(files(target))
        assert outcomes[-1] in ({}, old, new), moment
        again = children.run(*command("old"))
        assert again.code == 0, (moment, again.said)
        assert os.listdir(folder) == ["rates"], moment
    assert all(outcome in outcomes for outcome in ({}, old, new))


def rehearsed(built: Path, folder: Path, there: str) -> list[Moment]:
    """All calls of the build, which runs to its end."""
    prepared(built, folder, there)
    ended = watch(folder, children.pslidx, "build", built / "after" / "proteome.tsv", "-o", folder / "index")
    assert ended.code == 0, ended.said
    assert check_what_is_there(folder / "index") == "after"
    shutil.rmtree(folder)
    return ended.moments


def prepared(built: Path, folder: Path, there: str) -> Path:
    folder.mkdir()
    if there != "nothing":
        shutil.copytree(built / there, folder / "index")
    return folder


def check_what_is_there(index: Path) -> str:
    """An index opens and is whole, or there is none; what does not belong to it is reported."""
    if not (index / "manifest.json").exists():
        with pytest.raises(InvalidIndexError, match=r"there is no manifest\.json in it"):
            Index.open(index)
        return "nothing"
    found = verify(index, full=True)
    assert found.problems == ()
    with Index.open(index) as opened:
        named = {"manifest.json", opened.manifest.folder}
        answer = tuple(opened.count(PEPTIDES).tolist())
    left = {path.name for path in found.left_overs if path.parent == index}
    within = {path.name for path in found.left_overs if path.parent.name == opened.manifest.folder}
    assert left | named == set(os.listdir(index))
    assert within | {shard.folder for shard in opened.manifest.shards} == set(
        os.listdir(index / opened.manifest.folder)
    )
    return ANSWERS[answer]


def around_steps(moments: list[Moment]) -> list[Moment]:
    """The calls that make up `STEPS`, the call after each, and the last call."""
    steps = [f"{moment.call.name} {os.path.basename(moment.call.path)}" for moment in moments]
    assert STEPS.issubset(steps)
    places = {steps.index(step) for step in STEPS}
    places |= {place for place, moment in enumerate(moments) if moment.call.name in ("rename", "remove")}
    last = len(moments) - 1
    return [moments[place] for place in sorted(places | {min(place + 1, last) for place in places} | {last})]


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
