"""The experiment accuracy-table."""

from __future__ import annotations

from typing import Any

import click

from psl_index.errors import UsageError
from pslidx.experiments.options import Common, experiment_command, finish, named_models, running
from pslidx.experiments.splits import divided_proteins, single_label_proteins, split_options
from pslidx.model_options import labels_options


@click.command("accuracy-table")
@click.argument("proteins", metavar="FASTA")
@labels_options
@split_options
@click.option("--arm", "arms", multiple=True, metavar="NAME", help="A row of the table; all by default.")
@click.option(
    "--released",
    multiple=True,
    metavar="[NAME=]MODEL",
    help="A checkpoint of the study, imported: asked as its code does, and as it should be. Give the split it had.",
)
@click.option(
    "--lstm-trainings", type=click.IntRange(1, 100), default=3, metavar="N", help="Of each network with LSTMs; 3."
)
@click.option("--mlp-trainings", type=click.IntRange(1, 100), default=5, metavar="N", help="Of each MLP; 5.")
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Of each training; 12 with LSTMs, 20 of MLPs.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    help="Of products of matrices while training; float32 by default.",
)
@experiment_command
def command(
    proteins: str,
    arms: tuple[str, ...],
    released: tuple[str, ...],
    common: Common,
    **chosen: Any,
) -> None:
    """How well the study's networks predict, with and without attention: its table 1.

    Each network is trained several times by one recipe, and measured on the test proteins: as it is, and where it has
    attention with uniform, permuted and random weights in its place. Beside them rules that need no network: the
    commonest class, composition, and where the protein is that shares the longest stretch. Stopped in between and run
    again, it goes on in the training that was cut off.

    \b
    Example:
      pslidx experiment accuracy-table deeploc_data.fasta -o accuracy
      pslidx experiment accuracy-table deeploc_data.fasta --arm mlp-uniform --arm mlp-attention -o accuracy
      pslidx experiment accuracy-table deeploc_data.fasta --split official --split random -o accuracy
    """
    from psl_eval.experiments.accuracy.arms import ARMS
    from psl_eval.experiments.accuracy.experiment import AccuracyTable

    experiment = AccuracyTable(
        arms or tuple(ARMS),
        chosen["lstm_trainings"],
        chosen["mlp_trainings"],
        chosen["epochs"],
        chosen["precision"],
        common.seed,
    )
    dataset, classes = single_label_proteins(proteins, chosen["labels"], chosen["columns"])
    checkpoints = named_models(released, common.device) if released else []
    for model in checkpoints:
        if set(model.model.configuration.classes) != set(classes):
            raise UsageError(f"{model.name} knows other classes than {proteins}", remedy="leave it out")
        if not model.attends:
            raise UsageError(f"{model.name} has no attention", remedy="give a checkpoint with attention")
    divided = divided_proteins(dataset, classes, common.seed, chosen)
    with running(common.folder, "accuracy-table") as (parts, report):
        result = experiment.run(classes, divided, checkpoints, common.device, parts, report, threads=common.threads)
        finish(result, common)
