"""Tests of claims on tables that other experiments have written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import scipy.stats

from psl_eval.comparing.comparison import STANDARDISED
from psl_eval.statistics.means import welch
from psl_eval.statistics.rows import known

#: Tables by the name of the experiment and of the table, rows as JSON holds them.
Tables = Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]


class Evidence(NamedTuple):
    """What a test gives."""

    estimate: float
    low: float  # of 95 %; NaN where there is none
    high: float
    p_value: float  # one-sided, small where the claim holds
    p_contrary: float  # small where its contrary holds; NaN where the tables do not say
    of: str  # what the estimate rests on, in words


class Missing(Exception):
    """The results that a claim is judged by are not there; says what to run."""


#: Of the hit rate by which claims are judged (`psl_eval.scoring.definitions`), and of the first model that has it.
DEFINITION: Final = "paper"
_TAIL: Final = 0.975


def accuracies(tables: Tables, arm: str, attention: str | None = "learned") -> dict[tuple[str, int], float]:
    """Accuracy of each training of an arm by split and seed, attention laid out as it should be; of the first split."""
    rows = _rows(tables, "accuracy-table", "trainings")
    found = {
        (row["split"], row["seed"]): row["accuracy"]
        for row in rows
        if row["arm"] == arm and row["layout"] == "correct" and row["attention"] in (attention, None)
        if row["seed"] is not None  # a checkpoint that is no training of the arm
    }
    split = next(iter(found), ("", 0))[0]
    of_split = {(name, seed): value for (name, seed), value in found.items() if name == split}
    if len(of_split) < 2:
        raise Missing(f"two trainings of {arm} in accuracy-table")
    return of_split


def equal_by(
    margin: float, values: Mapping[tuple[str, int], float], others: Mapping[tuple[str, int], float], *, paired: bool
) -> Evidence:
    """Whether two means differ by less than a margin: two one-sided t tests (Schuirmann 1987), over trainings.

    The contrary is that they differ by more than the margin, in either direction: the larger of the two p-values of
    such a test is at a difference of the margin.

    Parameters
    ----------
    margin : float
    values, others : mapping
        By split and seed, as `accuracies` gives them; the first one's split alone is taken.
    paired : bool
        The same trainings, asked in two ways; otherwise Welch's test.

    Raises
    ------
    Missing
        There are fewer than two trainings on either side, or in pairs.
    """
    split = next(iter(values))[0]
    first = {seed: value for (of_split, seed), value in values.items() if of_split == split}
    second = {seed: value for (of_split, seed), value in others.items() if of_split == split}
    both = [seed for seed in first if seed in second]
    if len(both if paired else second) < 2:
        raise Missing(f"two trainings of both on {split} in accuracy-table")
    if paired:
        differences = np.array([first[seed] - second[seed] for seed in both])
        error = float(differences.std(ddof=1)) / len(differences) ** 0.5
        freedom = len(differences) - 1.0
        difference = float(differences.mean())
    else:
        a, b = np.array(list(first.values())), np.array(list(second.values()))
        difference = float(a.mean() - b.mean())
        error, freedom = welch(a, b)
    of = f"{len(first)} and {len(second)} trainings, {split}"
    if not error > 0:  # all alike, by which nothing is known of other trainings
        return Evidence(difference, np.nan, np.nan, np.nan, np.nan, of)
    within, beyond, opposite = scipy.stats.t.sf(
        np.array([margin - abs(difference), abs(difference) - margin, abs(difference) + margin]) / error, freedom
    ).tolist()
    half = float(scipy.stats.t.ppf(_TAIL, freedom)) * error
    return Evidence(difference, difference - half, difference + half, within, min(beyond + opposite, 1.0), of)


def above_chance(tables: Tables, explanation: str, exclusion: str) -> Evidence:
    """The hit rate of an explanation of all predictions less that of random windows of the same proteins."""
    for row in _rows(tables, "hit-rate-table", "hit-rate-table"):
        chosen = (row["explanation"], row["exclusion"], row["against"], row["subset"], row["null"], row["definition"])
        there = row["hit_rate"] is not None and row["null_hit_rate"] is not None
        if chosen == (explanation, exclusion, "predicted", "all", "window", DEFINITION) and there:
            null = row["null_hit_rate"]
            return Evidence(
                row["hit_rate"] - null,
                known(row["low"]) - null,
                known(row["high"]) - null,
                known(row["p_value"]),
                np.nan,  # how many draws are as low as the rate, ties among them, is not in the table
                f"{row['model']}, {row['proteins_scored']:,} proteins, {row['draws']:,} draws",
            )
    raise Missing(f"{explanation} with exclusion {exclusion} and null window in hit-rate-table")


def higher_than(tables: Tables, explanation: str, other: str, exclusion: str) -> Evidence:
    """The hit rate of an explanation less another's, at equal lengths, on the proteins that both score."""
    for row in _rows(tables, "hit-rate-table", "comparison"):
        chosen = (row["exclusion"], row["against"], row["subset"], row["lengths"], row["definition"])
        pair = {row["method"], row["reference"]}
        if chosen != (exclusion, "predicted", "all", STANDARDISED, DEFINITION) or pair != {explanation, other}:
            continue
        if row["difference"] is None or row["p_value"] is None:
            continue
        sign = 1 if row["method"] == explanation else -1
        low, high = sorted((sign * known(row["low"]), sign * known(row["high"])))
        difference = sign * row["difference"]
        of = f"{row['model']}, {row['proteins_scored']:,} pairs"
        return Evidence(difference, low, high, *_one_sided(row["p_value"], difference), of)
    raise Missing(f"{explanation} beside {other} with exclusion {exclusion} in hit-rate-table")


