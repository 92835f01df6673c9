"""Models that an experiment trains itself, each in a folder of its own, so that a run that was cut off goes on."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch

from psl_eval.experiments.models import NamedModel, digest_of_model, open_named
from psl_eval.experiments.parts import Parts
from psl_index.errors import InputError, UsageError
from psl_index.progress import Progress
from psl_models.checkpoints import CONFIGURATION
from psl_models.training.folder import METRICS, training_folder
from psl_models.training.material import Material
from psl_models.training.running import Training


class Trained(NamedTuple):
    """A model that an experiment has trained."""

    model: NamedModel
    metrics: dict[str, Any]  # as `pslidx train` writes them into ``metrics.json``


def trained(
    name: str, training: Training, parts: Parts, device: torch.device, report: Callable[[Progress], None]
) -> Trained:
    """The model of a training, trained where it is not there yet; a training that was cut off is gone on with.

    Parameters
    ----------
    name : str
        Of the part, and of the model.
    training : Training
    parts : Parts
    device : torch.device
    report : callable

    Raises
    ------
    InputError, OutputError, UsageError
        As of `Training.run`, and `psl_models.training.folder.training_folder`.
    """
    folder = parts.folder(name, _terms(training))
    if not _is_model(folder):
        try:
            with training_folder(folder, resume=True):
                training.run(
                    folder,
                    resume=True,
                    device=device,
                    progress=lambda step, done, total: report(Progress(f"{name}: {step}", done, total, "proteins")),
                )
        except UsageError:
            if not _is_model(folder):  # that another process has finished between the look and the lock
                raise
    return Trained(open_named(name, folder, device), _metrics(folder / METRICS))


def _is_model(folder: Path) -> bool:
    return (folder / CONFIGURATION).exists()


def _metrics(path: Path) -> dict[str, Any]:
    try:
        metrics: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        remedy = "remove the folder that it is in; the model is trained again"
        raise InputError(f"damaged ({error})", file=str(path), remedy=remedy) from None
    return metrics


def _terms(training: Training) -> dict[str, Any]:
    """What decides the weights, as JSON holds it, but for the number of threads."""
    return {
        "configuration": training.configuration.as_json(),
        "options": dataclasses.asdict(training.options),
        "material": digest_of_material(training.material),
        "guide": None if training.guide is None else digest_of_model(training.guide),
        "frozen": {name: _digest(tensor.cpu().numpy().tobytes()) for name, tensor in training.frozen.items()},
        "across": training.across,
    }


def digest_of_material(material: Material) -> str:
    """Of residues, sides and classes, in order; hexadecimal."""
    rows = zip(material.dataset.sequences, material.split, material.labels, strict=True)
    return _digest(b"".join(f"{sequence}\t{side}\t".encode() + labels.tobytes() for sequence, side, labels in rows))


def _digest(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()
