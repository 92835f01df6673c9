"""F1, F8, F9: builders killed at any time, readers during rebuilds, two builders at once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from psl_index import Index, build, verify
from psl_index.store import left_overs
from tests.proteomes import build_index, write_table

KILLS = 260 if os.environ.get("PSLIDX_SOAK") else 20
REBUILDS = 20 if os.environ.get("PSLIDX_SOAK") else 5
BEFORE = ["MAAAGRSAW" * 20]
AFTER = ["MRTCYWAKQEQISFNKSDFSRQ" * 50, "MXUAACKLIV" * 200] * 50


def builder(source: Path, index: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pslidx", "build", str(source), "-o", str(index)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def seconds(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a builder runs, from its start to its end."""
    folder = tmp_path_factory.mktemp("timing")
    source = write_table(folder / "after.tsv", AFTER)
    began = time.perf_counter()
    running = builder(source, folder / "index")
    running.communicate()
    assert running.returncode == 0
    return time.perf_counter() - began


def test_a_killed_builder_leaves_the_old_index_or_the_new_one(tmp_path: Path, seconds: float) -> None:
    choose = random.Random(1)
    old = build_index(tmp_path, BEFORE)
    source = write_table(tmp_path / "after.tsv", AFTER)
    outcomes = set()
    for _ in range(KILLS):
        running = builder(source, old.path)
        time.sleep(choose.uniform(0.3, 1.0) * seconds)
        running.send_signal(signal.SIGKILL)
        running.communicate()
        assert verify(old.path, full=True).problems == ()
        with Index.open(old.path) as index:
            answer = tuple(index.count(["AAA", "TCY", "XUA"]).tolist())
        assert answer in {(20, 0, 0), (0, 2500, 10_000)}
        outcomes.add(answer)
        build([tmp_path / "proteome.tsv"], old.path)
        assert all(path.name != f"building-{running.pid}" for path in left_overs(old.path))
    assert (20, 0, 0) in outcomes


def test_readers_see_one_data_set_or_the_other_during_rebuilds(tmp_path: Path) -> None:
    one, two = write_table(tmp_path / "one.tsv", ["AAAA"] * 40), write_table(tmp_path / "two.tsv", ["CCCCC"] * 30)
    index = tmp_path / "index"
    build([one], index)
    seen: set[tuple[int, int, int]] = set()
    ended = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not ended.is_set():
                with Index.open(index) as opened:
                    seen.add((*opened.count(["AA", "CC"]).tolist(), len(opened.entries)))
        except BaseException as failure:
            failures.append(failure)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    for rebuild in range(REBUILDS):
        build([two if rebuild % 2 == 0 else one], index)
    ended.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert seen <= {(120, 0, 40), (0, 120, 30)}


def test_of_two_builders_one_wins_and_the_other_is_told_who_is_busy(tmp_path: Path) -> None:
    """The first is stopped in the middle; the second must give up at once, and the first still finish."""
    source = write_table(tmp_path / "after.tsv", AFTER)
    index = tmp_path / "index"
    first = builder(source, index)
    while not list(index.glob("building-*")):
        time.sleep(0.001)
    first.send_signal(signal.SIGSTOP)
    second = builder(source, index)
    complaint = second.communicate()[1].decode()
    assert second.returncode == 1
    assert f"process {first.pid} on " in complaint
    assert "is building here" in complaint
    first.send_signal(signal.SIGCONT)
    assert first.communicate() is not None
    assert first.returncode == 0
    assert verify(index, full=True).problems == ()
