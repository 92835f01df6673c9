"""pepmatch as a peer: its own index of the same proteins, made once and kept, and the time of its exact searches."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pepmatch import Matcher, Preprocessor

from benchmarks.timing import timed

K = 8  # of its index: the longest that it takes for a set that has peptides of eight residues, and its own choice


@dataclass(frozen=True)
class Pepmatch:
    """Searches in the proteins of a FASTA file."""

    fasta: Path
    k: int = K

    def prepare(self) -> float | None:
        """Make its index beside the FASTA file unless it is there; returns the seconds it took."""
        path = self.fasta.with_name(f"{self.fasta.stem}_{self.k}mers.pepidx")
        if path.exists():
            return None
        print(f"pepmatch makes {path}, five minutes for 200 M residues ...", file=sys.stderr)
        unfinished = self.fasta.parent / "unfinished-pepmatch"
        preprocessor = Preprocessor(self.fasta, preprocessed_files_path=str(unfinished))
        seconds, _ = timed(lambda: _quietly(lambda: preprocessor.preprocess(self.k)))
        (unfinished / path.name).replace(path)
        unfinished.rmdir()
        return seconds

    def counting(self, peptides: list[str]) -> Callable[[], Any]:
        """A search for nothing but the number of hits; its answer has a row for each peptide that has some."""
        return self._matching(peptides, counts_only=True)

    def locating(self, peptides: list[str]) -> Callable[[], Any]:
        """A search for all hits; its answer has a row for each, or one without a position for a peptide without."""
        return self._matching(peptides)

    @cached_property
    def joining(self) -> float:
        """Seconds that a search for hits takes whatever the peptides: it reads what it knows of all proteins."""
        locating = self.locating(["MKLLPFWC"])
        return min(timed(locating)[0] for _ in range(3))

    def _matching(self, peptides: list[str], **options: Any) -> Callable[[], Any]:
        matcher = Matcher(
            peptides, self.fasta, max_mismatches=0, k=self.k, preprocessed_files_path=str(self.fasta.parent), **options
        )
        return lambda: _quietly(matcher.match)


def _quietly(action: Callable[[], Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return action()
