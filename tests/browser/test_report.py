"""The report in a real browser: what a reader does with it."""

from __future__ import annotations

import csv
import io
import json
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
import pytest

from psl_eval.report.colours import PICKED
from psl_eval.report.held import LookUp
from psl_eval.report.report import write_report
from psl_eval.report.sources import find_sources
from tests.browser.conftest import write
from tests.hostile import PAYLOADS
from tests.report_results import NUMBER, write_results

Open = Callable[..., Any]

#: How many elements have a handler as an attribute.
LISTENING = """[...document.querySelectorAll('*')].filter(
    each => each.getAttributeNames().some(name => name.startsWith('on'))).length"""


def test_it_opens_without_a_word_and_asks_for_nothing(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        for place in opened.page.query_selector_all("[data-chart]"):
            place.scroll_into_view_if_needed()
            opened.page.wait_for_function("place => place.querySelector('svg')", arg=place)
        opened.picture("light")
        assert opened.said == []
        assert opened.asked == [report.as_uri()]


@pytest.mark.parametrize(("name", "width", "colours"), [("dark", 1300, "dark"), ("narrow", 400, "light")])
def test_it_fits_every_window(open_page: Open, report: Path, name: str, width: int, colours: str) -> None:
    with open_page(report, width, colours) as opened:
        for place in opened.page.query_selector_all("[data-chart]"):
            place.scroll_into_view_if_needed()
        opened.picture(name)
        paper = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall("[0-9]+", paper))) == (27 if colours == "dark" else 255)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.said == []


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


@pytest.mark.parametrize("part", ["classes", "experiments", "settings"])
def test_an_address_of_a_part_leads_there(open_page: Open, report: Path, part: str) -> None:
    """Though charts and tables above are drawn later; `settings` is last, and may stand lower."""
    charts = "document.querySelectorAll('[data-chart]').length"
    above = f"document.getElementById('{part}').getBoundingClientRect().top"
    with open_page(report, part=f"#{part}") as opened:
        opened.page.wait_for_function(f"() => document.querySelectorAll('[data-chart] svg').length === {charts}")
        left = opened.page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")
        assert abs(opened.page.evaluate(above)) < 60 or left < 2
        opened.page.evaluate("scrollTo(0, 0)")
        opened.page.click(f"nav a[href='#{part}']")
        left = opened.page.evaluate("document.documentElement.scrollHeight - innerHeight - scrollY")
        assert abs(opened.page.evaluate(above)) < 60 or left < 2


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


