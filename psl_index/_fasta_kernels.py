"""One pass over the bytes of FASTA records."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from psl_index._jit import inlined, kernel
from psl_index._wide import SLACK, lowest_bit, upper_case

_NEWLINE = 10
_RECORD = 62  # ">"
_STOP = 42  # "*"
_BAR = 124  # "|"
_EQUALS = 61  # "="
_WIDTH = 16  # bytes that `upper_case` takes at once


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
    residues : uint8[n + SLACK]
        Out: residues of all records, one after another.
    ends : int32[records + 1]
        Out: where each record's residues end, from ``ends[1]`` on. ``ends[0]`` is 0.
    headers : int64[records, 4]
        Out: first byte after ``>``, byte after the last of the header line, line number from 0, and 1 where the header
        is plain: printable ASCII and blanks, not blanks only.
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
        if record >= 0 and stop_at < 0 and at + SLACK <= text.size:
            run = min(lowest_bit(upper_case(text, at, residues, filled)), _WIDTH)
            if run > 0:
                filled += run
                at += run
                line_start = False
                continue
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
            named = False
            strange = False
            while at < text.size and text[at] != _NEWLINE:
                byte = text[at]
                named |= 32 < byte < 127
                strange |= byte >= 127 or (byte < 32 and not 9 <= byte <= 13)
                at += 1
            headers[record, 1] = at
            headers[record, 3] = named and not strange
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


@kernel
def read_uniprot_names(
    text: npt.NDArray[np.uint8],
    headers: npt.NDArray[np.int64],
    letters: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    taxa: npt.NDArray[np.int64],
) -> int:
    """Accession, entry name and taxon of headers such as ``sp|P12345|AATM_RABIT Name OS=Organism OX=9986 SV=2``.

    Linear in the bytes of the headers. `psl_index.fasta_headers` says what is read in any header; stops at the first
    that is not plain or not of this kind.

    Parameters
    ----------
    headers : int64[n, 4]
        See `scan_records`.
    letters : uint8[2, bytes of all headers]
        Out: all accessions, one after another; all entry names.
    offsets : int32[2, n + 1]
        Out: where each of them begins, and the last one ends.
    taxa : int64[n]
        Out: -1 where there is none.

    Returns
    -------
    int
        How many were read.
    """
    offsets[:, 0] = 0
    for row in range(len(headers)):
        at, end, plain = headers[row, 0], headers[row, 1], headers[row, 3]
        if plain == 0 or end - at < 3 or text[at + 2] != _BAR:
            return row
        if not ((text[at] == 115 and text[at + 1] == 112) or (text[at] == 116 and text[at + 1] == 114)):  # sp, tr
            return row
        at += 3
        accession = at
        while at < end and text[at] != _BAR and text[at] > 32:
            at += 1
        if at in (accession, end) or text[at] != _BAR:
            return row
        offsets[0, row + 1] = _copy(text, accession, at, letters[0], offsets[0, row])
        at += 1
        name = at
        while at < end and text[at] > 32:
            at += 1
        offsets[1, row + 1] = _copy(text, name, at, letters[1], offsets[1, row])
        while at < end and text[at] <= 32:
            at += 1
        while end > at and text[end - 1] <= 32:
            end -= 1
        taxa[row] = _taxon(text, at, end)
    return len(headers)


@inlined
def _copy(text: npt.NDArray[np.uint8], begin: int, end: int, target: npt.NDArray[np.uint8], at: int) -> Any:
    """Copy ``text[begin:end]`` to ``target[at:]``; returns where it ends there."""
    for place in range(begin, end):
        target[at] = text[place]
        at += 1
    return at


@inlined
def _taxon(text: npt.NDArray[np.uint8], begin: int, end: int) -> Any:
    """The number that follows ``OX=`` in a description, -1 where there is none of one to nine digits."""
    field = _find_field(text, begin, end, 79, 83)  # OS
    if field < 0:
        return np.int64(-1)
    begin = field + 4
    for first, second in ((83, 86), (80, 69), (71, 78)):  # SV, PE, GN
        field = _find_field(text, begin, end, first, second)
        if field >= 0:
            end = field
    field = _find_field(text, begin, end, 79, 88)  # OX
    if field < 0 or not 0 < end - field - 4 <= 9:
        return np.int64(-1)
    number = np.int64(0)
    for place in range(field + 4, end):
        if not 48 <= text[place] <= 57:
            return np.int64(-1)
        number = 10 * number + text[place] - 48
    return number


@inlined
def _find_field(text: npt.NDArray[np.uint8], begin: int, end: int, first: int, second: int) -> Any:
    """Where a blank, two letters and ``=`` stand in ``text[begin:end]`` first, -1 where they do not."""
    for at in range(begin, end - 3):
        if text[at] == 32 and text[at + 1] == first and text[at + 2] == second and text[at + 3] == _EQUALS:
            return np.int64(at)
    return np.int64(-1)
