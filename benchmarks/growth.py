"""How time and memory grow with the proteome: measured size after size, and kept, so that a broken run continues."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psl_index
from benchmarks import growth_page
from benchmarks.build import sections_bytes, tables_bytes, text_to_index
from benchmarks.inputs import Proteome
from benchmarks.machine import heading
from benchmarks.memory import peak_anonymous_memory, run_watched
from benchmarks.peptide_samples import sample_peptides
from benchmarks.report import Finding
from benchmarks.timing import repeated, timed
from psl_index import Index

PEPTIDES = 1_000_000
KEPT_UP_TO = 208_000_000  # residues; the inputs of larger proteomes are deleted after use

_BUILDS = 3


@dataclass(frozen=True)
class Costs:
    """What a proteome costs; medians of several runs, and the most memory that any took."""

    residues: int
    entries: int
    flat_file_bytes: int
    sections_bytes: int
    tables_bytes: int
    hits: float  # of a peptide of 8 to 15 residues cut from it
    flat_file_seconds: float  # flat file to index
    resident_bytes: int  # of that, mapped files included
    anonymous_bytes: int  # of that
    text_seconds: float  # text to index
    text_bytes: int  # anonymous, of that
    count_seconds: float  # a million peptides
    locate_seconds: float  # a million peptides
    open_seconds: float


def findings(bench: Path, sizes: tuple[int, ...], threads: int, page: Path) -> Iterator[Finding]:
    """Costs at each size, how they grow and what TrEMBL would take; `page` and a plot beside it say the same."""
    costs = [_costs(Proteome(size, bench), threads) for size in sorted(sizes)]
    lines = growth_page.lines(costs)
    for line in lines:
        yield from line.findings()
    planned = growth_page.planned_memory()
    yield planned
    growth_page.write(page, lines, planned, heading()[1:])


def _costs(proteome: Proteome, threads: int) -> Costs:
    """Measured, or as an earlier run of the same code on this machine has measured them."""
    kept = proteome.folder.with_name(f"growth-{proteome.residues}.json")
    environment = [*heading(), _code()]
    if kept.exists():
        found = json.loads(kept.read_text())
        if found["environment"] == environment:
            print(f"measured before: {kept}", file=sys.stderr)
            return Costs(**found["costs"])
    costs = _measured(proteome, threads)
    kept.write_text(json.dumps({"environment": environment, "costs": asdict(costs)}, indent=1) + "\n")
    if proteome.residues > KEPT_UP_TO:
        proteome.remove()
    return costs


def _measured(proteome: Proteome, threads: int) -> Costs:
    folder, flat_file = proteome.folder / "growth", proteome.flat_file
    command = [sys.executable, "-m", "pslidx", "build", str(flat_file), "-o", str(folder / "index")]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    builds = [run_watched(command) for _ in range(_BUILDS)]
    with Index.open(folder / "index") as index:
        peaks = []

        def order() -> None:
            with peak_anonymous_memory() as peak:
                for shard, record in zip(index.shards, index.manifest.shards, strict=True):
                    text_to_index(shard, record.residues, folder / "sections", threads)
            peaks.append(peak[0])

        ordering = sorted(timed(order)[0] for _ in range(_BUILDS))[_BUILDS // 2]
        peptides = sample_peptides(index.shards[0].text, 8, 15, PEPTIDES, seed=1)
        costs = Costs(
            residues=index.n_residues,
            entries=index.n_entries,
            flat_file_bytes=flat_file.stat().st_size,
            sections_bytes=sections_bytes(index),
            tables_bytes=tables_bytes(index),
            hits=len(index.locate(peptides)) / len(peptides),
            flat_file_seconds=sorted(usage.seconds for usage in builds)[_BUILDS // 2],
            resident_bytes=max(usage.resident for usage in builds),
            anonymous_bytes=max(usage.anonymous for usage in builds),
            text_seconds=ordering,
            text_bytes=max(peaks),
            count_seconds=repeated(lambda: index.count(peptides), 7).median,
            locate_seconds=repeated(lambda: index.locate(peptides), 7).median,
            open_seconds=repeated(lambda: Index.open(folder / "index").close(), 51).median,
        )
    shutil.rmtree(folder)
    return costs


def _code() -> str:
    """Digest of the code that is measured."""
    digest = hashlib.sha256()
    for source in sorted(Path(psl_index.__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()
