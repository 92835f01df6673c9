"""F9: two builders start at once; a builder dies while it holds the lock."""

from __future__ import annotations

import fcntl
import multiprocessing
import os
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from multiprocessing.connection import wait
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from psl_index import Index, build, verify
from psl_index.errors import BusyError
from psl_index.store import left_overs
from tests.faults import children
from tests.proteomes import write_table

ROUNDS = 50 if os.environ.get("PSLIDX_SOAK") else 10
PATIENCE = 600  # seconds until a test is given up


@pytest.fixture
def work(tmp_path: Path) -> Iterator[Path]:
    """A table, and for each of two builders a pipe to read one from: it waits there as long as nothing comes."""
    write_table(tmp_path / "table.tsv", ["MAAAGRSAW"])
    for number in range(2):
        os.mkfifo(tmp_path / f"pipe-{number}")
    return tmp_path


def build_at_once(barrier: Barrier, *arguments: object) -> None:
    barrier.wait(PATIENCE)
    children.pslidx("build", *arguments)


def race(work: Path) -> tuple[children.Child, Path, children.Ended]:
    """Start two builders at once; the one that is still there, its pipe, and how the other ended."""
    barrier = multiprocessing.get_context("forkserver").Barrier(2)
    pipes = [work / f"pipe-{number}" for number in range(2)]
    builders = [children.Child(build_at_once, barrier, pipe, "-o", work / "index") for pipe in pipes]
    (first,) = wait([builder.process.sentinel for builder in builders], PATIENCE)
    loser = 0 if first == builders[0].process.sentinel else 1
    return builders[1 - loser], pipes[1 - loser], builders[loser].ended()


def check_refusal(refused: children.Ended, holder: int) -> None:
    """The loser says who is busy; by number, unless it is too early for that."""
    assert refused.code == 1, refused.said
    last = refused.said.splitlines()[-1]
    assert last.endswith(" is building here; wait for it to end, or stop it"), refused.said
    assert name(holder) in last or "another process is" in last, refused.said


def name(builder: int) -> str:
    return f"process {builder} on {socket.gethostname()} is building here"


def test_one_of_two_builders_wins_and_the_other_is_told_who_is_busy(work: Path) -> None:
    index = work / "index"
    for _ in range(ROUNDS):
        shutil.rmtree(index, ignore_errors=True)
        winner, pipe, refused = race(work)
        check_refusal(refused, winner.number)
        pipe.write_bytes((work / "table.tsv").read_bytes())
        assert winner.ended().code == 0
        assert verify(index, full=True).problems == ()
        assert left_overs(index) == []
        with Index.open(index) as opened:
            assert opened.count(["AAA"]).tolist() == [1]


def test_a_dead_builder_blocks_nobody(work: Path) -> None:
    """The next two race beside what it left; nobody takes it for the one that is building."""
    index = work / "index"
    for _ in range(ROUNDS):
        winner, _, refused = race(work)
        check_refusal(refused, winner.number)
        left = folder_of(winner.number, index)
        wait_for(left)
        third = children.run(children.pslidx, "build", work / "table.tsv", "-o", index)
        assert third.code == 1
        assert name(winner.number) in third.said
        winner.process.kill()
        assert winner.ended().code == -signal.SIGKILL
        assert left.exists()
    build([work / "table.tsv"], index)
    assert left_overs(index) == []
    assert verify(index, full=True).problems == ()


@pytest.mark.parametrize("first", ["either", "the bad one"])
def test_a_failing_builder_takes_nothing_away_from_the_next(work: Path, first: str) -> None:
    """It removes the folder it made, which another one may just be opening."""
    bad_table = "accession\tsequence\tlocations\nP0\tM4\t\n"
    index, bad_source = work / "index", work / ("pipe-0" if first == "the bad one" else "bad.tsv")
    context = multiprocessing.get_context("forkserver")
    for _ in range(ROUNDS):
        shutil.rmtree(index, ignore_errors=True)
        if first == "the bad one":
            bad_builder = children.Child(children.pslidx, "build", bad_source, "-o", index)
            wait_for(folder_of(bad_builder.number, index))
            good_builder = children.Child(children.pslidx, "build", work / "table.tsv", "-o", index)
            bad_source.write_text(bad_table)  # which fails while the good one begins
        else:
            bad_source.write_text(bad_table)
            barrier = context.Barrier(2)
            bad_builder = children.Child(build_at_once, barrier, bad_source, "-o", index)
            good_builder = children.Child(build_at_once, barrier, work / "table.tsv", "-o", index)
        numbers = bad_builder.number, good_builder.number
        bad, good = bad_builder.ended(), good_builder.ended()
        if first == "either" and "is building here" in bad.said:
            check_refusal(bad, numbers[1])
        else:
            assert f"{bad_source.name}:2: " in bad.said
        if good.code:
            check_refusal(good, numbers[0])
            assert not index.exists() or not any(index.iterdir())  # the loser may have made it, the winner failed
        else:
            assert verify(index, full=True).problems == ()


def test_a_holder_that_goes_while_its_name_is_looked_for_was_still_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = tmp_path / "index"
    index.mkdir()
    handle = os.open(index, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    listed = Path.iterdir

    def gone(folder: Path) -> Iterator[Path]:
        if folder == index and index.exists():
            index.rmdir()
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", gone)
    with pytest.raises(BusyError, match="another process is building here; wait"):
        build([write_table(tmp_path / "table.tsv", ["MAAAGRSAW"])], index)
    os.close(handle)


def folder_of(builder: int, index: Path) -> Path:
    return index / f"building-{socket.gethostname()}-{builder}"


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.001)
