"""What `-o` and `--format` mean."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from pslidx.destination import Destination, choose, refuse_input, refuse_inside

from psl_index.errors import OutputError, UsageError


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
    output: str | None,
    table_format: str | None,
    destination: Destination,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "a.tsv").mkdir()
    monkeypatch.chdir(tmp_path)
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


def test_what_can_be_no_file_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"^{tmp_path}: is a folder, not a file"):
        choose(str(tmp_path), None)
    with pytest.raises(UsageError, match="expected the name of a file to write, found an empty one"):
        choose("", None)
    (tmp_path / "link").symlink_to(tmp_path / "none" / "x.tsv")
    for output in (tmp_path / "none" / "x.tsv", tmp_path / "link"):
        with pytest.raises(OutputError, match=f"^{output}: cannot be written: No such file or directory"):
            choose(str(output), None)


def test_what_is_read_is_not_written(tmp_path: Path) -> None:
    read, link = tmp_path / "read", tmp_path / "link"
    refuse_input(read, [str(read)])  # nothing to lose
    read.touch()
    link.symlink_to(read)
    for output, name in ((read, read), (link, read), (read, link)):
        with pytest.raises(UsageError, match="is read, and would be replaced"):
            refuse_input(output, [None, "-", "none", str(name)])
    refuse_input(tmp_path / "other", [None, "-", str(read)])


def test_what_lies_in_a_folder_is_told_by_real_paths(tmp_path: Path) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "results")
    for output in ("results", "results/x.tsv", "link/x.tsv", "results/../results/x.tsv"):
        with pytest.raises(UsageError, match=r"lies in .*results, which holds something else"):
            refuse_inside(tmp_path / output, [tmp_path / "other", tmp_path / "results"])
    refuse_inside(tmp_path / "results.tsv", [tmp_path / "results"])
