"""Arguments and options that several commands share, and the kinds of value they take."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from psl_eval.results.formats import FORMATS
from pslidx.exit_codes import Session

Command = TypeVar("Command", bound=Callable[..., Any])

_MOST_THREADS: Final = 1024  # more bring no machine anything, and torch down
_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


class NumberRange(click.FloatRange):
    """A range of finite numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The number; a usage error where it is none, or outside."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value!r} is not a finite number.", param, ctx)
        return number


def size_in_bytes(text: str) -> int:
    """A number of bytes from ``800M``, ``8G``, ``8GiB`` (powers of 1024) or a plain number."""
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(?:i?B)?", text.strip(), re.IGNORECASE)
    if match is None or not float(match[1]):
        raise click.BadParameter(f"{text!r} is not a size such as 800M or 8G.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def debug_option(command: Command) -> Command:
    """``--debug``, before or after the name of a command."""
    return click.option(
        "--debug",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_set_debug,
        help="Print the traceback of an error.",
    )(command)


def index_argument(command: Command) -> Command:
    """INDEX, the folder of an index."""
    return click.argument("index", type=click.Path(path_type=Path))(command)


def source_options(command: Command) -> Command:
    """``--columns`` and ``--skip-bad``, for a command that reads sources."""
    columns = click.option(
        "--columns",
        metavar="OURS=THEIRS,...",
        help="Names of the columns accession, sequence and locations in a table, where it has others.",
    )
    skip_bad = click.option("--skip-bad", is_flag=True, help="Pass over bad entries, and say how many there were.")
    return columns(skip_bad(command))


def threads_option(command: Command) -> Command:
    """``--threads``, 0 for all cores."""
    return click.option(
        "--threads",
        type=click.IntRange(0, _MOST_THREADS),
        default=0,
        metavar="N",
        help="Threads to use; 0, the default, means all cores.",
    )(command)


def scheduler_option(command: Command) -> Command:
    """``--scheduler``, for a command that can have its shards worked on by a Dask cluster."""
    return click.option(
        "--scheduler",
        metavar="ADDRESS",
        help="Have the shards worked on by the Dask cluster whose scheduler is at ADDRESS, such as tcp://host:8786; "
        "local makes one of processes on this machine. Takes the extra pslidx[cluster].",
    )(command)


def cluster_options(command: Command) -> Command:
    """``--scheduler`` and ``--local-copy``, for a command that asks an index."""
    local_copy = click.option(
        "--local-copy",
        metavar="DIR",
        help="With --scheduler: have each worker copy its shards into DIR on its own machine, checked by digest, and "
        "use the copies. DIR may hold variables that are set where the workers run, such as '$TMPDIR/pslidx'.",
    )
    return scheduler_option(local_copy(command))


def deadline_option(help_text: str, default: float | None = None) -> Callable[[Command], Command]:
    """``--deadline``, for a command that asks an online service."""
    return click.option(
        "--deadline",
        type=NumberRange(min=0, min_open=True, max=10_000_000),
        default=default,
        metavar="SECONDS",
        help=help_text,
    )


def output_options(command: Command) -> Command:
    """``--format`` and ``-o``, for a command that prints one table; see `pslidx.destination.choose`."""
    to_file = click.option(
        "-o",
        "--output",
        metavar="FILE",
        help="Write to FILE instead of standard output; it appears when it is complete. Its ending sets the format.",
    )
    return _format_option("Format of the table; tsv unless the ending of FILE says otherwise.")(to_file(command))


def format_option(command: Command) -> Command:
    """``--format``, for a command that writes several tables into a folder."""
    return _format_option("Format of the tables; tsv is the default.")(command)


def _format_option(help_text: str) -> Callable[[Command], Command]:
    return click.option("--format", "table_format", type=click.Choice(FORMATS), help=help_text)


def _set_debug(context: click.Context, _: click.Parameter, debug: bool) -> None:
    context.ensure_object(Session).debug |= debug
