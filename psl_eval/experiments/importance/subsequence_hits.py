"""Hit rates of single subsequences beside all windows of the proteins that they come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.exclusion.training_sets import TrainingSet
from psl_eval.experiments.importance.pattern_files import Frequent
from psl_eval.queries.proteins import Proteins
from psl_eval.run import Run

if TYPE_CHECKING:
    from psl_eval.exclusion.clusters import Clusters
    from psl_index.index import Index


class Hits(NamedTuple):
    """How a subsequence hits, after the exclusion.

    Means over those of its proteins for which an entry that counts holds it; NaN, or 0 entries, where none does.
    """

    proteins_scored: int  # those
    entries: float  # that count and hold it
    matching: float  # those of them that are of the class
    hit_rate: float
    null_hit_rate: float  # of all windows of its length in the same proteins
    p_value: float
    least_p: float  # that it could have had, as the best of all windows


@dataclass(frozen=True, eq=False)
class HitScoring:
    """What subsequences are looked up in, and how they are scored.

    Attributes
    ----------
    index : Index
    proteins : Proteins
        That subsequences come from.
    definition, exclude : str
        See `psl_eval.choices.Choices`.
    training : TrainingSet or None
        For the exclusion ``train``.
    clusters : Clusters or None
        For the exclusion ``cluster``.
    seed, threads : int
    """

    index: Index
    proteins: Proteins
    definition: str = "unweighted"
    exclude: str = "self"
    training: TrainingSet | None = None
    clusters: Clusters | None = None
    seed: int = 1
    threads: int = 0

    def hits_of(self, subsequences: pa.Table, frequent: Sequence[Frequent], target: str) -> list[Hits]:
        """Hits of subsequences against a class.

        Parameters
        ----------
        subsequences : pyarrow.Table
            Columns query, start, end, subsequence.
        frequent : sequence of Frequent
            Those to score, with their rows in the table.
        target : str
            The class.

        Returns
        -------
        list of Hits
            In the order of `frequent`.

        Raises
        ------
        InputError, UsageError
            As `psl_eval.run.Run`.

        Notes
        -----
        Of one protein, the share of its windows that hit at least as often, ties half, is a mid-p-value. The p-value is
        twice the mean of those of all proteins, and 1 at most: that is one however many windows are tied
        (Rubin-Delanchy et al. 2019, J. Am. Stat. Assoc. 114, 1105), and however the proteins depend on each other (Vovk
        and Wang 2020, Biometrika 107, 791), as they do, for they share the subsequence and with it what holds it.
        """
        rows = [row for each in frequent for row in each.rows]
        chosen = subsequences.select(["query", "start", "end", "subsequence"]).take(pa.array(rows, pa.int64()))
        chosen = chosen.append_column("predicted", pa.array([target] * len(rows), pa.string()))
        choices = Choices(definition=self.definition, exclude=self.exclude, nulls=("window",), draws=1, seed=self.seed)
        run = Run(
            self.index,
            chosen,
            choices,
            proteins=self.proteins,
            clusters=self.clusters,
            training=self.training,
            threads=self.threads,
        )
        tables: dict[str, list[dict[str, Any]]] = {}
        for name, schema, batches in run.tables():
            tables[name] = pa.Table.from_batches(batches, schema).to_pylist()
            if name == "windows":
                break
        windows = {_place(row): row for row in tables["windows"]}
        answered = iter([_hits(row, windows[_place(row)]) for row in tables["subsequences"]])
        return [_together([next(answered) for _ in each.rows]) for each in frequent]


def _place(row: dict[str, Any]) -> tuple[str, int, int]:
    return row["query"], row["start"], row["end"]


def _hits(scored: dict[str, Any], window: dict[str, Any]) -> Hits | None:
    """Of one protein; the p-values are mid-p-values. None where no entry that counts holds the subsequence."""
    if scored["hit_rate"] is None:
        return None
    return Hits(
        1,
        scored["entries"],
        scored["matching"],
        scored["hit_rate"],
        window["mean"],
        1 - window["percentile"] / 100,
        0.5 / window["windows_scored"],
    )


def _together(hits: Sequence[Hits | None]) -> Hits:
    scored = [each for each in hits if each is not None]
    if not scored:
        return Hits(0, 0.0, 0.0, *[np.nan] * 4)
    means = Hits(*np.mean(scored, axis=0).tolist())
    p_value = min(1.0, 2 * means.p_value)
    return means._replace(proteins_scored=len(scored), p_value=p_value, least_p=2 * means.least_p)
