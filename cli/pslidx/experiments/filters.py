"""The experiment filters."""

from __future__ import annotations

import click

from pslidx.experiments.options import (
    WithProteins,
    finish,
    labelled_proteins,
    models_option,
    named_models,
    protein_experiment_command,
    resamples_option,
    running,
)
from pslidx.options import NumberRange


@click.command("filters")
@click.argument("proteins", metavar="FASTA")
@models_option
@click.option(
    "--method",
    default="integrated-gradients",
    metavar="NAME",
    help="Of attribution, for the importance of residues; integrated-gradients by default.",
)
@click.option(
    "--steps", type=click.IntRange(1, 10_000), default=20, metavar="N", help="Of integrated gradients at least; 20."
)
@click.option(
    "--draws",
    type=click.IntRange(min=1),
    default=5,
    metavar="N",
    help="Of random weights, beside which the model stands; 5, and with fewer than 3 nothing is tested.",
)
@click.option(
    "--windows",
    type=click.IntRange(min=1),
    default=100,
    metavar="N",
    help="Of a logo at most, each of another protein, and no more than a quarter of the proteins; 100.",
)
@click.option(
    "--pseudocount",
    type=NumberRange(0, min_open=True),
    default=2.0,
    metavar="X",
    help="Residues of the background added at each place of a logo; 2.",
)
@click.option(
    "--near", type=click.IntRange(min=1), default=30, metavar="N", help="Residues from an end that are near it; 30."
)
@click.option(
    "--reach",
    type=click.IntRange(1, 1000),
    default=100,
    metavar="N",
    help="Residues from an end shown of attention; 100.",
)
@click.option(
    "--shown",
    type=click.IntRange(1, 1000),
    default=20,
    metavar="N",
    help="Logos in the figure, all being in the tables; 20.",
)
@resamples_option
@protein_experiment_command
def command(
    proteins: str,
    models: tuple[str, ...],
    method: str,
    steps: int,
    draws: int,
    windows: int,
    pseudocount: float,
    near: int,
    reach: int,
    shown: int,
    resamples: int,
    common: WithProteins,
) -> None:
    """What the filters of a network see, where its attention lies, and which residues speak for a class.

    Each filter of the first convolutions becomes a sequence logo of the stretches that it answers to most, one of each
    protein, with the class and the ends of proteins that it prefers. Beside all of it stands what networks of the same
    shape with random weights show.

    \b
    Example:
      pslidx experiment filters test.fasta --model conv-blstm-attention -o filters
    """
    from psl_eval.experiments.filters.experiment import Filters

    opened = named_models(models or ("cnn-bilstm-large-attention",), common.device)
    asked = labelled_proteins(proteins, opened, common)
    experiment = Filters(
        method=method,
        steps=steps,
        draws=draws,
        windows=windows,
        pseudocount=pseudocount,
        near=near,
        reach=reach,
        shown=shown,
        resamples=resamples,
        seed=common.seed,
    )
    with running(common.folder, "filters") as (parts, report):
        finish(experiment.run(opened, asked, parts, report), common, opened)
