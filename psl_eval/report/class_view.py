"""The view of locations: what lies near the ends of their proteins, and what is picked out there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psl_eval.report import charts
from psl_eval.report.charts import Chart
from psl_eval.report.contents import Contents
from psl_eval.report.ends import ends_table
from psl_eval.report.page import Part
from psl_eval.report.tables import Names, ReportTable
from psl_eval.report.top_subsequences import top_table

if TYPE_CHECKING:
    from psl_index.index import Index


def class_view_of(contents: Contents, index: Index | None, names: Names) -> Part:
    """Heat maps of all explanations, and subsequences of all hit rates by location."""
    part = Part(heat_maps(contents, names))
    if contents.rates:
        table = top_table(contents.rates, index)
        part.tables.append(ReportTable(names.of("subsequences"), "Subsequences by location", table))
    return part


def heat_maps(contents: Contents, names: Names) -> list[Chart]:
    """What each explanation looks at near the ends of proteins."""
    drawn = []
    for each in contents.explanations:
        ends = ends_table([each], contents.classes)
        drawn.append(charts.heat_map(names.of("ends", each.name), each.name, ends, contents.classes))
    return drawn
