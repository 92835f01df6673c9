"""Tests of claims on tables that other experiments have written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import scipy.stats

from psl_eval.comparing.comparison import STANDARDISED
from psl_eval.experiments.estimates import by_teacher
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


#: Of the hit rate by which claims are judged (`psl_eval.scoring.definitions`).
DEFINITION: Final = "paper"
_TAIL: Final = 0.975
_ATTENTION: Final = "attention"


class Accuracies(NamedTuple):
    """Of the trainings of an arm."""

    split: str
    of_seeds: Mapping[int, float]  # of trainings that take over from the same BiLSTM the mean, by the BiLSTM's seed


def accuracies(tables: Tables, arm: str, attention: str | None = "learned") -> Accuracies:
    """Those of an arm on the first split of the table, attention laid out as it should be.

    Raises
    ------
    Missing
        There are fewer than two independent trainings.
    """
    rows = _rows(tables, "accuracy-table", "trainings")
    split = rows[0]["split"]
    chosen = [
        row
        for row in rows
        if (row["split"], row["arm"], row["layout"]) == (split, arm, "correct")
        and row["attention"] in (attention, None)
        and row["seed"] is not None  # a checkpoint that is no training of the arm
    ]
    found = by_teacher(chosen, "accuracy")
    if len(found) < 2:
        raise Missing(f"two independent trainings of {arm} on {split} in accuracy-table")
    return Accuracies(split, found)


def equal_by(margin: float, values: Accuracies, others: Accuracies, *, paired: bool) -> Evidence:
    """Whether two means differ by less than a margin: two one-sided t tests (Schuirmann 1987), over trainings.

    The contrary is that they differ by more than the margin, in either direction: the larger of the two p-values of
    such a test is at a difference of the margin.

    Parameters
    ----------
    margin : float
    values, others : Accuracies
        Of the same split.
    paired : bool
        The same trainings, asked in two ways; otherwise Welch's test.

    Raises
    ------
    Missing
        There are fewer than two pairs.
    """
    first, second = values.of_seeds, others.of_seeds
    if paired:
        both = [seed for seed in first if seed in second]
        if len(both) < 2:
            raise Missing(f"two trainings of both on {values.split} in accuracy-table")
        differences = np.array([first[seed] - second[seed] for seed in both])
        error = float(differences.std(ddof=1)) / len(differences) ** 0.5
        freedom = len(differences) - 1.0
        difference = float(differences.mean())
    else:
        a, b = np.array(list(first.values())), np.array(list(second.values()))
        difference = float(a.mean() - b.mean())
        error, freedom = welch(a, b)
    of = f"{len(first)} and {len(second)} independent trainings, {values.split}"
    if not error > 0:  # all alike, by which nothing is known of other trainings
        return Evidence(difference, np.nan, np.nan, np.nan, np.nan, of)
    within, beyond, opposite = scipy.stats.t.sf(
        np.array([margin - abs(difference), abs(difference) - margin, abs(difference) + margin]) / error, freedom
    ).tolist()
    half = float(scipy.stats.t.ppf(_TAIL, freedom)) * error
    return Evidence(difference, difference - half, difference + half, within, min(beyond + opposite, 1.0), of)


def above_chance(tables: Tables, explanation: str, exclusion: str) -> Evidence:
    """The hit rate of an explanation of all predictions less that of random windows of the same proteins."""
    for row in _rows_of_model(tables, "hit-rate-table"):
        chosen = (row["explanation"], row["exclusion"], row["against"], row["subset"], row["null"], row["definition"])
        if chosen == (explanation, exclusion, "predicted", "all", "window", DEFINITION):
            null = known(row["null_hit_rate"])
            return Evidence(
                known(row["hit_rate"]) - null,
                known(row["low"]) - null,
                known(row["high"]) - null,
                known(row["p_value"]),
                np.nan,  # how many draws are as low as the rate, ties among them, is not in the table
                f"{row['model']}, {row['proteins_scored']:,} proteins, {row['draws']:,} draws",
            )
    raise Missing(f"{explanation} with exclusion {exclusion} and null window in hit-rate-table")


def higher_than(tables: Tables, explanation: str, other: str, exclusion: str) -> Evidence:
    """The hit rate of an explanation less another's, at equal lengths, on the proteins that both score."""
    for row in _rows_of_model(tables, "comparison"):
        chosen = (row["exclusion"], row["against"], row["subset"], row["lengths"], row["definition"])
        pair = {row["method"], row["reference"]}
        if chosen == (exclusion, "predicted", "all", STANDARDISED, DEFINITION) and pair == {explanation, other}:
            return _of_pairs(row, 1 if row["method"] == explanation else -1)
    raise Missing(f"{explanation} beside {other} with exclusion {exclusion} in hit-rate-table")


