"""Whether attention ranks residues as other measures of their importance do.

Jain and Wallace 2019 (Attention is not Explanation), section 4.1: Kendall's tau-b of the learned weights with the sizes
of gradients, the attention itself held fixed, and with the total variation of the answer when a residue is left out;
over the residues of each protein, with the share of proteins where it differs from 0. Gradients are those of the
probability of the predicted class, times the embedding of the residue, as in their code.

What is added: gradients of the logit that go through the attention, too (as `pslidx attribute` gives them); the same
taus for weights that know nothing of the protein, of which `shifted` ones are as alike from residue to residue as the
learned ones, so that p-values of single proteins, which take residues for independent, can be seen for what they are;
for a network with random weights; and of gradients with leaving out, which says how far two measures agree at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import scipy.stats

from psl_eval.experiments.attention_tests.attention_test import AttentionTest
from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested
from psl_eval.experiments.attention_tests.readouts import Floats
from psl_eval.experiments.attention_tests.residue_scores import HELD, LEARNED, LEFT_OUT, ResidueScores
from psl_eval.experiments.drawn_proteins import chosen, drawn_proteins
from psl_eval.experiments.estimates import LEVEL, mean_fields
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.experiments.models import NamedModel
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.means import adjusted, holm, paired_test
from psl_eval.statistics.rows import table_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CORRELATION: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),  # of importance; see MEASURES
        pa.field(
            "ranking", pa.string(), nullable=False
        ),  # what it is compared with: one of WEIGHTS, RANDOMISED, LEFT_OUT
        pa.field("proteins", pa.int64(), nullable=False),  # with a tau
        *mean_fields("tau"),  # Kendall's tau-b over the residues of a protein, mean over proteins
        pa.field("deviation", pa.float64()),  # standard deviation of tau over proteins
        pa.field("significant", pa.float64()),  # share of proteins whose tau differs from 0, p < 0.05, two-sided
        pa.field("significant_adjusted", pa.float64()),  # q < 0.05, Benjamini-Hochberg over the proteins of the row
        *mean_fields("difference"),  # tau of the learned attention - tau, of the same proteins
        pa.field("p_value", pa.float64()),  # two-sided, of difference = 0
        pa.field("p_holm", pa.float64()),  # Holm over all rows with a p-value
        pa.field("seed", pa.int64(), nullable=False),
    ]
)
_TAUS: Final = pa.schema([pa.field("tau", pa.float64()), pa.field("p_value", pa.float64())])

#: Measures of the importance of residues; their size counts, whatever their sign.
MEASURES: Final = (HELD, "input-x-gradient", "saliency", LEFT_OUT)
#: Rankings by weights; `shifted` ones are as alike from residue to residue as the learned ones, at other places.
WEIGHTS: Final = (LEARNED, "shifted", "permuted", "random")
RANDOMISED: Final = "attention, network randomised"


@dataclass(frozen=True)
class Correlation(AttentionTest):
    """Choices of the test.

    Attributes
    ----------
    left_out : int
        Proteins at most whose residues are left out one by one, which takes a pass through the network a residue; drawn
        by the seed.
    """

    left_out: int = 200

    def settings(self) -> dict[str, Any]:
        """Choices."""
        return asdict(self)

    def run(self, setting: Setting) -> Tested:
        """Tau of each measure with each ranking, of each model."""
        fewer = chosen(setting.asked, drawn_proteins(setting.asked, self.left_out, setting.seed))
        rows = [row for model in setting.models for row in _OfModel(model, setting, fewer).rows()]
        for row, corrected in zip(rows, holm([row["p_value"] for row in rows]), strict=True):
            row["p_holm"] = float(corrected)
        table = table_of(rows, CORRELATION)
        return Tested({"correlation": table}, {"correlation": _draw(table)}, tuple(_findings(table)))


@dataclass(frozen=True, eq=False)
class _OfModel:
    """Taus of one model; those of leaving out for `fewer` proteins only."""

    model: NamedModel
    setting: Setting
    fewer: Asked

    def rows(self) -> Iterator[dict[str, Any]]:
        learned_nothing = ResidueScores(self.model, self.setting, randomised=True)
        own = ResidueScores(self.model, self.setting)
        for measure in MEASURES:
            asked = self.fewer if measure == LEFT_OUT else self.setting.asked
            learned = _taus(own, LEARNED, measure, asked)
            for ranking in WEIGHTS:
                taus = learned if ranking == LEARNED else _taus(own, ranking, measure, asked)
                yield self._row(measure, ranking, taus, learned)
            yield self._row(measure, RANDOMISED, _taus(learned_nothing, LEARNED, measure, asked), learned)
            if measure != LEFT_OUT:
                among_fewer = _taus(own, LEARNED, measure, self.fewer)
                yield self._row(measure, LEFT_OUT, _taus(own, LEFT_OUT, measure, self.fewer), among_fewer)

    def _row(self, measure: str, ranking: str, taus: pa.Table, learned: pa.Table) -> dict[str, Any]:
        values, p_values = (np.asarray(taus[name].to_numpy(), np.float64) for name in ("tau", "p_value"))
        known = ~np.isnan(p_values)
        row = {
            "model": self.model.name,
            "measure": measure,
            "ranking": ranking,
            "proteins": int(known.sum()),
            **self.setting.mean("tau", values),
            "deviation": float(values[known].std(ddof=1)) if known.sum() > 1 else np.nan,
            "significant": _share(p_values[known]),
            "significant_adjusted": _share(adjusted(p_values[known])),
            "p_value": np.nan,
            "seed": self.setting.seed,
        }
        if ranking != LEARNED:
            own = np.asarray(learned["tau"].to_numpy(), np.float64)
            test = paired_test(own, values, seed=self.setting.seed, resamples=self.setting.resamples)
            row |= {"difference": test.difference, "difference_low": test.low, "difference_high": test.high}
            row["p_value"] = test.p_value
        return row


def _taus(scores: ResidueScores, ranking: str, measure: str, asked: Asked) -> pa.Table:
    """Tau of two rankings of the residues of each protein."""

    def compute() -> pa.Table:
        pairs = zip(scores.of(ranking, asked), scores.of(measure, asked), strict=True)
        return table_of([_tau(one, other) for one, other in pairs], _TAUS)

    terms = scores.terms(asked) | {"ranking": ranking, "measure": measure}
    return scores.setting.parts.table(f"{scores.model.name}-correlation", terms, compute)


def _tau(one: Floats, other: Floats) -> dict[str, float]:
    """Kendall's tau-b and its p-value; NaN where there is one residue, or all have one score."""
    if len(one) < 2:
        return {"tau": np.nan, "p_value": np.nan}
    found = scipy.stats.kendalltau(one, other)
    return {"tau": float(found.statistic), "p_value": float(found.pvalue)}


