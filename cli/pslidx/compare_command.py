"""The command that puts attribution methods side by side: compare."""

from __future__ import annotations

import click

from pslidx.options import debug_option, output_options


@click.command()
@click.argument("folders", metavar="DIR...", nargs=-1, required=True)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=1,
    metavar="N",
    help="Of intervals and tests; 1 is the default. The same seed gives the same table.",
)
@click.option(
    "--resamples",
    type=click.IntRange(min=2),
    default=2000,
    metavar="N",
    help="Resamples of each interval, and flips of signs of each test; 2000 is the default.",
)
@output_options
@debug_option
def compare(folders: tuple[str, ...], seed: int, resamples: int, output: str | None, table_format: str | None) -> None:
    """Compare the hit rates of several attribution methods on the same proteins.

    Each DIR is what `pslidx hitrate -o DIR` made of one method, all with the same index, proteins and options; its
    name is the folder's, or NAME in NAME=DIR. The first is the reference that each of the others is compared with:
    on the proteins that both score, at all lengths, within strata of length, and standardised to one distribution of
    lengths. Proteins that only one has are left out of that, and said on standard error.

    \b
    Example:
      pslidx compare attention permuted random
      pslidx compare attention=rates/lstm random=rates/uniform --resamples 10000 -o methods.tsv
    """
    from psl_eval.comparing.comparison import compare as compared
    from psl_eval.comparing.methods import named, read_method
    from pslidx.destination import choose, refuse_inside
    from pslidx.messages import warn
    from pslidx.output import write

    destination = choose(output, table_format)
    places = [named(folder) for folder in folders]
    if destination.path is not None:
        refuse_inside(destination.path, [folder for _, folder in places])
    methods = [read_method(folder, name) for name, folder in places]
    comparison = compared(methods, seed=seed, resamples=resamples)
    for line in comparison.warnings:
        warn(line)
    write(destination, comparison.table.schema, comparison.table.to_batches())
