"""The command that draws one picture for a paper: plot."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

import click

from pslidx.options import debug_option
from pslidx.report_command import index_among, require_report_extra

if TYPE_CHECKING:
    from psl_eval.report.charts import Chart
    from psl_eval.report.contents import Contents
    from psl_index import Index

_ENDINGS: Final = (".svg", ".png")


@click.command()
@click.argument("results", metavar="RESULTS...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE", help="The picture to write: .svg or .png.")
@click.option("--protein", metavar="ID", help="Draw this protein: its residues, coloured by each explanation.")
@click.option("--chart", "name", metavar="NAME", help="Draw this chart of the report's, such as hit-rates.")
@click.option("--index", metavar="INDEX", help="Whose annotated features are drawn above the protein.")
@debug_option
def plot(results: tuple[str, ...], output: str, protein: str | None, name: str | None, index: str | None) -> None:
    """Draw one picture of results, as SVG or PNG: a protein, or a chart of the report.

    RESULTS are as for `pslidx report`. Without --protein and --chart the first chart is drawn that they give; which
    there are, a name that there is not says.

    Takes the extra pslidx[report].

    \b
    Example:
      pslidx plot attention.parquet subsequences.parquet --protein Q9H400 -o Q9H400.svg
      pslidx plot rates --chart hit-rates -o rates.png
      pslidx plot learned.tsv --chart confusion-learned -o confusion.svg
    """
    from psl_eval.report.contents import read_contents
    from psl_eval.report.sources import find_sources
    from psl_index import Index
    from psl_index.errors import UsageError
    from pslidx import sinks
    from pslidx.destination import file_named, refuse_input, refuse_inside

    require_report_extra()
    if protein is not None and name is not None:
        raise click.UsageError("--protein and --chart do not go together.")
    path = file_named(output)
    if path.suffix.lower() not in _ENDINGS:
        raise UsageError("no such pictures are drawn", file=output, remedy="name it .svg or .png")
    sources = find_sources(results)
    refuse_input(path, map(str, sources.paths))
    refuse_inside(path, [each for each in sources.paths if each.is_dir()])
    contents = read_contents(sources, lambda _: None)
    place = None if protein is None else index or index_among(sources)
    opened = nullcontext(None) if place is None else Index.open(place)
    with opened as searched:
        chart = _chart(contents, name) if protein is None else _protein(contents, protein, searched)
    with sinks.file(path) as sink:
        sink.write(chart.svg().encode() if path.suffix.lower() == ".svg" else chart.png())


def _protein(contents: Contents, query: str, index: Index | None) -> Chart:
    from psl_eval.report.features import features_of
    from psl_eval.report.protein_chart import protein_chart
    from psl_eval.report.proteins import Shown, proteins_of
    from psl_index.errors import UsageError

    explanations = contents.explanations
    shown = [Shown(each, contents.track_of(each), None, {}) for each in explanations]
    sequences = {name: residues for name, residues in contents.sequences.items() if name == query}
    features = {} if index is None else features_of(index, sequences).features
    if not any(query in each.proteins for each in explanations):
        raise UsageError(f"no explanation of a protein {query!r}", remedy="name one of those in the attributions")
    (protein,) = proteins_of([query], shown, contents.series, contents.classes, features)
    chart = protein_chart(protein, [each.name for each in explanations])
    assert chart is not None
    return chart


def _chart(contents: Contents, name: str | None) -> Chart:
    from psl_eval.report.class_view import heat_maps
    from psl_eval.report.overview import overview_of
    from psl_eval.report.proteins import Shown, proteins_of
    from psl_eval.report.tables import Names
    from psl_index.errors import UsageError

    names = Names()
    shown = [Shown(each, None, None, {}) for each in contents.explanations]
    proteins = proteins_of(contents.queries, shown, contents.series, contents.classes, {})
    charts = [*overview_of(contents, proteins, names).charts, *heat_maps(contents, names)]
    by_name = {chart.rows.name: chart for chart in charts}
    if not by_name:
        raise UsageError("no chart can be drawn of these", remedy="name predictions, hit rates or attributions")
    if name is None:
        return charts[0]
    if name not in by_name:
        raise UsageError(f"no chart {name!r}", remedy=f"choose among {', '.join(by_name)}")
    return by_name[name]
