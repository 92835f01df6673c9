"""Where in a protein patterns are written, in words; and where subsequences stand in theirs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.importance.pattern_files import Frequent
from psl_eval.explanations.asked import Asked
from psl_index.errors import InputError

_TERMINAL: Final = 100  # residues from an end within which a place is kept
_REMEDY: Final = "give the proteins that were explained, cut as they were"


def place_named(position: int) -> str:
    """A position, as an `Insertion` has it, in words that follow a pattern."""
    if position == 0:
        return "in the middle"
    if position in (1, -1):
        return f"at the {'N' if position > 0 else 'C'}-terminus"
    return f"from residue {position} on" if position > 0 else f"up to residue {-position} from the C-terminus"


def own_positions(subsequences: pa.Table, frequent: Sequence[Frequent], proteins: Asked) -> list[int]:
    """Where each subsequence stands in its proteins: a position as an `Insertion` has it.

    The median of its distances from the nearer end; the middle (0) beyond 100 residues from both.

    Raises
    ------
    InputError
        A protein is not among `proteins`, or has other residues there.
    """
    sequences = dict(zip(proteins.identifiers, proteins.sequences, strict=True))
    queries, starts, ends = (subsequences[name].to_pylist() for name in ("query", "start", "end"))
    file = proteins.dataset.files[0]
    positions = []
    for each in frequent:
        before, behind = [], []
        for row in each.rows:
            query, start, end = queries[row], starts[row], ends[row]
            sequence = sequences.get(query)
            if sequence is None:
                problem = f"has no protein {query!r}, from which {each.residues} was extracted"
                raise InputError(problem, file=file, remedy=_REMEDY)
            if sequence[start - 1 : end].upper() != each.residues:
                problem = f"protein {query!r} does not have {each.residues} at {start:,}-{end:,}"
                raise InputError(problem, file=file, remedy=_REMEDY)
            before.append(start - 1)
            behind.append(len(sequence) - end)
        from_start, from_end = int(np.median(before)), int(np.median(behind))
        if min(from_start, from_end) >= _TERMINAL:
            positions.append(0)
        else:
            positions.append(1 + from_start if from_start <= from_end else -1 - from_end)
    return positions
