"""The view of proteins in a real browser: finding one, its residues, what stands out and who holds it."""

from __future__ import annotations

import csv
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from psl_eval.report.colours import PICKED
from psl_eval.report.held import LookUp
from psl_eval.report.report import write_report
from psl_eval.report.sources import find_sources
from tests.browser.conftest import write
from tests.report_results import NUMBER, write_results

Open = Callable[..., Any]


def test_a_protein_is_found_by_its_accession(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        assert opened.text("#found") == f"{NUMBER} of {NUMBER} proteins"
        opened.page.fill("[name=accession]", "p10004")
        assert opened.text("#found") == f"1 of {NUMBER} proteins"
        assert opened.text("#protein h3") == "P10004"
        opened.page.fill("[name=accession]", "nobody")
        assert opened.text("#protein") == "No protein fits; clear a filter."


def test_the_address_may_name_a_protein(open_page: Open, report: Path) -> None:
    with open_page(report, part="#P10005") as opened:
        assert opened.text("#protein h3") == "P10005"
        top = opened.page.evaluate("document.getElementById('proteins').getBoundingClientRect().top")
        assert abs(top) < 200
        opened.page.click("#next")
        assert opened.page.evaluate("location.hash") == "#P10006"
        assert "P10006" in opened.page.locator("#protein-said").text_content()


def test_a_search_changes_the_address_too(open_page: Open, report: Path) -> None:
    """Else a link to what is seen would lead elsewhere."""
    with open_page(report, part="#P10005") as opened:
        opened.page.fill("[name=accession]", "P10002")
        assert opened.page.evaluate("location.hash") == "#P10002"
        opened.page.evaluate("location.hash = '#nobody'")
        opened.page.wait_for_selector("#protein [role=alert]")
        assert opened.text("#protein [role=alert]") == "No protein is called nobody."


def test_a_long_protein_is_drawn_whole(open_page: Open, tmp_path: Path) -> None:
    """In parts, so that nobody waits."""
    rng = np.random.default_rng(3)
    sequence = "".join(rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), 5_003))
    rows = [{"query": "P1", "sequence": sequence, "predicted": "Nucleus", "scores": rng.normal(0, 1, 5_003).tolist()}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "long.parquet")
    write_report(
        find_sources([str(tmp_path / "long.parquet")]), tmp_path / "r.html", LookUp(None), made=date(2026, 1, 1)
    )
    with open_page(tmp_path / "r.html") as opened:
        opened.page.wait_for_function("() => document.querySelectorAll('.block').length === 501")
        assert "".join(opened.page.locator(".residues").all_text_contents()) == sequence
        assert opened.said == []