def _share(p_values: Floats) -> float:
    return float((p_values < LEVEL).mean()) if len(p_values) else np.nan


def _findings(table: pa.Table) -> Iterator[str]:
    rows = table.to_pylist()
    of = {(row["model"], row["measure"], row["ranking"]): row for row in rows}
    for row in rows:
        if row["ranking"] != LEARNED or row["tau"] is None:
            continue
        shifted = of[row["model"], row["measure"], "shifted"]
        said = (
            f"{row['model']}, residues ranked by attention and by {_WORDS[row['measure']]}: tau = {_mean(row)} over "
            f"{row['proteins']:,} proteins (1: the same order), p < {LEVEL} for {row['significant']:.0%} of them; with "
            f"the same weights at other places {_mean(shifted)}, p < {LEVEL} for {shifted['significant'] or 0:.0%}; "
            f"of a network with random weights {_mean(of[row['model'], row['measure'], RANDOMISED])}"
        )
        between = of.get((row["model"], row["measure"], LEFT_OUT))
        yield said if between is None else f"{said}; of these and leaving residues out {_mean(between)}"


_WORDS: Final = {
    HELD: "gradients with the attention held fixed",
    "input-x-gradient": "gradients times input",
    "saliency": "the size of gradients",
    LEFT_OUT: "leaving residues out",
}


def _mean(row: Mapping[str, Any]) -> str:
    if row["tau"] is None:
        return "unknown"
    if row["tau_low"] is None:
        return f"{row['tau']:.3f}"
    return f"{row['tau']:.3f} ({row['tau_low']:.3f} to {row['tau_high']:.3f})"


def _draw(table: pa.Table) -> Figure:
    """Mean taus with their intervals, by measure and ranking; a panel a model."""
    rows = table.to_pylist()
    models = list(dict.fromkeys(row["model"] for row in rows))
    rankings = (*WEIGHTS, RANDOMISED, LEFT_OUT)
    figure = new_figure(2.6 + 4.2 * len(models), 4.2)
    panels = figure.subplots(1, len(models), sharex=True, sharey=True, squeeze=False)[0]
    for axes, model in zip(panels, models, strict=True):
        named_rows(axes, MEASURES)
        axes.axvline(0, color="#000000", linewidth=0.8)
        for style, ranking in enumerate(rankings):
            here = [row for row in rows if (row["model"], row["ranking"]) == (model, ranking)]
            at = [MEASURES.index(row["measure"]) + (style - 2.5) * 0.13 for row in here]
            label = ranking if axes is panels[0] else None
            dots(axes, at, [dot_of(row, "tau") for row in here], label or "", style)
        axes.set(title=model, xlabel="Kendall's tau, mean over proteins")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, frameon=False, loc="outside lower center", ncols=3)
    return figure
