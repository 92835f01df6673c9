"""`pslidx plot`: one picture for a paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psl_eval.report.explanations import read_explanation
from tests.report_results import write_results

Call = Callable[..., Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_results(tmp_path_factory.mktemp("plot") / "results")


def texts(svg: str) -> list[str]:
    """What a picture says, in order."""
    return re.findall(r"<text[^>]*>([^<]*)</text>", svg)


def test_a_protein_is_drawn_whole_by_each_explanation(pslidx: Call, results: Path, tmp_path: Path) -> None:
    ended = pslidx("plot", results, "--protein", "P10000", "-o", tmp_path / "p.svg")
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    said = texts((tmp_path / "p.svg").read_text())
    sequence = read_explanation("attention", results / "attention.parquet").proteins["P10000"].sequence
    residues = "".join(text for text in said if len(text) == 1 and text.isalpha())
    assert residues == 2 * sequence
    assert {"P10000: predicted Nucleus, is Nucleus", "attention", "gradients", "MOTIF", "subsequence"} <= set(said)


def test_a_chart_is_drawn_by_its_name(pslidx: Call, results: Path, tmp_path: Path) -> None:
    ended = pslidx("plot", results / "attention-rates", "--chart", "hit-rates", "-o", tmp_path / "rates.svg")
    assert ended.code == 0
    assert "attention-rates: all entries" in texts((tmp_path / "rates.svg").read_text())


def test_the_first_chart_is_drawn_where_none_is_named(pslidx: Call, results: Path, tmp_path: Path) -> None:
    assert pslidx("plot", results / "learned.tsv", "-o", tmp_path / "accuracy.PNG").code == 0
    assert (tmp_path / "accuracy.PNG").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["{results}", "--chart", "x", "-o", "x.svg"], 2, "no chart 'x'; choose among accuracy, locations, lengths, "),
        (["{results}", "--protein", "x", "-o", "x.svg"], 2, "no explanation of a protein 'x'; name one of those"),
        (["{results}", "-o", "x.pdf"], 2, "x.pdf: no such pictures are drawn; name it .svg or .png"),
        (["{results}", "--chart", "x", "--protein", "x", "-o", "x.svg"], 2, "do not go together"),
        (["nowhere", "-o", "x.svg"], 1, "nowhere: there is no such file or folder"),
        (["{results}/results", "-o", "x.svg"], 2, "no chart can be drawn of these"),
    ],
)
def test_what_cannot_be_is_one_line(
    pslidx: Call,
    results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = pslidx("plot", *(argument.format(results=results) for argument in arguments))
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert not list(tmp_path.iterdir())
