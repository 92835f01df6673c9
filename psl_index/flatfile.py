"""UniProtKB flat files (`uniprot_sprot.dat`, `uniprot_trembl.dat`) as the source of an index, streamed.

Reads the layouts of every release: today's, that of features before 2019_11, that of names before 2008, and
those of Swiss-Prot before 2004 (``STANDARD;      PRT;``).

References
----------
UniProt Knowledgebase user manual, https://web.expasy.org/docs/userman.html
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_index.errors import InputError
from psl_index.flatfile_entries import Fault, Parsed, parse_entries
from psl_index.flatfile_lines import PADDING
from psl_index.flatfile_problems import REMEDY
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped

if TYPE_CHECKING:
    from psl_index.opening import Source

_CHUNK_BYTES: Final = 1 << 23  # enough for what is done once a chunk not to count
_ENTRY_LIMIT: Final = 1 << 28  # bytes of one entry: the longest has some 2 MB, a decompression bomb any number
_MOST_THREADS: Final = 4  # more would wait for the decompression
_TAIL_BYTES: Final = 1 << 16
_LINE_FEED: Final = ord("\n")
_NAME: Final = re.compile(rb"^(?:AC|ID)   +([\w.-]+)", re.MULTILINE | re.ASCII)


def read_flatfile(
    source: Source, *, skipped: Skipped | None = None, threads: int = 0, chunk_bytes: int = _CHUNK_BYTES
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
        Bytes that are parsed at a time, more where an entry is longer. Memory is a few times that for each
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
    threads = min(threads or os.cpu_count() or 1, _MOST_THREADS)
    for parsed in _parsed(_Chunks(source, chunk_bytes), threads):
        for fault in parsed.faults:
            error = InputError(fault.sentence, file=source.name, line=line + fault.line + 1, remedy=REMEDY)
            if skipped is None or fault.fatal:
                raise error
            skipped.add(error)
        line += parsed.n_lines
        empty = empty and not parsed.faults and not parsed.batch.entries.num_rows
        if parsed.batch.entries.num_rows:
            yield parsed.batch
    if empty:
        raise InputError(
            "no entry, expected a UniProtKB flat file",
            file=source.name,
            remedy="check that the file is complete",
        )


class _Chunk(NamedTuple):
    """Entries: ``text[:size]``, with room for `PADDING` bytes behind them."""

    text: npt.NDArray[np.uint8]
    size: int
    cut: bytes = b""  # an entry that does not end, and behind which nothing more is read
    ended: bool = True  # whether the file is what ends there


class _Chunks:
    """The file in pieces of complete entries, in memory that is used again once it is given back."""

    def __init__(self, source: Source, chunk_bytes: int) -> None:
        self._source = source
        self._chunk_bytes = chunk_bytes
        self._free: deque[npt.NDArray[np.uint8]] = deque()

    def give_back(self, chunk: _Chunk) -> None:
        """Let the memory of a chunk be overwritten; may be called from any thread."""
        self._free.append(chunk.text)

    def __iter__(self) -> Iterator[_Chunk]:
        rest = np.empty(0, np.uint8)
        while True:
            text = self._memory(max(self._chunk_bytes, 2 * len(rest)) + PADDING)
            room = len(text) - PADDING
            text[: len(rest)] = rest
            filled = len(rest) + self._source.readinto(text[len(rest) : room])
            ended = filled < room
            if ended and filled and text[filled - 1] != _LINE_FEED:
                text[filled] = _LINE_FEED
                filled += 1
            size = _end_of_entries(text, filled)
            rest = text[size:filled].copy()
            text[size : size + PADDING] = 0
            if ended or (size == 0 and room >= _ENTRY_LIMIT):
                yield _Chunk(text, size, rest.tobytes(), ended)
                return
            if size:
                yield _Chunk(text, size)
            else:
                self._free.append(text)

    def _memory(self, size: int) -> npt.NDArray[np.uint8]:
        while self._free:
            text = self._free.pop()
            if len(text) >= size:
                return text
        return np.empty(size, np.uint8)


def _parsed(chunks: _Chunks, threads: int) -> Iterator[Parsed]:
    """Parse chunks on other threads, results in order and no more than one ahead of each thread."""

    def parse(chunk: _Chunk) -> Parsed:
        parsed = _parse(chunk)
        chunks.give_back(chunk)
        return parsed

    if threads == 1:
        yield from map(parse, chunks)
        return
    pending: deque[Future[Parsed]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="flatfile") as pool:
        for chunk in chunks:
            pending.append(pool.submit(parse, chunk))
            if len(pending) > threads:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def _parse(chunk: _Chunk) -> Parsed:
    parsed = parse_entries(chunk.text, chunk.size)
    if chunk.cut.strip():
        name = _NAME.search(chunk.cut)
        entry = name[1].decode() if name else "an entry"
        if chunk.ended:
            line = parsed.n_lines + chunk.cut.rstrip().count(b"\n")
            parsed.faults.append(Fault(line, f"{entry}: the file ends within it, expected // at the end of an entry"))
        else:
            sentence = f"{entry}: expected // within {_ENTRY_LIMIT >> 20} MiB"
            parsed.faults.append(Fault(parsed.n_lines, sentence, fatal=True))
    return parsed


def _end_of_entries(text: npt.NDArray[np.uint8], size: int) -> int:
    """Where the last line of ``text[:size]`` that ends an entry ends, 0 where there is none."""
    window = _TAIL_BYTES
    while True:
        begin = max(0, size - window)
        tail = text[begin:size].tobytes()
        found = tail.rfind(b"\n//", 0, max(tail.rfind(b"\n"), 0)) + 1
        if found or (begin == 0 and tail.startswith(b"//")):
            return begin + tail.find(b"\n", found) + 1
        if begin == 0:
            return 0
        window *= 8
