"""UniProtKB flat files (`uniprot_sprot.dat`, `uniprot_trembl.dat`) as the source of an index, streamed.

Reads the layouts of every release: today's, that of features before 2019_11, that of names before 2008, and
those of Swiss-Prot before 2004 (``STANDARD;      PRT;``).

References
----------
UniProt Knowledgebase user manual, https://web.expasy.org/docs/userman.html
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from psl_index.errors import InputError
from psl_index.flatfile_entries import Fault, Parsed, parse_entries
from psl_index.flatfile_lines import PADDING, KeptLines
from psl_index.flatfile_problems import REMEDY
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped
from psl_index.threads import threads_for

if TYPE_CHECKING:
    from psl_index.opening import Source

_PIECE_BYTES: Final = 1 << 20  # read at a time, and still in the cache when its lines are looked at
_BATCH_BYTES: Final = 1 << 22  # of lines of interest, enough for what is done once a batch not to count
_BATCH_ENTRIES: Final = 1 << 16  # at the most, or a few more: ten times what there are, but not where all are empty
_ENTRY_LIMIT: Final = 1 << 28  # bytes of one entry: the longest has some 2 MB, a decompression bomb any number
_MOST_THREADS: Final = 4  # more would wait for the decompression
_LINE_FEED: Final = ord("\n")
_NAME: Final = re.compile(rb"^(?:AC|ID)   +([\w.-]+)", re.MULTILINE | re.ASCII)


def read_flatfile(
    source: Source, *, skipped: Skipped | None = None, threads: int = 0, chunk_bytes: int = _BATCH_BYTES
) -> Iterator[SourceBatch]:
    """Batches of the entries of a flat file, in order, each entry checked against what it says of itself.

    Parameters
    ----------
    source : Source
        Decompressed bytes, from their beginning.
    skipped : Skipped, optional
        Gets the bad entries, which are then left out.
    threads : int
        Threads that parse while this one reads, 0 for as many as there are processors, four at most; with 1
        this one does all. The batches do not depend on it.
    chunk_bytes : int
        Bytes of lines of interest that make a batch, or a little more. Memory is a few times that for each
        thread.

    Raises
    ------
    InputError
        At the first bad entry when `skipped` is not given: a line that is malformed or missing, a sequence
        that has not the length or the checksum that the entry states, an end within the entry. In any case
        when there is no entry at all, or one longer than 256 MiB.
    """
    line = 0
    empty = True
    threads = min(threads_for(threads), _MOST_THREADS)
    most_faults = 1 if skipped is None else skipped.keep
    for parsed in _parsed(source, chunk_bytes, threads, most_faults):
        for fault in parsed.faults:
            error = InputError(fault.sentence, file=source.name, line=line + fault.line + 1, remedy=REMEDY)
            if skipped is None or fault.fatal:
                raise error
            skipped.add(error)
        if skipped is not None:
            skipped.count += parsed.n_faults - len(parsed.faults)
        line += parsed.n_lines
        empty = empty and not parsed.n_faults and not parsed.batch.entries.num_rows
        if parsed.batch.entries.num_rows:
            yield parsed.batch
    if empty:
        raise InputError(
            "no entry, expected a UniProtKB flat file",
            file=source.name,
            remedy="check that the file is complete",
        )


class _Batch(NamedTuple):
    """Lines of some entries, and what comes after them where that is no entry."""

    kept: KeptLines
    cut: bytes = b""  # an entry that does not end, and behind which nothing more is read
    ended: bool = True  # whether the file is what ends there


def _batches(source: Source, batch_bytes: int, free: deque[KeptLines]) -> Iterator[_Batch]:
    """The lines of interest of the file, batch by batch, in memory that is used again once it is in `free`."""
    piece_bytes = min(batch_bytes, _PIECE_BYTES)
    kept = KeptLines(batch_bytes + piece_bytes + PADDING)
    text = rest = np.empty(0, np.uint8)
    while True:
        size = max(piece_bytes, 2 * len(rest))
        text = text if len(text) >= size + PADDING else np.empty(size + PADDING, np.uint8)
        text[: len(rest)] = rest
        filled = len(rest) + source.readinto(text[len(rest) : size])
        ended = filled < size
        if ended and filled and text[filled - 1] != _LINE_FEED:
            text[filled] = _LINE_FEED
            filled += 1
        text[filled : filled + PADDING] = 0
        used = kept.add(text, filled)
        rest = text[used:filled]
        if ended or (used == 0 and size >= _ENTRY_LIMIT):
            yield _Batch(kept, rest.tobytes(), ended)
            return
        if kept.size >= batch_bytes or kept.n_entries >= _BATCH_ENTRIES:
            yield _Batch(kept)
            kept = free.pop() if free else KeptLines(batch_bytes + piece_bytes + PADDING)


def _parsed(source: Source, batch_bytes: int, threads: int, most_faults: int) -> Iterator[Parsed]:
    """Parse batches on other threads, results in order and no more than one ahead of each thread."""
    free: deque[KeptLines] = deque()

    def parse(batch: _Batch) -> Parsed:
        parsed = _parse(batch, most_faults)
        batch.kept.clear()
        free.append(batch.kept)
        return parsed

    batches = _batches(source, batch_bytes, free)
    if threads == 1:
        yield from map(parse, batches)
        return
    pending: deque[Future[Parsed]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="flatfile") as pool:
        for batch in batches:
            pending.append(pool.submit(parse, batch))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _parse(batch: _Batch, most_faults: int) -> Parsed:
    parsed = parse_entries(batch.kept, most_faults)
    if not batch.cut.strip():
        return parsed
    name = _NAME.search(batch.cut)
    entry = name[1].decode() if name else "an entry"
    if batch.ended:
        line = parsed.n_lines + batch.cut.rstrip().count(b"\n")
        fault = Fault(line, f"{entry}: the file ends within it, expected // at the end of an entry")
    else:
        fault = Fault(parsed.n_lines, f"{entry}: expected // within {_ENTRY_LIMIT >> 20} MiB", fatal=True)
    return parsed._replace(n_faults=parsed.n_faults + 1, faults=[*parsed.faults, fault])
