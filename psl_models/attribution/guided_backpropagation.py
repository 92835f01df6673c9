"""Guided backpropagation (Springenberg et al. 2015, Striving for simplicity: the all convolutional net)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn

from psl_models.attribution.gradients import Norm, size
from psl_models.attribution.method import Explained, Scores
from psl_models.batches import Batch
from psl_models.network import Network

_ONE_AT_A_TIME: Final = threading.Lock()  # of batches that are explained side by side: hooks are the model's


@dataclass(frozen=True)
class GuidedBackpropagation:
    """Size of the gradient at each residue, where no ReLU passes on a negative gradient.

    LSTMs and attention, for which there is no such rule, pass on what they get as usual. A model without ReLU is
    refused.

    Attributes
    ----------
    norm : Norm
        As for `psl_models.attribution.gradients.Saliency`.
    """

    norm: Norm = "l2"

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Sizes; see `psl_models.attribution.method.Method`."""
        if not _rectifiers(explained.model.network):
            raise explained.refuse(
                "guided-backpropagation", "it has no ReLU", "take saliency, or a model with convolutions"
            )
        embedded, weights = explained.embed(batch.tokens), explained.guidance(batch)
        with _guided(explained.model.network):
            gradients = explained.gradients(embedded, batch.lengths, targets, weights)
        return Scores(size(gradients, self.norm))


def _rectifiers(network: Network) -> list[nn.ReLU]:
    return [module for module in network.modules() if isinstance(module, nn.ReLU)]


@contextmanager
def _guided(network: Network) -> Iterator[None]:
    """A network whose ReLUs pass on positive gradients only."""
    with _ONE_AT_A_TIME:
        hooks = [module.register_full_backward_hook(_positive) for module in _rectifiers(network)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def _positive(
    module: nn.Module, inward: tuple[Tensor, ...] | Tensor, outward: tuple[Tensor, ...] | Tensor
) -> tuple[Tensor, ...]:
    return tuple(torch.relu(gradient) for gradient in inward)
