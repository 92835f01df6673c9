"""The same subsequences scored in several forms, which differ in definition and exclusion alone, side by side."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import replace
from typing import NamedTuple

import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.run import Run
from psl_eval.scoring.definitions import DEFINITIONS
from psl_eval.scoring.shared_look_ups import SharedLookUps, SharingScorer
from psl_index.threads import threads_for


class Form(NamedTuple):
    """A definition and an exclusion, with all that forms have in common."""

    choices: Choices
    none_too: bool  # whether the rates with nothing left out are given, too


class Judged(NamedTuple):
    """Tables of a run."""

    summary: pa.Table
    confidence: pa.Table


def judged(make: Callable[..., Run], forms: Sequence[Form], threads: int) -> Iterator[Judged]:
    """What runs sum up, in the order of their forms.

    Those whose entries are counted alike go side by side, and share the look-ups of null models.

    Parameters
    ----------
    make : callable
        Takes choices, and `threads`, `scorer` and `none_too` of `psl_eval.run.Run`, and makes it.
    forms : sequence of Form
    threads : int
        That work at a time, and as many again while they look something up; 0 for as many as the machine has.

    Raises
    ------
    ValueError
        The choices differ in something else.
    """
    if len({replace(form.choices, definition="paper", exclude="self") for form in forms}) > 1:
        raise ValueError("forms differ in more than definition and exclusion")
    alike: dict[bool, list[int]] = {}
    for number, form in enumerate(forms):
        alike.setdefault(DEFINITIONS[form.choices.definition].credited, []).append(number)
    done: dict[int, Judged] = {}
    given = 0
    for numbers in alike.values():
        done |= zip(numbers, _side_by_side(make, [forms[number] for number in numbers], threads), strict=True)
        while given in done:
            yield done.pop(given)
            given += 1


def _side_by_side(make: Callable[..., Run], forms: Sequence[Form], threads: int) -> list[Judged]:
    shared = SharedLookUps(threads)
    of_each = max(threads_for(threads) // len(forms), 1)
    runs = [make(form.choices, threads=of_each, scorer=shared.scorer, none_too=form.none_too) for form in forms]
    with ThreadPoolExecutor(len(runs)) as pool:
        try:
            futures = [pool.submit(_judged, run, scorer) for run, scorer in zip(runs, shared.scorers, strict=True)]
            for future in wait(futures, return_when=FIRST_EXCEPTION).done:
                future.result()
            return [future.result() for future in futures]
        finally:
            shared.stop()  # of no effect when all are done; else the others would wait for each other


def _judged(run: Run, scorer: SharingScorer) -> Judged:
    with scorer:
        return Judged(**some_tables(run, Judged._fields))


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
