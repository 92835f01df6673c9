"""A cluster beside one process, on 22 small shards; and from what that costs, TrEMBL on a real one.

Here both have the same processor cores, so the ratio says what a cluster costs, not what it gains. What it gains is
computed: no shard knows of another, so eleven machines do the work of eleven.
"""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Generator, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

import psl_index
from benchmarks.build import sections_bytes, tables_bytes
from benchmarks.inputs import Proteome
from benchmarks.peptide_samples import sample_peptides
from benchmarks.report import Finding
from benchmarks.timing import Runs, alternately, repeated, timed
from psl_eval import hit_rate
from psl_index import Index
from psl_index.cluster import LOCAL, connect
from psl_index.local_copy import checked_copy
from psl_index.peptides import encode
from psl_index.shard_order import Ordering

SHARDS = 22
SHARD_RESIDUES = 2_000_000
PEPTIDES = 1_000_000  # of 8 to 15 residues
SUBSEQUENCES = 20_000  # of 5 to 10 residues

TREMBL_SHARD = 4_000_000_000  # residues
MACHINES, CORES = 11, 16  # that TrEMBL is computed for
DISK = 1e9  # bytes a second, of one machine, read one after the other
NETWORK = 1e9  # bytes a second, about ten-gigabit Ethernet

_TURNS = 5


def findings(bench: Path, large: Index, threads: int) -> Iterator[Finding]:
    """What asking, building and copying cost on a cluster; `large` is an index of one shard, the larger the better."""
    proteome = Proteome(SHARDS * SHARD_RESIDUES, bench)
    folder = proteome.folder / "cluster"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    asked = yield from _beside_one_process(proteome, folder)
    checked = yield from _copied(folder / "alone", folder / "copies")
    psl_index.build([proteome.flat_file], folder / "whole", shard_residues=2 * SHARDS * SHARD_RESIDUES)
    with Index.open(folder / "whole") as whole:
        laws = _laws(whole, large, threads)
    shutil.rmtree(folder)
    yield from _trembl(asked, checked, large, *laws)


def _beside_one_process(proteome: Proteome, folder: Path) -> Generator[Finding, None, float]:
    """Building and asking; returns the seconds that a question costs, however little there is to answer."""

    def build(name: str, ordering: Ordering | None = None) -> None:
        shutil.rmtree(folder / name, ignore_errors=True)
        psl_index.build([proteome.flat_file], folder / name, shard_residues=SHARD_RESIDUES, ordering=ordering)

    with connect(LOCAL) as cluster:
        build("alone")
        runs = alternately(lambda: build("there", ordering=cluster.ordering()), lambda: build("alone"), 3)
        if (folder / "alone" / "manifest.json").read_bytes() != (folder / "there" / "manifest.json").read_bytes():
            raise AssertionError("another index by the cluster")
        yield _ratio(f"build {SHARDS} shards of {SHARD_RESIDUES / 1e6:.0f} M residues", *runs)
        opening = repeated(lambda: cluster.open(folder / "there").close(), 11)
        yield Finding(f"cluster: open {SHARDS} shards", opening.median * 1e3, "ms", "files in memory")
        with Index.open(folder / "alone") as alone, cluster.open(folder / "there") as there:
            asking = repeated(lambda: there.count(["MMMMMMMM"]), 21)
            yield Finding(
                f"cluster: ask {SHARDS} shards about one peptide",
                asking.median * 1e3,
                "ms",
                "sent, asked, answered and added up",
            )
            peptides = sample_peptides(alone.shards[0].text, 8, 15, PEPTIDES, seed=1)
            if not np.array_equal(alone.count_both(peptides), there.count_both(peptides)):
                raise AssertionError("other counts by the cluster")
            counting = alternately(lambda: there.count_both(peptides), lambda: alone.count_both(peptides), _TURNS)
            yield _ratio("count entries and occurrences of 1 M peptides of 8 to 15", *counting)
            rows = _subsequences(alone)
            if hit_rate(alone, rows) != hit_rate(there, rows):
                raise AssertionError("other hit rates by the cluster")
            scoring = alternately(lambda: hit_rate(there, rows), lambda: hit_rate(alone, rows), _TURNS)
            yield _ratio(f"hit rates of {SUBSEQUENCES:,} subsequences of 5 to 10", *scoring)
    return asking.median


def _ratio(what: str, cluster: Runs, alone: Runs) -> Finding:
    return Finding(f"cluster: {what}", cluster.median / alone.median, "x alone", f"cluster {cluster}; alone {alone}")


def _copied(index: Path, local: Path) -> Generator[Finding, None, float]:
    """Copying shards as `--local-copy` does; returns the bytes that are checked in a second."""
    manifest = psl_index.Index.open(index).manifest

    def copy_all() -> None:
        for record in manifest.shards:
            checked_copy(index / manifest.folder, record, local)

    copying, checking = (manifest.n_bytes / timed(copy_all)[0] for _ in range(2))
    yield Finding("cluster: copy shards and check them", copying / 1e9, "GB/s", "from memory to memory, one process")
    yield Finding("cluster: check copies", checking / 1e9, "GB/s", "in memory, one process")
    return checking


