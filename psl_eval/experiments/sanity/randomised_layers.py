"""Models of which some layers have lost what they learned (Adebayo et al. 2018)."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Final, NamedTuple

from torch import nn

from psl_eval.experiments.models import with_random_weights
from psl_models.layers.recurrent import BidirectionalLSTM
from psl_models.model import Model
from psl_models.network import Network

#: How layers are randomised: each with all above it, or each alone.
MODES: Final = ("cascading", "independent")
GUIDE: Final = "guide"


class Layer(NamedTuple):
    """A layer that learns."""

    name: str
    modules: tuple[nn.Module, ...]


def layers_of(network: Network) -> list[Layer]:
    """The layers of a network that learn, from the classifier down to the embedding; LSTMs from 1 at the bottom."""
    layers = [Layer("classifier", (network.classifier,))]
    if network.pooling.attention is not None:
        layers.append(Layer("attention", (network.pooling.attention,)))
    for name, module in reversed(list(network.encoder.named_children())):
        if isinstance(module, BidirectionalLSTM):
            pairs = list(zip(module.forwards, module.backwards, strict=True))
            layers += [Layer(f"lstm {number + 1}", pair) for number, pair in reversed(list(enumerate(pairs)))]
        else:
            layers.append(Layer(name, (module,)))
    layers.append(Layer("embedding", (network.embedding,)))
    return [layer for layer in layers if _learns(layer)]


def randomised_layers(model: Model, names: Sequence[str], seed: int) -> Model:
    """The same model, layers of these names with the weights that a network begins to learn with.

    They are those of `with_random_weights` of the seed, whichever other layers are randomised. The model itself stays
    as it is.
    """
    network = copy.deepcopy(model.network)
    fresh = with_random_weights(model, seed)
    for layer, other in zip(layers_of(network), layers_of(fresh.network), strict=True):
        if layer.name in names:
            for module, beginning in zip(layer.modules, other.modules, strict=True):
                module.load_state_dict(beginning.state_dict())
    return Model(model.configuration, network.eval(), fresh.guide if GUIDE in names else model.guide)


def stages_of(model: Model) -> list[tuple[str, str, tuple[str, ...]]]:
    """Each mode, the layer that it has come to, and the names of the layers that are randomised then.

    A guide, which hands in the weights of residues, is the last of them, as a whole.
    """
    names = [*(layer.name for layer in layers_of(model.network)), *([] if model.guide is None else [GUIDE])]
    cascading = [("cascading", name, tuple(names[: number + 1])) for number, name in enumerate(names)]
    return [*cascading, *(("independent", name, (name,)) for name in names)]


def _learns(layer: Layer) -> bool:
    return any(parameter.requires_grad for module in layer.modules for parameter in module.parameters())
