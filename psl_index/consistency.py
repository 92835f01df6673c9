"""Whether the numbers in the files of a shard fit each other.

Digests say that a file is as it was written; this says that what was written makes sense.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index.classes import CLASSES
from psl_index.errors import REBUILD, InvalidIndexError
from psl_index.schemas import TABLES
from psl_index.shard import Shard
from psl_index.text import block_entries

_COLUMNS: Final = {"entries": ["entry", "length"], "locations": ["entry", "class"], "features": ["entry"]}
_AT_ONCE: Final = 1 << 24  # rows of the table that are compared together


def contradictions(shard: Shard) -> Iterator[InvalidIndexError]:
    """What is wrong with files of a shard, none of which is damaged; reads `pos`, `table` and a few columns.

    Tables are looked at where the sections, which say how many residues each entry has, are right.
    """
    for name, problem in list(_section_problems(shard)) or _table_problems(shard):
        yield InvalidIndexError(problem, file=str(shard.folder / name), remedy=REBUILD)


def _section_problems(shard: Shard) -> Iterator[tuple[str, str]]:
    text_length = len(shard.text)
    starts = shard.starts.astype(np.int64)
    ends = starts[1:] - 1
    if starts[0] != 0 or np.any(ends <= starts[:-1]) or starts[-1] != len(shard.pos) + shard.n_entries:
        yield "starts.bin", "its entries do not follow each other through the text"
    elif shard.text[ends].any() or np.count_nonzero(shard.text) != len(shard.pos):
        yield "text.bin", "its separators are not between the entries"
    elif not np.array_equal(shard.block_entry, block_entries(shard.starts, text_length)):
        yield "block_entry.bin", "it does not say which entries begin where"
    if shard.pos.max() >= len(shard.pos) + shard.n_entries:
        yield "pos.bin", "it has positions beyond the text"
    if not _is_ascending(shard.table) or shard.table[-1] != shard.n_regular:
        yield "table.bin", "its numbers do not lead through the rows"


def _is_ascending(numbers: npt.NDArray[np.uint32]) -> bool:
    parts = (numbers[first : first + _AT_ONCE + 1] for first in range(0, len(numbers) - 1, _AT_ONCE))
    return all(bool(np.all(part[1:] >= part[:-1])) for part in parts)


def _table_problems(shard: Shard) -> Iterator[tuple[str, str]]:
    for name, schema in TABLES.items():
        table = shard.tables[name]
        try:
            table.check(schema)
            read = table.read(pa.schema([schema.field(column) for column in _COLUMNS[name]]))
        except InvalidIndexError as error:
            yield table.record.file, error.problem
            continue
        entry = read["entry"].to_numpy().astype(np.int64) - shard.first_entry
        if name == "entries" and not np.array_equal(entry, np.arange(shard.n_entries)):
            yield table.record.file, "its entries are not numbered one after the other"
        elif name == "entries" and not np.array_equal(read["length"].to_numpy(), _lengths(shard)):
            yield table.record.file, "its lengths are not those of the text"
        elif len(entry) and (entry[0] < 0 or entry[-1] >= shard.n_entries or np.any(np.diff(entry) < 0)):
            yield table.record.file, "it names entries that are not there, or not in their order"
        elif name == "locations" and not _all_known(read["class"]):
            yield table.record.file, "it has a class that is not known"


def _lengths(shard: Shard) -> npt.NDArray[np.int64]:
    """Residues of each entry, as the text has them."""
    starts = shard.starts.astype(np.int64)
    return starts[1:] - starts[:-1] - 1


def _all_known(classes: pa.ChunkedArray) -> bool:
    return bool(pc.all(pc.is_in(classes.drop_null(), pa.array(CLASSES)), min_count=0).as_py())
