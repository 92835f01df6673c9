"""Parsing a flat file into tables, against Bio.SwissProt on the same file; one thread each."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Finding
from benchmarks.timing import Runs, alternately, repeated, timed
from psl_index.flatfile import read_flatfile
from psl_index.opening import open_source

_PEER = """
import sys, time
from Bio import SwissProt
began = time.perf_counter()
with open(sys.argv[1]) as file:
    entries = sum(1 for _ in SwissProt.parse(file))
print(entries, time.perf_counter() - began)
"""


class Reading(NamedTuple):
    """The peer reading a flat file in a process of its own."""

    entries: int
    seconds: float  # of reading
    whole: float  # of the process, start and imports included


def findings(flat_file: Path) -> Iterator[Finding]:
    """Entries a second of real entries, ours and the peer's by turns in one process."""
    from Bio import SwissProt

    def peer() -> int:
        with flat_file.open() as file:
            return sum(1 for _ in SwissProt.parse(file))

    _compare(flat_file, parse(flat_file), peer())
    ours, theirs = alternately(lambda: [parse(flat_file) for _ in range(3)], peer, 7)
    ours = Runs(tuple(seconds / 3 for seconds in ours.seconds))
    yield _finding("parse.real", "parse real entries", flat_file, ours, theirs, None)


def scale_findings(flat_file: Path, residues: int) -> Iterator[Finding]:
    """The same of a large flat file, which the peer reads once, in a process of its own."""
    ours, theirs = repeated(lambda: parse(flat_file), 5), reading(flat_file)
    _compare(flat_file, parse(flat_file), theirs.entries)
    yield _finding("end-to-end.parse", "parse the flat file", flat_file, ours, Runs((theirs.seconds,)), residues)


def parse(flat_file: Path) -> int:
    """Parse with ours on one thread; returns the number of entries."""
    with open_source(flat_file, digest=False) as source:
        return sum(batch.entries.num_rows for batch in read_flatfile(source, threads=1))


@cache
def reading(flat_file: Path) -> Reading:
    """Have Bio.SwissProt read a file, once for all findings that need it."""
    command = [sys.executable, "-c", _PEER, str(flat_file)]
    whole, ended = timed(lambda: subprocess.run(command, check=True, capture_output=True, text=True))
    entries, seconds = ended.stdout.split()
    return Reading(int(entries), float(seconds), whole)


def _compare(flat_file: Path, ours: int, theirs: int) -> None:
    if ours != theirs:
        raise AssertionError(f"{flat_file}: {theirs:,} entries by Bio.SwissProt, {ours:,} by ours")


def _finding(key: str, what: str, flat_file: Path, ours: Runs, theirs: Runs, residues: int | None) -> Finding:
    n_bytes = flat_file.stat().st_size
    return Finding(
        f"{what}, one thread",
        theirs.median / ours.median,
        "x Bio.SwissProt",
        f"{n_bytes / 1e6:,.0f} MB: ours {ours}, {n_bytes / ours.median / 1e6:,.0f} MB/s; Bio.SwissProt {theirs}",
        key,
        residues,
    )
