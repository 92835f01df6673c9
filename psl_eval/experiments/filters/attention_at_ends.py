"""How much of its attention a model gives to either end of proteins, by class, beside random weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.filters.beside_random import BESIDE_RANDOM, Floats, beside_random, with_q_values

Weights = Sequence[npt.NDArray[np.float32]]

END_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),  # the true one
        pa.field("end", pa.string(), nullable=False),  # N or C
        pa.field("residues", pa.int64(), nullable=False),  # from that end, or the whole of a shorter protein
        pa.field("proteins", pa.int64(), nullable=False),
        *BESIDE_RANDOM,  # attention to these residues, in units of an even share
    ]
)


def end_rows(
    trained: Weights,
    untrained: Weights,
    labels: Sequence[Sequence[str]],
    classes: Sequence[str],
    near: int,
    seed: int,
    resamples: int,
) -> Iterator[dict[str, Any]]:
    """Rows of `END_ROWS` but for the first column.

    Parameters
    ----------
    trained, untrained : sequences of float32 arrays of shape (length,)
        Attention to each protein by the model, and by one that has learned nothing.
    labels : sequence of sequences of str
        True classes of each.
    classes : sequence of str
        Those to show, in order; one without a protein has no rows.
    near : int
        Residues from each end.
    seed, resamples : int
        Of intervals and tests.
    """
    rows: list[dict[str, Any]] = []
    for psl_class in classes:
        chosen = np.array([psl_class in of_protein for of_protein in labels])
        for end in ("N", "C") if chosen.any() else ():
            values, floor = share_at_end(trained, end, near)[chosen], share_at_end(untrained, end, near)[chosen]
            found = beside_random(values, floor, seed, resamples)
            rows.append({"class": psl_class, "end": end, "residues": near} | found)
    return with_q_values(rows)


def share_at_end(weights: Weights, end: str, near: int) -> Floats:
    """Attention to the `near` residues at the end N or C of each protein, divided by their share of its residues.

    float64 of shape (n,); 1 is what they would have if all residues had the same.
    """
    at_end = [each[:near] if end == "N" else each[-near:] for each in weights]
    shares = [part.sum(dtype=np.float64) * len(each) / len(part) for part, each in zip(at_end, weights, strict=True)]
    return np.array(shares, np.float64)
