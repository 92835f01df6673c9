"""The command that shows the whole thing on a made-up Swiss-Prot: demo."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from psl_index.errors import UsageError
from pslidx import progress, sinks
from pslidx.model_options import prepared_torch, seed_option, short_of_memory
from pslidx.options import debug_option
from pslidx.signals import raised

if TYPE_CHECKING:
    import pyarrow as pa

_RESIDUES: Final = 2_000_000
_PEPTIDE: Final = "KDEL"
_SHOWN: Final = 5
_BAR: Final = 20
_TITLE: Final = "What a small network looked at, in made-up proteins"


@click.command()
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("demo"),
    metavar="DIR",
    help="Folder for what is made; demo by default.",
)
@seed_option("Of what is made up; 1 by default.", 1)
@debug_option
def demo(folder: Path, seed: int) -> None:
    """Make up a small Swiss-Prot, index it, search it, and score explanations whose truth is known.

    Sorting signals are planted in the made-up proteins: signal peptides, transit peptides, nuclear localisation
    signals, KDEL, SKL. An explanation that picks out the signals must score well above one that picks windows of the
    same lengths at random. Then a small network learns the signals, and a dozen attribution methods explain it: how
    much of the signals each finds. That takes the extra pslidx[models], and is left out without it.

    \b
    Example:
      pslidx demo -o demo
    """
    source, index = folder / "synthetic.dat.gz", folder / "index"
    folder.mkdir(parents=True, exist_ok=True)
    explanations = _make(folder, source, seed)
    _build(source, index)
    _search(index)
    for name, path in explanations.items():
        _score(index, path, folder / f"{name}-rates")
    _compare(index, explanations)
    explained = _explain(folder, seed)
    page = _report(folder, index) if explained else None
    click.echo(f"\nAll of it is in {folder}/. Next, look at one of the signals, or at what the index holds:\n")
    click.echo(f"  pslidx search {index} SKL --limit 5")
    click.echo(f"  pslidx info {index}")
    if explained:
        click.echo(f"  pslidx experiment ground-truth --mutagenesis -o {folder / 'results'}  (some minutes more)")
    if page is not None:
        click.echo(
            f"\nThe report, a page for the browser, shows what the network looked at, protein by protein:\n\n  {page}"
        )


def _make(folder: Path, source: Path, seed: int) -> dict[str, Path]:
    """Write the flat file and two explanations of it; returns those by name."""
    from isal import igzip

    from psl_eval.synthetic import planted_explanations, proteome, random_explanations, write_flat_file
    from pslidx.destination import Destination
    from pslidx.output import write

    click.echo(f"Making up proteins of {_RESIDUES:,} residues in all: {source}")
    blocks = list(proteome(_RESIDUES, seed))
    with sinks.file(source) as sink, igzip.IGzipFile(fileobj=sink, mode="wb", mtime=0) as compressed:
        write_flat_file(blocks, compressed, seed=seed)
    tables = {"planted": planted_explanations(blocks), "random": random_explanations(blocks, seed)}
    paths = {name: folder / f"{name}.tsv" for name in tables}
    for name, table in tables.items():
        write(Destination(paths[name], "tsv"), table.schema, table.to_batches())
    return paths


def _build(source: Path, index: Path) -> None:
    from psl_index import build

    _command("build", source, "-o", index)
    with raised(), progress.shown() as report:
        made = build([source], index, progress=report)
    click.echo(
        f"  {made.entries:,} entries, {made.annotated:,} of them with a location class, {made.residues:,} residues;"
        f" {made.n_bytes / 1e6:.0f} MB in {made.seconds:.1f} s"
    )


def _search(index: Path) -> None:
    from psl_index import Index
    from pslidx.hits import HITS, Search

    _command("search", index, _PEPTIDE, "--limit", _SHOWN)
    with Index.open(index) as opened:
        rows = [row for batch in Search(opened).hits([_PEPTIDE], _SHOWN) for row in batch.to_pylist()]
        occurrences = int(opened.count([_PEPTIDE])[0])
    _table(HITS.names, [[*list(row.values())[:-1], ";".join(row["classes"])] for row in rows])
    click.echo(f"  and {occurrences - len(rows):,} more occurrences")


def _score(index: Path, subsequences: Path, folder: Path) -> None:
    from psl_eval import hit_rate, write_hit_rates
    from psl_eval.results.schemas import IN_SHORT
    from psl_index import Index

    _command("hitrate", index, subsequences, "-o", folder)
    with Index.open(index) as opened:
        rates = hit_rate(opened, subsequences, nulls=["label"])
    with raised():
        write_hit_rates(rates, folder)
    summary = [row for row in rates.summary.to_pylist() if row["subset"] == "all"]
    _table(IN_SHORT, [[row[column] for column in IN_SHORT] for row in summary])


def _compare(index: Path, explanations: dict[str, Path]) -> None:
    """Mean hit rates of the subsequences by class, by both definitions, for both explanations."""
    from psl_eval import hit_rate
    from psl_index import Index

    click.echo(
        "\nHit rates by class, the protein itself left out. A random window is hardly ever found in another protein;\n"
        "a planted signal is, and most of those proteins live in the same place. `paper` also asks for the same\n"
        "position, which signals at the N-terminus have and those inside or at the C-terminus have not. (Without\n"
        "leaving the protein out, random windows score higher than signals: each finds itself. All proteins scored\n"
        "here are without relatives, which would share most windows, signals or not.)\n"
    )
    means: dict[tuple[str, str], dict[str, tuple[int, float]]] = {}
    with Index.open(index) as opened:
        for name, path in explanations.items():
            for definition in ("paper", "unweighted"):
                rates = hit_rate(opened, path, definition=definition)
                means[name, definition] = _means_by_class(rates.subsequences)
    rows = []
    for psl_class in sorted(means["planted", "paper"]):
        for name in explanations:
            scored, paper = means[name, "paper"].get(psl_class, (0, None))
            _, unweighted = means[name, "unweighted"].get(psl_class, (0, None))
            bar = "#" * round((unweighted or 0) * _BAR)
            rows.append([psl_class if name == "planted" else "", name, scored, paper, unweighted, bar])
    _table(["class", "explanation", "scored", "paper", "unweighted", ""], rows)


def _explain(folder: Path, seed: int) -> bool:
    """What attribution methods find of the signals; False, and a line says so, where the extra is not installed."""
    try:
        device = prepared_torch("cpu", 1)  # the same on all machines: weights depend on the number of threads
    except UsageError:
        click.echo(
            "\nLeft out, for the extra `models` is not installed: what explanations of a trained network find of these "
            "signals. Get it with: pip install 'pslidx[models]'"
        )
        return False
    from psl_eval.experiments.ground_truth.experiment import NAME, GroundTruth
    from psl_eval.experiments.ground_truth.findings import comparisons
    from psl_eval.experiments.result import write_result
    from pslidx.demo_study import study
    from pslidx.experiments.options import running

    results = folder / "results"
    chosen = () if seed == 1 else ("--seed", seed)
    _command("experiment", "ground-truth", "-o", results, "--device", "cpu", "--threads", 1, *chosen)
    click.echo(
        "  A small network learns where made-up proteins live, and attribution methods explain what it says of\n"
        "  others: do they pick out the cores of the planted signals? This takes a minute or two."
    )
    with short_of_memory(), running(results, NAME) as (parts, report):
        experiment = GroundTruth(residues=_RESIDUES, seed=seed)
        result = experiment.run(device, parts, report)
        written = write_result(result, results)
        prepared = experiment.prepared(device, parts, report)
    _show_recovery(result.table)
    click.echo("")
    for sentence in comparisons(result.table, experiment.resamples):
        click.echo(textwrap.fill(sentence, 110, initial_indent="  ", subsequent_indent="    "))
    click.echo(f"\n  The same with intervals and controls: {written / 'ground-truth.png'}")
    click.echo(
        "\nThe same network once more, now with files of everything for the report: what it predicts with its own,\n"
        "permuted and random attention, which residues explanations point at, and hit rates of these stretches.\n"
    )
    with short_of_memory():
        study(prepared.learned.model, prepared.asked, folder / "index", folder / "study", _command_alone)
    return True


def _report(folder: Path, index: Path) -> Path | None:
    """The page of the study and of what methods found; None, and a line says so, where the extra is not installed."""
    from datetime import UTC, datetime

    from psl_eval.report.sources import find_sources
    from psl_index import Index
    from pslidx.report_command import require_report_extra

    try:
        require_report_extra()
    except UsageError as error:
        click.echo(f"\nLeft out, the report: {error}")
        return None
    from psl_eval.report.held import LookUp
    from psl_eval.report.report import write_report

    page = folder / "report.html"
    results = [str(folder / name) for name in ("study", "results")]
    _command("report", *results, "--index", index, "-o", page)
    with Index.open(index) as opened, raised():
        write_report(find_sources(results), page, LookUp(opened), title=_TITLE, made=datetime.now(UTC).date())
    return page


def _show_recovery(table: pa.Table) -> None:
    """Recall and precision of every method, the best first, between its controls; bars show average precision."""
    from psl_eval.experiments.ground_truth.recovery_rows import by_average_precision

    rows = [row for row in table.to_pylist() if row["subset"] == "all"]
    of = {(row["explanation"], row["measure"]): row for row in rows}
    shown = []
    for name in by_average_precision(rows):
        recall, precision, touched, area = (of[name, each] for each in ("recall", "precision", "touched", "auprc"))
        values = [each["value"] for each in (recall, precision, touched, area)]
        shown.append([name, *values, area["untrained"], area["chance"], "#" * round(area["value"] * _BAR)])
    click.echo("")
    _table(["explanation", "recall", "precision", "touched", "AP", "untrained", "chance", ""], shown)
    click.echo(
        "\n  touched: share of the signals that are hit at all. AP: average precision, how far residues of signals\n"
        "  rank above others. untrained: AP of the same method on a network that has learned nothing. chance: AP at\n"
        "  any other place of the protein. `position alone` is told where signals are in training proteins, and sees\n"
        "  no residue; permuted, shifted and random attention are controls."
    )


def _means_by_class(subsequences: pa.Table) -> dict[str, tuple[int, float]]:
    """How many subsequences of each class have a hit rate, and its mean."""
    means = subsequences.group_by("class").aggregate([("hit_rate", "count"), ("hit_rate", "mean")])
    return {row["class"]: (row["hit_rate_count"], row["hit_rate_mean"]) for row in means.to_pylist()}


def _command(*words: object) -> None:
    """Say which command does what follows."""
    click.echo("")
    _command_alone(*words)


def _command_alone(*words: object) -> None:
    click.echo(f"$ pslidx {' '.join(map(str, words))}")


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows below their names, in columns."""
    texts = [[_text(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *texts, strict=True)]
    for row in ([*names], *texts):
        click.echo("  " + "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


def _text(cell: object) -> str:
    if cell is None:
        return "-"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)
