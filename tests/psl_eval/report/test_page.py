"""The page: what it may do, and texts that try to be more (F15)."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pyarrow as pa
import pytest

from psl_eval.report.charts import Chart
from psl_eval.report.experiments import Picture, ShownExperiment
from psl_eval.report.page import Page, Part, rendered
from psl_eval.report.payload import packed
from psl_eval.report.tables import ReportTable
from tests.hostile import PAYLOADS

HARMLESS = "harmless"


def page(text: str) -> Page:
    """A page that has `text` in every field that holds a text."""
    table = ReportTable("table", text, pa.table({text or "column": [text], "number": [1.5]}))
    chart = Chart(text, text, {"mark": "point", "title": text}, ReportTable("rows", text, pa.table({"a": [text]})))
    picture = Picture("picture", f"<svg xmlns='http://www.w3.org/2000/svg'><text>{text}</text></svg>".encode(), b"")
    experiment = ShownExperiment(text, text, [text, text], [text], {text: text}, [picture], [table])
    proteins: dict[str, Any] = {
        "classes": [text],
        "series": [text],
        "explanations": [text],
        "proteins": [{"query": text, "predicted": text, "true": text, "features": [{"type": text, "note": text}]}],
        "entries": {text: {"name": text, "organism": text, "classes": text}},
    }
    part = Part([chart], [table])
    return Page(text, [(text, text)], part, part, part, part, [experiment], proteins, text)


class Skeleton(HTMLParser):
    """Elements with the names of their attributes, in order; and the texts of scripts."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[str] = []
        self._inside = False
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self._inside = tag == "script"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


@pytest.fixture(scope="module")
def harmless() -> Skeleton:
    return Skeleton(rendered(page(HARMLESS)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_texts_stay_texts(harmless: Skeleton, payload: str) -> None:
    found = Skeleton(rendered(page(payload)))
    assert found.elements == harmless.elements
    assert found.scripts[2:] == harmless.scripts[2:]  # after what is data: the same code


def test_only_its_own_scripts_may_run(harmless: Skeleton) -> None:
    (policy,) = (value for tag, name, value in harmless.attributes if name == "content" and "default-src" in value)
    code = harmless.scripts[2:]
    assert len(code) == 2
    allowed = {base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in code}
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == allowed
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy
    assert policy.startswith("default-src 'none'; ")


def test_nothing_is_fetched(harmless: Skeleton) -> None:
    for _, name, value in harmless.attributes:
        assert name not in ("srcset", "action", "ping")
        assert not name.startswith("on")
        if name in ("src", "href"):
            assert value.startswith(("data:image/svg+xml;base64,", "#", f"{HARMLESS}/"))


def test_the_same_results_give_the_same_page() -> None:
    assert rendered(page(HARMLESS)) == rendered(page(HARMLESS))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_packed_comes_back(payload: str) -> None:
    text = packed({payload: [payload, None, 0.5]})
    assert re.fullmatch("[A-Za-z0-9+/=]+", text)
    assert json.loads(gzip.decompress(base64.b64decode(text))) == {payload: [payload, None, 0.5]}


def test_no_number_is_no_number() -> None:
    with pytest.raises(ValueError):
        packed({"rate": float("nan")})
