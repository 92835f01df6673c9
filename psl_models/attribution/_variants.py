"""A protein asked for many times, each time with some residues replaced, as many at a time as the budget allows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from torch import Tensor

from psl_models.attribution.method import Explained
from psl_models.batches import Batch


class Protein(NamedTuple):
    """One protein of a batch, without padding."""

    embedded: Tensor  # (length, channels)
    target: Tensor  # int64 of shape (), the class whose logit is explained
    weights: Tensor | None  # (length,), those of a guide on the protein as it is; they stay when residues are replaced


def proteins_of(explained: Explained, batch: Batch, targets: Tensor) -> Iterator[Protein]:
    """The proteins of a batch one by one."""
    guidance = explained.guidance(batch)
    for place, length in enumerate(batch.lengths.tolist()):
        weights = None if guidance is None else guidance[place, :length]
        yield Protein(explained.embed(batch.tokens[place, :length]), targets[place], weights)


def at_a_time(explained: Explained, protein: Protein) -> int:
    """Variants of a protein that may go through the network together, at least one."""
    return max(explained.budget // len(protein.embedded), 1)


def logits_of(explained: Explained, protein: Protein, variants: Tensor) -> Tensor:
    """The target's logit, (m,), of each of m embedded variants of shape (m, length, channels)."""
    m, length, _ = variants.shape
    weights = None if protein.weights is None else protein.weights.expand(m, length)
    return explained.logits(variants, protein.target.new_full((m,), length), protein.target.expand(m), weights)


def laid_out(rows: Sequence[Tensor], batch: Batch) -> Tensor:
    """Scores of the proteins of a batch, (length,) each, as (n, width), zero at padding."""
    scores = rows[0].new_zeros(batch.tokens.shape)
    for place, row in enumerate(rows):
        scores[place, : len(row)] = row
    return scores
