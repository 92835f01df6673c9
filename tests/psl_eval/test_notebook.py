"""Results as notebooks show them."""

from __future__ import annotations

from collections.abc import Callable
from html.parser import HTMLParser

import pyarrow as pa

from psl_eval import hit_rate
from psl_eval.comparing.comparison import Comparison
from psl_eval.experiments.figures import new_figure
from psl_eval.experiments.result import Result
from psl_eval.results.notebook import table_html
from psl_index import Index
from tests.hostile import PAYLOADS

BuildIndex = Callable[..., Index]


class Seen(HTMLParser):
    """Elements and texts of a piece of HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_values_are_shown_and_long_tables_are_cut() -> None:
    table = pa.table(
        {"name": [f"n{number}" for number in range(30)], "rate": [0.123456] * 29 + [None], "of": [["a", "b"]] * 30}
    )
    seen = Seen(table_html(table, "Rates", ["name", "rate", "of"]))
    assert seen.elements.count("tr") == 21
    assert seen.texts[:7] == ["Rates", "name", "rate", "of", "n0", "0.1235", "a, b"]
    assert seen.texts[-1] == "30 rows, the first 20 shown"


def test_texts_stay_texts() -> None:
    for payload in PAYLOADS[:39]:
        table = pa.table({payload: [payload]})
        assert Seen(table_html(table, payload)).elements == [
            "table",
            "caption",
            "thead",
            "tr",
            "th",
            "tbody",
            "tr",
            "td",
        ]


def test_hit_rates_show_their_summary(build_index: BuildIndex) -> None:
    index = build_index([("P10001", "MKKRKV", ["Nucleus"]), ("P10002", "MAKKRKV", ["Nucleus"])])
    table = {"query": ["P10001"], "start": [2], "end": [4], "subsequence": ["KKR"], "predicted": ["Nucleus"]}
    seen = Seen(hit_rate(index, pa.table(table), threads=1)._repr_html_())
    assert seen.texts[0] == "Hit rates: definition paper, exclusion self"
    assert {"exclusion", "hit_rate", "none", "self"} <= set(seen.texts)
    assert "hit_rate_jaccard" not in seen.texts


def test_comparisons_and_experiments_show_what_they_say() -> None:
    table = pa.table({"method": ["attention"]})
    assert "look <here>" in Seen(Comparison(table, ("look <here>",))._repr_html_()).texts
    figure = new_figure(2, 2)
    result = Result("made-up", {"made-up": table}, {"picture": figure}, ("it <works>",), {})
    seen = Seen(result._repr_html_())
    assert seen.elements[:2] == ["ul", "li"]
    assert seen.elements[-1] == "img"
    assert "it <works>" in seen.texts
