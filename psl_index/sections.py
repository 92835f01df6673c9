"""Binary sections: one plain little-endian array a file, behind a header of 64 bytes.

`docs/format.md` gives the layout byte by byte.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import struct
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xxhash

from psl_index.errors import REBUILD, InvalidIndexError

FORMAT_VERSION: Final = 1
HEADER_BYTES: Final = 64

_MAGIC: Final = b"PSLIDX\r\n"
_HEADER: Final = struct.Struct("<8sI4sQ16sI20x")  # magic, version, dtype, count, digest, CRC-32 of what is before it
_CHECKED: Final = 40  # bytes of the header that its checksum covers; zeros follow the checksum
_PIECE: Final = 1 << 22
_WRITTEN_AT_ONCE: Final = 1 << 23  # and in line with huge pages: the page cache then takes them, which costs least
_WRITES_AHEAD: Final = 2
_SYNCED_AT_ONCE: Final = 1 << 27
_DTYPES: Final = ("u1", "u4")


@dataclass(frozen=True)
class Section:
    """What the manifest says of one section."""

    file: str  # name in the shard's folder
    dtype: str  # "u1" or "u4", little-endian
    count: int  # elements
    xxh128: str  # of the payload

    @property
    def n_bytes(self) -> int:
        """Size of the file, header included."""
        return HEADER_BYTES + self.count * np.dtype(self.dtype).itemsize

    def header(self) -> bytes:
        """The header this section must have."""
        return _pack_header(self.dtype, self.count, bytes.fromhex(self.xxh128))


class SectionWriter:
    """Writes one section; the header comes last, so an unfinished file is not a section.

    What is complete is written and brought to disk while more is made, on threads of its own.

    Attributes
    ----------
    count : int
        Elements so far.
    """

    def __init__(self, path: Path, dtype: str) -> None:
        self.count = 0
        self._path = path
        self._dtype = dtype
        self._digest = xxhash.xxh3_128()
        self._file = path.open("wb", buffering=0)
        self._writer, self._syncer = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
        self._syncing: list[Future[None]] = []
        self._writing: deque[Future[npt.NDArray[np.uint8]]] = deque()
        self._written = 0  # or about to be
        self._waiting = np.zeros(_WRITTEN_AT_ONCE, np.uint8)
        self._n_waiting = HEADER_BYTES

    def __enter__(self) -> SectionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.shutdown(cancel_futures=True)
        self._syncer.shutdown(cancel_futures=True)
        self._file.close()

    def append(self, array: npt.NDArray[Any]) -> None:
        """Add elements at the end."""
        payload = np.ascontiguousarray(array, _little_endian(self._dtype)).view(np.uint8)
        self._digest.update(payload.data)
        self.count += len(array)
        while len(payload):
            taken, payload = np.split(payload, [_WRITTEN_AT_ONCE - self._n_waiting])
            self._waiting[self._n_waiting : self._n_waiting + len(taken)] = taken
            self._n_waiting += len(taken)
            if self._n_waiting == _WRITTEN_AT_ONCE:
                self._hand_over()
                self._waiting = self._spare()

    def finish(self) -> Section:
        """Write the header and bring everything to disk."""
        self._hand_over()
        for writing in self._writing:
            writing.result()
        for syncing in self._syncing:
            syncing.result()
        os.pwrite(self._file.fileno(), _pack_header(self._dtype, self.count, self._digest.digest()), 0)
        os.fsync(self._file.fileno())
        return Section(self._path.name, self._dtype, self.count, self._digest.hexdigest())

    def _hand_over(self) -> None:
        """Have what waits written."""
        self._writing.append(self._writer.submit(self._write, self._waiting, self._n_waiting, self._written))
        self._written += self._n_waiting
        self._n_waiting = 0

    def _spare(self) -> npt.NDArray[np.uint8]:
        if len(self._writing) < _WRITES_AHEAD:
            return np.empty(_WRITTEN_AT_ONCE, np.uint8)
        return self._writing.popleft().result()

    def _write(self, piece: npt.NDArray[np.uint8], length: int, place: int) -> npt.NDArray[np.uint8]:
        rest = piece[:length].data
        while rest:
            written = os.pwrite(self._file.fileno(), rest, place)
            rest, place = rest[written:], place + written
        if place % _SYNCED_AT_ONCE == 0:
            self._syncing.append(self._syncer.submit(os.fdatasync, self._file.fileno()))
        return piece


def write_section(path: Path, array: npt.NDArray[Any], dtype: str) -> Section:
    """Write one section in one go."""
    with SectionWriter(path, dtype) as writer:
        writer.append(array)
        return writer.finish()


def open_section(folder: Path, section: Section) -> npt.NDArray[Any]:
    """Map one section into memory, read-only.

    Checks its size and every byte of its header, not its payload.

    Raises
    ------
    InvalidIndexError
        The file is missing, or is not the one the manifest names.
    """
    path = folder / section.file
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            header = file.read(HEADER_BYTES)
            _check_header(path, header, section)
            if size != section.n_bytes:
                raise InvalidIndexError(
                    f"is {size:,} bytes long instead of {section.n_bytes:,}",
                    file=str(path),
                    remedy=REBUILD,
                )
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            _ask_for_huge_pages(mapped)
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidIndexError("is missing", file=str(path), remedy=REBUILD) from None
    except IsADirectoryError:
        raise InvalidIndexError("is not a file", file=str(path), remedy=REBUILD) from None
    return np.frombuffer(mapped, _little_endian(section.dtype), section.count, HEADER_BYTES)


def _ask_for_huge_pages(mapped: mmap.mmap) -> None:
    """A search touches a few bytes in many places: with small pages it waits for the page table as for the bytes."""
    if hasattr(mmap, "MADV_HUGEPAGE"):
        with contextlib.suppress(OSError):  # a system without them
            mapped.madvise(mmap.MADV_HUGEPAGE)


def other_version(version: int, path: Path) -> InvalidIndexError:
    """What to raise over a file of an index that is of another format version than this program's."""
    age, remedy = (
        ("older", f"{REBUILD} with `pslidx build`")
        if version < FORMAT_VERSION
        else ("newer", f"update pslidx (`pip install -U pslidx`) or {REBUILD}")
    )
    return InvalidIndexError(
        f"has format version {version}, {age} than this program's {FORMAT_VERSION}", file=str(path), remedy=remedy
    )


