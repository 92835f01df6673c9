"""The experiment attention-trainings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from psl_index.errors import UsageError
from pslidx.experiments.options import Common, experiment_command, finish, resamples_option, running
from pslidx.experiments.splits import divided_proteins, single_label_proteins, split_options
from pslidx.model_options import labels_options
from pslidx.options import NumberRange

if TYPE_CHECKING:
    from psl_models.training.options import Precision


@click.command("attention-trainings")
@click.argument("proteins", metavar="FASTA")
@labels_options
@split_options
@click.option("--seeds", type=click.IntRange(1, 100), default=8, metavar="N", help="Of the BiLSTM with attention; 8.")
@click.option(
    "--retrained", type=click.IntRange(1, 100), default=3, metavar="N", help="Of the BiLSTM with uniform weights; 3."
)
@click.option("--mlp-trainings", type=click.IntRange(1, 100), default=5, metavar="N", help="Of each guided MLP; 5.")
@click.option(
    "--divergence",
    "divergences",
    multiple=True,
    type=NumberRange(0, 1000),
    metavar="X",
    help="What divergence is worth to an adversary; 0, 0.01, 0.02, 0.03, 0.05, 0.1 and 1 by default.",
)
@click.option(
    "--adversary-epochs", type=click.IntRange(1), default=3, metavar="N", help="Of each adversary's training; 3."
)
@click.option("--epochs", type=click.IntRange(1), metavar="N", help="Of the others; 12 with LSTMs, 20 of MLPs.")
@click.option(
    "--precision",
    type=click.Choice(["float32", "bfloat16"]),
    default="float32",
    help="Of products of matrices while training; float32 by default.",
)
@resamples_option
@experiment_command
def command(
    proteins: str,
    seeds: int,
    retrained: int,
    mlp_trainings: int,
    divergences: tuple[float, ...],
    adversary_epochs: int,
    epochs: int | None,
    precision: Precision,
    resamples: int,
    common: Common,
    **chosen: Any,
) -> None:
    """Train what tests of attention need: other seeds, adversaries, and MLPs that weights guide.

    The BiLSTM is trained with several seeds, and once more with uniform weights. Adversaries of the first learn to
    answer as it does from attention as far from its own as can be. An MLP, which sees each residue by itself, is
    trained with weights of its own, uniform ones, those of the BiLSTM, and those of the farthest adversary that answers
    alike. Networks that accuracy-table has trained in the same folder are not trained again.

    \b
    Example:
      pslidx experiment attention-trainings deeploc_data.fasta -o trainings
      pslidx experiment attention-trainings deeploc_data.fasta --seeds 3 --divergence 0 --divergence 0.1 -o trainings
    """
    from psl_eval.experiments.attention_trainings.experiment import AttentionTrainings

    worth = {"divergences": tuple(sorted(set(divergences)))} if divergences else {}
    experiment = AttentionTrainings(
        seeds=seeds,
        retrained=retrained,
        mlp_trainings=mlp_trainings,
        adversary_epochs=adversary_epochs,
        epochs=epochs,
        precision=precision,
        resamples=resamples,
        seed=common.seed,
        **worth,
    )
    dataset, classes = single_label_proteins(proteins, chosen["labels"], chosen["columns"])
    if chosen["split_file"] and not chosen["splits"]:
        chosen["splits"] = ("file",)  # of two it could not take
    divided, *others = divided_proteins(dataset, classes, common.seed, chosen)
    if others:
        raise UsageError("two splits are asked for", remedy="give one --split; for the other name another -o")
    with running(common.folder, "attention-trainings") as (parts, report):
        finish(experiment.run(classes, divided, common.device, parts, report), common)
