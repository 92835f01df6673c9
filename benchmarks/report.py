"""What a benchmark found, and the table that says so: on the console, and in a file for each release."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from benchmarks.budgets import Budget

_WIDTHS = (44, 9, 16, 19, 56)  # of what, figure, unit, budget and how
_ALIGNED = "<><<<"


@dataclass(frozen=True)
class Finding:
    """One line of the table: what was measured, the figure, and how it came about."""

    what: str
    figure: float
    unit: str
    detail: str = ""
    key: str = ""  # of its budget; none without
    residues: int | None = None  # of the synthetic proteome it was measured on


@dataclass(frozen=True)
class Row:
    """A finding beside its budget."""

    finding: Finding
    budget: Budget | None

    @property
    def missed(self) -> bool:
        """Whether there is a budget, for this size, that is not kept."""
        finding, budget = self.finding, self.budget
        return budget is not None and budget.holds_at(finding.residues) and not budget.kept(finding.figure)

    @property
    def verdict(self) -> str:
        """The budget, and whether it is kept."""
        if self.budget is None:
            return ""
        if not self.budget.holds_at(self.finding.residues):
            return f"({self.budget} at {(self.budget.residues or 0) / 1e6:.0f} M)"
        return f"{self.budget} {'MISSED' if self.missed else 'ok'}"


def judge(findings: Iterable[Finding], budgets: Mapping[str, Budget]) -> Iterator[Row]:
    """Put each finding beside its budget.

    Raises
    ------
    ValueError
        A finding has a key that no budget has, or another unit than its budget.
    """
    for finding in findings:
        if finding.key and finding.key not in budgets:
            raise ValueError(f"no budget {finding.key!r} for {finding.what!r}: write it into budgets.toml")
        budget = budgets.get(finding.key)
        if budget is not None and budget.unit != finding.unit:
            raise ValueError(f"{finding.key} is in {finding.unit!r}, its budget in {budget.unit!r}")
        yield Row(finding, budget)


def not_measured(rows: Sequence[Row], budgets: Mapping[str, Budget], sections: Collection[str]) -> list[str]:
    """Keys of the budgets of some sections for which there is no row."""
    found = {row.finding.key for row in rows}
    return [key for key in budgets if key.split(".")[0] in sections and key not in found]


def print_row(row: Row) -> None:
    """Print one line of the table; what does not fit goes on below."""
    finding = row.finding
    _print_cells(finding.what, figure(finding.figure), finding.unit, row.verdict, finding.detail)


def print_head() -> None:
    """Print what the columns are."""
    _print_cells("what", "figure", "unit", "budget", "how")


def write_table(rows: Sequence[Row], heading: Sequence[str], path: Path) -> None:
    """Write the whole table in Markdown."""
    lines = [
        f"# {heading[0]}",
        "",
        *(f"- {line}" for line in heading[1:]),
        "",
        "| what | figure | unit | budget | how |",
        "| --- | ---: | --- | --- | --- |",
        *(
            f"| {row.finding.what} | {figure(row.finding.figure)} | {row.finding.unit} | {row.verdict}"
            f" | {row.finding.detail} |"
            for row in rows
        ),
    ]
    path.write_text("\n".join(lines) + "\n")


def _print_cells(*cells: str) -> None:
    """Print cells side by side, each wrapped to its column."""
    wrapped = [textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(cells, _WIDTHS, strict=True)]
    for line in zip_longest(*wrapped, fillvalue=""):
        aligned = zip(line, _WIDTHS, _ALIGNED, strict=True)
        print(" ".join(f"{cell:{side}{width}}" for cell, width, side in aligned).rstrip(), flush=True)


def figure(number: float) -> str:
    """A figure as the table shows it."""
    return f"{number:,.0f}" if abs(number) >= 1_000 else f"{number:.4g}"