def test_filters_leave_those_that_fit(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        opened.page.select_option("[name=correct]", "0")
        wrong = opened.page.locator("#proteins-found tbody tr")
        assert 0 < wrong.count() < NUMBER
        assert wrong.locator("td.wrong").count() == wrong.count()
        opened.page.select_option("[name=correct]", "")
        opened.page.select_option("[name=class]", "Extracellular")
        of_class = opened.page.locator("#proteins-found tbody tr")
        assert 0 < of_class.count() < NUMBER
        opened.page.select_option("[name=class]", "")
        opened.page.fill("[name=rate]", "0.5")
        rates = [float(row.locator("td").nth(3).inner_text()) for row in of_class.all()]
        assert rates
        assert min(rates) >= 0.5
        opened.page.fill("[name=rate]", "")
        opened.page.select_option("[name=order]", "rate")
        listed = [row.locator("td").nth(3).inner_text() for row in of_class.all()]
        known = [float(each) for each in listed if each[0].isdigit()]
        assert known == sorted(known, reverse=True)
        assert all(not each[0].isdigit() for each in listed[len(known) :])


def test_an_accession_that_another_begins_with_does_not_hide_it(open_page: Open, report: Path) -> None:
    """What is shown is always among those that fit."""
    with open_page(report) as opened:
        wrong = [row.locator("td").first.inner_text() for row in opened.page.locator("tr:has(td.wrong)").all()]
        opened.page.select_option("[name=correct]", "1")
        opened.page.fill("[name=accession]", wrong[0])
        assert opened.text("#protein") == "No protein fits; clear a filter."


def test_next_and_previous_walk_through_the_list(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        first = opened.text("#protein h3")
        opened.page.click("#next")
        assert opened.text("#protein h3") != first
        opened.page.click("#previous")
        opened.page.click("#previous")
        assert opened.text("#protein h3") == f"P1000{NUMBER - 1}"


def test_another_explanation_has_other_colours(open_page: Open, report: Path) -> None:
    levels = "[...document.querySelectorAll('.explanation .residues i')].map(each => each.className).join()"
    with open_page(report) as opened:
        both = opened.page.evaluate(levels)
        opened.page.click(".choice button:has-text('attention')")
        gradients = opened.page.evaluate(levels)
        opened.page.click(".choice button:has-text('attention')")
        opened.page.click(".choice button:has-text('gradients')")
        attention = opened.page.evaluate(levels)
        assert gradients != attention
        assert both == f"{attention},{gradients}"


def test_the_sequence_is_shown_whole_and_what_stands_out_is_underlined(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        row = opened.page.locator(".explanation").first.locator("tbody tr").first
        start, end, text = (row.locator("td").nth(column).inner_text() for column in range(3))
        first, last = int(start), int(end)
        sequence = "".join(opened.page.locator(".sequence").first.locator(".residues").all_text_contents())
        assert sequence[first - 1 : last] == text
        lines = opened.page.locator(".sequence").first.locator(".under .picked").all()
        widths = [line.get_attribute("class") for line in lines]
        assert sum(int(each.split(" w")[1]) for each in widths) == last - first + 1


def test_a_click_shows_the_entries_and_another_hides_them(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        button = opened.page.locator(".explanation").first.locator("tbody button").first
        button.click()
        entries = opened.page.locator(".entries tbody tr")
        assert entries.count() >= 1
        link, locations, at, counts, _, name, organism = (
            cell.inner_text() for cell in entries.first.locator("td").all()
        )
        assert (name, organism, locations) == ("invented", "invented", "Nucleus")
        assert link[0] in "PQ"
        assert int(at) >= 1
        assert counts.startswith(("yes, ", "no, "))
        assert entries.first.locator("td").count() == 7
        address = entries.first.locator("a").get_attribute("href")
        assert address == f"https://www.uniprot.org/uniprotkb/{link}"
        assert button.get_attribute("aria-expanded") == "true"
        button.click()
        assert entries.count() == 0


def test_tables_of_a_protein_are_sorted_and_saved_too(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        probabilities = opened.page.locator("#protein > .within").first
        name, text = opened.saved(probabilities.locator("button:has-text('Save as TSV')"))
        rows = list(csv.DictReader(text.decode().splitlines(), delimiter="\t"))
        assert name == "probabilities-P10000.tsv"
        assert [*rows[0]] == ["location", "learned", "permuted"]
        learned = [float(row["learned"]) for row in rows]
        assert learned == sorted(learned, reverse=True)
        probabilities.locator("thead button").first.click()
        names = probabilities.locator("tbody th").all_text_contents()
        assert names == sorted(row["location"] for row in rows)
        subsequences = opened.page.locator(".explanation").first
        subsequences.locator("tbody button").first.click()
        entries = opened.page.locator(".entries")
        shown = entries.locator("tbody tr").count()
        name, text = opened.saved(entries.locator("button:has-text('Save as TSV')"))
        rows = list(csv.DictReader(text.decode().splitlines(), delimiter="\t"))
        assert re.fullmatch(r"entries-P10000-\d+-\d+\.tsv", name)
        assert len(rows) == shown
        entries.locator("input").fill(rows[0]["entry"])
        assert entries.locator("tbody tr").count() == sum(rows[0]["entry"] in row["entry"] for row in rows)
        subsequences.locator("thead button").first.click()  # what is open stays open
        assert subsequences.locator("tbody [aria-expanded=true]").count() == 1


def test_a_sequence_is_saved_as_a_picture(open_page: Open, report: Path) -> None:
    with open_page(report, colours="dark") as opened:
        section = opened.page.locator(".explanation").first
        sequence = "".join(section.locator(".residues").all_text_contents())
        name, text = opened.saved(section.locator("button:has-text('Save as SVG')"))
        picture = ElementTree.fromstring(text)
        texts = [each for each in picture.iter("{http://www.w3.org/2000/svg}text") if each.get("fill")]
        assert name == "P10000-attention.svg"
        assert "".join(each.text or "" for each in texts) == sequence
        lines = [each for each in picture.iter("{http://www.w3.org/2000/svg}rect") if each.get("fill") == PICKED.light]
        rows = section.locator("tbody tr").all()
        spans = [[int(row.locator("td").nth(column).inner_text()) for column in (0, 1)] for row in rows]
        assert len(lines) == sum(end - start + 1 for start, end in spans) + 1  # and one in the legend


def test_of_many_entries_the_first_are_shown_with_their_number(open_page: Open, tmp_path: Path) -> None:
    results = write_results(tmp_path / "results", words=["invented"] * 60)
    with open_page(write(results, tmp_path / "report.html")) as opened:
        opened.page.locator(".explanation").first.locator("tbody button").first.click()
        assert opened.page.locator(".entries tbody tr").count() == 50
        said = opened.page.locator(".entries .caption").inner_text()
        assert re.search(": the first 50 of 6[0-9] occurrences; all are in the folder beside this page", said)


def test_without_labels_and_hit_rates_the_rest_works(open_page: Open, tmp_path: Path) -> None:
    results = write_results(tmp_path / "results")
    for name in ("learned.tsv", "permuted.tsv", "gradients.parquet"):
        (results / name).unlink()
    for path in results.glob("*-rates"):
        shutil.rmtree(path)
    unlabelled = pq.read_table(results / "attention.parquet").drop_columns("true")
    pq.write_table(unlabelled, results / "attention.parquet")
    with open_page(write(results, tmp_path / "report.html")) as opened:
        assert opened.text("#protein h3") == "P10000"
        assert opened.page.locator("[role=img][aria-label='']").count() == 0
        opened.page.locator(".explanation tbody button").first.click()
        assert opened.page.locator(".entries tbody tr").count() >= 1
        assert opened.said == []
