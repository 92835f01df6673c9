"""Explanations beside chance, beside models that have learned nothing, and beside the position alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.ground_truth.planted_proteins import Planted, name_of
from psl_eval.experiments.ground_truth.position import POSITION
from psl_eval.experiments.ground_truth.recovery import MEASURES, Measured, OfSignal, measured, of_signals, picked
from psl_eval.statistics.means import adjusted, mean_interval, paired_test

#: What an explanation is.
METHOD: Final = "method"
CONTROL: Final = "control"  # attention that is permuted, shifted or drawn
UNTRAINED: Final = "untrained"  # a method on a model that has learned nothing
POSITION_ALONE: Final = "position"
KINDS: Final = (METHOD, CONTROL, UNTRAINED, POSITION_ALONE)

#: What the value of an explanation is compared with, protein by protein.
REFERENCES: Final = {
    "chance": "the mean of the same at any other place of the protein",
    "untrained": "the same method on a model that has learned nothing",
    "position": "the position alone",
}


def _compared_with(reference: str) -> Iterator[pa.Field]:
    yield pa.field(reference, pa.float64())  # mean over the proteins that have both values
    yield pa.field(f"above_{reference}", pa.float64())  # mean difference, paired by protein
    yield pa.field(f"above_{reference}_low", pa.float64())
    yield pa.field(f"above_{reference}_high", pa.float64())
    yield pa.field(f"above_{reference}_p_value", pa.float64())  # two-sided, by flipping signs of the differences
    yield pa.field(f"above_{reference}_q_value", pa.float64())  # Benjamini-Hochberg over methods, or over controls


RECOVERY_ROWS: Final = pa.schema(
    [
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),  # one of `KINDS`
        pa.field("subset", pa.string(), nullable=False),  # all, or those that the model predicts correctly
        pa.field("measure", pa.string(), nullable=False),  # see `psl_eval.experiments.ground_truth.recovery.MEASURES`
        pa.field("proteins", pa.int64(), nullable=False),  # that have a value
        pa.field("value", pa.float64()),  # mean over them
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        *(field for reference in REFERENCES for field in _compared_with(reference)),
    ]
)
SIGNAL_ROWS: Final = pa.schema(
    [
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("signal", pa.string(), nullable=False),
        pa.field("measure", pa.string(), nullable=False),  # recall or touched
        pa.field("signals", pa.int64(), nullable=False),
        pa.field("value", pa.float64()),  # mean over them
        pa.field("low", pa.float64()),  # proteins are resampled
        pa.field("high", pa.float64()),
        pa.field("chance", pa.float64()),
    ]
)


class Explained(NamedTuple):
    """One explanation of n proteins."""

    name: str
    kind: str  # one of `KINDS`
    untrained: str | None  # name of the same on a model that has learned nothing, where there is one
    measured: list[dict[str, Measured]]  # of each protein
    signals: list[OfSignal]

    def values(self, measure: str) -> npt.NDArray[np.float64]:
        """Of each protein, float64 of shape (n,); NaN where it has none."""
        return np.array([each[measure].value for each in self.measured], np.float64)

    def chances(self, measure: str) -> npt.NDArray[np.float64]:
        """The same by chance."""
        return np.array([each[measure].chance for each in self.measured], np.float64)


def explained(
    name: str,
    kind: str,
    untrained: str | None,
    scores: Sequence[npt.NDArray[np.float32]],
    planted: Planted,
    rows: Sequence[int],
) -> Explained:
    """What the scores of the residues of some proteins find.

    Parameters
    ----------
    name, kind, untrained
        As of `Explained`.
    scores : sequence of float32 arrays of shape (length,)
    planted : Planted
    rows : sequence of int
        Number of each protein in `planted`; each has a signal.
    """
    masks = picked(scores)
    of_proteins = [measured(each, mask, planted, row) for each, mask, row in zip(scores, masks, rows, strict=True)]
    signals = [
        signal
        for protein, (mask, row) in enumerate(zip(masks, rows, strict=True))
        for signal in of_signals(mask, planted, row, protein)
    ]
    return Explained(name, kind, untrained, of_proteins, signals)


def recovery_rows(
    explanations: Sequence[Explained], correct: npt.NDArray[np.bool_], seed: int, resamples: int
) -> Iterator[dict[str, Any]]:
    """Rows of `RECOVERY_ROWS`.

    Parameters
    ----------
    explanations : sequence of Explained
        Of the same n proteins; the position alone is one of them.
    correct : bool array of shape (n,)
        Whether the model predicts the class of each.
    seed, resamples : int
        Of intervals and tests.
    """
    by_name = {each.name: each for each in explanations}
    for subset, chosen in (("all", np.ones(len(correct), np.bool_)), ("correct", correct)):
        for measure in MEASURES:
            rows = []
            for each in explanations:
                values = each.values(measure)[chosen]
                low, high = mean_interval(values, seed=seed, resamples=resamples)
                known = values[np.isfinite(values)]
                row = {
                    "explanation": each.name,
                    "kind": each.kind,
                    "subset": subset,
                    "measure": measure,
                    "proteins": len(known),
                    "value": float(known.mean()) if len(known) else np.nan,
                    "low": low,
                    "high": high,
                }
                for reference, others in _references(each, by_name, measure):
                    row |= _compared(reference, values, others[chosen], seed, resamples)
                rows.append(row)
            yield from _with_q_values(rows)


def by_average_precision(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the explanations of the trained model, and of the position alone, the best first; of `RECOVERY_ROWS`."""
    shown = [
        row
        for row in rows
        if (row["subset"], row["measure"]) == ("all", "auprc") and row["kind"] != UNTRAINED and row["value"] is not None
    ]
    return [row["explanation"] for row in sorted(shown, key=lambda row: -row["value"])]


