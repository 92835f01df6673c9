"""Finding peptides without an index of the text: bytes.find, DuckDB's contains and pyahocorasick, against ours."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.exactness import find_all
from benchmarks.peptide_samples import sample_peptides
from benchmarks.report import Finding
from benchmarks.timing import Runs, repeated, timed
from psl_index import Index
from psl_index.alphabet import decoding_table
from psl_index.peptides import encode

FEW = 10  # peptides that are looked for one by one
MANY = 100_000  # peptides of the automaton
AUTOMATON_RESIDUES = 5_000_000  # of text that the automaton reads

_TIMES = 5


def findings(index: Index, residues: int, threads: int) -> Iterator[Finding]:
    """How many times longer each takes for the same peptides of 8 to 15 residues; answers are compared first."""
    text = index.shards[0].text
    few = sample_peptides(text, 8, 15, FEW, seed=1)
    yield _find(index, text, few, residues)
    yield _duckdb(index, few, residues, threads)
    yield _automaton(index, text, sample_peptides(text, 8, 15, MANY, seed=2), residues)


def _find(index: Index, text: npt.NDArray[np.uint8], few: pa.Array, residues: int) -> Finding:
    haystack = text.tobytes()
    peptides = encode(few)
    needles = [peptides.codes[slice(*peptides.offsets[i : i + 2])].tobytes() for i in range(FEW)]
    found = sum(len(find_all(haystack, needle)) for needle in needles)
    _compare("bytes.find", found, int(index.count(few).sum()))
    theirs = repeated(lambda: [find_all(haystack, needle) for needle in needles], _TIMES)
    ours = repeated(lambda: index.locate(few), 101)
    return _finding("bytes.find", f"locate {FEW} peptides", theirs, ours, residues)


def _duckdb(index: Index, few: pa.Array, residues: int, threads: int) -> Finding:
    with duckdb.connect() as base:
        base.execute(f"SET threads = {threads}")
        entries = index.read("entries", ["sequence"])  # noqa: F841 - DuckDB finds it by its name
        base.execute("CREATE TABLE proteins AS SELECT sequence FROM entries")

        def theirs() -> int:
            query = "SELECT count(*) FROM proteins WHERE contains(sequence, ?)"
            return sum(base.execute(query, [peptide]).fetchall()[0][0] for peptide in few.to_pylist())

        _compare("DuckDB", theirs(), int(index.count_entries(few).sum()))
        runs = repeated(theirs, _TIMES)
    ours = repeated(lambda: index.count_entries(few), 101)
    return _finding("DuckDB", f"entries that contain {FEW} peptides", runs, ours, residues)


def _automaton(index: Index, text: npt.NDArray[np.uint8], many: pa.Array, residues: int) -> Finding:
    """The automaton reads only the first entries; its time is taken as growing with the text."""
    import ahocorasick

    shard = index.shards[0]
    entries = max(int(np.searchsorted(shard.starts, min(AUTOMATON_RESIDUES, len(text)), side="right")) - 1, 1)
    letters = decoding_table()[text[: shard.starts[entries]]].tobytes().decode()
    automaton = ahocorasick.Automaton()
    distinct = sorted(set(many.to_pylist()))

    def make() -> None:
        for peptide in distinct:
            automaton.add_word(peptide, peptide)
        automaton.make_automaton()

    making, _ = timed(make)
    looked_in = np.arange(index.n_entries) < entries
    _compare("pyahocorasick", sum(1 for _ in automaton.iter(letters)), len(index.locate(distinct, entries=looked_in)))
    reading = repeated(lambda: sum(1 for _ in automaton.iter(letters)), 3)
    theirs = Runs((reading.median * len(text) / len(letters),))
    ours = repeated(lambda: index.locate(distinct), 9)
    how = (
        f"; reads {len(letters) / reading.median / 1e6:.3g} M residues/s, measured on {len(letters) / 1e6:.2g} M of "
        f"{len(text) / 1e6:,.0f} M, {making:.2g} s to make it not counted"
    )
    return _finding("pyahocorasick", f"locate {MANY:,} peptides", theirs, ours, residues, how)


def _compare(peer: str, theirs: int, ours: int) -> None:
    if theirs != ours:
        raise AssertionError(f"{peer} finds {theirs:,}, ours {ours:,}")


def _finding(peer: str, what: str, theirs: Runs, ours: Runs, residues: int, how: str = "") -> Finding:
    detail = f"ours {ours.median * 1e3:.3g} ms; {peer} {theirs.median:.3g} s{how}"
    return Finding(what, theirs.median / ours.median, f"x {peer}", detail, residues=residues)
