"""Made-up proteins whose sorting signals are known, one of each family."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic import proteome
from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.names import accession
from psl_eval.synthetic.signals import KINDS
from psl_index.file_records import FileRecord
from psl_models.datasets.proteins import Dataset, Protein, dataset_of

Bools = npt.NDArray[np.bool_]


class Signal(NamedTuple):
    """A planted signal of a protein; residues are counted from 1, both ends inclusive."""

    kind: int  # number in `psl_eval.synthetic.signals.KINDS`
    first: int
    last: int
    core_first: int  # of the part that signals of other families share
    core_last: int


@dataclass(frozen=True, eq=False)
class Planted:
    """Proteins with their classes and signals.

    Attributes
    ----------
    dataset : Dataset
        n proteins; the class of each is the one that its signals bring it to, Cytoplasm where it has none.
    signals : tuple of n tuples of Signal
    """

    dataset: Dataset
    signals: tuple[tuple[Signal, ...], ...]

    def cores(self, row: int) -> Bools:
        """Whether each residue of a protein is in the core of a signal; bool of shape (length,)."""
        return self._residues(row, [(each.core_first, each.core_last) for each in self.signals[row]])

    def whole(self, row: int) -> Bools:
        """Whether each residue of a protein is in a signal, core or not; bool of shape (length,)."""
        return self._residues(row, [(each.first, each.last) for each in self.signals[row]])

    def _residues(self, row: int, spans: list[tuple[int, int]]) -> Bools:
        inside = np.zeros(len(self.dataset.sequences[row]), np.bool_)
        for first, last in spans:
            inside[first - 1 : last] = True
        return inside


def planted_proteins(residues: int, seed: int, *, longest: int) -> Planted:
    """The ancestor's first descendant of each family of a synthetic proteome: no two proteins are relatives.

    What they have in common are cores of signals, and the composition of residues.

    Parameters
    ----------
    residues : int
        Of the proteome, relatives and long proteins included; at least 1.
    seed : int
    longest : int
        Residues; families of longer proteins are left out.
    """
    found = list(_first_members(residues, seed, longest))
    digest = hashlib.sha256("".join(f"{protein.sequence}\n" for protein, _ in found).encode())
    record = FileRecord(
        f"synthetic proteome of {residues:,} residues, seed {seed}",
        sum(len(protein.sequence) for protein, _ in found),
        digest.hexdigest(),
    )
    dataset = dataset_of([protein for protein, _ in found], multi_label=False, files=[record.name], records=[record])
    return Planted(dataset, tuple(signals for _, signals in found))


def name_of(kind: int) -> str:
    """Of a kind of signals, as tables show it."""
    feature, note = KINDS[kind].feature, KINDS[kind].note
    return f"{feature} ({note})" if note else feature


def _first_members(residues: int, seed: int, longest: int) -> Iterator[tuple[Protein, tuple[Signal, ...]]]:
    for block in proteome(residues, seed):
        signals: list[list[Signal]] = [[] for _ in range(len(block))]
        spans = np.concatenate((block.signal_spans, block.core_spans), axis=1).tolist()
        for protein, kind, span in zip(block.signal_protein.tolist(), block.signal_kind.tolist(), spans, strict=True):
            signals[protein].append(Signal(kind, *span))
        lengths = np.diff(block.offsets)
        for number in np.flatnonzero((block.member == 0) & (lengths <= longest)).tolist():
            name = accession(block.first + number)
            labels = RESIDENCES[block.residence[number]].classes[:1]
            line = block.first + number + 1
            yield Protein(name, name, block.sequence(number), labels, line), tuple(signals[number])
