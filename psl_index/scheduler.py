"""A Dask scheduler to work with: one made on this machine for a while, or one that runs elsewhere and answers."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING

from psl_index.errors import RemoteServiceError, UsageError

if TYPE_CHECKING:
    from distributed import LocalCluster


@contextmanager
def processes_here() -> Iterator[LocalCluster]:
    """A scheduler, and workers that are processes on this machine."""
    from distributed import LocalCluster

    with ExitStack() as entered:
        with _children_without_interrupts():
            # Mapped files count as a process's memory, and Dask ends what has too much of it: no limit.
            made = entered.enter_context(
                LocalCluster(memory_limit=0, dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL)
            )
        yield made


def refuse_unreachable(address: str, seconds: float) -> None:
    """Say hello and leave. `Client` does, too, but one that fails goes on complaining when it is taken down.

    Raises
    ------
    UsageError
        `address` is none.
    RemoteServiceError
        No scheduler answers there within so many seconds.
    """
    beside = ThreadPoolExecutor(1)  # on this thread there may be an event loop, as in a notebook
    try:
        beside.submit(lambda: asyncio.run(_handshake(address, seconds))).result()
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"is no address of a Dask scheduler: {error}", file=address, remedy="give one such as tcp://host:8786"
        ) from error
    except Exception as error:  # anything may listen there, and answer otherwise than Dask expects
        raise RemoteServiceError(
            "no Dask scheduler answers", file=address, remedy="check the address, and that it runs"
        ) from error
    finally:
        beside.shutdown(wait=False)


async def _handshake(address: str, seconds: float) -> None:
    from distributed import Security
    from distributed.comm import connect as connect_to

    arguments = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect_to(address, timeout=seconds, **arguments), seconds)
    await comm.close()


@contextmanager
def _children_without_interrupts() -> Iterator[None]:
    """Processes that are started here, and threads with the processes they start, do not get Ctrl-C: it is for us."""
    resource_tracker.ensure_running()  # it would take the mask away when it is started on the way
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
