"""A browser, where there is one: Debian's Chromium, or what PSLIDX_CHROMIUM names.

`make browser` installs it. Pictures of what the tests saw are kept where PSLIDX_PICTURES says.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from psl_eval.report.held import LookUp
from psl_eval.report.report import write_report
from psl_eval.report.sources import find_sources
from psl_index import Index
from tests.report_results import write_results


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium; skips where there is none.

    It is closed with its file of tests, for while it is open an event loop runs in this thread,
    and tests that come later start their own.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    named = os.environ.get("PSLIDX_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if named is None:
        pytest.skip("no browser: install Chromium (`make browser`), or name it with PSLIDX_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=named, args=["--no-sandbox"])
        yield launched
        launched.close()


class Opened:
    """A page that is open, with all that it has said and asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self.asked.append(request.url))

    def text(self, selector: str) -> str:
        """What the reader reads there."""
        text: str = self.page.inner_text(selector)
        return text

    def draw_charts(self) -> None:
        """Have every chart come into view, as a reader who goes through the page does."""
        for place in self.page.query_selector_all("[data-chart]"):
            place.scroll_into_view_if_needed()
            self.page.wait_for_function("place => place.querySelector('svg')", arg=place)

    def saved(self, button: Any) -> tuple[str, bytes]:
        """Name and content of the file that a button gives."""
        with self.page.expect_download() as download:
            button.click()
        return download.value.suggested_filename, Path(download.value.path()).read_bytes()

    def picture(self, name: str) -> None:
        """Keep what is seen."""
        folder = os.environ.get("PSLIDX_PICTURES")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


Open = Callable[..., Any]


@pytest.fixture
def open_page(browser: Any) -> Open:
    """Opens a page from the disk, in a window of a size and colours, and waits until it is drawn."""

    @contextmanager
    def opened(path: Path, width: int = 1300, colours: str = "light", part: str = "") -> Iterator[Opened]:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=colours, accept_downloads=True
        )
        found = Opened(context.new_page())
        found.page.goto(f"{path.as_uri()}{part}")
        found.page.wait_for_selector("html[data-ready]", timeout=60_000)
        yield found
        context.close()

    return opened


def write(results: Path, page: Path, title: str = "Made up", names: Sequence[str] = ()) -> Path:
    """A report of all that is in a folder; `names` are those of predictions, explanations and hit rates, in turn."""
    sources = find_sources([str(results)])
    free = iter(names)
    for kind in (sources.predictions, sources.attributions, sources.subsequences, sources.hit_rates):
        renamed = {next(free, name): path for name, path in kind.items()}
        kind.clear()
        kind.update(renamed)
    with Index.open(results / "index") as index:
        write_report(sources, page, LookUp(index), title=title, made=date(2026, 11, 22))
    return page


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of a few proteins."""
    folder = tmp_path_factory.mktemp("browser")
    return write(write_results(folder / "results"), folder / "report.html")
