"""Run the benchmarks and print one table: `python -m benchmarks [SECTION ...]`.

Ends with 1 where a budget of `budgets.toml` is missed. `--residues 1e6` tries everything out quickly; what holds for
another size is then shown and not judged.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from benchmarks.budgets import read_budgets
from benchmarks.inputs import DATA, REAL, Proteome, real_flat_file, real_index
from benchmarks.machine import heading
from benchmarks.report import Finding, judge, not_measured, print_head, print_row, write_table
from psl_index import Index

RESULTS = Path(__file__).with_name("results")
PAGE = Path(__file__).resolve().parents[1] / "docs" / "growth.md"
THREADS = os.cpu_count() or 1


@dataclass(frozen=True)
class Bench:
    """What the sections are run with."""

    folder: Path  # of inputs and indexes
    residues: int  # of the synthetic proteome
    sizes: tuple[int, ...] = ()  # residues, for how cost grows
    record: bool = False  # write into the documents

    @cached_property
    def proteome(self) -> Proteome:
        """The synthetic proteome."""
        return Proteome(self.residues, self.folder)

    @cached_property
    def index(self) -> Index:
        """Its index, opened."""
        return Index.open(self.proteome.index)


# Sections import what they run: a peer that is not installed is missed by its own section only.


def _real(bench: Bench) -> Iterator[Finding]:
    """index and score the real data"""
    from benchmarks import real

    yield from real.build_findings(bench.folder)
    yield from real.score_findings(bench.folder)


def _exactness(bench: Bench) -> Iterator[Finding]:
    """100,000 peptides on each real data base, against bytes.find"""
    from benchmarks import exactness

    for name in REAL:
        yield from exactness.findings(name, real_index(name, bench.folder), 100_000, seed=1)


def _generator(bench: Bench) -> Iterator[Finding]:
    """the synthetic proteome beside DeepLoc 2.0"""
    from benchmarks import generator

    yield from generator.findings(DATA, bench.folder)


def _parse(bench: Bench) -> Iterator[Finding]:
    """real flat file to tables, against Bio.SwissProt"""
    from benchmarks import parse

    yield from parse.findings(real_flat_file(bench.folder))


def _end_to_end(bench: Bench) -> Iterator[Finding]:
    """synthetic flat file to tables and to an index, against Bio.SwissProt"""
    from benchmarks import end_to_end, parse

    yield from parse.scale_findings(bench.proteome.flat_file, bench.residues)
    yield from end_to_end.findings(bench.proteome.flat_file, bench.residues)


def _build(bench: Bench) -> Iterator[Finding]:
    """text to index, against pydivsufsort; size of the index"""
    from benchmarks import build

    yield from build.findings(bench.index, bench.residues, bench.proteome.folder / "sections", THREADS)


def _search(bench: Bench) -> Iterator[Finding]:
    """open, count and locate, against pepmatch and the memory's bandwidth"""
    from benchmarks import search

    yield from search.findings(bench.index, bench.proteome, THREADS)


def _unindexed(bench: Bench) -> Iterator[Finding]:
    """locate, against bytes.find, DuckDB and pyahocorasick"""
    from benchmarks import unindexed

    yield from unindexed.findings(bench.index, bench.residues, THREADS)


def _scan(bench: Bench) -> Iterator[Finding]:
    """locate in a FASTA file without an index, against ahocorasick_rs"""
    from benchmarks import scan

    yield from scan.findings(bench.proteome.fasta, bench.residues, THREADS)


def _cluster(bench: Bench) -> Iterator[Finding]:
    """22 small shards on a cluster of two processes, against one process; what TrEMBL would take"""
    from benchmarks import cluster

    yield from cluster.findings(bench.folder, bench.index, THREADS)


def _hitrate(bench: Bench) -> Iterator[Finding]:
    """score the study's subsequences, against locate and group by with pyarrow and DuckDB"""
    from benchmarks import hit_rates

    yield from hit_rates.findings(bench.index, bench.residues, bench.folder)


def _study(bench: Bench) -> Iterator[Finding]:
    """the study's explanations with all exclusions, for docs/hit-rate.md; only where it is asked for"""
    from benchmarks import study

    yield from study.findings(bench.folder)


def _models(bench: Bench) -> Iterator[Finding]:
    """the study's weights, the shipped models, attribution and training against one protein after the other"""
    from benchmarks import models

    yield from models.findings(bench.folder, THREADS)


