"""What `-o` and `--format` mean."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pslidx.destination import Destination, choose

from psl_index.errors import UsageError


@pytest.mark.parametrize(
    ("output", "table_format", "destination"),
    [
        (None, None, Destination(None, "tsv")),
        ("-", None, Destination(None, "tsv")),
        ("-", "jsonl", Destination(None, "jsonl")),
        ("hits.tsv", None, Destination(Path("hits.tsv"), "tsv")),
        ("hits.txt", None, Destination(Path("hits.txt"), "tsv")),
        ("hits", None, Destination(Path("hits"), "tsv")),
        ("hits.JSONL", None, Destination(Path("hits.JSONL"), "jsonl")),
        ("hits.ndjson", None, Destination(Path("hits.ndjson"), "jsonl")),
        ("a.tsv/hits.parquet", None, Destination(Path("a.tsv/hits.parquet"), "parquet")),
        ("hits.parquet", "tsv", Destination(Path("hits.parquet"), "tsv")),
        ("hits.csv", "tsv", Destination(Path("hits.csv"), "tsv")),
    ],
)
def test_the_format_wins_over_the_ending(
    output: str | None, table_format: str | None, destination: Destination
) -> None:
    assert choose(output, table_format) == destination


@pytest.mark.parametrize("name", ["hits.csv", "hits.json", "hits.tsv.gz", "hits.xlsx"])
def test_an_ending_that_promises_something_else_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: no .* files are written; name it .tsv, .jsonl or .parquet"):
        choose(name, None)


def test_parquet_does_not_go_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    with pytest.raises(UsageError, match="Parquet is not for terminals; name a file with -o"):
        choose(None, "parquet")
    assert choose("x.parquet", "parquet").format == "parquet"
