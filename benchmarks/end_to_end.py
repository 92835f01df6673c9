"""A flat file of Swiss-Prot's size to a finished index, against Bio.SwissProt only reading it; whole processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Finding, median_seconds, timed

_PEER = "import sys; from Bio import SwissProt; print(sum(1 for _ in SwissProt.parse(open(sys.argv[1]))))"


def findings(flat_file: Path, index: Path) -> Iterator[Finding]:
    """Time of `pslidx build` and its share of the peer's."""
    command = [sys.executable, "-m", "pslidx", "build", str(flat_file), "-o", str(index)]
    seconds = sorted(timed(lambda: subprocess.run(command, check=True, capture_output=True))[0] for _ in range(3))[1]
    peer, _ = timed(lambda: subprocess.run([sys.executable, "-c", _PEER, flat_file], check=True, capture_output=True))
    yield Finding(
        f"{flat_file.stat().st_size / 1e9:.2f} GB flat file to index / Bio.SwissProt reading it",
        seconds / peer,
        "of its time",
        0.2,
        True,
        f"{seconds:.1f} s against {peer:.1f} s",
    )


def start_findings(index: Path) -> Iterator[Finding]:
    """Whole processes: help, and one warm search."""
    for what, arguments, bound in (
        ("pslidx --help", ["--help"], 0.25),
        ("one warm pslidx search", ["search", str(index), "MAAAAGRS"], 0.7),
    ):
        command = [str(Path(sys.executable).with_name("pslidx")), *arguments]
        seconds = median_seconds(lambda command=command: subprocess.run(command, check=True, capture_output=True), 11)
        yield Finding(what, seconds, "s", bound, True)
