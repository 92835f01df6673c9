"""The experiment hit-rate-table."""

from __future__ import annotations

from pathlib import Path

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
    steps_option,
)
from pslidx.options import index_argument


@click.command("hit-rate-table")
@index_argument
@click.argument("proteins", metavar="FASTA")
@models_option
@click.option(
    "--definition",
    "definitions",
    multiple=True,
    type=click.Choice(["paper", "unweighted", "released"]),
    help="Of the hit rate; all three by default.",
)
@click.option("--clusters", metavar="FILE", help="Two columns: also score without the clusters of the proteins.")
@click.option(
    "--null",
    "nulls",
    multiple=True,
    type=click.Choice(["label", "window", "other-class"]),
    help="What chance would give; windows of the same protein (window) by default. Can be given several times.",
)
@steps_option
@click.option("--as-released", is_flag=True, help="Also integrated gradients as the study's released code took them.")
@click.option("--draws", type=click.IntRange(min=1), default=1000, metavar="N", help="Of a null model; 1000.")
@resamples_option
@protein_experiment_command
def command(
    index: Path,
    proteins: str,
    models: tuple[str, ...],
    definitions: tuple[str, ...],
    clusters: str | None,
    nulls: tuple[str, ...],
    steps: int,
    as_released: bool,
    draws: int,
    resamples: int,
    common: WithProteins,
) -> None:
    """Hit rates of explanations side by side, each with its controls: the study's tables 2 and 3.

    For each model integrated gradients and, where it has attention, its weights as they are, permuted, drawn anew and
    shifted; and of both the same by a network of that shape with random weights, the floor. Each by three definitions,
    for correct and for wrong predictions, with nothing left out, without the protein itself, without what the model has
    learned from and without its cluster, with what chance gives, and with intervals.

    \b
    Example:
      pslidx experiment hit-rate-table sprot proteins.fasta -o rates
      pslidx experiment hit-rate-table sprot test.fasta --model bilstm-attention --model cnn=models/cnn -o rates
    """
    from psl_eval.exclusion.clusters import read_clusters
    from psl_eval.experiments.hit_rate_table.experiment import DEFINITIONS, HitRateTable
    from psl_index import Index

    opened_models = named_models(models, common.device)
    asked = labelled_proteins(proteins, opened_models, common)
    grouped = None if clusters is None else read_clusters(clusters)
    experiment = HitRateTable(
        definitions=definitions or DEFINITIONS,
        nulls=nulls or ("window",),
        steps=steps,
        as_released=as_released,
        draws=draws,
        resamples=resamples,
        seed=common.seed,
    )
    with Index.open(index) as opened, running(common.folder, "hit-rate-table") as (parts, report):
        result = experiment.run(opened, opened_models, asked, parts, report, clusters=grouped, threads=common.threads)
        finish(result, common, opened_models)
