"""Opening the files users name: plain or compressed, told apart by content, a pipe as well as a file.

Whatever comes out has been checked as far as the compression allows: a source that ends early, is damaged, or
goes on after its end is an error, never a shorter result.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import re
import sys
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle
from types import TracebackType
from typing import Any, Final, Protocol, Self, cast

import pyarrow as pa
from isal import igzip_lib

from psl_index.errors import InputError

_RAW_BYTES: Final = 1 << 18  # read from the disk at a time where decompression takes place
_GZIP: Final = re.compile(rb"\x1f\x8b")
_XZ: Final = re.compile(rb"\xfd7zXZ\0")
_ZSTD: Final = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")  # a frame, or a skippable one before it
_MAGIC_BYTES: Final = 6
_HASHED_AT_ONCE: Final = 1 << 18
_COPIES: Final = 16
_BOM: Final = b"\xef\xbb\xbf"
_AGAIN: Final = "download or copy it again"
_DAMAGE: Final[tuple[Any, ...]] = (igzip_lib.error, lzma.LZMAError)


def open_source(path: str | os.PathLike[str], *, digest: bool = True) -> Source:
    """Open a file, or standard input for ``-``, to be read once from beginning to end.

    Compression (gzip, xz, zstd) is recognised by its first bytes. A UTF-8 byte order mark is dropped. Without
    `digest` the bytes are not hashed, and the source has no `sha256`.

    Raises
    ------
    InputError
        The file cannot be opened, or its first bytes cannot be read.
    """
    name = os.fspath(path)
    if name == "-":
        if sys.stdin is None:
            raise InputError("standard input is closed", file=name, remedy="name a file, or pipe one in")
        return Source(name, cast(io.BufferedReader, sys.stdin.buffer), digest=digest)
    try:
        return Source(name, open(name, "rb", buffering=0), digest=digest)
    except OSError as error:
        raise _unreadable(name, error) from error


class Source:
    """The decompressed bytes of one source, in order, read once.

    Attributes
    ----------
    name : str
        As the user gave it.
    raw_size : int or None
        Size of the file on disk (compressed, where it is), None where that is not known, as with a pipe.
    """

    def __init__(self, name: str, stream: io.RawIOBase | io.BufferedIOBase, *, digest: bool = True) -> None:
        self.name = name
        self._raw = _Raw(stream, _Digest() if digest else None, owned=name != "-")
        self.raw_size = self._raw.size_on_disk()
        self._head = b""
        try:
            self._content = self._decompressed()
            head = self.peek(len(_BOM))
        except BaseException:
            self.close()
            raise
        if head == _BOM:
            self._head = self._head[len(_BOM) :]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; standard input stays open."""
        self._raw.stop_hashing()
        self._raw.close()

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` (anything writable); returns how many bytes, fewer than it holds only at the end.

        Raises
        ------
        InputError
            The file is truncated or damaged, or goes on after the end of its compressed contents.
        """
        view = memoryview(buffer).cast("B")
        filled = min(len(self._head), len(view))
        view[:filled] = self._head[:filled]
        self._head = self._head[filled:]
        try:
            while filled < len(view):
                count = self._content.readinto(view[filled:])
                if not count:
                    break
                filled += count
        except _DAMAGE as error:
            raise InputError(f"damaged compressed data ({error})", file=self.name, remedy=_AGAIN) from error
        except OSError as error:
            raise _unreadable(self.name, error) from error
        return filled

    def read(self, size: int = -1) -> bytes:
        """The next `size` bytes, fewer only at the end, or all that are left; raises as `readinto` does."""
        if size < 0:
            return b"".join(iter(lambda: self.read(_RAW_BYTES), b""))
        buffer = bytearray(size)
        filled = self.readinto(buffer)
        return bytes(memoryview(buffer)[:filled])

    def peek(self, size: int) -> bytes:
        """What `read` would return, which stays to be read; raises as `readinto` does."""
        if len(self._head) < size:
            self._head = self.read(size)
        return self._head[:size]

    @property
    def bytes_read(self) -> int:
        """Raw bytes taken from the file so far, to be held against `raw_size`."""
        return self._raw.bytes_read

    @property
    def size(self) -> int:
        """Raw bytes in all; ValueError before the end has been read."""
        self._raw.require_end(self.name)
        return self._raw.bytes_read

    @property
    def sha256(self) -> str:
        """SHA-256 of the raw bytes, 64 hex digits; ValueError before the end has been read, or without digest."""
        self._raw.require_end(self.name)
        if self._raw.digest is None:
            raise ValueError(f"{self.name} was opened without digest")
        return self._raw.digest.hexdigest()

    def _decompressed(self) -> _Readable:
        try:
            magic = self._raw.peek(_MAGIC_BYTES)
        except OSError as error:
            raise _unreadable(self.name, error) from error
        if _GZIP.match(magic):
            return _Members(
                self._raw,
                self.name,
                "gzip",
                _GZIP,
                lambda: igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP),
            )
        if _XZ.match(magic):
            return _Members(self._raw, self.name, "xz", _XZ, _xz_decompressor)
        if _ZSTD.match(magic):
            return _Zstandard(self._raw, self.name)
        return self._raw


class _Readable(Protocol):
    def readinto(self, view: Any, /) -> int | None:
        """Fill part of `view`; 0 only at the end."""


class _Raw(io.RawIOBase):
    """The file as it lies on disk, counted and hashed while it is read."""

    def __init__(self, stream: io.RawIOBase | io.BufferedIOBase, digest: _Digest | None, *, owned: bool) -> None:
        self._owned = owned  # standard input is not: it stays open, also when this object goes
        self.bytes_read = 0
        self.digest = digest
        self._stream = stream
        self._head = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        if self._head:
            count = min(len(self._head), len(view))
            view[:count] = self._head[:count]
            self._head = self._head[count:]
            return count
        count = self._stream.readinto(view) or 0
        self._ended = self._ended or (count == 0 and len(view) > 0)
        self.bytes_read += count
        if self.digest is not None and count:
            self.digest.update(view[:count])
        return count

    def peek(self, size: int) -> bytes:
        """The first `size` bytes, fewer where the file is shorter; only before anything was read."""
        head = bytearray()
        while len(head) < size and (more := self.read(size - len(head))):
            head += more
        self._head = bytes(head)
        return self._head

    def close(self) -> None:
        if self._owned:
            self._stream.close()
        super().close()

    def stop_hashing(self) -> None:
        """Let the thread that hashes end."""
        if self.digest is not None:
            self.digest.stop()

    def require_end(self, name: str) -> None:
        """ValueError where there may be more to read."""
        if not self._ended:
            raise ValueError(f"{name} has not been read to its end")

    def size_on_disk(self) -> int | None:
        """Bytes of a regular file, None for anything else."""
        with suppress(OSError):  # of streams that have no file behind them, such as a test's standard input
            status = os.fstat(self._stream.fileno())
            return status.st_size if os.path.isfile(self._stream.fileno()) else None
        return None


class _Digest:
    """SHA-256 of pieces, on a thread of its own: reading does not wait half a second a gigabyte for it."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sha256")
        self._waiting: deque[Future[None]] = deque()
        self._copies = cycle([bytearray(_HASHED_AT_ONCE) for _ in range(_COPIES)])

    def update(self, content: memoryview) -> None:
        """Add what comes next, which is copied; waits where more than a little is not hashed yet."""
        for start in range(0, len(content), _HASHED_AT_ONCE):
            if len(self._waiting) == _COPIES:
                self._waiting.popleft().result()
            piece = content[start : start + _HASHED_AT_ONCE]
            copy = memoryview(next(self._copies))[: len(piece)]
            copy[:] = piece
            self._waiting.append(self._thread.submit(self._sha256.update, copy))

    def hexdigest(self) -> str:
        """Of all pieces so far."""
        while self._waiting:
            self._waiting.popleft().result()
        return self._sha256.hexdigest()

    def stop(self) -> None:
        self._thread.shutdown(cancel_futures=True)


class _Members:
    """The contents of a gzip or xz file: any number of members, zero bytes after each of them allowed."""

    def __init__(
        self, raw: _Raw, name: str, kind: str, magic: re.Pattern[bytes], new_decompressor: Callable[[], Any]
    ) -> None:
        self._raw = raw
        self._name = name
        self._kind = kind
        self._magic = magic
        self._new_decompressor = new_decompressor
        self._decompressor = new_decompressor()
        self._compressed = b""  # read, not yet taken by the decompressor
        self._ended = False

    def readinto(self, view: memoryview) -> int:
        content = b""
        while not content and not self._ended:
            content = self._decompressor.decompress(self._compressed, min(len(view), _RAW_BYTES))
            self._compressed = b""
            if self._decompressor.eof:
                self._next_member(self._decompressor.unused_data)
            elif not content and self._decompressor.needs_input:
                self._compressed = self._raw.read(_RAW_BYTES) or b""
                if not self._compressed:
                    raise InputError(f"the {self._kind} data ends too early", file=self._name, remedy=_AGAIN)
        view[: len(content)] = content
        return len(content)

    def _next_member(self, rest: bytes) -> None:
        """Turn to what follows a member: another one, or the end."""
        rest = rest.lstrip(b"\0")
        while len(rest) < _MAGIC_BYTES and (more := self._raw.read(_RAW_BYTES)):
            rest = (rest + more).lstrip(b"\0")
        if not rest:
            self._ended = True
        elif self._magic.match(rest):
            self._decompressor = self._new_decompressor()
            self._compressed = rest
        else:
            raise InputError(
                f"something else follows the {self._kind} data",
                file=self._name,
                remedy=f"{_AGAIN}, or unpack it and look at its end",
            )


def _xz_decompressor() -> Any:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ)


class _Zstandard:
    """The contents of a zstd file: any number of frames."""

    def __init__(self, raw: _Raw, name: str) -> None:
        self._name = name
        self._stream = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), "zstd")

    def readinto(self, view: memoryview) -> int:
        try:
            return int(self._stream.readinto(view))
        except OSError as error:
            if error.errno is not None:
                raise
            raise InputError(f"truncated or damaged zstd data ({error})", file=self._name, remedy=_AGAIN) from error


def _unreadable(name: str, error: OSError) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError("no such file", file=name, remedy="check the path")
    if isinstance(error, IsADirectoryError):
        return InputError("a folder, expected a file", file=name, remedy="name the file inside it")
    if isinstance(error, PermissionError):
        return InputError("no permission to read it", file=name, remedy="check its owner and mode")
    return InputError(f"cannot be read ({error.strerror or error})", file=name, remedy="check the disk, or copy it")
