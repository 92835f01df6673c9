"""How much of its attention a model gives to either end of proteins, by class, beside chance and random weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.filters.beside_random import BESIDE_RANDOM, Floats, beside_random, with_q_values
from psl_eval.statistics.means import permutation_p

Weights = Sequence[npt.NDArray[np.float32]]

_DIGITS: Final = 12  # that sums in another order agree in

END_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),  # the true one
        pa.field("end", pa.string(), nullable=False),  # N or C
        pa.field("residues", pa.int64(), nullable=False),  # from that end, or the whole of a shorter protein
        pa.field("proteins", pa.int64(), nullable=False),
        *BESIDE_RANDOM,  # attention to these residues, in units of an even share
        pa.field("rotated_p_value", pa.float64()),  # two-sided, that weights of as many residues lie anywhere
        pa.field("rotated_q_value", pa.float64()),  # Benjamini-Hochberg over all rows of a model
    ]
)


def end_rows(
    trained: Weights,
    untrained: Sequence[Weights],
    labels: Sequence[Sequence[str]],
    classes: Sequence[str],
    near: int,
    seed: int,
    resamples: int,
) -> Iterator[dict[str, Any]]:
    """Rows of `END_ROWS` but for the first column.

    Parameters
    ----------
    trained : sequence of float32 arrays of shape (length,)
        Attention to each protein by the model.
    untrained : sequence of the same
        By each of several networks that have learned nothing.
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
        of_class = [trained[number] for number in np.flatnonzero(chosen).tolist()]
        for end in ("N", "C") if of_class else ():
            floor = np.array([share_at_end(each, end, near)[chosen] for each in untrained])
            found = beside_random(share_at_end(of_class, end, near), floor, seed, resamples)
            found["rotated_p_value"] = rotated_p(of_class, end, near, seed, resamples)
            rows.append({"class": psl_class, "end": end, "residues": near} | found)
    return with_q_values(list(with_q_values(rows)), "rotated_")


def rotated_p(weights: Weights, end: str, near: int, seed: int, resamples: int) -> float:
    """Two-sided p-value that the mean of `share_at_end` is as it is by chance, by rotating the weights of each protein.

    What goes beyond one end of a protein comes back at the other, by any number of residues with equal probability, so
    that runs of high weights keep their lengths; their mean share is 1. Whatever weights look like, wherever they may
    lie with equal probability p-values are right: shares are mostly near 0 and a few are large, and a test by signs of
    their differences from 1 would be none.
    """
    rng = np.random.default_rng(seed)
    by_chance = np.zeros(resamples)
    for each in weights:
        by_chance += rng.choice(_shares_of_rotations(each, near), resamples)
    observed = share_at_end(weights, end, near).sum()
    return min(2 * min(permutation_p(by_chance, observed), permutation_p(-by_chance, -observed)), 1.0)


def _shares_of_rotations(weights: npt.NDArray[np.float32], near: int) -> Floats:
    """`share_at_end` of each of the rotations of a protein, either end having the same ones."""
    length, width = len(weights), min(near, len(weights))
    sums = np.concatenate([[0.0], np.cumsum(np.concatenate([weights, weights]), dtype=np.float64)])
    shares: Floats = (sums[width : width + length] - sums[:length]) * length / width
    return shares.round(_DIGITS)


def share_at_end(weights: Weights, end: str, near: int) -> Floats:
    """Attention to the `near` residues at the end N or C of each protein, divided by their share of its residues.

    float64 of shape (n,); 1 is what they would have if all residues had the same.
    """
    at_end = [each[:near] if end == "N" else each[-near:] for each in weights]
    shares = [part.sum(dtype=np.float64) * len(each) / len(part) for part, each in zip(at_end, weights, strict=True)]
    return np.array(shares, np.float64).round(_DIGITS)
