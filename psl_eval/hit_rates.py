"""Hit rates of subsequences by one call."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.exclusion.clusters import Clusters
from psl_eval.exclusion.training_sets import TrainingSet
from psl_eval.queries.proteins import Proteins
from psl_eval.results.schemas import HitRates
from psl_eval.run import Run

if TYPE_CHECKING:
    from psl_index.index import Index


def hit_rate(
    index: Index,
    subsequences: str | os.PathLike[str] | Any,
    *,
    proteins: str | os.PathLike[str] | Proteins | None = None,
    clusters: str | os.PathLike[str] | Clusters | None = None,
    training: str | os.PathLike[str] | TrainingSet | None = None,
    definition: str = "paper",
    exclude: str = "self",
    against: str = "predicted",
    evidence: str = "any",
    reviewed: bool = False,
    lineage: str | None = None,
    denominator: str = "annotated",
    nulls: Sequence[str] = (),
    draws: int = 1000,
    resamples: int = 2000,
    seed: int = 1,
    skip_bad: bool = False,
    threads: int = 0,
) -> HitRates:
    """Score subsequences: of the proteins in the index that hold each, how many live where its protein does?

    Parameters
    ----------
    index : psl_index.Index
    subsequences : path, or anything that exports an Arrow table
        See `psl_eval.inputs.subsequences.open_subsequences`.
    proteins : path or Proteins, optional
        The proteins that the subsequences come from; each subsequence is checked to stand in its own.
    clusters : path or Clusters, optional
        Clusters of queries and entries, for the exclusion ``cluster``; intervals are over clusters then.
    training : path or TrainingSet, optional
        The proteins that the model has learned from, for the exclusion ``train``.
    definition : {'paper', 'unweighted', 'released'}
        See `psl_eval.scoring.definitions`.
    exclude : {'self', 'none', 'identical', 'cluster', 'train'}
        Entries of the index that do not count; see `psl_eval.exclusion.exclusions`. The summary has the rates without
        exclusion in any case.
    against : {'predicted', 'true', 'both', 'all'}
        The class of the protein that entries must share; with ``all`` each class in turn.
    evidence, reviewed, lineage, denominator
        Which entries count, and by which locations; see `psl_eval.scoring.annotation.Annotation`.
    nulls : sequence of {'label', 'window', 'other-class'}
        Null models: labels permuted among proteins of a stratum (`psl_eval.nulls.label_null`), windows of the same
        lengths drawn from the same protein, or at the same place of proteins of other classes
        (`psl_eval.nulls.window_nulls`).
    draws, resamples : int
        Of null models, and of bootstrap intervals.
    seed : int
        Of both.
    skip_bad : bool
        Pass over bad rows instead of failing; the manifest says how many there were.
    threads : int
        0 for as many as the machine has; the result does not depend on it.

    Raises
    ------
    InputError
        A file is malformed, or a subsequence is not in its protein.
    UsageError
        An option is unknown, or something that it takes is not given (proteins, clusters, labels).
    """
    choices = Choices(
        definition,
        exclude,
        against,
        evidence,
        reviewed,
        lineage,
        denominator,
        tuple(nulls),
        draws,
        resamples,
        seed,
    )
    run = Run(
        index,
        subsequences,
        choices,
        proteins=proteins,
        clusters=clusters,
        training=training,
        skip_bad=skip_bad,
        threads=threads,
    )
    tables = {name: pa.Table.from_batches(batches, schema) for name, schema, batches in run.tables()}
    return HitRates(**tables, manifest=run.manifest)
