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


def test_one_split_at_a_time(pslidx: Call, proteins: Path, tmp_path: Path) -> None:
    (tmp_path / "split.tsv").write_text(
        "accession\tsplit\n" + "".join(f"P{n:05}\t{('train', 'validation', 'test')[n % 3]}\n" for n in range(40))
    )
    arguments = ("--split", "random", "--split", "file", "--split-file", tmp_path / "split.tsv", "-o", tmp_path / "out")
    ended = pslidx("experiment", "attention-trainings", proteins, *arguments)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "two splits are asked for; give one --split" in ended.err
    assert not (tmp_path / "out").exists()