class _Line(NamedTuple):
    """Core seconds in one shard of any size: each query has its cost, and each hit, of which there are as many more."""

    fixed: float
    a_residue: float

    def at(self, residues: float) -> float:
        return self.fixed + self.a_residue * residues

    def __str__(self) -> str:
        return f"{self.fixed:.3g} + {self.a_residue * 1e9:.3g} a billion residues"


def _laws(one: Index, other: Index, threads: int) -> tuple[_Line, _Line]:
    """What it costs to count the peptides, and to score the subsequences: the lines through two sizes.

    Raises
    ------
    ValueError
        The indexes are of the same size.
    """
    small, large = sorted((one, other), key=lambda index: index.n_residues)
    grown = large.n_residues - small.n_residues
    if not grown:
        raise ValueError(f"expected indexes of two sizes, found {large.n_residues:,} residues twice")
    counting, scoring = zip(_core_seconds(small, threads), _core_seconds(large, threads), strict=True)
    lines = []
    for at_small, at_large in (counting, scoring):
        a_residue = max((at_large - at_small) / grown, 0)  # less is what measuring varies by
        lines.append(_Line(at_small - a_residue * small.n_residues, a_residue))
    return lines[0], lines[1]


def _core_seconds(index: Index, threads: int) -> tuple[float, float]:
    """To count the peptides, and to score the subsequences."""
    peptides, rows = sample_peptides(index.shards[0].text, 8, 15, PEPTIDES, seed=2), _subsequences(index)
    counting = repeated(partial(index.count_both, peptides), _TURNS).median
    scoring = repeated(partial(hit_rate, index, rows), _TURNS).median
    return counting * threads, scoring * threads


def _subsequences(index: Index) -> pa.Table:
    """Stretches of random entries, scored against the nucleus."""
    random = np.random.default_rng(1)
    entries = index.read("entries", ["accession", "sequence"])
    chosen = entries.take(pa.array(random.integers(0, len(entries), SUBSEQUENCES)))
    rows = []
    for accession, sequence in zip(*(column.to_pylist() for column in chosen.columns), strict=True):
        length = min(int(random.integers(5, 11)), len(sequence))
        start = int(random.integers(0, len(sequence) - length + 1))
        rows.append((accession, start + 1, start + length, sequence[start : start + length], "Nucleus"))
    names = ("query", "start", "end", "subsequence", "predicted")
    return pa.table(dict(zip(names, zip(*rows, strict=True), strict=True)))


def _trembl(asking: float, checked: float, large: Index, counting: _Line, scoring: _Line) -> Iterator[Finding]:
    """What TrEMBL would take on a cluster, from what was measured."""
    sections, tables = (TREMBL_SHARD / large.n_residues * part(large) for part in (sections_bytes, tables_bytes))
    each = -(-SHARDS // MACHINES)
    where = (
        f"computed: {SHARDS} shards of {TREMBL_SHARD / 1e9:.0f} billion residues, {each} on each of {MACHINES} machines"
    )
    yield Finding(
        "TrEMBL: what a machine has in memory when it has read all",
        each * sections / 1e9,
        "GB",
        f"{where}: {each} x {sections / 1e9:.3g} GB of sections",
    )
    disk = each * (sections + tables)
    yield Finding(
        "TrEMBL: to read or copy it all once",
        disk / min(DISK, checked) / 60,
        "min",
        f"computed: {each} x ({sections / 1e9:.3g} + {tables / 1e9:.3g}) GB a machine "
        f"at {min(DISK, checked) / 1e9:.2g} GB/s",
    )
    peptides = len(pickle.dumps(encode(sample_peptides(large.shards[0].text, 8, 15, PEPTIDES, seed=1))))
    yield _asked("count 1 M peptides of 8 to 15", counting, 8, asking, MACHINES * peptides + SHARDS * 16 * PEPTIDES)
    yield _asked(f"hit rates of {SUBSEQUENCES:,} subsequences", scoring, 4, asking, SHARDS * 80 * SUBSEQUENCES)


def _asked(what: str, law: _Line, questions: int, asking: float, traffic: float) -> Finding:
    """Work shared by all cores, questions that all shards are asked, and what goes over the network."""
    core_seconds = law.at(TREMBL_SHARD)
    parts = (SHARDS * core_seconds / (MACHINES * CORES), questions * asking, traffic / NETWORK)
    return Finding(
        f"TrEMBL: {what}",
        sum(parts),
        "s",
        f"computed: {SHARDS} x {core_seconds:.3g} core seconds ({law}, the line through two sizes) "
        f"/ {MACHINES * CORES} cores + {questions} x {asking * 1e3:.2g} ms to ask + {traffic / 1e6:.3g} MB "
        f"at {NETWORK / 1e9:.0f} GB/s = {' + '.join(f'{part:.2g}' for part in parts)} s, all in memory",
    )
