"""Subsequences as they are scored: no text but their residues, some thirty bytes each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.inputs.labels import masks_of_labels
from psl_eval.queries.proteins import QueryBook
from psl_index.alphabet import decoding_table
from psl_index.classes import CLASSES
from psl_index.errors import UsageError
from psl_index.peptides import PADDING, Peptides, encode


@dataclass(frozen=True)
class Rows:
    """n subsequences of the queries that a `QueryBook` holds.

    Attributes
    ----------
    peptides : Peptides
        Their residues.
    starts : uint32 array of shape (n,)
        Where each starts in its protein, 1-based; 0 where it has none (motifs).
    query : int32 array of shape (n,)
        Number of each one's protein.
    """

    peptides: Peptides
    starts: npt.NDArray[np.uint32]
    query: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Residues of each, int64 of shape (n,)."""
        return np.diff(self.peptides.offsets)

    def chosen(self, numbers: npt.NDArray[np.int64]) -> Rows:
        """Those with the given numbers, in that order."""
        return Rows(self.peptides.chosen(numbers), self.starts[numbers], self.query[numbers])

    def texts(self, rows: slice) -> pa.StringArray:
        """The residues of some of them as letters."""
        offsets = self.peptides.offsets[rows.start : rows.stop + 1]
        letters = decoding_table()[self.peptides.codes[offsets[0] : offsets[-1]]]
        places = (offsets - offsets[0]).astype(np.int32)
        return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(places), pa.py_buffer(letters))


def gather_rows(book: QueryBook) -> Rows:
    """Read all subsequences."""
    codes, lengths, starts, query = [], [], [], []
    for batch in book.batches():
        peptides = encode(batch.table["subsequence"])
        codes.append(peptides.codes[: peptides.offsets[-1]])
        lengths.append(np.diff(peptides.offsets))
        starts.append(batch.table["start"].fill_null(0).to_numpy())
        query.append(batch.query.astype(np.int32))
    offsets = np.append(0, np.cumsum(np.concatenate(lengths)))
    padded = np.concatenate([*codes, np.zeros(PADDING, np.uint8)])
    return Rows(Peptides(padded, offsets), np.concatenate(starts), np.concatenate(query))


@dataclass(frozen=True)
class Labels:
    """The k sets of classes that each of m queries is scored against.

    Attributes
    ----------
    names : tuple of str
        What the column ``against`` says: predicted, true, or a class.
    texts : tuple of pyarrow.StringArray
        k arrays of m: the classes of each query, joined by ``;``; null without a label.
    masks : uint16 array of shape (m, k)
        The same as bits, 0 without a label.
    """

    names: tuple[str, ...]
    texts: tuple[pa.StringArray, ...]
    masks: npt.NDArray[np.uint16]


def labels_against(against: str, predicted: pa.StringArray, true: pa.StringArray) -> Labels:
    """The labels for ``--against predicted``, ``true``, ``both`` or ``all`` (each class in turn).

    Raises
    ------
    UsageError
        No query has such a label.
    """
    n_queries = len(predicted)
    if against == "all":
        texts = tuple(pa.array([name]).take(pa.array(np.zeros(n_queries, np.int64))) for name in CLASSES)
        bits = np.uint16(1) << np.arange(len(CLASSES), dtype=np.uint16)
        return Labels(CLASSES, texts, np.broadcast_to(bits, (n_queries, len(CLASSES))))
    known = {"predicted": predicted, "true": true}
    names = tuple(known) if against == "both" else (against,)
    for name in names:
        if known[name].null_count == n_queries:
            raise UsageError(
                f"no subsequence has a {name} class to be scored against",
                remedy=f"give a column {name!r}, or choose another label with --against; `--against all` needs none",
            )
    masks = np.stack([masks_of_labels(known[name]) for name in names], axis=1)
    return Labels(names, tuple(known[name] for name in names), masks)
