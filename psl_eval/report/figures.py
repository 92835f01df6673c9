"""One picture of what a report shows: a protein, a chart, or a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from psl_eval.queries.identities import known_by_accession
from psl_eval.report.charts import Chart
from psl_eval.report.class_view import class_view_of
from psl_eval.report.contents import Contents
from psl_eval.report.experiments import read_experiment
from psl_eval.report.features import features_of
from psl_eval.report.overview import overview_of
from psl_eval.report.protein_chart import protein_chart
from psl_eval.report.proteins import Shown, proteins_of
from psl_eval.report.sources import Sources
from psl_eval.report.table_chart import table_chart
from psl_eval.report.tables import Names, ReportTable
from psl_index.errors import UsageError

if TYPE_CHECKING:
    from psl_index.index import Index

_MOST_ROWS: Final = 100  # of a table: what a page of a paper may hold
_MOST_RESIDUES: Final = 20_000  # of all panels together: some tens of megabytes as PNG


def draw_protein(contents: Contents, query: str, index: Index | None) -> Chart:
    """A protein as each explanation colours it, with the features that `index` annotates.

    `query` is its identifier, or the accession in it, in any letter case.

    Raises
    ------
    UsageError
        Nothing explains such a protein, or it is too long for a picture.
    """
    explanations = contents.explanations
    query = _explained(contents, query)
    sequences = {query: contents.sequences[query]}
    drawn = len(sequences[query]) * sum(query in each.proteins for each in explanations)
    if drawn > _MOST_RESIDUES:
        problem = f"{query} has {drawn:,} residues by all explanations, and a picture holds {_MOST_RESIDUES:,}"
        raise UsageError(problem, remedy="name fewer attributions, or look at it in a report")
    shown = [Shown(each, contents.track_of(each), None, {}) for each in explanations]
    features = {} if index is None else features_of(index, sequences).features
    (protein,) = proteins_of([query], shown, contents.series, contents.classes, features)
    chart = protein_chart(protein, [each.name for each in explanations])
    assert chart is not None
    return chart


def draw_chart(contents: Contents, name: str | None) -> Chart:
    """A chart of the report by its name, or the first.

    Raises
    ------
    UsageError
        There is none, or none of this name.
    """
    charts, _ = _of_report(contents, None, Names())
    if not charts:
        raise UsageError("no chart can be drawn of these", remedy="name predictions, hit rates or attributions")
    return charts[_known(name, charts, "chart") if name is not None else next(iter(charts))]


def draw_table(
    sources: Sources,
    contents: Contents,
    name: str,
    index: Index | None,
    *,
    columns: Sequence[str] | None = None,
    rows: int | None = None,
) -> Chart:
    """A table of the report, of its overview, locations or experiments, by its name.

    Parameters
    ----------
    columns : sequence of str, optional
        Those to draw, in this order.
    rows : int, optional
        Draw the first ones only.

    Raises
    ------
    UsageError
        There is no such table or column, or it has too many rows for a picture.
    """
    names = Names()
    of_experiments = [read_experiment(each, path, names, Names()) for each, path in sources.experiments.items()]
    _, tables = _of_report(contents, index, names)
    tables |= {table.name: table for each in of_experiments for table in each.tables}
    if not tables:
        raise UsageError("no table can be drawn of these", remedy="name predictions, hit rates or experiments")
    found = tables[_known(name, tables, "table")]
    drawn = found.table if rows is None else found.table.slice(0, min(rows, len(found.table)))
    if len(drawn) > _MOST_ROWS:
        problem = f"{name} has {len(drawn):,} rows, and a picture holds {_MOST_ROWS}"
        raise UsageError(problem, remedy="draw the first ones with --rows")
    if columns is not None:
        known = dict.fromkeys(drawn.column_names)
        drawn = drawn.select([_known(each, known, "column") for each in columns])
    return table_chart(ReportTable(found.name, found.title, drawn))


def _explained(contents: Contents, query: str) -> str:
    """The identifier of the protein that is meant."""
    queries = list(contents.sequences)
    if query in contents.sequences:
        return query
    known = known_by_accession(pa.array(queries, pa.string())).to_pylist()
    called = zip(queries, known, strict=True)
    found = [name for name, accession in called if query.upper() in (name.upper(), accession.upper())]
    if not found:
        some = f", such as {', '.join(queries[:3])}" if queries else ""
        raise UsageError(
            f"no explanation of a protein {query!r}", remedy=f"name one of those in the attributions{some}"
        )
    return found[0]


def _of_report(
    contents: Contents, index: Index | None, names: Names
) -> tuple[dict[str, Chart], dict[str, ReportTable]]:
    shown = [Shown(each, None, None, {}) for each in contents.explanations]
    proteins = proteins_of(contents.queries, shown, contents.series, contents.classes, {})
    parts = [overview_of(contents, proteins, names), class_view_of(contents, index, names)]
    charts = {chart.rows.name: chart for part in parts for chart in part.charts}
    return charts, {table.name: table for part in parts for table in part.tables}


def _known(name: str, known: Mapping[str, object], kind: str) -> str:
    if name not in known:
        raise UsageError(f"no {kind} {name!r}", remedy=f"choose among {', '.join(known)}")
    return name
