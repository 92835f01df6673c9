"""What the table of sanity-checks says of each model: which explanations change, and where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

from psl_eval.experiments.estimates import FEWEST_DRAWS, LEVEL, is_above
from psl_eval.experiments.wording import counted

Row = dict[str, Any]


def findings(table: pa.Table, unchanged: float) -> tuple[str, ...]:
    """Sentences; `unchanged` is the correlation above which an explanation counts as unchanged."""
    rows = table.to_pylist()
    sentences: list[str] = []
    for model in dict.fromkeys(row["model"] for row in rows):
        here = [row for row in rows if row["model"] == model]
        said = [*_at_the_end(here, unchanged), *_by_layers(here, unchanged)]
        sentences += [f"{model}: {each}" for each in said]
    return tuple(sentences)


def _at_the_end(rows: Sequence[Row], unchanged: float) -> list[str]:
    """Of the networks whose layers are all randomised."""
    deepest = max(row["depth"] for row in rows)
    ends = [row for row in rows if row["mode"] == "cascading" and row["depth"] == deepest]
    draws = ends[0]["draws"]
    if draws < FEWEST_DRAWS:
        return [
            f"too few draws of random weights to show whether an explanation changes: {draws}, at least "
            f"{FEWEST_DRAWS} are needed"
        ]
    if not any(row["proteins"] for row in ends):
        return ["no protein has scores of which some are higher than others, in both networks: give longer ones"]
    same = [row for row in ends if _stays(row, unchanged)]
    rests_on = f"{counted(draws, 'draw')} of random weights, {counted(ends[0]['proteins'])}"
    said = [
        f"with all layers randomised, explanations that do not change (rank correlation with the trained model's, or "
        f"that of their sizes, above {unchanged:g}, interval and all; {rests_on}): {_each(same, _with_rho)}"
    ]
    related = [row for row in ends if row not in same and is_above(row, "rho")]
    overlapping = [row for row in ends if is_above(row, "above_chance")]
    return [
        *said,
        f"that change, and stay correlated above 0 (Holm, {LEVEL:g}): {_each(related, _with_rho)}",
        f"whose top residues still overlap more than by chance (Holm, {LEVEL:g}): {_each(overlapping, _with_overlap)}",
    ]


def _by_layers(rows: Sequence[Row], unchanged: float) -> list[str]:
    """Of each explanation, from the classifier down."""
    said = []
    for explanation in dict.fromkeys(row["explanation"] for row in rows):
        here = [row for row in rows if row["explanation"] == explanation]
        steps = ", ".join(f"{row['layer']} {_rho(row)}" for row in here if row["mode"] == "cascading")
        alone = [row["layer"] for row in here if row["mode"] == "independent" and _stays(row, unchanged)]
        which = f"; does not change when these alone are: {', '.join(alone) or 'none'}"
        shown = which if here[0]["draws"] >= FEWEST_DRAWS else ""
        said.append(f"{explanation}, rank correlation as layers are randomised from the top: {steps}{shown}")
    return said


def _stays(row: Row, unchanged: float) -> bool:
    """Whether scores or their sizes do: signs can change where what is important stays."""
    return any(row[low] is not None and row[low] > unchanged for low in ("rho_low", "absolute_rho_low"))


def _each(rows: Sequence[Row], shown: Callable[[Row], str]) -> str:
    return ", ".join(map(shown, rows)) or "none"


def _with_rho(row: Row) -> str:
    return f"{row['explanation']} ({_rho(row)}, sizes {_rho(row, 'absolute_rho')})"


def _with_overlap(row: Row) -> str:
    return f"{row['explanation']} ({row['overlap']:.2f}, chance {row['chance_overlap']:.2f})"


def _rho(row: Row, which: str = "rho") -> str:
    return "not known" if row[which] is None else f"{row[which]:.2f}"
