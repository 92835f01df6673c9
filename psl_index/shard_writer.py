"""Writes one shard: its tables and text while entries come in, its order at the end."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index.manifest import ShardRecord
from psl_index.order import PADDING, Order, Rows, table_depth
from psl_index.schemas import ENTRIES, FEATURES, LOCATIONS, SourceBatch
from psl_index.sections import Section, SectionWriter, open_section, write_section
from psl_index.table_files import TableWriter
from psl_index.text import block_entries, encode_sequences

_MAX_POSITIONS = 2**32 - PADDING  # text positions are uint32
_SCHEMAS = {"entries": ENTRIES, "locations": LOCATIONS, "features": FEATURES}


class ShardWriter:
    """Makes the folder of one shard.

    Parameters
    ----------
    folder : Path
        Made here.
    first_entry : int
        Number of the shard's first entry in the whole index.
    capacity : int
        Residues it holds at most; an entry that is longer than that gets a shard of its own.
    """

    def __init__(self, folder: Path, first_entry: int, capacity: int) -> None:
        folder.mkdir()
        self.annotated = 0
        self.duplicate_accessions = 0
        self._folder = folder
        self._first_entry = first_entry
        self._capacity = capacity
        self._entries = 0
        self._residues = 0
        self._text_length = 0
        self._accessions: list[pa.StringArray] = []
        self._starts: list[npt.NDArray[np.uint32]] = [np.zeros(1, np.uint32)]
        self._open = ExitStack()
        writing = self._open.enter_context(ThreadPoolExecutor(1))
        self._text = self._open.enter_context(SectionWriter(folder / "text.bin", "u1"))
        self._tables = {
            name: self._open.enter_context(TableWriter(folder / f"{name}.parquet", schema, writing))
            for name, schema in _SCHEMAS.items()
        }

    def fitting(self, batch: SourceBatch) -> int:
        """How many entries of `batch` fit in; at least one while the shard is empty."""
        residues = np.cumsum(batch.entries["length"].to_numpy(), dtype=np.int64)
        positions = residues + np.arange(1, len(residues) + 1)
        by_residues = np.searchsorted(residues, self._capacity - self._residues, side="right")
        by_positions = np.searchsorted(positions, _MAX_POSITIONS - self._text_length, side="right")
        fitting = int(min(by_residues, by_positions))
        return max(fitting, 1) if self._entries == 0 else fitting

    def append(self, batch: SourceBatch) -> None:
        """Add entries; their numbers count from 0 in `batch`."""
        codes, ends = encode_sequences(batch.entries["sequence"])
        self._text.append(codes)
        self._starts.append((self._text_length + ends).astype(np.uint32))
        first = self._first_entry + self._entries
        for name, table in zip(_SCHEMAS, batch, strict=True):
            numbers = pa.array(table["entry"].to_numpy() + np.uint32(first), pa.uint32())
            self._tables[name].append(table.set_column(0, table.schema.field(0), numbers))
        annotated = pc.drop_null(pc.if_else(pc.is_valid(batch.locations["class"]), batch.locations["entry"], None))
        self.annotated += len(annotated.unique())
        self._accessions.append(batch.entries["accession"])
        self._entries += batch.entries.num_rows
        self._residues += len(codes) - batch.entries.num_rows
        self._text_length += len(codes)

    def finish(self, threads: int, report: Callable[[int, int], None]) -> ShardRecord:
        """Order the text and write everything that is left; `report` is told rows done and rows in all."""
        with self._open:
            tables = {name: writer.finish() for name, writer in self._tables.items()}
            self._text.append(np.zeros(PADDING, np.uint8))
            sections = {"text": self._text.finish()}
        self.duplicate_accessions = self._entries - len(pa.chunked_array(self._accessions).unique())
        depth = table_depth(self._residues)
        text = open_section(self._folder, sections["text"])
        starts = np.concatenate(self._starts)
        n_regular, others = write_sections(self._folder, text, starts, self._residues, depth, threads, report)
        return ShardRecord(
            self._folder.name,
            self._first_entry,
            self._entries,
            self._residues,
            depth,
            n_regular,
            sections | others,
            tables,
        )


def write_sections(
    folder: Path,
    text: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.uint32],
    residues: int,
    depth: int,
    threads: int,
    report: Callable[[int, int], None],
) -> tuple[int, dict[str, Section]]:
    """Write all sections that follow from a text and its `starts`; returns the number of regular rows, too."""
    order = Order(text, depth, threads)
    with (
        SectionWriter(folder / "pos.bin", "u4") as pos,
        SectionWriter(folder / "tail.bin", "u4") as tail,
        SectionWriter(folder / "table.bin", "u4") as table,
    ):

        def place(rows: Rows) -> None:
            pos.place(rows.first, rows.pos)
            tail.place(rows.first, rows.tail)
            table.place(rows.first_word, rows.table)

        for rows in order.rows(place):
            pos.account(rows.pos)
            tail.account(rows.tail)
            table.account(rows.table)
            report(rows.first + len(rows.pos), residues)
        return order.n_regular, {
            "starts": write_section(folder / "starts.bin", starts, "u4"),
            "block_entry": write_section(folder / "block_entry.bin", block_entries(starts, len(text)), "u4"),
            "pos": pos.finish(),
            "tail": tail.finish(),
            "table": table.finish(),
        }
