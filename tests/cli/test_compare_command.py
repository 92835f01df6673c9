"""`pslidx compare`: the table it prints, and what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from psl_eval.comparing.comparison import COMPARISON
from tests.result_folders import Protein, write_folder

Call = Callable[..., Any]


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    rates = {"attention": (0.875, 0.5, 0.5), "random": (0.125, 0.375, None)}
    return [
        write_folder(tmp_path / name, [Protein(f"P{n}", [(6, rate, rate)]) for n, rate in enumerate(own)], format=form)
        for (name, own), form in zip(rates.items(), ("jsonl", "parquet"), strict=True)
    ]


def test_it_prints_one_table(pslidx: Call, folders: list[Path]) -> None:
    ended = pslidx("compare", *folders)
    assert (ended.code, ended.err) == (0, "")
    header, *rows = ended.rows
    assert header == COMPARISON.names
    first = [dict(zip(header, row, strict=True)) for row in rows[:3]]
    assert [row["method"] for row in first] == ["attention", "random", "random"]
    assert [row["hit_rate"] for row in first] == ["0.625", "0.25", "0.25"]
    compared = first[2]
    assert (compared["reference"], compared["proteins"], compared["proteins_scored"]) == ("attention", "3", "2")
    assert (compared["reference_hit_rate"], compared["difference"]) == ("0.6875", "-0.4375")
    assert compared["p_value"] == "0.5"


def test_methods_can_be_named_and_the_table_goes_to_a_file(pslidx: Call, folders: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "methods.parquet"
    ended = pslidx("compare", f"x={folders[0]}", f"y={folders[1]}", "--seed", 5, "--resamples", 30, "-o", output)
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    rows = pq.read_table(output).to_pylist()
    assert {row["method"] for row in rows} == {"x", "y"}
    assert {(row["seed"], row["resamples"]) for row in rows} == {(5, 30)}


def test_proteins_that_one_lacks_are_a_warning(pslidx: Call, folders: list[Path], tmp_path: Path) -> None:
    fewer = write_folder(tmp_path / "fewer", [Protein("P1", [(6, 0.1, 0.1)])])
    ended = pslidx("compare", folders[0], fewer)
    assert ended.code == 0
    assert ended.err == "pslidx: warning: proteins of attention that fewer lacks: 2, such as 'P0'\n"


def test_methods_scored_differently_are_refused_in_one_line(pslidx: Call, folders: list[Path], tmp_path: Path) -> None:
    other = write_folder(tmp_path / "other", [Protein("P1", [(6, 0.1, 0.1)])], exclusion="none")
    ended = pslidx("compare", folders[0], other, "-o", tmp_path / "table.tsv")
    assert (ended.code, ended.out) == (2, "")
    assert f"{other}: exclusion is none here, but self in {folders[0]}" in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "table.tsv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        ([], 2, "Missing argument 'DIR...'"),
        (["nowhere", "nowhere2"], 1, "nowhere/manifest.json: expected a folder of hit rates"),
        (["x", "y", "--resamples", "1"], 2, "Invalid value for '--resamples'"),
        (["x", "y", "-o", "/"], 2, "/: is a folder, not a file"),
    ],
)
def test_wrong_usage_is_one_line(pslidx: Call, arguments: list[str], code: int, complaint: str) -> None:
    ended = pslidx("compare", *arguments)
    assert (ended.code, ended.out) == (code, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


def test_one_folder_is_too_few(pslidx: Call, folders: list[Path]) -> None:
    ended = pslidx("compare", folders[0])
    assert ended.code == 2
    assert "expected two or more folders of hit rates to compare" in ended.err


def test_no_result_is_replaced_by_its_comparison(pslidx: Call, folders: list[Path]) -> None:
    before = (folders[0] / "proteins.jsonl").read_bytes()
    ended = pslidx("compare", f"x={folders[0]}", folders[1], "-o", folders[0] / "proteins.jsonl")
    assert (ended.code, ended.out) == (2, "")
    assert f"{folders[0] / 'proteins.jsonl'}: lies in {folders[0]}, which holds something else" in ended.err
    assert (folders[0] / "proteins.jsonl").read_bytes() == before


def test_two_resamples_say_nothing(pslidx: Call, folders: list[Path]) -> None:
    ended = pslidx("compare", *folders, "--resamples", 2)
    assert (ended.code, ended.err) == (0, "")


def test_numbers_of_unknown_proteins_are_not_compared(pslidx: Call, tmp_path: Path) -> None:
    def folder(name: str, queries_are: str, **manifest: object) -> Path:
        subsequences = {"queries_are": queries_are}
        proteins = [Protein(f"{n}", [(6, 0.5, 0.5)]) for n in range(3)]
        return write_folder(tmp_path / name, proteins, subsequences=subsequences, **manifest)

    known = [folder(name, "numbered") for name in ("a", "b")]
    assert pslidx("compare", *known).code == 0
    named = [folder(name, "named", proteins=None) for name in ("c", "d")]
    assert pslidx("compare", *named).code == 0
    unknown = [folder(name, "numbered", proteins=None) for name in ("e", "f")]
    ended = pslidx("compare", *unknown)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert f"{unknown[0]}: queries are numbers here" in ended.err
    assert "score all methods with --proteins" in ended.err
