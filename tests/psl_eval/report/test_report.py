"""From results to a page: what belongs together, and what cannot be shown."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from psl_eval import hit_rate, write_hit_rates
from psl_eval.report import report as module
from psl_eval.report.held import LookUp
from psl_eval.report.page import Page
from psl_eval.report.report import write_report
from psl_eval.report.sources import find_sources
from psl_eval.subsequences.extraction import extract
from psl_eval.subsequences.rules import TopK
from psl_index import Index, build
from psl_index.errors import InputError, OutputError, UsageError
from tests.report_results import AT, NUMBER, SIGNAL

Written = tuple[Page, list[str]]


@pytest.fixture
def write(results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Written]:
    """Write a report of the results but for some, of others besides, and give the page that was drawn."""

    def call(*places: Path, without: str = "nothing", index: Path | None = results / "index", **files: str) -> Written:
        pages: list[Page] = []
        drawn = module.rendered

        def keeping(page: Page) -> str:
            pages.append(page)
            return drawn(page)

        monkeypatch.setattr(module, "rendered", keeping)
        names = [str(path) for path in sorted(results.iterdir()) if without not in path.name and path.name != "index"]
        sources = find_sources([*names, *map(str, places)])
        warnings: list[str] = []
        out = tmp_path / "report.html"
        if index is None:
            write_report(sources, out, LookUp(None), made=date(2026, 11, 22), warn=warnings.append)
        else:
            with Index.open(index) as opened:
                write_report(sources, out, LookUp(opened, **files), made=date(2026, 11, 22), warn=warnings.append)
        monkeypatch.undo()
        (page,) = pages
        return page, warnings

    return call


def protein(page: Page, number: int) -> dict[str, Any]:
    found: dict[str, Any] = page.view["proteins"][number]
    return found


def test_everything_of_a_protein_is_together(write: Callable[..., Written]) -> None:
    page, warnings = write()
    assert warnings == []
    assert page.view["explanations"] == ["attention", "gradients"]
    assert page.view["series"] == ["learned", "permuted"]
    assert page.view["signed"] == [False, True]
    assert len(page.view["proteins"]) == NUMBER
    first = protein(page, 0)
    assert (first["query"], first["predicted"], first["true"], first["correct"]) == (
        "P10000",
        "Nucleus",
        "Nucleus",
        True,
    )
    assert first["features"] == [{"type": "MOTIF", "start": AT + 1, "end": AT + len(SIGNAL), "note": "invented"}]
    assert [len(of) for of in first["probabilities"]] == [3, 3]
    assert [len(of) for of in first["scores"]] == [len(first["sequence"])] * 2
    for picked in first["picked"]:
        (each,) = picked
        assert (each["start"], each["end"]) == (AT - 1, AT + len(SIGNAL) + 2)
        assert each["occurrences"] == len(each["held"]) >= 1


def test_hit_rates_are_those_of_the_folder(results: Path, write: Callable[..., Written]) -> None:
    page, _ = write()
    rows = [line.split("\t") for line in (results / "attention-rates" / "proteins.tsv").read_text().splitlines()]
    at = {name: number for number, name in enumerate(rows[0])}
    for row in rows[1:]:
        (shown,) = (each for each in page.view["proteins"] if each["query"] == row[at["query"]])
        expected = row[at["hit_rate"]]
        assert shown["rates"][0] == (pytest.approx(float(expected), abs=1e-4) if expected else None)


def test_without_an_index_the_rest_is_shown(write: Callable[..., Written]) -> None:
    page, warnings = write(index=None)
    assert page.view["looked_up"] == [False, False]
    assert protein(page, 0)["features"] == []
    assert [each.partition(":")[0] for each in warnings] == ["attention-subsequences", "gradients-subsequences"]
    assert all("there is no index to look them up in" in each for each in warnings)


def test_without_predictions_explanations_say_them(write: Callable[..., Written]) -> None:
    page, _ = write(without="ed.tsv")
    assert protein(page, 0)["probabilities"] == [None]
    assert page.overview.tables[0].table["predictions"].to_pylist() == ["attention"]


def test_without_explanations_predictions_and_tables_are_shown(write: Callable[..., Written]) -> None:
    page, warnings = write(without="parquet")
    assert page.view["explanations"] == []
    assert protein(page, 0)["sequence"] == ""
    assert [each.partition(":")[0] for each in warnings] == ["attention-subsequences", "gradients-subsequences"]
    assert len(page.classes.tables) == 1


def test_without_hit_rates_entries_are_shown_all_the_same(write: Callable[..., Written]) -> None:
    page, warnings = write(without="rates")
    assert warnings == []
    (each,) = protein(page, 0)["picked"][0]
    assert each["rate"] is None
    assert each["occurrences"] >= 1


def test_hit_rates_of_another_index_show_no_entries(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    table = tmp_path / "more.csv"
    table.write_text("accession,sequence,locations\nQ99999,MKKK,Nucleus\n")
    build([table], tmp_path / "another", threads=1)
    page, warnings = write(index=tmp_path / "another")
    assert page.view["looked_up"] == [False, False]
    of_entries = [each for each in warnings if "are not shown" in each]
    assert len(of_entries) == 2
    assert all(each.endswith("for its hit rates are of another index") for each in of_entries)


def test_relatives_are_left_out_by_the_file_that_hit_rates_had(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    clusters, other = tmp_path / "clusters.tsv", tmp_path / "others.tsv"
    clusters.write_text("P10000\tP10000\nP10000\tP10003\n")
    other.write_text("P10000\tP10000\n")
    with Index.open(results / "index") as index:
        rates = hit_rate(index, results / "attention-subsequences.tsv", exclude="cluster", clusters=clusters, threads=1)
        write_hit_rates(rates, tmp_path / "clustered")
    with pytest.raises(UsageError, match=r"leave out entries by a file \(clusters.tsv\); name it with --clusters"):
        write(tmp_path / "clustered", without="rates")
    with pytest.raises(InputError, match=r"others.tsv: is not the file that the hit rates 'clustered' were given"):
        write(tmp_path / "clustered", without="rates", clusters=str(other))
    page, _ = write(tmp_path / "clustered", without="rates", clusters=str(clusters))
    assert page.view["looked_up"] == [True, True]


def test_hit_rates_of_each_class_in_turn_are_in_tables_only(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    with Index.open(results / "index") as index:
        rates = hit_rate(index, results / "attention-subsequences.tsv", against="all", threads=1)
        write_hit_rates(rates, tmp_path / "of-all")
    page, warnings = write(tmp_path / "of-all", without="rates")
    assert warnings == ["of-all: against each class in turn, so they are in tables only"]
    assert page.view["rated"] == [None, None]
    assert len(set(page.classes.tables[0].table["class"].to_pylist())) == 10


def test_a_second_table_of_one_explanation_and_second_rates_are_said(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    shutil.copytree(results / "attention-rates", tmp_path / "more-rates")
    picked = extract(results / "attention.parquet", TopK(3, 0))
    pq.write_table(picked, tmp_path / "more.parquet")
    _, warnings = write(tmp_path / "more-rates", tmp_path / "more.parquet")
    assert warnings == [
        "more: another table of attention is underlined, so these are in tables only",
        "more-rates: other hit rates of the same subsequences are shown with the proteins",
    ]


def test_subsequences_of_more_proteins_than_are_explained_are_no_error(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    some = pq.read_table(results / "attention.parquet").slice(0, 2)
    pq.write_table(some, tmp_path / "some.parquet")
    page, warnings = write(tmp_path / "some.parquet", without="ttention.parquet")
    assert page.view["explanations"] == ["gradients", "some"]
    assert [len(each["picked"][1]) for each in page.view["proteins"]] == [1, 1, *[0] * (NUMBER - 2)]
    assert warnings == []


def test_bad_rows_of_subsequences_are_passed_over_and_said(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    rows = (results / "attention-subsequences.tsv").read_text()
    (tmp_path / "bad.tsv").write_text(rows + "P10001\tx\t3\tKRK\tNucleus\t\t\t1\n")
    _, warnings = write(tmp_path / "bad.tsv", without="attention-")
    assert len(warnings) == 1
    assert warnings[0].startswith("bad: passed over: 1 bad row; the first: ")


def test_the_definition_released_shows_no_entries(results: Path, write: Callable[..., Written], tmp_path: Path) -> None:
    with Index.open(results / "index") as index:
        rates = hit_rate(index, results / "attention-subsequences.tsv", definition="released", threads=1)
        write_hit_rates(rates, tmp_path / "released")
    page, warnings = write(tmp_path / "released", without="rates")
    assert page.view["looked_up"] == [False, True]
    assert "an entry counts once for a protein by the definition 'released'" in warnings[0]


def test_settings_name_what_was_done(write: Callable[..., Written]) -> None:
    page, _ = write()
    rows = page.settings.tables[0].table.to_pylist()
    said = {(row["kind"], row["name"], row["setting"]): row["value"] for row in rows}
    assert said["model", "model", "architecture"] == "bilstm"
    assert said["model", "model", "training parameters"] == "12"
    assert said["hit rates", "attention-rates", "definition"] == "paper"
    assert said["hit rates", "attention-rates", "nulls"] == "label"
    assert said["experiment", "ground-truth", "seed"] == "1"


@pytest.mark.parametrize("damage", [b"{", b"7", b'{"format": "pslidx experiment"}'])
def test_a_damaged_experiment_is_one_line_and_leaves_the_earlier_page(
    results: Path, write: Callable[..., Written], tmp_path: Path, damage: bytes
) -> None:
    write()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    broken = tmp_path / "broken" / "ground-truth"
    shutil.copytree(results / "results" / "ground-truth", broken)
    table = broken / "ground-truth.json"
    table.write_bytes(damage)
    if b"format" in damage:
        (broken / "manifest.json").write_bytes(damage)
        table.write_bytes(b"[]")
    with pytest.raises(InputError, match="run the experiment again"):
        write(broken)
    assert {path: path.read_bytes() for path in before} == before


def test_a_damaged_manifest_of_hit_rates_is_one_line(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    shutil.copytree(results / "attention-rates", tmp_path / "rates")
    manifest = json.loads((tmp_path / "rates" / "manifest.json").read_bytes())
    del manifest["definition"]
    (tmp_path / "rates" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"does not say 'definition'; write it again with pslidx hitrate"):
        write(tmp_path / "rates")


def test_a_page_that_cannot_be_written_is_one_line(results: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError, match="cannot be written"):
        write_report(find_sources([str(results)]), tmp_path / "file" / "a.html", LookUp(None), made=date(2026, 1, 1))


def test_a_page_replaces_files_only(results: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.html")
    with pytest.raises(UsageError, match="is no file that could be replaced"):
        write_report(find_sources([str(results)]), tmp_path / "pipe.html", LookUp(None), made=date(2026, 1, 1))
    assert stat.S_ISFIFO((tmp_path / "pipe.html").stat().st_mode)


def test_where_the_page_cannot_be_written_the_earlier_one_and_its_folder_stay(
    write: Callable[..., Written], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    def full(path: Path, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    monkeypatch.setattr(module, "write_durably", full)
    with pytest.raises(OutputError, match="No space left on device"):
        write(without="gradients")
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_halves_of_characters_are_shown_as_what_they_are(
    results: Path, write: Callable[..., Written], tmp_path: Path
) -> None:
    """JSON can name them, and no file can hold them."""
    shutil.copytree(results / "model", tmp_path / "odd")
    config = json.loads((tmp_path / "odd" / "config.json").read_bytes())
    (tmp_path / "odd" / "config.json").write_text(json.dumps(config | {"note": "a\ud800b \ud83d\ude00"}))
    page, _ = write(tmp_path / "odd")
    rows = page.settings.tables[0].table.to_pylist()
    assert [row["value"] for row in rows if row["setting"] == "note"] == ["a\ufffdb \U0001f600"]
