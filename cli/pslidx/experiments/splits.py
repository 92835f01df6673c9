"""Who trains, validates and tests in experiments that train networks themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from psl_index.errors import InputError, UsageError

if TYPE_CHECKING:
    from psl_eval.experiments.accuracy.trainings import Divided
    from psl_models.datasets import Dataset

Command = TypeVar("Command", bound=Callable[..., Any])

_KINDS: Final = ("official", "file", "partition", "random", "cluster")
_OPTIONS: Final = (
    click.option(
        "--split",
        "splits",
        multiple=True,
        type=click.Choice(_KINDS),
        help="Who trains, validates and tests, as of `pslidx train`; can be given several times. By default DeepLoc's "
        "own test set where it is marked, else at random, and the column of --split-file where one is given.",
    ),
    click.option("--split-file", metavar="FILE", help="Table with the columns accession and --split-column."),
    click.option("--split-column", metavar="NAME", help="Holds train, validation or test; split by default."),
    click.option("--clusters", metavar="FILE", help="Two columns, for --split cluster."),
)


def split_options(command: Command) -> Command:
    """``--split``, ``--split-file``, ``--split-column`` and ``--clusters``, which `divided_proteins` reads."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def single_label_proteins(path: str, labels: str | None, columns: str | None) -> tuple[Dataset, tuple[str, ...]]:
    """The proteins of a file, one class each, and the classes in order.

    Raises
    ------
    InputError
        As of `psl_models.datasets.read_dataset`, or all are of one class.
    """
    from psl_index.tables import parse_columns
    from psl_models.datasets import class_order, read_dataset

    named = parse_columns(columns) if columns else None
    dataset = read_dataset(path, multi_label=False, labels=labels, columns=named)
    classes = class_order(dataset)
    if len(classes) < 2:
        raise InputError(f"has one class only, {classes[0]!r}", file=path, remedy="give proteins of several")
    return dataset, classes


def divided_proteins(dataset: Dataset, classes: tuple[str, ...], seed: int, chosen: Mapping[str, Any]) -> list[Divided]:
    """The proteins in each of the splits that are asked for.

    Raises
    ------
    UsageError, InputError
        As of `pslidx.training_request.split_of`, or an option of a split is given that is not asked for.
    """
    from psl_eval.experiments.accuracy.trainings import Divided
    from psl_models.configuration import Configuration
    from psl_models.training.material import Material, labels_of
    from pslidx.training_request import split_of

    labels = labels_of(dataset, Configuration("mlp", "uniform", classes))
    kinds = list(chosen["splits"])
    if not kinds:
        kinds = ["official" if dataset.official_test is not None else "random"]
        kinds += ["file"] if chosen["split_file"] else []
    for option, kind in (("split_file", "file"), ("split_column", "file"), ("clusters", "cluster")):
        if chosen[option] is not None and kind not in kinds:
            given = f"--{option.replace('_', '-')}"
            raise UsageError(f"{given} is given, but no --split {kind}", remedy="ask for it, or leave it out")
    divided = []
    for kind in dict.fromkeys(kinds):
        of_file = chosen if kind == "file" else {}
        options = {
            "split": kind,
            "seed": seed,
            "split_file": of_file.get("split_file"),
            "split_column": of_file.get("split_column"),
            "clusters": chosen["clusters"] if kind == "cluster" else None,
            "partitions": None,
            "fractions": None,
        }
        split, in_words = split_of(dataset, options)
        name = kind
        if kind == "file":
            column = chosen["split_column"] or "split"
            name = f"file:{column}" if column in _KINDS else column  # rows of two splits must not be taken for one's
        divided.append(Divided(name, in_words, Material(dataset, split, labels)))
    return divided
