"""Do explanations change when a model loses what it has learned? (Adebayo et al. 2018)

An explanation that stays as it is when weights are randomised says nothing of what the model has learned.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.drawn_proteins import chosen, drawn_proteins
from psl_eval.experiments.estimates import correct, tested_fields
from psl_eval.experiments.explained_proteins import Explanation, attributions_of, digest_of_proteins
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.mutation.replaced_residues import residues_chosen
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.ranked_methods import explanations_of
from psl_eval.experiments.result import Result
from psl_eval.experiments.sanity.figure import draw
from psl_eval.experiments.sanity.findings import findings
from psl_eval.experiments.sanity.over_draws import over_draws
from psl_eval.experiments.sanity.randomised_layers import randomised_layers, stages_of
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.association import spearman
from psl_eval.statistics.resampling import Floats
from psl_eval.statistics.rows import table_of
from psl_index.progress import Progress
from psl_models.attribution import attribute
from psl_models.attribution.method import settings_of
from psl_models.attribution.methods import method_named
from psl_models.encoding import encode

CHECKS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("mode", pa.string(), nullable=False),  # cascading: with all layers above; independent: alone
        pa.field("layer", pa.string(), nullable=False),  # that is randomised, the last one of a cascade
        pa.field("depth", pa.int64(), nullable=False),  # its number from the classifier, 1, down
        pa.field("draws", pa.int64(), nullable=False),  # of random weights, over which intervals and tests are
        pa.field("proteins", pa.int64(), nullable=False),  # with a rank correlation in one of them
        # Tests of the explanations of a model are corrected together, those of a mode and layer.
        *tested_fields("rho"),  # Spearman of scores with those of the trained model, mean over proteins, against 0
        *tested_fields("absolute_rho"),  # the same of the sizes of scores
        pa.field("overlap", pa.float64()),  # share of the top k residues that are among the trained model's
        pa.field("chance_overlap", pa.float64()),  # of k random residues: k over the length
        *tested_fields("above_chance"),  # overlap - chance_overlap
    ]
)
_ALIKE: Final = pa.schema([pa.field(name, pa.float64()) for name in ("rho", "absolute_rho", "overlap")])
_TESTS: Final = ("rho", "absolute_rho", "above_chance")


@dataclass(frozen=True)
class SanityChecks:
    """Choices of the experiment.

    Attributes
    ----------
    methods : tuple of str
        Those that are checked; none: all of `psl_eval.experiments.ranked_methods.RANKED` that explain a model.
    most : int
        Proteins that are drawn of those given.
    draws : int
        Of random weights: what intervals and tests count.
    k : int
        Residues at the top whose overlap is counted; of a shorter protein all.
    unchanged : float
        Correlation above which an explanation counts as unchanged.
    steps : int
        Of integrated gradients.
    seed : int
        Of all that is random; the draws of weights have this seed and those that follow it.
    """

    methods: tuple[str, ...] = ()
    most: int = 6
    draws: int = 10
    k: int = 10
    unchanged: float = 0.5
    steps: int = 50
    seed: int = 1

    def run(
        self, models: Sequence[NamedModel], asked: Asked, parts: Parts, report: Callable[[Progress], None]
    ) -> Result:
        """Randomise layer by layer, and compare each explanation with that of the trained model.

        The class that is explained is the one that the trained model predicts. What a method draws at random is the
        same for both.

        Raises
        ------
        UsageError
            A method that was asked for cannot explain a model.
        InputError, OutputError
            As of `Parts.table`.
        """
        explanations = {model.name: list(explanations_of(model, self.methods, self.steps)) for model in models}
        asked = chosen(asked, drawn_proteins(asked, self.most, self.seed))
        rows: list[dict[str, Any]] = []
        for model in models:
            of_explanations = [
                list(_Checking(self, explanation, asked, parts, report).rows())
                for explanation in explanations[model.name]
            ]
            for family in zip(*of_explanations, strict=True):
                for test in _TESTS:
                    correct(family, test)
            rows += itertools.chain.from_iterable(of_explanations)
        table = table_of(rows, CHECKS)
        return Result(
            experiment="sanity-checks",
            tables={"sanity-checks": table},
            figures={"sanity-checks": draw(table)},
            findings=findings(table, self.unchanged),
            settings=asdict(self)
            | {
                "models": {model.name: digest_of_model(model.model) for model in models},
                "proteins": {"number": len(asked.sequences), "digest": digest_of_proteins(asked)},
            },
        )


@dataclass(frozen=True, eq=False)
class _Checking:
    """The checks of one explanation."""

    experiment: SanityChecks
    explanation: Explanation
    asked: Asked
    parts: Parts
    report: Callable[[Progress], None]

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows of the table, without the corrected p-values."""
        experiment, model = self.experiment, self.explanation.model
        trained = attributions_of(self.explanation, self.asked, experiment.seed, self.parts, self.report)
        scores = [each.values.to_numpy() for each in trained["scores"]]
        classes = model.model.configuration.classes
        targets = np.array([classes.index(target) for target in trained["target"].to_pylist()])
        lengths = np.array([len(sequence) for sequence in self.asked.sequences])
        at_chance = np.minimum(experiment.k, lengths) / lengths
        stages = stages_of(model.model)
        depths = {layer: number + 1 for number, layer in enumerate(dict.fromkeys(layer for _, layer, _ in stages))}
        for number, (mode, layer, names) in enumerate(stages):
            seeds = range(experiment.seed, experiment.seed + experiment.draws)
            draws = [self._alike(names, seed, scores, targets) for seed in seeds]
            self.report(
                Progress(f"{model.name}: {self.explanation.name}, layers randomised", number + 1, len(stages), "stages")
            )
            rho, absolute, overlap = np.stack(draws, axis=2).transpose(1, 2, 0)  # each of shape (draws, proteins)
            yield {
                "model": model.name,
                "explanation": self.explanation.name,
                "mode": mode,
                "layer": layer,
                "depth": depths[layer],
                "draws": len(draws),
                "proteins": np.count_nonzero(~np.isnan(rho).all(axis=0)),
                **over_draws("rho", rho),
                **over_draws("absolute_rho", absolute),
                "overlap": overlap.mean(),
                "chance_overlap": at_chance.mean(),
                **over_draws("above_chance", overlap - at_chance),
            }

    def _alike(
        self,
        names: tuple[str, ...],
        seed: int,
        trained: Sequence[npt.NDArray[np.float32]],
        targets: npt.NDArray[np.int64],
    ) -> Floats:
        """How alike the scores of a model with random layers are to those of the trained one, (n, 3), as `_ALIKE`."""
        experiment, explanation = self.experiment, self.explanation
        method = method_named(explanation.method, explanation.settings)

        def compute() -> pa.Table:
            model = randomised_layers(explanation.model.model, names, seed)
            found = attribute(model, self.asked.sequences, explanation.method, method, targets, seed=experiment.seed)
            scores = {each.protein: each.scores for batch in found for each in batch}
            rows = [
                likeness(scores[number], own, sequence, experiment.k, experiment.seed)
                for number, (own, sequence) in enumerate(zip(trained, self.asked.sequences, strict=True))
            ]
            return table_of([dict(zip(_ALIKE.names, row, strict=True)) for row in rows], _ALIKE)

        terms = {
            "model": digest_of_model(explanation.model.model),
            "method": explanation.method,
            "settings": settings_of(method, experiment.seed),
            "proteins": digest_of_proteins(self.asked),
            "layers": list(names),
            "weights": seed,
            "k": experiment.k,
            "seed": experiment.seed,
        }
        table = self.parts.table(f"{explanation.model.name}-{explanation.method}-randomised", terms, compute)
        columns = [table[name].to_numpy(zero_copy_only=False).astype(np.float64) for name in _ALIKE.names]
        return np.column_stack(columns)


def likeness(
    scores: npt.NDArray[np.float32], other: npt.NDArray[np.float32], sequence: str, k: int, seed: int
) -> tuple[float, float, float]:
    """How alike two scores of the residues of a protein are.

    Returns
    -------
    tuple of float
        Spearman's correlation of the scores, that of their sizes (NaN where one is constant), and the share of the k
        residues of the highest scores (of a shorter protein all) that both have; residues that tie are in one random
        order for both.
    """
    tokens = encode(sequence)
    first, second = (residues_chosen(each, tokens, seed)["top"][:k] for each in (scores, other))
    shared = len(set(first.tolist()) & set(second.tolist())) / len(first)
    return spearman(scores, other), spearman(np.abs(scores), np.abs(other)), shared
