"""Lists of scores as tables hold them, joined in a text or as lists of numbers, to one array of float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.inputs.faults import Faults

_NUMBER: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"


class ScoreLists(NamedTuple):
    """The scores of m rows, one row after the other."""

    values: npt.NDArray[np.float32]  # (scores,)
    offsets: npt.NDArray[np.int64]  # (m + 1,) where those of each row begin, and the end of the last

    def of(self, rows: npt.NDArray[np.bool_]) -> ScoreLists:
        """The scores of the rows for which `rows`, of shape (m,), is true."""
        lengths = np.diff(self.offsets)
        ends = np.cumsum(lengths[rows], dtype=np.int64)
        return ScoreLists(self.values[np.repeat(rows, lengths)], np.concatenate((np.zeros(1, np.int64), ends)))


def is_list_of_numbers(kind: pa.DataType) -> bool:
    """Whether `scores_of_lists` can take a column of this type."""
    if not (pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)):
        return False
    return bool(pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))


def scores_of_lists(lists: pa.Array, name: str, faults: Faults) -> ScoreLists:
    """The scores of a column of lists of numbers, each rounded to float32.

    Adds the rows to `faults` that have none, or one that is no finite number.
    """
    lists = lists.cast(pa.large_list(pa.float32()), safe=False)
    _refuse_missing(pc.is_null(lists), name, faults)
    values = pc.fill_null(lists.flatten(), float("nan")).to_numpy(zero_copy_only=False)
    scores = _scores(values, pc.fill_null(pc.list_value_length(lists), 0))
    _refuse_not_finite(scores, name, lambda score: repr(float(values[score])), faults)
    return scores


def scores_of_texts(texts: pa.StringArray, name: str, faults: Faults) -> ScoreLists:
    """The scores of texts that have them joined by ``;``; adds rows to `faults` as `scores_of_lists` does.

    Each is the float32 that is nearest to what is written, so that one written with nine digits, or with as few as
    tell it from others, comes back to the bit.
    """
    _refuse_missing(pc.is_null(texts), name, faults)
    lists = pc.split_pattern(pc.fill_null(texts, "0"), ";")
    words = lists.flatten()
    try:
        numbers = words.cast(pa.float32())
    except pa.ArrowInvalid:
        written = pc.match_substring_regex(words, _NUMBER)
        numbers = pc.if_else(written, words, "nan").cast(pa.float32())
    scores = _scores(numbers.to_numpy(), pc.list_value_length(lists))
    _refuse_not_finite(scores, name, lambda score: repr(words[score].as_py()[:40]), faults)
    return scores


def _scores(values: npt.NDArray[np.float32], lengths: pa.Array) -> ScoreLists:
    return ScoreLists(values, np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths.to_numpy(), dtype=np.int64))))


def _refuse_missing(missing: pa.BooleanArray, name: str, faults: Faults) -> None:
    faults.add(missing, lambda _: f"column {name!r} has no value")


def _refuse_not_finite(scores: ScoreLists, name: str, shown: Callable[[int], str], faults: Faults) -> None:
    places = np.flatnonzero(~np.isfinite(scores.values))
    rows = np.searchsorted(scores.offsets, places, side="right") - 1
    bad = np.zeros(len(scores.offsets) - 1, np.bool_)
    bad[rows] = True

    def problem(row: int) -> str:
        first = int(places[np.searchsorted(rows, row)])
        number = first - int(scores.offsets[row]) + 1
        return f"column {name!r}: score {number}, {shown(first)}, is no finite number of float32"

    faults.add(bad, problem)
