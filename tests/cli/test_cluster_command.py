"""The command `cluster`, with a program that stands in for MMseqs2."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psl_eval.exclusion.clusters import read_clusters, sequence_identifier
from tests.psl_eval import fake_mmseqs

Call = Callable[..., Any]


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Puts a program that stands in for `mmseqs` on PATH, and temporary files into `tmp_path`/temporary."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setattr(tempfile, "tempdir", None)

    def install(*then: str) -> Path:
        monkeypatch.setenv("PATH", str(tmp_path / "programs"), prepend=os.pathsep)
        return fake_mmseqs.install(tmp_path / "programs", *then)

    return install


def test_two_columns_and_how_they_were_made(
    pslidx: Call, index: Path, fake: Callable[..., Path], tmp_path: Path
) -> None:
    asked = fake()
    (tmp_path / "proteins.txt").write_text("MAAW\nWWW\n")
    output = tmp_path / "clusters.tsv"
    ended = pslidx(
        "cluster", index, "--identity", "0.5", "--proteins", tmp_path / "proteins.txt", "-o", output, "--threads", "1"
    )
    assert (ended.code, ended.out) == (0, ""), ended.err
    nameless, other = map(sequence_identifier, ("MAAW", "WWW"))
    lines = [("P99991", "P99991"), ("P99991", "P99992"), ("P99991", "P99993"), ("P99991", nameless), (other, other)]
    assert output.read_text() == "".join(f"{a}\t{b}\n" for a, b in lines)
    assert len(read_clusters(output)) == 2
    assert "5 sequences in 2 clusters" in ended.err
    assert "MMseqs2 14-test with --min-seq-id 0.5 -c 0.8 --cov-mode 0 --cluster-mode 0" in ended.err
    assert "-c\n0.8\n" in (asked / "arguments").read_text()
    manifest = json.loads((tmp_path / "clusters.tsv.json").read_text())
    assert manifest["command"][:4] == ["mmseqs", "easy-cluster", "--min-seq-id", "0.5"]
    assert (manifest["clusters"], manifest["proteins"]["records"]) == (2, 2)
    assert not list((tmp_path / "temporary").iterdir())


def test_to_standard_output(pslidx: Call, index: Path, fake: Callable[..., Path]) -> None:
    fake()
    ended = pslidx("cluster", index, "--identity", "1", "--coverage", "0.9")
    assert ended.code == 0, ended.err
    assert ended.rows == [["P99991", f"P9999{number}"] for number in (1, 2, 3)]
    assert ended.err.startswith("pslidx: 3 sequences in 1 cluster, ")
    assert ended.err.count("\n") == 1


def test_only_the_manifest_of_earlier_clusters_is_replaced(
    pslidx: Call, index: Path, fake: Callable[..., Path], tmp_path: Path
) -> None:
    fake()
    manifest = tmp_path / "clusters.tsv.json"
    arguments = ("cluster", index, "--identity", "1", "-o", tmp_path / "clusters.tsv")
    for foreign in ("{}", "[]", "notes", '{"format": "mine"}'):
        manifest.write_text(foreign)
        ended = pslidx(*arguments)
        assert (ended.code, ended.err.count("\n")) == (2, 1)
        assert f"{manifest}: holds something else than how clusters were made" in ended.err
        assert manifest.read_text() == foreign
        assert not (tmp_path / "clusters.tsv").exists()
    manifest.unlink()
    assert [pslidx(*arguments).code for _ in range(2)] == [0, 0]


def test_the_proteins_are_not_replaced(pslidx: Call, index: Path, tmp_path: Path) -> None:
    proteins = tmp_path / "proteins.txt"
    proteins.write_text("MAAW\n")
    ended = pslidx("cluster", index, "--identity", "1", "--proteins", proteins, "-o", proteins)
    assert ended.code == 2
    assert f"{proteins}: is read, and would be replaced" in ended.err


def test_without_mmseqs(pslidx: Call, index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ended = pslidx("cluster", index, "--identity", "0.5", "-o", tmp_path / "clusters.tsv")
    assert ended.code == 2
    assert "error: `mmseqs` is not installed" in ended.err
    assert "apt install mmseqs2" in ended.err
    assert not list(tmp_path.iterdir())


def test_a_failure_of_mmseqs(pslidx: Call, index: Path, fake: Callable[..., Path], tmp_path: Path) -> None:
    fake("sys.exit('Error: Prefilter died')")
    (tmp_path / "results").mkdir()
    ended = pslidx("cluster", index, "--identity", "0.5", "-o", tmp_path / "results" / "clusters.tsv")
    assert ended.code == 1
    assert ended.err.splitlines()[-1] == (
        "pslidx: error: no clusters: MMseqs2 failed with exit code 1: Error: Prefilter died"
    )
    assert not list((tmp_path / "results").iterdir())
    assert not list((tmp_path / "temporary").iterdir())


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["x"], "Missing option '--identity'"),
        (["x", "--identity", "50"], "Invalid value for '--identity'"),
        (["x", "--identity", "0.5", "--coverage", "80%"], "Invalid value for '--coverage'"),
        (["x", "--identity", "nan"], "Invalid value for '--identity': 'nan' is not a finite number"),
        (
            ["x", "--identity", "0.5", "--coverage", "nan"],
            "Invalid value for '--coverage': 'nan' is not a finite number",
        ),
        (["x", "--identity", "0.5", "-o", "/"], "/: is a folder, not a file"),
    ],
)
def test_wrong_usage(pslidx: Call, arguments: list[str], line: str) -> None:
    ended = pslidx("cluster", *arguments)
    assert ended.code == 2
    assert ended.err.startswith(f"pslidx: error: {line}")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_mmseqs_and_leaves_nothing(
    index: Path, fake: Callable[..., Path], tmp_path: Path, number: signal.Signals
) -> None:
    asked = fake("print(subprocess.Popen(['sleep', '1000']).pid, file=open(asked / 'child', 'w')); signal.pause()")
    (tmp_path / "results").mkdir()
    command = [sys.executable, "-m", "pslidx", "cluster", index, "--identity", "0.5"]
    with subprocess.Popen(
        [*command, "-o", tmp_path / "results" / "clusters.tsv"], stderr=subprocess.PIPE, text=True
    ) as process:
        child = _number_in(asked / "child")
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert not list((tmp_path / "results").iterdir())
    assert not list((tmp_path / "temporary").iterdir())
    assert not Path(f"/proc/{child}/fd").exists() or not list(Path(f"/proc/{child}/fd").iterdir())


def _number_in(path: Path) -> int:
    """The number that another process writes into a file."""
    for _ in range(600):
        if path.exists() and path.read_text().endswith("\n"):
            return int(path.read_text())
        time.sleep(0.1)
    raise AssertionError(f"{path} was not written")
