"""What the tables of mutation-fidelity say, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from psl_eval.experiments.estimates import LEVEL, can_show, is_above, with_interval
from psl_eval.experiments.mutation import peak_distances
from psl_eval.experiments.mutation.tables import ALL
from psl_eval.experiments.wording import counted

Row = dict[str, Any]

_AGAINST = {
    "above_random": "random residues",
    "above_shifted": "the same places moved along",
    "above_bottom": "the bottom residues",
    "above_floor": "the same method on random weights",
}


def ranking_findings(table: pa.Table, most: int, resamples: int) -> tuple[str, ...]:
    """What the ranking says of each model, over all replacements; `most` is the largest k."""
    rows = [row for row in table.to_pylist() if row["replacement"] == ALL]
    sentences: list[str] = []
    for model in dict.fromkeys(row["model"] for row in rows):
        here = [row for row in rows if row["model"] == model]
        ranked = sorted((row for row in here if row["kind"] == "ranked"), key=lambda row: row["rank"])
        said = [*_of_ranked(ranked, most), *_of_tests(ranked, resamples)]
        said += [_of_ceiling(row, ranked[0]) for row in here if row["kind"] == "ceiling"]
        sentences += [f"{model}: {each}" for each in said]
    return tuple(sentences)


def saturation_findings(table: pa.Table) -> tuple[str, ...]:
    """How well the methods of each model order residues as saturation mutagenesis does."""
    rows = [row for row in table.to_pylist() if row["compared"] == "absolute" and row["rho"] is not None]
    ranked = [row for row in rows if row["kind"] == "ranked"]
    sentences = []
    for model in dict.fromkeys(row["model"] for row in ranked):
        here = sorted((row for row in ranked if row["model"] == model), key=lambda row: -row["rho"])
        each = [
            f"{row['explanation']} {with_interval(row, 'rho', 2)}"
            + ("" if row["floor"] is None else f", random weights {row['floor']:.2f}")
            for row in here
        ]
        proteins = counted(max(row["proteins"] for row in here))
        sentences.append(
            f"{model}: rank correlation with what all single mutants lose, sizes of both, {proteins}: {'; '.join(each)}"
        )
    return tuple(sentences)


def feature_findings(table: pa.Table, absent: Sequence[str], resamples: int) -> tuple[str, ...]:
    """How near to each kind of feature peaks are, for each model; `absent` are kinds that no protein has."""
    rows = [row for row in table.to_pylist() if row["kind"] == "ranked"]
    sentences = []
    for model, feature in dict.fromkeys((row["model"], row["feature"]) for row in rows):
        here = [row for row in rows if (row["model"], row["feature"]) == (model, feature)]
        best = min(here, key=lambda row: row["distance"])
        sentences.append(
            f"{model}, {feature} ({counted(best['proteins'])}): {_nearest(best)}; {_nearer(here, resamples)}"
        )
    if absent:
        sentences.append(f"no protein of the index that can be asked about has a known {' or '.join(absent)}")
    return tuple(sentences)


def _of_ranked(ranked: Sequence[Row], most: int) -> list[str]:
    first = ranked[0]
    order = ", ".join(f"{row['explanation']} {row['area']:.3f} ({_ranks(row)})" for row in ranked)
    flips = max(ranked, key=lambda row: row["flipped"])
    return [
        f"of {counted(len(ranked), 'method')}, mutating what {first['explanation']} picks out costs most: "
        f"{with_interval(first, 'area')} logits against {first['random_area']:.3f} at random residues, "
        f"{first['shifted_area']:.3f} where the places are moved along and {first['bottom_area']:.3f} at the bottom "
        f"residues; {counted(first['proteins'])}",
        f"ranking by logits lost (rank, and its interval over proteins): {order}",
        f"mutating the top {most} residues of {flips['explanation']} changes the predicted class of "
        f"{_percent(flips, 'flipped')} of the proteins, against {100 * flips['random_flipped']:.0f} % at random "
        "residues",
    ]


def _of_tests(ranked: Sequence[Row], resamples: int) -> list[str]:
    """Which methods are not above what they are held against."""
    proteins = ranked[0]["proteins"]
    if not can_show(proteins, resamples, len(ranked)):
        return [f"too few to show that a method is above its controls: {_drawn(proteins, resamples)}"]
    said = []
    for test, against in _AGAINST.items():
        short = [row["explanation"] for row in ranked if not is_above(row, test)]
        said.append(f"not shown to be above {against} (Holm, {LEVEL:g}): {', '.join(short) or 'none'}")
    return said


def _of_ceiling(row: Row, first: Row) -> str:
    return (
        f"ceiling, {row['explanation']}, which tries out each residue: {with_interval(row, 'area')} logits "
        f"({counted(row['proteins'])}, outside the ranking); {first['explanation']} on the same: "
        f"{first['ceiling_area']:.3f}"
    )


def _nearest(row: Row) -> str:
    inside, at_random = (f"{100 * row[name]:.0f} %" for name in ("inside", "random_inside"))
    return (
        f"{inside} of the peaks of {row['explanation']} lie in it ({at_random} of random peaks), "
        f"{with_interval(row, 'distance', 1)} residues from its {row['measured']} on average (median "
        f"{row['median']:.0f}), against {row['random']:.1f} of random peaks and {row['floor']:.1f} with random weights"
    )


def _nearer(rows: Sequence[Row], resamples: int) -> str:
    proteins = rows[0]["proteins"]
    if not can_show(proteins, resamples, len(rows)):
        return f"too few to show that a method is nearer: {_drawn(proteins, resamples)}"
    return (
        f"shown to be nearer (Holm, {LEVEL:g}) than random: {_shown(rows, 'nearer_than_random')}; than random weights: "
        f"{_shown(rows, 'nearer_than_floor')}; than where proteins without it have their peaks: "
        f"{_than_elsewhere(rows, resamples)}"
    )


def _shown(rows: Sequence[Row], test: str) -> str:
    return ", ".join(row["explanation"] for row in rows if is_above(row, test)) or "none"


def _than_elsewhere(rows: Sequence[Row], resamples: int) -> str:
    tested = [row for row in rows if row["others"] >= peak_distances.FEWEST]
    if not tested:
        return f"not tested ({counted(max(row['others'] for row in rows), 'other protein')})"
    proteins = max(row["elsewhere_proteins"] for row in tested)
    if not can_show(proteins, resamples, len(tested)):
        return f"too few to show it ({_drawn(proteins, resamples)})"
    return _shown(tested, "nearer_than_elsewhere")


def _drawn(proteins: int, resamples: int) -> str:
    return f"{counted(proteins)}, {counted(resamples, 'resample')}"


def _percent(row: Row, name: str) -> str:
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    interval = "" if low is None else f" ({100 * low:.0f} to {100 * high:.0f})"
    return f"{100 * row[name]:.0f} %{interval}"


def _ranks(row: Row) -> str:
    if row["rank_low"] is None:
        return f"{row['rank']}"
    return f"{row['rank']}, {row['rank_low']} to {row['rank_high']}"
