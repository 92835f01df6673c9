"""The experiment sanity-checks."""

from __future__ import annotations

import click

from pslidx.experiments.options import (
    WithProteins,
    finish,
    labelled_proteins,
    models_option,
    named_models,
    protein_experiment_command,
    running,
    steps_option,
)


@click.command("sanity-checks")
@click.argument("proteins", metavar="FASTA")
@models_option
@click.option(
    "--method", "methods", multiple=True, metavar="NAME", help="To check; all that explain the model by default."
)
@click.option("--proteins", "most", type=click.IntRange(min=2), default=6, metavar="N", help="To draw; 6.")
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    default=10,
    metavar="N",
    help="Of random weights, which intervals and tests count; 10.",
)
@click.option("--top", "k", type=click.IntRange(min=1), default=10, metavar="K", help="Residues that overlap; 10.")
@steps_option
@protein_experiment_command
def command(
    proteins: str,
    models: tuple[str, ...],
    methods: tuple[str, ...],
    most: int,
    draws: int,
    k: int,
    steps: int,
    common: WithProteins,
) -> None:
    """See whether explanations change when a model loses what it has learned, layer by layer.

    The layers of each model get random weights from the classifier down, each with all above it and each alone, and
    each method explains what is left. Its scores are compared with those of the trained model by rank correlation and
    by the overlap of the top residues: a method that does not change explains nothing of what was learned.

    \b
    Example:
      pslidx experiment sanity-checks proteins.fasta -o checks
      pslidx experiment sanity-checks proteins.fasta --method attention --method saliency --draws 30 -o checks
    """
    from psl_eval.experiments.sanity.experiment import SanityChecks

    opened = named_models(models, common.device)
    asked = labelled_proteins(proteins, opened, common)
    experiment = SanityChecks(methods=methods, most=most, draws=draws, k=k, steps=steps, seed=common.seed)
    with running(common.folder, "sanity-checks") as (parts, report):
        finish(experiment.run(opened, asked, parts, report), common, opened)
