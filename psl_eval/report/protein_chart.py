"""One protein as a picture for a paper: its residues in rows of fifty, coloured by what explanations say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import altair as alt
import pyarrow as pa

from psl_eval.report.charts import Chart, spec_of
from psl_eval.report.colours import FEATURE, PICKED, SCORES, ink_on
from psl_eval.report.features import FEATURES
from psl_eval.report.levels import LETTERS, STEPS
from psl_eval.report.proteins import ShownProtein
from psl_eval.report.tables import ReportTable

_ROW: Final = 50  # residues
_BLOCK: Final = 10
_GAP: Final = 0.6  # between blocks, in residues
_RESIDUE: Final = 11  # width in pixels
_LINE: Final = 34  # height of a row
_SCALE: Final = (
    "orange speaks against the location, blue for it; white is nothing, the darkest is the strongest residue"
)
_PICKED: Final = "subsequence"
_COLOURS: Final = {_PICKED: PICKED.light, **{FEATURES[name]: colour for name, colour in FEATURE.items()}}


def protein_chart(protein: ShownProtein, explanations: Sequence[str]) -> Chart | None:
    """A protein of `psl_eval.report.proteins`, one picture below the other; None where nothing explains it."""
    rows = [row for which, name in enumerate(explanations) for row in _rows(protein, which, name)]
    if not rows:
        return None
    shown = list(dict.fromkeys(row["explanation"] for row in rows))
    said = {name: text for name, text in zip(explanations, protein["explained"], strict=True) if text is not None}
    lines = 1 + max(row["line"] for row in rows)
    title = f"{protein['query']}: predicted {protein['predicted']}"
    title += "" if protein["true"] is None else f", is {protein['true']}"
    panels = [_panel(name, f"{name}, which {said[name]}" if name in said else name, rows, lines) for name in shown]
    spec = spec_of(alt.vconcat(*panels, title=alt.Title(title, subtitle=_SCALE)))
    reading = (
        "Residues by how much they speak for the predicted location; lines below stand out, lines above are annotated."
    )
    return Chart(title, reading, spec, ReportTable(protein["query"], title, pa.Table.from_pylist(rows)))


def _rows(protein: ShownProtein, which: int, name: str) -> Iterator[dict[str, Any]]:
    """A row a residue: where it stands, how it is coloured, and what lies above and below it."""
    letters = protein["scores"][which]
    if letters is None:
        return
    annotated = [each | {"type": FEATURES[each["type"]]} for each in protein["features"]]
    above = _types(annotated, len(letters))
    picked = [{"type": _PICKED, "start": each["start"], "end": each["end"]} for each in protein["picked"][which]]
    below = _types(picked, len(letters))
    for at, residue in enumerate(protein["sequence"]):
        column = at % _ROW
        x = column + _GAP * (column // _BLOCK)
        yield {
            "explanation": name,
            "position": at + 1,
            "residue": residue,
            "level": LETTERS.index(letters[at]) - STEPS,
            "above": above[at],
            "below": below[at],
            "line": at // _ROW,
            "left": x,
            "right": x + 1,
        }


def _types(spans: Sequence[Mapping[str, Any]], length: int) -> list[str | None]:
    of: list[str | None] = [None] * length
    for span in spans:
        of[span["start"] - 1 : span["end"]] = [span["type"]] * (span["end"] - span["start"] + 1)
    return of


def _panel(name: str, title: str, rows: Sequence[Mapping[str, Any]], lines: int) -> alt.LayerChart:
    across = _ROW + _GAP * (_ROW // _BLOCK - 1)
    left = alt.X("left:Q", axis=None, scale=alt.Scale(domain=[-3, across], nice=False))
    base = (
        alt.Chart()
        .transform_filter(alt.datum.explanation == name)
        .transform_calculate(
            top="datum.line + 0.25",
            bottom="datum.line + 0.75",
            middle="datum.line + 0.5",
            over="datum.line + 0.18",
            under="datum.line + 0.84",
            centre="datum.left + 0.5",
        )
    )

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", axis=None, scale=alt.Scale(domain=[lines, 0], nice=False))

    steps, colours = list(range(-STEPS, STEPS + 1)), [each.light for each in SCORES]
    colour = alt.Color("level:O", legend=None, scale=alt.Scale(domain=steps, range=colours))
    ink = alt.Color("level:O", legend=None, scale=alt.Scale(domain=steps, range=[ink_on(each) for each in colours]))
    cells = base.mark_rect().encode(x=left, x2="right", y=y("top"), y2="bottom", color=colour)
    residues = base.mark_text(font="monospace", fontSize=10).encode(
        x=alt.X("centre:Q", axis=None), y=y("middle"), text="residue:N", color=ink
    )
    numbers = (
        base.transform_filter(f"(datum.position - 1) % {_ROW} == 0")
        .mark_text(align="right", dx=-4, fontSize=9, color="#555555")
        .encode(x=left, y=y("middle"), text="position:Q")
    )
    layers = [cells, residues, numbers]
    for field, height in (("above", "over"), ("below", "under")):
        types = sorted({str(row[field]) for row in rows if row[field] is not None})
        if types:
            scale = alt.Scale(domain=types, range=[_COLOURS[each] for each in types])
            lines_of = base.transform_filter(f"datum.{field} !== null").mark_rule(strokeWidth=3)
            kind = alt.Color(f"{field}:N", scale=scale, title=None, legend=alt.Legend(orient="bottom"))
            layers.append(lines_of.encode(x=left, x2="right", y=y(height), color=kind))
    chart: alt.LayerChart = alt.layer(*layers).resolve_scale(color="independent")
    return chart.properties(title=title, width=_RESIDUE * (across + 3), height=_LINE * lines)
