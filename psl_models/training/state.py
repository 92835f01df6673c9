"""A training between two epochs, as it is kept for `--resume`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from psl_index.errors import InputError, UsageError
from psl_models.checkpoints import save_file

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
    save_file(path, safetensors.torch.save(tensors, metadata={"state": json.dumps(scalars, sort_keys=True)}))


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
        problem = f"a damaged state of a training ({error})"
        raise InputError(problem, file=str(path), remedy="remove the folder to begin anew") from None
    had = dict(_choices(scalars["terms"]))
    for name, value in _choices(json.loads(json.dumps(terms))):
        if had.get(name) != value:
            raise UsageError(
                f"the training that was cut off had another {_in_words(name, had.get(name))}",
                file=str(path.parent),
                remedy="ask for the same as then, or remove the folder to begin anew",
            )
    groups: dict[str, Tensors] = {group: {} for group in _GROUPS}
    for name, tensor in tensors.items():
        group, _, own_name = name.partition("/")
        groups[group][own_name] = tensor
    return State(**groups, steps=scalars["steps"], lines=scalars["lines"], best_epoch=scalars["best_epoch"])


_GROUPS = ("weights", "averaged", "best", "moments")
_NO_OPTIONS = ("training_set", "validation_set", "task", "budget")
_DIGESTS = ("training_set", "validation_set", "guide")


def _choices(terms: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The terms one by one, those of the configuration and the options, too."""
    for name, value in terms.items():
        if isinstance(value, dict):
            yield from _choices(value)
        else:
            yield name, value


def _in_words(name: str, value: Any) -> str:
    """A choice as it is asked for on the command line, with its value where that says something."""
    option = name.replace("_", " ") if name in _NO_OPTIONS else f"--{name.replace('_', '-')}"
    if name in _DIGESTS:
        return option
    return f"{option} ({','.join(map(str, value)) if isinstance(value, list) else value})"
