"""The table of `pslidx info`: what an index holds, as pairs of key and value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import pyarrow as pa

from psl_index.classes import CLASSES
from psl_index.index import Index
from psl_index.sections import FORMAT_VERSION

CONTENTS: Final = pa.schema(
    [
        pa.field("key", pa.string(), nullable=False),
        pa.field("value", pa.string()),  # null where the index does not say
    ]
)


def table(index: Index) -> pa.RecordBatch:
    """What `index` holds and where that came from, as `CONTENTS`; sizes are in bytes."""
    keys, values = zip(*_pairs(index), strict=True)
    texts = [None if value is None else str(value) for value in values]
    return pa.RecordBatch.from_arrays([pa.array(keys), pa.array(texts, pa.string())], schema=CONTENTS)


def _pairs(index: Index) -> Iterator[tuple[str, object]]:
    manifest = index.manifest
    yield "release", manifest.release
    yield "entries", manifest.entries
    yield "residues", manifest.residues
    yield "bytes", manifest.n_bytes
    yield "digest", manifest.digest
    yield "format_version", FORMAT_VERSION
    for number, source in enumerate(manifest.sources, start=1):
        yield f"source.{number}.name", source.name
        yield f"source.{number}.format", source.format
        yield f"source.{number}.bytes", source.size
        yield f"source.{number}.sha256", source.sha256
        yield f"source.{number}.skipped", source.skipped
    yield from _classes(index)
    for shard in manifest.shards:
        yield f"{shard.folder}.entries", shard.entries
        yield f"{shard.folder}.residues", shard.residues
        yield f"{shard.folder}.depth", shard.depth
        for name, section in shard.sections.items():
            yield f"{shard.folder}.{name}.bytes", section.n_bytes
        for name, file in shard.tables.items():
            yield f"{shard.folder}.{name}.bytes", file.n_bytes
            yield f"{shard.folder}.{name}.rows", file.rows
    for name, value in manifest.parameters.items():
        yield f"parameter.{name}", _parameter(value)
    for name, version in manifest.tools.items():
        yield f"tool.{name}", version


def _parameter(value: object) -> object:
    """Names of columns as `--columns` takes them, anything else as it is."""
    return ",".join(f"{ours}={theirs}" for ours, theirs in value.items()) if isinstance(value, dict) else value


def _classes(index: Index) -> Iterator[tuple[str, object]]:
    """Entries that have each class; an entry with several counts for each of them."""
    masks = index.class_masks
    yield "entries_with_class", np.count_nonzero(masks)
    for bit, name in enumerate(CLASSES):
        yield f"class.{name}", np.count_nonzero(masks >> bit & 1)
