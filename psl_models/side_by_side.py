"""Batches on all threads, each on one."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from psl_models.batches import Batch

Result = TypeVar("Result")


def groups_of(batches: Iterable[Batch], device: torch.device) -> Iterator[list[Batch]]:
    """Batches to work on at a time: on a processor as many as torch may use threads, otherwise one."""
    remaining = iter(batches)
    size = torch.get_num_threads() if device.type == "cpu" else 1
    while group := list(itertools.islice(remaining, size)):
        yield group


def side_by_side(work: Callable[[Batch], Result], batches: Sequence[Batch], device: torch.device) -> list[Result]:
    """Results of `work` on batches, once they are on the device.

    The steps of an LSTM are too small to be shared: a batch a thread is faster than each step on all threads. A single
    batch has one thread, too, as sums that threads share are rounded differently: results are the same for any number.
    Whether gradients are kept is a thread's own affair, which `work` has to see to.
    """

    def there(batch: Batch) -> Result:
        return work(batch.to(device))

    threads = torch.get_num_threads()
    if threads == 1 or device.type != "cpu":
        return [there(batch) for batch in batches]
    try:
        with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return list(pool.map(there, batches))
    finally:
        torch.set_num_threads(threads)
