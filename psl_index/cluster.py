"""Shards asked, and ordered, by the workers of a Dask cluster.

Dask moves questions and answers, decides who does what, and begins again what a lost worker had not finished. Here is
what it is told: an opened shard is a result that stays on the worker that opened it, and questions go to where it is.
Workers find shards on a path that they share with the client, or copy them to their own disk first. Nothing of Dask is
imported before a cluster is asked for; what runs on the workers is in `psl_index.on_worker`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from psl_index import on_worker
from psl_index.errors import RemoteServiceError, UsageError
from psl_index.index import Index, open_current
from psl_index.manifest import Manifest, ShardRecord
from psl_index.memory import orderings_at_once, usable_memory
from psl_index.on_worker import OpenedShard, Place
from psl_index.progress import Progress
from psl_index.scheduler import processes_here, refuse_unreachable
from psl_index.shard import Shard
from psl_index.shard_order import Ordered, Ordering, ShardDraft

if TYPE_CHECKING:
    from distributed import Client, Future

Answer = TypeVar("Answer")

LOCAL: Final = "local"  # in place of an address: a cluster of processes on this machine, for as long as it is needed

_CONNECTING: Final = 10  # seconds that a scheduler has to answer
_WITHOUT_WORKERS: Final = 60  # seconds that a cluster may be without any
_RETRIES: Final = 2  # of what failed, in case it was the network or a shared file system
_LOSSES: Final = 3  # times that all workers which hold a question may die
_WHY_THEY_DIE: Final = "their logs say why: it may be too little memory, or a disk that cannot be read"
_START_WORKERS: Final = "start some with `dask worker`, and give them time to come up"


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """Use the Dask cluster whose scheduler is at `address`, or one of processes on this machine, made for it (`LOCAL`).

    On leaving, what is still being asked is cancelled.

    Raises
    ------
    UsageError
        Dask is not installed, or `address` is none.
    RemoteServiceError
        The scheduler does not answer, it has no workers, or they have another version of pslidx.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UsageError(
            "a cluster needs Dask, which is not installed", remedy="install it with `pip install 'pslidx[cluster]'`"
        ) from None
    if address == LOCAL:
        with processes_here() as made, Client(made, set_as_default=False) as client:
            yield Cluster(client, address)
    else:
        refuse_unreachable(address, _CONNECTING)
        with Client(address, timeout=_CONNECTING, set_as_default=False) as client:
            yield Cluster(client, address)


