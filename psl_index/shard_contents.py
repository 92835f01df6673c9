"""What goes into a shard: which entries still fit, how many there are, and a digest of all they say."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash

from psl_index.order import PADDING
from psl_index.schemas import SourceBatch

MAX_RESIDUES: Final = 2**32 - 1
_MAX_POSITIONS: Final = 2**32 - PADDING  # text positions are uint32


class ShardContents:
    """The entries of one shard, counted and digested as they come; nothing is kept or written.

    Parameters
    ----------
    capacity : int
        Residues the shard holds at most; an entry that is longer than that gets a shard of its own.

    Attributes
    ----------
    entries, residues : int
        So far.
    annotated : int
        Entries with a location that has a class.
    """

    def __init__(self, capacity: int) -> None:
        self.entries = 0
        self.residues = 0
        self.annotated = 0
        self._capacity = capacity
        self._streams: dict[str, xxhash.xxh3_128] = {}

    def fitting(self, batch: SourceBatch) -> int:
        """How many entries of `batch` fit in; at least one while the shard is empty."""
        residues = np.cumsum(batch.entries["length"].to_numpy(), dtype=np.int64)
        positions = residues + np.arange(1, len(residues) + 1)
        by_residues = np.searchsorted(residues, self._capacity - self.residues, side="right")
        by_positions = np.searchsorted(positions, _MAX_POSITIONS - self.residues - self.entries, side="right")
        fitting = int(min(by_residues, by_positions))
        return max(fitting, 1) if self.entries == 0 else fitting

    def append(self, batch: SourceBatch) -> None:
        """Take entries; their numbers count from 0 in `batch`."""
        for name, table in zip(batch._fields, batch, strict=True):
            self._take(f"{name}.entry", pc.add(table["entry"], pa.scalar(self.entries, pa.uint32())))
            for column in table.schema.names[1:]:
                self._take(f"{name}.{column}", table[column])
        annotated = pc.drop_null(pc.if_else(pc.is_valid(batch.locations["class"]), batch.locations["entry"], None))
        self.annotated += len(annotated.unique())
        self.entries += batch.entries.num_rows
        self.residues += int(pc.sum(batch.entries["length"]).as_py() or 0)

    def digest(self) -> str:
        """128-bit XXH3 of all rows of all columns, wherever one batch ended and the next began."""
        whole = xxhash.xxh3_128()
        for name in sorted(self._streams):
            whole.update(f"{name} {self._streams[name].hexdigest()}\n".encode())
        return whole.hexdigest()

    def _take(self, name: str, column: pa.Array) -> None:
        """Which rows are null, and what the others hold, each kind of bytes in a stream of its own."""
        self._stream(f"{name} valid").update(_bytes_of(pc.is_valid(column)))
        present = column.drop_null() if column.null_count else column
        if pa.types.is_list(column.type):
            self._stream(f"{name} lengths").update(_bytes_of(pc.list_value_length(present)))
            self._take(f"{name}[]", present.flatten())
        elif pa.types.is_string(column.type):
            self._stream(f"{name} lengths").update(_bytes_of(pc.binary_length(present)))
            self._stream(name).update(_letters(present))
        else:
            self._stream(name).update(_bytes_of(present))

    def _stream(self, name: str) -> xxhash.xxh3_128:
        if name not in self._streams:
            self._streams[name] = xxhash.xxh3_128()
        return self._streams[name]


def _bytes_of(numbers: pa.Array) -> memoryview:
    """The bytes of numbers or truth values, none of them null; little-endian."""
    values = numbers.to_numpy(zero_copy_only=False)
    return np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data.cast("B")


def _letters(strings: pa.StringArray) -> memoryview:
    """The bytes of strings, none of them null, one after the other."""
    _, offsets_buffer, letters = strings.buffers()
    if letters is None or not len(strings):
        return memoryview(b"")
    offsets = np.frombuffer(offsets_buffer, np.int32)[strings.offset : strings.offset + len(strings) + 1]
    return memoryview(letters)[offsets[0] : offsets[-1]]
