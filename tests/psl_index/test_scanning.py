"""Searching sources without an index, case by case; `tests/properties/test_scan_oracle.py` holds it against `find`."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import psl_index
from psl_index import Index, Progress, Skipped, build, scan, scan_counts
from psl_index.entry_tables import Organisms
from psl_index.errors import InputError, PeptideError, UsageError
from tests import flatfiles
from tests.proteomes import write_table

SEQUENCES = ["MAAAAGRSAW", "AAAA", "MXUAAC", "W", "MILKLI", "MAAAAGRSAWMAAAAGRSAW"]
FASTA = (
    ">sp|P12345|AATM_RABIT Name OS=Oryctolagus cuniculus OX=9986 GN=GOT2 PE=1 SV=2\nMAAAAGRSAW\n"
    ">tr|A0A999Z9Z9|A0A999Z9Z9_HUMAN Name OS=Homo sapiens OX=9606 PE=4 SV=1\nMKKRSAW\n"
    ">plain some protein\nAAAA\n"
    ">Q9H400 Cell.membrane-M test\nRSAW\n"
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_table(tmp_path / "proteome.tsv", SEQUENCES)


def rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def test_overlapping_occurrences_all_count(source: Path) -> None:
    found = scan([source], ["AAA", "W"])
    assert rows(found.table) == [
        *((0, 0, 2), (0, 0, 3), (0, 1, 1), (0, 1, 2), (0, 5, 2), (0, 5, 3), (0, 5, 12), (0, 5, 13)),
        *((1, 0, 10), (1, 3, 1), (1, 5, 10), (1, 5, 20)),
    ]
    assert found.cut.tolist() == [0, 0]
    assert scan_counts([source], ["AAA", "W"]).tolist() == [[3, 3], [8, 4]]


def test_no_match_crosses_entries_or_passes_the_end(source: Path) -> None:
    peptides = ["WAAAA", "AAAAM", "CW", "WM", "SEQUENCESLONGERTHANANYENTRY", "MAAAAGRSAWMAAAAGRSAWM", "MAAAAGRSAWA"]
    assert scan_counts([source], peptides)[1].tolist() == [0, 0, 0, 1, 0, 0, 0]


def test_letters_are_literal_in_either_case(source: Path) -> None:
    peptides = ["X", "U", "XU", "MXUAAC", "MXXAAC", "MAUAAC", "B", "J", "maaaagrsaw", "MAAAAGRSAW*"]
    assert scan_counts([source], peptides)[1].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 3, 3]


def test_isoleucine_and_leucine_alike_on_request(source: Path) -> None:
    assert scan_counts([source], ["MLLKII", "MLIK", "IL"])[1].tolist() == [0, 0, 1]
    assert scan_counts([source], ["MLLKII", "MLIK", "IL"], equate_il=True)[1].tolist() == [1, 1, 2]
    assert rows(scan([source], ["LL", "II"], equate_il=True).table) == [(0, 4, 2), (0, 4, 5), (1, 4, 2), (1, 4, 5)]


def test_peptides_that_begin_with_each_other(source: Path) -> None:
    """They share a prefix, from the shortest that has one of full width to the whole entry; equal ones count each."""
    ladder = [SEQUENCES[5][:length] for length in (20, 8, 12, 9, 8, 11)]
    beside = ["MAAAAGRSC", "MAAAAGRSA", "MAAAAGRSAWMAAAAGRSAX", "MAAAAGRS"]
    assert scan_counts([source], [*ladder, *beside])[1].tolist() == [1, 3, 1, 3, 3, 1, 0, 3, 0, 3]


def test_no_peptides(source: Path) -> None:
    found = scan([source], [])
    assert (found.table.num_rows, found.entries.num_rows, found.cut.tolist()) == (0, 0, [])
    assert scan_counts([source], []).shape == (2, 0)


def test_the_limit_keeps_the_first(source: Path) -> None:
    found = scan([source], ["W", "AA", "W"], limit=2)
    assert rows(found.table) == [(0, 0, 10), (0, 3, 1), (1, 0, 2), (1, 0, 3), (2, 0, 10), (2, 3, 1)]
    assert found.cut.tolist() == [2, 11, 2]
    assert found.entries["entry"].to_pylist() == [0, 3]
    assert scan([source], ["W"], limit=0).table.num_rows == 0
    with pytest.raises(UsageError, match="must not be negative"):
        scan([source], ["W"], limit=-1)


def test_entries_are_told_by_what_the_source_says(tmp_path: Path) -> None:
    path = tmp_path / "proteins.fasta"
    path.write_text(FASTA)
    assert rows(scan([path], ["RSAW"]).entries) == [
        (0, "P12345", "AATM_RABIT", 9986, 0),
        (1, "A0A999Z9Z9", "A0A999Z9Z9_HUMAN", 9606, 0),
        (3, "Q9H400", None, None, 16),
    ]
    assert rows(scan([path], ["MAAAAG"]).entries) == [(0, "P12345", "AATM_RABIT", 9986, 0)]


def test_all_sources_as_the_index_of_them(tmp_path: Path) -> None:
    """Flat file, FASTA and table, plain and compressed, with entries numbered through."""
    table = write_table(tmp_path / "table.tsv", ["MAAAAGRSAW", "MTWPD"], ["Nucleus|Cytoplasm", ""])
    (tmp_path / "proteins.fasta.gz").write_bytes(gzip.compress(FASTA.encode()))
    (tmp_path / "flat.dat").write_text(flatfiles.TODAY + flatfiles.BEFORE_2019 + flatfiles.LAST_CENTURY)
    sources = [table, tmp_path / "proteins.fasta.gz", tmp_path / "flat.dat"]
    build(sources, tmp_path / "index")
    peptides = ["MTWPD", "A", "RSAW", "MTWPDGGKKKALKYKNTARIC", "MTWPDGGKKKALKYKNTARIV", "KKU", "HGHPLAG"]
    with Index.open(tmp_path / "index") as index:
        for organisms in (None, Organisms(9606), Organisms(lineage="metazoa"), Organisms(9606, "Metazoa")):
            for limit in (None, 3):
                found = scan(sources, peptides, organisms=organisms, limit=limit)
                chosen = None if organisms is None else index.select(taxon=organisms.taxon, lineage=organisms.lineage)
                assert found.table.equals(index.locate(peptides, entries=chosen, limit=limit))
                numbers = found.entries["entry"].to_numpy()
                assert numbers.tolist() == sorted(set(found.table["entry"].to_pylist()))
                known = index.read("entries", ["accession", "entry_name", "taxon_id"]).take(pa.array(numbers))
                assert found.entries.select(known.schema.names).equals(known)
                assert found.entries["class_mask"].to_pylist() == index.class_masks[numbers].tolist()
            counts = scan_counts(sources, peptides, organisms=organisms)
            located = index.locate(peptides, entries=chosen).to_pylist()
            assert counts[1].tolist() == [sum(row["query"] == i for row in located) for i in range(len(peptides))]
            assert counts[0].tolist() == [
                len({row["entry"] for row in located if row["query"] == i}) for i in range(len(peptides))
            ]


def test_threads_do_not_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("psl_index.fasta._BLOCK_BYTES", 256)
    path = tmp_path / "many.fasta"
    path.write_text(FASTA * 50)
    one, two = (scan([path], ["A", "RSAW", "MAAAAGRSA"], threads=threads) for threads in (1, 2))
    assert one.table.equals(two.table)
    assert one.entries.equals(two.entries)
    assert one.table.num_rows == 50 * (11 + 3 + 1)


def test_bad_entries_are_passed_over_on_request(tmp_path: Path) -> None:
    path = tmp_path / "bad.fasta"
    path.write_text(">a\nM1\n>b\nMK\n")
    with pytest.raises(InputError, match="expected residues of a"):
        scan([path], ["MK"])
    skipped = Skipped()
    assert rows(scan([path], ["MK"], skipped=skipped).entries) == [(0, "b", None, None, 0)]
    assert skipped.count == 1
    path.write_text(">a\nM1\n")
    with pytest.raises(InputError, match="holds no entries: all 1 are bad"):
        scan([path], ["MK"], skipped=Skipped())


def test_a_truncated_source_gives_nothing(tmp_path: Path, source: Path) -> None:
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(source.read_bytes())[:-9])
    with pytest.raises(InputError, match="ends too early"):
        scan([source, cut], ["AA"])
    flat = tmp_path / "cut.dat"
    flat.write_text(flatfiles.TODAY[:-3])
    with pytest.raises(InputError, match="the file ends within it"):
        scan_counts([flat], ["AA"])


@pytest.mark.parametrize(("peptide", "complaint"), [("MA4", "'4'"), ("", "empty"), ("M A", "' '")])
def test_a_peptide_that_is_none_is_refused_with_its_number(source: Path, peptide: str, complaint: str) -> None:
    for search in (scan, scan_counts):
        with pytest.raises(PeptideError, match=complaint) as caught:
            search([source], ["AA", peptide])
        assert caught.value.number == 1


def test_requests_that_make_no_sense(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="put it into a list"):
        scan(str(source), ["AA"])
    with pytest.raises(UsageError, match="no source"):
        scan([], ["AA"])
    with pytest.raises(UsageError, match="only once"):
        scan(["-", "-"], ["AA"])
    with pytest.raises(UsageError, match="no column 'name'"):
        scan([source], ["AA"], columns={"name": "x"})
    (tmp_path / "x.fasta").write_text(FASTA)
    with pytest.raises(UsageError, match="no columns to be named"):
        scan([tmp_path / "x.fasta"], ["AA"], columns={"accession": "x"})


def test_columns_of_a_table_can_be_named(tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("who,what,where\nP1,MAAK,Nucleus\n")
    found = scan([path], ["AAK"], columns={"accession": "who", "sequence": "what", "locations": "where"})
    assert rows(found.entries) == [(0, "P1", None, None, 1)]


def test_progress_is_told(source: Path) -> None:
    told: list[Progress] = []
    scan([source, source], ["AA"], progress=told.append)
    size = source.stat().st_size
    assert told == [Progress("scanning proteome.tsv", size, size, "bytes")] * 2


def test_the_package_names_the_function_and_not_a_module() -> None:
    assert callable(psl_index.scan)
    assert psl_index.scan is scan