class Cluster:
    """A Dask cluster whose workers have this version of pslidx."""

    def __init__(self, client: Client, address: str) -> None:
        self.address = address
        self._client = client
        self._wait_for_a_worker()
        self._refuse_other_versions()

    def open(self, path: str | os.PathLike[str], local_copy: str | None = None) -> ClusterIndex:
        """Open an index on the workers; nothing but its manifest is read here.

        Parameters
        ----------
        path : path
            The index folder, on a path that the workers have in common with this process.
        local_copy : str, optional
            Folder on the workers' own machines: they copy their shards into it, and use the copies from then on.

        Raises
        ------
        InvalidIndexError
            There is no index, or a shard is missing or damaged where the workers are.
        UsageError
            The workers have less memory than mapped files would count for.
        """
        folder = Path(path).absolute()

        def open_shards(manifest: Manifest) -> ClusterIndex:
            self._refuse_too_little_memory(manifest.shards)
            inner = str(folder / manifest.folder)
            places = [Place(inner, local_copy, version("pslidx"), shard) for shard in manifest.shards]
            return ClusterIndex(folder, manifest, self, self._open_all(places))

        return open_current(folder, open_shards)

    def ordering(
        self, *, memory: int | None = None, threads: int = 0, progress: Callable[[Progress], None] | None = None
    ) -> Ordering:
        """Have the shards of a build ordered by the workers, which must see its folder; for `psl_index.build`.

        Each worker orders one shard at a time, in `memory` bytes, by default half of what its machine has. Those of
        `LOCAL` share that, and as many shards are ordered at once as it is enough for.
        """
        limit = None
        if self.address == LOCAL:
            limit = _SharedMemory(usable_memory() // 2 if memory is None else memory, len(self._client.nthreads()))
        ordered: list[_OrderedThere] = []

        def tell() -> None:
            if progress is not None:
                progress(Progress("ordering", sum(one.done() for one in ordered), len(ordered), "shards"))

        def order(folder: Path, draft: ShardDraft) -> Ordered:
            room = memory
            if limit is not None:
                room = limit.for_another(draft.residues)
                while len(waiting := [one for one in ordered if not one.done()]) >= limit.at_once:
                    waiting[0].result()
            here = str(folder.absolute())
            future = self._client.submit(
                on_worker.order, here, draft, room, threads, version("pslidx"), pure=False, retries=_RETRIES
            )
            ordered.append(_OrderedThere(self, ShardThere(draft.folder, future), tell))
            return ordered[-1]

        return order

    def ask(
        self,
        question: Callable[..., Answer],
        shards: Sequence[ShardThere],
        arguments: tuple[object, ...],
        threads: int,
    ) -> list[Answer]:
        """The answers of `shards`, in their order; all workers are sent `arguments` once."""
        lost: BaseException | None = None
        for _ in range(_LOSSES + 1):
            try:
                sent = self._broadcast(on_worker.packed(arguments))
                return self.results(self._submit(question, shards, [sent] * len(shards), threads), shards)
            except (CancelledError, _NotSent) as error:
                # All workers that had the arguments died, and only this process can tell others what was asked.
                lost = error
        raise RemoteServiceError(
            "all workers died of a question, and again", file=self.address, remedy=_WHY_THEY_DIE
        ) from lost

    def ask_each(
        self, question: Callable[..., Answer], shards: Sequence[ShardThere], arguments: Sequence[object], threads: int
    ) -> list[Answer]:
        """As `ask`, where each shard has an argument of its own, a small one; it goes where the shard is."""
        packed = [on_worker.packed((argument,)) for argument in arguments]
        return self.results(self._submit(question, shards, packed, threads), shards)

    def results(self, futures: Sequence[Future], shards: Sequence[ShardThere]) -> list[Any]:
        """Wait for a result about each shard.

        Raises
        ------
        RemoteServiceError
            One worker after the other died of one, there are none any more, or the scheduler has gone.
        CancelledError
            What one is made of is lost.
        """
        from distributed import KilledWorker, wait

        while not all(future.done() for future in futures):
            try:
                with self._while_it_runs(), self._client.as_current():
                    wait(futures, timeout=_WITHOUT_WORKERS)
            except TimeoutError:
                self._wait_for_a_worker()
        for future, shard in zip(futures, shards, strict=True):
            try:
                if future.status != "finished":
                    future.result()
            except KilledWorker as error:
                raise RemoteServiceError(
                    f"one worker after the other died over {shard.name}", file=self.address, remedy=_WHY_THEY_DIE
                ) from error
        with self._while_it_runs():
            gathered: list[Any] = self._client.gather(list(futures))
        return gathered

    def _broadcast(self, arguments: bytes) -> Future:
        try:
            with self._while_it_runs():
                (sent,) = self._client.scatter([arguments], broadcast=True, hash=False, timeout=_WITHOUT_WORKERS)
        except TimeoutError:
            raise self._has_no_workers() from None
        except (OSError, ValueError, KeyError) as error:  # as the scheduler stumbles over workers that have just died
            raise _NotSent from error
        return sent

    def _submit(
        self,
        question: Callable[..., Answer],
        shards: Sequence[ShardThere],
        arguments: Sequence[Future | bytes],
        threads: int,
    ) -> list[Future]:
        """Ask each shard, with the packed arguments for it, or where they are."""
        n = len(shards)
        opened = [shard.future for shard in shards]
        asked: list[Future] = self._client.map(
            on_worker.answer, [question] * n, opened, arguments, [threads] * n, pure=False, retries=_RETRIES
        )
        return asked

    def _open_all(self, places: Sequence[Place]) -> list[ShardThere]:
        """Open shards; handed over together, Dask spreads them evenly over the workers."""
        self._wait_for_a_worker()
        opened = self._client.map(OpenedShard, places, pure=False, retries=_RETRIES)
        shards = [ShardThere(place.record.folder, future) for place, future in zip(places, opened, strict=True)]
        self.results(self._client.map(on_worker.count_entries, opened, pure=False), shards)
        return shards

    def _wait_for_a_worker(self) -> None:
        try:
            with self._while_it_runs():
                self._client.wait_for_workers(1, timeout=_WITHOUT_WORKERS)
        except TimeoutError:
            raise self._has_no_workers() from None

    def _has_no_workers(self) -> RemoteServiceError:
        return RemoteServiceError("has no workers", file=self.address, remedy=_START_WORKERS)

    @contextmanager
    def _while_it_runs(self) -> Iterator[None]:
        try:
            yield
        except (OSError, CancelledError) as error:
            if self._client.status == "running":
                raise
            raise RemoteServiceError(
                "the scheduler has gone", file=self.address, remedy="start it again, and ask again"
            ) from error

    def _refuse_other_versions(self) -> None:
        ours = version("pslidx")
        with self._while_it_runs():
            theirs = self._client.run(version, "pslidx", on_error="return")  # nothing of ours, which may not be there
        for worker, found in sorted(theirs.items()):
            if found != ours and isinstance(found, str | PackageNotFoundError):  # else it is gone
                has = f"has pslidx {found}" if isinstance(found, str) else "has no pslidx"
                raise RemoteServiceError(
                    f"{has}, the client has {ours}", file=f"worker {worker}", remedy="install the same version on both"
                )

    def _refuse_too_little_memory(self, shards: Sequence[ShardRecord]) -> None:
        """Refuse workers that Dask would stop once they have read enough of the files they have mapped."""
        with self._while_it_runs():
            limits = self._client.run(on_worker.memory_limit, on_error="ignore")
        mapped = max(shard.n_bytes for shard in shards) * -(-len(shards) // max(len(limits), 1))
        for worker, limit in sorted(limits.items()):
            if limit and limit < mapped:
                raise UsageError(
                    f"may have no more than {limit:,} bytes of memory, and {mapped:,} of mapped files count towards it",
                    file=f"worker {worker}",
                    remedy="start it with `--memory-limit 0`: the system takes mapped memory back when it has to",
                )


class _NotSent(Exception):
    """What is asked did not reach the workers."""


class ClusterIndex(Index):
    """An index whose shards are open on the workers of a cluster."""

    def __init__(self, path: Path, manifest: Manifest, cluster: Cluster, opened: Sequence[ShardThere]) -> None:
        super().__init__(path, manifest, ())
        self._cluster = cluster
        self._opened = opened

    @property
    def shards(self) -> tuple[Shard, ...]:
        """None are here: UsageError."""
        raise UsageError("its shards are open on the workers of a cluster only", file=str(self.path))

    def close(self) -> None:
        """Let go of the shards on the workers: they close them."""
        for shard in self._opened:
            shard.future.release()
        self._opened = ()

    def over_shards(self, question: Callable[..., Answer], *arguments: object, threads: int = 0) -> Iterator[Answer]:
        """As `Index.over_shards`, on the workers; `threads` 0 means as many as each worker has."""
        return iter(self._cluster.ask(question, self._shards_there(), arguments, threads))

    def ask_each(self, question: Callable[..., Answer], arguments: Sequence[object]) -> Iterator[Answer]:
        """As `Index.ask_each`, on the workers; each is sent what is for its own shards."""
        return iter(self._cluster.ask_each(question, self._shards_there(), arguments, 0))

    def _shards_there(self) -> Sequence[ShardThere]:
        if not self._opened:
            raise UsageError("is closed", file=str(self.path), remedy="open it again")
        return self._opened


class ShardThere(NamedTuple):
    """A shard that a worker has opened, or makes."""

    name: str
    future: Future


class _OrderedThere:
    """A shard that a worker orders; an `Ordered`. `tell` is called before and after it is waited for."""

    def __init__(self, cluster: Cluster, shard: ShardThere, tell: Callable[[], None]) -> None:
        self._cluster = cluster
        self._shard = shard
        self._tell = tell
        self._record: ShardRecord | None = None

    def done(self) -> bool:
        return self._record is not None or bool(self._shard.future.done())

    def result(self) -> ShardRecord:
        if self._record is None:
            self._tell()
            self._record = self._cluster.results([self._shard.future], [self._shard])[0]
            # Dask makes again what is wanted still and was on a worker that died: never a shard that is finished.
            self._shard.future.release()
            self._tell()
        return self._record

    def cancel(self) -> None:
        if self._record is None:
            self._shard.future.cancel()


class _SharedMemory:
    """What the workers of `LOCAL` may use together to order shards.

    Attributes
    ----------
    at_once : int
        Shards that may be ordered at once.
    """

    def __init__(self, memory: int, workers: int) -> None:
        self.at_once = workers
        self._memory = memory

    def for_another(self, residues: int) -> int:
        """Bytes for a shard of so many residues; from now on there may be fewer at once, never more."""
        self.at_once = min(self.at_once, orderings_at_once(self._memory, residues))
        return self._memory // self.at_once
