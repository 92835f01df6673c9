"""The command that compares an index with an online service: validate."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from psl_eval.online.names import NAMES, SAMPLES
from pslidx import destination
from pslidx.messages import counted, say
from pslidx.options import deadline_option, debug_option, index_argument, output_options

if TYPE_CHECKING:
    import pyarrow as pa

    from psl_eval.online.answers import Answer
    from psl_eval.online.journal import Journal
    from pslidx.destination import Destination

_LENGTHS: Final = (5, 15)
_MOST: Final = 10_000  # peptides: more is no sample, and no service is made for it
_SHOWN: Final = 5  # peptides that differ
_ENTRIES_SHOWN: Final = 3  # of each of them and each side


def _lengths(_: click.Context, __: click.Parameter, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is neither a number nor a range such as 5-15.")
    least, largest = int(match[1]), int(match[2] or match[1])
    if not 3 <= least <= largest:
        raise click.BadParameter(f"{text!r} is not a range from 3 residues, the least that a service takes, upwards.")
    return least, largest


@click.command()
@index_argument
@click.option(
    "--service",
    "name",
    type=click.Choice(NAMES),
    required=True,
    help="The service to ask: Peptide Match tells entries and positions, UniProt's peptide search entries only.",
)
@click.option(
    "--sample",
    type=click.IntRange(1, _MOST),
    metavar="N",
    help="Draw N peptides from the entries of the index; by default 100 for peptidematch, 10 for uniprot, which takes "
    "half a minute for each.",
)
@click.option("--seed", type=click.IntRange(min=0), metavar="S", help="Draw other peptides; 0 is the default.")
@click.option(
    "--length",
    "lengths",
    callback=_lengths,
    metavar="N[-N]",
    help="Residues of a drawn peptide, one number or a range, 5-15 by default. Only standard residues are drawn.",
)
@click.option("--peptides", metavar="FILE", help="Ask about the peptides in FILE instead: one a line, or FASTA.")
@click.option("--url", metavar="URL", help="Where the service is, if not at its usual address.")
@deadline_option("Stop asking after SECONDS, 600 by default, and say what is unanswered.", 600.0)
@output_options
@debug_option
def validate(
    index: Path,
    name: str,
    sample: int | None,
    seed: int | None,
    lengths: tuple[int, int] | None,
    peptides: str | None,
    url: str | None,
    deadline: float,
    output: str | None,
    table_format: str | None,
) -> None:
    """Compare an index with an online service.

    Asks a service for peptides of the index, and prints a row for each: the entries and positions that both
    find, that only the index finds (local), and that only the service finds (remote), with the releases of
    both. A difference is no error. Peptides go to the service over the network, one request at a time; this
    needs the extra pslidx[online].

    With -o FILE the answers are kept in FILE.journal until all are there: after an interruption or an error
    the same command goes on. A service that gives no answer is exit code 4; the peptides it leaves over are
    marked as unanswered.

    \b
    Example:
      pslidx validate sprot --service peptidematch -o validation.tsv
      pslidx validate sprot --service uniprot --sample 20 --seed 7 --deadline 3600 -o validation.tsv
      pslidx validate sprot --service peptidematch --peptides peptides.txt --format jsonl
    """
    if peptides is not None and (sample, seed, lengths) != (None, None, None):
        raise click.UsageError("--sample, --seed and --length do not go with --peptides.")
    target = destination.choose(output, table_format)
    if target.path is not None:
        destination.refuse_input(target.path, [peptides])

    from psl_eval.online.client import Patience, connected
    from psl_eval.online.comparison import VALIDATION, compare
    from psl_eval.online.sampling import sample_peptides
    from psl_eval.online.services import service_at, too_short
    from psl_eval.online.validation import ask_all, what_is_asked
    from psl_index import Index
    from pslidx import peptide_list
    from pslidx.output import write
    from pslidx.progress import shown
    from pslidx.signals import Interrupted, raised

    service = service_at(name, url)
    with ExitStack() as entered:
        opened = entered.enter_context(Index.open(index))
        if peptides is not None:
            taken = peptide_list.read_peptides(peptides, partial(too_short, service))
            asked = list(dict.fromkeys(taken))
        else:
            wanted = sample or SAMPLES[name]
            asked = sample_peptides(opened, wanted, lengths or _LENGTHS, seed or 0)
            if len(asked) < wanted:
                say(f"the index hardly has more peptides of these lengths: {len(asked):,} are asked about")
        answers: dict[str, Answer] = {}
        kept: Journal | None = None
        try:
            with raised(), shown() as report, connected(Patience(deadline), report.tell) as client:
                kept = entered.enter_context(_journal(target, what_is_asked(opened, service, asked)))
                if kept is not None and kept.answers:
                    answers.update(kept.answers)
                    report.tell(f"going on: {len(answers):,} of {len(asked):,} peptides are answered already")
                failure = ask_all(service, client, asked, answers, kept, report)
        except Interrupted:
            _say_what_is_left(kept, len(answers), len(asked))
            raise
        if failure is not None and not answers:
            raise failure
        table = compare(opened, service, asked, answers)
        write(target, VALIDATION, table.to_batches())
        _say_differences(table)
        _say_totals(table)
        if failure is not None:
            _say_what_is_left(kept, len(answers), len(asked))
            raise failure
        if kept is not None:
            kept.remove()


def _journal(target: Destination, asked: Mapping[str, str]) -> AbstractContextManager[Journal | None]:
    """Beside a result that goes to a file; standard output, a device or a pipe has none."""
    from psl_eval.online.journal import journal_at

    if target.path is None or (target.path.exists() and not target.path.is_file()):
        return nullcontext()
    return journal_at(target.path.with_name(f"{target.path.name}.journal"), asked)


def _say_differences(table: pa.Table) -> None:
    """Some of the rows that differ, with some of what differs."""
    differing = [row for row in table.to_pylist() if row["status"] == "different"]
    for row in differing[:_SHOWN]:
        sides = [
            f"only {side} {', '.join(entries[:_ENTRIES_SHOWN])}{', ...' if len(entries) > _ENTRIES_SHOWN else ''}"
            for side, entries in (("local", row["only_local"]), ("remote", row["only_remote"]))
            if entries
        ]
        say(f"{row['peptide']} differs: {'; '.join(sides)}")
    if len(differing) > _SHOWN:
        say(f"... and {len(differing) - _SHOWN:,} more peptides differ")


def _say_totals(table: pa.Table) -> None:
    from psl_eval.online.comparison import totals

    sums = totals(table)
    counts = ", ".join(f"{number:,} {status}" for status, number in sums.peptides.items())
    kinds = (
        [("entries", sums.entries)]
        if sums.positions is None
        else [("entries", sums.entries), ("positions", sums.positions)]
    )
    agreement = "; ".join(
        f"{kind}: {both:,} both, {here:,} only local, {there:,} only remote" for kind, (both, here, there) in kinds
    )
    local = table["local_release"][0].as_py() or "unknown"
    remote = " and ".join(sums.remote_releases) or "unknown"
    say(
        f"{counted(len(table), 'peptide')}: {counts}; {agreement}; isoforms, not compared: {sums.isoforms:,}; "
        f"release: local {local}, remote {remote}"
    )


def _say_what_is_left(kept: Journal | None, answered: int, asked: int) -> None:
    go_on = "with -o FILE the same command would go on" if kept is None else "give the same command again to go on"
    where = "" if kept is None else f"; the other answers are in {kept.path}"
    say(f"{asked - answered:,} of {asked:,} peptides are unanswered{where}; {go_on}")
