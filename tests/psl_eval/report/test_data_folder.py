"""The folder beside the page."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path

import pyarrow.csv
import pytest

from psl_eval.report.data_folder import check_data_folder, data_folder_of
from psl_eval.report.held import LookUp
from psl_eval.report.report import write_report
from psl_eval.report.sources import find_sources
from psl_index import Index
from psl_index.errors import UsageError


@pytest.fixture(scope="module")
def folder(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("page") / "my report.html"
    with Index.open(results / "index") as index:
        written = write_report(find_sources([str(results)]), page, LookUp(index), made=date(2026, 11, 22))
    assert written.folder == page.with_name("my report_data")
    return written.folder


def test_it_names_all_that_it_holds(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["format"] == "pslidx report data"
    assert set(manifest["files"]) == {path.name for path in folder.iterdir()}


def test_every_table_is_there_twice_and_says_the_same(folder: Path) -> None:
    tables = [path for path in folder.glob("*.tsv") if not path.name.startswith("occurrences")]
    assert len(tables) > 12
    for path in tables:
        table = list(csv.DictReader(path.read_text().splitlines(), delimiter="\t"))
        rows = json.loads(path.with_suffix(".json").read_bytes())
        assert len(table) == len(rows) > 0
        for of_tsv, of_json in zip(table, rows, strict=True):
            assert list(of_tsv) == list(of_json)
            assert {name: as_json(of_tsv[name], value) for name, value in of_json.items()} == of_json


def as_json(text: str, like: object) -> object:
    """A field of TSV as the kind of value that JSON has in its place."""
    if like is None or text == "":
        return None if text == "" and like is None else [] if isinstance(like, list) else text
    if isinstance(like, bool):
        return {"true": True, "false": False}[text]
    if isinstance(like, list):
        return [as_json(each, like[0]) for each in text.split(";")]
    return type(like)(text)


def test_hit_rates_of_proteins_are_those_of_the_folder_to_the_last_digit(results: Path, folder: Path) -> None:
    rates = pyarrow.csv.read_csv(
        results / "attention-rates" / "proteins.tsv", parse_options=pyarrow.csv.ParseOptions(delimiter="\t")
    )
    own = {row["query"]: row["hit_rate"] for row in rates.to_pylist() if row["against"] == "predicted"}
    rows = json.loads((folder / "proteins.json").read_bytes())
    assert {row["protein"]: row["hit rate, attention-rates"] for row in rows} == own


def test_all_occurrences_are_there(results: Path, folder: Path) -> None:
    lines = [json.loads(line) for line in (folder / "occurrences-attention.jsonl").read_text().splitlines()]
    tsv = (folder / "occurrences-attention.tsv").read_text().splitlines()
    assert len(lines) == len(tsv) - 1
    with Index.open(results / "index") as index:
        picked = {line["subsequence"] for line in lines}
        held = {(line["subsequence"], line["accession"], line["entry_start"]) for line in lines}
        assert int(index.count(sorted(picked)).sum()) == len(held)


def test_figures_of_experiments_are_there_too(results: Path, folder: Path) -> None:
    for kind in ("svg", "png"):
        own = results / "results" / "ground-truth" / f"ground-truth.{kind}"
        assert (folder / f"ground-truth.{kind}").read_bytes() == own.read_bytes()


def test_an_earlier_one_may_be_replaced(folder: Path) -> None:
    check_data_folder(folder)
    check_data_folder(folder.with_name("none"))


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    other = data_folder_of(page)
    other.mkdir()
    (other / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"holds something else than the data of a report \('mine.txt'\)"):
        check_data_folder(other)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "report_data").write_text("mine")
    with pytest.raises(UsageError, match="is a file, and is needed as a folder"):
        check_data_folder(tmp_path / "report_data")
