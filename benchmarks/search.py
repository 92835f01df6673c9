"""Counting and locating a million peptides, against pepmatch's exact search on the same proteins."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.budgets import beyond_query_floor
from benchmarks.inputs import Proteome
from benchmarks.machine import copy_bandwidth
from benchmarks.pepmatch_peer import Pepmatch
from benchmarks.peptide_samples import sample_peptides
from benchmarks.report import Finding
from benchmarks.timing import Runs, alternately, repeated
from psl_index import Index

PEPTIDES = 1_000_000
PEER_PEPTIDES = 100_000
FIVE_MERS = 100_000
HIT_BYTES = 8  # of a hit, as the budget counts them

_TURNS = 5


def findings(index: Index, proteome: Proteome, threads: int) -> Iterator[Finding]:
    """Time to open; queries a second at lengths 8 to 15 mixed, and at single lengths; hits a second of 5-mers."""
    residues = proteome.residues
    opening = repeated(lambda: Index.open(index.path).close(), 51)
    yield Finding("open the index", opening.median * 1e3, "ms", "files in memory", "search.open", residues)
    peer = Pepmatch(proteome.fasta)
    preparing = peer.prepare()
    if preparing is not None:
        yield Finding("pepmatch makes its index", preparing, "s", f"k = {peer.k}")
    for shortest, longest in ((8, 15), (8, 8), (10, 10), (12, 12), (15, 15)):
        yield from _against(peer, index, shortest, longest, residues)
    yield _five_mers(index, threads, residues)


def _against(peer: Pepmatch, index: Index, shortest: int, longest: int, residues: int) -> Iterator[Finding]:
    """Ours on a million peptides and the peer on the first of them, by turns."""
    peptides = sample_peptides(index.shards[0].text, shortest, longest, PEPTIDES, seed=shortest + longest)
    queries = peptides[:PEER_PEPTIDES].to_pylist()
    lengths = f"{shortest}" if shortest == longest else f"{shortest} to {longest}"
    mixed = shortest != longest

    counting = peer.counting(queries)
    expected, counted = int(index.count(queries).sum()), int(counting()["Count"].sum())
    ours, theirs = alternately(lambda: index.count(peptides), counting, _TURNS)
    yield Finding(
        f"count 1 M peptides of {lengths}",
        (theirs.median / len(queries)) / (ours.median / len(peptides)),
        "x pepmatch",
        f"ours {_rate(len(peptides), ours)}, {beyond_query_floor(ours.median, len(peptides))}; pepmatch "
        f"{_rate(len(queries), theirs)}, {len(queries):,} of them{_difference(counted, expected)}",
        "search.count" if mixed else "",
        residues,
    )

    locating = peer.locating(queries)
    located = locating()["Index start"].is_not_null().sum()
    hits = len(index.locate(peptides))
    ours, theirs = alternately(lambda: index.locate(peptides), locating, _TURNS)
    # The peer takes a while to begin, whatever it is asked for: what a million peptides take is not ten times more.
    theirs_all = peer.joining + (theirs.median - peer.joining) * len(peptides) / len(queries)
    yield Finding(
        f"locate 1 M peptides of {lengths}",
        theirs_all / ours.median,
        "x pepmatch",
        f"ours {_rate(len(peptides), ours)}, {hits / len(peptides):.1f} hits each, "
        f"{beyond_query_floor(ours.median, len(peptides))}; pepmatch {_rate(len(peptides), Runs((theirs_all,)))}, "
        f"reckoned from {len(queries):,} of them ({theirs.median:.2g} s, {peer.joining:.2g} s of it to begin)"
        f"{_difference(located, expected)}",
        "search.locate" if mixed else "",
        residues,
    )


def _five_mers(index: Index, threads: int, residues: int) -> Finding:
    five = sample_peptides(index.shards[0].text, 5, 5, FIVE_MERS, seed=5)
    hits = len(index.locate(five))
    bandwidth = copy_bandwidth(threads)
    runs = repeated(lambda: index.locate(five), 9)
    rate = hits / runs.median
    return Finding(
        f"locate {FIVE_MERS:,} 5-mers",
        rate / (bandwidth / HIT_BYTES),
        "of copying",
        f"{rate / 1e6:,.0f} M hits/s, {hits / FIVE_MERS:,.0f} each; {threads} threads copy {bandwidth / 1e9:.3g} GB/s, "
        f"{bandwidth / HIT_BYTES / 1e6:,.0f} M/s of {HIT_BYTES} bytes",
        "search.five",
        residues,
    )


def _rate(queries: int, runs: Runs) -> str:
    rate = queries / runs.median
    return f"{rate / 1e6:.3g} M/s" if rate >= 1e6 else f"{rate:,.0f}/s"


def _difference(theirs: int, ours: int) -> str:
    return "" if theirs == ours else f", {theirs:,} hits where ours finds {ours:,}"
