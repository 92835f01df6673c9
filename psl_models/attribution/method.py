"""What every attribution method is, and what it is given."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from psl_index.errors import UsageError
from psl_models.batches import Batch
from psl_models.layers.pooling import Weighing
from psl_models.model import Model


class Scores(NamedTuple):
    """What a method says of a batch."""

    residues: Tensor  # float32 of shape (n, width); at padding without meaning
    gaps: Tensor | None = None  # float32 of shape (n,), see `Attribution`; None where the method promises no sum


class Method(Protocol):
    """An attribution method: a frozen dataclass whose fields are its settings, with values that JSON can hold.

    One that draws from the seed says so by a class attribute `draws`, which is True.
    """

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores of the residues of `batch` for the logits `targets`, int64 of shape (n,).

        Several batches may be explained at a time, by threads.

        Raises
        ------
        UsageError
            The model has not what the method needs.
        """


@dataclass(frozen=True)
class Explained:
    """A model that is being explained: it does not learn, and its weights have no gradient.

    Attributes
    ----------
    model : Model
    budget : int
        Tokens that may go through the network at a time, padding included. A method that asks for a protein many
        times (steps, samples, mutants) keeps to it by splitting the times, never the protein.
    seed : int
        Of what is random.
    """

    model: Model
    budget: int
    seed: int

    def logits(self, embedded: Tensor, lengths: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """The logit of the target of each protein, (n,), from embedded residues of shape (n, width, channels).

        `weights`, float32 of shape (n, width), are those of a guide, from `guidance`.
        """
        weighing: Weighing | None = None if weights is None else lambda scores, layout: weights
        answer = self.model.network(embedded, lengths, weighing)
        logits: Tensor = answer.logits.gather(1, targets[:, None])[:, 0]
        return logits

    def gradients(self, embedded: Tensor, lengths: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        """Gradients of what `logits` gives by `embedded`, of its shape; zero at padding."""
        with torch.enable_grad():
            inputs = embedded.detach().requires_grad_()
            # A protein's logit depends on no other protein of the batch: the sum has the gradients of all of them.
            (gradients,) = torch.autograd.grad(self.logits(inputs, lengths, targets, weights).sum(), inputs)
        return gradients

    def embed(self, tokens: Tensor) -> Tensor:
        """Embedded residues, without gradient."""
        with torch.no_grad():
            return self.model.network.embed(tokens)

    def guidance(self, batch: Batch) -> Tensor | None:
        """Weights of the guide on the proteins as they are, (n, width): frozen, whatever happens to the residues.

        None where the model has no guide.
        """
        weighing = self.model.guidance(batch)
        return None if weighing is None else weighing(None, None)  # type: ignore[arg-type]

    def refuse(self, method: str, reason: str, remedy: str) -> UsageError:
        """The error about a model that a method cannot explain."""
        configuration = self.model.configuration
        return UsageError(
            f"{method} cannot explain {configuration.architecture} with pooling {configuration.pooling}: {reason}",
            remedy=remedy,
        )


@contextmanager
def explaining(model: Model, budget: int, seed: int) -> Iterator[Explained]:
    """A model made ready for methods, which comes back as it was: mode, device, and which weights have gradients.

    Everything is in evaluation mode but the LSTMs on CUDA, which cuDNN differentiates in training mode only; they have
    no dropout of their own, so that their mode changes nothing else. The guide is made ready too.
    """
    networks = [model.network] if model.guide is None else [model.network, model.guide.network]
    modules = [module for network in networks for module in network.modules()]
    modes = [module.training for module in modules]
    parameters = [parameter for network in networks for parameter in network.parameters()]
    learning = [parameter.requires_grad for parameter in parameters]
    try:
        for module in modules:
            module.training = isinstance(module, nn.LSTM) and model.device.type == "cuda"
        for parameter in parameters:
            parameter.requires_grad_(False)
        yield Explained(model, budget, seed)
    finally:
        for module, mode in zip(modules, modes, strict=True):
            module.training = mode
        for parameter, learns in zip(parameters, learning, strict=True):
            parameter.requires_grad_(learns)


def settings_of(method: Any, seed: int) -> dict[str, Any]:
    """The settings of a method by name, as JSON holds them; of one that draws the seed is one of them."""
    drawn = {"seed": seed} if getattr(method, "draws", False) else {}
    return dict(sorted((vars(method) | drawn).items()))
