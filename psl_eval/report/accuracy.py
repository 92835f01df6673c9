"""How often predictions are right, with intervals: of all proteins, and of each class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.report.predictions import Series
from psl_eval.statistics.counts import wilson_interval
from psl_eval.statistics.rows import table_of

ACCURACY: Final = pa.schema(
    [
        pa.field("predictions", pa.string(), nullable=False),
        pa.field("proteins", pa.int64(), nullable=False),
        pa.field("labelled", pa.int64(), nullable=False),  # with a true class: those that are judged
        pa.field("correct", pa.int64(), nullable=False),  # predicted classes are the true ones
        pa.field("accuracy", pa.float64()),
        pa.field("low", pa.float64()),  # Wilson's 95 % interval, proteins as independent
        pa.field("high", pa.float64()),
        pa.field("majority", pa.float64()),  # accuracy of always saying the most frequent class
    ]
)

BY_CLASS: Final = pa.schema(
    [
        pa.field("predictions", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),
        pa.field("proteins", pa.int64(), nullable=False),  # that are of the class
        pa.field("predicted", pa.int64(), nullable=False),  # that are said to be
        pa.field("correct", pa.int64(), nullable=False),  # both
        pa.field("recall", pa.float64()),  # correct / proteins
        pa.field("recall_low", pa.float64()),  # Wilson's 95 % interval
        pa.field("recall_high", pa.float64()),
        pa.field("precision", pa.float64()),  # correct / predicted
        pa.field("median_length", pa.float64()),  # residues, of the proteins of the class
    ]
)


def accuracy_table(series: Iterable[Series]) -> pa.Table:
    """A row for each table of predictions, as `ACCURACY`."""
    return table_of([_accuracy(each) for each in series], ACCURACY)


def class_table(series: Iterable[Series], classes: Sequence[str], sequences: Mapping[str, str]) -> pa.Table:
    """A row for each table of predictions and class, as `BY_CLASS`.

    Parameters
    ----------
    series : iterable of Series
    classes : sequence of str
    sequences : mapping of str to str
        Residues of the proteins, where they are known.
    """
    return table_of([_of_class(each, name, sequences) for each in series for name in classes], BY_CLASS)


def _accuracy(series: Series) -> dict[str, Any]:
    judged = [answer for answer in series.answers.values() if answer.true is not None]
    correct = sum(answer.correct is True for answer in judged)
    most = Counter(frozenset(answer.of_true) for answer in judged).most_common(1)
    accuracy, low, high = _share(correct, len(judged))
    return {
        "predictions": series.name,
        "proteins": len(series.answers),
        "labelled": len(judged),
        "correct": correct,
        "accuracy": accuracy,
        "low": low,
        "high": high,
        "majority": most[0][1] / len(judged) if most else None,
    }


def _of_class(series: Series, name: str, sequences: Mapping[str, str]) -> dict[str, Any]:
    judged = {query: answer for query, answer in series.answers.items() if answer.true is not None}
    own = {query for query, answer in judged.items() if name in answer.of_true}
    predicted = {query for query, answer in judged.items() if name in answer.of_predicted}
    recall, low, high = _share(len(own & predicted), len(own))
    known = [len(sequences[query]) for query in own if query in sequences]
    return {
        "predictions": series.name,
        "class": name,
        "proteins": len(own),
        "predicted": len(predicted),
        "correct": len(own & predicted),
        "recall": recall,
        "recall_low": low,
        "recall_high": high,
        "precision": _share(len(own & predicted), len(predicted))[0],
        "median_length": float(np.median(known)) if known else None,
    }


def _share(part: int, whole: int) -> tuple[float | None, float | None, float | None]:
    """A share with its interval; None of nothing."""
    return (part / whole, *wilson_interval(part, whole)) if whole else (None, None, None)
