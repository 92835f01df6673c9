"""The same subsequences scored in several forms, which differ in definition and exclusion alone, side by side."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.hit_rates import Run
from psl_eval.scoring.definitions import DEFINITIONS
from psl_eval.scoring.shared_look_ups import SharedLookUps, SharingScorer
from psl_index.ordered_map import ordered_map
from psl_index.threads import threads_for


class Judged(NamedTuple):
    """Tables of a run."""

    summary: pa.Table
    confidence: pa.Table


def judged(make: Callable[..., Run], forms: Sequence[Choices], threads: int) -> Iterator[Judged]:
    """What runs sum up, in the order of their forms; with nothing left out beside the first exclusion alone.

    Those whose entries are counted alike go side by side, and share the look-ups of null models.

    Parameters
    ----------
    make : callable
        Takes choices, and `threads`, `scorer` and `none_too` of `psl_eval.hit_rates.Run`, and makes it.
    forms : sequence of Choices
    threads : int
        0 for as many as the machine has.
    """
    for _, alike in itertools.groupby(forms, lambda choices: DEFINITIONS[choices.definition].credited):
        together = list(alike)
        shared = SharedLookUps(threads)
        of_each = max(threads_for(threads) // len(together), 1)
        runs = [
            make(choices, threads=of_each, scorer=shared.scorer, none_too=choices.exclude == forms[0].exclude)
            for choices in together
        ]
        yield from ordered_map(_judged, zip(runs, shared.scorers, strict=True), len(runs))


def _judged(sharing: tuple[Run, SharingScorer]) -> Judged:
    run, scorer = sharing
    try:
        return Judged(**some_tables(run, Judged._fields))
    finally:
        scorer.leave()


def some_tables(run: Run, wanted: Sequence[str]) -> dict[str, pa.Table]:
    """Some tables of a run; what they do not rest on is not worked out."""
    tables: dict[str, pa.Table] = {}
    for name, schema, batches in run.tables():
        if name in wanted:
            tables[name] = pa.Table.from_batches(batches, schema)
        elif name in ("subsequences", "windows"):
            deque(batches, maxlen=0)
        if len(tables) == len(wanted):
            break
    return tables
