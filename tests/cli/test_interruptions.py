"""Ctrl-C and SIGTERM at random moments: the right exit code, no traceback, nothing half written."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

TIMES = 30 if os.environ.get("PSLIDX_SOAK") else 3  # a command and signal
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, flat_entry: Callable[..., str]) -> Path:
    """A folder with a source of many entries, its index, and questions to it."""
    folder = tmp_path_factory.mktemp("work")
    dice = random.Random(1)
    with (folder / "many.dat").open("w") as file:
        for number in range(10_000):
            sequence = "".join(dice.choices("ACDEFGHIKLMNPQRSTVWY", k=100))
            accession = f"A0A{number:06d}P"
            file.write(flat_entry(accession, f"N{number}_HUMAN", 9606, "Eukaryota", "Nucleus.", sequence))
    (folder / "peptides").write_text("SKL\nAA\nK\nKDE\n" * 500)
    query = "query\tstart\tend\tsubsequence\tpredicted\n" + "A0A000001P\t2\t3\tSK\tNucleus\n" * 20_000
    (folder / "subsequences.tsv").write_text(query)
    ended = run(folder, "build", "many.dat", "-o", "index")
    assert ended.returncode == 0, ended.stderr
    return folder


COMMANDS = [
    ("build", "many.dat", "-o", "target"),
    ("search", "index", "--file", "peptides", "-o", "target"),
    (
        "sql",
        "index",
        "SELECT a.sequence FROM entries a, entries b WHERE a.entry < 50",
        "-o",
        "target.parquet",
    ),
    ("hitrate", "index", "subsequences.tsv", "-o", "target"),
    ("verify", "index", "--full"),
    ("info", "index"),
]


@pytest.mark.parametrize("number", CODES)
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: arguments[0])
def test_a_signal_at_any_moment(work: Path, arguments: tuple[str, ...], number: signal.Signals) -> None:
    before = sorted(os.listdir(work))
    began = time.perf_counter()
    run(work, *arguments, timeout=2)
    whole = time.perf_counter() - began
    remove_results(work, before)
    dice = random.Random(f"{arguments} {number}")
    for _ in range(TIMES):
        moment = dice.uniform(0.05, whole)  # the interpreter itself takes some 20 ms before it listens
        process = start(work, *arguments)
        time.sleep(moment)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
        assert process.returncode in (0, CODES[number]), (moment, said)
        assert "Traceback" not in said, (moment, said)
        assert "error" not in said, (moment, said)
        if process.returncode == 0:
            remove_results(work, before)
        assert sorted(os.listdir(work)) == before, moment


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    program = str(Path(sys.executable).with_name("pslidx"))
    return subprocess.Popen(
        [program, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def run(folder: Path, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
    """The command, ended with SIGTERM after `timeout` seconds."""
    process = start(folder, *arguments)
    try:
        _, said = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        process.terminate()
        _, said = process.communicate(timeout=60)
    return subprocess.CompletedProcess(arguments, process.returncode, "", said)


def remove_results(folder: Path, before: list[str]) -> None:
    for name in set(os.listdir(folder)) - set(before):
        subprocess.run(["rm", "-r", folder / name], check=True)
