"""What a training is asked to do: data, network, guide and split, from the options of `pslidx train`."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import torch

from psl_eval.exclusion.clusters import read_clusters
from psl_index.errors import InputError, UsageError
from psl_index.skipped import Skipped
from psl_index.tables import parse_columns
from psl_models import splits
from psl_models.checkpoints import open_model
from psl_models.configuration import DEFAULT_SIZES, Configuration, Sizes, sizes_of
from psl_models.datasets import Dataset, class_order, read_dataset
from psl_models.datasets.labels import spelled
from psl_models.model import Model
from psl_models.splits import STUDY_FRACTIONS, Split
from psl_models.training.folder import training_rows
from pslidx.messages import counted, warn_of_skipped
from pslidx.model_inputs import folder_named
from pslidx.model_options import TRAINED_LENGTH, kept_length

Chosen = Mapping[str, Any]
"""Values of the options by name; None for one that is not given and has no default."""


def dataset_of(proteins: str, chosen: Chosen) -> Dataset:
    """The proteins with their classes; says how many were passed over."""
    skipped = Skipped() if chosen["skip_bad"] else None
    dataset = read_dataset(
        proteins,
        multi_label=chosen["multi_label"],
        labels=chosen["labels"],
        columns=parse_columns(chosen["columns"]) if chosen["columns"] else None,
        skipped=skipped,
    )
    if skipped is not None:
        warn_of_skipped(skipped)
    return dataset


def configuration_of(dataset: Dataset, chosen: Chosen) -> Configuration:
    """The network, with the classes of the data set unless others are named.

    Raises
    ------
    UsageError
        There can be no such network, it has not the sizes that are given, or there is one class only.
    InputError
        As `psl_models.datasets.class_order`.
    """
    if chosen["classes"]:
        classes = tuple(spelled(name.strip()) for name in chosen["classes"].split(","))
    else:
        classes = class_order(dataset)
    if len(classes) < 2:
        raise UsageError(
            f"there is one class only, {classes[0]!r}", remedy="a network needs at least two to tell apart"
        )
    return Configuration(
        chosen["architecture"],
        chosen["pooling"],
        classes,
        _sizes(chosen),
        task="multi-label" if chosen["multi_label"] else "single-label",
        encoding=chosen["encoding"],
        max_length=kept_length(chosen, TRAINED_LENGTH),
        truncate=chosen["truncate"],
    )


def guide_of(
    configuration: Configuration, name: str | None, device: torch.device
) -> tuple[Model | None, Sequence[str]]:
    """The model that guides, and the rows of its training set.

    Raises
    ------
    UsageError
        One is needed and not named, or the other way round; or it has no attention.
    InputError
        There is no such model, or it is damaged.
    """
    if (configuration.pooling == "guided") != (name is not None):
        raise UsageError("--pooling guided and --guide MODEL go together")
    if name is None:
        return None, ()
    folder = folder_named(name)
    model = open_model(folder, device)
    if model.configuration.pooling == "last":
        raise UsageError("has no attention to guide with", file=name, remedy="name a model with --pooling attention")
    return model, training_rows(folder)


def split_of(dataset: Dataset, chosen: Chosen) -> tuple[Split, str]:
    """The side of each protein, and how it was found, in words.

    Raises
    ------
    UsageError
        An option of another split is given.
    UsageError, InputError
        As in `psl_models.splits`, or no protein is in the file of clusters.
    """
    kind = chosen["split"] or ("official" if dataset.official_test is not None else "random")
    _check_options_of_split(kind, chosen)
    seed = chosen["seed"]
    fractions = _numbers("--fractions", chosen["fractions"], float, 3) if chosen["fractions"] else STUDY_FRACTIONS
    shares = ", ".join(f"{fraction:.0%}" for fraction in fractions)
    if kind == "official":
        in_words = f"DeepLoc's own test set; an eighth of the others validates (seed {seed})"
        return splits.official(dataset, seed), in_words
    if kind == "file":
        column, path = chosen["split_column"] or "split", chosen["split_file"]
        return splits.from_table(dataset, path, column), f"column {column} of {Path(path).name}"
    if kind == "partition":
        test, validation = _numbers("--partitions", chosen["partitions"] or "4,3", int, 2)
        in_words = f"homology partitions: {test} tests, {validation} validates"
        return splits.partitions(dataset, test=test, validation=validation), in_words
    if kind == "cluster":
        return _of_clusters(dataset, chosen["clusters"], seed, fractions, shares)
    return splits.at_random(dataset, seed, fractions=fractions), f"at random ({shares}; seed {seed})"


#: Splits that each option is for.
_OPTIONS_OF_SPLITS: Final = {
    "split_file": ("file",),
    "split_column": ("file",),
    "clusters": ("cluster",),
    "partitions": ("partition",),
    "fractions": ("random", "cluster"),
}


def _sizes(chosen: Chosen) -> Sizes:
    architecture = chosen["architecture"]
    names = [field.name for field in dataclasses.fields(Sizes)]
    given = {name: chosen[name] for name in names if chosen[name] is not None}
    known = sizes_of(architecture, chosen["pooling"], chosen["encoding"])
    unknown = next((name for name in given if name not in known), None)
    if unknown is not None:
        network = f"{architecture} with --pooling {chosen['pooling']} and --encoding {chosen['encoding']}"
        raise UsageError(
            f"--{unknown} is given, which {network} has not",
            remedy=f"it has {', '.join(f'--{name}' for name in known)}",
        )
    if "kernels" in given:
        given["kernels"] = _kernels(given["kernels"])
    return dataclasses.replace(DEFAULT_SIZES[architecture], **given)


def _kernels(text: str) -> tuple[int, ...]:
    try:
        kernels = tuple(sorted({int(number) for number in text.split(",")}))
    except ValueError:
        kernels = ()
    if not kernels or any(kernel < 1 or kernel % 2 == 0 for kernel in kernels):
        raise UsageError(f"--kernels {text!r}", remedy="give odd numbers, as in 3,5,7")
    return kernels


def _check_options_of_split(kind: str, chosen: Chosen) -> None:
    if (kind == "file") != (chosen["split_file"] is not None):
        raise UsageError("--split file and --split-file FILE go together")
    if (kind == "cluster") != (chosen["clusters"] is not None):
        raise UsageError("--split cluster and --clusters FILE go together")
    for name, kinds in _OPTIONS_OF_SPLITS.items():
        if chosen[name] is not None and kind not in kinds:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is given, but the split is {kind}", remedy=f"it is for --split {kinds[0]}")


def _of_clusters(
    dataset: Dataset, path: str, seed: int, fractions: tuple[float, ...], shares: str
) -> tuple[Split, str]:
    numbers = read_clusters(path).find(pa.array(dataset.accessions))
    alone = int((numbers < 0).sum())
    if alone == len(dataset):
        raise InputError(
            f"holds none of the {counted(alone, 'protein')}, the first is {dataset.accessions[0]}",
            file=path,
            remedy="name the clusters of these proteins",
        )
    in_words = (
        f"whole clusters of {Path(path).name} at random ({shares}; seed {seed}); {counted(alone, 'protein')} in no "
        f"cluster, each by itself"
    )
    return splits.by_clusters(dataset, numbers, seed, fractions=fractions), in_words


def _numbers(option: str, text: str, kind: type, count: int) -> tuple[Any, ...]:
    try:
        numbers = tuple(kind(number) for number in text.split(","))
    except ValueError:
        numbers = ()
    if len(numbers) != count:
        raise UsageError(f"{option} {text!r}, expected {count} numbers joined by commas")
    return numbers
