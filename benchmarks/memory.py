"""How much memory a piece of work takes: in this process, or a command's."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_EVERY = 0.01  # seconds between two looks


@dataclass(frozen=True)
class Usage:
    """What a command took."""

    seconds: float
    resident: int  # bytes, at most: mapped files included
    anonymous: int  # bytes, at most


@contextlib.contextmanager
def peak_anonymous_memory() -> Iterator[list[int]]:
    """Largest growth of this process's anonymous memory, in bytes; in the list once the block is left."""
    before = _anonymous("self")
    peak = [0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            peak[0] = max(peak[0], _anonymous("self") - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def run_watched(command: Sequence[str]) -> Usage:
    """Run a command to its end.

    Raises
    ------
    subprocess.CalledProcessError
        It failed; the exception has what it wrote to its standard error.
    """
    began = time.perf_counter()
    anonymous = 0
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors)
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            anonymous = max(anonymous, _anonymous(process.pid))
            time.sleep(_EVERY)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise subprocess.CalledProcessError(process.returncode, command, stderr=errors.read())
    return Usage(seconds, usage.ru_maxrss * 1024, anonymous)


def _anonymous(process: int | str) -> int:
    """Anonymous memory of a process in bytes; 0 where it has ended."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    return 0