def _page(bench: Bench) -> Iterator[Finding]:
    """the report of 2,101 proteins, in Chromium"""
    from benchmarks import page

    yield from page.findings(bench.folder)


def _start(bench: Bench) -> Iterator[Finding]:
    """commands from start to end"""
    from benchmarks import end_to_end

    yield from end_to_end.start_findings(bench.proteome.index, bench.residues)


def _growth(bench: Bench) -> Iterator[Finding]:
    """time and memory at growing sizes, for docs/growth.md; only where it is asked for"""
    from benchmarks import growth

    page = PAGE if bench.record else bench.folder / PAGE.name
    yield from growth.findings(bench.folder, bench.sizes, THREADS, page)


SECTIONS: dict[str, Callable[[Bench], Iterator[Finding]]] = {
    "real": _real,
    "exactness": _exactness,
    "generator": _generator,
    "parse": _parse,
    "end-to-end": _end_to_end,
    "build": _build,
    "search": _search,
    "unindexed": _unindexed,
    "scan": _scan,
    "cluster": _cluster,
    "hitrate": _hitrate,
    "models": _models,
    "page": _page,
    "start": _start,
    "growth": _growth,
    "study": _study,
}
ON_REAL_DATA = {"real", "exactness", "generator", "parse", "hitrate", "models", "page", "study"}
ON_REQUEST = {"growth", "study"}


def main(arguments: list[str] | None = None) -> int:
    """Exit code 1 where a budget was missed."""
    options, bench = _parse_arguments(arguments)
    budgets = read_budgets()
    lines = heading()
    print("\n".join(lines) + "\n", flush=True)
    print_head()
    rows = []
    for row in judge(_findings(options.sections, bench), budgets):
        print_row(row)
        rows.append(row)
    forgotten = not_measured(rows, budgets, options.sections)
    missed = [row.finding.key for row in rows if row.missed]
    print(f"\n{len(rows)} findings, {len(missed)} missed{': ' if missed else ''}{', '.join(missed)}")
    if forgotten:
        print(f"budgets without a finding: {', '.join(forgotten)}")
    if options.record and not ON_REQUEST.issuperset(options.sections):
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{version('pslidx')}.md"
        write_table(rows, lines, path)
        print(f"written to {path}")
    return 1 if missed or forgotten else 0


def _parse_arguments(arguments: list[str] | None) -> tuple[argparse.Namespace, Bench]:
    described = "\n".join(f"  {name:<12}{section.__doc__}" for name, section in SECTIONS.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=f"{__doc__}\nSections:\n{described}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("sections", nargs="*", metavar="SECTION", help="by default all but growth and study")
    add("--residues", type=_number, default=208_000_000, help="of the synthetic proteome (208e6)")
    add("--sizes", default="1e6,20e6,60e6,208e6,500e6", help="residues, for growth (%(default)s)")
    add("--folder", type=Path, default=Path("build/bench"), help="for inputs and indexes; kept")
    add("--record", action="store_true", help="write the table to benchmarks/results, growth to docs")
    options = parser.parse_args(arguments)
    options.sections = options.sections or [name for name in SECTIONS if name not in ON_REQUEST]
    unknown = set(options.sections) - set(SECTIONS)
    if unknown:
        parser.error(f"no such section: {', '.join(sorted(unknown))}")
    if ON_REAL_DATA & set(options.sections) and not DATA.is_dir():
        others = [name for name in SECTIONS if name not in ON_REAL_DATA]
        parser.error(f"no real data at {DATA}: set PSLIDX_DATA, or ask for {', '.join(others)}")
    options.folder.mkdir(parents=True, exist_ok=True)
    sizes = tuple(_number(size) for size in options.sizes.split(","))
    if len(set(sizes)) < 2:
        parser.error("growth needs two sizes or more")
    return options, Bench(options.folder, options.residues, sizes, options.record)


def _findings(sections: list[str], bench: Bench) -> Iterator[Finding]:
    for name in sections:
        try:
            yield from SECTIONS[name](bench)
        except ModuleNotFoundError as error:
            sys.exit(f"section {name} needs {error.name}: pip install -c constraints.txt '.[bench]'")


def _number(text: str) -> int:
    return int(float(text))


if __name__ == "__main__":
    sys.exit(main())
