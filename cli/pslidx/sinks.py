"""Where results are written to: standard output, or a file that appears only when it is complete."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from psl_index.errors import OutputError
from pslidx.signals import raised


class Sink:
    """A stream whose failures are `OutputError`s that name the file; a closed pipe stays BrokenPipeError.

    As much of a file as Arrow needs to write to it.
    """

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self.closed = False
        self._stream = stream
        self._name = name
        self._written = 0

    def write(self, piece: bytes | memoryview) -> int:
        """Write all of `piece`; returns its length.

        After a failure nothing is written: Arrow tries to finish an unfinished file when it is dropped.
        """
        if not self._stream.closed:
            with _reported(self._name):
                self._stream.write(piece)
        size = memoryview(piece).nbytes
        self._written += size
        return size

    def tell(self) -> int:
        """Bytes written."""
        return self._written

    def flush(self) -> None:
        """Hand over to the system what is buffered."""
        with _reported(self._name):
            self._stream.flush()

    def close(self) -> None:
        """Nothing: who opened the stream closes it."""


@contextmanager
def standard_output() -> Iterator[Sink]:
    """Standard output as a sink."""
    if sys.stdout is None:
        raise OutputError("is closed", file="standard output", remedy="name a file with -o")
    sink = Sink(sys.stdout.buffer, "standard output")
    yield sink
    sink.flush()


@contextmanager
def file(path: Path) -> Iterator[Sink]:
    """A sink for `path`, which is replaced in one step at the end; on any failure nothing is left behind.

    The bytes are on disk before `path` names them. A link is followed; a device or a named pipe is written
    to as it is.
    """
    name = str(path)
    target = Path(os.path.realpath(path))
    if _is_special(target):
        with _opened(target, "wb", name) as stream:
            yield Sink(stream, name)
        return
    temporary = target.with_name(f".pslidx-{secrets.token_hex(8)}.tmp")
    with raised(), _removed_on_failure(temporary):
        with _opened(temporary, "xb", name) as stream:
            yield Sink(stream, name)
            with _reported(name):
                stream.flush()
                os.fsync(stream.fileno())
        with _reported(name):
            os.replace(temporary, target)


@contextmanager
def _removed_on_failure(path: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _is_special(path: Path) -> bool:
    return path.exists() and not stat.S_ISREG(path.stat().st_mode)


@contextmanager
def _opened(path: Path, mode: Literal["wb", "xb"], name: str) -> Iterator[BinaryIO]:
    with _reported(name):
        stream = path.open(mode)
    try:
        yield stream
    except BaseException:
        with suppress(OSError):  # what could not be written fails once more when it is flushed
            stream.close()
        raise
    with _reported(name):
        stream.close()


@contextmanager
def _reported(name: str) -> Iterator[None]:
    """Raise a failure of the system while writing `name` as an `OutputError`."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", file=name) from error
