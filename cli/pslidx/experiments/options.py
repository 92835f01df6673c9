"""Options that experiments share, and what they read by them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from psl_index.errors import InputError, UsageError
from pslidx.messages import counted, say
from pslidx.model_options import device_option, labels_options, prepared_torch, seed_option, short_of_memory
from pslidx.options import debug_option, threads_option
from pslidx.progress import shown
from pslidx.signals import raised

if TYPE_CHECKING:
    import torch

    from psl_eval.experiments.models import NamedModel
    from psl_eval.experiments.parts import Parts
    from psl_eval.experiments.result import Result
    from psl_eval.explanations.asked import Asked
    from psl_index.progress import Progress

Command = Callable[..., None]

_folder_option = click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="RESULTS",
    help="Folder of results, to make or to go on in; the same for all experiments.",
)
_trained_too_option = click.option(
    "--trained-too", is_flag=True, help="Keep proteins that a model has learned from, which are left out otherwise."
)
models_option = click.option(
    "--model",
    "models",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A model: a folder, or the name of one that comes with pslidx. Can be given several times.",
)
resamples_option = click.option(
    "--resamples", type=click.IntRange(min=2), default=2000, metavar="N", help="Of an interval; 2000."
)
steps_option = click.option(
    "--steps", type=click.IntRange(1, 10_000), default=50, metavar="N", help="Of integrated gradients; 50."
)
backgrounds_length_option = click.option(
    "--max-length",
    type=click.IntRange(min=10),
    default=1000,
    metavar="N",
    help="Residues of a background; longer proteins lose their middle. 1000 by default.",
)


@dataclass(frozen=True)
class Common:
    """What every experiment that asks networks is told.

    Attributes
    ----------
    folder : Path
        Of results.
    seed : int
        Of all that is random.
    device : torch.device
    threads : int
        0 for all cores; torch uses as many already.
    """

    folder: Path
    seed: int
    device: torch.device
    threads: int


@dataclass(frozen=True)
class WithProteins(Common):
    """What an experiment on labelled proteins is told besides.

    Attributes
    ----------
    labels, columns : str or None
        As given with ``--labels`` and ``--columns``.
    trained_too : bool
        Whether to keep proteins that a model has learned from.
    """

    labels: str | None
    columns: str | None
    trained_too: bool


def experiment_command(command: Command) -> Command:
    """``-o``, ``--seed``, ``--device``, ``--threads`` and ``--debug``, given as one `Common`; torch is ready then."""
    return _told(command, Common)


def protein_experiment_command(command: Command) -> Command:
    """``--labels``, ``--columns`` and ``--trained-too`` as well, given as one `WithProteins`."""
    return labels_options(_trained_too_option(_told(command, WithProteins)))


def _told(command: Command, kind: type[Common]) -> Command:
    """The command with the options that are gathered in `common`, its parameter."""
    names = [name for name in kind.__dataclass_fields__ if name != "device"]

    @functools.wraps(command)
    @short_of_memory()
    def gathered(device: str, **chosen: Any) -> None:
        where = prepared_torch(device, chosen["threads"])
        command(common=kind(device=where, **{name: chosen.pop(name) for name in names}), **chosen)

    options = (debug_option, threads_option, device_option, seed_option("Of all that is random; 1 by default.", 1))
    wrapped: Command = gathered
    for option in (*options, _folder_option):
        wrapped = option(wrapped)
    return wrapped


def named_models(given: Sequence[str], device: torch.device) -> list[NamedModel]:
    """The models that a user names; the default one where none is.

    Raises
    ------
    UsageError
        One has an empty name, two have one name, or they predict different classes.
    InputError
        One is not there, or damaged.
    """
    from psl_eval.experiments.models import open_named
    from psl_models.shipped import DEFAULT
    from pslidx.model_inputs import folder_named

    models = []
    for text in given or [DEFAULT]:
        name, equals, rest = text.partition("=")
        if not equals or "/" in name or Path(text).exists():
            name, rest = Path(text).resolve().name, text
        elif not name:
            raise UsageError(f"{text!r} gives a model an empty name", remedy="name it: NAME=MODEL")
        models.append(open_named(name, folder_named(rest), device))
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"two models have the name {name!r}", remedy="name them: --model NAME=MODEL")
    first = models[0]
    for model in models[1:]:
        if set(model.model.configuration.classes) != set(first.model.configuration.classes):
            raise UsageError(f"{model.name} knows other classes than {first.name}", remedy="give models of the same")
    return models


def labelled_proteins(path: str, models: Sequence[NamedModel], common: WithProteins) -> Asked:
    """The proteins of a file with their classes, without those that a model has learned from.

    Raises
    ------
    InputError
        As `psl_models.datasets.read_dataset`; a label is none of the models' classes; no protein is left.
    """
    import numpy as np

    from psl_eval.experiments.held_out import held_out
    from psl_eval.explanations.asked import Asked
    from psl_index.tables import parse_columns
    from psl_models.datasets import class_matrix, read_dataset

    configuration = models[0].model.configuration
    dataset = read_dataset(
        path,
        multi_label=configuration.task == "multi-label",
        labels=common.labels,
        columns=parse_columns(common.columns) if common.columns else None,
        classes=configuration.classes,
        require_labels=True,
    )
    class_matrix(dataset, configuration.classes)  # refuses other labels: no prediction could be right
    if not common.trained_too:
        kept = held_out(dataset, models)
        if not len(kept):
            problem = f"has no protein that no model has learned from, of {counted(len(dataset), 'protein')}"
            raise InputError(problem, file=path, remedy="give others, or keep these with --trained-too")
        if len(kept) < len(dataset):
            left_out = len(dataset) - len(kept)
            say(f"left out, for a model has learned from them: {left_out:,} of {counted(len(dataset), 'protein')}")
        dataset = dataset.chosen(np.asarray(kept))
    return Asked(dataset, list(dataset.sequences))


@contextmanager
def running(folder: Path, experiment: str) -> Iterator[tuple[Parts, Callable[[Progress], None]]]:
    """The parts of a folder of results, for an experiment, and what to call with its progress."""
    from psl_eval.experiments.parts import parts_of

    with raised(), parts_of(folder, experiment) as parts, shown(patience=2.0) as report:
        yield parts, report


def finish(result: Result, common: Common, models: Sequence[NamedModel] = ()) -> None:
    """Write the result with what it ran on, and say what it found.

    Threads and device go into the settings: networks that are trained by others differ. Of `models` whose proteins
    could not be left out, for they do not say what they have learned from, a sentence is added.
    """
    import torch

    from psl_eval.experiments.held_out import not_known_of

    machine = {"threads": torch.get_num_threads(), "device": str(common.device)}
    findings = (*result.findings, *not_known_of(models, "these proteins"))
    conclude(replace(result, settings=result.settings | machine, findings=findings), common.folder)


def conclude(result: Result, folder: Path) -> None:
    """Write the result, and say what it found."""
    from psl_eval.experiments.result import write_result

    written = write_result(result, folder)
    for sentence in result.findings:
        click.echo(sentence)
    say(f"{written}: {', '.join(f'{name}.tsv' for name in result.tables)}")
