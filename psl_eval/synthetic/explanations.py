"""What a perfect explanation of a synthetic proteome picks out, and what one picks out that knows nothing.

Both are of proteins without relatives in the proteome. Relatives live in the same place and share most of
their sequences, so that any window would hit them; without them, only signals do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from psl_eval.inputs.subsequences import SUBSEQUENCES
from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.names import accession
from psl_eval.synthetic.proteome import Block


class _Orphan(NamedTuple):
    """A protein without relatives, and the cores of its signals (1-based inclusive)."""

    number: int
    sequence: str
    psl_class: str
    cores: list[tuple[int, int]]


def planted_explanations(blocks: Iterable[Block]) -> pa.Table:
    """The core of every planted signal, as an explainer that finds just the signals would report it.

    Returns
    -------
    table : pyarrow.Table
        Columns of `psl_eval.inputs.subsequences.SUBSEQUENCES`. ``query`` is the accession; the predicted class is
        the true one, that of the signal; the score is 1.
    """
    return _table(blocks, lambda orphan: [start for start, _ in orphan.cores])


def random_explanations(blocks: Iterable[Block], seed: int) -> pa.Table:
    """As many windows of the same lengths, put anywhere else in the same proteins: the level of chance.

    They touch no core of a signal where there is room without. Columns as of `planted_explanations`.
    """
    rng = np.random.default_rng(seed)
    return _table(blocks, lambda orphan: _elsewhere(orphan, rng))


def _elsewhere(orphan: _Orphan, rng: np.random.Generator) -> list[int]:
    """First residue (1-based) of a window for each core."""
    starts = []
    for first, last in orphan.cores:
        size = last - first + 1
        places = np.arange(1, len(orphan.sequence) - size + 2)
        free = np.ones(places.size, np.bool_)
        for core_first, core_last in orphan.cores:
            free &= (places > core_last) | (places + size <= core_first)
        starts.append(int(rng.choice(places[free] if free.any() else places)))
    return starts


def _table(blocks: Iterable[Block], choose: Callable[[_Orphan], list[int]]) -> pa.Table:
    """A row for each core: a window of its length from where `choose` says."""
    rows: list[dict[str, object]] = []
    for block in blocks:
        for orphan in _orphans(block):
            for start, (first, last) in zip(choose(orphan), orphan.cores, strict=True):
                end = start + last - first
                rows.append(
                    {
                        "query": accession(orphan.number),
                        "start": start,
                        "end": end,
                        "subsequence": orphan.sequence[start - 1 : end],
                        "predicted": orphan.psl_class,
                        "true": orphan.psl_class,
                        "correct": True,
                        "score": 1.0,
                    }
                )
    return pa.Table.from_pylist(rows, schema=SUBSEQUENCES)


def _orphans(block: Block) -> Iterable[_Orphan]:
    """Proteins of families of one that have a signal. A family never spans blocks."""
    _, place, sizes = np.unique(block.family, return_inverse=True, return_counts=True)
    cores: dict[int, list[tuple[int, int]]] = {}
    for protein, (first, last) in zip(block.signal_protein.tolist(), block.core_spans.tolist(), strict=True):
        if sizes[place[protein]] == 1:
            cores.setdefault(protein, []).append((first, last))
    for protein, spans in cores.items():
        psl_class = RESIDENCES[block.residence[protein]].classes[0]
        yield _Orphan(block.first + protein, block.sequence(protein), psl_class, spans)
