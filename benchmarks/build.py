"""From text to index, against the suffix array alone of pydivsufsort, and what the index takes."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from benchmarks.memory import peak_anonymous_memory
from benchmarks.report import Finding
from benchmarks.timing import alternately, repeated
from psl_index import Index
from psl_index.order import Order
from psl_index.sections import open_section, write_section
from psl_index.shard import Shard
from psl_index.shard_order import write_sections


def findings(index: Index, residues: int, folder: Path, threads: int) -> Iterator[Finding]:
    """Time and memory to write all sections of a text, to disk in `folder`; the text is the index's first shard's."""
    from pydivsufsort import divsufsort

    shard, record = index.shards[0], index.manifest.shards[0]
    letters = shard.text.tobytes()
    peaks = []

    def ours() -> None:
        with peak_anonymous_memory() as peak:
            text_to_index(shard, record.residues, folder, threads)
        peaks.append(peak[0])

    def order() -> None:
        deque(Order(shard.text, shard.depth, threads).rows(), maxlen=0)

    runs, peer_runs = alternately(ours, lambda: divsufsort(letters), 5)
    shutil.rmtree(folder)
    ordering = repeated(order, 5)
    yield Finding(
        "text to index",
        peer_runs.median / runs.median,
        "x pydivsufsort",
        f"{record.residues / 1e6:,.0f} M residues, {threads} threads: ours {runs}; pydivsufsort {peer_runs} for the "
        "suffix array alone",
        "build.order",
        residues,
    )
    yield Finding(
        "text to index, nothing written",
        peer_runs.median / ordering.median,
        "x pydivsufsort",
        f"rows, tails and table made and thrown away: {ordering}",
        residues=residues,
    )
    yield Finding(
        "text to index: anonymous memory", max(peaks) / 1e9, "GB", "most of all runs", "build.memory", residues
    )
    yield Finding(
        "binary sections",
        sections_bytes(index) / record.residues,
        "B/residue",
        f"{', '.join(f'{name} {part.n_bytes / record.residues:.2f}' for name, part in record.sections.items())}",
        "build.sections",
        residues,
    )
    yield Finding(
        "Parquet tables",
        tables_bytes(index) / record.residues,
        "B/residue",
        f"{', '.join(f'{name} {part.n_bytes / record.residues:.2f}' for name, part in record.tables.items())}",
        residues=residues,
    )


def text_to_index(shard: Shard, residues: int, folder: Path, threads: int) -> None:
    """Write all sections that a shard of the same text has; `folder` is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    text = write_section(folder / "text.bin", shard.text, "u1")
    write_sections(
        folder, open_section(folder, text), shard.starts, residues, shard.depth, threads, lambda done, total: None
    )


def sections_bytes(index: Index) -> int:
    """Size of all binary sections of an index."""
    return sum(section.n_bytes for shard in index.manifest.shards for section in shard.sections.values())


def tables_bytes(index: Index) -> int:
    """Size of all Parquet tables of an index."""
    return sum(table.n_bytes for shard in index.manifest.shards for table in shard.tables.values())
