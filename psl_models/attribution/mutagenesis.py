"""Saturation mutagenesis: what the target's logit loses when a residue becomes another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from psl_index.alphabet import STANDARD
from psl_index.errors import UsageError
from psl_models.attribution._variants import Protein, at_a_time, laid_out, logits_of, proteins_of
from psl_models.attribution.method import Explained, Scores
from psl_models.batches import Batch
from psl_models.encoding import encode

Summary = Literal["mean", "largest", "absolute"]
SUMMARIES: Final = get_args(Summary)


@dataclass(frozen=True)
class Mutagenesis:
    """Score of a residue: f(x) - f(x with another residue in its place), over all other standard residues.

    Those are 19, or 20 where the residue is not a standard one.

    Attributes
    ----------
    summary : Summary
        ``mean`` of the losses, the ``largest`` of them, or the mean of their ``absolute`` values, which counts mutants
        that gain as well.

    Raises
    ------
    UsageError
        The summary is not known.
    """

    summary: Summary = "mean"

    def __post_init__(self) -> None:
        if self.summary not in SUMMARIES:
            raise UsageError(f"no summary {self.summary!r}", remedy=f"choose one of {', '.join(SUMMARIES)}")

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores without gaps; see `psl_models.attribution.method.Method`."""
        rows = []
        for place, protein in enumerate(proteins_of(explained, batch, targets)):
            tokens = batch.tokens[place, : len(protein.embedded)]
            rows.append(self._summarised(_losses(explained, protein, tokens), _others(tokens)))
        return Scores(laid_out(rows, batch))

    def _summarised(self, losses: Tensor, others: Tensor) -> Tensor:
        if self.summary == "largest":
            return losses.masked_fill(~others, -torch.inf).amax(1)
        if self.summary == "absolute":
            losses = losses.abs()
        return losses.sum(1) / others.sum(1)


def saturation(explained: Explained, tokens: Tensor, target: int) -> Tensor:
    """Losses of all mutants of a protein.

    Parameters
    ----------
    explained : Explained
    tokens : Tensor
        Residues of the protein, int64 of shape (length,), on the device of the model.
    target : int
        Class whose logit f is.

    Returns
    -------
    Tensor
        f(x) - f(x with residue i replaced by standard residue j), float32 of shape (length, 20), residues in the order
        of `psl_index.alphabet.STANDARD`; zero where they are the protein's own.
    """
    lengths = torch.tensor([len(tokens)], device=tokens.device)
    batch = Batch(tokens[None], lengths, np.zeros(1, np.int64))
    (protein,) = proteins_of(explained, batch, torch.tensor([target], device=tokens.device))
    return _losses(explained, protein, tokens)


@torch.no_grad()
def _losses(explained: Explained, protein: Protein, tokens: Tensor) -> Tensor:
    standard = explained.embed(_standard(tokens))
    logit = logits_of(explained, protein, protein.embedded[None])
    losses = protein.embedded.new_zeros(len(tokens), len(standard))
    for mutants in torch.split(_others(tokens).nonzero(), at_a_time(explained, protein)):
        position, residue = mutants.unbind(1)
        variants = protein.embedded.repeat(len(mutants), 1, 1)
        variants[torch.arange(len(mutants), device=tokens.device), position] = standard[residue]
        losses[position, residue] = logit - logits_of(explained, protein, variants)
    return losses


def _others(tokens: Tensor) -> Tensor:
    """Which standard residues each residue is not, bool of shape (length, 20)."""
    return tokens[:, None] != _standard(tokens)


def _standard(tokens: Tensor) -> Tensor:
    """Tokens of the standard residues, int64 of shape (20,)."""
    return torch.from_numpy(encode(STANDARD)).to(tokens)
