"""Occlusion: how much of the target's logit is lost when a window of residues is hidden (Zeiler and Fergus 2014)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.attribution._variants import Protein, at_a_time, laid_out, logits_of, proteins_of
from psl_models.attribution.method import Explained, Scores
from psl_models.batches import Batch
from psl_models.encoding import PAD, TOKENS

Replacement = Literal["X", "pad", "zero"]
REPLACEMENTS: Final = get_args(Replacement)


@dataclass(frozen=True)
class Occlusion:
    """Score of a residue: f(x) - f(x with a window hidden), the mean over the windows that hold it.

    Windows begin at every `stride`-th residue; the last one ends with the protein. A protein shorter than `width` is
    one window. The number of residues stays as it is.

    Attributes
    ----------
    width : int
        Residues of a window.
    stride : int
        Residues from one window to the next, at most `width`, so that each residue is in one.
    replacement : Replacement
        What stands in place of each residue: ``X``, any residue; ``pad``, the embedding of padding; ``zero``, a vector
        of zeros.

    Raises
    ------
    UsageError
        `width` or `stride` is out of range, or the replacement is not known.

    References
    ----------
    Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks, ECCV.
    """

    width: int = 1
    stride: int = 1
    replacement: Replacement = "X"

    def __post_init__(self) -> None:
        if self.width < 1:
            raise UsageError(f"width is {self.width}, expected 1 or more")
        if not 1 <= self.stride <= self.width:
            raise UsageError(
                f"stride is {self.stride}, expected 1 to {self.width}",
                remedy="choose it no larger than the width, so that every residue is in a window",
            )
        if self.replacement not in REPLACEMENTS:
            raise UsageError(f"no replacement {self.replacement!r}", remedy=f"choose one of {', '.join(REPLACEMENTS)}")

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores without gaps; see `psl_models.attribution.method.Method`."""
        rows = [self._lost(explained, protein) for protein in proteins_of(explained, batch, targets)]
        return Scores(laid_out(rows, batch))

    @torch.no_grad()
    def _lost(self, explained: Explained, protein: Protein) -> Tensor:
        """The scores of one protein, (length,)."""
        embedded = protein.embedded
        position = torch.arange(len(embedded), device=embedded.device)
        hidden_residue = self._hidden(explained, embedded)
        logit = logits_of(explained, protein, embedded[None])
        lost, windows = embedded.new_zeros(len(embedded)), embedded.new_zeros(len(embedded))
        starts = torch.from_numpy(window_starts(len(embedded), self.width, self.stride)).to(embedded.device)
        for first in torch.split(starts[:, None], at_a_time(explained, protein)):
            hidden = (first <= position) & (position < first + self.width)
            variants = torch.where(hidden[..., None], hidden_residue, embedded)
            held = hidden.to(embedded.dtype)
            lost += (logit - logits_of(explained, protein, variants)) @ held
            windows += held.sum(0)
        return lost / windows

    def _hidden(self, explained: Explained, embedded: Tensor) -> Tensor:
        """What a hidden residue is embedded as, (channels,)."""
        if self.replacement == "zero":
            return torch.zeros_like(embedded[0])
        token = PAD if self.replacement == "pad" else TOKENS.index("X")
        return explained.embed(torch.tensor([token], device=embedded.device))[0]


def window_starts(length: int, width: int, stride: int) -> npt.NDArray[np.int64]:
    """First residues, from 0, of the windows over a protein: every `stride`-th, and one that ends with the protein."""
    last = max(length - width, 0)
    starts = np.arange(0, last + 1, stride)
    return starts if starts[-1] == last else np.append(starts, last)
