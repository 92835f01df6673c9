"""The command that draws one picture for a paper: plot."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Final

import click

from pslidx.options import debug_option
from pslidx.report_command import index_among, require_report_extra

_ENDINGS: Final = (".svg", ".png")


@click.command()
@click.argument("results", metavar="RESULTS...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE", help="The picture to write: .svg or .png.")
@click.option("--protein", metavar="ID", help="Draw this protein: its residues, coloured by each explanation.")
@click.option("--chart", metavar="NAME", help="Draw this chart of the report's, such as hit-rates.")
@click.option("--table", metavar="NAME", help="Draw this table of the report's, such as accuracy.")
@click.option("--columns", metavar="NAMES", help="Of --table: draw these, with commas between; all by default.")
@click.option("--rows", type=click.IntRange(min=1), metavar="N", help="Of --table: draw the first N.")
@click.option(
    "--index", metavar="INDEX", help="Whose features are drawn above a protein, and whose entries are expected."
)
@debug_option
def plot(
    results: tuple[str, ...],
    output: str,
    protein: str | None,
    chart: str | None,
    table: str | None,
    columns: str | None,
    rows: int | None,
    index: str | None,
) -> None:
    """Draw one picture of results, as SVG or PNG: a protein, or a chart or table of the report.

    RESULTS are as for `pslidx report`. Without --protein, --chart and --table the first chart is drawn that they give;
    which charts and tables there are, a name that there is not says.

    Takes the extra pslidx[report].

    \b
    Example:
      pslidx plot attention.parquet subsequences.parquet --protein Q9H400 -o Q9H400.svg
      pslidx plot rates --chart hit-rates -o rates.png
      pslidx plot learned.tsv --chart confusion-learned -o confusion.svg
      pslidx plot learned.tsv --table accuracy -o accuracy.svg
    """
    from psl_eval.report.contents import read_contents
    from psl_eval.report.sources import find_sources
    from psl_index import Index
    from psl_index.errors import UsageError
    from pslidx import sinks
    from pslidx.destination import file_named, refuse_input, refuse_inside

    require_report_extra()
    from psl_eval.report.figures import draw_chart, draw_protein, draw_table

    if sum(each is not None for each in (protein, chart, table)) > 1:
        raise click.UsageError("--protein, --chart and --table do not go together.")
    if table is None and (columns is not None or rows is not None):
        raise click.UsageError("--columns and --rows are of --table.")
    path = file_named(output)
    if path.suffix.lower() not in _ENDINGS:
        raise UsageError("no such pictures are drawn", file=output, remedy="name it .svg or .png")
    sources = find_sources(results)
    refuse_input(path, map(str, sources.paths))
    refuse_inside(path, [each for each in sources.paths if each.is_dir()])
    contents = read_contents(sources, lambda _: None)
    place = None if protein is None and table is None else index or index_among(sources)
    opened = nullcontext(None) if place is None else Index.open(place)
    with opened as searched:
        if protein is not None:
            drawn = draw_protein(contents, protein, searched)
        elif table is not None:
            chosen = None if columns is None else [name.strip() for name in columns.split(",")]
            drawn = draw_table(sources, contents, table, searched, columns=chosen, rows=rows)
        else:
            drawn = draw_chart(contents, chart)
    with sinks.file(path) as sink:
        sink.write(drawn.svg().encode() if path.suffix.lower() == ".svg" else drawn.png())
