"""Which query each subsequence belongs to: by its name, by the record of its protein, or each its own."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.inputs.faults import Faults
from psl_eval.queries.placement import Placement

if TYPE_CHECKING:
    from psl_eval.queries.proteins import Proteins

Columns = tuple[pa.StringArray, pa.StringArray, pa.LargeStringArray]
"""Names, identifiers and sequences of some queries, as `psl_eval.queries.proteins.Queries` has them."""


class QueryFinder(Protocol):
    """Queries met so far, numbered in the order in which they first appear."""

    def __len__(self) -> int: ...

    def find(self, table: pa.Table, faults: Faults) -> npt.NDArray[np.int64]:
        """Number of each row's query, -1 for the rows that have none, which are added to `faults`."""

    def columns(self, first: int) -> Columns:
        """The queries from number `first` on."""


class EachItsOwn:
    """Each row is a query (`QueryFinder`)."""

    def __init__(self) -> None:
        self._n_queries = 0
        self._names: list[pa.StringArray] = []

    def __len__(self) -> int:
        return self._n_queries

    def find(self, table: pa.Table, faults: Faults) -> npt.NDArray[np.int64]:
        self._names += table["query"].chunks
        first = self._n_queries
        self._n_queries += len(table)
        return np.arange(first, self._n_queries)

    def columns(self, first: int) -> Columns:
        names = pa.chunked_array(self._names, pa.string())[first:].combine_chunks()
        return names, pa.nulls(len(names), pa.string()), pa.nulls(len(names), pa.large_string())


class ByName:
    """All rows of the same name are a query (`QueryFinder`); `identified` tells whether names are identifiers."""

    def __init__(self, *, identified: bool) -> None:
        self._identified = identified
        self._number_of: dict[str, int] = {}
        self._names: list[pa.StringArray] = []

    def __len__(self) -> int:
        return len(self._number_of)

    def find(self, table: pa.Table, faults: Faults) -> npt.NDArray[np.int64]:
        known = self._number_of
        before = len(known)
        encoded = table["query"].combine_chunks().dictionary_encode()
        numbers = np.array([known.setdefault(name, len(known)) for name in encoded.dictionary.to_pylist()])
        self._names.append(encoded.dictionary.filter(pa.array(numbers >= before)))
        query: npt.NDArray[np.int64] = numbers[encoded.indices.to_numpy()]
        return query

    def columns(self, first: int) -> Columns:
        names = pa.chunked_array(self._names, pa.string())[first:].combine_chunks()
        identifiers = names if self._identified else pa.nulls(len(names), pa.string())
        return names, identifiers, pa.nulls(len(names), pa.large_string())


class ByRecord:
    """All rows of the same protein are a query (`QueryFinder`), and each must stand in it at its position.

    The protein is found by `input_sequence` where the rows are numbered, else by name.
    """

    def __init__(self, proteins: Proteins, *, numbered: bool) -> None:
        self._proteins = proteins
        self._numbered = numbered
        self._placement = Placement(proteins)
        self._number_of = np.full(len(proteins.names), -1)
        self._records = np.empty(len(proteins.names), np.int64)  # of each query, in the order of their numbers
        self._n_queries = 0
        names = [] if numbered else proteins.names.to_pylist()
        self._record_of = {name: record for record, name in enumerate(names)}
        self._times = Counter(names) if len(self._record_of) < len(names) else Counter()

    def __len__(self) -> int:
        return self._n_queries

    def find(self, table: pa.Table, faults: Faults) -> npt.NDArray[np.int64]:
        record = self._by_number(table, faults) if self._numbered else self._by_name(table, faults)
        self._placement.check(table, record, faults)
        good = record[~faults.bad]
        first_rows, distinct = _first_rows(good[self._number_of[good] < 0])
        new = distinct[np.argsort(first_rows)]
        self._number_of[new] = np.arange(self._n_queries, self._n_queries + len(new))
        self._records[self._n_queries : self._n_queries + len(new)] = new
        self._n_queries += len(new)
        query = np.full(len(record), -1)
        query[~faults.bad] = self._number_of[good]
        return query

    def columns(self, first: int) -> Columns:
        taken = pa.array(self._records[first : self._n_queries])
        names = self._proteins.names.take(taken)
        identifiers = names if self._proteins.identified else pa.nulls(len(names), pa.string())
        return names, identifiers, self._proteins.sequences.take(taken)

    def _by_number(self, table: pa.Table, faults: Faults) -> npt.NDArray[np.int64]:
        """Record of each row's protein, -1 where there is none."""
        number: npt.NDArray[np.int64] = table["input_sequence"].to_numpy()
        n_records, file = len(self._proteins.names), self._proteins.file
        unknown = number >= n_records
        faults.add(
            unknown, lambda row: f"inputSequence {number[row]} (from 0) is not among the {n_records} in {file}", _GIVE
        )
        return np.where(unknown, -1, number)

    def _by_name(self, table: pa.Table, faults: Faults) -> npt.NDArray[np.int64]:
        query = table["query"].combine_chunks()
        encoded = query.dictionary_encode()
        index = encoded.indices.to_numpy()
        names = encoded.dictionary.to_pylist()
        records = np.array([self._record_of.get(name, -1) for name in names])
        file = self._proteins.file
        faults.add(records[index] < 0, lambda row: f"query {query[row].as_py()!r} is not in {file}", _GIVE)
        times = np.array([self._times[name] for name in names])
        faults.add(
            times[index] > 1,
            lambda row: f"query {query[row].as_py()!r} is the name of {times[index[row]]} proteins in {file}",
            "give each its own",
        )
        record: npt.NDArray[np.int64] = np.where(times > 1, -1, records)[index]
        return record


_GIVE: Final = "give the file that the subsequences were made from with `--proteins`"


def _first_rows(labels: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each label first stands, and the labels."""
    distinct, first_rows = np.unique(labels, return_index=True)
    return first_rows, distinct
