"""Hit rates of what an explanation picks out of the proteins of an experiment."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa

from psl_eval.comparing.methods import Method
from psl_eval.exclusion.training_sets import TrainingSet, read_training_set
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.forms import Form, Judged, judged, some_tables
from psl_eval.queries.proteins import Proteins
from psl_eval.run import Run
from psl_eval.scoring.annotation import Annotation, class_shares
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
        return None if self._learned is None else len(self._learned.find(self.index))

    @cached_property
    def _learned(self) -> TrainingSet | None:
        return None if self.training_set is None else read_training_set(self.training_set)

    def terms(self, exclusion: str) -> dict[str, Any]:
        """What decides hit rates but for the subsequences and the choices, as JSON holds it."""
        return {
            "index": self.index.manifest.digest,
            "proteins": digest_of_proteins(self.asked),
            "training_set": digest_of_training_set(self.training_set) if exclusion == "train" else None,
            "clusters": None if self.clusters is None else self.clusters.record.sha256,
        }

    def judged(self, subsequences: pa.Table, forms: Sequence[Form]) -> Iterator[Judged]:
        """What hit rates of the same subsequences sum up to in several forms, as `psl_eval.forms.judged`.

        At least one subsequence, as `psl_eval.subsequences.extraction.extract` gives them.

        Raises
        ------
        InputError, UsageError
            As of `psl_eval.run.Run`.
        """
        return judged(lambda choices, **how: self._run(subsequences, choices, **how), forms, self.threads)

    def method(self, name: str, subsequences: pa.Table, choices: Choices) -> Method:
        """What `psl_eval.comparing.comparison.compare` takes of the same."""
        run = self._run(subsequences, choices, threads=self.threads)
        tables = some_tables(run, ("subsequences", "proteins"))
        return Method(name, name, run.manifest, tables["proteins"], tables["subsequences"])

    def _run(self, subsequences: pa.Table, choices: Choices, **how: Any) -> Run:
        return Run(
            self.index,
            subsequences,
            choices,
            proteins=proteins_of(self.asked),
            clusters=self.clusters,
            training=self._learned if choices.exclude == "train" else None,
            **how,
        )


def side_by_side(score: Callable[[Scoring, Item], Result], items: Sequence[Item], scoring: Scoring) -> Iterator[Result]:
    """``score(scoring, item)`` of each, in order, several at a time.

    Statistics take as long as the search, and one thread.
    """
    threads = threads_for(scoring.threads)
    at_once = max(min(threads, len(items)), 1)
    shared = dataclasses.replace(scoring, threads=threads // at_once)
    return ordered_map(lambda item: score(shared, item), items, at_once)


def digest_of_training_set(path: Path | None) -> str | None:
    """Of the file that says what a model has learned from; hexadecimal. None without one."""
    return None if path is None else hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()


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
