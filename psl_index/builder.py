"""From sources to a finished index."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa

from psl_index.classes import MAP_VERSION
from psl_index.errors import InputError, UsageError
from psl_index.manifest import Manifest, ShardRecord, SourceRecord
from psl_index.opening import Source, open_source
from psl_index.order import BYTES_A_ROW, MAX_ROUNDS, ROUND_ROWS
from psl_index.schemas import SourceBatch
from psl_index.shard_writer import ShardWriter
from psl_index.skipped import Skipped
from psl_index.sources import detect_format, read_source
from psl_index.store import build_folder, publish
from psl_index.tables import SYNONYMS

MAX_SHARD_RESIDUES = 2**32 - 1

_FIXED_MEMORY = 600 << 20  # program, table and tables being written
_MEMORY_A_ROW = BYTES_A_ROW + 4  # of a round of ordering, with what sorting the largest buckets takes


@dataclass(frozen=True)
class Progress:
    """How far a build is: `done` of `total` (None where it is not known) in `unit`, within one step."""

    step: str
    done: int
    total: int | None
    unit: str


@dataclass(frozen=True)
class BuildSummary:
    """What a build made."""

    entries: int
    residues: int
    annotated: int  # entries with a location that has a class
    locations: int
    features: int
    shards: int
    n_bytes: int  # of all files
    duplicate_accessions: int  # entries whose accession an earlier entry of the same shard has
    seconds: float


def build(
    sources: Sequence[str | os.PathLike[str]],
    path: str | os.PathLike[str],
    *,
    release: str | None = None,
    columns: Mapping[str, str] | None = None,
    skipped: Skipped | None = None,
    threads: int = 0,
    memory: int | None = None,
    shard_residues: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> BuildSummary:
    """Build an index from flat files, FASTA files or tables, or replace the one that is there.

    Parameters
    ----------
    sources : sequence of paths
        Read one after the other, ``-`` for standard input; what they are is found by content.
    path : path
        The index folder: new, empty, or an index, which is replaced once the new one is complete.
    release : str, optional
        The data base's release, such as ``2026_01``, to be kept in the manifest; by default it is read from
        `reldate.txt` beside the first source, where there is one.
    columns : mapping, optional
        For tables: the columns that hold ``accession``, ``sequence`` and ``locations``.
    skipped : Skipped, optional
        Where to count bad entries; without it the first one is an error.
    threads : int
        0 for as many as the machine has.
    memory : int, optional
        Bytes the build may use, from which the size of a shard follows; by default half of the machine's.
    shard_residues : int, optional
        Residues a shard holds at most.
    progress : callable, optional
        Called every now and then.

    Raises
    ------
    InputError
        A source is malformed, truncated or empty.
    UsageError
        The target is neither empty nor an index, or an option makes no sense.
    BusyError
        Another process is building there.
    OutputError
        The disk is full, or the folder cannot be written.
    """
    began = time.perf_counter()
    if isinstance(sources, str | bytes | os.PathLike):
        raise UsageError("expected sources, found a single one", remedy="put it into a list")
    if not sources:
        raise UsageError("no source to build from", remedy="name a flat file, a FASTA file or a table")
    if [os.fspath(source) for source in sources].count("-") > 1:
        raise UsageError("standard input can be read only once", remedy="name a single `-`")
    unknown = next((name for name in columns or () if name not in SYNONYMS), None)
    if unknown is not None:
        raise UsageError(f"no column {unknown!r} to be named", remedy=f"there are {', '.join(SYNONYMS)}")
    capacity = _shard_capacity(memory, shard_residues)
    report = progress or (lambda _: None)
    threads = threads or os.cpu_count() or 1
    index = Path(path)
    with build_folder(index) as folder:
        shards = _Shards(folder, capacity, threads, report)
        records = []
        for name in sources:
            with open_source(name) as source:
                records.append(_add_source(shards, source, columns, skipped, threads, report))
        shards.finish()
        if not shards.entries:
            bad = f": all {skipped.count:,} are bad, the first: {skipped.first[0]}" if skipped and skipped.count else ""
            raise InputError(f"holds no entries{bad}", file=str(sources[0]), remedy="check the file")
        manifest = Manifest(
            release=release or _release_beside(sources[0]),
            sources=tuple(records),
            parameters={
                "shard_residues": shard_residues,
                "columns": dict(columns) if columns else None,
                "location_classes": MAP_VERSION,
            },
            tools={name: version(name) for name in ("pslidx", "numpy", "pyarrow")},
            entries=shards.entries,
            residues=sum(record.residues for record in shards.records),
            shards=tuple(shards.records),
        ).with_digest()
        publish(index, folder, manifest)
    return BuildSummary(
        manifest.entries,
        manifest.residues,
        shards.annotated,
        sum(record.tables["locations"].rows for record in shards.records),
        sum(record.tables["features"].rows for record in shards.records),
        len(manifest.shards),
        manifest.n_bytes,
        shards.duplicate_accessions,
        time.perf_counter() - began,
    )


class _Shards:
    """Fills shards one after the other."""

    def __init__(self, folder: Path, capacity: int, threads: int, report: Callable[[Progress], None]) -> None:
        self.records: list[ShardRecord] = []
        self.duplicate_accessions = 0
        self.entries = 0
        self.annotated = 0
        self._folder = folder
        self._capacity = capacity
        self._threads = threads
        self._report = report
        self._writer: ShardWriter | None = None

    def add(self, batch: SourceBatch) -> None:
        """Add entries, in a new shard where they would not fit into the present one."""
        while batch.entries.num_rows:
            if self._writer is None:
                name = f"shard-{len(self.records):04d}"
                self._writer = ShardWriter(self._folder / name, self.entries, self._capacity)
            fitting = self._writer.fitting(batch)
            if fitting == 0:
                self.finish()
                continue
            part, batch = _split(batch, fitting)
            self._writer.append(part)
            self.entries += fitting

    def finish(self) -> None:
        """Complete the present shard."""
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        self.records.append(
            writer.finish(
                self._threads, lambda done, total: self._report(Progress("ordering", done, total, "residues"))
            )
        )
        self.annotated += writer.annotated
        self.duplicate_accessions += writer.duplicate_accessions


def _add_source(
    shards: _Shards,
    source: Source,
    columns: Mapping[str, str] | None,
    skipped: Skipped | None,
    threads: int,
    report: Callable[[Progress], None],
) -> SourceRecord:
    before = skipped.count if skipped else 0
    format_name = detect_format(source)
    if columns and format_name != "table":
        raise UsageError("has no columns to be named", file=source.name, remedy="leave out --columns")
    for batch in read_source(source, columns=columns, skipped=skipped, threads=threads):
        shards.add(batch)
        report(Progress(f"reading {Path(source.name).name}", source.bytes_read, source.raw_size, "bytes"))
    return SourceRecord(
        os.fsencode(Path(source.name).name).decode(errors="backslashreplace"),
        format_name,
        source.size,
        source.sha256,
        skipped.count - before if skipped else 0,
    )


def _split(batch: SourceBatch, entries: int) -> tuple[SourceBatch, SourceBatch]:
    """The first entries of a batch, and the rest, renumbered."""
    if entries == batch.entries.num_rows:
        return batch, SourceBatch(*(table.slice(table.num_rows) for table in batch))
    parts = []
    for table in batch:
        cut = int(table["entry"].to_numpy().searchsorted(entries))
        rest = table.slice(cut)
        numbers = pa.array(rest["entry"].to_numpy() - entries, pa.uint32())
        parts.append((table.slice(0, cut), rest.set_column(0, rest.schema.field(0), numbers)))
    return SourceBatch(*(part[0] for part in parts)), SourceBatch(*(part[1] for part in parts))


def _shard_capacity(memory: int | None, shard_residues: int | None) -> int:
    if shard_residues is not None:
        if not 0 < shard_residues <= MAX_SHARD_RESIDUES:
            raise UsageError(f"--shard-residues must be between 1 and {MAX_SHARD_RESIDUES:,}")
        return shard_residues
    if memory is None:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    rows = (memory - _FIXED_MEMORY) // _MEMORY_A_ROW
    capacity = rows if rows < ROUND_ROWS else rows * MAX_ROUNDS
    if capacity <= 0:
        raise UsageError(
            f"{memory:,} bytes of memory are too few to build an index",
            remedy=f"give at least {2 * _FIXED_MEMORY:,}",
        )
    return min(capacity, MAX_SHARD_RESIDUES)


def _release_beside(source: str | os.PathLike[str]) -> str | None:
    """Release named by UniProt's `reldate.txt` in the source's folder, None where there is none."""
    path = Path(source).parent / "reldate.txt"
    if str(source) == "-" or not path.is_file():
        return None
    words = path.read_text(encoding="latin-1").split()
    return words[words.index("Release") + 1] if "Release" in words[:-1] else None
