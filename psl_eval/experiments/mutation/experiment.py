"""Which attribution method finds the residues that a model needs: mutate them, and see what its answer loses.

After Ozbulak et al. 2022, who rank attribution methods by mutations of what they pick out; here of proteins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.drawn_proteins import chosen, drawn_proteins
from psl_eval.experiments.estimates import Drawing
from psl_eval.experiments.explained_proteins import Explanation, attributions_of, digest_of_proteins
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.mutation.correlations import SATURATION, saturation_rows
from psl_eval.experiments.mutation.figures import draw_curves, draw_features, draw_ranking
from psl_eval.experiments.mutation.findings import feature_findings, ranking_findings, saturation_findings
from psl_eval.experiments.mutation.known_features import KnownFeatures
from psl_eval.experiments.mutation.losses import Mutating, mean_losses, saturation_losses
from psl_eval.experiments.mutation.peak_distances import FEATURES, feature_rows
from psl_eval.experiments.mutation.tables import CURVES, FIDELITY, Kind, Mutated, curve_rows, fidelity_rows
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.ranked_methods import explanations_of
from psl_eval.experiments.result import Result
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.rows import table_of
from psl_index.errors import UsageError
from psl_index.progress import Progress
from psl_models.attribution.method import settings_of
from psl_models.attribution.methods import method_named

Scores = list[npt.NDArray[np.float32]]

_SCHEMAS: Final = {"mutation-fidelity": FIDELITY, "curves": CURVES, "saturation": SATURATION}


@dataclass(frozen=True)
class MutationFidelity:
    """Choices of the experiment.

    Attributes
    ----------
    methods : tuple of str
        Those that are ranked; none: all of `psl_eval.experiments.ranked_methods.RANKED` that explain a model.
    counts : tuple of int
        Residues that are mutated, ascending.
    most : int
        Proteins that are drawn of those given.
    saturated : int
        Of them, proteins of which all single mutants are asked for; 0: none, and no ceilings.
    longest : int
        Residues of a protein that is saturated at most.
    draws : int
        Of random residues.
    steps : int
        Of integrated gradients.
    resamples : int
        Of intervals.
    seed : int
        Of all that is random.

    Raises
    ------
    UsageError
        Counts are not ascending numbers from 1.
    """

    methods: tuple[str, ...] = ()
    counts: tuple[int, ...] = (1, 2, 5, 10, 20)
    most: int = 200
    saturated: int = 20
    longest: int = 500
    draws: int = 5
    steps: int = 50
    resamples: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        if not self.counts or self.counts[0] < 1 or list(self.counts) != sorted(set(self.counts)):
            raise UsageError(f"counts are {', '.join(map(str, self.counts))}, expected ascending numbers from 1")

    def run(
        self,
        models: Sequence[NamedModel],
        asked: Asked,
        parts: Parts,
        report: Callable[[Progress], None],
        *,
        features: KnownFeatures | None = None,
    ) -> Result:
        """Explain, mutate and rank; with `features`, see how far peaks are from what is annotated.

        The proteins of the saturation, and of its ceilings, are some of those that are ranked on.

        Raises
        ------
        UsageError
            A method that was asked for cannot explain a model.
        InputError, OutputError
            As of `Parts.table`.
        """
        explanations = {model.name: list(explanations_of(model, self.methods, self.steps)) for model in models}
        asked = chosen(asked, drawn_proteins(asked, self.most, self.seed))
        rows: dict[str, list[dict[str, Any]]] = {"mutation-fidelity": [], "curves": [], "saturation": []}
        of_features: list[dict[str, Any]] = []
        drawing = Drawing(self.seed, self.resamples)
        for model in models:
            of_model = _OfModel(self, model, explanations[model.name], asked, parts, report)
            for name, found in of_model.rows(drawing).items():
                rows[name] += found
            if features is not None:
                of_features += feature_rows(features, explanations[model.name], drawing, parts, report)
        tables = {name: table_of(found, _SCHEMAS[name]) for name, found in rows.items() if found}
        ranking = tables["mutation-fidelity"]
        figures = {"mutation-fidelity": draw_ranking(ranking), "curves": draw_curves(tables["curves"])}
        findings = ranking_findings(ranking, self.counts[-1], self.resamples)
        if "saturation" in tables:
            findings += saturation_findings(tables["saturation"])
        elif self.saturated:
            findings += (f"no ceilings: of the proteins none has at most {self.longest:,} residues",)
        if features is not None:
            tables["known-features"] = table_of(of_features, FEATURES)
            figures["known-features"] = draw_features(tables["known-features"])
            absent = [name for name, spans in features.spans.items() if not spans]
            findings += feature_findings(tables["known-features"], absent, self.resamples)
        return Result(
            experiment="mutation-fidelity",
            tables=tables,
            figures=figures,
            findings=findings,
            settings=asdict(self)
            | {
                "models": {model.name: digest_of_model(model.model) for model in models},
                "proteins": {"number": len(asked.sequences), "digest": digest_of_proteins(asked)},
                "features": None if features is None else features.as_json(),
            },
        )


@dataclass(frozen=True, eq=False)
class _OfModel:
    """The experiment on one model."""

    experiment: MutationFidelity
    model: NamedModel
    explanations: Sequence[Explanation]
    asked: Asked
    parts: Parts
    report: Callable[[Progress], None]

    def rows(self, drawing: Drawing) -> dict[str, list[dict[str, Any]]]:
        """Rows of the tables of `_SCHEMAS`, by their names."""
        experiment = self.experiment
        few = drawn_proteins(self.asked, experiment.saturated, experiment.seed, longest=experiment.longest)
        mutated: list[Mutated] = []
        compared: dict[str, tuple[Kind, str | None, Scores]] = {}
        targets = np.empty(0, np.int64)
        for explanation, kind, floor in self._with_floors():
            attributions = attributions_of(explanation, self.asked, experiment.seed, self.parts, self.report)
            scores, targets = _scores(attributions), self._numbers(attributions)
            mutated.append(self._mutated(explanation, kind, scores, targets, np.arange(len(scores)), floor))
            compared[explanation.name] = kind, floor, [scores[row] for row in few]
        random = self._mutating(self.asked, targets).at_random(self.parts, self.report)
        saturation = []
        if len(few):
            asked = chosen(self.asked, few)
            losses = saturation_losses(self.model, asked, targets[few], self.parts, self.report)
            occlusion = Explanation(self.model, "occlusion", {})
            occluded = _scores(attributions_of(occlusion, asked, experiment.seed, self.parts, self.report))
            compared["occlusion"] = "ceiling", None, occluded
            saturation = saturation_rows(self.model.name, compared, losses, drawing)
            mutagenesis = Explanation(self.model, "mutagenesis", {})
            lost = mean_losses(losses, asked)
            for explanation, scores in ((occlusion, occluded), (mutagenesis, lost)):
                mutated.append(self._mutated(explanation, "ceiling", scores, targets[few], few, None))
        return {
            "mutation-fidelity": fidelity_rows(self.model.name, mutated, random, experiment.counts, drawing),
            "curves": list(curve_rows(self.model.name, mutated, random, experiment.counts, drawing)),
            "saturation": saturation,
        }

    def _with_floors(self) -> Iterator[tuple[Explanation, Kind, str | None]]:
        """Explanations with their kinds and the names of their floors."""
        for explanation in self.explanations:
            floor = Explanation(self.model, explanation.method, explanation.settings, randomised=True)
            yield explanation, "ranked", floor.name
            yield floor, "floor", None

    def _mutated(
        self,
        explanation: Explanation,
        kind: Kind,
        scores: Scores,
        targets: npt.NDArray[np.int64],
        rows: npt.NDArray[np.int64],
        floor: str | None,
    ) -> Mutated:
        """What mutations by the scores of these rows of the proteins do."""
        mutating = self._mutating(chosen(self.asked, rows), targets)
        terms = _terms(explanation, self.experiment)
        losses = mutating.by_scores(explanation.name, scores, terms, self.parts, self.report)
        return Mutated(explanation.name, kind, losses, rows, floor)

    def _mutating(self, asked: Asked, targets: npt.NDArray[np.int64]) -> Mutating:
        experiment = self.experiment
        return Mutating(self.model, asked, targets, experiment.counts, experiment.draws, experiment.seed)

    def _numbers(self, attributions: pa.Table) -> npt.NDArray[np.int64]:
        """Numbers of the classes that are explained."""
        classes = self.model.model.configuration.classes
        return np.array([classes.index(target) for target in attributions["target"].to_pylist()])


def _scores(attributions: pa.Table) -> Scores:
    return [each.values.to_numpy() for each in attributions["scores"]]


def _terms(explanation: Explanation, experiment: MutationFidelity) -> dict[str, object]:
    method = method_named(explanation.method, explanation.settings)
    return {
        "method": explanation.method,
        "settings": settings_of(method, experiment.seed),
        "randomised": experiment.seed if explanation.randomised else None,
    }
