"""`--scheduler`: the same output as without, from real scheduler and worker processes, and how it fails."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytest.importorskip("distributed", reason="Dask is not installed: pip install 'pslidx[cluster]'")

from distributed import Client

from psl_index import build, cluster
from tests.cli.conftest import Call

HITS = [
    ("SKL", "AA"),
    ("SKL", "AA", "K", "--limit", "2"),
    ("A", "--taxon", "9606"),
    ("A", "M", "--lineage", "mammalia", "--equate-il"),
    ("SKL", "AA", "WWW", "--count"),
    ("A", "--count", "--taxon", "10090"),
]


@contextmanager
def running(folder: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A scheduler and two workers, started as `docs/cluster.md` says: the address, and the scheduler's process."""
    file = folder / "scheduler.json"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options = ["--no-dashboard", "--scheduler-file", file]
    started = [dask("scheduler", "--host", "127.0.0.1", "--port", "0", *options, **quiet)]
    started.append(dask("worker", "--nworkers", "2", "--nthreads", "1", "--memory-limit", "0", *options, **quiet))
    try:
        with Client(scheduler_file=str(file), set_as_default=False, timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            address = client.scheduler.address
        yield address, started[0]
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait()


def dask(command: str, *options: object, **streams: int) -> subprocess.Popen[bytes]:
    program = [sys.executable, "-m", f"distributed.cli.dask_{command}"]
    return subprocess.Popen([*program, *map(str, options)], **streams)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("dask")) as (address, _):
        yield address


@pytest.fixture(scope="module")
def shards(flat_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of three shards."""
    path = tmp_path_factory.mktemp("index") / "three"
    assert build([flat_file], path, shard_residues=15).shards == 3
    return path


@pytest.mark.parametrize("arguments", HITS, ids=" ".join)
def test_search_prints_the_same(pslidx: Call, shards: Path, scheduler: str, arguments: tuple[str, ...]) -> None:
    here = pslidx("search", shards, *arguments)
    there = pslidx("search", shards, *arguments, "--scheduler", scheduler)
    assert here.code == 0
    assert there == here


def test_hitrate_writes_the_same(pslidx: Call, shards: Path, scheduler: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.tsv"
    rows.write_text(
        "query\tstart\tend\tsubsequence\tpredicted\nP99991\t4\t6\tLSK\tNucleus\nunknown\t1\t3\tMSK\tPeroxisome\n"
    )
    proteins = tmp_path / "proteins.fasta"
    proteins.write_text(">P99991\nMKKLSKLAAAKDEL\n>unknown\nMSKLSKLSKIGU\n")
    ended = []
    for name, options in (("here", []), ("there", ["--scheduler", scheduler, "--local-copy", tmp_path / "copies"])):
        folder = tmp_path / name
        ended.append(pslidx("hitrate", shards, rows, "--proteins", proteins, "-o", folder, *options))
    assert ended[0].code == 0
    assert ended[1] == ended[0]
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert len(list((tmp_path / "copies").glob("*/shard-*"))) == 3


def test_build_writes_the_same(pslidx: Call, flat_file: Path, shards: Path, scheduler: str, tmp_path: Path) -> None:
    ended = pslidx("build", flat_file, "-o", tmp_path / "there", "--shard-residues", 15, "--scheduler", scheduler)
    assert ended.code == 0, ended.err
    assert [line.split(":")[0] for line in ended.err.splitlines()[:-1]] == ["pslidx"] * (ended.err.count("\n") - 1)
    assert contents(tmp_path / "there") == contents(shards)


def contents(folder: Path) -> dict[str, bytes]:
    """Each file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_lost_shard_is_named(pslidx: Call, shards: Path, scheduler: str, tmp_path: Path) -> None:
    shutil.copytree(shards, tmp_path / "copy")
    (lost,) = (tmp_path / "copy").glob("*/shard-0001")
    shutil.rmtree(lost)
    ended = pslidx("search", tmp_path / "copy", "AA", "--scheduler", scheduler)
    assert (ended.code, ended.out) == (3, "")
    assert ended.err.startswith(f"pslidx: error: {lost}: is not there for the worker at tcp://127.0.0.1:")
    assert ended.err.count("\n") == 1


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (["--scheduler", "tcp://127.0.0.1:1"], 4, "tcp://127.0.0.1:1: no Dask scheduler answers; check the address"),
        (["--scheduler", "node17"], 2, "node17: is no address of a Dask scheduler: missing port number"),
        (["--local-copy", "/tmp"], 2, "--local-copy goes with --scheduler only; see `pslidx search -h`"),
        (["--no-index", "x", "--scheduler", "local"], 2, "--scheduler and --local-copy do not go with --no-index"),
    ],
)
def test_what_cannot_be_is_one_line(
    pslidx: Call, shards: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int, line: str
) -> None:
    monkeypatch.setattr(cluster, "_CONNECTING", 0.5)
    ended = pslidx("search", shards, "AA", *options)
    assert (ended.code, ended.out) == (code, "")
    assert ended.err.startswith(f"pslidx: error: {line}")
    assert ended.err.count("\n") == 1


