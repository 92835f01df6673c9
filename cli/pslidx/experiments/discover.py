"""The experiment discover."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import click

from psl_index.errors import InputError, UsageError
from pslidx.experiments.options import (
    WithProteins,
    backgrounds_length_option,
    finish,
    labelled_proteins,
    models_option,
    named_models,
    protein_experiment_command,
    resamples_option,
    running,
)
from pslidx.messages import counted, say


@click.command("discover")
@click.argument("proteins", metavar="FASTA")
@click.argument("subsequences", metavar="SUBSEQUENCES")
@click.option(
    "--class",
    "targets",
    multiple=True,
    required=True,
    metavar="NAME",
    help="Of the proteins, and whose logit. Can be given several times.",
)
@click.option("--index", type=click.Path(path_type=Path), metavar="INDEX", help="To score hit rates in.")
@models_option
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=100,
    metavar="N",
    help="Subsequences of a class, the most frequent; 100.",
)
@click.option(
    "--background",
    type=click.Choice(["shuffled", "dipeptide", "profile", "proteins"]),
    default="dipeptide",
    help="What they are written into; see `pslidx experiment global-importance -h`. dipeptide by default.",
)
@click.option("--number", type=click.IntRange(min=2), default=1000, metavar="N", help="Of backgrounds; 1000.")
@backgrounds_length_option
@click.option(
    "--definition",
    type=click.Choice(["unweighted", "paper"]),
    default="unweighted",
    help="Of the hit rate: all entries alike (unweighted, the default), or by how near to its place they hold the "
    "subsequence (paper), which favours what stands near the N-terminus over other windows of its protein.",
)
@click.option(
    "--exclude",
    type=click.Choice(["none", "self", "identical", "train", "cluster"]),
    default="self",
    help="Entries of the index that do not count: see `pslidx hitrate -h`. self by default.",
)
@click.option("--clusters", metavar="FILE", help="Two columns, for --exclude cluster: see `pslidx cluster -h`.")
@resamples_option
@protein_experiment_command
def command(
    proteins: str,
    subsequences: str,
    targets: tuple[str, ...],
    index: Path | None,
    models: tuple[str, ...],
    top: int,
    background: str,
    number: int,
    max_length: int,
    definition: str,
    exclude: str,
    clusters: str | None,
    resamples: int,
    common: WithProteins,
) -> None:
    """Subsequences of a class that matter to the model and are found in proteins of the class.

    FASTA holds the proteins that were explained, SUBSEQUENCES what `pslidx extract` made of it. The most frequent
    subsequences of proteins that are predicted to be of the class are written into backgrounds, each where it stands in
    its own proteins, beside their residues in random order. Those are found that raise the logit of the class and,
    where an INDEX is given, hit more often than windows of the same proteins do (q < 0.05 for both at once).

    \b
    Example:
      pslidx attribute bilstm-attention proteins.fasta --method integrated-gradients -o scores.parquet
      pslidx extract scores.parquet -o subsequences.tsv
      pslidx experiment discover proteins.fasta subsequences.tsv --class Nucleus --index sprot -o nucleus
    """
    from psl_eval.exclusion.clusters import read_clusters
    from psl_eval.experiments.held_out import held_out
    from psl_eval.experiments.importance.discover import Discover
    from psl_eval.experiments.importance.pattern_files import read_subsequences
    from psl_eval.experiments.importance.setting import chosen_classes
    from psl_index import Index

    if len(models) > 1:
        raise UsageError("discover asks one model", remedy="give one --model")
    if index is None and (definition, exclude, clusters) != ("unweighted", "self", None):
        problem = "--definition, --exclude and --clusters are about hit rates, but there is no index to score them in"
        raise UsageError(problem, remedy="give one with --index")
    model = named_models(models, common.device)[0]
    chosen_classes(targets, model)
    table = read_subsequences(subsequences)
    asked = labelled_proteins(proteins, [model], replace(common, trained_too=True))
    kept = held_out(asked.dataset, [] if common.trained_too else [model])
    learned = len(asked.sequences) - len(kept)
    if learned:
        explained = "their subsequences are asked about, backgrounds are made of the others"
        say(f"{model.name} has learned from {learned:,} of {counted(len(asked.sequences), 'protein')}: {explained}")
    if not len(kept):
        problem = f"has no protein that {model.name} has not learned from, to make backgrounds of"
        raise InputError(problem, file=proteins, remedy="make them of the others with --trained-too")
    chosen = asked.dataset.chosen(kept)
    backgrounds_from = replace(asked, dataset=chosen, sequences=list(chosen.sequences))
    grouped = None if clusters is None else read_clusters(clusters)
    experiment = Discover(
        targets=targets,
        most=top,
        background=background,  # type: ignore[arg-type]
        number=number,
        longest=max_length,
        definition=definition,
        exclude=exclude,
        resamples=resamples,
        seed=common.seed,
    )
    with ExitStack() as until_done:
        opened = None if index is None else until_done.enter_context(Index.open(index))
        parts, report = until_done.enter_context(running(common.folder, "discover"))
        given = (model, table, asked, backgrounds_from, parts, report)
        result = experiment.run(*given, index=opened, clusters=grouped, threads=common.threads)
        finish(result, common, [model])
