"""The command that puts results on one page: report."""

from __future__ import annotations

import os
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from pslidx.messages import counted, say, warn
from pslidx.options import debug_option

if TYPE_CHECKING:
    from psl_eval.report.sources import Sources


_FILE: Final = click.Path(exists=True, dir_okay=False)


@click.command()
@click.argument("results", metavar="RESULTS...", nargs=-1, required=True)
@click.option("-o", "--output", required=True, metavar="FILE", help="The page to write, such as report.html.")
@click.option(
    "--index",
    metavar="INDEX",
    help="Where the entries are looked up that hold what stands out, where RESULTS hold no index, or several.",
)
@click.option(
    "--clusters", metavar="FILE", type=_FILE, help="The file of clusters that the hit rates were given, if they were."
)
@click.option(
    "--training", metavar="FILE", type=_FILE, help="The training set that the hit rates were given, if they were."
)
@click.option("--title", metavar="TEXT", help="What the page is called.")
@debug_option
def report(
    results: tuple[str, ...],
    output: str,
    index: str | None,
    clusters: str | None,
    training: str | None,
    title: str | None,
) -> None:
    """Write one page that shows what a model looked at, and whether Swiss-Prot agrees.

    RESULTS are files and folders that other commands have written, in any order: tables of predictions, attributions
    and subsequences, folders of hit rates and of experiments, models, an index; or folders of these. What each is, its
    content says. It goes by its name without ending, or by NAME in NAME=FILE. Predictions of several tables stand side
    by side (with learned, permuted, random attention), and so do explanations.

    FILE is one page that needs no network. Beside it, in a folder of its name (report_data), lies every table as TSV
    and JSON, with all occurrences of the subsequences, of which the page has the first 50.

    Takes the extra pslidx[report].

    \b
    Example:
      pslidx report demo -o report.html
      pslidx report learned.tsv attention.parquet subsequences.parquet rates swissprot -o report.html
      pslidx report attention=a.parquet gradients=b.parquet results --index swissprot -o study.html
    """
    from datetime import UTC, datetime

    from psl_eval.report.sources import find_sources
    from psl_index import Index
    from psl_index.errors import UsageError
    from pslidx import progress
    from pslidx.destination import file_named, refuse_input, refuse_inside
    from pslidx.signals import raised

    require_report_extra()
    from psl_eval.report.held import LookUp
    from psl_eval.report.report import TITLE, write_report

    if output == "-":
        raise click.UsageError("-o takes a file: a folder of tables goes beside the page.")
    page = file_named(output)
    sources = find_sources(results)
    refuse_input(page, [*map(str, sources.paths), clusters, training])
    refuse_inside(page, [path for path in (*sources.paths, Path(index or os.devnull)) if path.is_dir()])
    if page.suffix.lower() not in _ENDINGS:
        raise UsageError("the page is HTML", file=output, remedy="name it .html")
    for reason in sources.passed_over.values():
        warn(f"passed over: {reason}")
    place = index or index_among(sources)
    opened = nullcontext(None) if place is None else Index.open(place)
    with opened as searched, raised(), progress.shown() as shown:
        written = write_report(
            sources,
            page,
            LookUp(searched, clusters, training),
            title=title or TITLE,
            made=datetime.now(UTC).date(),
            warn=warn,
            report=shown,
        )
    size = written.page.stat().st_size / 1e6
    say(f"{written.page}: {counted(written.proteins, 'protein')}, {size:.1f} MB; tables in {written.folder}")


def require_report_extra() -> None:
    """Refuse where the packages of the extra are not installed.

    Raises
    ------
    UsageError
        It says how to get them.
    """
    from psl_index.errors import UsageError

    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        problem = f"a report takes {missing[0]}, which is not installed"
        raise UsageError(problem, remedy="get it with: pip install 'pslidx[report]'")


_ENDINGS: Final = (".html", ".htm")
_EXTRA: Final = ("altair", "jinja2", "vl_convert")


def index_among(sources: Sources) -> Path | None:
    """The index among the sources, if there is one; a usage error where there are several."""
    if len(sources.indexes) > 1:
        raise click.UsageError(f"There are several indexes ({', '.join(sources.indexes)}); choose one with --index.")
    return next(iter(sources.indexes.values()), None)