def test_without_dask_it_says_how_to_install_it(pslidx: Call, shards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    for command in (["search", shards, "AA"], ["build", "x", "-o", "y"], ["hitrate", shards, "x", "-o", "y"]):
        ended = pslidx(*command, "--scheduler", "local")
        assert (ended.code, ended.out) == (2, "")
        assert ended.err == (
            "pslidx: error: a cluster needs Dask, which is not installed; "
            "install it with `pip install 'pslidx[cluster]'`\n"
        )


def test_commands_without_a_scheduler_do_not_load_dask(shards: Path) -> None:
    program = (
        "import sys; from pslidx.exit_codes import Session; from pslidx.group import invoke\n"
        "for command in (['--help'], ['search', '--help'], ['search', sys.argv[1], 'AA']): invoke(command, Session())\n"
        "print({'dask', 'distributed', 'tornado', 'asyncio'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program, shards], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "set()"


@pytest.fixture(scope="module")
def long_question(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A search that takes minutes."""
    folder = tmp_path_factory.mktemp("long")
    (folder / "proteins.fasta").write_text("".join(f">{number}\n{'AC' * 200}\n" for number in range(1000)))
    (folder / "peptides").write_text("A\nC\n" * 8000)
    build([folder / "proteins.fasta"], folder / "index", shard_residues=100_000)
    return ["search", str(folder / "index"), "--file", str(folder / "peptides"), "--count"]


def test_after_ctrl_c_nothing_is_left_on_the_cluster(long_question: list[str], scheduler: str) -> None:
    with Client(scheduler, set_as_default=False) as client:
        process = start(*long_question, "--scheduler", scheduler)
        wait_until(lambda: client.run_on_scheduler(answers_being_made))
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (130, b"pslidx: interrupted\n")
        assert out == b""
        wait_until(lambda: not client.run_on_scheduler(answers_wanted))


def test_a_scheduler_that_goes_away_is_one_line(long_question: list[str], tmp_path: Path) -> None:
    with running(tmp_path) as (address, serving):
        with Client(address, set_as_default=False) as client:
            process = start(*long_question, "--scheduler", address)
            wait_until(lambda: client.run_on_scheduler(answers_being_made))
        serving.kill()
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (4, b"")
    assert err.decode() == (f"pslidx: error: {address}: the scheduler has gone; start it again, and ask again\n")


def test_a_cluster_of_its_own_hears_no_ctrl_c(long_question: list[str], pslidx: Call, shards: Path) -> None:
    assert pslidx("search", shards, "AA", "--scheduler", "local") == pslidx("search", shards, "AA")
    process = start(*long_question, "--scheduler", "local")
    wait_until(lambda: len(workers_of(process.pid)) > 1)
    time.sleep(1)  # anywhere in the start of the workers, or after
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, b"", b"pslidx: interrupted\n")


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """The command in a process and a group of its own."""
    program = [sys.executable, "-m", "pslidx", *arguments]
    return subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)


def wait_until(something: Callable[[], object]) -> None:
    for _ in range(600):
        if something():
            return
        time.sleep(0.1)
    pytest.fail("it did not happen within a minute")


def workers_of(process: int) -> list[str]:
    """Child processes that multiprocessing has started."""
    children = Path(f"/proc/{process}/task").glob("*/children")
    return [child for file in children for child in file.read_text().split()]


def answers_being_made(dask_scheduler: object) -> bool:
    return any(worker.processing for worker in dask_scheduler.workers.values())  # type: ignore[attr-defined]


def answers_wanted(dask_scheduler: object) -> bool:
    return bool(dask_scheduler.tasks)  # type: ignore[attr-defined]
