"""Subsequences of explanations that matter to the model wherever they stand, and are found in proteins of the class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from psl_eval.exclusion.training_sets import read_training_set
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.importance.backgrounds import BackgroundName
from psl_eval.experiments.importance.discoveries import draw, findings
from psl_eval.experiments.importance.importance import Importance
from psl_eval.experiments.importance.pattern_files import Frequent, most_frequent
from psl_eval.experiments.importance.patterns import subsequence
from psl_eval.experiments.importance.places import own_positions
from psl_eval.experiments.importance.setting import LONGEST, backgrounds_of, chosen_classes, importance_by
from psl_eval.experiments.importance.subsequence_hits import Hits, HitScoring
from psl_eval.experiments.importance.tables import SIGNIFICANT, held_against, with_q_values
from psl_eval.experiments.importance.variations import at_positions
from psl_eval.experiments.importance.verdicts import DISCOVERED, judged
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.parts import Parts, digest_of
from psl_eval.experiments.result import Result
from psl_eval.experiments.scored_subsequences import digest_of_training_set, proteins_of, require_locations
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.means import adjusted
from psl_eval.statistics.rows import table_of
from psl_index.errors import InputError, UsageError
from psl_index.progress import Progress

if TYPE_CHECKING:
    from psl_eval.exclusion.clusters import Clusters
    from psl_index.index import Index


@dataclass(frozen=True)
class Discover:
    """Choices of the experiment.

    Attributes
    ----------
    targets : tuple of str
        The classes, all where none is named; each is a family of tests of its own.
    most : int
        Subsequences of a class, the most frequent.
    background : BackgroundName
    number : int
        Of backgrounds.
    longest : int
        Residues of a background; longer proteins lose their middle.
    definition : str
        Of the hit rate; see `psl_eval.scoring.definitions`. By ``paper`` windows near the N-terminus beat others of
        their protein whatever they are, for proteins begin together, and an entry weighs by how near it is found.
    exclude : str
        Entries of the index that do not count; see `psl_eval.exclusion.exclusions`.
    resamples : int
        Of intervals.
    seed : int
        Of all that is random.
    """

    targets: tuple[str, ...]
    most: int = 100
    background: BackgroundName = "dipeptide"
    number: int = 1000
    longest: int = LONGEST
    definition: str = "unweighted"
    exclude: str = "self"
    resamples: int = 2000
    seed: int = 1

    def run(
        self,
        model: NamedModel,
        subsequences: pa.Table,
        proteins: Asked,
        backgrounds_from: Asked,
        parts: Parts,
        report: Callable[[Progress], None],
        *,
        index: Index | None = None,
        clusters: Clusters | None = None,
        threads: int = 0,
    ) -> Result:
        """Score the most frequent subsequences of each class by global importance and, with an index, by hit rate.

        Parameters
        ----------
        model : NamedModel
        subsequences : pyarrow.Table
            As `psl_eval.experiments.importance.pattern_files.read_subsequences` gives them.
        proteins : Asked
            Those that the subsequences come from; others may be among them.
        backgrounds_from : Asked
            Those that backgrounds are made of.
        parts, report
        index : Index, optional
        clusters : Clusters, optional
            For the exclusion ``cluster``.
        threads : int
            Of the hit rates; 0 for all.

        Raises
        ------
        UsageError
            The model does not know a class; or it does not say what it has learned from, or there are no clusters, and
            they are to be excluded.
        InputError
            No subsequence is of a class; one has no protein, or does not stand in it. No entry of the index has a
            location.
        """
        targets = chosen_classes(self.targets, model)
        if subsequences["start"].null_count:
            raise InputError("a subsequence has no protein", remedy="give what `pslidx extract` writes")
        frequent = {target: most_frequent(subsequences, self.most, target) for target in targets}
        positions = {target: own_positions(subsequences, each, proteins) for target, each in frequent.items()}
        hits: dict[str, list[Hits]] = {}
        if index is not None:
            scoring = self._scoring(index, model, proteins, clusters, threads)
            hits = {target: scoring.hits_of(subsequences, each, target) for target, each in frequent.items()}
        backgrounds = backgrounds_of(backgrounds_from, self.background, self.number, self.longest, self.seed)
        importance = importance_by(model, backgrounds, backgrounds_from, parts, self.seed, self.resamples)
        rows: list[dict[str, Any]] = []
        for target in targets:
            own = _rows(importance, target, frequent[target], positions[target], report)
            rows += judged(with_q_values(own), hits.get(target))
        table = table_of(rows, DISCOVERED)
        return Result(
            experiment="discover",
            tables={"discover": table},
            figures=draw(table),
            findings=findings(table, [target for target, each in hits.items() if _too_few_windows(each)]),
            settings=asdict(self)
            | {
                "index": None if index is None else index.manifest.digest,
                "clusters": None if clusters is None else clusters.record._asdict(),
                "model": {model.name: digest_of_model(model.model)},
                "training_sets": {model.name: digest_of_training_set(model.training_set)},
                "subsequences": digest_of({"rows": subsequences.to_pylist()}),
                "proteins": {"number": len(proteins.sequences), "digest": digest_of_proteins(proteins)},
                "backgrounds_drawn": backgrounds.settings,
            },
        )

    def _scoring(
        self, index: Index, model: NamedModel, proteins: Asked, clusters: Clusters | None, threads: int
    ) -> HitScoring:
        require_locations(index)
        if self.exclude == "train" and model.training_set is None:
            raise UsageError(f"{model.name} does not say what it has learned from", remedy="choose another --exclude")
        learned = model.training_set if self.exclude == "train" else None
        return HitScoring(
            index,
            proteins_of(proteins),
            self.definition,
            self.exclude,
            None if learned is None else read_training_set(learned),
            clusters,
            self.seed,
            threads,
        )


def _rows(
    importance: Importance,
    target: str,
    frequent: Sequence[Frequent],
    positions: Sequence[int],
    report: Callable[[Progress], None],
) -> list[dict[str, Any]]:
    """Importance of each subsequence where it stands in its proteins, for a class."""
    column = importance.model.model.configuration.classes.index(target)
    step = f"{importance.model.name}: {target}"
    rows = []
    for done, (each, position) in enumerate(zip(frequent, positions, strict=True)):
        report(Progress(step, done, len(frequent), "subsequences"))
        compared = next(at_positions(subsequence(each.residues), [position]))
        found, expected = (
            importance.of(insertion)[:, column] for insertion in (compared.insertion, *compared.expected)
        )
        about = {"class": target, "subsequence": each.residues, "proteins": each.proteins}
        about["position"] = compared.about["position"]
        rows.append(about | held_against(importance, found, expected))
    report(Progress(step, len(frequent), len(frequent), "subsequences"))
    return rows


def _too_few_windows(hits: Sequence[Hits]) -> bool:
    """Whether none of the subsequences could be above the null, even if each were the best of all windows."""
    least = adjusted([each.least_p for each in hits])
    return not np.any(least < SIGNIFICANT)
