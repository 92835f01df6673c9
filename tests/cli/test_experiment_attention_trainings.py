"""`pslidx experiment attention-trainings`, on invented proteins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
NAMES = ("Nucleus", "Peroxisome")


@pytest.fixture
def proteins(tmp_path: Path) -> Path:
    lines = [f">P{n:05} {NAMES[n % 2]}\nMKT{'ACDEFGHIKLNPQRSTVWY'[n % 19 :]}{'AG' * (n % 5)}\n" for n in range(40)]
    (tmp_path / "proteins.fasta").write_text("".join(lines))
    return tmp_path / "proteins.fasta"


def test_from_fasta_to_a_folder(pslidx: Call, proteins: Path, tmp_path: Path) -> None:
    arguments = ("--seeds", 2, "--retrained", 1, "--mlp-trainings", 1, "--divergence", 0.1, "--adversary-epochs", 1)
    arguments += ("--epochs", 1, "--resamples", 10, "--threads", 1, "-o", tmp_path / "out")
    ended = pslidx("experiment", "attention-trainings", proteins, *arguments)
    assert ended.code == 0, ended.err
    assert "accuracy of the MLP by its weights: " in ended.out
    names = {path.name for path in (tmp_path / "out").rglob("*.tsv")}
    assert {"attention-trainings.tsv", "adversaries.tsv", "seeds.tsv", "trainings.tsv"} <= names


@pytest.fixture
def split(tmp_path: Path) -> Path:
    sides = ("train", "validation", "test")
    rows = (f"P{n:05}\t{sides[n % 4 % 3]}\n" for n in range(40))
    (tmp_path / "split.tsv").write_text(f"accession\tsplit\n{''.join(rows)}")
    return tmp_path / "split.tsv"


def test_a_split_that_is_given_is_taken_whatever_headers_say(
    pslidx: Call, proteins: Path, split: Path, tmp_path: Path
) -> None:
    marked = "\n".join(
        f"{line} test" if line.startswith(">P0003") else line for line in proteins.read_text().split("\n")
    )
    proteins.write_text(marked)
    arguments = ("--seeds", 2, "--retrained", 3, "--mlp-trainings", 1, "--divergence", 0.1, "--adversary-epochs", 1)
    arguments += ("--epochs", 1, "--resamples", 10, "--threads", 1, "--split-file", split, "-o", tmp_path / "out")
    ended = pslidx("experiment", "attention-trainings", proteins, *arguments)
    assert ended.code == 0, ended.err
    table = (tmp_path / "out" / "attention-trainings" / "attention-trainings.tsv").read_text().splitlines()
    split_at, arm_at, trainings_at = (table[0].split("\t").index(name) for name in ("split", "arm", "trainings"))
    rows = [line.split("\t") for line in table[1:]]
    assert {row[split_at] for row in rows} == {"split"}
    assert {row[arm_at]: row[trainings_at] for row in rows} | {"bilstm-attention": "2", "bilstm-uniform": "3"} == {
        row[arm_at]: row[trainings_at] for row in rows
    }


def test_one_split_at_a_time(pslidx: Call, proteins: Path, split: Path, tmp_path: Path) -> None:
    arguments = ("--split", "random", "--split", "file", "--split-file", split, "-o", tmp_path / "out")
    ended = pslidx("experiment", "attention-trainings", proteins, *arguments)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "two splits are asked for; give one --split" in ended.err
    assert not (tmp_path / "out").exists()
