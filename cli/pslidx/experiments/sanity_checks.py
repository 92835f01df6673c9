"""The experiment sanity-checks."""

from __future__ import annotations

from pathlib import Path

import click

from pslidx.experiments.options import (
    experiment_options,
    finish,
    labelled_proteins,
    models_option,
    named_models,
    running,
)
from pslidx.model_options import prepared_torch, short_of_memory


@click.command("sanity-checks")
@click.argument("proteins", metavar="FASTA")
@models_option
@click.option(
    "--method", "methods", multiple=True, metavar="NAME", help="To check; all that explain the model by default."
)
@click.option("--proteins", "most", type=click.IntRange(min=2), default=30, metavar="N", help="To draw; 30.")
@click.option("--draws", type=click.IntRange(min=1), default=3, metavar="N", help="Of random weights; 3.")
@click.option("--top", "k", type=click.IntRange(min=1), default=10, metavar="K", help="Residues that overlap; 10.")
@click.option("--steps", type=click.IntRange(1, 10_000), default=50, metavar="N", help="Of integrated gradients; 50.")
@click.option("--resamples", type=click.IntRange(min=2), default=2000, metavar="N", help="Of an interval; 2000.")
@experiment_options
@short_of_memory()
def command(
    proteins: str,
    models: tuple[str, ...],
    methods: tuple[str, ...],
    most: int,
    draws: int,
    k: int,
    steps: int,
    resamples: int,
    folder: Path,
    labels: str | None,
    columns: str | None,
    trained_too: bool,
    seed: int,
    device: str,
    threads: int,
) -> None:
    """See whether explanations change when a model loses what it has learned, layer by layer.

    The layers of each model get random weights from the classifier down, each with all above it and each alone, and
    each method explains what is left. Its scores are compared with those of the trained model by rank correlation and
    by the overlap of the top residues: a method that does not change explains nothing of what was learned.

    \b
    Example:
      pslidx experiment sanity-checks proteins.fasta -o checks
      pslidx experiment sanity-checks proteins.fasta --method attention --method saliency --proteins 100 -o checks
    """
    where = prepared_torch(device, threads)
    from psl_eval.experiments.sanity.experiment import SanityChecks

    opened = named_models(models, where)
    asked = labelled_proteins(proteins, opened, labels, columns, trained_too)
    experiment = SanityChecks(methods=methods, most=most, draws=draws, k=k, steps=steps, resamples=resamples, seed=seed)
    with running(folder, "sanity-checks") as (parts, report):
        finish(experiment.run(opened, asked, parts, report), folder)
