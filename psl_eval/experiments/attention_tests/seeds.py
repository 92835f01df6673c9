"""How alike the attention of models is that differ in the seed of their training only.

Wiegreffe and Pinter 2019 (Attention is not not Explanation), section 3.3: what is far from the learned weights is so by
the measure of how far two trainings are from each other. Weights of an adversary that lie no farther than those of
another seed contradict nothing; weights that lie much farther are some that training does not lead to.

Their figure has, by the largest weight of the first model, the Jensen-Shannon divergence of its weights from those of
the other seeds, of each protein the median over seeds (so their code): the row `OTHERS` here, of more than one. Each
training has a row, too. Added are permuted and uniform weights of the first model, and how much farther these and
adversarial weights lie than another training, as a paired difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.attention_tests.adversarial_rows import adversarial_rows
from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
from psl_eval.experiments.attention_tests.altered import weights_of
from psl_eval.experiments.attention_tests.attention_test import AttentionTest
from psl_eval.experiments.attention_tests.divergences import MOST, jensen_shannon, total_variation
from psl_eval.experiments.attention_tests.peaks import ALL, by_peak
from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested, column_of
from psl_eval.experiments.attention_tests.readouts import Floats, readouts
from psl_eval.experiments.attention_tests.sentences import from_to, number
from psl_eval.experiments.estimates import mean_fields
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.wording import counted
from psl_eval.statistics.means import holm, paired_test
from psl_eval.statistics.rows import table_of
from psl_index.errors import UsageError
from psl_index.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SEEDS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),  # the first; its largest weights group the proteins
        pa.field("other", pa.string(), nullable=False),  # another model, OTHERS, one of CONTROLS, or ADVERSARIAL
        pa.field("largest_weight", pa.string(), nullable=False),  # of the first model, or all
        pa.field("proteins", pa.int64(), nullable=False),
        *mean_fields("divergence"),  # Jensen-Shannon of the weights, in nats, mean over proteins
        pa.field("most", pa.float64(), nullable=False),  # the largest divergence there is, log 2
        *mean_fields("total_variation"),  # of the answers
        *mean_fields("farther"),  # divergence of a control - that of OTHERS, of the same proteins
        pa.field("p_value", pa.float64()),  # of all proteins: two-sided, of farther = 0
        pa.field("p_holm", pa.float64()),  # Holm over the controls
        pa.field("seed", pa.int64(), nullable=False),
    ]
)
_PROTEINS: Final = pa.schema(
    [
        pa.field("largest_weight", pa.float64(), nullable=False),
        pa.field("divergence", pa.float64()),  # null where an adversary finds no other weights
        pa.field("total_variation", pa.float64()),
    ]
)
OTHERS: Final = "other trainings, median"
#: Weights of the first model that training has not led to.
CONTROLS: Final = ("permuted", "uniform")
ADVERSARIAL: Final = "adversarial"


@dataclass(frozen=True)
class Seeds(AttentionTest):
    """Choices of the test; the models are those of the experiment.

    Attributes
    ----------
    search : AdversarialSearch or None
        For adversarial weights beside the others; None for none.
    """

    search: AdversarialSearch | None = None

    def check(self, models: Sequence[NamedModel]) -> None:
        """Also refuse one model alone, and models of different configurations."""
        super().check(models)
        first, *others = models
        if not others:
            raise UsageError("seeds compares models, and there is one only", remedy="give several --model")
        for other in others:
            _refuse_another_configuration(first, other)

    def settings(self) -> dict[str, Any]:
        """Choices."""
        return asdict(self)

    def run(self, setting: Setting) -> Tested:
        """Each later model against the first."""
        self.check(setting.models)
        first, *others = setting.models
        trainings = {other.name: _kept(first, other, other.name, setting) for other in others}
        median = _median(list(trainings.values()))
        rows: list[dict[str, Any]] = []
        for name, proteins in trainings.items():
            rows += _summary(first.name, name, proteins, None, setting)
        if len(trainings) > 1:
            rows += _summary(first.name, OTHERS, median, None, setting)
        for name, proteins in self._controls(setting):
            rows += _summary(first.name, name, proteins, median, setting)
        for row, corrected in zip(rows, holm([row["p_value"] for row in rows]), strict=True):
            row["p_holm"] = float(corrected)
        table = table_of(rows, SEEDS)
        return Tested({"seeds": table}, {"seeds": _draw(table, [*trainings])}, tuple(_findings(table, [*trainings])))

    def _controls(self, setting: Setting) -> Iterator[tuple[str, pa.Table]]:
        """Weights of the first model that no training has led to, and rows of `_PROTEINS` for them."""
        first = setting.models[0]
        for name in CONTROLS:
            yield name, _kept(first, None, name, setting)
        if self.search is not None:
            yield ADVERSARIAL, _only_within(adversarial_rows(first, self.search, setting))


def _kept(first: NamedModel, other: NamedModel | None, name: str, setting: Setting) -> pa.Table:
    """Rows of `_PROTEINS` for another model, or a control; worked out once."""
    terms = {
        "models": [digest_of_model(first.model), other and digest_of_model(other.model)],
        "control": None if other else name,
        "proteins": digest_of_proteins(setting.asked),
        "seed": setting.seed,
    }

    def compute() -> pa.Table:
        return table_of(list(_of_proteins(first, other, name, setting)), _PROTEINS)

    table = setting.parts.table(f"{first.name}-seeds-{name}", terms, compute)
    setting.report(Progress(f"{first.name} and {name}", 1, 1, "compared"))
    return table


def _of_proteins(
    first: NamedModel, other: NamedModel | None, name: str, setting: Setting
) -> Iterator[Mapping[str, float]]:
    ours = readouts(first.model, setting.asked.sequences)
    theirs = None if other is None else readouts(other.model, setting.asked.sequences)
    for place, readout in enumerate(ours):
        if theirs is None:
            weights = weights_of(name, readout, setting.seed, 1)[0]  # type: ignore[arg-type]
            answer = readout.probabilities(weights)
        else:
            weights = theirs[place].weights
            answer = theirs[place].probabilities(weights)
        yield {
            "largest_weight": float(readout.weights.max()),
            "divergence": float(jensen_shannon(weights, readout.weights)),
            "total_variation": float(total_variation(answer, readout.probabilities(readout.weights), readout.task)),
        }


def _median(tables: Sequence[pa.Table]) -> pa.Table:
    """Medians over tables of the same proteins, row by row."""
    columns = {name: np.median([column_of(table, name) for table in tables], axis=0) for name in _PROTEINS.names}
    return pa.table(columns, schema=_PROTEINS)


def _only_within(found: pa.Table) -> pa.Table:
    """Rows of `_PROTEINS` for adversarial weights; missing where none move the answer by epsilon at most."""
    within = column_of(found, "within", weights=ADVERSARIAL) > 0
    columns = {name: column_of(found, name, weights=ADVERSARIAL) for name in _PROTEINS.names}
    for name in ("divergence", "total_variation"):
        columns[name] = np.where(within, columns[name], np.nan)
    return pa.table({name: pa.array(values, from_pandas=True) for name, values in columns.items()}, schema=_PROTEINS)


def _summary(
    first: str, other: str, proteins: pa.Table, median: pa.Table | None, setting: Setting
) -> Iterator[dict[str, Any]]:
    """Rows of `SEEDS`; with `median`, that of other trainings, how much farther it is."""
    away, moved = column_of(proteins, "divergence"), column_of(proteins, "total_variation")
    for label, here in by_peak(column_of(proteins, "largest_weight")):
        row: dict[str, Any] = {
            "model": first,
            "other": other,
            "largest_weight": label,
            "proteins": int((here & ~np.isnan(away)).sum()),
            **setting.mean("divergence", away[here]),
            "most": MOST,
            **setting.mean("total_variation", moved[here]),
            "p_value": np.nan,
            "seed": setting.seed,
        }
        yield row if median is None else row | _farther(away, column_of(median, "divergence"), here, label, setting)


def _farther(away: Floats, others: Floats, here: Any, label: str, setting: Setting) -> dict[str, float]:
    test = paired_test(away[here], others[here], seed=setting.seed, resamples=setting.resamples)
    return {
        "farther": test.difference,
        "farther_low": test.low,
        "farther_high": test.high,
        "p_value": test.p_value if label == ALL else np.nan,
    }


def _refuse_another_configuration(first: NamedModel, other: NamedModel) -> None:
    """Thresholds of classes are learned; all else must be the same."""
    ours, theirs = (replace(each.model.configuration, thresholds=()) for each in (first, other))
    if ours != theirs:
        raise UsageError(
            f"{other.name} has another configuration than {first.name}",
            remedy="give models that differ in the seed of their training only",
        )


def _findings(table: pa.Table, trainings: Sequence[str]) -> Iterator[str]:
    for row in table.to_pylist():
        if row["largest_weight"] != ALL or row["divergence"] is None:
            continue
        of = {OTHERS: f"those of {len(trainings)} other trainings (median)", "uniform": "uniform weights"}
        of |= {"permuted": "its permuted weights", ADVERSARIAL: "adversarial weights with the same answer"}
        share = row["divergence"] / row["most"]
        said = (
            f"{row['model']}: its weights lie {row['divergence']:.3f} nats ({share:.0%} of the most there can be) from "
            f"{of.get(row['other'], 'those of ' + row['other'])}, {counted(row['proteins'], 'protein')}; "
            f"the probabilities differ by {row['total_variation']:.3f} (0: not at all, 1: altogether)"
        )
        if row["farther"] is None:
            yield said
        else:
            than = "another training" if len(trainings) == 1 else "other trainings"
            farther = "farther" if row["farther"] >= 0 else "nearer"
            yield (
                f"{said}; {abs(row['farther']):.3f} nats {farther} than {than} ({from_to(row, 'farther', '+.3f')}; "
                f"Holm p = {number(row['p_holm'])})"
            )


def _draw(table: pa.Table, trainings: Sequence[str]) -> Figure:
    """Divergence by the largest weight, and by what is compared; of several trainings their median."""
    rows = [row for row in table.to_pylist() if len(trainings) == 1 or row["other"] not in trainings]
    groups = list(dict.fromkeys(row["largest_weight"] for row in rows))
    names = list(dict.fromkeys(row["other"] for row in rows))
    number_of = {row["largest_weight"]: row["proteins"] for row in rows if row["other"] == names[0]}
    figure = new_figure(7.5, 1.6 + 0.16 * len(groups) * (1 + len(names)))
    axes = figure.subplots()
    named_rows(axes, [f"{group} ({counted(number_of[group], 'protein')})" for group in groups])
    for style, name in enumerate(names):
        here = [row for row in rows if row["other"] == name]
        offset = (style - (len(names) - 1) / 2) * 0.7 / len(names)
        at = [groups.index(row["largest_weight"]) + offset for row in here]
        dots(axes, at, [dot_of(row, "divergence") for row in here], name, style)
    axes.axvline(MOST, color="#999999", linewidth=1, linestyle="--")
    axes.set(
        xlabel=f"divergence from the weights of {rows[0]['model']},\nnats (dashed: the most there can be)",
        ylabel="its largest weight",
        xlim=(0, 0.75),
    )
    figure.legend(frameon=False, loc="outside upper center", ncols=min(len(names), 4))
    return figure
