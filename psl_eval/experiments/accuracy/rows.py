"""Rows of tables of accuracies: each training by itself, and their means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.accuracy.arms import ARMS
from psl_eval.experiments.accuracy.measured import CORRECT, FIGURES, Asking
from psl_eval.experiments.accuracy.trainings import Divided
from psl_eval.experiments.estimates import by_teacher
from psl_eval.statistics.means import student_interval
from psl_models.splits import TEST

_ABOUT: Final = [
    pa.field("split", pa.string(), nullable=False),
    pa.field("experiment", pa.string()),  # of the study's table 1; null of what is not in it
    pa.field("arm", pa.string(), nullable=False),
    pa.field("layout", pa.string()),  # of attention when the network is asked: correct, or as released
    pa.field("attention", pa.string()),  # learned, or what is in its place; null without weights to alter
]
RUN_ROWS: Final = pa.schema(
    [
        *_ABOUT,
        pa.field("seed", pa.int64()),  # of the training; null of what is not trained here
        pa.field("teacher", pa.int64()),  # seed of the BiLSTM that is taken over from, where they differ
        pa.field("proteins", pa.int64(), nullable=False),  # of the test set
        *(pa.field(f"{name}{end}", pa.float64()) for name in FIGURES for end in ("", "_low", "_high")),
    ]
)
ACCURACY_ROWS: Final = pa.schema(
    [
        *_ABOUT,
        pa.field("trainings", pa.int64(), nullable=False),
        pa.field("independent", pa.int64(), nullable=False),  # of them; those of one teacher are one
        pa.field("proteins", pa.int64(), nullable=False),
        # Means over independent trainings, with intervals by Student's t; of one over proteins, by bootstrap.
        *(pa.field(f"{name}{end}", pa.float64()) for name in FIGURES for end in ("", "_low", "_high")),
        # What the study reports, of one training; where there is attention, laid out across batches of five.
        pa.field("study_accuracy", pa.float64()),
        pa.field("study_f1_macro_batches", pa.float64()),
    ]
)


def row_of(
    divided: Divided,
    experiment: str | None,
    arm: str,
    asking: Asking,
    seed: int | None,
    figures: Mapping[str, Any],
) -> dict[str, Any]:
    """A row of `RUN_ROWS` from figures as `psl_eval.experiments.accuracy.measured.figures_of` gives them."""
    return {
        "split": divided.name,
        "experiment": experiment,
        "arm": arm,
        "layout": asking.layout,
        "attention": asking.attention,
        "seed": seed,
        "teacher": None,
        "proteins": len(divided.material.rows(TEST)),
        **{f"{name}{end}": figures[f"{name}{end}"] for name in FIGURES for end in ("", "_low", "_high")},
    }


def means(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of `ACCURACY_ROWS` from those of `RUN_ROWS`."""
    names = [field.name for field in _ABOUT]
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in names), []).append(row)
    for key, group in groups.items():
        about = dict(zip(names, key, strict=True))
        trained = [each for each in group if each["seed"] is not None]
        row = about | {
            "trainings": len(trained),
            "independent": len(by_teacher(trained, "accuracy")),
            "proteins": group[0]["proteins"],
        }
        for name in FIGURES:
            values = np.array(list(by_teacher(group, name).values()))
            low, high = student_interval(values)
            if len(group) == 1:
                low, high = group[0][f"{name}_low"], group[0][f"{name}_high"]
            row |= {name: float(values.mean()), f"{name}_low": low, f"{name}_high": high}
        arm = ARMS.get(about["arm"]) if about["experiment"] else None
        as_trained = about["attention"] in (None, "learned") and about["layout"] == CORRECT
        if arm is not None and arm.reported is not None and as_trained:
            row |= {
                "study_accuracy": arm.reported.accuracy,
                "study_f1_macro_batches": arm.reported.f1_macro_batches,
            }
        yield row
