"""Columns as Arrow lays them out, between the kernels that fill them and the tables that hold them."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index._wide import SLACK


class Text(NamedTuple):
    """A column of text: value i is ``text[offsets[i]:offsets[i + 1]]``."""

    text: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int32]


def room_for(size: int, n: int) -> Text:
    """Room for a column of `n` values, `size` bytes in all."""
    return Text(np.empty(size + SLACK, np.uint8), np.empty(n + 1, np.int32))


def strings(column: Text, valid: npt.NDArray[np.bool_] | None = None) -> pa.StringArray:
    """An Arrow column over the same memory, null where not `valid`.

    Text that is not ASCII is UTF-8, or else Latin-1: a value at a time, since old files may hold both.
    """
    n = len(column.offsets) - 1
    if column.text.size and column.text.max() > 127:
        ends = column.offsets.tolist()
        text = column.text.tobytes()
        values = [_decoded(text[begin:end]) for begin, end in itertools.pairwise(ends)]
        return pa.array(values, pa.string(), mask=None if valid is None else ~valid)
    buffers = [pa.py_buffer(column.offsets), pa.py_buffer(column.text)]
    if valid is None or valid.all():
        return pa.StringArray.from_buffers(n, *buffers)
    return pa.StringArray.from_buffers(n, *buffers, pa.py_buffer(np.packbits(valid, bitorder="little")))


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def strings_or_null(column: Text) -> pa.StringArray:
    """An Arrow column, null where a value is empty."""
    return strings(column, np.diff(column.offsets) > 0)


def numbers_or_null(numbers: npt.NDArray[np.int64], kind: pa.DataType) -> pa.Array:
    """Numbers of an unsigned type, null where they are -1."""
    return pa.array(numbers.astype(kind.to_pandas_dtype()), kind, mask=numbers < 0)


def lists(offsets: npt.NDArray[np.int32], items: pa.StringArray) -> pa.ListArray:
    """A column of lists: list i is ``items[offsets[i]:offsets[i + 1]]``."""
    return pa.ListArray.from_arrays(pa.array(offsets), items)
