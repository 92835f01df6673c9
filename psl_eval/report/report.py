"""From files to the page: what is read, put together, and written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa

from psl_eval.experiments.wording import counted
from psl_eval.report.class_view import class_view_of
from psl_eval.report.contents import Contents, read_contents
from psl_eval.report.data_folder import DataFolder, check_data_folder, data_folder_of
from psl_eval.report.ends import logo_table
from psl_eval.report.experiments import ShownExperiment, read_experiment
from psl_eval.report.features import features_of
from psl_eval.report.held import LookUp, shown_of
from psl_eval.report.overview import overview_of
from psl_eval.report.page import Page, Part, rendered
from psl_eval.report.proteins import (
    Shown,
    feature_table,
    level_table,
    probability_table,
    protein_table,
    proteins_of,
)
from psl_eval.report.settings import SETTINGS, model_settings, setting_rows
from psl_eval.report.sources import Sources
from psl_eval.report.tables import Names, ReportTable
from psl_eval.report.view import View, view_of
from psl_eval.results.replacement import replacing
from psl_eval.results.schemas import SCORED
from psl_eval.statistics.rows import table_of
from psl_index.durable import write_durably
from psl_index.errors import OutputError, UsageError
from psl_index.progress import Progress

if TYPE_CHECKING:
    from psl_index.index import Index

TITLE: Final = "What the model looked at"
_VERSIONS: Final = f"pslidx {version('pslidx')}, Python {python_version()}, Altair {version('altair')}"


class Written(NamedTuple):
    """A report that is written.

    Attributes
    ----------
    page, folder : Path
        The page as it was named, and the folder beside it, where that is.
    proteins : int
        That the page shows.
    """

    page: Path
    folder: Path
    proteins: int


def write_report(
    sources: Sources,
    output: str | os.PathLike[str],
    look_up: LookUp,
    *,
    title: str = TITLE,
    made: date,
    warn: Callable[[str], None] = lambda _: None,
    report: Callable[[Progress], None] = lambda _: None,
) -> Written:
    """Write one page of all that was found, and the folder of its tables beside it.

    Parameters
    ----------
    sources : Sources
    output : path
        Of the page; an earlier one is replaced, and so is its folder (``report_data`` of ``report.html``).
    look_up : LookUp
        The index that tells which entries hold what stands out.
    title : str
    made : datetime.date
        The day that the page names.
    warn : callable, optional
        Called with each sentence on what is not shown.
    report : callable, optional
        Called with each `psl_index.Progress`.

    Raises
    ------
    InputError
        A source is damaged.
    UsageError
        The page is no file; the folder beside the page holds something else; an exclusion needs a file.
    BusyError
        Another process is writing there.
    OutputError
        It cannot be written.
    """
    target = Path(os.path.realpath(output))
    if target.exists() and not target.is_file():
        raise UsageError("is no file that could be replaced", file=str(output), remedy="name another page with -o")
    folder = data_folder_of(target)
    check_data_folder(folder)
    contents = read_contents(sources, report)
    for sentence in contents.unplaced():
        warn(sentence)
    names, pictures = Names(), Names()
    experiments = [read_experiment(name, path, names, pictures) for name, path in sources.experiments.items()]
    with _reported(target), replacing(folder) as new:
        written = DataFolder(new)
        shown = shown_of(contents, look_up, written, names, warn, report)
        features = _features(contents, look_up, warn)
        proteins = proteins_of(contents.queries, shown, contents.series, contents.classes, features)
        view = view_of(contents, shown, proteins, look_up.index)
        page = Page(
            title,
            [("Made", f"{made:%d %B %Y}, by {_VERSIONS}"), *_facts(sources, contents, look_up.index)],
            overview_of(contents, proteins, names),
            _tables_of_proteins(contents, view, shown, names),
            class_view_of(contents, look_up.index, names),
            _settings(sources, contents, experiments, names),
            experiments,
            view,
            folder.name,
        )
        written.write_page(page)
        html = rendered(page).encode(errors="replace")
        check_data_folder(folder)  # once more: what has come there meanwhile would be lost
        write_durably(target, html)
    return Written(Path(output), folder, len(proteins))


def _features(contents: Contents, look_up: LookUp, warn: Callable[[str], None]) -> Mapping[str, list[dict[str, Any]]]:
    if look_up.index is None or not contents.sequences:
        return {}
    annotated = features_of(look_up.index, contents.sequences)
    if annotated.other_sequence:
        other = "with other residues in the index (cut, another isoform or release), so without features"
        warn(f"{counted(annotated.other_sequence)} {other}")
    return annotated.features


def _tables_of_proteins(contents: Contents, view: View, shown: Sequence[Shown], names: Names) -> Part:
    if not view["proteins"]:
        return Part()
    part = Part(tables=[ReportTable(names.of("proteins"), "All proteins", protein_table(view["proteins"], shown))])
    drawn = dict(zip(view["explanations"], view["logos"], strict=True))
    kept = {"probabilities": probability_table(contents.series), "logos": logo_table(drawn)}
    kept |= {f"subsequences-{each.name}": pa.Table.from_pylist(list(each.scored), SCORED) for each in contents.rates}
    kept |= {f"extracted-{each.name}": each.rows for each in contents.tracks}
    kept |= {"features": feature_table(view["proteins"])}
    kept |= {f"levels-{each.explanation.name}": level_table(view["proteins"], at) for at, each in enumerate(shown)}
    part.kept.extend(ReportTable(names.of(name), name, table) for name, table in kept.items() if len(table))
    return part


def _facts(sources: Sources, contents: Contents, index: Index | None) -> Iterator[tuple[str, str]]:
    queries = contents.queries
    if queries:
        explained = f", {len(contents.sequences):,} of them explained" if contents.sequences else ""
        yield "Proteins", f"{len(queries):,}{explained}, {len(contents.classes)} locations"
    for kind, named in (("Predictions", sources.predictions), ("Explanations", sources.attributions)):
        if named:
            yield (
                kind,
                ", ".join(name if name == path.stem else f"{name} ({path.name})" for name, path in named.items()),
            )
    if queries:
        yield "Models", ", ".join(sources.models) or "no folder of a model is among the results"
    if index is not None:
        release = index.manifest.release or "release not known"
        from_files = ", ".join(source.name for source in index.manifest.sources)
        yield (
            "Data base",
            f"{index.n_entries:,} entries of {from_files} ({release}); index {index.manifest.digest[:12]}",
        )
    alike: dict[str, list[str]] = {}
    for each in contents.rates:
        choices = each.choices
        made = f"definition {choices.definition}, exclusion {choices.exclude}, against {each.against}"
        alike.setdefault(made, []).append(each.name)
    for made, of in alike.items():
        yield "Hit rates", f"{made} ({', '.join(of)})"


def _settings(sources: Sources, contents: Contents, experiments: Sequence[ShownExperiment], names: Names) -> Part:
    rows = [row for name, path in sources.models.items() for row in setting_rows("model", name, model_settings(path))]
    for explanation in contents.explanations:
        rows += setting_rows("explanation", explanation.name, explanation.settings)
    for rates in contents.rates:
        rows += setting_rows("hit rates", rates.name, rates.manifest)
    for experiment in experiments:
        rows += setting_rows("experiment", experiment.name, experiment.settings)
    return Part(tables=[ReportTable(names.of("settings"), "Settings", table_of(rows, SETTINGS))] if rows else [])


@contextmanager
def _reported(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(
            f"cannot be written: {error.strerror or error}", file=str(error.filename or target)
        ) from error
