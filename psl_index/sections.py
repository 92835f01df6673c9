"""Binary sections: one plain little-endian array a file, behind a header of 64 bytes.

`docs/format.md` gives the layout byte by byte.
"""

from __future__ import annotations

import mmap
import os
import struct
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import xxhash

from psl_index.errors import InvalidIndexError

FORMAT_VERSION: Final = 1
HEADER_BYTES: Final = 64

_MAGIC: Final = b"PSLIDX\r\n"
_HEADER: Final = struct.Struct("<8sI4sQ16sI20x")  # magic, version, dtype, count, digest, CRC-32 of what is before it
_CHECKED: Final = 40  # bytes of the header that its checksum covers; zeros follow the checksum
_PIECE: Final = 1 << 22
_SYNCED_AT_ONCE: Final = 1 << 27
_DTYPES: Final = ("u1", "u4")
_REBUILD: Final = "build the index again with this version of pslidx"


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

    What was written is brought to disk while more is made, on a thread of its own: little is left to wait for.
    """

    def __init__(self, path: Path, dtype: str) -> None:
        self._path = path
        self._dtype = dtype
        self._digest = xxhash.xxh3_128()
        self._count = 0
        self._file = path.open("wb", buffering=0)
        self._unsynced = 0
        self._syncing: list[Future[None]] = []
        self._syncer = ThreadPoolExecutor(1)

    def __enter__(self) -> SectionWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._syncer.shutdown()
        self._file.close()

    def append(self, array: npt.NDArray[Any]) -> None:
        """Add elements at the end."""
        self.place(self._count, array)
        self.account(array)

    def place(self, first: int, array: npt.NDArray[Any]) -> None:
        """Write elements ``first`` on; in any order and from any thread, but each has to be accounted for."""
        payload = self._payload(array)
        place = HEADER_BYTES + first * np.dtype(self._dtype).itemsize
        while payload:
            written = os.pwrite(self._file.fileno(), payload, place)
            payload, place = payload[written:], place + written

    def account(self, array: npt.NDArray[Any]) -> None:
        """Take the next elements, which have been placed, into the digest; from the first to the last."""
        payload = self._payload(array)
        self._digest.update(payload)
        self._count += len(array)
        self._unsynced += len(payload)
        if self._unsynced >= _SYNCED_AT_ONCE:
            self._syncing.append(self._syncer.submit(os.fdatasync, self._file.fileno()))
            self._unsynced = 0

    def finish(self) -> Section:
        """Write the header and bring everything to disk."""
        for syncing in self._syncing:
            syncing.result()
        os.pwrite(self._file.fileno(), _pack_header(self._dtype, self._count, self._digest.digest()), 0)
        os.fsync(self._file.fileno())
        return Section(self._path.name, self._dtype, self._count, self._digest.hexdigest())

    def _payload(self, array: npt.NDArray[Any]) -> memoryview:
        return np.ascontiguousarray(array, _little_endian(self._dtype)).data.cast("B")


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
                    remedy="build the index again",
                )
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        raise InvalidIndexError("is missing", file=str(path), remedy="build the index again") from None
    return np.frombuffer(mapped, _little_endian(section.dtype), section.count, HEADER_BYTES)


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
    problem, remedy = "its header does not match the manifest", "build the index again"
    if len(header) < HEADER_BYTES:
        problem = "is too short to be a section of an index"
    elif not header.startswith(_MAGIC):
        problem = "is no section of an index (wrong magic number)"
    else:
        _, version, dtype, count, _, checksum = _HEADER.unpack(header)
        if checksum != zlib.crc32(header[:_CHECKED]):
            problem = "its header is damaged (wrong checksum)"
        elif version != FORMAT_VERSION:
            age = "older" if version < FORMAT_VERSION else "newer"
            problem, remedy = (
                f"has format version {version}, {age} than this program's {FORMAT_VERSION}",
                _REBUILD,
            )
        elif dtype.rstrip(b"\0").decode("latin-1") not in _DTYPES:
            problem = f"holds elements of unknown type {dtype!r}"
        elif count != section.count:
            problem = f"holds {count:,} elements instead of {section.count:,}"
    raise InvalidIndexError(problem, file=str(path), remedy=remedy)
