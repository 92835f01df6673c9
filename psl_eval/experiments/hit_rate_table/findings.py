"""What the table of hit rates says, in words and as a figure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from psl_eval.comparing.comparison import STANDARDISED
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.statistics.rows import known

if TYPE_CHECKING:
    import pyarrow as pa
    from matplotlib.figure import Figure

_LEFT_OUT: Final = {
    "none": "nothing left out",
    "self": "without itself",
    "train": "without the training set",
    "cluster": "without its cluster",
}


def findings(table: pa.Table, comparison: pa.Table) -> Iterator[str]:
    """Of each explanation, without the protein itself, by the first definition; then of pairs at equal lengths."""
    definition = table["definition"][0].as_py()
    for row in table.to_pylist():
        chosen = (row["definition"], row["exclusion"], row["against"], row["subset"])
        if chosen == (definition, "self", "predicted", "all"):
            yield f"{row['model']}, {row['explanation']}: {_rate(row)}"
    for row in comparison.to_pylist():
        chosen = (row["exclusion"], row["against"], row["subset"], row["lengths"])
        compared = row["reference"] is not None and row["difference"] is not None
        if chosen == ("self", "predicted", "all", STANDARDISED) and compared:
            yield f"{row['model']}: {_difference(row)}"


def _rate(row: dict[str, Any]) -> str:
    if row["hit_rate"] is None:
        return "no other annotated protein holds what it picks out"
    said = f"{row['hit_rate']:.3f}"
    if row["low"] is not None:
        said += f" ({row['low']:.3f} to {row['high']:.3f})"
    said += f" of {row['proteins_scored']:,} proteins"
    if row["null_hit_rate"] is None:
        return said
    said += f"; chance ({row['null']}) {row['null_hit_rate']:.3f}"
    return said if row["q_value"] is None else f"{said}, q = {row['q_value']:.3g}"


def _difference(row: dict[str, Any]) -> str:
    said = f"at equal lengths {row['method']} - {row['reference']}: {row['difference']:+.3f}"
    if row["low"] is not None:
        said += f" ({row['low']:+.3f} to {row['high']:+.3f})"
    return f"{said}, {row['proteins_scored']:,} pairs"


def draw(table: pa.Table) -> Figure:
    """Hit rates of the correct predictions with their intervals, by exclusion, beside what chance gives."""
    shown = (table["definition"][0].as_py(), "predicted", "correct")
    null = table["null"][0].as_py()  # a rate has a row for each
    chosen = [row for row in table.to_pylist() if (row["definition"], row["against"], row["subset"]) == shown]
    rows = [row for row in chosen if row["null"] == null]
    names = list(dict.fromkeys((row["model"], row["explanation"]) for row in rows))
    exclusions = sorted({row["exclusion"] for row in rows}, key=[*_LEFT_OUT].index)
    figure = new_figure(8, 1.2 + 0.45 * len(names))
    axes = figure.subplots()
    named_rows(axes, [f"{model}: {explanation}" for model, explanation in names])
    for style, exclusion in enumerate(exclusions):
        here = [row for row in rows if row["exclusion"] == exclusion]
        at = [names.index((row["model"], row["explanation"])) + (style - len(exclusions) / 2) * 0.18 for row in here]
        values = [dot_of(row, "hit_rate", "low", "high") for row in here]
        dots(axes, at, values, _LEFT_OUT[exclusion], style)
        chance = "chance" if exclusion == exclusions[-1] else None
        axes.plot([known(row["null_hit_rate"]) for row in here], at, "|", color="#000000", markersize=8, label=chance)
    axes.set(xlabel="hit rate of correct predictions", xlim=(0, None))
    figure.legend(frameon=False, loc="outside upper center", ncols=3)
    return figure
