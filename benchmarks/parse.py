"""Parsing a flat file into tables, against Bio.SwissProt on the same file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from Bio import SwissProt

from benchmarks.report import Finding, median_seconds
from psl_index.flatfile import read_flatfile
from psl_index.opening import open_source


def findings(path: Path, bound: float | None) -> Iterator[Finding]:
    """Entries per second on one thread, as a multiple of the peer's; `path` is an uncompressed flat file."""

    def ours() -> int:
        with open_source(path, digest=False) as source:
            return sum(batch.entries.num_rows for batch in read_flatfile(source, threads=1))

    def peer() -> int:
        with path.open() as file:
            return sum(1 for _ in SwissProt.parse(file))

    entries = ours()
    if peer() != entries:
        raise AssertionError(f"{path}: {peer()} entries by Bio.SwissProt, {entries} by ours")
    seconds, peer_seconds = median_seconds(ours, 15), median_seconds(peer, 5)
    yield Finding(
        f"parse {path.name}: entries/s, ours / Bio.SwissProt, one thread",
        peer_seconds / seconds,
        "x",
        bound,
        detail=f"{seconds * 1e3:.1f} to {peer_seconds * 1e3:.0f} ms, {path.stat().st_size / seconds / 1e6:,.0f} MB/s",
    )
