"""What the workers of a cluster do, as `psl_index.cluster` tells them: open shards, answer about them, order them."""

from __future__ import annotations

import pickle
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from psl_index.errors import PslidxError, RemoteServiceError, UsageError
from psl_index.local_copy import alone_in, checked_copy, local_folder, refuse_missing
from psl_index.manifest import ShardRecord
from psl_index.memory import room_for_ordering
from psl_index.shard import Shard, open_shard
from psl_index.shard_order import ShardDraft, order_shard

if TYPE_CHECKING:
    from distributed import Worker

Answer = TypeVar("Answer")

_one_at_a_time = threading.Lock()  # orderings in one worker process: each needs the memory that a build was given


@dataclass(frozen=True)
class Place:
    """Where a worker finds a shard."""

    index_folder: str
    local_copy: str | None  # folder on the worker's machine, as the user gave it
    client_version: str  # of pslidx
    record: ShardRecord


class OpenedShard:
    """A shard on the worker that opened it; to send it to another one means to have that open it, too.

    Nothing else on the worker holds the shard: its files are let go of when the client lets go of this.
    """

    def __init__(self, place: Place) -> None:
        _refuse_other_version(place.client_version)
        with _named():
            self.shard = _open(place)
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return OpenedShard, (self._place,)

    def __sizeof__(self) -> int:
        # What the worker has mapped, and read or copied by and by: so Dask moves the questions, not the shards.
        return self._place.record.n_bytes


def count_entries(opened: OpenedShard) -> int:
    """Entries of a shard: an answer that shows that it is open."""
    return opened.shard.n_entries


def packed(arguments: tuple[object, ...]) -> bytes:
    """Arguments as they travel; arrays made of that are aligned and can be written, as the kernels are compiled for.

    Those that newer protocols make lie wherever they happen to in what was received, and Arrow complains of that.
    """
    return pickle.dumps(arguments, protocol=4)


def answer(question: Callable[..., Answer], opened: OpenedShard, arguments: bytes, threads: int) -> Answer:
    """Ask a shard; `threads` 0 means as many as the worker has."""
    return question(opened.shard, *pickle.loads(arguments), threads=threads or _threads_of_worker())


def order(folder: str, draft: ShardDraft, memory: int | None, threads: int, client_version: str) -> ShardRecord:
    """Order the shard in `folder` in `memory` bytes, None for half of what the machine has.

    Raises
    ------
    UsageError
        The folder is not there for this worker.
    RemoteServiceError
        This worker has another version of pslidx than the client.
    """
    _refuse_other_version(client_version)
    shard = Path(folder)
    if not shard.is_dir():
        raise UsageError(
            f"is not there for the worker at {_address()}",
            file=folder,
            remedy="build in a folder that the client and all workers see",
        )
    # A worker that Dask has given up may still be at it: two must not write the same files at once.
    with _one_at_a_time, alone_in(shard):
        room = room_for_ordering(memory, draft.residues, threads or _threads_of_worker())
        return order_shard(shard, draft, room.threads, round_rows=room.round_rows)


def memory_limit(dask_worker: Worker) -> int | None:
    """Bytes beyond which Dask stops a worker, None without a limit."""
    limit: int | None = dask_worker.memory_manager.memory_limit
    return limit


def _open(place: Place) -> Shard:
    folder = Path(place.index_folder)
    if place.local_copy is None:
        refuse_missing(folder / place.record.folder)
    else:
        folder = checked_copy(folder, place.record, local_folder(place.local_copy))
    return open_shard(folder, place.record)


@contextmanager
def _named() -> Iterator[None]:
    """Within this, errors say which worker they are about: the same path may mean something else on another one."""
    try:
        yield
    except PslidxError as error:
        problem = f"{error.problem} for the worker at {_address()}"
        raise type(error)(problem, file=error.file, line=error.line, remedy=error.remedy) from error


def _refuse_other_version(client_version: str) -> None:
    """A worker may have come after the client had looked at all of them."""
    if version("pslidx") != client_version:
        raise RemoteServiceError(
            f"has pslidx {version('pslidx')}, the client has {client_version}",
            file=f"worker {_address()}",
            remedy="install the same version on both",
        )


def _address() -> str:
    from distributed import get_worker

    return str(get_worker().address)


def _threads_of_worker() -> int:
    from distributed import get_worker

    return int(get_worker().state.nthreads)
