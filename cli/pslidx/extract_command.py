"""The command that turns attributions into subsequences: extract."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pslidx.messages import counted, warn
from pslidx.options import debug_option, output_options

if TYPE_CHECKING:
    from psl_eval.subsequences.extraction import Extraction
    from psl_eval.subsequences.rules import Rule


@click.command()
@click.argument("attributions", metavar="FILE")
@click.option(
    "--rule",
    "rule_name",
    type=click.Choice(["above-mean", "window-mean", "top-k"]),
    default="above-mean",
    help="Residues above the mean of their protein (above-mean, the default: the study's rule), windows with a mean "
    "above that of all windows (window-mean), or the residues with the highest scores (top-k).",
)
@click.option("--sd", type=float, metavar="N", help="Standard deviations above the mean; 2. Not of top-k.")
@click.option(
    "--flank", type=int, metavar="N", help="Residues to take on each side of one that is chosen; 2. Not of window-mean."
)
@click.option("--window", type=int, metavar="N", help="Residues in a window; 7. Of window-mean.")
@click.option("--top", type=int, metavar="N", help="Residues to choose in a protein; 5. Of top-k.")
@click.option("--target", metavar="CLASS", help="Take the rows that explain this class; where proteins have several.")
@click.option("--absolute", is_flag=True, help="Take scores without their sign.")
@click.option(
    "--released",
    is_flag=True,
    help="Write CSV with the columns of the study's, and accession and score; hitrate then needs --proteins.",
)
@output_options
@debug_option
def extract(
    attributions: str,
    rule_name: str,
    target: str | None,
    absolute: bool,
    released: bool,
    output: str | None,
    table_format: str | None,
    **parameters: float | None,
) -> None:
    """Extract the subsequences that attributions point at.

    FILE is a table of attributions (TSV, CSV, JSONL or Parquet; - is standard input) with the columns query, sequence,
    predicted, scores (one a residue) and, where known, true: what `pslidx attribute` writes. Prints the subsequences
    that `pslidx hitrate` scores: query, start, end (1-based, inclusive), subsequence, predicted, true, correct, score
    (the mean over its residues).

    Each protein comes once; of a table with several targets take one with --target.

    Windows that share a residue are one subsequence; those that only touch are two. A protein whose scores are all
    alike has none.

    \b
    Example:
      pslidx extract attributions.parquet -o subsequences.tsv
      pslidx extract attributions.tsv --released -o subsequences.csv
      pslidx extract gradients.parquet --absolute --rule top-k --top 10 --flank 0
      pslidx extract attributions.jsonl --rule window-mean --window 15 --sd 1.5 -o subsequences.parquet
    """
    from psl_eval.results.schemas import ATTRIBUTED
    from psl_eval.subsequences.extraction import Extraction
    from pslidx.destination import choose, refuse_input
    from pslidx.output import write

    rule = _rule(rule_name, parameters)
    if released and table_format is not None:
        raise click.UsageError("--released is CSV and goes with no --format.")
    destination = choose(output, "tsv" if released else table_format)  # no format is read from the name of a CSV file
    if destination.path is not None:
        refuse_input(destination.path, [attributions])
    extraction = Extraction(attributions, rule, absolute=absolute, target=target)
    if released:
        _write_released(destination.path, extraction)
    else:
        write(destination, ATTRIBUTED, extraction.batches())
    if extraction.without:
        warn(f"without a subsequence: {extraction.without:,} of {counted(extraction.proteins, 'protein')}")


def _rule(name: str, parameters: dict[str, float | None]) -> Rule:
    """The rule with the parameters that are given; one that it does not have is a usage error."""
    from psl_eval.subsequences.rules import RULES

    given = {option: value for option, value in parameters.items() if value is not None}
    for option in given:
        if option not in RULES[name].__dataclass_fields__:
            raise click.UsageError(f"--{option} does not go with --rule {name}.")
    return RULES[name](**given)  # type: ignore[arg-type]


def _write_released(path: Path | None, extraction: Extraction) -> None:
    from psl_eval.subsequences.extraction import RELEASED
    from psl_eval.subsequences.released_csv import ReleasedCsv
    from pslidx import sinks

    with sinks.standard_output() if path is None else sinks.file(path) as sink:
        encoding = ReleasedCsv(sink, RELEASED)
        for batch in extraction.released_batches():
            encoding.write(batch)
        encoding.finish()
