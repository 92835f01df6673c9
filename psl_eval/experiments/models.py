"""The models of an experiment, by the names that its tables show."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from psl_models.checkpoints import as_text, open_model, weights_of
from psl_models.model import Model
from psl_models.network import Network


@dataclass(frozen=True, eq=False)
class NamedModel:
    """A model of an experiment.

    Attributes
    ----------
    name : str
        As the tables show it.
    model : Model
    training_set : path or None
        The proteins that it has learned from, where its folder says so.
    """

    name: str
    model: Model
    training_set: Path | None = None

    @property
    def attends(self) -> bool:
        """Whether it has weights of its own for residues."""
        return self.model.configuration.pooling == "attention"


def open_named(name: str, folder: Path, device: torch.device | None = None) -> NamedModel:
    """Read a model; errors as of `psl_models.checkpoints.open_model`."""
    training_set = folder / "training_set.tsv"
    return NamedModel(name, open_model(folder, device), training_set if training_set.exists() else None)


def digest_of_model(model: Model) -> str:
    """Of configuration, weights and guide; hexadecimal."""
    digest = hashlib.blake2b(as_text(model.configuration), digest_size=16)
    digest.update(weights_of(model.network))
    if model.guide is not None:
        digest.update(digest_of_model(model.guide).encode())
    return digest.hexdigest()


def of_last_states(model: Model) -> Model:
    """The same weights without the attention, pooling by the last states: what the study's gradients were taken of."""
    configuration = replace(model.configuration, pooling="last")
    with torch.random.fork_rng(devices=[]):
        network = Network(configuration)
    weights = model.network.state_dict()
    network.load_state_dict({name: weights[name] for name in network.state_dict()})
    return Model(configuration, network.to(model.device).eval())


def with_random_weights(model: Model, seed: int) -> Model:
    """A model of the same configuration that has learned nothing: the floor of an explanation (Adebayo et al. 2018).

    Nor has its guide, if it has one. The generator of torch is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Network(model.configuration)
    guide = None if model.guide is None else with_random_weights(model.guide, seed)
    return Model(model.configuration, network.to(model.device).eval(), guide)
