"""`pslidx plot`: one picture for a paper."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from psl_eval.report.accuracy import accuracy_table
from psl_eval.report.contents import read_contents
from psl_eval.report.explanations import read_explanation
from psl_eval.report.sources import find_sources
from psl_eval.report.tables import shown_cell
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
    assert {"P10000: predicted Nucleus, is Nucleus", "attention", "gradients", "motif", "subsequence"} <= set(said)


@pytest.mark.parametrize("name", ["p10000", "P10000"])
def test_a_protein_is_found_by_its_accession(pslidx: Call, results: Path, tmp_path: Path, name: str) -> None:
    table = pq.read_table(results / "attention.parquet")
    queries = [f"sp|{query}|NAME" for query in table["query"].to_pylist()]
    pq.write_table(table.set_column(0, "query", pa.array(queries)), tmp_path / "compound.parquet")
    ended = pslidx("plot", tmp_path / "compound.parquet", "--protein", name, "-o", tmp_path / "p.svg")
    assert (ended.code, ended.err) == (0, "")
    assert "sp|P10000|NAME: predicted Nucleus, is Nucleus" in texts((tmp_path / "p.svg").read_text())


def test_a_protein_too_long_for_a_picture_is_refused(refused: Callable[..., str], tmp_path_factory: Any) -> None:
    place = tmp_path_factory.mktemp("titin") / "long.parquet"
    row = {"query": "P1", "sequence": "M" * 30_000, "predicted": "Nucleus", "scores": [1.0] * 30_000}
    pq.write_table(pa.Table.from_pylist([row]), place)
    said = refused("plot", place, "--protein", "P1", "-o", "x.png", code=2)
    assert "P1 has 30,000 residues by all explanations, and a picture holds 20,000" in said


def test_a_chart_is_drawn_by_its_name(pslidx: Call, results: Path, tmp_path: Path) -> None:
    ended = pslidx("plot", results / "attention-rates", "--chart", "hit-rates", "-o", tmp_path / "rates.svg")
    assert ended.code == 0
    assert "attention-rates: all entries" in texts((tmp_path / "rates.svg").read_text())


def test_the_first_chart_is_drawn_where_none_is_named(pslidx: Call, results: Path, tmp_path: Path) -> None:
    assert pslidx("plot", results / "learned.tsv", "-o", tmp_path / "accuracy.PNG").code == 0
    assert (tmp_path / "accuracy.PNG").read_bytes().startswith(b"\x89PNG")


def test_a_table_is_drawn_with_all_that_it_holds(pslidx: Call, results: Path, tmp_path: Path) -> None:
    assert pslidx("plot", results, "--table", "accuracy", "-o", tmp_path / "accuracy.svg").code == 0
    contents = read_contents(find_sources([str(results)]), lambda _: None)
    table = accuracy_table(contents.series)
    cells = [shown_cell(value) for row in table.to_pylist() for value in row.values()]
    heads = [name.replace("_", " ") for name in table.column_names]
    assert sorted(texts((tmp_path / "accuracy.svg").read_text())) == sorted([*heads, *cells])
    more = ("--table", "accuracy", "--rows", 10**20)  # than there are
    assert pslidx("plot", results, *more, "-o", tmp_path / "all.svg").code == 0
    assert (tmp_path / "all.svg").read_bytes() == (tmp_path / "accuracy.svg").read_bytes()


def test_columns_and_first_rows_of_a_table(pslidx: Call, results: Path, tmp_path: Path) -> None:
    """In the order in which they are asked for; what is expected of a subsequence is known by the index."""
    arguments = ("--table", "subsequences", "--columns", "lift, subsequence", "--rows", 2)
    assert pslidx("plot", results, *arguments, "-o", tmp_path / "first.svg").code == 0
    said = texts((tmp_path / "first.svg").read_text())
    assert len(said) == 6
    assert {"lift", "subsequence"} < set(said)
    assert sum(re.fullmatch(r"[0-9.]+", text) is not None for text in said) == 2


def test_a_table_of_an_experiment_is_drawn(pslidx: Call, results: Path, tmp_path: Path) -> None:
    (name,) = {path.parent.name for path in (results / "results").glob("*/manifest.json")}
    assert pslidx("plot", results, "--table", name, "-o", tmp_path / "found.png").code == 0
    assert (tmp_path / "found.png").read_bytes().startswith(b"\x89PNG")


def test_a_table_too_long_for_a_picture_is_refused(refused: Callable[..., str], tmp_path_factory: Any) -> None:
    place = tmp_path_factory.mktemp("long") / "predicted.tsv"
    classes = [f"Place {number}" for number in range(101)]
    rows = [["query", "predicted", "probability", "true", *classes]]
    rows += [[f"P{number}", name, "1", name, *["0"] * 101] for number, name in enumerate(classes)]
    place.write_text("".join("\t".join(row) + "\n" for row in rows))
    said = refused("plot", place, "--table", "accuracy-by-location", "-o", "x.svg", code=2)
    assert "accuracy-by-location has 101 rows, and a picture holds 100; draw the first ones with --rows" in said


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["{results}", "--chart", "x", "-o", "x.svg"], 2, "no chart 'x'; choose among accuracy, locations, lengths, "),
        (
            ["{results}", "--protein", "x", "-o", "x.svg"],
            2,
            "no explanation of a protein 'x'; name one of those in the attributions, such as P1",
        ),
        (["{results}", "-o", "x.pdf"], 2, "x.pdf: no such pictures are drawn; name it .svg or .png"),
        (["{results}", "--chart", "x", "--protein", "x", "-o", "x.svg"], 2, "do not go together"),
        (
            ["{results}", "--table", "x", "-o", "x.svg"],
            2,
            "no table 'x'; choose among accuracy, accuracy-by-location, ",
        ),
        (["{results}", "--table", "accuracy", "--columns", "accuracy,x", "-o", "x.svg"], 2, "no column 'x'; choose "),
        (["{results}", "--table", "accuracy", "--rows", "0", "-o", "x.svg"], 2, "0 is not in the range x>=1"),
        (["{results}", "--columns", "accuracy", "-o", "x.svg"], 2, "--columns and --rows are of --table"),
        (["{results}/index", "{results}/learned.tsv", "--table", "summary", "-o", "x.svg"], 2, "no table 'summary'"),
        (["nowhere", "-o", "x.svg"], 1, "nowhere: there is no such file or folder"),
        (["{results}/results", "-o", "x.svg"], 2, "no chart can be drawn of these"),
    ],
)
def test_what_cannot_be_is_one_line(
    refused: Callable[..., str], results: Path, arguments: list[str], code: int, said: str
) -> None:
    assert said in refused("plot", *(argument.format(results=results) for argument in arguments), code=code)
