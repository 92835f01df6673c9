"""The page itself: one file, with all that it needs inside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Final

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from psl_eval.report.charts import Chart
from psl_eval.report.colours import style_sheet
from psl_eval.report.experiments import ShownExperiment
from psl_eval.report.payload import packed
from psl_eval.report.tables import ReportTable
from psl_eval.report.view import View

_PACKAGE: Final = "psl_eval.report"
#: What is taken of Vega: its compiler of charts, which interprets expressions instead of evaluating text.
_VEGA: Final = "window.vegaEmbed = vegaEmbed;"
#: The page's own scripts, in the order in which they need each other.
_SCRIPTS: Final = ("elements.js", "tables.js", "charts.js", "sequences.js", "proteins.js", "classes.js", "start.js")
#: Nothing is loaded, run or sent but what is in the file; Vega and the page set styles of elements.
_POLICY: Final = (
    "default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Part:
    """Charts and tables of a part of the page, in the order in which they are shown."""

    charts: list[Chart] = field(default_factory=list)
    tables: list[ReportTable] = field(default_factory=list)
    kept: list[ReportTable] = field(default_factory=list)  # in the folder beside the page only


@dataclass(frozen=True)
class Page:
    """What the page shows.

    Attributes
    ----------
    title : str
    facts : sequence of (str, str)
        What was looked at, by what, and when.
    overview, proteins, classes, settings : Part
    experiments : sequence of ShownExperiment
    view : View
    folder : str
        Name of the folder beside the page.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    overview: Part
    proteins: Part
    classes: Part
    settings: Part
    experiments: Sequence[ShownExperiment]
    view: View
    folder: str

    @property
    def charts(self) -> list[Chart]:
        """All charts."""
        return [*self.overview.charts, *self.classes.charts]

    @property
    def tables(self) -> list[ReportTable]:
        """All tables."""
        of_experiments = [table for each in self.experiments for table in each.tables]
        parts = (self.overview, self.proteins, self.classes, self.settings)
        return [*(table for part in parts for table in part.tables), *of_experiments]


def rendered(page: Page) -> str:
    """The page as HTML."""
    assets = files(_PACKAGE) / "assets"
    own = "\n".join((assets / name).read_text("utf-8") for name in _SCRIPTS)
    scripts = [_vega(), f'"use strict";\n{own}']
    environment = Environment(
        loader=PackageLoader(_PACKAGE, "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    drawn = {
        "charts": {chart.rows.name: chart.with_rows() for chart in page.charts},
        "tables": {table.name: table.for_page() for table in page.tables},
    }
    return environment.get_template("page.html").render(
        page=page,
        policy=_POLICY.format(hashes=" ".join(map(_hash, scripts))),
        style=Markup((assets / "report.css").read_text("utf-8") + style_sheet()),
        scripts=[Markup(each) for each in scripts],
        drawn=packed(drawn),
        proteins=packed(page.view),
    )


@cache
def _vega() -> str:
    return vl_convert.javascript_bundle(_VEGA)


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
