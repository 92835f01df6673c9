"""Hit rates of what an explanation picks out of the proteins of an experiment."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa

from psl_eval.comparing.methods import Method
from psl_eval.exclusion.training_sets import read_training_set
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.hit_rates import Run
from psl_eval.queries.proteins import Proteins
from psl_eval.results.schemas import HitRates
from psl_eval.scoring.annotation import Annotation, class_shares
from psl_eval.scoring.definitions import DEFINITIONS
from psl_eval.scoring.shared_look_ups import SharedLookUps, SharingScorer
from psl_index.errors import InputError
from psl_index.ordered_map import ordered_map
from psl_index.threads import threads_for

if TYPE_CHECKING:
    from pathlib import Path

    from psl_eval.choices import Choices
    from psl_eval.exclusion.clusters import Clusters
    from psl_eval.explanations.asked import Asked
    from psl_index.index import Index

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class Scoring:
    """What subsequences are looked up in, and what is left out of it.

    Attributes
    ----------
    index : Index
    asked : Asked
        The proteins that the subsequences come from.
    training_set : path or None
        What the model has learned from, for the exclusion ``train``.
    clusters : Clusters or None
        For the exclusion ``cluster``; intervals are over clusters then, whatever is excluded.
    threads : int
        0 for all.
    """

    index: Index
    asked: Asked
    training_set: Path | None = None
    clusters: Clusters | None = None
    threads: int = 0

    @property
    def exclusions(self) -> tuple[str, ...]:
        """Those that can be asked for; each also gives the rates with nothing left out."""
        train = ("train",) if self.learned_entries else ()
        return ("self", *train, *(("cluster",) if self.clusters is not None else ()))

    @cached_property
    def learned_entries(self) -> int | None:
        """How many entries the model has learned from; None where it is not known."""
        return None if self.training_set is None else len(read_training_set(self.training_set).find(self.index))

    def terms(self, exclusion: str) -> dict[str, Any]:
        """What decides hit rates but for the subsequences and the choices, as JSON holds it."""
        training_set = self.training_set if exclusion == "train" else None
        return {
            "index": self.index.manifest.digest,
            "proteins": digest_of_proteins(self.asked),
            "training_set": training_set and hashlib.blake2b(training_set.read_bytes(), digest_size=16).hexdigest(),
            "clusters": None if self.clusters is None else self.clusters.record.sha256,
        }

    def hit_rates(self, subsequences: pa.Table, choices: Choices) -> HitRates:
        """Score at least one subsequence, as `psl_eval.subsequences.extraction.extract` gives them.

        Raises
        ------
        InputError, UsageError
            As of `psl_eval.hit_rates.Run`.
        """
        run = self._run(subsequences, choices, self.threads)
        tables = {name: pa.Table.from_batches(batches, schema) for name, schema, batches in run.tables()}
        return HitRates(**tables, manifest=run.manifest)

    def judged(self, subsequences: pa.Table, several: Sequence[Choices]) -> Iterator[Judged]:
        """What `hit_rates` sums up of the same subsequences by choices that differ in definition and exclusion alone.

        With nothing left out there are rows beside the first exclusion alone. Those whose entries are counted alike go
        side by side, and share the look-ups of null models.
        """
        for _, alike in itertools.groupby(several, lambda choices: DEFINITIONS[choices.definition].credited):
            together = list(alike)
            shared = SharedLookUps(self.threads)
            threads = max(threads_for(self.threads) // len(together), 1)
            runs = [
                self._run(
                    subsequences,
                    choices,
                    threads,
                    scorer=shared.scorer,
                    none_too=choices.exclude == self.exclusions[0],
                )
                for choices in together
            ]
            yield from ordered_map(_judged, zip(runs, shared.scorers, strict=True), len(runs))

    def method(self, name: str, subsequences: pa.Table, choices: Choices) -> Method:
        """What `psl_eval.comparing.comparison.compare` takes of the same."""
        run = self._run(subsequences, choices, self.threads)
        tables = _tables(run, ("subsequences", "proteins"))
        return Method(name, name, run.manifest, tables["proteins"], tables["subsequences"])

    def _run(self, subsequences: pa.Table, choices: Choices, threads: int, **scored_by: Any) -> Run:
        training = self.training_set if choices.exclude == "train" else None
        return Run(
            self.index,
            subsequences,
            choices,
            proteins=proteins_of(self.asked),
            clusters=self.clusters,
            training=None if training is None else read_training_set(training),
            threads=threads,
            **scored_by,
        )


class Judged(NamedTuple):
    """Tables of a run."""

    summary: pa.Table
    confidence: pa.Table


def _judged(sharing: tuple[Run, SharingScorer]) -> Judged:
    run, scorer = sharing
    try:
        return Judged(**_tables(run, Judged._fields))
    finally:
        scorer.leave()


def _tables(run: Run, wanted: Sequence[str]) -> dict[str, pa.Table]:
    """Some tables of a run, in its order; what they do not rest on is not worked out."""
    tables: dict[str, pa.Table] = {}
    for name, schema, batches in run.tables():
        if name in wanted:
            tables[name] = pa.Table.from_batches(batches, schema)
        elif name in ("subsequences", "windows"):
            deque(batches, maxlen=0)
        if len(tables) == len(wanted):
            break
    return tables


def side_by_side(score: Callable[[Scoring, Item], Result], items: Sequence[Item], scoring: Scoring) -> Iterator[Result]:
    """``score(scoring, item)`` of each, in order, several at a time.

    Statistics take as long as the search, and one thread.
    """
    threads = threads_for(scoring.threads)
    at_once = max(min(threads, len(items)), 1)
    shared = dataclasses.replace(scoring, threads=threads // at_once)
    return ordered_map(lambda item: score(shared, item), items, at_once)


def require_locations(index: Index) -> None:
    """Refuse an index in which no entry has a location of any class; InputError."""
    if not np.sum(list(index.over_shards(class_shares, Annotation()))):
        remedy = "build one from a flat file, or from a table with a column of locations"
        raise InputError("no entry of the index has a known location", file=str(index.path), remedy=remedy)


def proteins_of(asked: Asked) -> Proteins:
    """The proteins as hit rates take them, with their names and residues."""
    dataset = asked.dataset
    return Proteins(
        pa.array(dataset.identifiers, pa.string()),
        pa.array(asked.sequences, pa.large_string()),
        True,
        dataset.files[0],
        dataset.records[0],
    )
