"""The command that clusters the entries of an index: cluster."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from psl_index.errors import UsageError
from pslidx import sinks
from pslidx.destination import choose, refuse_input
from pslidx.messages import counted, say
from pslidx.options import NumberRange, debug_option, index_argument, threads_option
from pslidx.progress import shown
from pslidx.signals import raised

if TYPE_CHECKING:
    import pyarrow as pa

    from psl_eval.exclusion.clustering import Clustering

_LINES_AT_ONCE = 1 << 16
_PATIENCE: Final = 2.0  # seconds before progress is shown


@click.command()
@index_argument
@click.option(
    "--identity",
    required=True,
    type=NumberRange(0, 1),
    metavar="SHARE",
    help="Identical residues in an alignment, from 0 to 1.",
)
@click.option(
    "--coverage",
    type=NumberRange(0, 1),
    default=0.8,
    metavar="SHARE",
    help="Residues of both sequences that the alignment covers, from 0 to 1; 0.8 by default.",
)
@click.option(
    "--proteins",
    metavar="FILE",
    help="Cluster these proteins with the entries: FASTA, or one sequence a line.",
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Write to FILE instead of standard output; it appears when it is complete, and FILE.json with the parameters.",
)
@threads_option
@debug_option
def cluster(
    index: Path, identity: float, coverage: float, proteins: str | None, output: str | None, threads: int
) -> None:
    """Cluster the entries of an index by similarity, with MMseqs2.

    Writes two columns without a header, separated by a tab: representative and member, a line for each entry, which
    goes by its accession, and each of the --proteins, which goes by its name in FASTA or, without one, by a digest of
    its sequence. That is the file that `hitrate --exclude cluster --clusters FILE` takes.

    Runs `mmseqs easy-cluster --min-seq-id IDENTITY -c COVERAGE --cov-mode 0 --cluster-mode 0 --dbtype 1` in a temporary
    folder in $TMPDIR (without it /tmp), which is removed in the end. MMseqs2 is Debian's and bioconda's package
    mmseqs2.

    \b
    Example:
      pslidx cluster sprot --identity 0.5 -o clusters50.tsv
      pslidx cluster sprot --identity 0.3 --proteins proteins.fasta -o clusters30.tsv
    """
    from psl_eval.exclusion.clustering import KIND, cluster_entries
    from psl_eval.queries.proteins import read_proteins
    from psl_index import Index

    began = time.monotonic()
    target = choose(output, "tsv").path
    if target is not None:
        refuse_input(target, [proteins])
        _refuse_to_replace(_manifest_of(target), KIND)
    with raised(), shown(patience=_PATIENCE) as report, _sink(target) as sink, Index.open(index) as opened:
        scored = None if proteins is None else read_proteins(proteins)
        made = cluster_entries(
            opened, identity=identity, coverage=coverage, proteins=scored, threads=threads, progress=report
        )
        for lines in _lines(made.pairs):
            sink.write(lines)
        manifest = made.manifest(opened, scored)
    if target is not None:
        with sinks.file(_manifest_of(target)) as sink:
            sink.write(f"{json.dumps(manifest, indent=2)}\n".encode())
    _tell(made, time.monotonic() - began)


def _manifest_of(target: Path) -> Path:
    return target.with_name(f"{target.name}.json")


def _refuse_to_replace(manifest: Path, kind: str) -> None:
    """Refuse to write over something else than what a file beside clusters says of them."""
    if not manifest.exists():
        return
    try:
        written = json.loads(manifest.read_bytes())
    except (ValueError, RecursionError):
        written = None
    if not isinstance(written, dict) or written.get("format") != kind:
        raise UsageError(
            "holds something else than how clusters were made, and would be replaced",
            file=str(manifest),
            remedy="name another file with -o",
        )


@contextmanager
def _sink(target: Path | None) -> Iterator[sinks.Sink]:
    with sinks.standard_output() if target is None else sinks.file(target) as sink:
        yield sink


def _lines(pairs: pa.Table) -> Iterator[bytes]:
    for batch in pairs.to_batches(_LINES_AT_ONCE):
        columns = (column.to_pylist() for column in batch.columns)
        yield "".join(f"{representative}\t{member}\n" for representative, member in zip(*columns, strict=True)).encode()


def _tell(made: Clustering, seconds: float) -> None:
    say(
        f"{counted(len(made.pairs), 'sequence')} in {counted(made.clusters, 'cluster')}, {seconds:.1f} s; "
        f"MMseqs2 {made.mmseqs} with {' '.join(made.parameters)}"
    )
