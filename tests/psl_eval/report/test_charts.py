"""Charts: every field that is drawn is a column, and the browser's compiler takes them without a warning."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import vl_convert

from psl_eval.report.charts import Chart, heat_map
from psl_eval.report.colours import SHARES, between, contrast
from psl_eval.report.contents import read_contents
from psl_eval.report.ends import ends_table
from psl_eval.report.overview import overview_of
from psl_eval.report.proteins import Shown, proteins_of
from psl_eval.report.sources import find_sources
from psl_eval.report.tables import Names


@pytest.fixture(scope="module")
def charts(results: Path) -> list[Chart]:
    contents = read_contents(find_sources([str(results)]), lambda _: None)
    shown = [Shown(each, None, None, {}) for each in contents.explanations]
    proteins = proteins_of(contents.queries, shown, contents.series, contents.classes, {})
    drawn = overview_of(contents, proteins, Names()).charts
    ends = ends_table(contents.explanations[:1], contents.classes)
    return [*drawn, heat_map("ends", "attention", ends, contents.classes)]


def fields(spec: Any) -> Iterator[str]:
    """Names of the columns that a specification draws."""
    if isinstance(spec, dict):
        for name, value in spec.items():
            if name in ("field", "x2", "y2") and isinstance(value, str):
                yield value
            else:
                yield from fields(value)
    elif isinstance(spec, list):
        for each in spec:
            yield from fields(each)


def test_what_is_drawn_is_there(charts: list[Chart]) -> None:
    assert [chart.rows.name for chart in charts] == [
        "accuracy",
        "locations",
        "lengths",
        "lengths-by-location",
        "confusion-learned",
        "confusion-permuted",
        "hit-rates",
        "calibration-attention-rates",
        "calibration-gradients-rates",
        "ends",
    ]
    for chart in charts:
        named = set(fields(chart.spec))
        assert named
        assert named <= set(chart.rows.table.column_names)


def test_only_the_whole_has_rows(charts: list[Chart]) -> None:
    for chart in charts:
        assert "'data'" not in repr(chart.spec)
        assert chart.with_rows()["data"]["values"]


def test_they_can_be_drawn(charts: list[Chart]) -> None:
    for chart in charts:
        svg = vl_convert.vegalite_to_svg(chart.with_rows())
        assert "<path" in svg
        assert "NaN" not in svg
        assert "Infinity" not in svg


def test_hit_rates_without_and_with_the_protein_itself_stand_together(charts: list[Chart]) -> None:
    (chart,) = (each for each in charts if each.rows.name == "hit-rates")
    assert chart.rows.table["what"].to_pylist() == [
        "attention-rates: without the protein itself",
        "attention-rates: all entries",
        "gradients-rates: without the protein itself",
        "gradients-rates: all entries",
    ]


def test_numbers_of_the_confusion_matrix_are_drawn_on_the_colour_that_their_ink_is_for(charts: list[Chart]) -> None:
    (chart,) = (each for each in charts if each.rows.name == "confusion-learned")
    rows = chart.rows.table.to_pylist()
    drawn = re.findall(r'<path [^>]*?fill="rgb\(([^)]*)\)"', vl_convert.vegalite_to_svg(chart.with_rows()))
    found = [[int(part) for part in colour.split(",")] for colour in drawn]
    for row in rows:
        colour = between(*SHARES, row["share"])
        assert contrast(colour, row["ink"]) >= 4.5
        expected = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
        assert any(max(abs(a - b) for a, b in zip(each, expected, strict=True)) <= 1 for each in found)
