"""`pslidx sql`: read-only questions to the tables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

Call = Callable[..., Any]


def test_a_question_about_each_view(pslidx: Call, index: Path) -> None:
    query = (
        "SELECT accession, length, class FROM entries LEFT JOIN locations USING (entry) "
        "WHERE entry NOT IN (SELECT entry FROM features) ORDER BY entry, class"
    )
    ended = pslidx("sql", index, query)
    assert (ended.code, ended.err) == (0, "")
    assert ended.rows == [
        ["accession", "length", "class"],
        ["P99991", "14", "Cytoplasm"],
        ["P99991", "14", "Nucleus"],
        ["P99992", "12", "Peroxisome"],
        ["P99993", "11", ""],
    ]


def test_the_query_from_standard_input(pslidx: Call, index: Path) -> None:
    assert pslidx("sql", index, "-", stdin=b"SELECT count(*) AS n\nFROM entries;\n").rows == [["n"], ["3"]]


def test_formats(pslidx: Call, index: Path, tmp_path: Path) -> None:
    query = "SELECT entry, lineage, sum(length) OVER () AS total FROM entries ORDER BY entry LIMIT 1"
    row = {"entry": 0, "lineage": ["Eukaryota", "Mammalia"], "total": 37}
    assert pslidx("sql", index, query).rows[1] == ["0", "Eukaryota;Mammalia", "37"]
    assert json.loads(pslidx("sql", index, query, "--format", "jsonl").out) == row
    assert pslidx("sql", index, query, "-o", tmp_path / "x.parquet").code == 0
    assert pq.read_table(tmp_path / "x.parquet").to_pylist() == [row]


def test_no_progress_bar_gets_among_the_results(pslidx: Call, index: Path) -> None:
    query = "SELECT current_setting('enable_progress_bar') AS bar"
    assert pslidx("sql", index, query).out == "bar\nfalse\n"


def test_an_answer_without_rows_has_a_header(pslidx: Call, index: Path) -> None:
    assert pslidx("sql", index, "SELECT entry FROM entries WHERE false").out == "entry\n"


@pytest.mark.parametrize(
    "query",
    [
        "SELEC 1",
        "SELECT nothing FROM entries",
        "SELECT 1; SELECT 2",
        "",
        "   ",
        "-- nothing but a comment",
        "DROP VIEW entries",
        "CREATE TABLE x AS SELECT 1",
        "COPY entries TO 'out.csv'",
        "EXPLAIN ANALYZE COPY entries TO 'out.csv'",
        "SELECT 1 AS a, 2 AS a",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SET threads = 1",
        "SELECT CAST(accession AS INTEGER) FROM entries",
        "SELECT error('no') FROM entries",
    ],
)
def test_what_is_no_reading_query_is_one_line(
    pslidx: Call, index: Path, query: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = pslidx("sql", index, query)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("pslidx: error: ")
    assert "bug" not in ended.err
    assert ended.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
