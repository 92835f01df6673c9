"""What the tables of filters say, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.estimates import can_show

Row = Mapping[str, Any]

_LEVEL: Final = 0.05
#: With fewer stretches, most of a logo's information is chance.
_FEWEST_WINDOWS: Final = 20
_ENDS: Final = {"N": "first", "C": "last"}


def findings(tables: Mapping[str, pa.Table], resamples: int) -> tuple[str, ...]:
    """What is said of each model: of its filters, its attention, and the residues that speak for each class.

    `tables` are those of `psl_eval.experiments.filters.experiment.Filters`, by name.
    """
    sentences: list[str] = []
    of = {name: tables[name].to_pylist() for name in ("filters", "attention-at-ends", "residues")}
    for model in dict.fromkeys(row["model"] for row in of["filters"]):
        filters, ends, residues = ([row for row in rows if row["model"] == model] for rows in of.values())
        for weights in ("trained", "random"):
            sentences.append(f"{model}, {weights} weights: {_of_filters(filters, weights)}")
        few = (*_of_too_few("attention", ends, resamples), *_of_too_few("residues", residues, resamples))
        said = (*_of_attention(ends), *_of_residues(residues), *few)
        sentences += [f"{model}: {each}" for each in said]
    return tuple(sentences)


def _of_filters(rows: Sequence[Row], weights: str) -> str:
    all_of_them = [row for row in rows if row["weights"] == weights]
    fire = [row for row in all_of_them if row["windows"]]
    if not fire:
        return f"none of {len(all_of_them)} filters ever fires"
    of_classes = sum(_significant(row["class_q_value"]) for row in fire)
    starts = sum(
        row["near_start"] > row["near_start_chance"] and _significant(row["near_start_q_value"]) for row in fire
    )
    ends = sum(row["near_end"] > row["near_end_chance"] and _significant(row["near_end_q_value"]) for row in fire)
    bits = float(np.median([row["information"] - row["information_chance"] for row in fire]))
    windows = max(row["windows"] for row in fire)
    few = "; so few stretches say little: give more proteins"
    return (
        f"{len(fire)} of {len(all_of_them)} filters fire; their logos, of {windows} stretches at most, hold {bits:.1f} "
        f"bits more than random places (median); those that prefer a class: {of_classes}, the N-terminus: {starts}, "
        f"the C-terminus: {ends} (q < {_LEVEL:g})" + (few if windows < _FEWEST_WINDOWS else "")
    )


def _of_attention(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        yield "it has no attention to show by class"
        return
    above = [row for row in rows if _significant(row["q_value"]) and row["difference"] > 0]
    for row in sorted(above, key=lambda row: -row["mean"]):
        yield (
            f"it gives the {_ENDS[row['end']]} {row['residues']} residues of {row['class']} {row['mean']:.1f} times an "
            f"even share of its attention ({row['low']:.1f} to {row['high']:.1f}; random weights "
            f"{row['random_weights']:.1f}; {row['proteins']} proteins; q = {row['q_value']:.2g})"
        )
    if not above:
        yield f"in no class does it attend to either end more than random weights do (q < {_LEVEL:g})"


def _of_residues(rows: Sequence[Row]) -> Iterator[str]:
    """Of each class the residue with the highest mean among those that speak for it, and more than random weights."""
    speak = [row for row in rows if _significant(row["q_value"]) and min(row["difference"], row["low"]) > 0]
    for psl_class in dict.fromkeys(row["class"] for row in speak):
        best = max((row for row in speak if row["class"] == psl_class), key=lambda row: row["mean"])
        yield (
            f"{best['residue']} speaks for {psl_class} most, mean attribution {best['mean']:.2f} ({best['low']:.2f} to "
            f"{best['high']:.2f}; random weights {best['random_weights']:.2f}; {best['proteins']} proteins; "
            f"q = {best['q_value']:.2g})"
        )
    if not speak:
        yield f"no residue speaks for a class more than with random weights (q < {_LEVEL:g})"


def _of_too_few(tested: str, rows: Sequence[Row], resamples: int) -> Iterator[str]:
    """Classes of so few proteins, or so few resamples, that no test can show anything, whatever there is."""
    proteins = {row["class"]: row["proteins"] for row in rows}
    few = [psl_class for psl_class, number in proteins.items() if not can_show(number, resamples, 1)]
    if few:
        yield f"too few proteins or resamples for any test of {tested}: {', '.join(few)}"


def _significant(q_value: float | None) -> bool:
    return q_value is not None and q_value < _LEVEL
