"""The experiment `filters`: each filter as a logo, where it fires, where attention lies, which residues matter."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.explained_proteins import Explanation, attributions_of, digest_of_proteins
from psl_eval.experiments.filters.attention_at_ends import END_ROWS, end_rows
from psl_eval.experiments.filters.attention_by_class import (
    ATTENTION_ROWS,
    attention_rows,
    draw_attention,
    mean_over_draws,
)
from psl_eval.experiments.filters.figure import draw_filters
from psl_eval.experiments.filters.filter_rows import FILTER_ROWS, LOGO_ROWS, Looking, Seen, logo_rows
from psl_eval.experiments.filters.findings import findings
from psl_eval.experiments.filters.logos import background_of
from psl_eval.experiments.filters.peaks import convolutions_of, peaks_of, peaks_table, widths_of
from psl_eval.experiments.filters.residue_importance import RESIDUE_ROWS, by_residue, draw_residues, residue_rows
from psl_eval.experiments.models import NamedModel, digest_of_model, with_random_weights
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.ranked_methods import refusal, settings_for
from psl_eval.experiments.result import Result
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.rows import table_of
from psl_index.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Report = Callable[[Progress], None]
Rows = list[dict[str, Any]]

#: Tables in their order, by name.
_TABLES: Final = {
    "filters": FILTER_ROWS,
    "logos": LOGO_ROWS,
    "attention-by-class": ATTENTION_ROWS,
    "attention-at-ends": END_ROWS,
    "residues": RESIDUE_ROWS,
}


@dataclass(frozen=True)
class Filters:
    """Choices of the experiment.

    Attributes
    ----------
    method : str
        Attribution of residues, a name in `psl_models.attribution.METHODS`.
    steps : int
        Of integrated gradients at least; few will do for means over many residues.
    draws : int
        Of random weights, which stand beside the trained ones: their seeds are the seed and those that follow it.
    windows, pseudocount
        As of `psl_eval.experiments.filters.filter_rows.Looking`.
    near : int
        Residues from an end that count as near it.
    reach : int
        Residues from each end over which attention is shown.
    shown : int
        Logos in the figure, of each kind of weights; all are in the tables.
    resamples : int
        Of intervals, and of rotations.
    seed : int
        Of all that is random.
    """

    method: str = "integrated-gradients"
    steps: int = 20
    draws: int = 5
    windows: int = 100
    pseudocount: float = 2.0
    near: int = 30
    reach: int = 100
    shown: int = 20
    resamples: int = 2000
    seed: int = 1

    def run(self, models: Sequence[NamedModel], asked: Asked, parts: Parts, report: Report) -> Result:
        """Look at the first convolutions, the attention and the attributions of each model, beside random weights.

        Raises
        ------
        UsageError
            There is no such attribution; a model has no convolutions, or has not what the attribution needs.
        """
        for model in models:  # before anything is worked out
            convolutions_of(model)
            refused = refusal(Explanation(model, self.method, {}))
            if refused is not None:
                raise refused
        rows: dict[str, Rows] = {name: [] for name in _TABLES}
        figures: dict[str, Figure] = {}
        for model in models:
            for name, of_model in self._filters(model, asked, figures, parts, report).items():
                rows[name] += of_model
            for name, of_model in self._attention(model, asked, figures, parts, report).items():
                rows[name] += [{"model": model.name} | row for row in of_model]
            residues = list(self._residues(model, asked, parts, report))
            rows["residues"] += [{"model": model.name} | row for row in residues]
            figures[f"residues-{model.name}"] = draw_residues(residues)
        tables: dict[str, pa.Table] = {name: table_of(rows[name], schema) for name, schema in _TABLES.items()}
        return Result(
            experiment="filters",
            tables=tables,
            figures=figures,
            findings=findings(tables, self.draws),
            settings=asdict(self)
            | {
                "models": {model.name: digest_of_model(model.model) for model in models},
                "proteins": {"number": len(asked.sequences), "digest": digest_of_proteins(asked)},
            },
        )

    @property
    def _seeds(self) -> range:
        """Of the draws of random weights."""
        return range(self.seed, self.seed + self.draws)

    def _filters(
        self, model: NamedModel, asked: Asked, figures: dict[str, Figure], parts: Parts, report: Report
    ) -> dict[str, Rows]:
        """Rows of the tables `filters` and `logos`; the figure shows the first draw of random weights."""
        background = background_of(asked.sequences)
        trained = self._seen(model, asked, parts, report)
        untrained = [
            self._seen(NamedModel(f"{model.name}-random", with_random_weights(model.model, seed)), asked, parts, report)
            for seed in self._seeds
        ]
        seen = {"trained": trained, "random": untrained[0]}
        figures[f"filters-{model.name}"] = draw_filters(seen, background, self.shown)
        rows: dict[str, Rows] = {"filters": [], "logos": []}
        for draw, filters in enumerate([trained, *untrained]):
            about = {"model": model.name, "weights": "random" if draw else "trained", "draw": draw or None}
            rows["filters"] += [about | each.row for each in filters]
            rows["logos"] += [about | row for row in logo_rows(filters, background)]
        return rows

    def _seen(self, model: NamedModel, asked: Asked, parts: Parts, report: Report) -> list[Seen]:
        convolutions = convolutions_of(model)
        terms = {"model": digest_of_model(model.model), "proteins": digest_of_proteins(asked), "seed": self.seed}
        table = parts.table(
            f"{model.name}-peaks",
            terms,
            lambda: peaks_table(model.model, convolutions, asked.sequences, self.seed, report),
        )
        looking = Looking(self.windows, self.pseudocount, self.near, self.seed)
        return looking.filters(peaks_of(table, len(asked.sequences)), widths_of(convolutions), asked)

    def _attention(
        self, model: NamedModel, asked: Asked, figures: dict[str, Figure], parts: Parts, report: Report
    ) -> dict[str, Rows]:
        """Rows of the tables `attention-by-class` and `attention-at-ends`, but for the first column; none without."""
        if not model.attends:
            return {}
        classes = model.model.configuration.classes
        trained, *untrained = (
            [scores.values.to_numpy() for scores in found["scores"]]
            for found in self._explained(model, "attention", {}, asked, parts, report)
        )
        of_model = attention_rows(trained, asked.labels, classes, self.reach)
        of_draws = [list(attention_rows(each, asked.labels, classes, self.reach)) for each in untrained]
        by_class = [
            *({"weights": "trained"} | row for row in of_model),
            *({"weights": "random"} | row for row in mean_over_draws(of_draws)),
        ]
        figures[f"attention-{model.name}"] = draw_attention(by_class, self.reach)
        at_ends = end_rows(trained, untrained, asked.labels, classes, self.near, self.seed, self.resamples)
        return {"attention-by-class": by_class, "attention-at-ends": list(at_ends)}

    def _residues(self, model: NamedModel, asked: Asked, parts: Parts, report: Report) -> Iterator[dict[str, Any]]:
        """Rows of the table `residues`, but for the first column."""
        settings = settings_for(self.method, self.steps)
        found = self._explained(model, self.method, settings, asked, parts, report)
        trained = next(found)
        targets = trained["target"].to_pylist()
        untrained = np.array([by_residue(each) for each in found])
        classes = model.model.configuration.classes
        yield from residue_rows(by_residue(trained), untrained, targets, classes, self.seed, self.resamples)

    def _explained(
        self, model: NamedModel, method: str, settings: Mapping[str, object], asked: Asked, parts: Parts, report: Report
    ) -> Iterator[pa.Table]:
        """Attributions by the model, and then by each draw of random weights, for the classes that it predicts."""
        yield attributions_of(Explanation(model, method, settings), asked, self.seed, parts, report)
        for seed in self._seeds:
            yield attributions_of(Explanation(model, method, settings, randomised=True), asked, seed, parts, report)
