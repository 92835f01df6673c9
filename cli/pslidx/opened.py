"""Where the shards of an index are asked: in this process, or on the cluster that `--scheduler` names."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pslidx.messages import warn
from pslidx.signals import deferred, raised

if TYPE_CHECKING:
    from psl_index import Index
    from psl_index.cluster import Cluster


@contextmanager
def opened(index: Path, scheduler: str | None, local_copy: str | None) -> Iterator[Index]:
    """Open an index, here or on the workers of a cluster; after Ctrl-C they are told to stop."""
    if scheduler is None:
        if local_copy is not None:
            raise click.UsageError("--local-copy goes with --scheduler only.")
        from psl_index import Index

        with Index.open(index) as here:
            yield here
    else:
        with raised(), connected(scheduler) as cluster, cluster.open(index, local_copy) as there:
            yield there


@contextmanager
def connected(scheduler: str) -> Iterator[Cluster]:
    """The cluster whose scheduler is at an address; what Dask logs about it is not printed, its warnings are a line."""
    from psl_index.cluster import LOCAL, connect

    # The processes of a cluster made here must not be left when they are half started, or half ended.
    whole = deferred if scheduler == LOCAL else nullcontext
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), ExitStack() as entered:
            warnings.showwarning = lambda message, *_, **__: warn(f"{scheduler}: {_first_line(message)}")
            with whole():
                cluster = entered.enter_context(connect(scheduler))
            try:
                yield cluster
            finally:
                with whole():
                    entered.close()
    finally:
        logging.disable(logging.NOTSET)


def _first_line(message: Warning | str) -> str:
    return next(iter(str(message).splitlines()), "")
