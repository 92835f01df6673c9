"""Charts of the report as Vega-Lite: what they show, what to read from them, and the rows that they are drawn of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import altair as alt
import numpy as np
import pyarrow as pa
import vl_convert

from psl_eval.report.colours import SHARES, between, ink_on
from psl_eval.report.ends import NEAR
from psl_eval.report.predictions import Series
from psl_eval.report.proteins import ShownProtein
from psl_eval.report.tables import ReportTable, plain

#: Colours that are told apart by everyone (Okabe and Ito 2008).
BLUE: Final = "#0072b2"
ORANGE: Final = "#d55e00"
GREY: Final = "#8a8a94"
_LENGTHS: Final = (0, 100, 200, 300, 400, 500, 700, 1000, 2000)
_VERDICTS: Final = {True: "correct", False: "wrong", None: "not known"}
_ABOVE: Final = alt.Legend(orient="top", gradientLength=200)
_VERDICT_COLOURS: Final = {"correct": BLUE, "wrong": ORANGE, "not known": GREY}


@dataclass(frozen=True, eq=False)
class Chart:
    """A picture that the browser draws.

    Attributes
    ----------
    title : str
    reading : str
        What is seen, and what to make of it.
    spec : dict
        Vega-Lite without its rows.
    rows : ReportTable
        What is drawn; the fields of `spec` are its columns.
    """

    title: str
    reading: str
    spec: dict[str, Any]
    rows: ReportTable

    def with_rows(self) -> dict[str, Any]:
        """Vega-Lite with the rows in it."""
        return self.spec | {
            "description": f"{self.title}. {self.reading}",
            "data": {"values": [plain(row) for row in self.rows.table.to_pylist()]},
        }

    def svg(self) -> str:
        """The picture as SVG, black on white."""
        return vl_convert.vegalite_to_svg(self._on_white())

    def png(self) -> bytes:
        """The picture as PNG, of three pixels for one of the screen's."""
        return vl_convert.vegalite_to_png(self._on_white(), scale=3)

    def _on_white(self) -> dict[str, Any]:
        return self.with_rows() | {
            "background": "white",
            "config": {"view": {"stroke": None}, "title": {"anchor": "start"}},
        }


def accuracy(rows: ReportTable) -> Chart:
    """Accuracy with intervals (rows of `psl_eval.report.accuracy.ACCURACY`)."""
    base = alt.Chart().encode(y=alt.Y("predictions:N", sort=None, title=None, axis=alt.Axis(labelLimit=240)))
    tooltip = ["predictions:N", "correct:Q", "labelled:Q", *_formatted(("accuracy", "low", "high", "majority"), ".3f")]
    scale = alt.Scale(domain=[0, 1])
    interval = base.mark_rule(color=BLUE).encode(x=alt.X("low:Q", title="accuracy", scale=scale), x2="high:Q")
    dot = base.mark_point(filled=True, opacity=1, size=70, color=BLUE).encode(x="accuracy:Q", tooltip=tooltip)
    majority = base.mark_tick(color=ORANGE, thickness=2, size=16).encode(x="majority:Q", tooltip=tooltip)
    return Chart(
        rows.title,
        "Share of proteins whose location is predicted right (blue, with 95 % intervals), and that of always saying "
        "the most frequent one (orange).",
        spec_of((interval + dot + majority).properties(width=360, height=alt.Step(24))),
        rows,
    )


def confusion(name: str, series: Series, classes: Sequence[str]) -> Chart | None:
    """How often proteins of each class are predicted to be of each; None without true classes."""
    single = [each for each in series.answers.values() if each.true in classes and each.predicted in classes]
    pairs = Counter((each.true, each.predicted) for each in single)
    if not pairs:
        return None
    several = sum(each.true is not None for each in series.answers.values()) - len(single)
    left_out = f" {several:,} proteins with several locations are left out." if several else ""
    total = Counter(each.true for each in single)
    rows = [
        {"true": true, "predicted": predicted, "proteins": number, "share": number / total[true]}
        | {"row": classes.index(true), "column": classes.index(predicted)}
        | {"ink": ink_on(between(*SHARES, number / total[true]))}
        for (true, predicted), number in sorted(pairs.items())
    ]
    base = alt.Chart().encode(
        x=alt.X("predicted:N", sort=_by("column"), title="predicted", axis=alt.Axis(labelAngle=-40)),
        y=alt.Y("true:N", sort=_by("row"), title="true"),
    )
    cells = base.mark_rect().encode(
        color=alt.Color(
            "share:Q",
            scale=alt.Scale(range=[*SHARES], domain=[0, 1], interpolate="rgb"),
            title="share of the row",
            legend=_ABOVE,
        ),
        tooltip=["true:N", "predicted:N", "proteins:Q", *_formatted(("share",), ".1%")],
    )
    numbers = base.mark_text(fontSize=10).encode(
        text="proteins:Q",
        color=alt.Color("ink:N", scale=None),
    )
    return Chart(
        f"Predicted and true location: {series.name}",
        f"Each row holds the proteins of one location; what is off the diagonal is predicted wrong.{left_out}",
        spec_of((cells + numbers).resolve_scale(color="independent").properties(width=360, height=320)),
        ReportTable(name, f"Predicted and true location: {series.name}", pa.Table.from_pylist(rows)),
    )


