"""Commands run in children that are forked from a process which has imported and compiled everything."""

from __future__ import annotations

import multiprocessing
import os
import resource
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import NamedTuple

#: Options of `hitrate` where its statistics do not matter.
QUICK = ("--null", "none", "--resamples", "2")


class Ended(NamedTuple):
    """How a child ended."""

    code: int  # exit code, or minus the number of the signal that killed it
    said: str  # on standard output and standard error


class Child:
    """A child that runs a function of a module; what it says is kept, as far as a pipe holds it."""

    def __init__(self, work: Callable[..., object], *arguments: object) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["tests.faults.warmed_up"])
        self._said, saying = context.Pipe(duplex=False)
        self.process = context.Process(target=_begin, args=(saying, work, arguments))
        self.process.start()
        saying.close()

    @property
    def number(self) -> int:
        """The process number."""
        assert self.process.pid is not None
        return self.process.pid

    def ended(self) -> Ended:
        """Wait for it to end."""
        with open(self._said.fileno(), "rb", closefd=False) as said:
            text = said.read().decode()
        self._said.close()
        self.process.join()
        code = self.process.exitcode
        self.process.close()
        assert code is not None
        return Ended(code, text)


def run(work: Callable[..., object], *arguments: object) -> Ended:
    """Run a function of a module in a child, to its end."""
    return Child(work, *arguments).ended()


def pslidx(*arguments: object) -> None:
    """The command `pslidx`, which ends the process."""
    from pslidx.main import main

    sys.argv = ["pslidx", *map(str, arguments)]
    main()


def pslidx_with_small_files(limit: int, *arguments: object) -> None:
    """The command, where no file may grow beyond `limit` bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    pslidx(*arguments)


def _begin(saying: Connection, work: Callable[..., object], arguments: tuple[object, ...]) -> None:
    os.dup2(saying.fileno(), 1)
    os.dup2(saying.fileno(), 2)
    saying.close()
    sys.stdout = os.fdopen(1, "w", closefd=False)  # the one before may be for a file, and would seek in this pipe
    work(*arguments)
