"""Sequences as lines of text, the way flat files and FASTA write them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from psl_index._jit import kernel

RESIDUES_A_LINE = 60


@kernel
def sequence_lines(
    residues: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int64],
    indent: int,
    group: int,
    lines: npt.NDArray[np.uint8],
    bounds: npt.NDArray[np.int64],
) -> None:
    """Write each sequence in indented lines of 60 residues, `group` between blanks. Linear in the residues.

    Parameters
    ----------
    residues : uint8[r]
    offsets : int64[n + 1]
        Where each sequence begins in `residues`.
    lines : uint8
        Out: the text of all sequences (ASCII).
    bounds : int64[n + 1]
        Out: where the lines of each end, from ``bounds[1]`` on. ``bounds[0]`` is 0.
    """
    filled = 0
    for sequence in range(offsets.size - 1):
        length = offsets[sequence + 1] - offsets[sequence]
        for place in range(length):
            column = place % RESIDUES_A_LINE
            if column == 0:
                if place > 0:
                    lines[filled] = 10
                    filled += 1
                for _ in range(indent):
                    lines[filled] = 32
                    filled += 1
            elif column % group == 0:
                lines[filled] = 32
                filled += 1
            lines[filled] = residues[offsets[sequence] + place]
            filled += 1
        lines[filled] = 10
        filled += 1
        bounds[sequence + 1] = filled