def by_class(name: str, proteins: Iterable[ShownProtein], classes: Sequence[str], predicted_by: str) -> Chart:
    """How many proteins of each class there are, and how many are predicted right, `predicted_by` what."""
    counts: Counter[tuple[str, str]] = Counter()
    for each in proteins:
        for psl_class in _classes(each):
            counts[psl_class, _VERDICTS[each["correct"]]] += 1
    rows = [
        {"class": psl_class, "prediction": verdict, "proteins": number, "order": classes.index(psl_class)}
        for (psl_class, verdict), number in counts.items()
    ]
    y = alt.Y("class:N", sort=_by("order"), title=None)
    bars = _verdicts(rows, y=y, x=alt.X("proteins:Q", title="proteins"), tooltip="class:N")
    return Chart(
        "Proteins of each location",
        "True locations, or predicted ones where the true are not known; proteins in several count in each. What is "
        f"correct is by {predicted_by}.",
        spec_of(bars.properties(width=320, height=alt.Step(22))),
        ReportTable(name, "Proteins of each location", pa.Table.from_pylist(rows)),
    )


def by_length(name: str, proteins: Collection[ShownProtein], predicted_by: str) -> Chart:
    """How many proteins of each length there are, and how many are predicted right, `predicted_by` what."""
    counts: Counter[tuple[int, str]] = Counter()
    known = [each for each in proteins if each["sequence"]]
    unknown = len(proteins) - len(known)
    left_out = f" {unknown:,} proteins whose length is not known are left out." if unknown else ""
    for each in known:
        counts[int(np.searchsorted(_LENGTHS, len(each["sequence"]), side="right")) - 1, _VERDICTS[each["correct"]]] += 1
    rows = [
        {"from": _LENGTHS[at], "length": _length(at), "prediction": verdict, "proteins": number}
        for (at, verdict), number in sorted(counts.items())
    ]
    x = alt.X("length:N", sort=alt.SortField("from"), title="residues", axis=alt.Axis(labelAngle=-40))
    bars = _verdicts(rows, x=x, y=alt.Y("proteins:Q", title="proteins"), tooltip="length:N")
    return Chart(
        "Proteins by length",
        "Whether long proteins, whose signals are a small part of them, are predicted as well as short ones (by "
        f"{predicted_by}).{left_out}",
        spec_of(bars.properties(width=320, height=220)),
        ReportTable(name, "Proteins by length", pa.Table.from_pylist(rows)),
    )


def lengths(name: str, proteins: Iterable[ShownProtein], classes: Sequence[str]) -> Chart:
    """How long the proteins of each class are; some protein has a known sequence."""
    of_class: dict[str, list[int]] = {}
    for each in proteins:
        for psl_class in _classes(each) if each["sequence"] else ():
            of_class.setdefault(psl_class, []).append(len(each["sequence"]))
    rows = [
        {"class": psl_class, "order": classes.index(psl_class), "proteins": len(known)}
        | dict(zip(_QUARTILES, np.percentile(known, (5, 25, 50, 75, 95)).tolist(), strict=True))
        for psl_class, known in of_class.items()
    ]
    base = alt.Chart().encode(y=alt.Y("class:N", sort=_by("order"), title=None))
    tooltip = ["class:N", "proteins:Q", *_formatted(_QUARTILES, ".0f")]
    scale = alt.Scale(type="log", nice=False)
    x = alt.X("low:Q", title="residues", scale=scale, axis=alt.Axis(values=[20, 50, 100, 200, 500, 1000, 2000, 5000]))
    whole = base.mark_rule(color=BLUE).encode(x=x, x2="high:Q")
    middle = base.mark_bar(color=BLUE, size=9).encode(x="lower:Q", x2="upper:Q", tooltip=tooltip)
    median = base.mark_tick(color="white", thickness=2, size=9).encode(x="median:Q", tooltip=tooltip)
    return Chart(
        "Length of the proteins of each location",
        "Median (white), the middle half of the proteins (bar) and nine in ten of them (line).",
        spec_of((whole + middle + median).properties(width=320, height=alt.Step(22))),
        ReportTable(name, "Length of the proteins of each location", pa.Table.from_pylist(rows)),
    )


