"""The second half of making a shard: from its text and tables, complete on disk, to the order of all positions.

It needs nothing but a draft and the files in the shard's folder, so it may run in another process, or on another
machine that sees the folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from psl_index.manifest import ShardRecord, TableFile
from psl_index.order import MAX_ROUNDS, ROUND_ROWS, Order, table_depth
from psl_index.sections import Section, SectionWriter, open_section, write_section
from psl_index.text import block_entries


@dataclass(frozen=True)
class ShardDraft:
    """A shard that has been read, not ordered: its tables, `text` and `starts` are complete and on disk."""

    folder: str  # name of the shard's folder
    first_entry: int  # number of its first entry in the whole index
    entries: int
    residues: int
    annotated: int  # entries with a location that has a class
    contents: str  # digest of what its entries say, see `ShardContents.digest`
    sections: Mapping[str, Section]  # text and starts
    tables: Mapping[str, TableFile]


class Ordered(Protocol):
    """A shard that is being ordered somewhere, as `concurrent.futures.Future` and those of Dask are."""

    def done(self) -> bool:
        """Whether `result` would return at once."""

    def result(self) -> ShardRecord:
        """Wait for the finished shard; raises what ordering it raised."""

    def cancel(self) -> object:
        """Give up what has not begun; the build has failed."""


Ordering = Callable[[Path, ShardDraft], Ordered]
"""Has a shard ordered; gets the shard's own folder and its draft. See `order_shard`."""


def order_shard(
    folder: Path,
    draft: ShardDraft,
    threads: int,
    report: Callable[[int, int], None] = lambda done, total: None,
    round_rows: int | None = None,
) -> ShardRecord:
    """Write the sections that are missing in `folder`, the shard's own, and bring them to disk.

    `report` is told rows done and rows in all. `round_rows` is how many may be ordered at once, where memory sets a
    limit. Files that are there from an attempt that was cut off are written anew.

    Raises
    ------
    InvalidIndexError
        `text` or `starts` is missing, or is not the one the draft names.
    OSError
        The folder cannot be written.
    """
    text = open_section(folder, draft.sections["text"])
    starts = open_section(folder, draft.sections["starts"])
    depth = table_depth(draft.residues)
    if round_rows is not None:
        round_rows = min(round_rows, max(ROUND_ROWS, draft.residues // MAX_ROUNDS))
    n_regular, sections = write_sections(folder, text, starts, draft.residues, depth, threads, report, round_rows)
    return ShardRecord(
        draft.folder,
        draft.first_entry,
        draft.entries,
        draft.residues,
        depth,
        n_regular,
        {**draft.sections, **sections},
        draft.tables,
    )


def write_sections(
    folder: Path,
    text: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.uint32],
    residues: int,
    depth: int,
    threads: int,
    report: Callable[[int, int], None],
    round_rows: int | None = None,
) -> tuple[int, dict[str, Section]]:
    """Write all sections that follow from a text and its `starts`; returns the number of regular rows, too."""
    order = Order(text, depth, threads, round_rows)
    with (
        SectionWriter(folder / "pos.bin", "u4") as pos,
        SectionWriter(folder / "tail.bin", "u4") as tail,
        SectionWriter(folder / "table.bin", "u4") as table,
    ):
        for rows in order.rows():
            pos.append(rows.pos)
            tail.append(rows.tail)
            table.append(rows.table)
            report(pos.count, residues)
        return order.n_regular, {
            "block_entry": write_section(folder / "block_entry.bin", block_entries(starts, len(text)), "u4"),
            "pos": pos.finish(),
            "tail": tail.finish(),
            "table": table.finish(),
        }
