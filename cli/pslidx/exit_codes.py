"""The one place that turns the end of a run into an exit code and a line on standard error.

====  ==============================================================================================
code  meaning
====  ==============================================================================================
0     done; finding nothing is done too
1     bad data in a file, truncated input, a result that cannot be written, another process building
2     usage: an unknown option, a bad peptide on the command line, SQL that does not parse
3     not an index, or a damaged one
4     a remote service that cannot be reached or used: the cluster of `--scheduler`, an online service
130   interrupted (Ctrl-C)
141   who read standard output closed it early, as ``head`` does; says nothing, like coreutils
143   terminated
====  ==============================================================================================
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import click

from psl_index import errors
from pslidx.signals import Interrupted

OK: Final = 0
FAILED: Final = 1
USAGE: Final = 2
INVALID_INDEX: Final = 3
REMOTE_SERVICE: Final = 4
SIGNALLED: Final = 128  # plus the signal's number, as shells report it

_CODES: Final = (  # the first class that fits counts
    (errors.UsageError, USAGE),
    (errors.InvalidIndexError, INVALID_INDEX),
    (errors.RemoteServiceError, REMOTE_SERVICE),
    (errors.PslidxError, FAILED),
)
_REPORT_IT: Final = "this is a bug in pslidx; please report it with the traceback that `--debug` prints"


@dataclass
class Session:
    """What one run of the command knows about itself."""

    debug: bool = False  # print tracebacks
    error: BaseException | None = None  # what ended it


def run(command: Callable[[], int], session: Session) -> int:
    """Run `command`, report how it failed if it did, and return the exit code."""
    try:
        code = command()
        _flush_standard_output()
    except BaseException as error:
        # Kept to the end of the process: what an interrupt left half made in other libraries would complain
        # when it goes with the traceback.
        session.error = error
        code, complaint = _outcome(error)
        with suppress(OSError):  # what was written before the error, if it can be
            _flush_standard_output()
        _report(error if session.debug else None, complaint)
    return code


def _flush_standard_output() -> None:
    if sys.stdout is not None:
        sys.stdout.flush()


def _outcome(error: BaseException) -> tuple[int, str | None]:
    """Exit code and complaint (None: say nothing)."""
    if isinstance(error, Interrupted):
        return SIGNALLED + error.number, str(error)
    if isinstance(error, BrokenPipeError):
        return SIGNALLED + signal.SIGPIPE, None
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, f"error: {error}"
    if isinstance(error, OSError):
        file = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        return FAILED, f"error: {file}{error.strerror or error}"
    if isinstance(error, MemoryError):
        return FAILED, "error: not enough memory"
    return _outcome_of_click(error) or (FAILED, f"error: {type(error).__name__}: {error}; {_REPORT_IT}")


def _outcome_of_click(error: BaseException) -> tuple[int, str | None] | None:
    if isinstance(error, click.UsageError):
        command = "pslidx" if error.ctx is None else error.ctx.command_path
        return USAGE, f"error: {error.format_message().rstrip('.')}; see `{command} -h`"
    return None


def _report(error: BaseException | None, complaint: str | None) -> None:
    """Print the complaint as one line, before it the traceback of `error`."""
    with suppress(OSError):  # standard error may be closed, and there is nowhere else to say so
        if error is not None:
            click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
        if complaint is not None:
            click.echo(f"pslidx: {' '.join(complaint.split())}", err=True)
