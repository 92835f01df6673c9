"""Shares the entries of the sources out over shards, and has the shards ordered; finished ones are not made again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from psl_index.checkpoints import FinishedShard, note_finished, shard_name
from psl_index.manifest import ShardRecord
from psl_index.schemas import SourceBatch
from psl_index.shard_contents import ShardContents
from psl_index.shard_order import Ordered, Ordering, ShardDraft
from psl_index.shard_writer import ShardWriter


class OtherContents(Exception):
    """A finished shard does not hold what the sources say; its entries have to be read again to write them."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class ShardFilling:
    """Fills shards one after the other.

    Parameters
    ----------
    folder : Path
        The building folder.
    capacity : int
        Residues a shard holds at most.
    order : Ordering
        Has each shard ordered once it is filled.
    finished : mapping
        Shards of a build that was cut off, by number: their entries are only compared.

    Attributes
    ----------
    entries : int
        Added so far.
    annotated : int
        Those in complete shards that have a location with a class.
    """

    def __init__(self, folder: Path, capacity: int, order: Ordering, finished: Mapping[int, FinishedShard]) -> None:
        self.entries = 0
        self.annotated = 0
        self._folder = folder
        self._capacity = capacity
        self._order = order
        self._finished = finished
        self._records: dict[int, ShardRecord] = {}
        self._ordered: dict[int, tuple[ShardDraft, Ordered]] = {}
        self._number = 0
        self._contents: ShardContents | None = None
        self._writer: ShardWriter | None = None  # of the present shard, None also where it is finished

    def add(self, batch: SourceBatch) -> None:
        """Add entries, in a new shard where they would not fit into the present one.

        Raises
        ------
        OtherContents
            These entries are not those that the present shard was made of before.
        """
        while batch.entries.num_rows:
            contents = self._contents or self._begin()
            fitting = contents.fitting(batch)
            if fitting == 0:
                self._complete()
                continue
            part, batch = split(batch, fitting)
            (self._writer or contents).append(part)
            self.entries += fitting

    def finish(self) -> list[ShardRecord]:
        """Complete the last shard, and wait for all of them; raises `OtherContents` as `add` does."""
        if self._contents is not None:
            self._complete()
        self.wait()
        return [self._records[number] for number in range(self._number)]

    def wait(self) -> None:
        """Wait for all shards that are being ordered."""
        for _, ordered in list(self._ordered.values()):
            ordered.result()
            self._note_finished()

    def cancel(self) -> None:
        """Give up the shards that are not being ordered yet."""
        for _, ordered in self._ordered.values():
            ordered.cancel()

    def _begin(self) -> ShardContents:
        if self._number in self._finished:
            self._contents = ShardContents(self._capacity)
        else:
            self._writer = ShardWriter(self._folder / shard_name(self._number), self.entries, self._capacity)
            self._contents = self._writer.contents
        return self._contents

    def _complete(self) -> None:
        assert self._contents is not None
        contents, self._contents = self._contents, None
        writer, self._writer = self._writer, None
        if writer is None:
            finished = self._finished[self._number]
            first_entry = self.entries - contents.entries
            if (finished.record.first_entry, finished.contents) != (first_entry, contents.digest()):
                raise OtherContents(self._number)
            self._records[self._number] = finished.record
        else:
            draft = writer.finish()
            del writer  # and what it holds, before there is more
            self._ordered[self._number] = draft, self._order(self._folder / draft.folder, draft)
        self.annotated += contents.annotated
        self._number += 1
        self._note_finished()

    def _note_finished(self) -> None:
        """Have what is ordered by now survive this process."""
        for number, (draft, ordered) in list(self._ordered.items()):
            if ordered.done():
                self._records[number] = ordered.result()
                note_finished(self._folder, draft, self._records[number])
                del self._ordered[number]


def split(batch: SourceBatch, entries: int) -> tuple[SourceBatch, SourceBatch]:
    """The first entries of a batch, and the rest, renumbered."""
    if entries == batch.entries.num_rows:
        return batch, SourceBatch(*(table.slice(table.num_rows) for table in batch))
    parts = []
    for table in batch:
        cut = int(table["entry"].to_numpy().searchsorted(entries))
        rest = table.slice(cut)
        numbers = pa.array(rest["entry"].to_numpy() - entries, pa.uint32())
        parts.append((table.slice(0, cut), rest.set_column(0, rest.schema.field(0), numbers)))
    return SourceBatch(*(part[0] for part in parts)), SourceBatch(*(part[1] for part in parts))
