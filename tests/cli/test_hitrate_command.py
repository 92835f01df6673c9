"""`pslidx hitrate`: the tables it writes and prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pslidx.hitrate_command import hitrate

from psl_eval.definitions import DEFINITIONS
from psl_eval.exclusions import EXCLUSIONS
from psl_eval.hit_rates import AGAINST

Call = Callable[..., Any]


@pytest.fixture
def subsequences(tmp_path: Path) -> Path:
    path = tmp_path / "subsequences.tsv"
    path.write_text(
        "query\tstart\tend\tsubsequence\tpredicted\ttrue\n"
        "P99992\t2\t4\tSKL\tPeroxisome\tPeroxisome\n"
        "P99992\t8\t9\tSK\tPeroxisome\tPeroxisome\n"
        "P99991\t11\t14\tKDEL\tEndoplasmic.reticulum\tNucleus\n"
    )
    return path


def test_it_writes_four_files_and_prints_the_summary(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "rates"
    ended = pslidx("hitrate", index, subsequences, "-o", folder)
    assert (ended.code, ended.err) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "manifest.json",
        "proteins.tsv",
        "subsequences.tsv",
        "summary.tsv",
    ]
    assert ended.out == (folder / "summary.tsv").read_text()
    assert json.loads((folder / "manifest.json").read_text())["exclusion"] == "self"
    scored = [line.split("\t") for line in (folder / "subsequences.tsv").read_text().splitlines()]
    header = ["query", "start", "end", "subsequence", "class", "against", "entries", "matching", "hit_rate"]
    assert scored[0] == header
    # SKL without P99992 itself is in P99991 (Nucleus, Cytoplasm) and P99993 (no class); KDEL is in no other.
    assert scored[1][6:] == ["1", "0", "0"]
    assert scored[3][6:] == ["0", "0", ""]


def test_without_exclusion_a_protein_finds_itself(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path
) -> None:
    options = ["--exclude", "none", "--definition", "unweighted", "--against", "both", "--format", "parquet"]
    assert pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates", *options).code == 0
    scored = pq.read_table(tmp_path / "rates" / "subsequences.parquet").to_pylist()
    assert [row["against"] for row in scored] == ["predicted", "true"] * 3
    assert [(row["entries"], row["matching"]) for row in scored] == [(2, 1)] * 4 + [(1, 0), (1, 1)]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("query\tstart\n", "no column 'end'"),
        ("query\tstart\tend\tsubsequence\tpredicted\nP1\t1\t3\tSK1\tNucleus\n", "subsequences.tsv:2: "),
        ("", "empty file"),
    ],
)
def test_a_bad_file_is_one_line_and_writes_nothing(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path, content: str, complaint: str
) -> None:
    subsequences.write_text(content)
    ended = pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates")
    assert (ended.code, ended.out) == (1, "")
    assert complaint in ended.err
    assert ended.err.count("\n") == 1
    assert not (tmp_path / "rates").exists()


def test_a_folder_of_something_else_is_refused_before_the_work(pslidx: Call, index: Path, subsequences: Path) -> None:
    ended = pslidx("hitrate", index, "missing", "-o", subsequences.parent)
    assert ended.code == 2
    assert "holds something else than hit rates ('subsequences.tsv')" in ended.err


def test_the_choices_are_those_of_the_library() -> None:
    choices = {option.name: getattr(option.type, "choices", None) for option in hitrate.params}
    assert list(choices["definition"]) == list(DEFINITIONS)
    assert sorted(choices["exclude"]) == sorted(EXCLUSIONS)
    assert list(choices["against"]) == list(AGAINST)
