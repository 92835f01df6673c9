"""A trained network with all it needs to answer."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch

from psl_index.errors import UsageError
from psl_models.batches import Batch
from psl_models.configuration import Configuration
from psl_models.layers.pooling import Weighing
from psl_models.network import Answer, Network


@dataclass
class Model:
    """A network, how it was made, and the model that guides it, if one does.

    Attributes
    ----------
    configuration : Configuration
    network : Network
    guide : Model or None
        With the pooling ``guided``: the model whose weights it takes, on the same proteins.
    """

    configuration: Configuration
    network: Network = field(repr=False)
    guide: Model | None = field(default=None, repr=False)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.network.parameters()).device

    def answer(self, batch: Batch, weighing: Weighing | None = None) -> Answer:
        """What the network says of a batch on its device, with its guide's weights where it has one.

        Raises
        ------
        UsageError
            The weights of a model without attention are asked for, or those of a guide that is not there.
        """
        if weighing is None:
            weighing = self.guidance(batch)
        return self.network(self.network.embed(batch.tokens), batch.lengths, weighing)  # type: ignore[no-any-return]

    def guidance(self, batch: Batch) -> Weighing | None:
        """The weights of the guide for a batch; None where the model needs none."""
        if self.configuration.pooling != "guided":
            return None
        if self.guide is None:
            raise UsageError("this model is guided by another, which is not in its folder", remedy="train it again")
        with torch.no_grad():
            weights = self.guide.answer(batch).weights
        assert weights is not None
        return lambda scores, layout: weights


def device_named(name: str) -> torch.device:
    """The device ``auto``, ``cpu`` or ``cuda`` (``cuda:N``) stands for; ``auto`` is CUDA where there is one.

    Raises
    ------
    UsageError
        It is not there, or no such thing.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise UsageError(f"no device {name!r}", remedy="choose auto, cpu or cuda") from None
    if device.type not in ("cpu", "cuda") or (device.type == "cpu" and device.index):
        raise UsageError(f"no device {name!r}", remedy="choose auto, cpu or cuda")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        found = torch.cuda.device_count()
        raise UsageError(f"{name} was asked for, but {found} such devices were found", remedy="choose cpu")
    return device
