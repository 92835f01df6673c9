"""The overview: what is right, what is shared with Swiss-Prot, and how sure one can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa

from psl_eval.report import charts
from psl_eval.report.accuracy import accuracy_table, class_table
from psl_eval.report.charts import Chart
from psl_eval.report.contents import Contents
from psl_eval.report.page import Part
from psl_eval.report.proteins import ShownProtein
from psl_eval.report.rates import Rates
from psl_eval.report.tables import Names, ReportTable


def overview_of(contents: Contents, proteins: Sequence[ShownProtein], names: Names) -> Part:
    """Charts and tables of all proteins together; `proteins` are those of `psl_eval.report.proteins`."""
    accuracy = ReportTable(names.of("accuracy"), "Accuracy", accuracy_table(contents.series))
    labelled = [accuracy] if any(each["true"] is not None for each in proteins) else []
    drawn = [*_of_predictions(contents, proteins, names), *_of_hit_rates(contents.rates, names)]
    charted = [*map(charts.accuracy, labelled), *(chart for chart in drawn if chart is not None)]
    return Part(charted, [*labelled, *_tables(contents, names)])


def _of_predictions(contents: Contents, proteins: Sequence[ShownProtein], names: Names) -> Iterator[Chart | None]:
    if not proteins:
        return
    yield charts.by_class(names.of("locations"), proteins, contents.classes, contents.predicted_by)
    if any(each["sequence"] for each in proteins):
        yield charts.by_length(names.of("lengths"), proteins, contents.predicted_by)
        yield charts.lengths(names.of("lengths-by-location"), proteins, contents.classes)
    for each in contents.series:
        yield charts.confusion(names.of("confusion", each.name), each, contents.classes)


def _of_hit_rates(rates: Sequence[Rates], names: Names) -> Iterator[Chart | None]:
    rows = [{"hit_rates": each.name} | row for each in rates for row in each.summary.to_pylist()]
    yield charts.hit_rates(names.of("hit-rates"), [row for row in rows if row["subset"] == "all"])
    for each in rates:
        of_exclusion = [row for row in each.calibration.to_pylist() if row["exclusion"] == each.choices.exclude]
        yield charts.calibration(names.of("calibration", each.name), each.name, of_exclusion)


def _tables(contents: Contents, names: Names) -> Iterator[ReportTable]:
    if contents.series:
        by_class = class_table(contents.series, contents.classes, contents.sequences)
        yield ReportTable(names.of("accuracy-by-location"), "Accuracy by location", by_class)
    if contents.rates:
        named = [
            each.summary.add_column(0, "hit_rates", pa.array([each.name] * len(each.summary)))
            for each in contents.rates
        ]
        yield ReportTable(names.of("summary"), "Hit rates", pa.concat_tables(named))
