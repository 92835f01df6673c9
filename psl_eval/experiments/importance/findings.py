"""What the table of global-importance says, in words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import pyarrow as pa

from psl_eval.experiments.importance.places import place_named
from psl_eval.experiments.importance.tables import SIGNIFICANT
from psl_eval.experiments.importance.variations import AS_IT_IS
from psl_eval.experiments.wording import counted

Row = dict[str, Any]

_PATTERNS: Final = 20  # that have a sentence each, those with the largest effects
_FEW: Final = 30  # proteins that are little to draw conclusions from


def findings(table: pa.Table, drawn_from: dict[str, int]) -> tuple[str, ...]:
    """How many effects there are, and the largest of each pattern, by model and background.

    `drawn_from` are the proteins that each kind of backgrounds is made of.
    """
    rows = table.to_pylist()
    sentences = []
    for model, background in dict.fromkeys((row["model"], row["background"]) for row in rows):
        own = [row for row in rows if (row["model"], row["background"]) == (model, background)]
        said = _of_model(own, drawn_from[background])
        sentences += [f"{model}, {background}: {sentence}" for sentence in said]
    return tuple(sentences)


def _of_model(rows: Sequence[Row], proteins: int) -> Iterator[str]:
    if all(row["importance"] is None for row in rows):
        yield "there is no background that counts, and has room for any of the insertions"
        return
    tested = [row for row in rows if row["p_value"] is not None]
    if not tested and any(row["low"] is not None for row in rows):
        yield "the changes of each logit are the same in all proteins, which leaves nothing to test"
        return
    if not tested:
        yield f"too few backgrounds for a test, they come from {counted(proteins, 'protein')}"
        return
    matter = [row for row in tested if row["q_value"] < SIGNIFICANT]
    differ = [row for row in tested if _differs(row)]
    yield (
        f"{len(matter):,} of {len(tested):,} changes of a logit are not by chance (q < {SIGNIFICANT}), and "
        f"{len(differ):,} of {len(tested):,} are other than that of {tested[0]['reference']}"
    )
    if proteins < _FEW:
        yield f"the backgrounds come from {counted(proteins, 'protein')} only, which is little to go by"
    patterns = dict.fromkeys((row["pattern"], row["second"]) for row in tested)
    largest = [_largest([row for row in tested if (row["pattern"], row["second"]) == each]) for each in patterns]
    largest.sort(key=lambda row: -_weight(row))
    for row in largest[:_PATTERNS]:
        yield _of_residue(row) if row["residue"] is not None else _of_pattern(row, tested)
    if len(largest) > _PATTERNS:
        yield f"{counted(len(largest) - _PATTERNS, 'pattern')} with smaller effects are in the table"


def _largest(rows: Sequence[Row]) -> Row:
    """The row with the largest effect of those that are not by chance, else of all."""
    return max(rows, key=lambda row: (_clear(row), _weight(row)))


def _weight(row: Row) -> float:
    """What a row is about: of a single residue, what it changes."""
    value = row["importance" if row["residue"] is None else "difference"]
    return 0.0 if value is None else abs(float(value))


def _clear(row: Row) -> bool:
    return bool(row["q_value"] < SIGNIFICANT) if row["residue"] is None else _differs(row)


def _differs(row: Row) -> bool:
    return row["difference_q"] is not None and row["difference_q"] < SIGNIFICANT


def _of_pattern(row: Row, tested: Sequence[Row]) -> str:
    what = row["pattern"] if row["second"] is None else f"{row['pattern']} and {row['second']}"
    if row["copies"] is not None:
        what += f" ({counted(row['copies'], 'copy', 'copies')}, {counted(row['spacing'], 'residue')} apart)"
    elif row["spacing"] is not None:
        what += f" ({counted(row['spacing'], 'residue')} apart)"
    if not _clear(row):
        return f"{what} changes no logit by more than chance may"
    sentence = (
        f"{what} {place_named(row['position'])} changes the logit of {row['class']} most, by {_interval(row)} on "
        f"{row['backgrounds']:,} backgrounds"
    )
    if row["expected"] is not None:
        verdict = "a" if _differs(row) else "no"
        sentence += f"; {row['reference']}: {row['expected']:+.3f}, {verdict} difference beyond chance"
    return sentence + _least(row, tested)


def _least(row: Row, tested: Sequence[Row]) -> str:
    """Where the pattern does least, of several places."""
    same = ("pattern", "second", "class")
    places = [other for other in tested if all(other[name] == row[name] for name in same)]
    if len({other["position"] for other in places}) < 2:
        return ""
    least = min(places, key=_weight)
    return f"; least {place_named(least['position'])}: {least['importance']:+.3f}"


def _of_residue(row: Row) -> str:
    inside = row["reference"] == AS_IT_IS
    where = (
        f"place {row['offset']}" if inside else f"{abs(row['offset'])} {'behind' if row['offset'] > 0 else 'before'}"
    )
    pattern = f"{row['pattern']} {place_named(row['position'])}"
    if not _clear(row):
        return (
            f"no {'substitution in' if inside else 'residue beside'} {pattern} changes a logit by more than chance may"
        )
    change = f"{row['difference']:+.3f} ({row['difference_low']:+.3f} to {row['difference_high']:+.3f})"
    return (
        f"{pattern}: {row['residue']} at {where} makes the largest difference to {row['reference']}, {change} from "
        f"{row['expected']:+.3f} in the logit of {row['class']}"
    )


def _interval(row: Row) -> str:
    return f"{row['importance']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})"
