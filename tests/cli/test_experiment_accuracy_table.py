"""`pslidx experiment accuracy-table`: splits as they are asked for, and what cannot be asked for."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]
NAMES = ("Nucleus", "Peroxisome")


@pytest.fixture
def proteins(tmp_path: Path) -> Path:
    sequences = [f"MKT{'ACDEFGHIKLNPQRSTVWY'[n % 19 :]}{'KKRK' if n % 2 else 'SKL'}{'AG' * (n % 5)}" for n in range(40)]
    lines = [f">P{n:05} {NAMES[n % 2]}{' test' if n >= 30 else ''}\n{each}\n" for n, each in enumerate(sequences)]
    (tmp_path / "proteins.fasta").write_text("".join(lines))
    return tmp_path / "proteins.fasta"


def test_both_splits_come_in_one_table_and_a_second_run_trains_nothing(
    pslidx: Call, proteins: Path, tmp_path: Path
) -> None:
    sides = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    rows = [f"P{n:05}\t{side}\n" for n, side in enumerate(sides)]
    (tmp_path / "split.tsv").write_text("".join(["accession\tmine\n", *rows]))
    out = tmp_path / "out"
    arguments = ("experiment", "accuracy-table", proteins, "--arm", "mlp-uniform", "--arm", "mlp-attention")
    arguments += ("--split-file", tmp_path / "split.tsv", "--split-column", "mine", "--mlp-trainings", 2)
    arguments += ("--epochs", 1, "--threads", 1, "-o", out)
    ended = pslidx(*arguments)
    assert ended.code == 0, ended.err
    header, *lines = [
        line.split("\t") for line in (out / "accuracy-table" / "accuracy-table.tsv").read_text().splitlines()
    ]
    rows = [dict(zip(header, line, strict=True)) for line in lines]
    assert {row["split"] for row in rows} == {"official", "mine"}
    assert {row["proteins"] for row in rows if row["split"] == "official"} == {"10"}
    assert {row["proteins"] for row in rows if row["split"] == "mine"} == {"8"}
    assert "mine: mlp-attention, permuted attention: accuracy" in ended.out
    settings = json.loads((out / "accuracy-table" / "manifest.json").read_text())["settings"]
    assert settings["splits"]["mine"]["how"] == "column mine of split.tsv"
    before = {path.name: path.read_bytes() for path in (out / "accuracy-table").iterdir()}
    models = {path: path.stat().st_mtime_ns for path in out.glob("parts/*/model.safetensors")}
    assert len(models) == 8
    assert pslidx(*arguments).code == 0
    assert {path.name: path.read_bytes() for path in (out / "accuracy-table").iterdir()} == before
    assert {path: path.stat().st_mtime_ns for path in out.glob("parts/*/model.safetensors")} == models


def test_a_column_with_the_name_of_another_split_is_a_split_of_its_own(
    pslidx: Call, proteins: Path, tmp_path: Path
) -> None:
    sides = ["train"] * 24 + ["validation"] * 8 + ["test"] * 8
    rows = [f"P{n:05}\t{side}\n" for n, side in enumerate(sides)]
    (tmp_path / "split.tsv").write_text("".join(["accession\tofficial\n", *rows]))
    arguments = ("--arm", "mlp-uniform", "--split-file", tmp_path / "split.tsv", "--split-column", "official")
    arguments += ("--mlp-trainings", 1, "--epochs", 1, "--threads", 1, "-o", tmp_path / "out")
    ended = pslidx("experiment", "accuracy-table", proteins, *arguments)
    assert ended.code == 0, ended.err
    assert "file:official: mlp-uniform: accuracy" in ended.out
    assert "\nofficial: mlp-uniform: accuracy" in f"\n{ended.out}"


@pytest.mark.parametrize(
    ("options", "code", "problem"),
    [
        (("--arm", "transformer"), 2, "'transformer' is no arm of the table"),
        (("--split", "random", "--split-column", "mine"), 2, "--split-column is given, but no --split file"),
        (("--clusters", "clusters.tsv"), 2, "--clusters is given, but no --split cluster"),
        (("--split", "cluster"), 2, "--split cluster and --clusters FILE go together"),
        (("--released", "mlp-uniform"), 2, "mlp-uniform knows other classes than"),
        (("--released", "nowhere"), 1, "nowhere"),
    ],
)
def test_what_cannot_be_asked_for_is_one_line(
    pslidx: Call, proteins: Path, tmp_path: Path, options: tuple[str, ...], code: int, problem: str
) -> None:
    ended = pslidx("experiment", "accuracy-table", proteins, *options, "-o", tmp_path / "out")
    assert (ended.code, len(ended.err.splitlines())) == (code, 1), ended.err
    assert problem in ended.err
    assert not (tmp_path / "out").exists()


def test_proteins_of_one_class_are_no_task(pslidx: Call, tmp_path: Path) -> None:
    (tmp_path / "one.fasta").write_text("".join(f">P{n} Nucleus\nMKTAYLV\n" for n in range(9)))
    ended = pslidx("experiment", "accuracy-table", tmp_path / "one.fasta", "-o", tmp_path / "out")
    assert ended.code == 1
    assert "has one class only, 'Nucleus'; give proteins of several" in ended.err