def file_digest(path: Path, skip: int = 0) -> str:
    """128-bit XXH3 of a file from byte `skip` on, as the manifest gives it."""
    digest = xxhash.xxh3_128()
    with path.open("rb", buffering=0) as file:
        file.seek(skip)
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _little_endian(dtype: str) -> np.dtype[Any]:
    return np.dtype(dtype).newbyteorder("<")


def _pack_header(dtype: str, count: int, digest: bytes) -> bytes:
    start = _HEADER.pack(_MAGIC, FORMAT_VERSION, dtype.encode(), count, digest, 0)[:_CHECKED]
    return start + struct.pack("<I20x", zlib.crc32(start))


def _check_header(path: Path, header: bytes, section: Section) -> None:
    if header == section.header():
        return
    problem = "its header does not match the manifest"
    if len(header) < HEADER_BYTES:
        problem = "is too short to be a section of an index"
    elif not header.startswith(_MAGIC):
        problem = "is no section of an index (wrong magic number)"
    else:
        _, version, dtype, count, _, checksum = _HEADER.unpack(header)
        if checksum != zlib.crc32(header[:_CHECKED]):
            problem = "its header is damaged (wrong checksum)"
        elif version != FORMAT_VERSION:
            raise other_version(version, path)
        elif dtype.rstrip(b"\0").decode("latin-1") not in _DTYPES:
            problem = f"holds elements of unknown type {dtype!r}"
        elif count != section.count:
            problem = f"holds {count:,} elements instead of {section.count:,}"
    raise InvalidIndexError(problem, file=str(path), remedy=REBUILD)