def confidence(tables: Tables, explanation: str, exclusion: str) -> Evidence:
    """The area under the ROC curve of "the prediction is correct" by the hit rate, less a half."""
    for row in _rows(tables, "hit-rate-table", "confidence"):
        chosen = (row["explanation"], row["exclusion"], row["class"], row["form"], row["definition"])
        if chosen == (explanation, exclusion, None, "single-label", DEFINITION) and row["estimate"] is not None:
            difference = row["estimate"] - 0.5
            ends = known(row["low"]) - 0.5, known(row["high"]) - 0.5
            of = f"{row['model']}, {row['proteins']:,} proteins"
            return Evidence(difference, *ends, *_one_sided(known(row["p_value"]), difference), of)
    raise Missing(f"confidence of {explanation} with exclusion {exclusion} in hit-rate-table")


def above_adversarial(tables: Tables, exclusion: str) -> Evidence:
    """The hit rate of the learned weights less that of adversarial ones, at equal lengths."""
    for row in _rows(tables, "attention-tests", "adversarial-hit-rates"):
        chosen = (row["method"], row["exclusion"], row["subset"], row["lengths"])
        there = row["reference"] is not None and row["difference"] is not None and row["p_value"] is not None
        if chosen == ("adversarial", exclusion, "all", STANDARDISED) and row["definition"] == DEFINITION and there:
            difference = -row["difference"]
            ends = -known(row["high"]), -known(row["low"])
            of = f"{row['model']}, {row['proteins_scored']:,} pairs"
            return Evidence(difference, *ends, *_one_sided(row["p_value"], difference), of)
    raise Missing("adversarial weights with an index in attention-tests")


def _rows(tables: Tables, experiment: str, table: str) -> Sequence[Mapping[str, Any]]:
    if (experiment, table) not in tables:
        raise Missing(experiment)
    return tables[experiment, table]


def _one_sided(p_value: float, difference: float) -> tuple[float, float]:
    """Of "above 0" and "below 0", from a two-sided p-value."""
    above = p_value / 2 if difference > 0 else 1 - p_value / 2
    return above, 1 - above
