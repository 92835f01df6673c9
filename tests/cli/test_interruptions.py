"""F17: Ctrl-C, SIGTERM and a closed pipe at random moments of each command.

Whatever the moment: the right exit code, no traceback, and a result that is either complete or not there.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path

import pytest

from psl_eval.results.schemas import TABLES
from psl_index import Index, verify
from psl_models.checkpoints import save_model
from tests.psl_models.small_models import CLASSES, small_model
from tests.report_results import write_results

SOAK = bool(os.environ.get("PSLIDX_SOAK"))
MOMENTS = 100 if SOAK else 20  # for each kind of interruption, dealt out to the commands
LONGEST = 8.0 if SOAK else 1.0  # seconds of a command in which moments are chosen
CODES = {"Ctrl-C": 128 + signal.SIGINT, "SIGTERM": 128 + signal.SIGTERM, "closed pipe": 128 + signal.SIGPIPE}
SIGNALS = {"Ctrl-C": signal.SIGINT, "SIGTERM": signal.SIGTERM}
HITS = ("search", "index", "--file", "peptides")
SCAN = ("search", "--no-index", "many.dat", "--file", "peptides")
EVERYTHING = "SELECT a.sequence FROM entries a, entries b WHERE a.entry < 50"
COMMANDS = {
    "build": ("build", "many.dat", "-o", "target"),
    "build --resume": ("build", "many.dat", "-o", "target", "--shard-residues", "50000", "--resume"),
    "search": (*HITS, "-o", "target"),
    "search --no-index": (*SCAN, "-o", "target"),
    "search --scheduler local": (*HITS, "--scheduler", "local", "-o", "target"),
    "sql": ("sql", "index", EVERYTHING, "-o", "target.parquet"),
    "hitrate": ("hitrate", "index", "subsequences.tsv", "-o", "target"),
    "verify": ("verify", "index", "--full"),
    "info": ("info", "index"),
    "demo": ("demo", "-o", "target"),
}
TO_STANDARD_OUTPUT = COMMANDS | {
    "search": HITS,
    "search --no-index": SCAN,
    "search --scheduler local": (*HITS, "--scheduler", "local"),
    "sql": ("sql", "index", EVERYTHING),
}
RATES = {"manifest.json"} | {f"{name}.tsv" for name in TABLES}
DEMO = {"synthetic.dat.gz", "planted.tsv", "random.tsv", "index", "planted-rates", "random-rates", "results"}
DEMO |= {"study", "report.html", "report_data"}
_TERMINATE_BIT = 1 << (signal.SIGTERM - 1)


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory, flat_entry: Callable[..., str]) -> Path:
    """A folder with a source of many entries, its index, and questions to it."""
    folder = tmp_path_factory.mktemp("work")
    dice = random.Random(1)
    with (folder / "many.dat").open("w") as file:
        for number in range(5_000):
            sequence = "".join(dice.choices("ACDEFGHIKLMNPQRSTVWY", k=100))
            accession = f"A0A{number:06d}P"
            file.write(flat_entry(accession, f"N{number}_HUMAN", 9606, "Eukaryota", "Nucleus.", sequence))
    (folder / "peptides").write_text("SKL\nAA\nK\nKDE\n" * 100)
    query = "query\tstart\tend\tsubsequence\tpredicted\n" + "A0A000001P\t2\t3\tSK\tNucleus\n" * 10_000
    (folder / "subsequences.tsv").write_text(query)
    with subprocess.Popen([*program(), "build", "many.dat", "-o", "index"], cwd=folder) as built:
        assert built.wait() == 0
    return folder


@pytest.fixture(scope="module")
def seconds(work: Path) -> Callable[[str], float]:
    """How long each command runs once it listens to signals, at most `LONGEST`."""
    known: dict[str, float] = {}

    def of(name: str) -> float:
        if name not in known:
            with tidied(work), started(work, COMMANDS[name], "SIGTERM") as process:
                began = time.perf_counter()
                try:
                    process.communicate(timeout=LONGEST)
                except subprocess.TimeoutExpired:
                    process.terminate()
                    process.communicate()
                known[name] = time.perf_counter() - began
        return known[name]

    return of


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("name", COMMANDS)
def test_an_interruption_at_any_moment(work: Path, seconds: Callable[[str], float], name: str, kind: str) -> None:
    moments = ceil(MOMENTS / len(COMMANDS))
    dice = random.Random(f"{name} {kind}")
    interrupted = 0
    for _ in range(10 * moments):  # some come too late
        moment = dice.uniform(0, 0.8 * seconds(name))
        with tidied(work):
            code, said = interrupt(work, name, kind, moment)
            where = (moment, code, said)
            assert code in (0, CODES[kind]), where
            assert "Traceback" not in said, where
            assert "error" not in said, where
            assert_complete_or_absent(work, name, code)
        interrupted += code != 0
        if interrupted == moments:
            return
    pytest.fail(f"only {interrupted} of {10 * moments} came before the end")


def test_an_experiment_that_is_interrupted_keeps_its_parts_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_model(small_model("mlp", "uniform"), tmp_path / "model")
    lines = [f">P{n} {CLASSES[n % 3]}\nMKT{'ACDEFGHIKLNPQRSTVWY'[n:]}\n" for n in range(4)]
    (tmp_path / "proteins.fasta").write_text("".join(lines))
    asked = ("experiment", "sanity-checks", "proteins.fasta", "--model", "model", "--method", "saliency")
    asked += ("--threads", "1", "-o", "target")
    parts = tmp_path / "target" / "parts"
    with started(tmp_path, (*asked, "--draws", "100000"), "Ctrl-C") as process:
        while process.poll() is None and not list(parts.glob("*-randomised-*.parquet")):
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode == CODES["Ctrl-C"], said
    assert "Traceback" not in said
    assert "error" not in said
    assert not (tmp_path / "target" / "sanity-checks").exists()
    kept = {path: path.stat().st_mtime_ns for path in parts.iterdir()}
    with started(tmp_path, (*asked, "--draws", "3"), "Ctrl-C") as again:
        _, said = again.communicate(timeout=60)
    assert again.returncode == 0, said
    assert (tmp_path / "target" / "sanity-checks" / "manifest.json").exists()
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


@pytest.mark.parametrize("kind", SIGNALS)
def test_a_report_that_is_interrupted_is_whole_or_not_there(tmp_path: Path, kind: str) -> None:
    write_results(tmp_path / "results")
    asked = ("report", "results", "-o", "report.html")
    page, tables = tmp_path / "report.html", tmp_path / "report_data"
    dice = random.Random(kind)
    for _ in range(MOMENTS // 10):
        page.unlink(missing_ok=True)
        shutil.rmtree(tables, ignore_errors=True)
        with started(tmp_path, asked, kind) as process:
            time.sleep(dice.uniform(0, 3))  # of some three seconds
            process.send_signal(SIGNALS[kind])
            _, said = process.communicate(timeout=60)
        assert process.returncode in (0, CODES[kind]), said
        assert "Traceback" not in said
        assert "error" not in said
        assert not page.exists() or page.read_text().endswith("</html>\n")
        if tables.exists():
            assert set(os.listdir(tables)) == set(json.loads((tables / "manifest.json").read_text())["files"])
        assert set(os.listdir(tmp_path)) <= {"results", "report.html", "report_data"}


def interrupt(work: Path, name: str, kind: str, moment: float) -> tuple[int, str]:
    """Start a command, and interrupt it after some seconds; its exit code, and what it said on standard error."""
    closing = kind == "closed pipe"
    with started(work, (TO_STANDARD_OUTPUT if closing else COMMANDS)[name], kind) as process:
        time.sleep(moment)
        if not closing:
            process.send_signal(SIGNALS[kind])
        elif name.startswith("build"):  # it writes nothing else
            assert process.stderr is not None
            process.stderr.close()
            return process.wait(timeout=60), ""
        else:
            assert process.stdout is not None
            process.stdout.close()
            process.stdout = None
        _, said = process.communicate(timeout=60)
        return process.returncode, said


def started(folder: Path, arguments: tuple[str, ...], kind: str) -> subprocess.Popen[str]:
    """The command, once it listens to signals: before, Python itself answers them."""
    process = subprocess.Popen(
        [*program(), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE if kind == "closed pipe" else subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and not listens(process.pid):
        time.sleep(0.001)
    return process


def program() -> list[str]:
    return [str(Path(sys.executable).with_name("pslidx"))]


def listens(process: int) -> bool:
    """Whether it has a handler for SIGTERM."""
    status = Path(f"/proc/{process}/status")
    if not status.exists():
        time.sleep(0.2)  # no Linux
        return True
    lines = dict(line.split(":\t", 1) for line in status.read_text().splitlines() if ":\t" in line)
    return bool(int(lines.get("SigCgt", "0"), 16) & _TERMINATE_BIT)


@contextmanager
def tidied(folder: Path) -> Iterator[None]:
    """On leaving without failure, what was made is removed."""
    before = set(os.listdir(folder))
    yield
    for name in set(os.listdir(folder)) - before:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def assert_complete_or_absent(work: Path, name: str, code: int) -> None:
    """Nothing is there but what was there before and, complete, what was to be made."""
    new = set(os.listdir(work)) - {"many.dat", "peptides", "subsequences.tsv", "index"}
    if name in ("verify", "info"):
        assert new == set()
    elif name in ("search", "search --no-index", "sql"):
        assert code == 0 or new == set()
    else:
        assert new <= {"target"}
        if new:
            COMPLETE[name](work / "target")


def assert_complete_index(index: Path) -> None:
    found = verify(index, full=True)
    assert (found.problems, found.left_overs) == ((), ())


def assert_continued(index: Path) -> None:
    """Finished shards may be left; started again, the build ends with a complete index and nothing else."""
    again = subprocess.run(
        [*program(), *COMMANDS["build --resume"]], cwd=index.parent, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert_complete_index(index)


def assert_complete_hits(table: Path) -> None:
    """It can be there although the command was interrupted: to end the cluster takes a moment more."""
    with Index.open(table.with_name("index")) as index:
        occurrences = index.count(table.with_name("peptides").read_text().split()).sum()
    assert table.read_bytes().count(b"\n") == 1 + occurrences


def assert_complete_rates(folder: Path) -> None:
    assert set(os.listdir(folder)) == RATES
    assert (folder / "subsequences.tsv").read_bytes().endswith(b"\n")


def assert_complete_parts(demo: Path) -> None:
    """It makes several things, one after the other."""
    parts = set(os.listdir(demo))
    assert parts <= DEMO
    if "synthetic.dat.gz" in parts:
        with gzip.open(demo / "synthetic.dat.gz") as entries:
            assert entries.read().endswith(b"//\n")
    if "index" in parts:
        assert_complete_index(demo / "index")
    for rates in parts & {"planted-rates", "random-rates"}:
        assert_complete_rates(demo / rates)


COMPLETE = {
    "build": assert_complete_index,
    "build --resume": assert_continued,
    "search --scheduler local": assert_complete_hits,
    "hitrate": assert_complete_rates,
    "demo": assert_complete_parts,
}
