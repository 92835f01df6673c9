"""The figure of the table of accuracies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psl_eval.experiments.accuracy.measured import CORRECT
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

_SHOWN = (("accuracy", "study_accuracy"), ("f1_macro", None))
_IN_WORDS = {"accuracy": "accuracy", "f1_macro": "macro F1"}


def draw(table: pa.Table) -> Figure:
    """Accuracy and macro F1 with their intervals, by split, beside what the study reports."""
    rows = table.to_pylist()
    names = list(dict.fromkeys(map(_name, rows)))
    splits = list(dict.fromkeys(row["split"] for row in rows))
    figure = new_figure(10, 1.4 + 0.28 * len(names))
    for axes, (shown, reported) in zip(figure.subplots(1, len(_SHOWN), sharey=True), _SHOWN, strict=True):
        named_rows(axes, names)
        for style, split in enumerate(splits):
            here = [row for row in rows if row["split"] == split]
            at = [names.index(_name(row)) + (style - (len(splits) - 1) / 2) * 0.3 for row in here]
            values = [dot_of(row, shown) for row in here]
            dots(axes, at, values, split, style)
        if reported is not None:
            of_study = {names.index(_name(row)): row[reported] for row in rows if row[reported] is not None}
            axes.plot(list(of_study.values()), list(of_study), "|", color="#000000", markersize=12, label="the study")
            handles, labels = axes.get_legend_handles_labels()
        axes.set(xlabel=_IN_WORDS[shown], xlim=(0, None))
    figure.legend(handles, labels, frameon=False, loc="outside upper center", ncols=len(splits) + 1)
    return figure


def _name(row: dict[str, Any]) -> str:
    asked = "" if row["attention"] in (None, "learned") else f", {row['attention']}"
    layout = "" if row["layout"] in (None, CORRECT) else ", laid out as released"
    return f"{row['arm']}{asked}{layout}"
