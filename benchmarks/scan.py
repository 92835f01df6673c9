"""Many peptides in a FASTA file without an index, against ahocorasick_rs; each finds every overlapping occurrence.

The automaton of the peer is made anew in each run, as our set of peptides is. The peer runs on one thread, all that its
Python API has, and is spared the reading: its sequences lie in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
from ahocorasick_rs import AhoCorasick

import psl_index
from benchmarks.peptide_samples import sample_peptides
from benchmarks.report import Finding
from benchmarks.timing import Runs, alternately
from psl_index.opening import open_source
from psl_index.ordered_map import ordered_map
from psl_index.peptide_set import PeptideSet
from psl_index.sources import read_sequences
from psl_index.text import encode_sequences

PEPTIDES = 100_000
SHORTEST, LONGEST = 8, 15

_TIMES = 5


def findings(fasta: Path, residues: int, threads: int) -> Iterator[Finding]:
    """From the file to all occurrences with entry and position; and the scan alone, all in memory on both sides."""
    batches = _sequences(fasta)
    texts = [text for batch in batches for text in batch.to_pylist()]
    peptides = _distinct(batches)

    def peer_scan(automaton: AhoCorasick) -> int:
        return sum(len(automaton.find_matches_as_indexes(text, overlapping=True)) for text in texts)

    def our_scan(wanted: PeptideSet) -> int:
        return sum(ordered_map(lambda batch: len(wanted.find(batch).peptide), batches, threads))

    def ours() -> int:
        return int(psl_index.scan([fasta], peptides, threads=threads).table.num_rows)

    def peer() -> int:
        return peer_scan(AhoCorasick(peptides))

    wanted, automaton = PeptideSet(peptides, equate_il=False), AhoCorasick(peptides)
    if not ours() == our_scan(wanted) == peer():
        raise AssertionError(f"{fasta}: {peer():,} hits by ahocorasick_rs, {ours():,} and {our_scan(wanted):,} by ours")
    what = f"locate {len(peptides):,} peptides of {SHORTEST} to {LONGEST} in FASTA"
    yield _finding(what, "scan.file", *alternately(ours, peer, _TIMES), residues, f"; {threads} threads and one")
    scans = alternately(lambda: our_scan(wanted), lambda: peer_scan(automaton), _TIMES)
    made = alternately(lambda: PeptideSet(peptides, equate_il=False), lambda: AhoCorasick(peptides), _TIMES)
    nanoseconds = [runs.median / sum(map(len, texts)) * 1e9 for runs in scans]
    how = (
        f"; {nanoseconds[0]:.2g} and {nanoseconds[1]:.2g} ns a residue; not counted: the peptides made ready in "
        f"{made[0].median * 1e3:.3g} ms, the automaton in {made[1].median * 1e3:.3g} ms"
    )
    yield _finding("the same, sequences in memory", "scan.text", *scans, residues, how)


def _sequences(fasta: Path) -> list[pa.StringArray]:
    with open_source(fasta, digest=False) as source:
        return [batch.sequences for batch in read_sequences(source)]


def _distinct(batches: list[pa.StringArray]) -> list[str]:
    """Peptides from random places of the sequences, each once."""
    codes = np.concatenate([encode_sequences(batch)[0] for batch in batches])
    return sorted(set(sample_peptides(codes, SHORTEST, LONGEST, PEPTIDES, seed=3).to_pylist()))


def _finding(what: str, key: str, ours: Runs, theirs: Runs, residues: int, how: str) -> Finding:
    detail = f"ours {ours}; ahocorasick_rs {theirs}{how}"
    return Finding(what, theirs.median / ours.median, "x ahocorasick_rs", detail, key, residues)
