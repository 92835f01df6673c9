"""The report in a real browser: what a reader does with it."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from psl_eval.report.held import LookUp
from psl_eval.report.report import write_report
from psl_eval.report.sources import find_sources
from tests.browser.conftest import write
from tests.hostile import PAYLOADS
from tests.report_results import write_results

Open = Callable[..., Any]

#: How many elements have a handler as an attribute.
LISTENING = """[...document.querySelectorAll('*')].filter(
    each => each.getAttributeNames().some(name => name.startsWith('on'))).length"""


def test_it_opens_without_a_word_and_asks_for_nothing(open_page: Open, report: Path) -> None:
    with open_page(report) as opened:
        opened.draw_charts()
        opened.picture("light")
        assert opened.said == []
        assert opened.asked == [report.as_uri()]


@pytest.mark.parametrize(("name", "width", "colours"), [("dark", 1300, "dark"), ("narrow", 400, "light")])
def test_it_fits_every_window(open_page: Open, report: Path, name: str, width: int, colours: str) -> None:
    with open_page(report, width, colours) as opened:
        opened.draw_charts()
        opened.picture(name)
        paper = opened.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall("[0-9]+", paper))) == (27 if colours == "dark" else 255)
        assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
        assert opened.said == []


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
        name, text = opened.saved(place.locator("button:has-text('Save as TSV')"))
        rows = list(csv.reader(text.decode().splitlines(), delimiter="\t"))
        assert name == "accuracy-by-location.tsv"
        assert rows[0][:2] == ["predictions", "class"]
        assert [row[0] for row in rows[1:]] == ["permuted"] * 3


@pytest.mark.parametrize(("kind", "begins"), [("SVG", b"<svg"), ("PNG", b"\x89PNG")])
def test_a_chart_is_saved_as_a_picture(open_page: Open, report: Path, kind: str, begins: bytes) -> None:
    with open_page(report, colours="dark") as opened:
        name, picture = opened.saved(opened.page.locator(f"#overview button:has-text('Save as {kind}')").first)
        assert name == f"accuracy.{kind.lower()}"
        assert picture.startswith(begins)
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
        opened.draw_charts()
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
        opened.draw_charts()
        found = axe.Axe().run(opened.page, options=rules).response["violations"]
        assert {each["id"]: [node["html"] for node in each["nodes"]][:3] for each in found} == {}


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
