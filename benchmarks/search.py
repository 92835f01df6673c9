"""Locating a million peptides, against pepmatch's exact search on the same proteins."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from pepmatch import Matcher, Preprocessor

from benchmarks.report import Finding, median_seconds, timed
from psl_index import Index
from psl_index.alphabet import decoding_table

PEER_PEPTIDES = 100_000


def sample_peptides(index: Index, length: int, number: int, seed: int) -> pa.LargeStringArray:
    """Peptides cut from random places of the index, standard residues only."""
    text = index.shards[0].text
    random = np.random.default_rng(seed)
    windows = np.empty((0, length), np.uint8)
    while len(windows) < number:
        places = random.integers(0, len(text) - length, number)
        drawn = np.stack([text[places + i] for i in range(length)], axis=1)
        windows = np.concatenate([windows, drawn[((drawn > 0) & (drawn <= 20)).all(axis=1)]])
    letters = decoding_table()[windows[:number]].tobytes()
    offsets = np.arange(0, number * length + 1, length)
    return pa.LargeStringArray.from_buffers(number, pa.py_buffer(offsets), pa.py_buffer(letters))


def findings(index: Index, fasta: Path, folder: Path) -> Iterator[Finding]:
    """Queries per second at lengths 8 and 10, all occurrences with entry and position; time to open."""
    opening = median_seconds(lambda: Index.open(index.path).close(), 21)
    yield Finding("open the index", opening * 1e3, "ms", 10, True)
    for length in (8, 10):
        peptides = sample_peptides(index, length, 1_000_000, seed=length)
        seconds = median_seconds(lambda peptides=peptides: index.locate(peptides), 5)
        found = len(index.locate(peptides))
        counting = median_seconds(lambda peptides=peptides: index.count(peptides), 5)
        peer_rate, peer_detail = _peer(index, peptides[:PEER_PEPTIDES], fasta, folder, length)
        yield Finding(
            f"locate 1 M peptides of {length}: queries/s, ours / pepmatch",
            len(peptides) / seconds / peer_rate,
            "x",
            100,
            detail=f"{len(peptides) / seconds / 1e6:.2f} M queries/s, {found / len(peptides):.1f} hits each; "
            + peer_detail,
        )
        yield Finding(f"count 1 M peptides of {length}", len(peptides) / counting / 1e6, "M queries/s")
    five = sample_peptides(index, 5, 100_000, seed=5)
    seconds = median_seconds(lambda: index.locate(five), 3)
    yield Finding("locate 5-mers", len(index.locate(five)) / seconds / 1e6, "M hits/s")


def _peer(index: Index, peptides: pa.LargeStringArray, fasta: Path, folder: Path, length: int) -> tuple[float, str]:
    """pepmatch's queries per second, its index built beforehand, and how its hits differ in number from ours."""
    queries = peptides.to_pylist()
    with contextlib.redirect_stdout(io.StringIO()):
        preprocessing, _ = timed(lambda: Preprocessor(fasta, preprocessed_files_path=str(folder)).preprocess(length))
        matcher = Matcher(queries, fasta, max_mismatches=0, k=length, preprocessed_files_path=str(folder))
        seconds, matches = timed(matcher.match)
        again, _ = timed(matcher.match)
    seconds = min(seconds, again)
    for path in folder.glob("*.pepidx"):
        path.unlink()
    detail = f"pepmatch {len(queries) / seconds:,.0f} queries/s ({preprocessing:.0f} s to preprocess)"
    ours = len(index.locate(peptides))
    if matches.height != ours:
        detail += f", {matches.height:,} rows against our {ours:,}"
    return len(queries) / seconds, detail
