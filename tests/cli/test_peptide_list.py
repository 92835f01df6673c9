"""Peptides from the command line and from files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pslidx.peptide_list import gather, read_peptides

from psl_index.errors import InputError, PeptideError, PslidxError, UsageError


def peptides_in(tmp_path: Path, content: bytes) -> list[str]:
    path = tmp_path / "peptides"
    path.write_bytes(content)
    return list(read_peptides(str(path)))


@pytest.mark.parametrize(
    ("content", "peptides"),
    [
        (b"skl\nKDEL*\n", ["SKL", "KDEL"]),
        (b"\n  SKL \r\n\r\n\tKDEL", ["SKL", "KDEL"]),
        (b"\xef\xbb\xbfSKL\n", ["SKL"]),
        (gzip.compress(b"SKL\n", mtime=0) + gzip.compress(b"KDEL\n", mtime=0), ["SKL", "KDEL"]),
        (b">one\nSKL\nKDEL*\n>two words\nmaa\n", ["SKLKDEL", "MAA"]),
        (b"\n\n>one\nSKL\n", ["SKL"]),
        (b"UXBZOJ\n", ["UXBZOJ"]),
        ("SKL\xa0\n\xa0\nKDEL\n".encode(), ["SKL", "KDEL"]),  # no-break spaces
    ],
)
def test_one_a_line_or_fasta(tmp_path: Path, content: bytes, peptides: list[str]) -> None:
    assert peptides_in(tmp_path, content) == peptides


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        (b"SKL\n\nSK1\n", 3, "'SK1' is no peptide: '1' is not a residue letter"),
        (b"SKL\tx\n", 1, "'\\\\t' is not a residue letter"),
        (b"SK*L\n", 1, "'\\*' is not a residue letter"),
        (b"*\n", 1, "'\\*' is not a residue letter|is no peptide"),
        (b"S\xe9L\n", 1, "is not a residue letter"),
        (b"SKL\n>one\nKDEL\n", 2, "'>one' is no peptide"),
        (b">one\nSKL\nSK1\n", 3, "'1'"),
        (b"", None, "no peptide in it; expected one peptide a line, or FASTA"),
        (b"\n \n", None, "no peptide in it"),
        (b"A" * (20 << 20), 1, "a line of more than"),
        (gzip.compress(b"SKL\n" * 1000, mtime=0)[:-9], None, "ends too early"),
    ],
)
def test_bad_files_name_the_line(tmp_path: Path, content: bytes, line: int | None, problem: str) -> None:
    with pytest.raises(InputError, match=problem) as raised:
        peptides_in(tmp_path, content)
    assert raised.value.line == line
    assert raised.value.file == str(tmp_path / "peptides")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.text("ACDEFGHIKLMNPQRSTVWYBJOUXZ", min_size=1), min_size=1),
    st.lists(st.sampled_from(["\n", "\r\n", "\n\n", " \n", "*\n"]), min_size=1),
)
def test_a_written_list_reads_back(tmp_path: Path, peptides: list[str], ends: list[str]) -> None:
    lines = (peptide + ends[number % len(ends)] for number, peptide in enumerate(peptides))
    assert peptides_in(tmp_path, "".join(lines).encode()) == peptides


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=500)
@given(st.binary() | st.text(">*A\n\r \t1é").map(str.encode))
def test_any_bytes_are_peptides_or_an_input_error(tmp_path: Path, content: bytes) -> None:
    try:
        peptides = peptides_in(tmp_path, content)
    except InputError:
        return
    assert peptides
    assert all(peptide.isascii() and peptide.isalpha() and peptide.isupper() for peptide in peptides)


def test_arguments_come_first(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("KDEL\n")
    assert list(gather(["skl", "maa*"], str(tmp_path / "list"))) == ["SKL", "MAA", "KDEL"]


@pytest.mark.parametrize("argument", ["", " ", "SK1", "S-K", "S K", "*", "é", "\u017f"])
def test_a_bad_argument_is_a_usage_error(argument: str) -> None:
    with pytest.raises(PeptideError) as raised:
        gather(["SKL", argument], None)
    assert raised.value.number == 1


def test_a_file_among_the_peptides_gets_a_hint(tmp_path: Path) -> None:
    path = tmp_path / "peptides.txt"
    path.write_text("SKL\n")
    with pytest.raises(PeptideError, match=f"search the peptides in it with --file {path}"):
        gather([str(path)], None)


@pytest.mark.parametrize(("arguments", "file"), [([], None), (["-", "-"], None), (["-"], "list")])
def test_no_peptides_or_two_files_are_a_usage_error(arguments: list[str], file: str | None) -> None:
    with pytest.raises(UsageError):
        gather(arguments, file)


def test_a_missing_file_is_an_input_error() -> None:
    with pytest.raises(PslidxError, match="missing: no such file"):
        list(gather([], "missing"))


def test_what_is_objected_to_is_named_with_its_place(tmp_path: Path) -> None:
    def too_long(peptide: str) -> str | None:
        return f"{peptide} is too long" if len(peptide) > 3 else None

    path = tmp_path / "peptides"
    for content, line in (("SKL\n\nkdel*\n", 3), (">one\nSK\nL\n\n>two\nKD\nEL\n", 5)):
        path.write_text(content)
        peptides = gather([], str(path), too_long)
        assert next(peptides) == "SKL"
        with pytest.raises(InputError, match="KDEL is too long") as raised:
            next(peptides)
        assert (raised.value.file, raised.value.line) == (str(path), line)
    with pytest.raises(PeptideError, match="KDEL is too long") as objected:
        gather(["SKL", "kdel"], None, too_long)
    assert objected.value.number == 1
