"""Commands about an index as a whole: build, info, verify."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pslidx import destination
from pslidx.messages import say, warn, warn_of_skipped
from pslidx.opened import connected
from pslidx.options import (
    debug_option,
    index_argument,
    output_options,
    scheduler_option,
    size_in_bytes,
    source_options,
    threads_option,
)
from pslidx.progress import shown
from pslidx.signals import raised

if TYPE_CHECKING:
    from psl_index import BuildSummary, Skipped


@click.command()
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o",
    "--output",
    "index",
    required=True,
    type=click.Path(path_type=Path),
    metavar="INDEX",
    help="Folder to make.",
)
@click.option("--release", metavar="NAME", help="Release of the data base, such as 2026_01, to keep in the index.")
@source_options
@threads_option
@click.option("--memory", type=size_in_bytes, metavar="SIZE", help="Memory to use, such as 8G; by default half of all.")
@click.option("--shard-residues", type=click.IntRange(min=1), metavar="N", help="Residues in a shard, at most.")
@click.option(
    "--resume", is_flag=True, help="Continue a build that was cut off; after a failure, keep what is finished."
)
@scheduler_option
@debug_option
def build(
    sources: tuple[str, ...],
    index: Path,
    release: str | None,
    columns: str | None,
    skip_bad: bool,
    threads: int,
    memory: int | None,
    shard_residues: int | None,
    resume: bool,
    scheduler: str | None,
) -> None:
    """Build an index, or replace one.

    A SOURCE is a Swiss-Prot flat file, a FASTA file or a table (CSV or TSV) with the columns accession,
    sequence and locations; plain or compressed, told by its content; - is standard input. The index that
    was there stays in use until the new one is complete.

    A large index is built shard by shard. After a crash or a kill, the same command with --resume takes
    over the shards that were finished, once it has checked them and compared their entries with the sources.
    With it, Ctrl-C and a full disk leave them, too, to be resumed later. The index is the same either way.

    With --scheduler, workers that see the folder INDEX order the shards while the next ones are read. Each orders
    one at a time and may use --memory for it; with local, all of them share that.

    \b
    Example:
      pslidx build uniprot_sprot.dat.gz -o sprot
      pslidx build uniprot_trembl.dat.gz -o trembl --resume
      pslidx build uniprot_trembl.dat.gz -o trembl --shard-residues 4000000000 --scheduler tcp://node1:8786
      pslidx build deeploc2.csv --columns accession=ACC,locations=Labels,sequence=Sequence -o deeploc2
    """
    import psl_index
    from psl_index.tables import parse_columns

    skipped = psl_index.Skipped() if skip_bad else None
    with (
        raised(),
        nullcontext() if scheduler is None else connected(scheduler) as cluster,
        shown() as report,
    ):
        summary = psl_index.build(
            sources,
            index,
            release=release,
            columns=parse_columns(columns) if columns else None,
            skipped=skipped,
            threads=threads,
            memory=memory,
            shard_residues=shard_residues,
            resume=resume,
            progress=report,
            notice=report.tell,
            ordering=cluster.ordering(memory=memory, threads=threads, progress=report) if cluster else None,
        )
    _tell(index, summary, skipped)


@click.command()
@index_argument
@output_options
@debug_option
def info(index: Path, output: str | None, table_format: str | None) -> None:
    """Say what an index holds.

    Prints pairs of key and value: release, entries, residues, the sources with their size and SHA-256, how
    many entries have each class, the size of each part, the parameters and versions it was built with.

    \b
    Example:
      pslidx info sprot
      pslidx info sprot --format jsonl
    """
    target = destination.choose(output, table_format)

    from psl_index import Index
    from pslidx import contents
    from pslidx.output import write

    with Index.open(index) as opened:
        write(target, contents.CONTENTS, [contents.table(opened)])


@click.command()
@index_argument
@click.option("--full", is_flag=True, help="Read every byte, and compare the digests; do this after copying an index.")
@debug_option
def verify(index: Path, full: bool) -> None:
    """Check an index for damage.

    Without --full, checks that all files are there, of the right size and kind; with it, that each byte is the
    one that was written, and that the numbers in the files fit each other. Damage ends with exit code 3 and the
    names of the files.

    \b
    Example:
      pslidx verify sprot
      pslidx verify sprot --full
    """
    import psl_index

    with shown() as report:
        found = psl_index.verify(
            index,
            full=full,
            progress=lambda done, total: report(psl_index.Progress("checking", done, total, "bytes")),
        )
    for path in found.left_overs:
        warn(f"{path}: not part of the index; the next build removes it, or with --resume goes on with it")
    for problem in found.problems[:-1]:
        say(f"error: {problem}")
    if found.problems:
        raise found.problems[-1]
    read = f", {found.n_bytes:,} bytes read" if full else ""
    click.echo(f"{index}: ok ({found.files} files{read})")


def _tell(index: Path, summary: BuildSummary, skipped: Skipped | None) -> None:
    say(
        f"{index}: {summary.entries:,} entries, {summary.residues:,} residues, "
        f"{summary.annotated:,} entries with a location class, "
        f"{summary.n_bytes / 1e6:,.1f} MB, {summary.seconds:.1f} s"
    )
    if not summary.annotated:
        warn("no entry has a location class: the index can be searched, but gives no hit rates")
    if summary.duplicate_accessions:
        warn(f"{summary.duplicate_accessions:,} entries have the accession of an earlier one; all are kept")
    if skipped is not None:
        warn_of_skipped(skipped)
