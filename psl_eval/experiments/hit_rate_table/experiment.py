"""The table of hit rates: models, explanations, definitions and exclusions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.comparing.comparison import COMPARISON
from psl_eval.experiments.explained_proteins import Explanation, attributions_of, digest_of_proteins
from psl_eval.experiments.hit_rate_table.findings import draw, findings
from psl_eval.experiments.hit_rate_table.row import CONFIDENCE_ROWS, HIT_RATE_ROWS, Row, correct_together
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.paired_comparison import paired_comparison
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.result import Result
from psl_eval.experiments.scored_subsequences import (
    Scoring,
    digest_of_training_set,
    require_locations,
    side_by_side,
)
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.rows import table_of
from psl_eval.subsequences.extraction import extract
from psl_index.errors import InputError, UsageError
from psl_index.progress import Progress

if TYPE_CHECKING:
    from psl_eval.exclusion.clusters import Clusters
    from psl_index.index import Index

COMPARISON_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("definition", pa.string(), nullable=False),
        pa.field("exclusion", pa.string(), nullable=False),
        *COMPARISON,
    ]
)

DEFINITIONS: Final = ("paper", "unweighted", "released")
#: Controls that take part wherever a model has attention; `shifted` keeps the lengths of what the learned weights pick.
ATTENTIONS: Final = ("attention", "permuted", "random", "shifted")
#: What others are compared with, where it is there: attention with its floor as with all, and the floor of gradients.
REFERENCES: Final = ("attention", "integrated-gradients, weights randomised")


@dataclass(frozen=True)
class HitRateTable:
    """Choices of the experiment.

    Attributes
    ----------
    definitions : tuple of str
        See `psl_eval.scoring.definitions`; the first is that of comparisons.
    nulls : tuple of str
        See `psl_eval.nulls.null_models`.
    steps : int
        Of integrated gradients; none are added where they do not add up.
    as_released : bool
        Also take integrated gradients as the study's released code did.
    draws, resamples : int
        Of null models and of intervals.
    seed : int
        Of all that is random.
    """

    definitions: tuple[str, ...] = DEFINITIONS
    nulls: tuple[str, ...] = ("window",)
    steps: int = 50
    as_released: bool = False
    draws: int = 1000
    resamples: int = 2000
    seed: int = 1

    def run(
        self,
        index: Index,
        models: Sequence[NamedModel],
        asked: Asked,
        parts: Parts,
        report: Callable[[Progress], None],
        *,
        clusters: Clusters | None = None,
        threads: int = 0,
    ) -> Result:
        """Explain all proteins in all ways, extract by the study's rule, and score.

        Each explanation is scored against the predicted and the true class, by each definition, with nothing excluded,
        with the protein itself, with what the model has learned from (where that is known), and with its cluster (where
        clusters are given).

        Raises
        ------
        UsageError
            Two models have one name, or predict different classes.
        InputError
            The proteins have no labels, nothing stands out in them, or the index has no locations; as
            `psl_eval.run.Run`.
        """
        names = [model.name for model in models]
        if len(set(names)) < len(names):
            raise UsageError("two models have one name", remedy="give them names: NAME=MODEL")
        require_locations(index)
        rates: list[dict[str, Any]] = []
        confidence: list[dict[str, Any]] = []
        comparisons: list[dict[str, Any]] = []
        notes: list[str] = []
        for model in models:
            scoring = Scoring(index, asked, model.training_set, clusters, threads)
            if not scoring.learned_entries:
                known = "is in no row left out: " + ("not known" if model.training_set is None else "not in the index")
                notes.append(f"{model.name}, what it has learned from {known}")
            rows = []
            for explanation in self.explanations(model):
                subsequences = extract(attributions_of(explanation, asked, self.seed, parts, report))
                if not subsequences.num_rows:
                    notes.append(f"{model.name}, {explanation.name}: stands out nowhere in these proteins")
                    continue
                definitions = tuple(dict.fromkeys(self.definitions))
                rows.append(Row(explanation, subsequences, scoring, definitions, self._choices(), parts))
                of_rates, of_confidence = rows[-1].rows()
                rates += of_rates
                confidence += of_confidence
                report(Progress(f"{model.name}: hit rates of {explanation.name}", 1, 1, "explanations"))
            for exclusion in scoring.exclusions:
                comparisons += self._compared(model, rows, exclusion, parts)
        if not rates:
            remedy = "give longer or more proteins, or another model"
            raise InputError("no explanation stands out anywhere in these proteins", remedy=remedy)
        correct_together(rates)
        table, comparison = table_of(rates, HIT_RATE_ROWS), table_of(comparisons, COMPARISON_ROWS)
        return Result(
            experiment="hit-rate-table",
            tables={
                "hit-rate-table": table,
                "comparison": comparison,
                "confidence": table_of(confidence, CONFIDENCE_ROWS),
            },
            figures={"hit-rate-table": draw(table)},
            findings=(*findings(table, comparison), *notes),
            settings=asdict(self)
            | {
                "index": index.manifest.digest,
                "models": {model.name: digest_of_model(model.model) for model in models},
                "training_sets": {model.name: digest_of_training_set(model.training_set) for model in models},
                "proteins": {"number": len(asked.sequences), "digest": digest_of_proteins(asked)},
                "clusters": None if clusters is None else clusters.record._asdict(),
            },
        )

    def explanations(self, model: NamedModel) -> Iterator[Explanation]:
        """The rows of a model."""
        gradients: dict[str, object] = {"steps": self.steps, "tolerance": None}  # as the study: so many and no more
        yield Explanation(model, "integrated-gradients", gradients)
        yield Explanation(model, "integrated-gradients", gradients, randomised=True)
        if self.as_released:
            yield Explanation(model, "integrated-gradients", {}, as_released=True)
        if model.attends:
            for method in ATTENTIONS:
                yield Explanation(model, method, {})
            yield Explanation(model, "attention", {}, randomised=True)

    def _choices(self) -> Choices:
        nulls = tuple(dict.fromkeys(self.nulls))
        return Choices(against="both", nulls=nulls, draws=self.draws, resamples=self.resamples, seed=self.seed)

    def _compared(
        self, model: NamedModel, rows: Sequence[Row], exclusion: str, parts: Parts
    ) -> Iterator[dict[str, Any]]:
        """Rows of `COMPARISON_ROWS`: every explanation against each reference, two at a time."""
        names = [row.explanation.name for row in rows]
        references = [name for name in REFERENCES if name in names]
        pairs = [
            (reference, name)
            for place, reference in enumerate(references)
            for name in names
            if name != reference and name not in references[:place]
        ]
        if not pairs:
            return
        terms = rows[0].scoring.terms(exclusion) | {
            "subsequences": {row.explanation.name: row.digest for row in rows},
            "pairs": pairs,
            "exclusion": exclusion,
            "definition": self.definitions[0],
            "seed": self.seed,
            "resamples": self.resamples,
        }

        def compute() -> pa.Table:
            scored = side_by_side(lambda scoring, row: row.method(exclusion, scoring), rows, rows[0].scoring)
            methods = dict(zip(names, scored, strict=True))
            named = [(methods[reference], methods[name]) for reference, name in pairs]
            return paired_comparison(named, seed=self.seed, resamples=self.resamples)

        about = {"model": model.name, "definition": self.definitions[0], "exclusion": exclusion}
        for row in parts.table(f"{model.name}-compared-{exclusion}", terms, compute).to_pylist():
            yield about | row
