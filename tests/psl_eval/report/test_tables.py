"""Tables of a report and the names of their files."""

from __future__ import annotations

import csv
import io
import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval.report.tables import Names, ReportTable, shown_cell

TABLE = ReportTable(
    "mixed",
    "Mixed",
    pa.table(
        {
            "text": ["a", None, "b"],
            "number": [0.1, float("nan"), None],
            "whole": [1, 2, 3],
            "flag": [True, False, None],
            "classes": [["Nucleus", "Plastid"], [], None],
        }
    ),
)


def test_the_page_shows_every_value_once() -> None:
    assert TABLE.for_page() == {
        "title": "Mixed",
        "columns": ["text", "number", "whole", "flag", "classes"],
        "rows": [["a", 0.1, 1, "yes", "Nucleus; Plastid"], [None, None, 2, "no", ""], ["b", None, 3, None, None]],
    }


def test_files_hold_the_same() -> None:
    rows = json.loads(TABLE.json())
    assert [row["number"] for row in rows] == [0.1, None, None]
    assert rows[0]["classes"] == ["Nucleus", "Plastid"]
    (header, first, *_) = csv.reader(io.StringIO(TABLE.tsv().decode()), delimiter="\t")
    assert header == list(rows[0])
    assert first == ["a", "0.1", "1", "true", "Nucleus;Plastid"]


@given(st.lists(st.text(max_size=120), min_size=1, max_size=8))
def test_names_of_files_are_names_and_each_is_given_once(words: list[str]) -> None:
    names = Names()
    given_out = [names.of(word) for word in [*words, *words]]
    assert len({name.lower() for name in given_out}) == len(given_out)
    for name in given_out:
        assert name.encode("ascii")
        assert not set(name) & set("/\\ \0:")
        assert not name.startswith(".")
        assert len(name) < 100


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.81956, "0.82"),
        (1.0, "1"),
        (1234.5, "1230"),
        (0.00012, "1.2e-04"),
        (2.5e6, "2.5e+06"),
        (-0.5, "-0.5"),
        (float("nan"), ""),
        (None, ""),
        (2_000_000, "2000000"),
        (True, "yes"),
        (["a", "b"], "a; b"),
    ],
)
def test_figures_in_pictures_have_three_digits_that_count(value: object, shown: str) -> None:
    assert shown_cell(value) == shown
