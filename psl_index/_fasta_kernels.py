"""One pass over the bytes of FASTA records."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from psl_index._jit import kernel

_NEWLINE = 10
_RECORD = 62  # ">"
_STOP = 42  # "*"


@kernel
def scan_records(
    text: npt.NDArray[np.uint8],
    letters: npt.NDArray[np.uint8],
    residues: npt.NDArray[np.uint8],
    ends: npt.NDArray[np.int32],
    headers: npt.NDArray[np.int64],
    faults: npt.NDArray[np.int64],
) -> Any:
    """Split `text` into records and gather their residues. Linear in the bytes.

    Parameters
    ----------
    text : uint8[n]
        Whole records; text before the first one is passed over and its first line that is not blank reported.
    letters : uint8[256]
        The residue each byte stands for; 0 for what is no residue.
    residues : uint8[n]
        Out: residues of all records, one after another.
    ends : int32[records + 1]
        Out: where each record's residues end, from ``ends[1]`` on. ``ends[0]`` is 0.
    headers : int64[records, 3]
        Out: first byte after ``>``, byte after the last of the header line, line number from 0.
    faults : int64[records, 2]
        Out: place and line number (from 0) of the first byte that is no residue, -1 where all are.

    Returns
    -------
    records, lines, stray : int
        `stray` is the line (from 0) of text before the first record, or -1.
    """
    record = -1
    line = 0
    stray = -1
    filled = 0
    stop_at = -1  # the record's first "*": allowed after its last residue only
    stop_line = -1
    at = 0
    line_start = True
    while at < text.size:
        byte = text[at]
        letter = letters[byte]
        if letter != 0 and record >= 0:
            if stop_at >= 0 and faults[record, 0] < 0:
                faults[record, 0] = stop_at
                faults[record, 1] = stop_line
            residues[filled] = letter
            filled += 1
            line_start = False
        elif byte == _NEWLINE:
            line += 1
            line_start = True
        elif byte == _RECORD and line_start:
            if record >= 0:
                ends[record + 1] = filled
            record += 1
            headers[record, 0] = at + 1
            headers[record, 2] = line
            faults[record, 0] = -1
            stop_at = -1
            at += 1
            while at < text.size and text[at] != _NEWLINE:
                at += 1
            headers[record, 1] = at
            continue
        else:
            line_start = False
            if byte == 32 or 9 <= byte <= 13:  # blanks are passed over
                pass
            elif record < 0:
                if stray < 0:
                    stray = line
            elif byte == _STOP and stop_at < 0:
                stop_at = at
                stop_line = line
            elif faults[record, 0] < 0:
                faults[record, 0] = stop_at if stop_at >= 0 else at
                faults[record, 1] = stop_line if stop_at >= 0 else line
        at += 1
    if record >= 0:
        ends[record + 1] = filled
    return record + 1, line, stray
