"""The first half of making a shard: its tables and its text, written while entries come in."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pyarrow as pa

from psl_index.order import PADDING
from psl_index.schemas import TABLES, SourceBatch
from psl_index.sections import SectionWriter
from psl_index.shard_contents import ShardContents
from psl_index.shard_order import ShardDraft
from psl_index.table_files import TableWriter
from psl_index.text import encode_sequences


class ShardWriter:
    """Makes the folder of one shard; what is left to do then is `psl_index.shard_order.order_shard`.

    Parameters
    ----------
    folder : Path
        Made here.
    first_entry : int
        Number of the shard's first entry in the whole index.
    capacity : int
        Residues it holds at most; an entry that is longer than that gets a shard of its own.

    Attributes
    ----------
    contents : ShardContents
        What has been added; tells what still fits in.
    """

    def __init__(self, folder: Path, first_entry: int, capacity: int) -> None:
        folder.mkdir()
        self.contents = ShardContents(capacity)
        self._folder = folder
        self._first_entry = first_entry
        self._open = ExitStack()
        writing = self._open.enter_context(ThreadPoolExecutor(1))
        self._text = self._open.enter_context(SectionWriter(folder / "text.bin", "u1"))
        self._starts = self._open.enter_context(SectionWriter(folder / "starts.bin", "u4"))
        self._starts.append(np.zeros(1, np.uint32))
        self._tables = {
            name: self._open.enter_context(TableWriter(folder / f"{name}.parquet", schema, writing))
            for name, schema in TABLES.items()
        }

    def append(self, batch: SourceBatch) -> None:
        """Add entries; their numbers count from 0 in `batch`."""
        before = self.contents.entries
        codes, ends = encode_sequences(batch.entries["sequence"])
        self._text.append(codes)
        self._starts.append((self.contents.residues + before + ends).astype(np.uint32))
        for name, table in zip(TABLES, batch, strict=True):
            numbers = pa.array(table["entry"].to_numpy() + np.uint32(self._first_entry + before), pa.uint32())
            self._tables[name].append(table.set_column(0, table.schema.field(0), numbers))
        self.contents.append(batch)

    def finish(self) -> ShardDraft:
        """Complete the tables, `text` and `starts`, and bring them to disk."""
        with self._open:
            tables = {name: writer.finish() for name, writer in self._tables.items()}
            self._text.append(np.zeros(PADDING, np.uint8))
            sections = {"text": self._text.finish(), "starts": self._starts.finish()}
        return ShardDraft(
            self._folder.name,
            self._first_entry,
            self.contents.entries,
            self.contents.residues,
            self.contents.annotated,
            self.contents.digest(),
            sections,
            tables,
        )
