"""Flat files that are refused, or bad entries of theirs passed over."""

from __future__ import annotations

import re
from typing import NamedTuple

import pytest

from psl_index.errors import InputError
from psl_index.skipped import Skipped
from tests.flatfiles import (
    BEFORE_2019,
    LAST_CENTURY,
    SEQUENCE,
    TODAY,
    entry,
    read,
    sequence_lines,
    summary_line,
)


class Damage(NamedTuple):
    """A change to `TODAY`, and where and what is then found."""

    old: str
    new: str
    line: str  # how the line begins that the error names
    problem: str


_GROUPS = "expected a sequence in groups of ten letters"
_SUMMARY = "expected 'SQ   SEQUENCE   64 AA;  7000 MW;  0123456789ABCDEF CRC64;', found 'SQ  "
_IDENTITY = "expected 'ID   NAME   Reviewed;   64 AA.', found 'ID  "

DAMAGES = {
    "wrong letter": Damage("MTWPDGGKKK", "MTWPDGGKK1", "     MTWPDGG", "expected letters only in a sequence"),
    "letter missing": Damage("MTWPDGGKKK", "MTWPDGGKK", "     MTWPDGGKK ", _GROUPS),
    "blank missing": Damage("KKK ALK", "KKKALK", "     MTWPDGGKKKALK", _GROUPS),
    "residue missing": Damage("GKKU\n", "GKK\n", "ID", "the ID line says 65 residues, the sequence has 64"),
    "residue changed": Damage("GKKU\n", "GKKK\n", "SQ", "the SQ line says CRC-64 "),
    "length in SQ": Damage("CE   65", "CE   64", "SQ", "the SQ line says 64 residues, the sequence has 65"),
    "no length in SQ": Damage("CE   65 AA", "CE   AA", "SQ", _SUMMARY),
    "long checksum": Damage(" CRC64", "0 CRC64", "SQ", _SUMMARY),
    "length in ID": Damage("65 AA.", "66 AA.", "ID", "the ID line says 66 residues, the sequence has 65"),
    "no length in ID": Damage("65 AA.", "AA.", "ID", _IDENTITY),
    "nucleotides": Damage("65 AA.", "65 BP.", "ID", _IDENTITY),
    "no ID": Damage("ID   ", "XX   ", "XX", "expected an ID line at the beginning of an entry, found 'XX  "),
    "no AC": Damage("AC   P12345;\nAC   Q99999; A0A999Z9Z9;\n", "", "//", "expected an AC line"),
    "empty AC": Damage("AC   P12345;\nAC   Q99999; A0A999Z9Z9;\n", "AC   ;\n", "//", "expected an AC line"),
    "no SQ": Damage("SQ   ", "XX   ", "//", "expected an SQ line before the end of the entry"),
    "sequence first": Damage("PE   3", "     MSSHE\nPE   3", "     M", "a line without a code"),
    "no //": Damage("//\n", "", "ID   TEST_A00002", "a second ID line, expected // at the end"),
    "taxon": Damage("TaxID=7227", "TaxID=72x27", "OX", "expected 'OX   NCBI_TaxID=9606;', found 'OX  "),
    "existence": Damage("PE   3:", "PE   6:", "PE", "expected 'PE   1: Evidence at protein level;' (1 to 5)"),
    "position": Damage("<1..20", "one..20", "FT   SIGNAL", "expected the positions of a feature"),
    "half a range": Damage("<1..20", "1..", "FT   SIGNAL", "expected the positions of a feature"),
    "indentation": Damage("OS   Dros", "OS Dros", "OS Dros", "expected three blanks after the line code"),
    "tab": Damage("OS   Dros", "OS\tDros", "OS\t", "expected three blanks after the line code"),
    "NUL": Damage("Full=Made", "Full=\0Made", "DE", "a NUL byte"),
    "no residues": Damage("\n".join(["", *sequence_lines(SEQUENCE)]), "", "//", "a sequence without residues"),
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_a_bad_entry_is_an_error_with_its_line_or_passed_over(kind: str) -> None:
    damage = DAMAGES[kind]
    assert damage.old in TODAY
    before = entry(accession="A00001")
    text = before + TODAY.replace(damage.old, damage.new, 1) + entry(accession="A00002")
    lines = text.split("\n")
    line = next(n for n in range(before.count("\n"), len(lines)) if lines[n].startswith(damage.line)) + 1
    with pytest.raises(InputError) as caught:
        read(text)
    name = "TEST_P12345" if "AC" in kind else "P12345"
    assert str(caught.value).startswith(f"made up:{line}: {name}: {damage.problem}")
    assert "--skip-bad" in str(caught.value.remedy)
    skipped = Skipped()
    batch = read(text, skipped=skipped)
    good = ["A00001"] if kind == "no //" else ["A00001", "A00002"]
    assert batch.entries["accession"].to_pylist() == good
    assert batch.features.num_rows == batch.locations.num_rows == 0
    assert (skipped.count, str(skipped.first[0])) == (1, str(caught.value))


@pytest.mark.parametrize("first", ["RN   [1]", "FT {", "CC   -!- FUNCTION: None."])
def test_an_entry_that_begins_with_some_other_line_is_quoted_with_that(first: str) -> None:
    before = entry(accession="A00001") + "\n \n     \n"
    with pytest.raises(InputError, match="expected an ID line at the beginning of an entry, found") as caught:
        read(before + first + "\nRP   SEQUENCE.\n" + TODAY)
    assert (caught.value.line, first in str(caught.value)) == (before.count("\n") + 1, True)


def test_what_is_left_keeps_its_numbers_when_entries_are_passed_over() -> None:
    bad = entry(accession="A00001").replace("65 AA", "66 AA")
    whole = read(TODAY + bad + BEFORE_2019 + bad + LAST_CENTURY, skipped=Skipped())
    assert whole == read(TODAY + BEFORE_2019 + LAST_CENTURY)


def test_of_many_bad_entries_only_the_first_are_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of nothing but ``//`` would otherwise take a sentence for each."""
    described = []
    monkeypatch.setattr("psl_index.flatfile_entries._Findings._name", lambda _, number: described.append(number) or "x")
    text = "//\n" * 1000 + entry() + "//\n" * 1000
    with pytest.raises(InputError, match="made up:1: x: expected an ID line"):
        read(text)
    assert described == [0]
    skipped = Skipped(keep=3)
    assert read(text, skipped=skipped).entries["accession"].to_pylist() == ["P12345"]
    assert (skipped.count, [error.line for error in skipped.first]) == (2000, [1, 2, 3])
    assert described == [0, 0, 1, 2]


def test_a_checksum_that_is_no_crc64_is_computed_and_not_compared() -> None:
    text = re.sub(r"[0-9A-F]{16} CRC64;", "1143D891 CRC32;", entry())
    assert read(text).entries["crc64"].to_pylist() == [summary_line(SEQUENCE).split()[-2]]


@pytest.mark.parametrize("size", [1, 30, 300, 1200, len(TODAY) - 4, len(TODAY) - 1])
def test_a_file_that_breaks_off_names_the_last_entry(size: int) -> None:
    text = entry(accession="A00001") + TODAY[:size]
    if size == len(TODAY) - 1:
        assert read(text) == read(entry(accession="A00001") + TODAY)
        return
    with pytest.raises(InputError, match="the file ends within it, expected //") as caught:
        read(text)
    assert caught.value.line == text.count("\n") + (not text.endswith("\n"))
    if size > 30:
        assert "P12345: " in str(caught.value)
    skipped = Skipped()
    assert read(text, skipped=skipped).entries["accession"].to_pylist() == ["A00001"]
    assert skipped.count == 1


@pytest.mark.parametrize("text", ["", "\n", "  \n\n", "\r\n"])
def test_an_empty_file_is_refused(text: str) -> None:
    for skipped in (None, Skipped()):
        with pytest.raises(InputError, match="made up: no entry, expected a UniProtKB flat file"):
            read(text, skipped=skipped)


@pytest.mark.parametrize(
    "text",
    [
        ">P12345\nMSSHE\n",
        "accession,sequence\nP12345,MSS\n",
        "<html>\n</html>\n",
        "LOCUS  X\nORIGIN\n//\n",
        "//\n",
    ],
)
def test_what_is_no_flat_file_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.line is not None
