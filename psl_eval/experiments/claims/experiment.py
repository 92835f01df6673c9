"""The claims judged: a table, a figure, and a sentence each."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.claims.evidence import Evidence, Missing
from psl_eval.experiments.claims.stated import CLAIMS, WITHIN
from psl_eval.experiments.estimates import LEVEL, MARGIN
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.experiments.result import MANIFEST, Result, is_ours
from psl_eval.statistics.means import holm
from psl_eval.statistics.rows import table_of
from psl_index.errors import InputError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JUDGED: Final = pa.schema(
    [
        pa.field("claim", pa.string(), nullable=False),  # C1, C2 and so on
        pa.field("says", pa.string(), nullable=False),
        pa.field("test", pa.string(), nullable=False),
        pa.field("threshold", pa.string(), nullable=False),
        pa.field("estimate", pa.float64()),  # null where the results are not there, or too few
        pa.field("low", pa.float64()),
        pa.field("high", pa.float64()),
        pa.field("p_value", pa.float64()),  # one-sided, small where the claim holds
        pa.field("p_holm", pa.float64()),  # Holm over all claims that can be judged, and their contraries
        pa.field("p_contrary", pa.float64()),  # small where the contrary holds: below 0, or beyond the margin
        pa.field("p_contrary_holm", pa.float64()),  # of the same family as p_holm
        pa.field("verdict", pa.string()),  # of VERDICTS; null where the results are not there
        pa.field("rests_on", pa.string()),
        pa.field("missing", pa.string()),  # what would have to be run
    ]
)
NAME: Final = "claims"
HOLDS: Final = "holds"
DOES_NOT_HOLD: Final = "does not hold"
NOT_SHOWN: Final = "not shown"
TOO_FEW: Final = "too few to judge"
#: By Holm's p of the claim, by that of its contrary, by neither; and where there is no p-value.
VERDICTS: Final = (HOLDS, DOES_NOT_HOLD, NOT_SHOWN, TOO_FEW)
_LINE: Final = 56  # letters of a claim in the figure
#: Experiments whose results claims are judged by.
SOURCES: Final = ("accuracy-table", "hit-rate-table", "attention-tests")


def judge(results: Path) -> Result:
    """Judge the claims by what other experiments have left in a folder.

    Parameters
    ----------
    results : path
        Holds a folder of each experiment.

    Raises
    ------
    InputError
        There is no result of any experiment that is needed, or one is damaged.
    """
    tables: dict[tuple[str, str], Sequence[dict[str, Any]]] = {}
    settings: dict[str, Any] = {}
    for name in SOURCES:
        manifest = results / name / MANIFEST
        if is_ours(manifest):
            written = _json(manifest)
            settings[name] = written["settings"]
            for table in written["tables"]:
                tables[name, table] = _json(results / name / f"{table}.json")
    if not tables:
        problem = f"holds no finished result of {', '.join(SOURCES)}"
        raise InputError(problem, file=str(results), remedy="run them first, with the same -o")
    rows = list(_judged(tables))
    tested = [[row.get(name, np.nan) for row in rows] for name in ("p_value", "p_contrary")]
    corrected = holm(np.ravel(tested)).reshape(2, -1)
    for row, (p_holm, p_contrary_holm) in zip(rows, corrected.T.tolist(), strict=True):
        row |= {"p_holm": p_holm, "p_contrary_holm": p_contrary_holm}
        row["verdict"] = None if "missing" in row else _verdict(p_holm, p_contrary_holm)
    table = table_of(rows, JUDGED)
    return Result(
        experiment=NAME,
        tables={"claims": table},
        figures={"claims": draw(table)} if table["estimate"].null_count < len(table) else {},
        findings=tuple(findings(table)),
        settings={"level": LEVEL, "margin": MARGIN, "results": settings},
    )


def _judged(tables: dict[tuple[str, str], Sequence[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for claim in CLAIMS:
        row: dict[str, Any] = {
            "claim": claim.name,
            "says": claim.claim,
            "test": claim.test,
            "threshold": claim.threshold,
        }
        try:
            found: Evidence = claim.evidence(tables)
        except Missing as missing:
            yield row | {"missing": str(missing)}
            continue
        yield row | {
            "estimate": found.estimate,
            "low": found.low,
            "high": found.high,
            "p_value": found.p_value,
            "p_contrary": found.p_contrary,
            "rests_on": found.of,
        }


def _verdict(p_holm: float, p_contrary_holm: float) -> str:
    if np.isnan(p_holm):
        return TOO_FEW
    if p_holm < LEVEL:
        return HOLDS
    return DOES_NOT_HOLD if p_contrary_holm < LEVEL else NOT_SHOWN


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError(f"damaged ({error})", file=str(path), remedy="run its experiment again") from None


def findings(table: pa.Table) -> Iterator[str]:
    """A sentence for each claim."""
    for row in table.to_pylist():
        if row["missing"] is not None:
            yield f"{row['claim']}, {row['says']}: not judged, it takes {row['missing']}"
            continue
        verdict, tested = row["verdict"], ""
        if row["estimate"] is None:
            yield f"{row['claim']}, {row['says']}: {verdict}; {row['rests_on']}"
            continue
        between = "" if row["low"] is None else f" ({row['low']:+.3f} to {row['high']:+.3f})"
        if verdict == DOES_NOT_HOLD:
            tested = f", Holm's p of the contrary {row['p_contrary_holm']:.2g}"
        elif verdict != TOO_FEW:
            tested = f", Holm's p {row['p_holm']:.2g}"
        yield f"{row['claim']}, {row['says']}: {verdict}; {row['estimate']:+.3f}{between}{tested}; {row['rests_on']}"


def draw(table: pa.Table) -> Figure:
    """Estimates with their intervals, by verdict."""
    rows = [row for row in table.to_pylist() if row["estimate"] is not None]
    figure = new_figure(10, 1.6 + 0.42 * len(rows))
    axes = figure.subplots()
    named_rows(axes, [textwrap.fill(f"{row['claim']}  {row['says']}", _LINE) for row in rows])
    for place, row in enumerate(rows):
        if row["threshold"] == WITHIN:
            axes.fill_betweenx([place - 0.5, place + 0.5], -MARGIN, MARGIN, color="#e5e5e5", linewidth=0, zorder=0)
    for style, verdict in enumerate(VERDICTS):
        at = [place for place, row in enumerate(rows) if row["verdict"] == verdict]
        values = [dot_of(rows[place], "estimate", "low", "high") for place in at]
        if at:
            dots(axes, at, values, verdict, style)
    axes.axvline(0, color="#000000", linewidth=0.6)
    axes.set(
        xlabel=f"difference of accuracies (grey: the {MARGIN:g} that are asked for), of hit rates,\n"
        "or of an area under the ROC curve from a half"
    )
    figure.legend(frameon=False, loc="outside upper center", ncols=4)
    return figure
