"""What commands on models read: the model, and the proteins that it is asked about."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from psl_eval.explanations.asked import Asked
from psl_index.errors import InputError
from psl_index.tables import parse_columns
from psl_models.checkpoints import open_model
from psl_models.configuration import Configuration
from psl_models.datasets import read_dataset
from psl_models.encoding import truncated
from psl_models.model import Model
from psl_models.shipped import model_folder, shipped_models
from psl_models.training.material import labels_of
from pslidx.destination import Destination, refuse_input, refuse_inside
from pslidx.messages import counted, say
from pslidx.model_options import kept_length


def folder_named(name: str | None) -> Path:
    """The folder of the model that a user names, or of the default one; InputError where there is none."""
    folder = model_folder(name)
    if not folder.exists():
        known = ", ".join(shipped_models())
        remedy = f"make one with `pslidx train`, or name one that comes with pslidx: {known}"
        raise InputError("is not there, expected a model", file=name, remedy=remedy)
    return folder


def model_and_asked(
    arguments: tuple[str | None, str], destination: Destination, device: torch.device, reading: Mapping[str, Any]
) -> tuple[Model, Asked]:
    """The model and the proteins that a command names, with their classes where the file states them.

    `reading` holds the values of the options ``labels``, ``columns``, ``max_length`` and ``truncate``.

    Raises
    ------
    UsageError
        The destination is one of the files to read; as `kept_length`.
    InputError
        There is no such model, or it is damaged; as `psl_models.datasets.read_dataset`; labels fit no protein.
    """
    name, path = arguments
    length = kept_length(reading, None)
    folder = folder_named(name)
    if destination.path is not None:
        refuse_input(destination.path, [path, reading["labels"]])
        refuse_inside(destination.path, [folder])
    model = open_model(folder, device)
    configuration = model.configuration
    dataset = read_dataset(
        path,
        multi_label=configuration.task == "multi-label",
        labels=reading["labels"],
        columns=parse_columns(reading["columns"]) if reading["columns"] else None,
        classes=configuration.classes,
        require_labels=False,
    )
    if reading["labels"] and not any(dataset.labels):
        problem = f"has no label that the model knows for any of the {counted(len(dataset), 'protein')}"
        raise InputError(problem, file=reading["labels"], remedy="name the labels of these proteins")
    cut = [truncated(each, length, reading["truncate"]) for each in dataset.sequences]
    return model, Asked(dataset, cut)


def known_labels(asked: Asked, configuration: Configuration) -> npt.NDArray[np.bool_] | None:
    """True classes of each protein, bool of shape (n, classes).

    None where no protein has a label, and where predictions cannot be compared with the labels; says why.
    """
    unlabelled = [name for name, labels in zip(asked.identifiers, asked.labels, strict=True) if not labels]
    if len(unlabelled) == len(asked.labels):
        return None
    if unlabelled:
        count, total, first = len(unlabelled), len(asked.labels), unlabelled[0]
        say(f"no figures: {count:,} of {total:,} proteins have no label that the model knows, the first is {first}")
        return None
    try:
        return labels_of(asked.dataset, configuration)
    except InputError as error:
        say(f"no figures: {error}")
        return None
