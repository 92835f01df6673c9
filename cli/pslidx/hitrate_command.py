"""The command that scores subsequences: hitrate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pslidx.messages import counted, say, warn
from pslidx.opened import opened
from pslidx.options import cluster_options, debug_option, format_option, index_argument, threads_option
from pslidx.signals import raised

if TYPE_CHECKING:
    from psl_eval.run import Run
    from pslidx.destination import Destination

_PATIENCE: Final = 2.0  # seconds before progress is shown


@click.command()
@index_argument
@click.argument("subsequences", metavar="SUBSEQUENCES")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder to make.",
)
@click.option("--proteins", metavar="FILE", help="Proteins they come from: FASTA, or one sequence a line.")
@click.option(
    "--definition",
    type=click.Choice(["paper", "unweighted", "released"]),
    default="paper",
    help="How entries count: by the distance of positions (paper, the default), all alike, or as in the study's code.",
)
@click.option(
    "--exclude",
    type=click.Choice(["none", "self", "identical", "cluster", "train"]),
    default="self",
    help="Entries that do not count: the protein itself (self, the default); also all of its sequence (identical); "
    "also all in its cluster (cluster); itself and what the model has learned from (train); or none.",
)
@click.option("--clusters", metavar="FILE", help="Two columns, as MMseqs2, UniRef or `pslidx cluster` give them.")
@click.option("--train", "training", metavar="FILE", help="Proteins that the model has learned from.")
@click.option(
    "--against",
    type=click.Choice(["predicted", "true", "both", "all"]),
    default="predicted",
    help="The class that entries must share; predicted is the default, all is each class in turn.",
)
@click.option(
    "--evidence",
    type=click.Choice(["any", "experimental"]),
    default="any",
    help="Locations that count: any (the default), or those with the evidence of an experiment (ECO:0000269).",
)
@click.option("--reviewed", is_flag=True, help="Count entries of Swiss-Prot only.")
@click.option("--lineage", metavar="NAME", help="Count entries with this name in their lineage only.")
@click.option(
    "--denominator",
    type=click.Choice(["annotated", "all"]),
    default="annotated",
    help="Entries to divide by: with a location of a class (the default), or all.",
)
@click.option(
    "--null",
    "nulls",
    type=click.Choice(["label", "window", "other-class", "none"]),
    multiple=True,
    help="What chance would give, by labels permuted among comparable proteins (label, the default), windows of the "
    "same protein (window), or of proteins of other classes (other-class). Can be given several times.",
)
@click.option("--draws", type=click.IntRange(min=1), default=1000, metavar="N", help="Of a null model; 1000.")
@click.option("--resamples", type=click.IntRange(min=2), default=2000, metavar="N", help="Of an interval; 2000.")
@click.option("--seed", type=click.IntRange(min=0), default=1, metavar="N", help="Of draws and resamples; 1.")
@click.option("--skip-bad", is_flag=True, help="Pass over bad rows, and say how many there were.")
@click.option("--hits", "hits_file", metavar="FILE", help="Write every occurrence, too; the ending sets the format.")
@threads_option
@cluster_options
@format_option
@debug_option
def hitrate(
    index: Path,
    subsequences: str,
    folder: Path,
    proteins: str | None,
    clusters: str | None,
    training: str | None,
    nulls: tuple[str, ...],
    against: str,
    skip_bad: bool,
    hits_file: str | None,
    threads: int,
    scheduler: str | None,
    local_copy: str | None,
    table_format: str | None,
    **chosen: str | bool | int,
) -> None:
    """Score subsequences: how many of the proteins that hold one live where its protein does?

    SUBSEQUENCES is a table (TSV, CSV, JSONL or Parquet; - is standard input) with the columns query, start,
    end (1-based, inclusive), subsequence, predicted and, where known, true; or with those of the published
    study. DIR gets tables (summary, proteins, subsequences, strata and more), in the chosen format, and manifest.json.
    Prints the summary.

    Or SUBSEQUENCES are motifs, which have no protein: a table with the columns peptide and class (and name, true where
    known), a peptide and its class a line without a header, or FASTA with the class after the name. They need
    --definition unweighted --exclude none.

    With --against all there is no null model unless --null names one.

    \b
    Example:
      pslidx hitrate sprot subsequences.tsv --proteins proteins.fasta -o rates
      pslidx hitrate sprot subsequences.tsv --exclude cluster --clusters clusters.tsv --against both -o rates
      pslidx hitrate sprot subsequences.tsv --proteins proteins.fasta --null window --null label -o rates
      pslidx hitrate sprot motifs.fasta --definition unweighted --exclude none -o rates
      pslidx hitrate trembl subsequences.tsv --scheduler tcp://node1:8786 -o rates
    """
    from psl_eval import write_hit_rates
    from psl_eval.choices import Choices
    from psl_eval.results.folder import check_folder
    from psl_eval.run import Run
    from pslidx import progress
    from pslidx.destination import Destination
    from pslidx.output import write

    choices = Choices(against=against, nulls=_nulls(nulls, against), **chosen)  # type: ignore[arg-type]
    if str(folder) == "-":
        raise click.UsageError("-o makes a folder, which standard output (-) is not.")
    check_folder(folder)
    hits = (
        None if hits_file is None else _hits(hits_file, [index, folder], [subsequences, proteins, clusters, training])
    )
    with opened(index, scheduler, local_copy) as searched, progress.shown(patience=_PATIENCE) as report:
        run = Run(
            searched,
            subsequences,
            choices,
            proteins=proteins,
            clusters=clusters,
            training=training,
            skip_bad=skip_bad,
            threads=threads,
            progress=report,
        )
        with raised(), _hits_written(run, hits):
            write_hit_rates(run, folder, format=table_format or "tsv")
    _warn(run)
    write(Destination(None, "tsv"), run.summary.schema, run.summary.to_batches())


def _nulls(asked: tuple[str, ...], against: str) -> tuple[str, ...]:
    """The null models: by default permuted labels, where there are labels to permute."""
    if not asked:
        return ("label",) if against != "all" else ()
    if "none" in asked:
        if len(asked) > 1:
            raise click.UsageError("--null none goes with no other --null.")
        return ()
    return tuple(dict.fromkeys(asked))


def _hits(name: str, folders: list[Path], inputs: list[str | None]) -> Destination:
    """Where the hits go: beside the folder of the results and the inputs, never into or over them."""
    from pslidx.destination import choose, refuse_input, refuse_inside

    if name == "-":
        raise click.UsageError("--hits takes a file: standard output (-) gets the summary.")
    hits = choose(name, None)
    assert hits.path is not None
    refuse_inside(hits.path, folders)
    refuse_input(hits.path, inputs)
    return hits


@contextmanager
def _hits_written(run: Run, hits: Destination | None) -> Iterator[None]:
    """Write the hits, if any, to a file that appears when this ends well, and not when it fails."""
    from psl_eval.scoring.hits import HITS
    from pslidx import sinks
    from pslidx.output import encode

    if hits is None or hits.path is None:
        yield
        return
    with sinks.file(hits.path) as sink:
        encode(sink, hits.format, HITS, run.hits())
        yield


def _warn(run: Run) -> None:
    """Say what a reader must know beside the numbers."""
    if run.skipped:
        what = "1 bad row was" if run.skipped == 1 else f"{run.skipped:,} bad rows were"
        warn(f"{what} passed over; the first: {run.first_skipped}")
    if run.in_no_cluster:
        warn(f"in no cluster: {run.in_no_cluster:,} of {counted(run.n_queries, 'protein')}")
    if run.trained:
        say(f"in the index: {run.trained_found:,} of {counted(run.trained, 'protein')} of the training set")
