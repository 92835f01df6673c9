"""The generator of synthetic proteomes beside a real set of the same size: distinct k-mers, and hits of queries.

Queries are cut from random places of each set and counted in its own index, so that each has a hit at least.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numpy.lib.stride_tricks import sliding_window_view

from benchmarks.report import Finding
from psl_eval.synthetic import proteome, write_fasta
from psl_index import Index, build
from psl_index.alphabet import SEPARATOR, decoding_table

DISTINCT_SIZES: Final = (5, 8, 12)
QUERY_LENGTHS: Final = (5, 8, 10, 12, 15, 20)
PLACES: Final = 1_000_000  # for queries of each length; with fewer, chance moves the mean by more than 2 percent
SIMPLE_LENGTH: Final = 8
SIMPLE_KINDS: Final = 3  # low complexity is this many kinds of residue, or fewer


class _Hits(NamedTuple):
    """Hits of the queries cut from a set, in that set."""

    mean: float
    once: float  # share of queries with one hit
    median: int
    most: int  # what 99 % of queries do not exceed
    nearly_all: int  # what 99.9 % of queries do not exceed
    simple: float  # hits elsewhere of low-complexity queries, per query of any complexity

    @property
    def elsewhere(self) -> float:
        """Mean hits but for the place that the query was cut from."""
        return self.mean - 1

    def __str__(self) -> str:
        return (
            f"mean {self.mean:.4g}, median {self.median}, one {self.once:.1%}, 99 % <= {self.most:,}, "
            f"99.9 % <= {self.nearly_all:,}"
        )


def findings(data: Path, folder: Path) -> Iterator[Finding]:
    """How far apart the synthetic proteome and DeepLoc 2.0 are.

    Parameters
    ----------
    data : Path
        The folder of real data.
    folder : Path
        For both indexes and the synthetic FASTA file; about 0.4 GB.
    """
    build([data / "deeploc" / "deeploc2_train_validation.csv.gz"], folder / "deeploc2")
    with Index.open(folder / "deeploc2") as real:
        residues = real.n_residues
        fasta = folder / f"synthetic-{residues}.fasta"
        write_fasta(proteome(residues, seed=1), fasta)
        build([fasta], folder / "deeploc2_size")
        with Index.open(folder / "deeploc2_size") as made:
            yield from _comparisons(made, real)


def _comparisons(made: Index, real: Index) -> Iterator[Finding]:
    for size in DISTINCT_SIZES:
        share, expected = (_distinct(index.shards[0].text, size) / index.n_residues for index in (made, real))
        yield _apart(
            f"distinct {size}-mers a residue",
            share,
            expected,
            f"synthetic {share:.4f}; real {expected:.4f}",
        )
    for length in QUERY_LENGTHS:
        ours, theirs = _hits(made, length), _hits(real, length)
        yield _apart(
            f"hits of {length}-mers",
            ours.mean,
            theirs.mean,
            f"synthetic {ours}; real {theirs}",
        )
        # The stricter measure: of long queries nearly all hits are the place that they come from.
        detail = f"synthetic {ours.elsewhere:.4f}; real {theirs.elsewhere:.4f}"
        yield _apart(f"hits of {length}-mers elsewhere", ours.elsewhere, theirs.elsewhere, detail)
        if length == SIMPLE_LENGTH:
            # This part of the mean grows with the set. Related proteins give most of the rest, which does not.
            detail = f"synthetic {ours.simple:.4f}; real {theirs.simple:.4f} (at most {SIMPLE_KINDS} kinds of residue)"
            yield _apart("those of low complexity", ours.simple, theirs.simple, detail)


def _apart(what: str, synthetic: float, real: float, detail: str) -> Finding:
    percent = 100 * abs(synthetic / real - 1)
    return Finding(f"generator: {what}", percent, "% apart", detail, "generator.apart")


def _distinct(text: npt.NDArray[np.uint8], size: int) -> int:
    """How many different `size`-mers within entries there are in residue codes; `size` is 13 at most."""
    windows = len(text) - size + 1
    numbers = np.zeros(windows, np.uint64)
    within = np.ones(windows, np.bool_)
    for place in range(size):
        codes = text[place : place + windows]
        numbers = numbers * np.uint64(len(decoding_table())) + codes
        within &= codes != SEPARATOR
    ordered = np.sort(numbers[within])
    return 1 + int(np.count_nonzero(np.diff(ordered)))


def _hits(index: Index, length: int) -> _Hits:
    """Hits of queries cut from `PLACES` places of an index of one shard; none where an entry ends too soon."""
    text = index.shards[0].text
    places = np.random.default_rng(length).integers(0, len(text) - length + 1, PLACES)
    windows = sliding_window_view(text, length)[places]
    windows = windows[(windows != SEPARATOR).all(axis=1)]
    letters = np.ascontiguousarray(decoding_table()[windows])
    counts = index.count(pa.array(letters.view(f"S{length}").ravel().astype(str)))
    kinds = 1 + np.count_nonzero(np.diff(np.sort(windows, axis=1), axis=1), axis=1)
    simple = (counts - 1)[kinds <= SIMPLE_KINDS]
    median, most, nearly_all = np.percentile(counts, (50, 99, 99.9), method="inverted_cdf").tolist()
    return _Hits(
        mean=float(counts.mean()),
        once=float(np.mean(counts == 1)),
        median=int(median),
        most=int(most),
        nearly_all=int(nearly_all),
        simple=float(simple.sum() / len(counts)),
    )
