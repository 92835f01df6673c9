"""What a reader passed over because it was told to (`--skip-bad`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from psl_index.errors import InputError


@dataclass
class Skipped:
    """Bad entries that were passed over: how many, and the first few errors in full."""

    count: int = 0
    first: list[InputError] = field(default_factory=list)
    keep: int = 20

    def add(self, error: InputError) -> None:
        """Count one bad entry."""
        self.count += 1
        if len(self.first) < self.keep:
            self.first.append(error)

    def add_all(self, others: Skipped) -> None:
        """Count those of `others`, too."""
        self.count += others.count
        self.first += others.first[: self.keep - len(self.first)]