def signal_rows(explanations: Sequence[Explained], seed: int, resamples: int) -> Iterator[dict[str, Any]]:
    """Rows of `SIGNAL_ROWS`: what explanations find of each kind of signal."""
    for each in explanations:
        for kind in sorted({signal.kind for signal in each.signals}):
            of_kind = [signal for signal in each.signals if signal.kind == kind]
            groups = np.array([signal.protein for signal in of_kind])
            for measure in ("recall", "touched"):
                values, chances = np.array([getattr(signal, measure) for signal in of_kind], np.float64).T
                low, high = mean_interval(values, groups, seed=seed, resamples=resamples)
                yield {
                    "explanation": each.name,
                    "signal": name_of(kind),
                    "measure": measure,
                    "signals": len(of_kind),
                    "value": float(values.mean()),
                    "low": low,
                    "high": high,
                    "chance": float(chances.mean()),
                }


def _references(
    each: Explained, by_name: Mapping[str, Explained], measure: str
) -> Iterator[tuple[str, npt.NDArray[np.float64]]]:
    """The `REFERENCES` that an explanation has, with their values of each protein."""
    yield "chance", each.chances(measure)
    if each.untrained is not None:
        yield "untrained", by_name[each.untrained].values(measure)
    if each.kind != POSITION_ALONE:
        yield "position", by_name[POSITION].values(measure)


def _compared(
    reference: str, values: npt.NDArray[np.float64], others: npt.NDArray[np.float64], seed: int, resamples: int
) -> dict[str, float]:
    test = paired_test(values, others, seed=seed, resamples=resamples)
    return {
        reference: test.mean_b,
        f"above_{reference}": test.difference,
        f"above_{reference}_low": test.low,
        f"above_{reference}_high": test.high,
        f"above_{reference}_p_value": test.p_value,
    }


def _with_q_values(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows of one measure; tests of the methods are a family for each reference, and so are those of all others."""
    is_method = np.array([row["kind"] == METHOD for row in rows])
    families = {}
    for name in REFERENCES:
        p_values = np.array([row.get(f"above_{name}_p_value", np.nan) for row in rows])
        q_values = np.full(len(rows), np.nan)
        for family in (is_method, ~is_method):
            q_values[family] = adjusted(p_values[family])
        families[f"above_{name}_q_value"] = q_values.tolist()
    for number, row in enumerate(rows):
        yield row | {name: q_values[number] for name, q_values in families.items()}
