"""The experiment ground-truth."""

from __future__ import annotations

import click

from pslidx.experiments.options import Common, experiment_command, finish, resamples_option, running


@click.command("ground-truth")
@click.option(
    "--method",
    "methods",
    multiple=True,
    metavar="NAME",
    help="Of attribution; all that can explain the model by default, but for mutagenesis. Can be given several times.",
)
@click.option("--mutagenesis", is_flag=True, help="Mutagenesis too, which takes longer than all the others together.")
@click.option(
    "--residues",
    type=click.IntRange(1),
    default=2_000_000,
    metavar="N",
    help="Of the proteome that is made up; 2,000,000 by default.",
)
@click.option("--epochs", type=click.IntRange(1), default=8, metavar="N", help="Of the model; 8 by default.")
@click.option(
    "--explained", type=click.IntRange(2), default=100, metavar="N", help="Proteins to explain at most; 100 by default."
)
@resamples_option
@experiment_command
def command(
    methods: tuple[str, ...],
    mutagenesis: bool,
    residues: int,
    epochs: int,
    explained: int,
    resamples: int,
    common: Common,
) -> None:
    """What explanations find of sorting signals that were planted: recall and precision, for the truth is known.

    Proteins are made up, one of each family, a small model is trained on most of them, and its predictions for others
    are explained by all methods. What each picks out is compared with the cores of the signals, beside the same at any
    other place of the protein, the same method on a model that has learned nothing, and what the position alone tells.

    \b
    Example:
      pslidx experiment ground-truth -o truth
      pslidx experiment ground-truth --mutagenesis -o truth
      pslidx experiment ground-truth --method attention --method occlusion -o few
    """
    from psl_eval.experiments.ground_truth.experiment import METHODS_BY_DEFAULT, SLOW, GroundTruth

    experiment = GroundTruth(
        methods=tuple(dict.fromkeys((*(methods or METHODS_BY_DEFAULT), *((SLOW,) if mutagenesis else ())))),
        residues=residues,
        epochs=epochs,
        explained=explained,
        resamples=resamples,
        seed=common.seed,
    )
    with running(common.folder, "ground-truth") as (parts, report):
        finish(experiment.run(common.device, parts, report), common)
