"""Writes a table of results where the user wants it."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from psl_eval.results.encoders import encoder
from pslidx import sinks
from pslidx.destination import Destination


def write(destination: Destination, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write `batches`, all of `schema`, taking one at a time.

    A file is opened before the first batch is asked for: what cannot be written fails before the work.

    Raises
    ------
    OutputError
        The destination cannot be written; a file that was there before is as it was.
    """
    with sinks.standard_output() if destination.path is None else sinks.file(destination.path) as sink:
        encode(sink, destination.format, schema, batches)


def encode(sink: sinks.Sink, table_format: str, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
    """Write `batches`, all of `schema`, to a sink that is open."""
    encoding = encoder(table_format, sink, schema)
    for batch in batches:
        encoding.write(batch)
    encoding.finish()
