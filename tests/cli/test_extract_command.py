"""`pslidx extract`: the subsequences it writes, what hitrate makes of them, and what it says."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from psl_eval.results.schemas import ATTRIBUTED, ATTRIBUTIONS

Call = Callable[..., Any]

HEADER = "query\tsequence\tmethod\tpredicted\ttrue\tscores\n"
# The proteins of `index`: two residues in one, a negative one in another, none in the third.
TABLE = (
    HEADER
    + "P99991\tMKKLSKLAAAKDEL\tsaliency\tNucleus\tNucleus\t0;0;0;0;9;9;0;0;0;0;0;0;0;0\n"
    + "P99992\tMSKLSKLSKIGU\tsaliency\tNucleus\tPeroxisome\t1;1;1;1;1;1;1;1;1;1;-20;1\n"
    + "P99993\tMAAAAGRSKLX\tsaliency\tPlastid\tPlastid\t0.25;0.25;0.25;0.25;0.25;0.25;0.25;0.25;0.25;0.25;0.25\n"
)


@pytest.fixture
def attributions(tmp_path: Path) -> Path:
    path = tmp_path / "attributions.tsv"
    path.write_text(TABLE)
    return path


def test_it_prints_the_subsequences_and_says_which_proteins_have_none(pslidx: Call, attributions: Path) -> None:
    ended = pslidx("extract", attributions)
    assert ended.code == 0
    assert ended.rows == [
        ATTRIBUTED.names,
        ["P99991", "3", "8", "KLSKLA", "Nucleus", "Nucleus", "true", "3"],
    ]
    assert ended.err == "pslidx: warning: without a subsequence: 2 of 3 proteins\n"


def test_standard_input_and_parquet(pslidx: Call, attributions: Path, tmp_path: Path) -> None:
    output = tmp_path / "subsequences.parquet"
    ended = pslidx("extract", "-", "-o", output, stdin=gzip.compress(TABLE.encode()))
    assert (ended.code, ended.out) == (0, "")
    table = pq.read_table(output)
    assert table.schema == ATTRIBUTED
    assert table["subsequence"].to_pylist() == ["KLSKLA"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--flank", "0"], ["SK"]),
        (["--sd", "3"], []),
        (["--absolute"], ["KLSKLA", "KIGU"]),
        (["--rule", "top-k", "--top", "1", "--flank", "1"], ["LSK", "MS"]),
        (["--rule", "window-mean", "--window", "2"], ["SK"]),
        (["--rule", "window-mean", "--window", "9223372036854775807"], []),
        (["--flank", "99999999999999999999"], ["MKKLSKLAAAKDEL"]),
        (["--rule", "window-mean", "--window", "2", "--sd", "0"], ["LSKL", "MSKLSKLSKI"]),
    ],
)
def test_rules_and_their_parameters(pslidx: Call, attributions: Path, options: list[str], expected: list[str]) -> None:
    ended = pslidx("extract", attributions, *options)
    assert (ended.code, [row[3] for row in ended.rows[1:]]) == (0, expected)


def test_the_released_layout_is_csv(pslidx: Call, attributions: Path, tmp_path: Path) -> None:
    output = tmp_path / "subsequences.csv"
    ended = pslidx("extract", attributions, "--absolute", "--released", "-o", output)
    assert (ended.code, ended.out) == (0, "")
    assert output.read_text() == (
        "left,right,subsequence,predicted,true,classification,inputSequence,accession,score\n"
        "2,8,KLSKLA,Nucleus,Nucleus,True,0,P99991,3\n"
        "8,12,KIGU,Nucleus,Peroxisome,False,1,P99992,5.75\n"
    )


@pytest.mark.parametrize("released", [False, True])
def test_hitrate_scores_what_is_extracted(
    pslidx: Call, attributions: Path, index: Path, tmp_path: Path, released: bool
) -> None:
    subsequences = tmp_path / ("subsequences.csv" if released else "subsequences.tsv")
    layout = ["--released"] if released else []
    assert pslidx("extract", attributions, "--absolute", *layout, "-o", subsequences).code == 0
    options = ["--definition", "unweighted", "--exclude", "none", "--null", "none"]
    scored = pslidx("hitrate", index, subsequences, *options, "-o", tmp_path / "rates")
    assert scored.code == 0, scored.err
    header, first, *_ = scored.rows
    row = dict(zip(header, first, strict=True))
    assert (row["subsequences"], row["subsequences_scored"]) == ("2", "2")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--window", "3"], "--window does not go with --rule above-mean"),
        (["--rule", "top-k", "--sd", "1"], "--sd does not go with --rule top-k"),
        (["--rule", "window-mean", "--flank", "1"], "--flank does not go with --rule window-mean"),
        (["--rule", "best"], "Invalid value for '--rule'"),
        (["--sd", "nan"], "sd is nan, expected a number"),
        (["--flank", "-1"], "flank is -1, expected 0 or more"),
        (["--released", "--format", "tsv"], "--released is CSV and goes with no --format"),
        (["-o", "x.csv"], "x.csv: no .csv files are written"),
    ],
)
def test_wrong_usage_is_one_line(pslidx: Call, attributions: Path, options: list[str], complaint: str) -> None:
    ended = pslidx("extract", attributions, *options)
    assert (ended.code, ended.out) == (2, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1


def test_the_attributions_are_not_replaced(pslidx: Call, attributions: Path) -> None:
    ended = pslidx("extract", attributions, "-o", attributions)
    assert (ended.code, ended.out) == (2, "")
    assert "is read, and would be replaced" in ended.err
    assert attributions.read_text() == TABLE


@pytest.mark.parametrize("layout", [[], ["--released"]])
def test_a_bad_row_leaves_no_file(pslidx: Call, attributions: Path, tmp_path: Path, layout: list[str]) -> None:
    with attributions.open("a") as table:
        table.write("P4\tMKL\tsaliency\tNucleus\t\t1;2\n")
    before = sorted(tmp_path.iterdir())
    ended = pslidx("extract", attributions, *layout, "-o", tmp_path / "subsequences")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == f"pslidx: error: {attributions}:5: 2 scores, but the sequence has 3 residues\n"
    assert sorted(tmp_path.iterdir()) == before


def test_a_table_of_the_project_is_read_whole(pslidx: Call, tmp_path: Path) -> None:
    row = {"query": "P", "sequence": "MK" * 20, "method": "attention", "target": "Nucleus", "predicted": "Nucleus"}
    rest = {"true": None, "scores": [1.0] + [0.0] * 39, "completeness_gap": None, "settings": "{}"}
    path = tmp_path / "attributions.parquet"
    pq.write_table(pa.Table.from_pylist([row | rest], ATTRIBUTIONS), path)
    ended = pslidx("extract", path)
    assert (ended.code, ended.err) == (0, "")
    assert ended.rows[1:] == [["P", "1", "3", "MKM", "Nucleus", "", "", "0.33333334"]]
