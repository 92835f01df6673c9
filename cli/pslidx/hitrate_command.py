"""The command that scores subsequences: hitrate."""

from __future__ import annotations

from pathlib import Path

import click

from pslidx.opened import opened
from pslidx.options import cluster_options, debug_option, format_option, index_argument, threads_option
from pslidx.signals import raised


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
    type=click.Choice(["paper", "unweighted"]),
    default="paper",
    help="How entries count: by the distance of positions (paper, the default), or all alike.",
)
@click.option(
    "--exclude",
    type=click.Choice(["none", "self"]),
    default="self",
    help="Entries that do not count: the protein itself (self, the default), or none.",
)
@click.option(
    "--against",
    type=click.Choice(["predicted", "true", "both"]),
    default="predicted",
    help="The class that entries must share; predicted is the default.",
)
@threads_option
@cluster_options
@format_option
@debug_option
def hitrate(
    index: Path,
    subsequences: str,
    folder: Path,
    proteins: str | None,
    definition: str,
    exclude: str,
    against: str,
    threads: int,
    scheduler: str | None,
    local_copy: str | None,
    table_format: str | None,
) -> None:
    """Score subsequences: how many of the proteins that hold one live where its protein does?

    SUBSEQUENCES is a table (TSV, CSV, JSONL or Parquet; - is standard input) with the columns query, start,
    end (1-based, inclusive), subsequence, predicted and, where known, true; or with those of the published
    study. DIR gets the tables summary, proteins and subsequences, in the chosen format, and manifest.json.
    Prints the summary.

    \b
    Example:
      pslidx hitrate sprot subsequences.tsv --proteins proteins.fasta -o rates
      pslidx hitrate sprot subsequences.tsv --exclude none --definition unweighted -o rates
      pslidx hitrate trembl subsequences.tsv --scheduler tcp://node1:8786 -o rates
    """
    from psl_eval import hit_rate, write_hit_rates
    from psl_eval.results import check_folder
    from pslidx.destination import Destination
    from pslidx.output import write

    check_folder(folder)
    with opened(index, scheduler, local_copy) as searched:
        rates = hit_rate(
            searched,
            subsequences,
            proteins=proteins,
            definition=definition,
            exclude=exclude,
            against=against,
            threads=threads,
        )
    with raised():
        write_hit_rates(rates, folder, format=table_format or "tsv")
    write(Destination(None, "tsv"), rates.summary.schema, rates.summary.to_batches())
