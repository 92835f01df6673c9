"""How far adversaries get from a model: their attention, their answers, and their accuracy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.attention_tests.divergences import MOST, jensen_shannon, total_variation
from psl_eval.experiments.attention_tests.protein_rows import Setting, column_of
from psl_eval.experiments.attention_tests.readouts import readouts
from psl_eval.experiments.estimates import mean_fields
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.figures import COLOURS, GREY, MARKERS, dot_of, new_figure
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.statistics.rows import table_of
from psl_models.datasets import class_matrix

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ADVERSARIES: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),  # whose answers are to be given
        pa.field("other", pa.string(), nullable=False),
        pa.field("divergence_worth", pa.float64()),  # lambda of the adversary; null of a training of another seed
        pa.field("proteins", pa.int64(), nullable=False),  # of the test set
        *mean_fields("total_variation"),  # of the answers
        *mean_fields("changed"),  # share of the proteins of which another class is predicted
        *mean_fields("divergence"),  # Jensen-Shannon of the attention, in nats
        pa.field("most", pa.float64(), nullable=False),  # the largest there is, log 2
        *mean_fields("accuracy"),  # of the other
        pa.field("model_accuracy", pa.float64()),
        pa.field("seed", pa.int64(), nullable=False),
    ]
)
_PROTEINS: Final = pa.schema(
    [pa.field(name, pa.float64()) for name in ("total_variation", "changed", "divergence", "right", "model_right")]
)
_AT_ONE_PLACE: Final = 0.02  # of either axis of the figure


def adversary_rows(
    base: NamedModel, others: Mapping[NamedModel, float | None], setting: Setting
) -> Iterator[dict[str, Any]]:
    """Rows of `ADVERSARIES`; `others` are adversaries with what divergence was worth, and other seeds with None."""
    for other, worth in others.items():
        terms = {
            "models": [digest_of_model(base.model), digest_of_model(other.model)],
            "proteins": digest_of_proteins(setting.asked),
        }

        def compute(other: NamedModel = other) -> pa.Table:
            return table_of(list(_of_proteins(base, other, setting)), _PROTEINS)

        proteins = setting.parts.table(f"{base.name}-and-{other.name}", terms, compute)
        yield {
            "model": base.name,
            "other": other.name,
            "divergence_worth": worth,
            "proteins": proteins.num_rows,
            **setting.mean("total_variation", column_of(proteins, "total_variation")),
            **setting.mean("changed", column_of(proteins, "changed")),
            **setting.mean("divergence", column_of(proteins, "divergence")),
            "most": MOST,
            **setting.mean("accuracy", column_of(proteins, "right")),
            "model_accuracy": float(column_of(proteins, "model_right").mean()),
            "seed": setting.seed,
        }


def _of_proteins(base: NamedModel, other: NamedModel, setting: Setting) -> Iterator[Mapping[str, float]]:
    asked = setting.asked
    true = class_matrix(asked.dataset, base.model.configuration.classes)
    pairs = zip(readouts(base.model, asked.sequences), readouts(other.model, asked.sequences), strict=True)
    for row, (ours, theirs) in enumerate(pairs):
        our_answer, their_answer = ours.probabilities(ours.weights), theirs.probabilities(theirs.weights)
        our_classes, their_classes = ours.decisions(our_answer[None])[0], theirs.decisions(their_answer[None])[0]
        yield {
            "total_variation": float(total_variation(our_answer, their_answer, ours.task)),
            "changed": float((our_classes != their_classes).any()),
            "divergence": float(jensen_shannon(ours.weights, theirs.weights)),
            "right": float((their_classes == true[row]).all()),
            "model_right": float((our_classes == true[row]).all()),
        }


def adversary_findings(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What the table says of each adversary, beside other seeds."""
    seeds = [row for row in rows if row["divergence_worth"] is None]
    for row in rows:
        if row["divergence_worth"] is None:
            continue
        said = (
            f"{row['model']}: an adversary for which divergence is worth {row['divergence_worth']:g} has attention "
            f"{row['divergence']:.3f} nats away ({row['divergence'] / row['most']:.0%} of the most there can be); its "
            f"answers differ by {row['total_variation']:.3f} of total variation, and {row['changed']:.1%} of the "
            f"predictions"
        )
        if seeds:
            divergence, variation, changed = (
                np.mean([each[name] for each in seeds]) for name in ("divergence", "total_variation", "changed")
            )
            said += f"; trainings of other seeds {divergence:.3f} nats, {variation:.3f} and {changed:.1%}"
        yield said


def draw_adversaries(table: pa.Table) -> Figure:
    """Divergence of attention against that of answers: adversaries joined along what divergence is worth."""
    rows = table.to_pylist()
    figure = new_figure(6.4, 4.4)
    axes = figure.subplots()
    for style, (label, of_adversaries) in enumerate((("adversaries", True), ("other seeds", False))):
        here = [row for row in rows if (row["divergence_worth"] is not None) == of_adversaries]
        here.sort(key=lambda row: row["divergence_worth"] or 0)
        x, y = ([dot_of(row, name) for row in here] for name in ("total_variation", "divergence"))
        if of_adversaries:
            axes.plot([dot.value for dot in x], [dot.value for dot in y], color=GREY, linewidth=0.8)
            for text, place in labels_of(here):
                axes.annotate(text, place, fontsize=8, xytext=(4, 4), textcoords="offset points")
        axes.hlines([dot.value for dot in y], [dot.low for dot in x], [dot.high for dot in x], color=COLOURS[style])
        axes.vlines([dot.value for dot in x], [dot.low for dot in y], [dot.high for dot in y], color=COLOURS[style])
        across, upwards = [dot.value for dot in x], [dot.value for dot in y]
        axes.plot(across, upwards, MARKERS[style], color=COLOURS[style], markersize=5, linestyle="none", label=label)
    axes.axhline(MOST, color=GREY, linestyle="--", linewidth=0.8)
    axes.set(
        xlabel="total variation of the answers",
        ylabel="divergence of the attention, nats",
        xlim=(0, None),
        ylim=(0, MOST * 1.05),
    )
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    figure.legend(frameon=False, loc="outside upper center", ncols=2)
    return figure


def labels_of(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, tuple[float, float]]]:
    """What divergence is worth to each adversary, and where that is written; of those at one place in one label."""
    labels: list[tuple[str, tuple[float, float]]] = []
    for row in rows:
        text, place = f"{row['divergence_worth']:g}", (row["total_variation"], row["divergence"])
        if labels and max(abs(one - other) for one, other in zip(place, labels[-1][1], strict=True)) < _AT_ONE_PLACE:
            labels[-1] = (f"{labels[-1][0]}, {text}", labels[-1][1])
        else:
            labels.append((text, place))
    return labels
