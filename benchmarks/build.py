"""From text to index, against the suffix array alone of pydivsufsort."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from pydivsufsort import divsufsort

from benchmarks.report import Finding, timed
from psl_index.manifest import ShardRecord
from psl_index.sections import Section, open_section, write_section
from psl_index.shard import Shard
from psl_index.shard_writer import write_sections


def findings(shard: Shard, record: ShardRecord, folder: Path, threads: int) -> Iterator[Finding]:
    """Time and memory to write all sections of a text, on disk; `shard` is an opened one whose text is taken."""
    residues = record.residues
    text = Section("text.bin", "u1", len(shard.text), record.sections["text"].xxh128)
    seconds, memory = [], []
    for _ in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with _peak_anonymous_memory() as peak:
            seconds.append(timed(lambda: _write(folder, shard, residues, threads))[0])
        memory.append(peak[0])
    shutil.rmtree(folder)
    data = shard.text.tobytes()
    peer = statistics.median(timed(lambda: divsufsort(data))[0] for _ in range(2))
    ours = statistics.median(seconds)
    n_bytes = sum(section.n_bytes for section in record.sections.values())
    yield Finding(
        f"build {residues / 1e6:.0f} M residues, text to index: pydivsufsort / ours",
        peer / ours,
        "x",
        3.5,
        detail=f"{ours:.2f} s (of {', '.join(f'{s:.2f}' for s in seconds)}), {threads} threads; peer {peer:.2f} s",
    )
    yield Finding("build: anonymous memory", max(memory) / 1e9, "GB", 1.8, True)
    yield Finding("binary sections", n_bytes / residues, "B/residue", 10.5, True, f"{text.count:,} positions of text")


def _write(folder: Path, shard: Shard, residues: int, threads: int) -> None:
    text = write_section(folder / "text.bin", shard.text, "u1")
    write_sections(
        folder,
        open_section(folder, text),
        shard.starts,
        residues,
        shard.depth,
        threads,
        lambda done, total: None,
    )


@contextlib.contextmanager
def _peak_anonymous_memory() -> Iterator[list[int]]:
    """Largest growth of the process's anonymous memory, in bytes, sampled every 10 ms."""
    before = _anonymous_memory()
    peak = [0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            peak[0] = max(peak[0], _anonymous_memory() - before)
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def _anonymous_memory() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("the system does not tell anonymous memory")