def test_everything_can_be_done_with_keys(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        opened.page.keyboard.press("Tab")
        assert opened.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        opened.page.focus(".explanation tbody button")
        opened.page.keyboard.press("Enter")
        assert opened.page.locator(".entries tbody tr").count() >= 1
        opened.page.focus("#proteins-found tbody tr:nth-child(3) button")
        opened.page.keyboard.press("Enter")
        assert opened.text("#protein h3") == "P10002"
        opened.page.focus("[name=accession]")
        opened.page.keyboard.type("P10003")
        assert opened.text("#protein h3") == "P10003"
        opened.page.focus('[data-table="proteins"] th:nth-child(2) button')
        opened.page.keyboard.press("Enter")
        assert opened.page.locator('[data-table="proteins"] th').nth(1).get_attribute("aria-sort") == "ascending"
        opened.page.focus(".choice button")
        opened.page.keyboard.press("Space")
        assert opened.page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "false"


def column(place: Any) -> list[float]:
    """Values of the third column of a table, as they are shown."""
    return [float(row.locator("td").nth(2).inner_text()) for row in place.locator("tbody tr").all()]


def test_a_table_is_sorted_by_a_column_either_way(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        place = opened.page.locator('[data-table="accuracy-by-location"]')
        head = place.locator("th").nth(2)
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        assert column(place) == sorted(column(place))
        head.locator("button").click()
        assert column(place) == sorted(column(place), reverse=True)


def test_a_table_is_saved_as_it_is_shown(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        place = opened.page.locator('[data-table="accuracy-by-location"]')
        place.locator("input").fill("permuted")
        with opened.page.expect_download() as download:
            place.locator("button:has-text('Save as TSV')").click()
        rows = list(csv.reader(io.StringIO(Path(download.value.path()).read_text()), delimiter="\t"))
        assert download.value.suggested_filename == "accuracy-by-location.tsv"
        assert rows[0][:2] == ["predictions", "class"]
        assert [row[0] for row in rows[1:]] == ["permuted"] * 3


def saved(opened: Any, button: Any) -> tuple[str, str]:
    """Name and content of the file that a button gives."""
    with opened.page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_text("utf-8")


def test_tables_of_a_protein_are_sorted_and_saved_too(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        probabilities = opened.page.locator("#protein > .within").first
        name, text = saved(opened, probabilities.locator("button:has-text('Save as TSV')"))
        rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
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
        name, text = saved(opened, entries.locator("button:has-text('Save as TSV')"))
        rows = list(csv.DictReader(io.StringIO(text), delimiter="\t"))
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
        name, text = saved(opened, section.locator("button:has-text('Save as SVG')"))
        picture = ElementTree.fromstring(text)
        texts = [each for each in picture.iter("{http://www.w3.org/2000/svg}text") if each.get("fill")]
        assert name == "P10000-attention.svg"
        assert "".join(each.text or "" for each in texts) == sequence
        lines = [each for each in picture.iter("{http://www.w3.org/2000/svg}rect") if each.get("fill") == PICKED.light]
        rows = section.locator("tbody tr").all()
        spans = [[int(row.locator("td").nth(column).inner_text()) for column in (0, 1)] for row in rows]
        assert len(lines) == sum(end - start + 1 for start, end in spans) + 1  # and one in the legend


@pytest.mark.parametrize(("kind", "begins"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_a_chart_is_saved_as_a_picture(open_page: Open, report: Path, kind: str, begins: bytes) -> None:
    with open_page(report, colours="dark") as opened:
        with opened.page.expect_download() as download:
            opened.page.locator(f"#overview button:has-text('Save as {kind}')").first.click()
        assert download.value.suggested_filename == f"accuracy.{kind.lower()}"
        assert Path(download.value.path()).read_bytes().startswith(begins)
        assert opened.said == []


def test_logos_and_subsequences_are_those_of_the_location(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        opened.page.select_option("#class-shown", "Nucleus")
        assert opened.page.locator(".logo").count() == 4
        rows = opened.page.locator("#classes [data-table] tbody tr")
        assert rows.count() >= 1
        assert {row.locator("td").nth(1).inner_text() for row in rows.all()} == {"Nucleus"}


def test_logos_of_both_ends_have_one_scale(open_page: Open, tmp_path: Path) -> None:
    """What is looked at near one end only is low at the other."""
    rows = [
        {"query": f"P{number}", "sequence": "M" * 60, "predicted": "Nucleus", "scores": [1.0] * 10 + [0.05] * 50}
        for number in range(3)
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "att.parquet")
    write_report(
        find_sources([str(tmp_path / "att.parquet")]), tmp_path / "r.html", LookUp(None), made=date(2026, 1, 1)
    )
    height = (
        "logo => Math.max(...[...logo.querySelectorAll('.letter')].map(each => each.getBoundingClientRect().height))"
    )
    with open_page(tmp_path / "r.html") as opened:
        near, far = (opened.page.locator(".logo").nth(which).evaluate(height) for which in (0, 1))
        assert far / near == pytest.approx(0.05, rel=0.1)
        heights = [opened.page.locator(".logo").nth(which).locator(".height").all_text_contents() for which in (0, 1)]
        assert heights[0] == heights[1] == ["0", "1", "4.8"]


def test_hostile_texts_are_shown_as_texts(open_page: Open, tmp_path: Path) -> None:
    """F15: every payload as the name of a protein, a class and a source, in what entries say of themselves, in what is
    predicted, true and explained, in settings, and in columns and values of an experiment's table.
    """
    short = [payload for payload in PAYLOADS if len(payload) < 1000]
    names = [f"{payload}{number}" for number, payload in enumerate(short)]
    words = [re.sub("[\u2028\u2029]", " ", payload) for payload in short]  # lines of a flat file end there
    results = write_results(tmp_path / "results", names=names, words=words)
    for number, payload in enumerate(short):
        row = ["query", "predicted", "probability", payload], [names[number], payload, "1", "1"]
        (results / f"z{number:02}.tsv").write_text("".join("\t".join(each) + "\n" for each in row))
    _add_to_attributions(results / "gradients.parquet", short)
    config = json.loads((results / "model" / "config.json").read_bytes())
    (results / "model" / "config.json").write_text(json.dumps(config | {each: each for each in short}))
    (table,) = (results / "results").glob("*/ground-truth.json")
    table.write_text(json.dumps([{each: each for each in short}]))
    path = write(results, tmp_path / "report.html", short[0], short)
    with open_page(path) as opened:
        for name in names:
            opened.page.fill("[name=accession]", name)
            assert opened.page.locator("#protein h3").text_content() == name
            for button in opened.page.locator(".explanation tbody button").all():
                button.click()
        classes = opened.page.locator("#class-shown option").all_text_contents()
        assert set(short) <= set(classes)
        for name in short:
            opened.page.select_option("#class-shown", name)
        for place in opened.page.query_selector_all("[data-chart]"):
            place.scroll_into_view_if_needed()
            opened.page.wait_for_function("place => place.querySelector('svg')", arg=place)
        untouched(opened, path)


def _add_to_attributions(path: Path, payloads: list[str]) -> None:
    """A row for each, which says of a protein with its name that it is predicted, true and explained."""
    table = pq.read_table(path)
    (row,) = table.slice(0, 1).to_pylist()
    rows = [
        row | {"query": each} | dict.fromkeys(("predicted", "true", "target", "settings"), each) for each in payloads
    ]
    joined = pa.concat_tables([table, pa.Table.from_pylist(rows, table.schema)])
    said = {"method": payloads[0], "settings": json.dumps({each: each for each in payloads})}
    for name, text in said.items():
        column = joined.schema.get_field_index(name)
        joined = joined.set_column(column, joined.schema.field(name), pa.array([text] * len(joined), pa.string()))
    pq.write_table(joined, path)


def test_a_name_of_a_megabyte_is_shown_as_a_text(open_page: Open, tmp_path: Path) -> None:
    long = PAYLOADS[-1]
    results = write_results(tmp_path / "results", names=[long], words=[long])
    path = write(results, tmp_path / "report.html", long, [long])
    with open_page(path) as opened:
        assert opened.page.locator("#protein h3").text_content() == long
        untouched(opened, path)


def untouched(opened: Any, path: Path) -> None:
    """No element has come of a text, nothing has run, and nothing was asked for."""
    assert opened.page.locator("iframe, object, embed, base, link, video, math").count() == 0
    assert opened.page.locator("form:not(#filters, .vega-bindings)").count() == 0
    assert opened.page.evaluate(LISTENING) == 0
    assert opened.page.evaluate("document.scripts.length") == 4
    assert opened.page.evaluate("window.hostile") is None
    assert opened.page.evaluate("document.querySelectorAll('img').length") == 1  # the figure of the experiment
    assert opened.asked == [path.as_uri()]
    assert opened.said == []


LEVELS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}


@pytest.mark.parametrize(("colours", "rules"), [("light", LEVELS), ("dark", CONTRAST)])
def test_it_keeps_to_the_guidelines_for_accessibility(
    open_page: Open, report: Path, colours: str, rules: dict[str, Any]
) -> None:
    """WCAG 2.2, levels A and AA, as far as axe can tell; the dark page differs by its colours alone."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
    with open_page(report, colours=colours) as opened:
        opened.page.locator(".explanation tbody button").first.click()
        for place in opened.page.query_selector_all("[data-chart]"):
            place.scroll_into_view_if_needed()
            opened.page.wait_for_function("place => place.querySelector('svg')", arg=place)
        found = axe.Axe().run(opened.page, options=rules).response["violations"]
        assert {each["id"]: [node["html"] for node in each["nodes"]][:3] for each in found} == {}


def test_of_many_entries_the_first_are_shown_with_their_number(open_page: Open, tmp_path: Path) -> None:
    results = write_results(tmp_path / "results", words=["invented"] * 60)
    with open_page(write(results, tmp_path / "report.html")) as opened:
        opened.page.locator(".explanation").first.locator("tbody button").first.click()
        assert opened.page.locator(".entries tbody tr").count() == 50
        said = opened.page.locator(".entries .caption").inner_text()
        assert re.search(": the first 50 of 6[0-9] occurrences; all are in the folder beside this page", said)


def test_paper_has_all_charts_in_black_whatever_the_screen_is(open_page: Open, report: Path) -> None:
    with open_page(report, colours="dark") as opened:
        charts = opened.page.locator("[data-chart]").count()
        opened.page.wait_for_function(f"() => document.querySelectorAll('[data-chart] svg').length === {charts}")
        ink = "getComputedStyle(document.querySelector('[data-chart] .role-axis text')).fill"
        screen = opened.page.evaluate(ink)
        opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert opened.page.evaluate(ink) == "rgb(27, 27, 31)" != screen
        opened.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert opened.page.evaluate(ink) == screen


def test_charts_follow_the_colours_of_the_screen(open_page: Open, report: Path) -> None:
    ink = "getComputedStyle(document.querySelector('[data-chart] .role-axis text')).fill"
    with open_page(report) as opened:
        opened.page.wait_for_selector("[data-chart] .role-axis text")
        light = opened.page.evaluate(ink)
        opened.page.emulate_media(color_scheme="dark")
        opened.page.wait_for_function(f"() => {ink} !== {light!r}")


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
