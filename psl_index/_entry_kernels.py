"""What single lines of a flat-file entry say: name, versions, taxon, existence, lengths, residues.

Every kernel gets the lines of one kind: `begins` and `ends` of their content in `text` and the entry each is
in, all int32 of one length. What is wrong with an entry goes to `problems` (a code, 0 for none, uint8) and
`places` (where in `text` its line begins, int32); the first finding stands. All are O(bytes of their lines).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from psl_index._byte_helpers import fetch_ahead, hex_digit, number, report, skip_blanks, starts, word_end
from psl_index._jit import inlined, kernel
from psl_index._wide import upper_case
from psl_index.flatfile_problems import (
    EXISTENCE,
    GROUPS,
    IDENTITY_LAYOUT,
    NO_IDENTITY,
    NO_SUMMARY,
    RESIDUE,
    RESIDUES_FIRST,
    SECOND_IDENTITY,
    SECOND_SUMMARY,
    SUMMARY_LAYOUT,
    TAXON,
)

NO: Final = 0
YES: Final = 1
UNKNOWN: Final = 2

_BLANK: Final = 32
_COMMA: Final = 44
_COLON: Final = 58
_SEMICOLON: Final = 59
_A: Final = 65

_STANDARD: Final = np.frombuffer(b"STANDARD;", np.uint8)
_PRELIMINARY: Final = np.frombuffer(b"PRELIMINARY;", np.uint8)
_REVIEWED: Final = np.frombuffer(b"Reviewed;", np.uint8)
_UNREVIEWED: Final = np.frombuffer(b"Unreviewed;", np.uint8)
_PROTEIN: Final = np.frombuffer(b"PRT;", np.uint8)
_AA: Final = np.frombuffer(b"AA", np.uint8)
_SEQUENCE_VERSION: Final = np.frombuffer(b", sequence version ", np.uint8)
_ENTRY_VERSION: Final = np.frombuffer(b", entry version ", np.uint8)
_TAX_ID: Final = np.frombuffer(b"NCBI_TaxID=", np.uint8)
_SEQUENCE: Final = np.frombuffer(b"SEQUENCE ", np.uint8)
_CRC64: Final = np.frombuffer(b" CRC64", np.uint8)


@kernel
def read_identities(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    entry_begins: npt.NDArray[np.int32],
    names: npt.NDArray[np.int32],
    reviewed: npt.NDArray[np.uint8],
    lengths: npt.NDArray[np.int64],
    problems: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int32],
) -> None:
    """ID lines: where the name begins and ends (`names`, shape (2, entries)), data class and length.

    `entry_begins` says where each entry begins: nothing but an ID line may stand there.
    """
    names[:] = 0
    lengths[:] = -1
    reviewed[:] = UNKNOWN
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        entry = entries[line]
        at = np.int64(begins[line])
        end = np.int64(ends[line])
        if line > 0 and entries[line - 1] == entry:
            report(problems, places, entry, SECOND_IDENTITY, at)
            continue
        first = np.int64(entry_begins[entry])
        while text[first] <= _BLANK:
            first += 1
        if first + 5 < at:
            report(problems, places, entry, NO_IDENTITY, first)
        names[0, entry] = at
        at = word_end(text, at, end)
        names[1, entry] = at
        at = skip_blanks(text, at, end)
        if starts(text, at, end, _STANDARD) or starts(text, at, end, _REVIEWED):
            reviewed[entry] = YES
        elif starts(text, at, end, _PRELIMINARY) or starts(text, at, end, _UNREVIEWED):
            reviewed[entry] = NO
        at = skip_blanks(text, word_end(text, at, end), end)
        if starts(text, at, end, _PROTEIN):
            at = skip_blanks(text, at + _PROTEIN.size, end)
        length, at = number(text, at, end)
        lengths[entry] = length
        at = skip_blanks(text, at, end)
        if length < 0 or not starts(text, at, end, _AA):
            report(problems, places, entry, IDENTITY_LAYOUT, begins[line])
    for entry in range(names.shape[1]):
        if names[1, entry] == 0:
            first = np.int64(entry_begins[entry])
            while text[first] <= _BLANK:
                first += 1
            report(problems, places, entry, NO_IDENTITY, first)


@kernel
def read_dates(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    sequence_versions: npt.NDArray[np.int64],
    entry_versions: npt.NDArray[np.int64],
) -> None:
    """DT lines: versions, -1 where they are not stated (before 2006 a release stood there)."""
    sequence_versions[:] = -1
    entry_versions[:] = -1
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        end = np.int64(ends[line])
        at = np.int64(begins[line])
        while at < end and text[at] != _COMMA:
            at += 1
        if starts(text, at, end, _SEQUENCE_VERSION):
            sequence_versions[entries[line]] = number(text, at + _SEQUENCE_VERSION.size, end)[0]
        elif starts(text, at, end, _ENTRY_VERSION):
            entry_versions[entries[line]] = number(text, at + _ENTRY_VERSION.size, end)[0]


@kernel
def read_taxa(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    taxa: npt.NDArray[np.int64],
    problems: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int32],
) -> None:
    """OX lines: the first taxon, -1 where there is none."""
    taxa[:] = -1
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        entry = entries[line]
        if line > 0 and entries[line - 1] == entry:
            continue
        at = np.int64(begins[line])
        end = np.int64(ends[line])
        taxon = np.int64(-1)
        if starts(text, at, end, _TAX_ID):
            taxon, at = number(text, at + _TAX_ID.size, end)
            if at < end and text[at] != _SEMICOLON and text[at] != _COMMA and text[at] != _BLANK:
                taxon = np.int64(-1)
        taxa[entry] = taxon
        if taxon < 0:
            report(problems, places, entry, TAXON, begins[line])


@kernel
def read_existences(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    existences: npt.NDArray[np.int64],
    problems: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int32],
) -> None:
    """PE lines: 1 to 5, -1 where there is none (before 2007)."""
    existences[:] = -1
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        existence, at = number(text, np.int64(begins[line]), np.int64(ends[line]))
        if 1 <= existence <= 5 and at < ends[line] and text[at] == _COLON:
            existences[entries[line]] = existence
        else:
            report(problems, places, entries[line], EXISTENCE, begins[line])


@kernel
def read_summaries(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    entry_ends: npt.NDArray[np.int32],
    summaries: npt.NDArray[np.int32],
    lengths: npt.NDArray[np.int64],
    checksums: npt.NDArray[np.uint64],
    has_checksum: npt.NDArray[np.bool_],
    problems: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int32],
) -> None:
    """SQ lines: where they begin (`summaries`), the length, and the CRC-64 where it is one."""
    summaries[:] = -1
    lengths[:] = -1
    has_checksum[:] = False
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        entry = entries[line]
        begin = np.int64(begins[line])
        end = np.int64(ends[line])
        if summaries[entry] >= 0:
            report(problems, places, entry, SECOND_SUMMARY, begin)
            continue
        summaries[entry] = begin
        if starts(text, begin, end, _SEQUENCE):
            length, at = number(text, skip_blanks(text, begin + _SEQUENCE.size, end), end)
            if starts(text, skip_blanks(text, at, end), end, _AA):
                lengths[entry] = length
        if lengths[entry] < 0:
            report(problems, places, entry, SUMMARY_LAYOUT, begin)
        if text[end - 1] == _SEMICOLON:
            end -= 1
        end -= _CRC64.size
        if end > begin + 16 and starts(text, end, end + _CRC64.size, _CRC64):
            checksum = np.uint64(0)
            well_formed = text[end - 17] == _BLANK
            for at in range(end - 16, end):
                digit = hex_digit(text[at])
                well_formed = well_formed and digit >= 0
                checksum = (checksum << np.uint64(4)) | np.uint64(max(digit, 0))
            checksums[entry] = checksum
            has_checksum[entry] = well_formed
            if not well_formed:
                report(problems, places, entry, SUMMARY_LAYOUT, begin)
    for entry in range(summaries.size):
        if summaries[entry] < 0:
            report(problems, places, entry, NO_SUMMARY, entry_ends[entry])


@kernel
def read_residues(
    text: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int32],
    ends: npt.NDArray[np.int32],
    entries: npt.NDArray[np.int32],
    summaries: npt.NDArray[np.int32],
    sequences: npt.NDArray[np.uint8],
    offsets: npt.NDArray[np.int32],
    problems: npt.NDArray[np.uint8],
    places: npt.NDArray[np.int32],
) -> None:
    """Residues, in upper case, of each entry: ``sequences[offsets[entry]:offsets[entry + 1]]``.

    They stand below the SQ line in groups of ten with a blank between, the last group may be shorter. `text`
    and `sequences` must have `_wide.SLACK` bytes to spare.
    """
    n = np.int64(0)
    entry = np.int64(-1)
    for line in range(begins.size):
        fetch_ahead(text, begins, line)
        at = np.int64(begins[line])
        end = np.int64(ends[line])
        while entry < entries[line]:
            entry += 1
            offsets[entry] = n
        if at < end and (summaries[entry] < 0 or summaries[entry] > at):
            report(problems, places, entry, RESIDUES_FIRST, at)
        while at < end:
            size = min(np.int64(10), end - at)
            if upper_case(text, at, sequences, n) & ((1 << size) - 1):
                report(problems, places, entry, _misplaced(text, at, size), begins[line])
            n += size
            at += size
            if at < end and text[at] != _BLANK:
                report(problems, places, entry, GROUPS, begins[line])
            at += 1
    while entry < offsets.size - 1:
        entry += 1
        offsets[entry] = n


@inlined
def _misplaced(text: npt.NDArray[np.uint8], at: Any, size: Any) -> Any:
    """Whether ten bytes that are not all letters are too short a group or hold something else."""
    for k in range(size):
        letter = text[at + k] & 0xDF
        if (letter < _A or letter > _A + 25) and text[at + k] != _BLANK:
            return RESIDUE
    return GROUPS
