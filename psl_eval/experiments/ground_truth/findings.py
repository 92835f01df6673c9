"""What the tables of ground-truth say, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any, Final

import pyarrow as pa

from psl_eval.experiments.estimates import LEVEL, can_show
from psl_eval.experiments.ground_truth.position import POSITION
from psl_eval.experiments.ground_truth.recovery_rows import METHOD, by_average_precision
from psl_eval.experiments.wording import counted

Row = Mapping[str, Any]

#: Signals of a kind that is said something of at least.
_FEWEST: Final = 6
_IN_WORDS: Final = {"recall": "recall", "precision": "precision", "auprc": "average precision"}


def findings(table: pa.Table, by_signal: pa.Table, of_model: pa.Table, resamples: int) -> tuple[str, ...]:
    """What is found, the highest average precision first, of which signals, and who is better than which control.

    Parameters
    ----------
    table, by_signal : pyarrow.Table
        Columns of `RECOVERY_ROWS` and `SIGNAL_ROWS` in `psl_eval.experiments.ground_truth.recovery_rows`.
    of_model : pyarrow.Table
        Columns of `psl_eval.experiments.ground_truth.planted_model.MODEL_ROWS`.
    resamples : int
        Of the tests.
    """
    rows = [row for row in table.to_pylist() if row["subset"] == "all"]
    methods = {row["explanation"] for row in rows if row["kind"] == METHOD}
    return (
        _of_model(of_model),
        *_of_explanations(rows),
        *_of_signals(by_signal, methods),
        *comparisons(table, resamples),
    )


def comparisons(table: pa.Table, resamples: int) -> tuple[str, ...]:
    """Who is better than which control, and on how many proteins that rests; parameters as of `findings`."""
    rows = [row for row in table.to_pylist() if row["subset"] == "all"]
    proteins = max(row["proteins"] for row in rows)
    # As of a single test: the least q-value of a family by Benjamini and Hochberg is the least p-value, if all tie.
    if not can_show(proteins, resamples, 1):
        of = f"{counted(proteins)}, {counted(resamples, 'resample')}"
        return (f"too few for any difference to be significant: {of}",)
    methods = [row for row in rows if row["kind"] == METHOD]
    return (
        *_beside(methods, "untrained", ("auprc",), "the same on a model that has learned nothing"),
        *_beside(methods, "position", ("recall", "precision", "auprc"), "the position alone"),
    )


def _of_model(of_model: pa.Table) -> str:
    accuracy = {row["predictor"]: row for row in of_model.to_pylist() if row["figure"] == "accuracy"}
    model = accuracy.pop("model")
    others = ", ".join(f"{name} {row['value']:.3f}" for name, row in accuracy.items())
    return (
        f"the model predicts {model['value']:.3f} ({model['low']:.3f} to {model['high']:.3f}) of {model['proteins']:,} "
        f"proteins correctly ({others})"
    )


def _of_explanations(rows: Sequence[Row]) -> Iterator[str]:
    of = {(row["explanation"], row["measure"]): row for row in rows}
    for name in by_average_precision(rows):
        recall, precision, touched, area = (
            of[name, measure] for measure in ("recall", "precision", "touched", "auprc")
        )
        yield (
            f"{name}: recall {_beside_controls(recall)}, precision {_beside_controls(precision)}, signals touched "
            f"{_beside_controls(touched)}, average precision {_beside_controls(area)}{_q(area['above_chance_q_value'])}"
        )


def _of_signals(by_signal: pa.Table, methods: Set[str]) -> Iterator[str]:
    """Of each kind of signal the method that finds most of it; what is seldom planted is left to the table."""
    rows = [row for row in by_signal.to_pylist() if row["measure"] == "recall" and row["signals"] >= _FEWEST]
    for signal in dict.fromkeys(row["signal"] for row in rows):
        here = {row["explanation"]: row for row in rows if row["signal"] == signal}
        best = max((row for name, row in here.items() if name in methods), key=lambda row: row["value"], default=None)
        if best is not None:
            yield (
                f"{signal}, {best['signals']} signals: most is found by {best['explanation']}, recall "
                f"{best['value']:.3f} ({best['low']:.3f} to {best['high']:.3f}); position alone "
                f"{here[POSITION]['value']:.3f}"
            )


def _beside(methods: Sequence[Row], reference: str, measures: Sequence[str], in_words: str) -> Iterator[str]:
    for measure in measures:
        compared = [row for row in methods if row["measure"] == measure and row[f"above_{reference}"] is not None]
        if compared:
            better = [row["explanation"] for row in compared if _significant(row, reference) > 0]
            worse = [row["explanation"] for row in compared if _significant(row, reference) < 0]
            yield (
                f"of {counted(len(compared), 'method')} {_listed(better, compared)} {_have(better)} a higher "
                f"{_IN_WORDS[measure]} than {in_words}, {_listed(worse, compared)} a lower one (q < {LEVEL:g})"
            )


def _significant(row: Row, reference: str) -> float:
    """The difference, 0 where it is not significant."""
    q_value, difference = row[f"above_{reference}_q_value"], row[f"above_{reference}"]
    return float(difference) if q_value is not None and q_value < LEVEL else 0.0


def _listed(names: Sequence[str], of: Sequence[Row]) -> str:
    if not names:
        return "none"
    return "all" if len(names) == len(of) > 1 else f"{len(names)} ({', '.join(names)})"


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"


def _beside_controls(row: Row) -> str:
    if row["value"] is None:
        return "none, for nothing is picked out"
    untrained = "" if row["untrained"] is None else f", nothing learned {row['untrained']:.3f}"
    return f"{row['value']:.3f} (chance {row['chance']:.3f}{untrained})"


def _q(q_value: float | None) -> str:
    return "" if q_value is None else f", q = {q_value:.2g} beside chance"
