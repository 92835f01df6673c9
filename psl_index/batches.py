"""Batches of sources that state less than a flat file: the columns they know, the rest null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index.classes import CLASSES, classes_of_label
from psl_index.crc64 import crc64_of
from psl_index.schemas import ENTRIES, FEATURES, LOCATIONS, SourceBatch

DESCRIBED: Final = pa.schema(
    [
        *(ENTRIES.field(name) for name in ("accession", "entry_name", "taxon_id")),
        pa.field("class_mask", pa.uint16(), nullable=False),  # bit i for CLASSES[i]
    ]
)


class StatedLocation(NamedTuple):
    """One row of the locations table, of a source that has labels only."""

    entry: int  # number within the batch
    location: str  # the label as written
    psl_class: str | None
    note: str | None = None


def stated_locations(entry: int, label: str, note: str | None = None) -> list[StatedLocation]:
    """The rows of one label: one, or one for each class where the label joins several (Cytoplasm-Nucleus).

    A label that `classes_of_label` does not know gets no class.
    """
    classes = classes_of_label(label)
    if len(classes) > 1:
        return [StatedLocation(entry, psl_class, psl_class, note) for psl_class in classes]
    return [StatedLocation(entry, label, classes[0] if classes else None, note)]


def source_batch(
    columns: Mapping[str, Sequence[object]],
    sequences: pa.StringArray,
    locations: Sequence[StatedLocation],
) -> SourceBatch:
    """Tables of one batch.

    Parameters
    ----------
    columns : mapping
        Columns of `schemas.ENTRIES` that the source knows, ``accession`` among them; the others become null
        (empty lists where a column holds lists).
    sequences : pyarrow.StringArray
        Upper-case residues, without nulls.
    locations : sequence of StatedLocation
    """
    count = len(sequences)
    lengths = np.diff(np.frombuffer(sequences.buffers()[1], np.int32)[sequences.offset :][: count + 1])
    known: dict[str, pa.Array] = {
        "entry": pa.array(np.arange(count, dtype=np.uint32)),
        "length": pa.array(lengths.astype(np.uint32)),
        "sequence": sequences,
        "crc64": crc64_of(sequences),
    }
    for name, values in columns.items():
        known[name] = pa.array(values, ENTRIES.field(name).type)
    entries = [known[field.name] if field.name in known else _unknown(field, count) for field in ENTRIES]
    return SourceBatch(
        pa.RecordBatch.from_arrays(entries, schema=ENTRIES),
        _location_rows(locations),
        pa.RecordBatch.from_pylist([], schema=FEATURES),
    )


def described(batch: SourceBatch) -> pa.RecordBatch:
    """What tells the entries of a batch from others, as `DESCRIBED`."""
    located = batch.locations.filter(pc.is_valid(batch.locations["class"]))
    masks = masks_of(located["entry"].to_numpy(), located["class"], batch.entries.num_rows)
    columns = [*batch.entries.select(DESCRIBED.names[:-1]).columns, pa.array(masks)]
    return pa.RecordBatch.from_arrays(columns, schema=DESCRIBED)


def masks_of(
    entry: npt.NDArray[np.integer], psl_class: pa.Array | pa.ChunkedArray, n_entries: int
) -> npt.NDArray[np.uint16]:
    """Class mask (`psl_index.classes.mask_of`) of each entry, where entry ``entry[i]`` has class ``psl_class[i]``."""
    bits = pc.index_in(psl_class, pa.array(CLASSES)).to_numpy()
    masks = np.zeros(n_entries, np.uint16)
    np.bitwise_or.at(masks, entry, np.uint16(1) << bits.astype(np.uint16))
    return masks


def bit_lists(sets: npt.NDArray[np.integer], names: Sequence[str]) -> pa.ListArray:
    """The `names` in each set, where bit ``i`` stands for ``names[i]``; lists of strings of the sets' shape."""
    distinct, place = np.unique(sets, return_inverse=True)
    lists = [[name for bit, name in enumerate(names) if members >> bit & 1] for members in distinct.tolist()]
    return pa.array(lists, pa.list_(pa.string())).take(pa.array(place))


def _unknown(field: pa.Field, count: int) -> pa.Array:
    if field.nullable:
        return pa.nulls(count, field.type)
    return pa.ListArray.from_arrays(pa.array(np.zeros(count + 1, np.int32)), pa.array([], field.type.value_type))


def _location_rows(locations: Sequence[StatedLocation]) -> pa.RecordBatch:
    count = len(locations)
    known = {
        "entry": pa.array([row.entry for row in locations], pa.uint32()),
        "location": pa.array([row.location for row in locations], pa.string()),
        "class": pa.array([row.psl_class for row in locations], pa.string()),
        "note": pa.array([row.note for row in locations], pa.string()),
    }
    columns = [known[field.name] if field.name in known else _unknown(field, count) for field in LOCATIONS]
    return pa.RecordBatch.from_arrays(columns, schema=LOCATIONS)
