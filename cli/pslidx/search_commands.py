"""Commands that ask an index, or do without one: search, sql."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from psl_eval.online.names import NAMES
from pslidx import destination
from pslidx.messages import counted, say, warn_of_skipped
from pslidx.opened import opened
from pslidx.options import (
    cluster_options,
    deadline_option,
    debug_option,
    index_argument,
    output_options,
    source_options,
    threads_option,
)

if TYPE_CHECKING:
    from pslidx.via import Via

_QUERY_LIMIT: Final = 1 << 20  # bytes
_LAST_TAXON: Final = 2**32 - 1  # as `psl_index.schemas.LAST_TAXON`, which takes pyarrow


@click.command()
@click.argument("index", required=False)
@click.argument("peptides", nargs=-1, metavar="PEPTIDE...")
@click.option(
    "--no-index",
    "sources",
    multiple=True,
    metavar="SOURCE",
    help="Search SOURCE, a file that build takes, in one pass; there is then no INDEX. Can be given several times.",
)
@source_options
@click.option(
    "--via",
    metavar="URL",
    help="Ask the online service at URL; there is then no INDEX. Takes the extra pslidx[online].",
)
@click.option("--service", type=click.Choice(NAMES), help="With --via: the kind of service; peptidematch by default.")
@deadline_option("With --via: give up after SECONDS, 600 by default.")
@click.option(
    "--file",
    metavar="FILE",
    help="Search also for the peptides in FILE: one a line, or FASTA; - is standard input.",
)
@click.option("--count", is_flag=True, help="Count the entries and occurrences of each peptide instead.")
@click.option("--equate-il", is_flag=True, help="Take I and L for the same residue.")
@click.option(
    "--taxon",
    type=click.IntRange(1, _LAST_TAXON),
    metavar="N",
    help="Only entries of this NCBI taxon, exactly.",
)
@click.option("--lineage", metavar="NAME", help="Only entries with NAME in their lineage, such as Mammalia.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most the first N occurrences of a peptide.")
@threads_option
@cluster_options
@output_options
@debug_option
def search(
    index: str | None,
    peptides: tuple[str, ...],
    sources: tuple[str, ...],
    columns: str | None,
    skip_bad: bool,
    via: str | None,
    service: str | None,
    deadline: float | None,
    file: str | None,
    count: bool,
    equate_il: bool,
    taxon: int | None,
    lineage: str | None,
    limit: int | None,
    threads: int,
    scheduler: str | None,
    local_copy: str | None,
    output: str | None,
    table_format: str | None,
) -> None:
    """Find every occurrence of peptides.

    Prints peptide, accession, entry_name, start and end (1-based, inclusive), taxon_id and the classes of
    the entry, sorted by peptide, entry and start. Letters are literal: X, B, Z, J, U and O match themselves
    only. A PEPTIDE that is - stands for peptides on standard input.

    Without an index the same is found in the same order: one reading of the SOURCE for all peptides, which
    pays where a file is searched only a few times. --columns and --skip-bad are as for build. Or an online
    service answers, with --file, --count and --limit only; what it does not say stays empty, and this needs
    the extra pslidx[online].

    \b
    Example:
      pslidx search sprot MAAAAGRS SKL
      pslidx search --no-index proteins.fasta --file peptides.txt -o hits.tsv
      pslidx search sprot --file peptides.txt --count -o counts.tsv
      pslidx search sprot --lineage Mammalia --limit 10 KDEL
      pslidx search trembl --file peptides.txt --count --scheduler tcp://node1:8786
      pslidx search --via https://research.bioinformatics.udel.edu/peptidematchapi2 MAAAAGRS
    """
    if count and limit is not None:
        raise click.UsageError("--limit does not go with --count.")
    if service is not None and via is None:
        raise click.UsageError("--service goes with --via only.")
    if deadline is not None and via is None:
        raise click.UsageError("--deadline goes with --via only.")
    if via is not None:
        others = (sources, columns, skip_bad, equate_il, taxon, lineage, threads, scheduler, local_copy)
        if any(others):
            raise click.UsageError(
                "With --via only --service, --deadline, --file, --count, --limit and those of the output go."
            )
        peptides = _all_peptides("--via", index, peptides)
    elif sources:
        if scheduler is not None or local_copy is not None:
            raise click.UsageError("--scheduler and --local-copy do not go with --no-index.")
        peptides = _all_peptides("--no-index", index, peptides)
        if "-" in sources and (file == "-" or "-" in peptides):
            raise click.UsageError("Standard input (-) can be read only once.")
    elif index is None:
        raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'INDEX'", param_type="argument")
    elif columns is not None or skip_bad:
        raise click.UsageError("--columns and --skip-bad go with --no-index only.")
    target = destination.choose(output, table_format)
    if target.path is not None:
        destination.refuse_input(target.path, [file, *sources])

    from psl_index import Skipped
    from psl_index.entry_tables import Organisms
    from psl_index.tables import parse_columns
    from pslidx import hits, peptide_list
    from pslidx.output import write
    from pslidx.scan import Scan

    organisms = None if taxon is None and lineage is None else Organisms(taxon, lineage)
    skipped = Skipped()
    with ExitStack() as entered:
        queries: Iterable[str]
        asked: hits.Search | Scan | Via
        hits_schema, counts_schema = hits.HITS, hits.COUNTS
        if via is not None:
            from psl_eval.online.client import Patience, connected
            from psl_eval.online.services import service_at, too_short
            from pslidx.via import VIA_COUNTS, VIA_HITS, Via

            hits_schema, counts_schema = VIA_HITS, VIA_COUNTS
            at = service_at(service or NAMES[0], via)
            queries = list(peptide_list.gather(peptides, file, partial(too_short, at)))  # checked before any is asked
            patience = Patience() if deadline is None else Patience(deadline)
            asked = Via(at, entered.enter_context(connected(patience, say)))
        elif index is None or sources:
            queries = peptide_list.gather(peptides, file)
            asked = Scan(
                sources,
                equate_il=equate_il,
                organisms=organisms,
                columns=parse_columns(columns) if columns else None,
                skipped=skipped if skip_bad else None,
                threads=threads,
            )
        else:
            queries = peptide_list.gather(peptides, file)
            searched = entered.enter_context(opened(Path(index), scheduler, local_copy))
            asked = hits.Search(searched, equate_il=equate_il, organisms=organisms, threads=threads)
        if count:
            write(target, counts_schema, asked.counts(queries))
        else:
            write(target, hits_schema, asked.hits(queries, limit))
    warn_of_skipped(skipped)
    if asked.cut:
        say(f"--limit {limit} cut the occurrences of {asked.cut:,} of {counted(asked.asked, 'peptide')}")


def _all_peptides(option: str, first: str | None, peptides: tuple[str, ...]) -> tuple[str, ...]:
    """The arguments where an option stands for INDEX: the first is a peptide, too."""
    if first is None:
        return peptides
    if os.path.isdir(first):  # and not Path.is_dir, which a peptide can be too long for
        raise click.UsageError(f"With {option} there is no INDEX, but {first!r} is a folder; leave it out.")
    return (first, *peptides)


@click.command()
@index_argument
@click.argument("query")
@output_options
@debug_option
def sql(index: Path, query: str, output: str | None, table_format: str | None) -> None:
    """Ask the tables of an index in SQL.

    The views are entries, locations and features, joined by their column entry; DuckDB answers, and nothing
    can be changed. A QUERY that is - is read from standard input.

    \b
    Example:
      pslidx sql sprot "SELECT class, count(DISTINCT entry) AS entries FROM locations GROUP BY class"
      pslidx sql sprot "SELECT accession, length FROM entries WHERE taxon_id = 9606" -o human.parquet
    """
    target = destination.choose(output, table_format)

    from psl_index import catalog
    from psl_index.index import Index
    from psl_index.opening import open_source
    from pslidx.output import write

    if query == "-":
        with open_source(query) as source:
            query = source.read(_QUERY_LIMIT).decode(errors="replace")
    if not query.strip():
        raise click.UsageError("The query is empty.")
    with Index.open(index) as opened:
        answer = catalog.query(opened, query)
        write(target, answer.schema, answer)
