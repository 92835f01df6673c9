"""What can be wrong with an entry of a flat file: a number for the kernels, a sentence for the user."""

from __future__ import annotations

from typing import Final

NO_IDENTITY: Final = 1
SECOND_IDENTITY: Final = 2
IDENTITY_LAYOUT: Final = 3
NO_ACCESSION: Final = 4
TAXON: Final = 5
EXISTENCE: Final = 6
NO_SUMMARY: Final = 7
SECOND_SUMMARY: Final = 8
SUMMARY_LAYOUT: Final = 9
RESIDUES_FIRST: Final = 10
RESIDUE: Final = 11
GROUPS: Final = 12
NO_RESIDUES: Final = 13
LENGTH: Final = 14
STATED_LENGTH: Final = 15
CHECKSUM: Final = 16
POSITION: Final = 17
INDENT: Final = 18
NUL: Final = 19

#: Sentences; `found` is the line, `stated` and `counted` belong to the check that failed.
SENTENCES: Final = {
    NO_IDENTITY: "expected an ID line at the beginning of an entry, found {found}",
    SECOND_IDENTITY: "a second ID line, expected // at the end of the entry before it",
    IDENTITY_LAYOUT: "expected 'ID   NAME   Reviewed;   64 AA.', found {found}",
    NO_ACCESSION: "expected an AC line with an accession before the end of the entry",
    TAXON: "expected 'OX   NCBI_TaxID=9606;', found {found}",
    EXISTENCE: "expected 'PE   1: Evidence at protein level;' (1 to 5), found {found}",
    NO_SUMMARY: "expected an SQ line before the end of the entry",
    SECOND_SUMMARY: "a second SQ line",
    SUMMARY_LAYOUT: "expected 'SQ   SEQUENCE   64 AA;  7000 MW;  0123456789ABCDEF CRC64;', found {found}",
    RESIDUES_FIRST: "a line without a code, expected an SQ line before the sequence",
    RESIDUE: "expected letters only in a sequence, found {found}",
    GROUPS: "expected a sequence in groups of ten letters, found {found}",
    NO_RESIDUES: "a sequence without residues",
    LENGTH: "the ID line says {stated} residues, the sequence has {counted}",
    STATED_LENGTH: "the SQ line says {stated} residues, the sequence has {counted}",
    CHECKSUM: "the SQ line says CRC-64 {stated}, the sequence has {counted}",
    POSITION: "expected the positions of a feature, such as 1..20, found {found}",
    INDENT: "expected three blanks after the line code, found {found}",
    NUL: "a NUL byte",
}

REMEDY: Final = "correct the file or download it again, or pass over such entries with --skip-bad"
