"""A training between two epochs, as it is kept for `--resume`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from psl_index.errors import InputError, UsageError
from psl_models.checkpoints import write_durably

Tensors = dict[str, Tensor]


@dataclass
class State:
    """Where a training stands.

    Attributes
    ----------
    weights, averaged, best : dict of Tensor
        Of the network: as they are, their running mean, and those with the best macro F1.
    moments : dict of Tensor
        Of the optimiser.
    steps : int
        Taken so far.
    lines : list of dict
        What was measured after each epoch.
    best_epoch : int
        0 before the first.
    """

    weights: Tensors
    averaged: Tensors
    best: Tensors
    moments: Tensors
    steps: int
    lines: list[dict[str, Any]]
    best_epoch: int


def save_state(state: State, path: Path, terms: dict[str, Any]) -> None:
    """Write a state; `terms`, which JSON can hold, is what another training must agree in to go on from it."""
    tensors = {
        f"{group}/{name}": tensor.detach().cpu().contiguous().clone()
        for group in _GROUPS
        for name, tensor in getattr(state, group).items()
    }
    scalars = {"steps": state.steps, "lines": state.lines, "best_epoch": state.best_epoch, "terms": terms}
    write_durably(path, safetensors.torch.save(tensors, metadata={"state": json.dumps(scalars, sort_keys=True)}))


def load_state(path: Path, terms: dict[str, Any]) -> State:
    """Read a state.

    Raises
    ------
    InputError
        It is damaged.
    UsageError
        It is that of a training on other data or with other choices.
    """
    try:
        with safetensors.safe_open(path, framework="pt") as stored:
            scalars = json.loads((stored.metadata() or {})["state"])
            tensors = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, KeyError, ValueError) as error:
        remedy = "train without --resume"
        raise InputError(f"a damaged state of a training ({error})", file=str(path), remedy=remedy) from None
    different = sorted(name for name in terms if scalars["terms"].get(name) != json.loads(json.dumps(terms[name])))
    if different:
        raise UsageError(
            f"the training that was cut off had another {different[0].replace('_', ' ')}",
            file=str(path.parent.parent),
            remedy="ask for the same as then, or train without --resume",
        )
    groups: dict[str, Tensors] = {group: {} for group in _GROUPS}
    for name, tensor in tensors.items():
        group, _, own_name = name.partition("/")
        groups[group][own_name] = tensor
    return State(**groups, steps=scalars["steps"], lines=scalars["lines"], best_epoch=scalars["best_epoch"])


_GROUPS = ("weights", "averaged", "best", "moments")
