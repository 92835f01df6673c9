"""`pslidx hitrate`: the tables it writes and prints."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pslidx.hitrate_command import hitrate

import psl_eval
from psl_eval.choices import AGAINST, Choices
from psl_eval.exclusion.exclusions import EXCLUSIONS
from psl_eval.nulls.null_models import NULLS
from psl_eval.results.schemas import SCORED, TABLES
from psl_eval.run import Run
from psl_eval.scoring.annotation import DENOMINATORS, EVIDENCE
from psl_eval.scoring.definitions import DEFINITIONS
from psl_index.errors import OutputError

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


def test_it_writes_all_tables_and_prints_the_summary(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "rates"
    ended = pslidx("hitrate", index, subsequences, "-o", folder)
    assert (ended.code, ended.err) == (0, "")
    assert {path.name for path in folder.iterdir()} == {"manifest.json"} | {f"{name}.tsv" for name in TABLES}
    assert ended.out == (folder / "summary.tsv").read_text()
    assert json.loads((folder / "manifest.json").read_text())["exclusion"] == "self"
    scored = [line.split("\t") for line in (folder / "subsequences.tsv").read_text().splitlines()]
    assert scored[0] == SCORED.names
    # SKL without P99992 itself is in P99991 (Nucleus, Cytoplasm) and P99993 (no class); KDEL is in no other.
    assert scored[1][6:] == ["1", "0", "0", "0"]
    assert scored[3][6:] == ["0", "0", "", ""]


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
    parameters = {option.name: option for option in hitrate.params}
    choices = {name: list(getattr(option.type, "choices", [])) for name, option in parameters.items()}
    assert choices["definition"] == list(DEFINITIONS)
    assert choices["exclude"] == list(EXCLUSIONS)
    assert choices["against"] == list(AGAINST)
    assert choices["evidence"] == list(EVIDENCE)
    assert choices["denominator"] == list(DENOMINATORS)
    assert choices["nulls"] == [*NULLS, "none"]
    for name in ("definition", "exclude", "against", "evidence", "denominator", "draws", "resamples", "seed"):
        assert parameters[name].default == getattr(Choices(), name)


def test_labels_are_permuted_unless_another_null_is_asked_for(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path
) -> None:
    def nulls(*options: str) -> set[str]:
        ended = pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates", *options)
        assert ended.code == 0
        header, *lines = (line.split("\t") for line in ended.out.splitlines())
        return {line[header.index("null")] for line in lines}

    assert nulls() == {"label"}
    assert nulls("--against", "all") == {""}
    assert nulls("--null", "none") == {""}
    assert pslidx("hitrate", index, subsequences, "-o", tmp_path / "x", "--null", "none", "--null", "label").code == 2


def test_bad_rows_are_passed_over_and_counted(pslidx: Call, index: Path, subsequences: Path, tmp_path: Path) -> None:
    whole = pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates")
    with subsequences.open("a") as file:
        file.write("P99992\t2\t3\tSKL\tPeroxisome\tPeroxisome\nP99992\t2\n")
    assert pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates").code == 1
    ended = pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates", "--skip-bad")
    assert (ended.code, ended.out) == (0, whole.out)
    assert "2 bad rows were passed over; the first: " in ended.err
    assert f"{subsequences}:5: " in ended.err
    assert json.loads((tmp_path / "rates" / "manifest.json").read_text())["subsequences"]["skipped"] == 2


def test_hits_are_written_in_the_format_of_their_file(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path
) -> None:
    for name in ("hits.tsv", "hits.parquet", "hits.jsonl"):
        options = ["-o", tmp_path / "rates", "--hits", tmp_path / name]
        assert pslidx("hitrate", index, subsequences, *options).code == 0
    rows = pq.read_table(tmp_path / "hits.parquet").to_pylist()
    assert [(row["query"], row["accession"], row["entry_start"]) for row in rows[:3]] == [
        ("P99992", row["accession"], row["entry_start"]) for row in rows[:3]
    ]
    assert [json.loads(line) for line in (tmp_path / "hits.jsonl").read_text().splitlines()] == rows
    assert len((tmp_path / "hits.tsv").read_text().splitlines()) == len(rows) + 1


def test_motifs_have_neither_proteins_nor_places(pslidx: Call, index: Path, tmp_path: Path) -> None:
    fasta = tmp_path / "motifs.fasta"
    fasta.write_text(">signal Peroxisome\nSKL\n>retention Endoplasmic.reticulum\nKDEL\n")
    refused = pslidx("hitrate", index, fasta, "-o", tmp_path / "rates")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "choose `--definition unweighted`" in refused.err
    ended = pslidx("hitrate", index, fasta, "-o", tmp_path / "rates", "--definition", "unweighted", "--exclude", "none")
    assert ended.code == 0
    lines = [line.split("\t") for line in (tmp_path / "rates" / "subsequences.tsv").read_text().splitlines()]
    assert [line[:4] for line in lines[1:]] == [["signal", "", "", "SKL"], ["retention", "", "", "KDEL"]]
    assert ended.out.count("\n") == 4


@pytest.mark.parametrize(
    ("hits", "complaint"),
    [
        ("subsequences.tsv", "is read, and would be replaced"),
        ("clusters.tsv", "is read, and would be replaced"),
        ("rates/hits.tsv", "lies in "),
        ("folder", "is a folder, not a file"),
        ("none/hits.tsv", "cannot be written: No such file or directory"),
        ("hits.csv", "no .csv files are written"),
    ],
)
def test_hits_replace_nothing_that_matters(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path, hits: str, complaint: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "clusters.tsv").write_text("P99991\tP99992\n")
    assert pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates").code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    options = ["--clusters", tmp_path / "clusters.tsv", "-o", tmp_path / "rates"]
    ended = pslidx("hitrate", index, subsequences, *options, "--hits", tmp_path / hits)
    assert (ended.code, ended.out) == (1 if hits.startswith("none") else 2, "")
    assert f"{tmp_path / hits}: {complaint}" in ended.err
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_hits_and_results_have_a_place(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for options, complaint in (
        (["-o", "rates", "--hits", "-"], "--hits takes a file"),
        (["-o", "rates", "--hits", ""], "expected the name of a file"),
        (["-o", "rates", "--hits", index / "hits.tsv"], "which holds something else"),
        (["-o", "rates", "--hits", "rates"], "lies in rates"),
        (["-o", "-"], "-o makes a folder"),
        (["-o", "rates", "--hits", "hits.tsv", "--definition", "released"], "choose another definition"),
        (["-o", "rates", "--resamples", "1"], "Invalid value for '--resamples'"),
    ):
        ended = pslidx("hitrate", index, subsequences, *options)
        assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert complaint in ended.err
        assert [path.name for path in tmp_path.iterdir()] == ["subsequences.tsv"]


@pytest.mark.parametrize("failing", ["write_hit_rates", "hits"])
def test_hits_and_results_appear_together_or_not_at_all(
    pslidx: Call, index: Path, subsequences: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OutputError("no space left")

    place = psl_eval if failing == "write_hit_rates" else Run
    monkeypatch.setattr(place, failing, fail)
    ended = pslidx("hitrate", index, subsequences, "-o", tmp_path / "rates", "--hits", tmp_path / "hits.tsv")
    assert (ended.code, ended.out) == (1, "")
    assert "no space left" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["subsequences.tsv"]


def test_two_resamples_and_one_bad_row(pslidx: Call, index: Path, subsequences: Path, tmp_path: Path) -> None:
    with subsequences.open("a") as file:
        file.write("P99992\t2\n")
    options = ["-o", tmp_path / "rates", "--skip-bad", "--resamples", "2", "--draws", "1"]
    ended = pslidx("hitrate", index, subsequences, *options)
    assert ended.code == 0
    assert ended.err.startswith("pslidx: warning: 1 bad row was passed over; the first: ")
    assert ended.err.count("\n") == 1
