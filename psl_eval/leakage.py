"""What the sides of a split have in common: proteins with the same sequence, and proteins that share a stretch.

A network that is tested on what it has learned from seems better than it is. Every pair of sides is compared through an
index of the first, built in a temporary folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.temporary_index import stretches, temporary_index
from psl_index.errors import UsageError

if TYPE_CHECKING:
    from psl_index.index import Index

LEAKAGE: Final = pa.schema(
    [
        pa.field("side", pa.string(), nullable=False),  # whose proteins are counted
        pa.field("reference", pa.string(), nullable=False),  # what they are compared with
        pa.field("k", pa.int64(), nullable=False),  # residues of a stretch
        pa.field("proteins", pa.int64(), nullable=False),  # of `side`
        pa.field("identical", pa.int64(), nullable=False),  # with the sequence of a protein of `reference`
        pa.field("overlapping", pa.int64(), nullable=False),  # with a stretch of k residues of one
        pa.field("identical_share", pa.float64()),  # of `proteins`; null where there is none
        pa.field("overlapping_share", pa.float64()),
    ]
)


@dataclass(frozen=True, eq=False)
class Overlap:
    """What the proteins of one side have in common with those of another.

    Attributes
    ----------
    side, reference : str
        The proteins, and what they are compared with.
    k : int
        Residues of a stretch.
    identical : bool array of shape (proteins of `side`,)
        Whether a protein of `reference` has the same sequence.
    overlapping : bool array of shape (proteins of `side`,)
        Whether one has a stretch of k residues of it; never true of a protein that is shorter.
    """

    side: str
    reference: str
    k: int
    identical: npt.NDArray[np.bool_]
    overlapping: npt.NDArray[np.bool_]

    def as_row(self) -> dict[str, Any]:
        """The columns of `LEAKAGE`."""
        n = len(self.identical)
        identical, overlapping = int(self.identical.sum()), int(self.overlapping.sum())
        return {
            "side": self.side,
            "reference": self.reference,
            "k": self.k,
            "proteins": n,
            "identical": identical,
            "overlapping": overlapping,
            "identical_share": identical / n if n else None,
            "overlapping_share": overlapping / n if n else None,
        }

    def __str__(self) -> str:
        row = self.as_row()
        percent = f" ({row['overlapping_share']:.1%})" if row["proteins"] else ""
        return (
            f"{self.side}: {row['identical']:,} of {row['proteins']:,} proteins are identical to one in "
            f"{self.reference}, {row['overlapping']:,}{percent} share a stretch of {self.k} residues with one"
        )


@dataclass(frozen=True)
class Leakage:
    """The overlaps of all pairs of sides, each side compared with those before it."""

    overlaps: tuple[Overlap, ...]

    @property
    def table(self) -> pa.Table:
        """A row for each pair, with the columns of `LEAKAGE`."""
        return pa.Table.from_pylist(self.as_json(), LEAKAGE)

    def as_json(self) -> list[dict[str, Any]]:
        """The same as JSON holds it."""
        return [overlap.as_row() for overlap in self.overlaps]

    def __str__(self) -> str:
        """A line for each pair, for people."""
        return "\n".join(map(str, self.overlaps))


def leakage(sides: Mapping[str, Sequence[str]], *, k: int = 20, threads: int = 0) -> Leakage:
    """Compare each side of a split with those before it.

    Letters are literal, as in a search: a stretch of X is found in another such stretch.

    Parameters
    ----------
    sides : mapping
        The upper-case sequences of each side, in the order ``train``, ``validation``, ``test``, say.
    k : int
        Residues of a stretch: 20, over which chance matches hardly occur.
    threads : int
        0 for as many as the machine has; the result is the same.

    Raises
    ------
    UsageError
        `k` is not positive.
    OutputError
        There is no room for the index in the folder of temporary files.
    """
    if k < 1:
        raise UsageError(f"stretches of {k} residues", remedy="give a positive number")
    names = list(sides)
    overlaps: list[Overlap] = []
    for number, reference in enumerate(names, start=1):
        known = frozenset(sides[reference])
        shared = _overlapping(sides[reference], [sides[side] for side in names[number:]], k, threads)
        for side, overlapping in zip(names[number:], shared, strict=True):
            identical = np.array([sequence in known for sequence in sides[side]], np.bool_)
            overlaps.append(Overlap(side, reference, k, identical, overlapping))
    return Leakage(tuple(overlaps))


_STRETCHES_AT_ONCE: Final = 1 << 20


def _overlapping(
    reference: Sequence[str], sides: Sequence[Sequence[str]], k: int, threads: int
) -> Iterator[npt.NDArray[np.bool_]]:
    """Whether each protein of each side has k residues in a row in common with one of `reference`."""
    if not reference or not any(len(sequence) >= k for side in sides for sequence in side):
        yield from (np.zeros(len(side), np.bool_) for side in sides)
        return
    with temporary_index(reference, threads) as index:
        for side in sides:
            yield _found_in(index, side, k, threads)


def _found_in(index: Index, sequences: Sequence[str], k: int, threads: int) -> npt.NDArray[np.bool_]:
    """Whether the index holds k residues in a row of each sequence."""
    lengths = np.array([len(sequence) for sequence in sequences], np.int64)
    ends = np.cumsum(np.maximum(lengths - k + 1, 0))  # of the stretches of each
    found = np.zeros(len(sequences), np.bool_)
    first = 0
    while first < len(sequences):
        before = ends[first - 1] if first else 0
        end = max(first + 1, int(np.searchsorted(ends, before + _STRETCHES_AT_ONCE, side="right")))
        held = index.count(stretches(sequences[first:end], [k] * (end - first)), threads=threads) > 0
        owner = np.repeat(np.arange(first, end), np.diff(ends[first:end], prepend=before))
        found[owner[held]] = True
        first = end
    return found
