"""A flat file to a finished index, against Bio.SwissProt only reading it, and other commands; whole processes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.budgets import beyond_build_floor
from benchmarks.parse import reading
from benchmarks.report import Finding
from benchmarks.timing import Runs, repeated, run, timed


def findings(flat_file: Path, residues: int) -> Iterator[Finding]:
    """Time of `pslidx build` and its share of the peer's."""
    index = flat_file.with_name("index")
    build = partial(run, sys.executable, "-m", "pslidx", "build", flat_file, "-o", index)
    ours = Runs(tuple(timed(build)[0] for _ in range(3)))
    theirs = reading(flat_file).whole
    yield Finding(
        f"{flat_file.stat().st_size / 1e9:.3g} GB flat file to index",
        ours.median / theirs,
        "of peer's time",
        f"ours {ours}, {beyond_build_floor(ours.median, residues)}; Bio.SwissProt {theirs:.3g} s to read it",
        "end-to-end.index",
        residues,
    )


def start_findings(index: Path, residues: int) -> Iterator[Finding]:
    """Help, and one search in an index that has been searched before."""
    for what, arguments, key in (
        ("pslidx --help", ["--help"], "start.help"),
        ("one warm pslidx search", ["search", index, "MAAAAGRS"], "start.search"),
    ):
        runs = repeated(partial(run, Path(sys.executable).with_name("pslidx"), *arguments), 11)
        yield Finding(what, runs.median, "s", f"whole process, {runs}", key, residues)
