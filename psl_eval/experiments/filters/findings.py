"""What the tables of filters say, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from psl_eval.experiments.estimates import FEWEST_DRAWS
from psl_eval.experiments.wording import counted

Row = Mapping[str, Any]

_LEVEL: Final = 0.05
#: With fewer stretches, most of a logo's information is chance.
_FEWEST_WINDOWS: Final = 20
#: Percentiles of fewer make intervals that are too short.
_FEWEST_PROTEINS: Final = 6
_ENDS: Final = {"N": "first", "C": "last"}


def findings(tables: Mapping[str, pa.Table], draws: int) -> tuple[str, ...]:
    """What is said of each model: of its filters, its attention, and the residues that speak for each class.

    Parameters
    ----------
    tables : mapping of str to pyarrow.Table
        Those of `psl_eval.experiments.filters.experiment.Filters`, by name.
    draws : int
        Of random weights.
    """
    sentences: list[str] = []
    of = {name: tables[name].to_pylist() for name in ("filters", "attention-at-ends", "residues")}
    for model in dict.fromkeys(row["model"] for row in of["filters"]):
        filters, ends, residues = ([row for row in rows if row["model"] == model] for rows in of.values())
        sentences.append(f"{model}, trained weights: {_of_filters([_of_network(filters, None)])}")
        untrained = [_of_network(filters, draw) for draw in range(1, draws + 1)]
        sentences.append(f"{model}, {counted(draws, 'draw')} of random weights: {_of_filters(untrained)}")
        said = [*_of_attention(ends, draws), *_of_residues(residues, draws)]
        if draws < FEWEST_DRAWS:
            said.append(
                f"too few draws of random weights to say what goes beyond them: {draws}, at least {FEWEST_DRAWS} are "
                "needed"
            )
        sentences += [f"{model}: {each}" for each in said]
    return tuple(sentences)


class _Filters(NamedTuple):
    """What the filters of a network are counted by."""

    number: int
    fire: int
    windows: int  # of a logo at most
    bits: float  # median; NaN where none fires
    prefer: tuple[int, int, int]  # a class, the N-terminus, the C-terminus


def _of_network(rows: Sequence[Row], draw: int | None) -> _Filters:
    """Of trained weights, or of a draw of random ones."""
    all_of_them = [row for row in rows if row["draw"] == draw]
    fire = [row for row in all_of_them if row["windows"]]
    ends = [
        sum(row[end] > row[f"{end}_chance"] and _significant(row[f"{end}_q_value"]) for row in fire)
        for end in ("near_start", "near_end")
    ]
    bits = [row["information"] - row["information_chance"] for row in fire]
    return _Filters(
        len(all_of_them),
        len(fire),
        max((row["windows"] for row in fire), default=0),
        float(np.median(bits)) if bits else np.nan,
        (sum(_significant(row["class_q_value"]) for row in fire), ends[0], ends[1]),
    )


def _of_filters(networks: Sequence[_Filters]) -> str:
    """Of several networks from the least to the most."""
    fire = [each for each in networks if each.fire]
    if not fire:
        return f"none of {networks[0].number} filters ever fires"
    of_class, start, end = (_between([each.prefer[which] for each in networks]) for which in range(3))
    windows = max(each.windows for each in fire)
    few = "; so few stretches say little: give more proteins"
    return (
        f"{_between([each.fire for each in networks])} of {networks[0].number} filters fire; their logos, of "
        f"{counted(windows, 'stretch', 'stretches')} at most, hold {_between([each.bits for each in fire], '.1f')} "
        f"bits more than random places (median); those that prefer a class: {of_class}, the N-terminus: {start}, the "
        f"C-terminus: {end} (q < {_LEVEL:g})" + (few if windows < _FEWEST_WINDOWS else "")
    )


def _between(values: Sequence[float], digits: str = "") -> str:
    least, most = f"{min(values):{digits}}", f"{max(values):{digits}}"
    return least if least == most else f"{least} to {most}"


def _of_attention(rows: Sequence[Row], draws: int) -> Iterator[str]:
    """Of the ends that have more of it than other places have, and than random weights give them."""
    if not rows:
        yield "it has no attention to show by class"
        return
    above = [
        row
        for row in rows
        if _beyond(row) and _significant(row["rotated_q_value"]) and row["mean"] > 1 and row["difference"] > 0
    ]
    for row in sorted(above, key=lambda row: -row["mean"]):
        q_value = max(row["q_value"], row["rotated_q_value"])
        yield (
            f"it gives the {_ENDS[row['end']]} {row['residues']} residues of {row['class']} {row['mean']:.1f} times an "
            f"even share of its attention ({row['low']:.1f} to {row['high']:.1f}; {_beside(row, '.1f')}; "
            f"{row['proteins']} proteins; q = {q_value:.2g})"
        )
    if not above and draws >= FEWEST_DRAWS and _enough(rows):
        yield (
            f"in no class does it attend to either end more than to other places, and more than random weights do "
            f"(q < {_LEVEL:g})"
        )
    yield from _of_too_few("attention", rows)


def _of_residues(rows: Sequence[Row], draws: int) -> Iterator[str]:
    """Of each class the residue with the highest mean among those that speak for it, and more than random weights."""
    speak = [row for row in rows if _beyond(row) and min(row["difference"], row["low"]) > 0]
    for psl_class in dict.fromkeys(row["class"] for row in speak):
        best = max((row for row in speak if row["class"] == psl_class), key=lambda row: row["mean"])
        yield (
            f"{best['residue']} speaks for {psl_class} most, mean attribution {best['mean']:.2f} ({best['low']:.2f} to "
            f"{best['high']:.2f}; {_beside(best, '.2f')}; {best['proteins']} proteins; q = {best['q_value']:.2g})"
        )
    if not speak and draws >= FEWEST_DRAWS and _enough(rows):
        yield f"no residue speaks for a class more than with random weights (q < {_LEVEL:g})"
    yield from _of_too_few("residues", rows)


def _beyond(row: Row) -> bool:
    """Whether enough proteins show something else than networks that have learned nothing do."""
    return row["proteins"] >= _FEWEST_PROTEINS and _significant(row["q_value"])


def _enough(rows: Sequence[Row]) -> bool:
    """Whether of any row something could have been said."""
    return any(row["proteins"] >= _FEWEST_PROTEINS for row in rows)


def _beside(row: Row, digits: str) -> str:
    low, high = (f"{row[name]:{digits}}" for name in ("random_low", "random_high"))
    return f"random weights {row['random_weights']:{digits}}, within {low} to {high}"


def _of_too_few(shown: str, rows: Sequence[Row]) -> Iterator[str]:
    """Classes of which nothing is said, whatever there is."""
    most: dict[str, int] = {}
    for row in rows:
        most[row["class"]] = max(most.get(row["class"], 0), row["proteins"])
    few = [psl_class for psl_class, proteins in most.items() if proteins < _FEWEST_PROTEINS]
    if few:
        yield f"too few proteins to say anything of {shown}, fewer than {_FEWEST_PROTEINS}: {', '.join(few)}"


def _significant(q_value: float | None) -> bool:
    return q_value is not None and q_value < _LEVEL
