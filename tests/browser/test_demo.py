"""The page that `pslidx demo` ends with, as its reader goes through it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pslidx.demo_command import demo

from tests.small_demo import make_small

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        make_small(patch)
        assert demo.callback is not None
        demo.callback(folder, 1)
    return folder / "report.html"


def test_a_reader_goes_through_it(open_page: Open, page: Path) -> None:
    with open_page(page) as opened:
        opened.draw_charts()
        opened.picture("demo")

        table = opened.page.locator('[data-table="proteins"]')
        names = table.locator("tbody tr td:first-child").all_text_contents()
        opened.page.fill("[name=accession]", names[-1])
        assert opened.text("#protein h3") == names[-1]

        residues = opened.page.locator(".explanation").first.locator(".sequence")
        colours = "each => [...each.querySelectorAll('i')].map(i => getComputedStyle(i).background).join()"
        first = residues.evaluate(colours)
        opened.page.locator(".choice button").first.click()
        assert residues.evaluate(colours) != first

        opened.page.fill("[name=accession]", "")
        while not opened.page.locator(".explanation tbody button").count():
            opened.page.click("#next")
        opened.page.locator(".explanation tbody button").first.click()
        assert opened.page.locator(".entries tbody tr a[href^='https://www.uniprot.org/']").count() >= 1

        table.locator("th").nth(1).locator("button").click()
        lengths = [int(text) for text in table.locator("tbody tr td:nth-child(2)").all_text_contents()]
        assert lengths == sorted(lengths)
        _, text = opened.saved(table.locator("button:has-text('Save as TSV')"))
        rows = list(csv.DictReader(text.decode().splitlines(), delimiter="\t"))
        assert [int(row["length"]) for row in rows] == lengths
        assert sorted(row["protein"] for row in rows) == sorted(names)

        assert opened.said == []
        assert opened.asked == [page.as_uri()]