def hit_rates(name: str, rows: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Hit rates and intervals beside what chance has; rows of summaries with their folder's name as ``hit_rates``."""
    told_apart = [name for name in ("definition", "against", "null") if len({row[name] for row in rows}) > 1]
    shown = []
    for row in rows:
        if row["hit_rate"] is not None:
            parts = [_EXCLUDED.get(row["exclusion"], row["exclusion"])]
            parts += [f"{name} {row[name]}" for name in told_apart if row[name] is not None]
            shown.append({"what": f"{row['hit_rates']}: {', '.join(parts)}"} | dict(row))
    if not shown:
        return None
    base = alt.Chart().encode(y=alt.Y("what:N", sort=None, title=None, axis=alt.Axis(labelLimit=300)))
    tooltip = [
        "what:N",
        "proteins_scored:Q",
        *_formatted(("hit_rate", "low", "high", "null_hit_rate", "lift", "p_value"), ".3g"),
    ]
    scale = alt.Scale(zero=True)
    interval = base.mark_rule(color=BLUE).encode(x=alt.X("low:Q", title="hit rate", scale=scale), x2="high:Q")
    dot = base.mark_point(filled=True, opacity=1, size=70, color=BLUE).encode(x="hit_rate:Q", tooltip=tooltip)
    spread = base.mark_rule(color=ORANGE, strokeWidth=5, opacity=0.4).encode(x="null_low:Q", x2="null_high:Q")
    chance = base.mark_tick(color=ORANGE, thickness=2, size=16).encode(x="null_hit_rate:Q", tooltip=tooltip)
    return Chart(
        "Hit rates",
        "Of the Swiss-Prot proteins that hold what an explanation picks out, the share that live in the same place, "
        "by the definition paper nearer positions counting more (blue, with 95 % intervals); orange is what chance "
        "has. With all entries, much of it is the protein finding itself.",
        spec_of((spread + interval + dot + chance).properties(width=290, height=alt.Step(24))),
        ReportTable(name, "Hit rates", pa.Table.from_pylist(shown)),
    )


def calibration(name: str, hit_rates: str, rows: Iterable[Mapping[str, Any]]) -> Chart | None:
    """Share of correct predictions by hit rate, with intervals; rows of all classes together are drawn."""
    shown = [dict(row) for row in rows if row["class"] is None]
    if not shown:
        return None
    circular = _CIRCULAR if {row["exclusion"] for row in shown} == {"none"} else ""
    base = alt.Chart()
    unit = alt.Scale(domain=[0, 1])
    x = alt.X("mean_hit_rate:Q", title="hit rate (mean of a tenth of its range)", scale=unit)
    y = alt.Y("low:Q", title="share of correct predictions", scale=unit)
    tooltip = [*_formatted(("mean_hit_rate", "correct_share", "low", "high"), ".2f"), "proteins:Q"]
    interval = base.mark_rule(color=BLUE).encode(x=x, y=y, y2="high:Q")
    dot = base.mark_point(filled=True, opacity=1, size=70, color=BLUE).encode(x=x, y="correct_share:Q", tooltip=tooltip)
    return Chart(
        f"Hit rate as confidence: {hit_rates}",
        "How many predictions are right among proteins whose hit rate is low or high: where dots rise, a high hit rate "
        f"speaks for the prediction.{circular}",
        spec_of((interval + dot).properties(width=320, height=260)),
        ReportTable(name, f"Hit rate as confidence: {hit_rates}", pa.Table.from_pylist(shown)),
    )


def heat_map(name: str, explanation: str, ends: pa.Table, classes: Sequence[str]) -> Chart:
    """What an explanation looks at near either end of proteins, by class (rows of `psl_eval.report.ends.ENDS`)."""
    names = ends["class"].to_pylist()
    proteins = _most_proteins(ends)
    ordered = ends.append_column("order", pa.array([classes.index(each) for each in names], pa.int64()))
    ordered = ordered.append_column("row", pa.array([f"{each} ({proteins[each]:,})" for each in names], pa.string()))
    panels = []
    for end, title in (("N", "residues from the N-terminus"), ("C", "residues to the C-terminus")):
        axis = alt.Axis(values=_TICKS[end], labelAngle=0)
        labels = alt.Axis(labels=end == "N", ticks=end == "N")
        panel = (
            alt.Chart()
            .mark_rect()
            .encode(
                x=alt.X("position:O", title=title, axis=axis),
                y=alt.Y("row:N", sort=_by("order"), title=None, axis=labels),
                color=alt.Color("share:Q", scale=alt.Scale(scheme="viridis"), title="times an even share"),
                tooltip=["class:N", "position:O", *_formatted(("share",), ".2f"), "proteins:Q"],
            )
        )
        panels.append(panel.transform_filter(alt.datum.end == end).properties(width=250, height=alt.Step(20)))
    spec = spec_of(alt.hconcat(*panels).resolve_scale(color="shared"))
    return Chart(
        f"What lies near the ends: {explanation}",
        "Mean size of the scores of residues by predicted location (and how many proteins that is), aligned at either "
        "end; 1 is what every residue has if all are alike. Signal and transit peptides lie at the N-terminus, KDEL "
        "and SKL at the C-terminus.",
        spec,
        ReportTable(name, f"What lies near the ends: {explanation}", ordered),
    )


_TICKS: Final = {"N": [1, *range(10, NEAR + 1, 10)], "C": [*range(-NEAR, 0, 10), -1]}
_QUARTILES: Final = ("low", "lower", "median", "upper", "high")
_CIRCULAR: Final = (
    " Here each protein finds itself, too, and lives where it is predicted to live if that is right: leave it out "
    "(--exclude self) for an answer that is not circular."
)
_EXCLUDED: Final = {
    "none": "all entries",
    "self": "without the protein itself",
    "identical": "without its sequence",
    "cluster": "without relatives",
    "train": "without training proteins",
}


def _classes(protein: ShownProtein) -> list[str]:
    """True ones, or predicted ones where these are not known."""
    return (protein["true"] or protein["predicted"]).split(";")


def _most_proteins(ends: pa.Table) -> dict[str, int]:
    """How many proteins of each class there are, by rows of ends, which not all of them reach."""
    most = ends.group_by("class").aggregate([("proteins", "max")])
    return dict(zip(most["class"].to_pylist(), most["proteins_max"].to_pylist(), strict=True))


def _by(field: str) -> alt.EncodingSortField:
    """Order by numbers, never by names: Vega would write these into an expression, where not every name is allowed."""
    return alt.EncodingSortField(field, op="min")


def _verdicts(rows: Iterable[Mapping[str, Any]], *, x: alt.X, y: alt.Y, tooltip: str) -> alt.Chart:
    """Bars of proteins, stacked by whether they are predicted right."""
    there = {row["prediction"] for row in rows}
    known = {name: colour for name, colour in _VERDICT_COLOURS.items() if name in there}
    scale = alt.Scale(domain=[*known], range=[*known.values()])
    colour = alt.Color("prediction:N", scale=scale, title="prediction")
    chart: alt.Chart = (
        alt.Chart().mark_bar().encode(x=x, y=y, color=colour, tooltip=[tooltip, "prediction:N", "proteins:Q"])
    )
    return chart


def _length(at: int) -> str:
    return f"{_LENGTHS[at]} to {_LENGTHS[at + 1] - 1}" if at + 1 < len(_LENGTHS) else f"{_LENGTHS[at]} and more"


def _formatted(fields: Iterable[str], how: str) -> list[alt.Tooltip]:
    return [alt.Tooltip(f"{field}:Q", format=how) for field in fields]


def spec_of(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Vega-Lite of a chart, without rows and without what the page or the picture decides."""
    spec: dict[str, Any] = chart.to_dict(validate=True)
    return _without_rows({name: value for name, value in spec.items() if name not in ("$schema", "config", "datasets")})


def _without_rows(spec: dict[str, Any]) -> dict[str, Any]:
    """Charts of charts draw the rows of the whole."""
    kept = {name: value for name, value in spec.items() if name != "data"}
    return kept | {
        name: [_without_rows(each) for each in kept[name]] for name in ("layer", "hconcat", "vconcat") if name in kept
    }
