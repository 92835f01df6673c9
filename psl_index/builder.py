"""From sources to a finished index."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pyarrow as pa

from psl_index.accessions import count_duplicates
from psl_index.checkpoints import Plan, write_plan
from psl_index.classes import MAP_VERSION
from psl_index.errors import UsageError
from psl_index.file_records import base_name
from psl_index.manifest import Manifest, ShardRecord, SourceRecord
from psl_index.memory import room_for_ordering, shard_capacity
from psl_index.opening import open_source
from psl_index.progress import Progress
from psl_index.resumption import Resumption
from psl_index.sections import FORMAT_VERSION
from psl_index.shard_filling import OtherContents, ShardFilling
from psl_index.shard_order import Ordered, Ordering, ShardDraft, order_shard
from psl_index.skipped import Skipped
from psl_index.sources import detect_format, no_entries, read_source, refuse_senseless
from psl_index.store import build_folder, publish
from psl_index.threads import threads_for

_TOOLS: Final = ("pslidx", "numpy", "pyarrow")


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
    duplicate_accessions: int  # entries whose accession an earlier entry has
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
    resume: bool = False,
    progress: Callable[[Progress], None] | None = None,
    notice: Callable[[str], None] | None = None,
    ordering: Ordering | None = None,
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
        Bytes the build may use, from which the size of a shard follows, and how many of its positions are ordered at
        once; by default half of what the machine has or a control group allows.
    shard_residues : int, optional
        Residues a shard holds at most; by default what `memory` allows, or what the build to be resumed had.
    resume : bool
        Continue a build that was cut off, with the shards it had finished: the sources are read again, and what they
        say is compared with what those shards were made of. And leave finished shards to be continued if this build
        fails. The index is the same, byte for byte, as without interruption.
    progress : callable, optional
        Called every now and then.
    notice : callable, optional
        Told in a line what `resume` found to continue, or why nothing.
    ordering : callable, optional
        Has the shards ordered elsewhere while the next ones are read; by default it is done here, one after the other.

    Raises
    ------
    InputError
        A source is malformed, truncated or empty.
    UsageError
        The target is neither empty nor an index, an option makes no sense, or the build to be resumed had others.
    BusyError
        Another process is building there.
    OutputError
        The disk is full, or the folder cannot be written.
    """
    began = time.perf_counter()
    _refuse_senseless(sources, columns, threads, resume)
    threads = threads_for(threads)
    report = progress or (lambda _: None)
    order = ordering or _order_here(memory, threads, report)
    resumption = Resumption(
        _plan(sources, shard_capacity(memory, shard_residues), shard_residues, columns, skipped),
        notice or (lambda _: None),
        lambda done, total: report(Progress("checking finished shards", done, total, "bytes")),
    )
    index = Path(path)
    with build_folder(index, resumption.continues if resume else None) as folder:
        capacity = shard_capacity(memory, resumption.plan.capacity)  # which another machine may have chosen
        if resume:
            resumption.take_over(folder)
        write_plan(folder, resumption.plan)
        while True:
            filling = ShardFilling(folder, capacity, order, resumption.finished)
            passed_over = Skipped() if skipped else None
            try:
                read = [_add_source(filling, name, columns, passed_over, threads, report) for name in sources]
                shards = filling.finish()
                break
            except OtherContents as other:
                filling.wait()
                resumption.drop_from(folder, other.number)
            except BaseException:
                filling.cancel()
                raise
        if skipped is not None and passed_over is not None:
            skipped.add_all(passed_over)
        if not filling.entries:
            raise no_entries(sources, skipped)
        duplicates = count_duplicates(folder, shards)
        manifest = Manifest(
            release=release or _release_beside(sources[0]),
            sources=tuple(read),
            parameters={
                "shard_residues": resumption.plan.shard_residues,
                "columns": dict(columns) if columns else None,
                "location_classes": MAP_VERSION,
            },
            tools={name: version(name) for name in _TOOLS},
            entries=filling.entries,
            residues=sum(record.residues for record in shards),
            shards=tuple(shards),
        ).with_digest()
        publish(index, folder, manifest)
    return BuildSummary(
        manifest.entries,
        manifest.residues,
        filling.annotated,
        sum(record.tables["locations"].rows for record in shards),
        sum(record.tables["features"].rows for record in shards),
        len(shards),
        manifest.n_bytes,
        duplicates,
        time.perf_counter() - began,
    )


def _refuse_senseless(
    sources: Sequence[str | os.PathLike[str]], columns: Mapping[str, str] | None, threads: int, resume: bool
) -> None:
    refuse_senseless(sources, columns)
    if threads < 0:
        raise UsageError(f"{threads} threads", remedy="give a number, or 0 for as many as the machine has")
    for source in sources if resume else ():
        if os.fspath(source) == "-" or Path(source).is_fifo():
            raise UsageError(
                "a build from a pipe cannot be resumed",
                file=os.fspath(source),
                remedy="name files, whose entries can be read again",
            )
        open_source(source, digest=False).close()  # a slip in a name must not cost finished shards


def _plan(
    sources: Sequence[str | os.PathLike[str]],
    capacity: int,
    shard_residues: int | None,
    columns: Mapping[str, str] | None,
    skipped: Skipped | None,
) -> Plan:
    versions = {name: version(name) for name in _TOOLS}
    return Plan(
        {**versions, "the format": FORMAT_VERSION, "the map of locations": MAP_VERSION},
        capacity,
        shard_residues,
        dict(columns) if columns else None,
        skipped is not None,
        [base_name(source) for source in sources],
        [path.stat().st_size if (path := Path(source)).is_file() else None for source in sources],
    )


def _order_here(memory: int | None, threads: int, report: Callable[[Progress], None]) -> Ordering:
    """Order shards in this process, each before the next one is read."""

    def order(folder: Path, draft: ShardDraft) -> Ordered:
        pa.default_memory_pool().release_unused()
        room = room_for_ordering(memory, draft.residues, threads)

        def told(done: int, total: int) -> None:
            report(Progress("ordering", done, total, "residues"))

        ordered: Future[ShardRecord] = Future()
        ordered.set_result(order_shard(folder, draft, room.threads, told, room.round_rows))
        return ordered

    return order


def _add_source(
    filling: ShardFilling,
    name: str | os.PathLike[str],
    columns: Mapping[str, str] | None,
    skipped: Skipped | None,
    threads: int,
    report: Callable[[Progress], None],
) -> SourceRecord:
    before = skipped.count if skipped else 0
    with open_source(name) as source:
        format_name = detect_format(source)
        for batch in read_source(source, columns=columns, skipped=skipped, threads=threads):
            filling.add(batch)
            report(Progress(f"reading {Path(source.name).name}", source.bytes_read, source.raw_size, "bytes"))
        return SourceRecord(
            base_name(name),
            format_name,
            source.size,
            source.sha256,
            skipped.count - before if skipped else 0,
        )


def _release_beside(source: str | os.PathLike[str]) -> str | None:
    """Release named by UniProt's `reldate.txt` in the source's folder, None where there is none."""
    path = Path(source).parent / "reldate.txt"
    if str(source) == "-" or not path.is_file():
        return None
    words = path.read_text(encoding="latin-1").split()
    return words[words.index("Release") + 1] if "Release" in words[:-1] else None
