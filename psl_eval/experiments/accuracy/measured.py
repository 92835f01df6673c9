"""What a trained network says of the test proteins, with its own attention and with others in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.trained import digest_of_material
from psl_index.progress import Progress, counting
from psl_models.across_batches import predict_across_batches
from psl_models.attention import ATTENTIONS
from psl_models.metrics import evaluate
from psl_models.prediction import Predictions, predict
from psl_models.splits import TEST
from psl_models.training.material import Material

FIGURES: Final = ("accuracy", "f1_macro", "f1_macro_batches", "mcc")
#: How attention is laid out when a network is asked: over its own residues, or as the study's code does.
CORRECT: Final = "correct"
RELEASED: Final = "released"

_MEASURED: Final = pa.schema(
    [pa.field(f"{name}{end}", pa.float64()) for name in FIGURES for end in ("", "_low", "_high")]
)


class Asking(NamedTuple):
    """A way to ask a network."""

    layout: str
    attention: str | None  # None of a network without weights of residues to alter


def ways_to_ask(model: NamedModel, *, also_released: bool) -> Iterator[Asking]:
    """Those that a model has; `also_released`: as the study's code lays attention out, too."""
    if not model.attends:
        yield Asking(CORRECT, None)
        return
    for layout in (CORRECT, RELEASED) if also_released else (CORRECT,):
        for attention in ATTENTIONS:
            yield Asking(layout, attention)


def measured(
    model: NamedModel,
    material: Material,
    asking: Asking,
    seed: int,
    parts: Parts,
    report: Callable[[Progress], None],
) -> dict[str, Any]:
    """Figures of the test proteins, each with the interval over proteins.

    Raises
    ------
    InputError, OutputError
        As of `Parts.table`.
    """
    terms = {
        "model": digest_of_model(model.model),
        "material": digest_of_material(material),
        "asking": list(asking),
        "seed": seed,
    }

    def compute() -> pa.Table:
        sequences = material.sequences(TEST)
        probabilities = _asked(model, sequences, asking, seed, report).probabilities(model.model.configuration)
        return pa.Table.from_pylist([figures_of(probabilities, material, seed)], _MEASURED)

    name = f"{model.name}-{asking.layout}-{asking.attention or 'as-it-is'}"
    row: dict[str, Any] = parts.table(name, terms, compute).to_pylist()[0]
    return row


def figures_of(probabilities: npt.NDArray[Any], material: Material, seed: int) -> dict[str, Any]:
    """The same of what is said of the test proteins."""
    classes = tuple(map(str, range(material.labels.shape[1])))
    evaluated = evaluate(probabilities, material.labels[material.rows(TEST)], classes, "single-label", seed=seed)
    row: dict[str, Any] = {}
    for name in FIGURES:
        figure = evaluated.figures[name]
        row |= {name: figure.value, f"{name}_low": figure.low, f"{name}_high": figure.high}
    return row


def _asked(
    model: NamedModel, sequences: list[str], asking: Asking, seed: int, report: Callable[[Progress], None]
) -> Predictions:
    in_words = model.name if asking.attention is None else f"{model.name}, {asking.attention} attention"
    progress = counting(report, in_words, len(sequences))
    if asking.layout == RELEASED:
        attention: Any = asking.attention
        return predict_across_batches(model.model, sequences, attention=attention, seed=seed, progress=progress)
    altered: Any = asking.attention or "learned"
    return predict(model.model, sequences, attention=altered, seed=seed, progress=progress)
