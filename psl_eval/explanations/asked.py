"""The proteins that a model is asked about."""

from __future__ import annotations

from dataclasses import dataclass

from psl_models.datasets import Dataset


@dataclass(frozen=True, eq=False)
class Asked:
    """The proteins of one file, as a model sees them.

    Attributes
    ----------
    dataset : Dataset
        As they were read.
    sequences : list of str
        Cut, where that was asked for.
    """

    dataset: Dataset
    sequences: list[str]

    @property
    def identifiers(self) -> tuple[str, ...]:
        """First word of each header."""
        return self.dataset.identifiers

    @property
    def labels(self) -> tuple[tuple[str, ...], ...]:
        """True classes of each protein; none where they are not known."""
        return self.dataset.labels
