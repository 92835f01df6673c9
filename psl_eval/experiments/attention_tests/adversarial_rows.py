"""Other weights of each protein, and how far they lie from the learned ones and move the answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.attention_tests.adversarial_search import AdversarialSearch
from psl_eval.experiments.attention_tests.altered import weights_of
from psl_eval.experiments.attention_tests.divergences import jensen_shannon, total_variation
from psl_eval.experiments.attention_tests.protein_rows import Setting
from psl_eval.experiments.attention_tests.readouts import Floats, Readout
from psl_eval.experiments.attention_tests.rotations import farthest_rotation
from psl_eval.experiments.models import NamedModel

PROTEINS: Final = pa.schema(
    [
        pa.field("protein", pa.int64(), nullable=False),
        pa.field("weights", pa.string(), nullable=False),  # one of WEIGHTS
        pa.field("largest_weight", pa.float64(), nullable=False),  # of the learned ones
        pa.field("divergence", pa.float64()),  # Jensen-Shannon, in nats; null where there are no such weights
        pa.field("total_variation", pa.float64()),
        pa.field("within", pa.bool_(), nullable=False),  # epsilon, and other than the learned ones
        pa.field("attention", pa.list_(pa.float32())),  # the weights themselves
    ]
)
#: The farthest of the candidates; the farthest rotation within epsilon; and, whatever they do to the answer, one
#: permutation of the learned weights and uniform ones.
WEIGHTS: Final = ("adversarial", "rotated", "permuted", "uniform")


def adversarial_rows(
    model: NamedModel, search: AdversarialSearch, setting: Setting, *, randomised: bool = False
) -> pa.Table:
    """Rows of `PROTEINS`, of each protein one for each of `WEIGHTS`.

    With `randomised`, of a network of the same configuration that has learned nothing.
    """

    def rows_of(of_block: Sequence[Readout], numbers: range) -> Iterable[dict[str, Any]]:
        searched = search.run(of_block, setting.seed)
        for protein, readout, candidates in zip(numbers, of_block, searched, strict=True):
            about = {"protein": protein, "largest_weight": float(readout.weights.max())}
            for row in _of_protein(readout, candidates, search.epsilon, setting.seed):
                yield about | row

    terms = {"search": asdict(search), "seed": setting.seed}
    return setting.rows("adversarial", model, terms, PROTEINS, rows_of, randomised=randomised)


def _of_protein(readout: Readout, candidates: Floats, epsilon: float, seed: int) -> Iterator[dict[str, Any]]:
    farthest = int(jensen_shannon(candidates, readout.weights).argmax())
    rotation = farthest_rotation(readout, epsilon)
    weightings = {
        "adversarial": candidates[farthest],
        "rotated": None if rotation is None else rotation.weights,
        "permuted": weights_of("permuted", readout, seed, 1)[0],
        "uniform": weights_of("uniform", readout, seed, 1)[0],
    }
    learned = readout.probabilities(readout.weights)
    for name, weights in weightings.items():
        if weights is None:
            yield {"weights": name, "within": False}
            continue
        moved = float(total_variation(readout.probabilities(weights), learned, readout.task))
        away = float(jensen_shannon(weights, readout.weights))
        yield {
            "weights": name,
            "divergence": away,
            "total_variation": moved,
            "within": moved <= epsilon + _ROUNDING and away > _ROUNDING,
            "attention": weights.astype(np.float32),
        }


_ROUNDING: Final = 1e-9  # of weights that are scaled to sum 1 once more
