"""What growth says: an exponent for each cost, what TrEMBL would take, and the page and plot of it in the documents."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.power_law import PowerLaw, fit
from benchmarks.report import Finding, figure
from psl_index.memory import shard_capacity

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from benchmarks.growth import Costs

TREMBL_RESIDUES = 90_000_000_000
TREMBL_SHARDS = 22
FITTED_FROM = 20_000_000  # residues; below, starting a process is most of what is measured


@dataclass(frozen=True)
class Quantity:
    """A cost that is measured at each size."""

    name: str
    field: str  # of `growth.Costs`
    unit: str  # s, GB (measured in bytes) or hits


_TIMES = (
    Quantity("flat file to index", "flat_file_seconds", "s"),
    Quantity("text to index", "text_seconds", "s"),
    Quantity("locate 1 M peptides", "locate_seconds", "s"),
    Quantity("count 1 M peptides", "count_seconds", "s"),
    Quantity("open", "open_seconds", "s"),
)
_MEMORY = (
    Quantity("flat file to index, resident", "resident_bytes", "GB"),
    Quantity("flat file to index, anonymous", "anonymous_bytes", "GB"),
    Quantity("text to index, anonymous", "text_bytes", "GB"),
)
_DISK = (
    Quantity("flat file on disk", "flat_file_bytes", "GB"),
    Quantity("binary sections on disk", "sections_bytes", "GB"),
    Quantity("Parquet tables on disk", "tables_bytes", "GB"),
)
_HITS = Quantity("hits of a peptide of 8 to 15", "hits", "hits")
# Okabe and Ito's colours, which the colour-blind tell apart, and a marker each for print.
_STYLES = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#000000", "v"))


@dataclass(frozen=True)
class Line:
    """A cost at each size, the law it follows, and what it comes to for TrEMBL."""

    quantity: Quantity
    sizes: tuple[int, ...]
    costs: tuple[float, ...]  # in seconds or GB
    fitted_from: int  # the smallest size that the law is fitted to
    law: PowerLaw

    @property
    def trembl(self) -> tuple[float, str] | None:
        """Cost and unit for all of TrEMBL; None where it does not follow from smaller sizes."""
        if self.quantity in _TIMES:
            return _readable(TREMBL_SHARDS * self.law.at(TREMBL_RESIDUES / TREMBL_SHARDS), "s")
        if self.quantity in _DISK:
            return _readable(self.costs[-1] * TREMBL_RESIDUES / self.sizes[-1], "GB")
        return None

    def findings(self) -> Iterator[Finding]:
        """The exponent, with the costs it is fitted to, and TrEMBL."""
        name, unit = self.quantity.name, self.quantity.unit
        measured = [f"{_millions(size)} {_cost(cost, unit)}" for size, cost in zip(self.sizes, self.costs, strict=True)]
        fitted = f"fitted from {_millions(self.fitted_from)} on, off by {self.law.off:.0%} at most"
        yield Finding(f"growth of {name}", self.law.exponent, "exponent", f"{'; '.join(measured)}; {fitted}")
        if self.trembl is not None:
            law = f"{TREMBL_SHARDS} shards by that law" if self.quantity in _TIMES else "in proportion to the largest"
            yield Finding(f"TrEMBL: {name}", *self.trembl, f"computed: {law}")


def planned_memory() -> Finding:
    """What the builder wants to have for a shard of TrEMBL; what it takes grows in steps, by no law."""
    mebibytes = range(1 << 10, 1 << 20)
    shard = TREMBL_RESIDUES // TREMBL_SHARDS
    enough = bisect_left(mebibytes, shard, key=lambda size: shard_capacity(size << 20, None))
    planned = (mebibytes[enough] << 20) / 1e9
    return Finding(
        "TrEMBL: memory to build", planned, "GB", f"computed: planned for a shard of {shard / 1e9:.3g} billion"
    )


def lines(costs: Sequence[Costs]) -> list[Line]:
    """All quantities at all sizes."""
    sizes = tuple(cost.residues for cost in costs)
    fitted_from = min((size for size in sizes[:-1] if size >= FITTED_FROM), default=sizes[0])
    made = []
    for quantity in (*_TIMES, *_MEMORY, *_DISK, _HITS):
        scale = 1e9 if quantity.unit == "GB" else 1
        values = tuple(getattr(cost, quantity.field) / scale for cost in costs)
        first = sizes.index(fitted_from)
        made.append(Line(quantity, sizes, values, fitted_from, fit(sizes[first:], values[first:])))
    return made


def write(page: Path, grown: Sequence[Line], planned: Finding, heading: Sequence[str]) -> None:
    """Write the page in Markdown, and the plot it shows beside it."""
    plot = page.with_suffix(".png")
    _plot(grown, plot)
    sizes = [_millions(size) for size in grown[0].sizes]
    text = [
        "# How cost grows",
        "",
        "`python -m benchmarks growth --record` measures this and writes this page.",
        "",
        *(f"- {line}" for line in heading),
        "",
        f"![Time and memory against residues]({plot.name})",
        "",
        f"| residues | {' | '.join(sizes)} | exponent | TrEMBL |",
        f"| --- |{' ---: |' * (len(sizes) + 2)}",
        *(_row(line) for line in grown),
        "",
        "The exponent is that of the power law closest to what was measured from "
        f"{_millions(grown[0].fitted_from)} on; below, starting a process is most of the time. Memory and the table "
        "of words grow in steps, so their exponents say how they grow between these sizes only.",
        "",
        f"TrEMBL, {TREMBL_RESIDUES / 1e9:.0f} billion residues in {TREMBL_SHARDS} shards, is computed, not measured: "
        "times by the law for a shard of that size, for all of them one after another on this machine; disk in "
        "proportion to the largest size. Entries are taken to be as long as those of Swiss-Prot, which say more. A "
        "search takes that long only where the sections of the shard are in memory. The builder plans "
        f"{figure(planned.figure)} {planned.unit} for a shard of that size; with `--memory` it makes smaller ones.",
    ]
    page.write_text("\n".join(text) + "\n")


def _row(line: Line) -> str:
    unit = line.quantity.unit
    cells = [line.quantity.name, *(_cost(cost, unit) for cost in line.costs), _exponent(line)]
    trembl = f"{figure(line.trembl[0])} {line.trembl[1]}" if line.trembl else ""
    return f"| {' | '.join([*cells, trembl])} |"


def _plot(grown: Sequence[Line], path: Path) -> None:
    from matplotlib import pyplot

    canvas, (left, right) = pyplot.subplots(1, 2, figsize=(12, 6.5), layout="constrained")
    _draw(left, [line for line in grown if line.quantity in _TIMES], "seconds", (1,))
    _draw(right, [line for line in grown if line.quantity in _MEMORY], "GB of memory, at most", (1, 2, 5))
    canvas.savefig(path, dpi=120, facecolor="white")
    pyplot.close(canvas)


def _draw(axes: Axes, drawn: Sequence[Line], label: str, ticks: tuple[int, ...]) -> None:
    """Points, dotted together, and their law; `ticks` are the digits that have one in each power of ten."""
    from matplotlib.ticker import LogLocator

    for line, (colour, marker) in zip(drawn, _STYLES, strict=False):
        name = f"{line.quantity.name}: residues$^{{{_exponent(line)}}}$"
        axes.plot(line.sizes, line.costs, marker, color=colour, linestyle=":", linewidth=0.8, label=name)
        fitted = (line.fitted_from, line.sizes[-1])
        axes.plot(fitted, [line.law.at(size) for size in fitted], color=colour, linewidth=1.5)
    axes.set(xscale="log", yscale="log", xlabel="residues", ylabel=label)
    axes.set_xticks(drawn[0].sizes, [_millions(size) for size in drawn[0].sizes])
    axes.minorticks_off()
    axes.yaxis.set_major_locator(LogLocator(subs=ticks))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.legend(frameon=False, loc="upper left", bbox_to_anchor=(0, -0.12))


def _millions(residues: int) -> str:
    return f"{residues / 1e6:,.0f} M"


def _exponent(line: Line) -> str:
    return f"{line.law.exponent:.2f}".replace("-0.00", "0.00")


def _cost(cost: float, unit: str) -> str:
    if unit == "hits":
        return f"{cost:.3g}"
    return f"{cost:.3g} {unit}" if cost >= 0.1 else f"{cost * 1e3:.3g} {'ms' if unit == 's' else 'MB'}"


def _readable(cost: float, unit: str) -> tuple[float, str]:
    """Seconds as minutes or hours, GB as TB, where that is easier to read; two digits, for it is computed."""
    if unit == "GB":
        cost, unit = (cost / 1e3, "TB") if cost >= 1e3 else (cost, unit)
    else:
        power = min(int(math.log(max(cost, 1), 60)), 2)
        cost, unit = cost / 60**power, ("s", "min", "h")[power]
    return float(f"{cost:.2g}"), unit