def confidence(tables: Tables, explanation: str, exclusion: str) -> Evidence:
    """The area under the ROC curve of "the prediction is correct" by the hit rate, less a half."""
    for row in _rows_of_model(tables, "confidence"):
        chosen = (row["explanation"], row["exclusion"], row["class"], row["form"], row["definition"])
        if chosen == (explanation, exclusion, None, "single-label", DEFINITION):
            difference = known(row["estimate"]) - 0.5
            ends = known(row["low"]) - 0.5, known(row["high"]) - 0.5
            of = f"{row['model']}, {row['proteins']:,} proteins"
            return Evidence(difference, *ends, *_one_sided(known(row["p_value"]), difference), of)
    raise Missing(f"confidence of {explanation} with exclusion {exclusion} in hit-rate-table")


def above_adversarial(tables: Tables, exclusion: str) -> Evidence:
    """The hit rate of the learned weights less that of adversarial ones, at equal lengths."""
    rows = _rows(tables, "attention-tests", "adversarial-hit-rates")
    of_model = [row for row in rows if row["model"] == _model(tables)] or rows
    for row in of_model:
        chosen = (row["method"], row["exclusion"], row["subset"], row["lengths"], row["definition"])
        if chosen == ("adversarial", exclusion, "all", STANDARDISED, DEFINITION) and row["reference"] is not None:
            return _of_pairs(row, -1)
    raise Missing("adversarial weights with an index in attention-tests")


def _of_pairs(row: Mapping[str, Any], sign: int) -> Evidence:
    """Of a row of a comparison; ``sign`` is -1 where it stands the other way round."""
    difference = sign * known(row["difference"])
    low, high = sorted((sign * known(row["low"]), sign * known(row["high"])))
    of = f"{row['model']}, {row['proteins_scored']:,} pairs"
    return Evidence(difference, low, high, *_one_sided(known(row["p_value"]), difference), of)


def _rows(tables: Tables, experiment: str, table: str) -> Sequence[Mapping[str, Any]]:
    rows = tables.get((experiment, table))
    if not rows:
        raise Missing(experiment)
    return rows


def _rows_of_model(tables: Tables, table: str) -> Iterator[Mapping[str, Any]]:
    """Rows of a table of hit-rate-table, of the model that claims are judged by."""
    model = _model(tables)
    return (row for row in _rows(tables, "hit-rate-table", table) if row["model"] == model)


def _model(tables: Tables) -> str | None:
    """The first model of hit-rate-table that has attention, else its first; the same for every claim on hit rates."""
    rows = tables.get(("hit-rate-table", "hit-rate-table"), ())
    first = next((row["model"] for row in rows), None)
    return next((row["model"] for row in rows if row["explanation"] == _ATTENTION), first)


def _one_sided(p_value: float, difference: float) -> tuple[float, float]:
    """Of "above 0" and "below 0", from a two-sided p-value."""
    above = p_value / 2 if difference > 0 else 1 - p_value / 2
    return above, 1 - above
