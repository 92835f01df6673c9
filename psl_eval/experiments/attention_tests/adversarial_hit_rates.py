"""Hit rates of what learned, adversarial and misplaced weights pick out, on the same proteins at the same lengths.

The question of this project: if weights that no model has ever had pick out subsequences of the same hit rate, a hit
rate says nothing in favour of the learned ones. Short subsequences are in many entries, whoever chose them, so rates
are compared protein by protein within strata of length, too; `shifted` weights keep the lengths of the learned ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.choices import Choices
from psl_eval.comparing.comparison import COMPARISON
from psl_eval.experiments.attention_tests.hit_rate_findings import draw, findings
from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested
from psl_eval.experiments.attention_tests.readouts import Floats
from psl_eval.experiments.explained_proteins import Explanation, attributions_of
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.paired_comparison import paired_comparison
from psl_eval.experiments.parts import digest_of
from psl_eval.experiments.scored_subsequences import Scoring, require_locations
from psl_eval.results.schemas import ATTRIBUTIONS
from psl_eval.subsequences.extraction import extract
from psl_index.progress import Progress

if TYPE_CHECKING:
    from psl_eval.exclusion.clusters import Clusters
    from psl_index.index import Index

HIT_RATES: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("definition", pa.string(), nullable=False),
        pa.field("exclusion", pa.string(), nullable=False),
        # `method` is `learned`, `adversarial`, `rotated` or one of CONTROLS, the reference `learned`; q-values are over
        # the rows of one model, definition and exclusion.
        *COMPARISON,
        pa.field("shared", pa.float64()),  # share of a protein's picked residues that the learned weights pick, too
    ]
)
LEARNED: Final = "learned"
#: Weights that are not the model's, whatever they do to its answer: names in `psl_models.attribution.METHODS`.
CONTROLS: Final = ("shifted", "permuted")


@dataclass(frozen=True, eq=False)
class AdversarialHitRates:
    """How subsequences are extracted, by the study's rule, and scored, against the predicted class.

    Attributes
    ----------
    index : Index
    clusters : Clusters or None
        For the exclusion ``cluster``; see `Scoring`.
    definitions : tuple of str
        See `psl_eval.scoring.definitions`; the first is that of findings.
    threads : int
        Of the scoring; 0 for all.

    Raises
    ------
    InputError
        No entry of the index has a location.
    """

    index: Index
    clusters: Clusters | None = None
    definitions: tuple[str, ...] = ("paper", "unweighted")
    threads: int = 0

    def __post_init__(self) -> None:
        require_locations(self.index)

    def settings(self) -> dict[str, Any]:
        """Choices as JSON holds them."""
        clusters = None if self.clusters is None else self.clusters.record._asdict()
        return {"definitions": list(self.definitions), "clusters": clusters}

    def rows(
        self, model: NamedModel, weights: Mapping[str, Sequence[Floats | None]], setting: Setting
    ) -> Iterator[dict[str, Any]]:
        """Rows of `HIT_RATES`: of each kind of weights its rates, and its paired comparison with the learned ones.

        `weights` has those of each protein by name, None where there are none; the controls come by themselves. There
        are no rows where nothing stands out in the learned weights, or nowhere else.
        """
        subsequences = {name: table for name, table in self._picked(model, weights, setting) if table.num_rows}
        if LEARNED not in subsequences or len(subsequences) < 2:
            return
        shared = {name: _shared(table, subsequences[LEARNED]) for name, table in subsequences.items()}
        scoring = Scoring(self.index, setting.asked, model.training_set, self.clusters, self.threads)
        for definition in self.definitions:
            for exclusion in ("none", *scoring.exclusions):
                choices = Choices(definition=definition, exclude=exclusion, against="predicted", seed=setting.seed)
                about = {"model": model.name, "definition": definition, "exclusion": exclusion}
                for row in _compared(model.name, subsequences, scoring, choices, setting).to_pylist():
                    yield about | row | {"shared": shared[row["method"]]}
                step = f"{model.name}: {definition} hit rates of adversarial weights"
                setting.report(Progress(step, 1, 1, f"exclusion {exclusion}"))

    def tested(self, table: pa.Table) -> Tested:
        """The table with its figure and findings."""
        figures = {"adversarial-hit-rates": draw(table)} if table.num_rows else {}
        said = tuple(findings(table)) or ("Nothing stands out in these weights: there are no hit rates to compare",)
        return Tested({"adversarial-hit-rates": table}, figures, said)

    def _picked(
        self, model: NamedModel, weights: Mapping[str, Sequence[Floats | None]], setting: Setting
    ) -> Iterator[tuple[str, pa.Table]]:
        """Each kind of weights, and the subsequences that they pick out."""

        def attributions(method: str) -> pa.Table:
            explanation = Explanation(model, method, {})
            return attributions_of(explanation, setting.asked, setting.seed, setting.parts, setting.report)

        learned = attributions("attention")
        yield LEARNED, extract(learned)
        for name, of_proteins in weights.items():
            if any(each is not None for each in of_proteins):
                yield name, extract(_with_scores(learned, name, of_proteins))
        for name in CONTROLS:
            yield name, extract(attributions(name))


def _compared(
    model: str, subsequences: Mapping[str, pa.Table], scoring: Scoring, choices: Choices, setting: Setting
) -> pa.Table:
    """The comparison of all weights with the learned ones, which come first; worked out once."""
    terms = scoring.terms(choices.exclude) | {
        "subsequences": {name: digest_of({"rows": table.to_pylist()}) for name, table in subsequences.items()},
        "choices": asdict(choices),
        "resamples": setting.resamples,
    }

    def compute() -> pa.Table:
        learned, *others = (scoring.method(name, table, choices) for name, table in subsequences.items())
        pairs = [(learned, other) for other in others]
        return paired_comparison(pairs, seed=setting.seed, resamples=setting.resamples)

    name = f"{model}-adversarial-hit-rates-{choices.definition}-{choices.exclude}"
    return setting.parts.table(name, terms, compute)


def _with_scores(attributions: pa.Table, name: str, weights: Sequence[Floats | None]) -> pa.Table:
    """The rows of the proteins that have weights, with these for scores."""
    kept = [row for row, each in enumerate(weights) if each is not None]
    columns = {field.name: attributions[field.name].combine_chunks().take(pa.array(kept)) for field in ATTRIBUTIONS}
    columns["method"] = pa.array([name] * len(kept), pa.string())
    scores = [np.asarray(weights[row], np.float32) for row in kept]
    columns["scores"] = pa.array(scores, pa.list_(pa.float32()))
    return pa.Table.from_arrays([columns[field.name] for field in ATTRIBUTIONS], schema=ATTRIBUTIONS)


def _shared(subsequences: pa.Table, learned: pa.Table) -> float:
    """Mean over proteins of the share of picked residues that the learned weights pick, too."""
    ours, theirs = _residues(subsequences), _residues(learned)
    return float(np.mean([len(places & theirs.get(query, set())) / len(places) for query, places in ours.items()]))


def _residues(subsequences: pa.Table) -> dict[str, set[int]]:
    """Residues that are in a subsequence, by protein."""
    found: dict[str, set[int]] = {}
    for query, start, end in zip(*(subsequences[name].to_pylist() for name in ("query", "start", "end")), strict=True):
        found.setdefault(query, set()).update(range(start, end + 1))
    return found
