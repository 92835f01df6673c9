"""What discover has found, in words and in a picture."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from psl_eval.experiments.figures import COLOURS, dot_of, dots, named_rows, new_figure
from psl_eval.experiments.importance.places import place_named
from psl_eval.experiments.importance.tables import SIGNIFICANT
from psl_eval.experiments.wording import counted
from psl_eval.statistics.rows import known

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SHOWN: Final = 30  # rows of the figure
_LETTERS: Final = 30  # of a subsequence in the figure
_APART: Final = 0.12  # of a row's height, what belongs to a subsequence and what it is held against
_NEAREST: Final = 3  # subsequences that are named where none is found

Row = dict[str, Any]


def findings(table: pa.Table, too_few_windows: Collection[str] = ()) -> tuple[str, ...]:
    """Of each class how many subsequences matter, how many hit, and each that is found.

    `too_few_windows` are classes of which no subsequence could have been above the null.
    """
    rows = table.to_pylist()
    sentences = []
    for target in dict.fromkeys(row["class"] for row in rows):
        said = _of_class([row for row in rows if row["class"] == target], target in too_few_windows)
        sentences += [f"{target}: {sentence}" for sentence in said]
    return tuple(sentences)


def _of_class(rows: Sequence[Row], too_few_windows: bool) -> list[str]:
    matter = [row for row in rows if row["matters"]]
    of_order = sum(row["order_matters"] for row in rows)
    sentences = [
        f"{len(matter):,} of {len(rows):,} subsequences raise its logit (q < {SIGNIFICANT}), {of_order:,} of them more "
        "than their residues in random order do"
    ]
    single = sum(row["proteins"] == 1 for row in rows)
    if single:
        sentences.append(
            f"{single:,} of {len(rows):,} were extracted from a single protein each: more proteins show which recur"
        )
    if any(row["entries"] is not None for row in rows):
        sentences += _of_hits(rows, too_few_windows)
    found = [row for row in rows if row["found"]]
    sentences += [_of_one(row) for row in found]
    if not found:
        hit_more = [row for row in matter if row["hit_rate"] is not None and row["hit_rate"] > row["null_hit_rate"]]
        nearest = sorted(hit_more, key=_distance)[:_NEAREST]
        sentences += [
            f"not found, but among the nearest to it (p = {_distance(row):.2g}): {_of_one(row)}" for row in nearest
        ]
    return sentences


def draw(table: pa.Table) -> dict[str, Figure]:
    """A figure for each class, by file name: importance of its first subsequences, with an index hit rates beside."""
    rows = table.to_pylist()
    figures = {}
    for number, target in enumerate(dict.fromkeys(row["class"] for row in rows), 1):
        name = "discover" if number == 1 else f"discover-{number}"
        figures[name] = _figure([row for row in rows if row["class"] == target], target)
    return figures


def _figure(of_class: Sequence[Row], target: str) -> Figure:
    rows = [row for row in of_class if row["importance"] is not None][:_SHOWN]
    scored = any(row["hit_rate"] is not None for row in rows)
    figure = new_figure(9.5 if scored else 7, 1.6 + 0.24 * max(len(rows), 1))
    panels = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2)) if scored else [figure.subplots()]
    for panel, draw_panel in zip(panels, (_draw_importance, _draw_hit_rates), strict=False):
        named_rows(panel, [row["subsequence"][:_LETTERS] + (" *" if row["found"] else "") for row in rows])
        draw_panel(panel, rows)
        panel.tick_params(labelsize=8, labelleft=panel is panels[0])
    panels[0].set_xlabel(f"change of the logit of {target}")
    starred = "* found" if any(row["found"] for row in rows) else None
    figure.legend(frameon=False, loc="outside upper center", ncols=3, title=starred)
    return figure


def _draw_importance(axes: Axes, rows: Sequence[Row]) -> None:
    axes.axvline(0, color="#000000", linewidth=0.6)
    above = [place - _APART for place in range(len(rows))]
    below = [place + _APART for place in range(len(rows))]
    dots(
        axes,
        above,
        [dot_of(row, "importance", "low", "high") for row in rows],
        "the subsequence",
        0,
    )
    random_order = "its residues in random order"
    axes.plot(_column(rows, "expected"), below, "|", color="#000000", markersize=7, label=random_order)


def _draw_hit_rates(axes: Axes, rows: Sequence[Row]) -> None:
    above = [place - _APART for place in range(len(rows))]
    below = [place + _APART for place in range(len(rows))]
    axes.plot(_column(rows, "hit_rate"), above, "o", color=COLOURS[0], markersize=5)
    windows = "windows of the same proteins"
    axes.plot(_column(rows, "null_hit_rate"), below, "x", color="#000000", markersize=5, label=windows)
    axes.set_xlabel("hit rate")


def _of_hits(rows: Sequence[Row], too_few_windows: bool) -> list[str]:
    scored = [row for row in rows if row["above_null"] is not None]
    if not scored:
        return ["no entry of the index that counts holds any of them, so there is no hit rate"]
    if too_few_windows:
        above = "their proteins have too few windows to tell any of them from chance"
    else:
        number = sum(row["above_null"] for row in scored)
        above = f"{number:,} of them hit more often than windows of the same proteins do (q < {SIGNIFICANT})"
    both = sum(row["found"] for row in rows)
    return [
        f"{len(scored):,} of {len(rows):,} are in entries of the index that count; {above}",
        f"{both:,} of {len(rows):,} do both, and are found (q < {SIGNIFICANT} for both at once)",
    ]


def _distance(row: Row) -> float:
    """How far a subsequence is from being found: its p-value for both."""
    return max(float(row["p_value"]), float(row["hit_p"]))


def _of_one(row: Row) -> str:
    order = "" if row["order_matters"] else ", not clearly more than its residues in random order do"
    proteins = counted(row["proteins"])
    sentence = (
        f"{row['subsequence']} {place_named(row['position'])} ({proteins}) raises it by "
        f"{row['importance']:.3f} ({row['low']:.3f} to {row['high']:.3f}){order}"
    )
    if row["hit_rate"] is None:
        return sentence
    matching, entries = _mean(row["matching"]), _mean(row["entries"])
    scored = f"{row['proteins_scored']:,} of {counted(row['proteins'])} scored"
    hit_rates = f"hit rate {row['hit_rate']:.3f} against {row['null_hit_rate']:.3f} of windows ({scored})"
    return f"{sentence}; {matching} of {entries} entries that hold it are of the class, {hit_rates}"


def _mean(number: float) -> str:
    return f"{number:,.1f}".removesuffix(".0")


def _column(rows: Sequence[Row], name: str) -> list[float]:
    return [known(row[name]) for row in rows]
