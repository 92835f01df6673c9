"""`pslidx report`: the page it writes, and what it says."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pslidx.experiments.listing import EXPERIMENTS

from psl_eval.report.reading import READING
from tests.report_results import write_results

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("report") / "results")


def test_a_folder_becomes_a_page(pslidx: Call, results: Path, tmp_path: Path) -> None:
    ended = pslidx("report", results, "-o", tmp_path / "report.html", "--title", "Mine & <yours>")
    assert (ended.code, ended.out) == (0, "")
    page = tmp_path / "report.html"
    last = ended.err.splitlines()[-1]
    assert last.startswith(f"pslidx: {page}: 9 proteins, ")
    assert last.endswith(f" MB; tables in {tmp_path / 'report_data'}")
    assert "<title>Mine &amp; &lt;yours&gt;</title>" in page.read_text()
    assert (tmp_path / "report_data" / "manifest.json").exists()


def test_it_can_be_written_among_the_results_and_again(pslidx: Call, results: Path, tmp_path: Path) -> None:
    place = tmp_path / "results"
    shutil.copytree(results, place)
    for _ in range(2):
        ended = pslidx("report", place, "-o", place / "report.html")
        assert ended.code == 0
        assert "warning" not in ended.err


def test_what_is_passed_over_is_said(pslidx: Call, results: Path, tmp_path: Path) -> None:
    (tmp_path / "list.tsv").write_text("a\tb\n")
    ended = pslidx("report", results, tmp_path / "list.tsv", "-o", tmp_path / "report.html")
    assert ended.code == 0
    assert f"pslidx: warning: passed over: {tmp_path}/list.tsv: nothing that a report shows\n" in ended.err


def test_an_index_may_be_elsewhere(pslidx: Call, results: Path, tmp_path: Path) -> None:
    tables = [path for path in results.iterdir() if path.suffix in (".tsv", ".parquet")]
    ended = pslidx("report", *tables, "--index", results / "index", "-o", tmp_path / "report.html")
    assert ended.code == 0
    assert "warning" not in ended.err
    assert (tmp_path / "report_data" / "occurrences-attention.tsv").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nowhere", "-o", "r.html"], 1, "nowhere: there is no such file or folder"),
        (["{results}/index", "-o", "r.html"], 1, "nothing in it that a report can show"),
        (["{results}", "-o", "-"], 2, "-o takes a file: a folder of tables goes beside the page"),
        (["{results}", "-o", "no/such/r.html"], 1, "no/such/r.html: cannot be written"),
        (["{results}", "{results}/learned.tsv", "-o", "{results}/learned.tsv"], 2, "is read, and would be replaced"),
        (["{results}", "--index", "{results}", "-o", "r.html"], 3, ""),
        (["{results}", "two={other}", "-o", "r.html"], 2, "There are several indexes (index, two)"),
        (["{results}", "-o", "r.pdf"], 2, "r.pdf: the page is HTML; name it .html"),
        (["{results}", "--clusters", "nowhere", "-o", "r.html"], 2, "File 'nowhere' does not exist"),
        (["{results}"], 2, "Missing option '-o'"),
        (["-o", "r.html"], 2, "Missing argument 'RESULTS...'"),
    ],
)
def test_what_cannot_be_is_one_line(
    refused: Callable[..., str],
    results: Path,
    tmp_path_factory: pytest.TempPathFactory,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    other = shutil.copytree(results / "index", tmp_path_factory.mktemp("other") / "index")
    before = (results / "learned.tsv").read_bytes()
    assert said in refused(
        "report", *(argument.format(results=results, other=other) for argument in arguments), code=code
    )
    assert (results / "learned.tsv").read_bytes() == before


def test_without_the_extra_one_line_says_how_to_get_it(
    pslidx: Call, results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pslidx.report_command.find_spec", lambda name: None)
    ended = pslidx("report", results, "-o", tmp_path / "report.html")
    assert ended.code == 2
    remedy = "get it with: pip install 'pslidx[report]'"
    assert ended.err == f"pslidx: error: a report takes altair, which is not installed; {remedy}\n"


def test_every_experiment_says_in_two_sentences_how_it_is_read() -> None:
    assert set(READING) == set(EXPERIMENTS)
    for sentences in READING.values():
        assert len(sentences) == 2
        assert all(sentence.endswith(".") for sentence in sentences)


@pytest.mark.parametrize("way", ["mine={place}", "{folder}"])
def test_a_page_never_replaces_what_it_is_made_of(pslidx: Call, results: Path, tmp_path: Path, way: str) -> None:
    shutil.copytree(results, tmp_path / "results")
    place = tmp_path / "results" / "learned.tsv"
    before = place.read_bytes()
    ended = pslidx("report", way.format(place=place, folder=place.parent), "-o", place)
    assert ended.code == 2
    assert "is read, and would be replaced" in ended.err
    inside = pslidx("report", place.parent, "-o", place.parent / "index" / "report.html")
    assert inside.code == 2
    assert place.read_bytes() == before
