"""Whether a model would say the same if it attended elsewhere, and whether the hit rate would tell.

Jain and Wallace 2019 (Attention is not Explanation), section 4.2.2: the largest Jensen-Shannon divergence from the
learned weights among those that move the answer by at most epsilon in total variation, by the largest learned weight.
What differs in the search is said in `AdversarialSearch`. Beside it stand rotations of the learned weights within
epsilon, for an adversary that weighs runs of residues as the model does, permuted and uniform weights, which are not
searched for, and the same of a network with random weights: that any network has such weights says nothing of this one.

That paper asks whether weights far from the learned ones leave the answer as it is; the question of this project is
whether such weights, which no model has ever had, pick out subsequences of the same hit rate. If they do, a hit rate
says nothing in favour of the learned ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.attention_tests.adversarial_hit_rates import HIT_RATES, AdversarialHitRates
from psl_eval.experiments.attention_tests.adversarial_rows import WEIGHTS, adversarial_rows
from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
from psl_eval.experiments.attention_tests.attention_test import AttentionTest
from psl_eval.experiments.attention_tests.divergences import MOST
from psl_eval.experiments.attention_tests.peaks import ALL, by_peak
from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested, column_of
from psl_eval.experiments.attention_tests.readouts import Floats
from psl_eval.experiments.estimates import mean_fields
from psl_eval.experiments.figures import COLOURS, GREY, MARKERS, new_figure
from psl_eval.statistics.rows import table_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ADVERSARIAL: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("weights", pa.string(), nullable=False),  # adversarial, rotated, permuted, uniform
        pa.field("randomised", pa.bool_(), nullable=False),  # of a network with random weights: the floor
        pa.field("largest_weight", pa.string(), nullable=False),  # proteins by their largest learned weight, or all
        pa.field("proteins", pa.int64(), nullable=False),
        pa.field("found", pa.int64(), nullable=False),  # proteins with such weights within epsilon
        *mean_fields("divergence"),  # Jensen-Shannon from the learned weights, in nats, mean over those found
        pa.field("most", pa.float64(), nullable=False),  # the largest divergence there is, log 2
        *mean_fields("total_variation"),  # of the answers, mean over all proteins with such weights
        pa.field("epsilon", pa.float64(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Adversarial(AttentionTest):
    """Choices of the test.

    Attributes
    ----------
    search : AdversarialSearch
    hit_rates : AdversarialHitRates or None
        How subsequences are scored; None where there is no index.
    """

    search: AdversarialSearch = field(default_factory=AdversarialSearch)
    hit_rates: AdversarialHitRates | None = None

    def settings(self) -> dict[str, Any]:
        """Choices; of the hit rates those that are not the index, which the experiment names."""
        scored = None if self.hit_rates is None else self.hit_rates.settings()
        return {"search": asdict(self.search), "hit_rates": scored}

    def run(self, setting: Setting) -> Tested:
        """Divergences that are reached, and with an index the hit rates of what such weights pick out."""
        rows: list[dict[str, Any]] = []
        compared: list[dict[str, Any]] = []
        points: dict[str, pa.Table] = {}
        for model in setting.models:
            for randomised in (False, True):
                proteins = adversarial_rows(model, self.search, setting, randomised=randomised)
                rows += self._summary(model.name, proteins, setting, randomised)
                if not randomised:
                    points[model.name] = proteins
            if self.hit_rates is not None:
                compared += self.hit_rates.rows(model, _within(points[model.name], setting), setting)
        table = table_of(rows, ADVERSARIAL)
        tested = Tested({"adversarial": table}, {"adversarial": _draw(points)}, tuple(_findings(table)))
        if self.hit_rates is None:
            return tested
        scored = self.hit_rates.tested(table_of(compared, HIT_RATES))
        return Tested(
            tested.tables | scored.tables, tested.figures | scored.figures, (*tested.findings, *scored.findings)
        )

    def _summary(self, model: str, proteins: pa.Table, setting: Setting, randomised: bool) -> Iterator[dict[str, Any]]:
        for name in WEIGHTS:
            peaks = column_of(proteins, "largest_weight", weights=name)
            within = column_of(proteins, "within", weights=name) > 0
            away = column_of(proteins, "divergence", weights=name)
            moved = column_of(proteins, "total_variation", weights=name)
            for label, here in by_peak(peaks):
                yield {
                    "model": model,
                    "weights": name,
                    "randomised": randomised,
                    "largest_weight": label,
                    "proteins": int(here.sum()),
                    "found": int((here & within).sum()),
                    **setting.mean("divergence", away[here & within]),
                    "most": MOST,
                    **setting.mean("total_variation", moved[here]),
                    "epsilon": self.search.epsilon,
                    "seed": setting.seed,
                }


def _within(proteins: pa.Table, setting: Setting) -> dict[str, list[Floats | None]]:
    """Adversarial and rotated weights of each protein; None where there are none within epsilon."""
    found: dict[str, list[Floats | None]] = {
        name: [None] * len(setting.asked.sequences) for name in ("adversarial", "rotated")
    }
    for row in proteins.to_pylist():
        if row["weights"] in found and row["within"]:
            found[row["weights"]][row["protein"]] = np.asarray(row["attention"], np.float64)
    return found


_KINDS: Final = {
    "adversarial": "adversarial weights",
    "rotated": "the model's own weights, rotated",
    "permuted": "one random permutation of the model's own weights",
    "uniform": "uniform weights",
}


def _findings(table: pa.Table) -> Iterator[str]:
    rows = [row for row in table.to_pylist() if row["largest_weight"] == ALL]
    floor = {(row["model"], row["weights"]): row for row in rows if row["randomised"]}
    for row in rows:
        if row["randomised"]:
            continue
        said = (
            f"{row['model']}: for {row['found']:,} of {row['proteins']:,} proteins the answer moves by at most "
            f"{row['epsilon']:g} of total variation with {_KINDS[row['weights']]}"
        )
        if row["found"]:
            said += (
                f", {row['divergence']:.3f} nats from the learned ones on average, "
                f"{row['divergence'] / row['most']:.0%} of the most there can be"
            )
        if row["weights"] == "adversarial":
            random = floor[row["model"], row["weights"]]
            said += f" (network with random weights: {random['found']:,}"
            said += f", {random['divergence']:.3f} nats)" if random["found"] else ")"
        yield said


def _draw(points: dict[str, pa.Table]) -> Figure:
    """Divergence reached by the largest learned weight, a point for each protein."""
    figure = new_figure(1.0 + 4.0 * len(points), 4.6)
    panels = figure.subplots(1, len(points), sharey=True, squeeze=False)[0]
    for axes, (model, proteins) in zip(panels, points.items(), strict=True):
        axes.axhline(MOST, color=GREY, linewidth=1, linestyle="--", label="log 2, the most there can be")
        for style, name in enumerate(("adversarial", "rotated", "permuted")):
            within = column_of(proteins, "within", weights=name) > 0
            axes.plot(
                column_of(proteins, "largest_weight", weights=name)[within],
                column_of(proteins, "divergence", weights=name)[within],
                MARKERS[style],
                color=COLOURS[style],
                markersize=4,
                alpha=0.7,
                label=f"{name}: {int(within.sum()):,} of {len(within):,} proteins",
            )
        axes.set(title=model, xlabel="largest learned weight", xlim=(0, None), ylim=(0, 0.75))
        axes.locator_params(axis="x", nbins=5)
        axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.15))
        axes.grid(color="#dddddd", linewidth=0.6)
    panels[0].set_ylabel("divergence from the learned weights, nats")
    figure.suptitle("Weights that leave the answer as it is")
    return figure
