"""`pslidx search --no-index` prints what the index of the same source does, byte for byte."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import psl_index

Call = Callable[..., Any]

PEPTIDES = ("skl", "KDEL*", "A", "U", "KLX", "SKI", "WWWW", "SKL", "MAAAAGRSK", "MAAAAGRSKLX", "MSKLSKLSKIGUU")
OPTIONS = [
    (),
    ("--equate-il",),
    ("--limit", 2),
    ("--taxon", 9606),
    ("--lineage", "eukaryota"),
    ("--lineage", "Fungi", "--equate-il", "--limit", 1),
    ("--format", "jsonl"),
    ("--threads", 1),
    ("--count",),
    ("--count", "--equate-il"),
    ("--count", "--taxon", 10090),
    ("--count", "--lineage", "Mammalia", "--format", "jsonl"),
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(map(str, options)))
def test_the_same_as_with_the_index(
    pslidx: Call, index: Path, flat_file: Path, options: tuple[object, ...], tmp_path: Path
) -> None:
    expected = pslidx("search", index, *PEPTIDES, *options)
    scanned = pslidx("search", "--no-index", flat_file, *PEPTIDES, *options)
    assert (scanned.code, scanned.raw) == (0, expected.raw)
    assert scanned.err == f"pslidx: scanning {flat_file.name}\n{expected.err}"
    compressed = tmp_path / "three.dat.gz"
    compressed.write_bytes(gzip.compress(flat_file.read_bytes()))
    assert pslidx("search", *PEPTIDES, *options, "--no-index", compressed).raw == expected.raw
    assert pslidx("search", *PEPTIDES, *options, "--no-index", "-", stdin=flat_file.read_bytes()).raw == expected.raw


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("x.fasta", ">sp|P1|A_B Name OS=Y OX=9606 SV=1\nMSKLAAA\n>Q1 Cytoplasm-Nucleus-U\nSKL\n>c\nAAAXKDEL\n"),
        ("x.csv", "accession,sequence,locations\nP1,MSKLAAA,Nucleus|Golgi apparatus\nP2,SKL,\nP1,AAAXKDEL,Secreted\n"),
    ],
)
def test_fasta_and_tables(pslidx: Call, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    psl_index.build([tmp_path / name], tmp_path / "index")
    for options in ((), ("--count",), ("--taxon", 9606), ("--count", "--lineage", "Mammalia")):
        expected = pslidx("search", tmp_path / "index", *PEPTIDES, *options)
        assert pslidx("search", "--no-index", tmp_path / name, *PEPTIDES, *options).raw == expected.raw
    assert len(expected.rows) == 1 + len(PEPTIDES)


def test_peptides_from_files_and_several_sources(pslidx: Call, flat_file: Path, tmp_path: Path) -> None:
    (tmp_path / "list").write_text("SKL\n\nkdel*\n")
    (tmp_path / "more.fasta").write_text(">more\nMKDEL\n")
    sources = ("--no-index", flat_file, "--no-index", tmp_path / "more.fasta")
    found = pslidx("search", *sources, "--file", tmp_path / "list", "MAA")
    assert [(row[0], row[1]) for row in found.rows[1:]] == [
        ("MAA", "P99993"),
        *(("SKL", accession) for accession in ("P99991", "P99992", "P99992", "P99993")),
        ("KDEL", "P99991"),
        ("KDEL", "more"),
    ]
    assert pslidx("search", *sources, "MAA", "-", stdin=b"SKL\nKDEL\n").raw == found.raw


def test_a_peptide_may_be_longer_than_any_name_of_a_file(pslidx: Call, flat_file: Path) -> None:
    assert pslidx("search", "--no-index", flat_file, "A" * 10_000).code == 0


def test_many_rows_come_in_parts(pslidx: Call, index: Path, flat_file: Path) -> None:
    peptides = "\n".join(["SKL", "A", "WWW"] * 10_000).encode()
    expected = pslidx("search", index, "-", stdin=peptides)
    assert pslidx("search", "--no-index", flat_file, "-", stdin=peptides).raw == expected.raw
    assert len(expected.rows) == 1 + 10_000 * (4 + 7)


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (["SK1"], 2, "'SK1' is no peptide: '1' is not a residue letter (A-Z)"),
        ([""], 2, "a peptide is empty"),
        ([], 2, "no peptide to search for"),
        (["-"], 1, "-: no peptide in it"),
        (["--file", "missing"], 1, "missing: no such file"),
        (["SKL", "-o", "missing/hits.tsv"], 1, "missing/hits.tsv: cannot be written: No such file"),
        (["SKL", "--columns", "accession=x"], 2, "three.dat: has no columns to be named"),
        (["SKL", "--columns", "x"], 2, "--columns: 'x' does not name a column"),
        (["SKL", "--no-index", "-", "-"], 2, "Standard input (-) can be read only once"),
        (["SKL", "--no-index", "-", "--file", "-"], 2, "Standard input (-) can be read only once"),
        (["SKL", "--no-index", "-", "--no-index", "-"], 2, "standard input can be read only once"),
        (["AN", "SKL"], 2, "With --no-index there is no INDEX, but 'AN' is a folder; leave it out"),
        (["SKL", "--taxon", "0"], 2, "Invalid value for '--taxon': 0 is not in the range 1<=x<=4294967295"),
        (["SKL", "--taxon", str(2**32)], 2, "Invalid value for '--taxon': 4294967296 is not in the range"),
        (["SKL", "--taxon", str(2**64)], 2, "Invalid value for '--taxon': 18446744073709551616 is not in the range"),
        (["SKL", "--count", "--limit", "3"], 2, "--limit does not go with --count"),
        (["SKL", "--no-index", "empty"], 1, "empty: an empty file"),
        (["SKL", "--no-index", "cut.gz"], 1, "cut.gz: the gzip data ends too early"),
        (["SKL", "--no-index", "cut.dat"], 1, "cut.dat:27: TWO_MOUSE: the file ends within it"),
    ],
)
def test_bad_input_is_one_line(
    pslidx: Call,
    flat_file: Path,
    arguments: list[str],
    code: int,
    complaint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    content = flat_file.read_bytes()
    (tmp_path / "three.dat").write_bytes(content)
    (tmp_path / "empty").touch()
    (tmp_path / "AN").mkdir()
    (tmp_path / "cut.gz").write_bytes(gzip.compress(content)[:-9])
    (tmp_path / "cut.dat").write_bytes(content[: content.index(b"//\nID   THREE")])
    before = sorted(os.listdir(tmp_path))
    ended = pslidx("search", "--no-index", "three.dat", *arguments)
    said = [line for line in ended.err.splitlines() if not line.startswith("pslidx: scanning")]
    assert (ended.code, ended.out) == (code, "")
    assert len(said) == 1
    assert said[0].startswith(f"pslidx: error: {complaint}")
    assert sorted(os.listdir(tmp_path)) == before


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Missing argument 'INDEX'; see `pslidx search -h`"),
        (["x", "SKL", "--columns", "accession=x"], "--columns and --skip-bad go with --no-index only"),
        (["x", "SKL", "--skip-bad"], "--columns and --skip-bad go with --no-index only"),
    ],
)
def test_options_of_sources_need_one(pslidx: Call, arguments: list[str], complaint: str) -> None:
    ended = pslidx("search", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"pslidx: error: {complaint}")


def test_bad_entries_are_passed_over_and_named(pslidx: Call, tmp_path: Path) -> None:
    (tmp_path / "x.fasta").write_text(">a\nM1\n>b\nSKL\n")
    assert pslidx("search", "--no-index", tmp_path / "x.fasta", "SKL").code == 1
    ended = pslidx("search", "--no-index", tmp_path / "x.fasta", "SKL", "--skip-bad")
    assert [row[1] for row in ended.rows[1:]] == ["b"]
    assert ended.err.splitlines()[1] == "pslidx: warning: 1 bad entry was passed over; the first 1:"
    assert "expected residues of a, found '1'" in ended.err.splitlines()[2]


def test_nothing_is_written_where_the_source_is_cut_off(pslidx: Call, flat_file: Path, tmp_path: Path) -> None:
    cut, target = tmp_path / "cut.dat", tmp_path / "hits.tsv"
    cut.write_bytes(flat_file.read_bytes()[:-20])
    target.write_text("before")
    assert pslidx("search", "--no-index", cut, "SKL", "-o", target).code == 1
    assert target.read_text() == "before"
    assert sorted(os.listdir(tmp_path)) == ["cut.dat", "hits.tsv"]
