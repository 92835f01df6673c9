"""FASTA as the source of an index."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from Bio import SeqIO

from psl_index import fasta
from psl_index.errors import InputError
from psl_index.fasta import read_fasta
from psl_index.opening import Source, open_source
from psl_index.schemas import ENTRIES, FEATURES, LOCATIONS
from psl_index.skipped import Skipped

UNIPROT = (
    ">sp|P12345|AATM_RABIT Aspartate aminotransferase (Fragment) OS=Oryctolagus cuniculus"
    " OX=9986 GN=GOT2 PE=1 SV=2\nMAAA\nLLHS\n"
)


def source(text: str | bytes) -> Source:
    return Source("some.fasta", io.BytesIO(text.encode() if isinstance(text, str) else text))


def entries(text: str | bytes, skipped: Skipped | None = None) -> list[dict[str, Any]]:
    batches = list(read_fasta(source(text), skipped=skipped))
    return [row for batch in batches for row in batch.entries.to_pylist()]


def sequences(text: str | bytes) -> list[str]:
    return [row["sequence"] for row in entries(text)]


def locations(text: str) -> list[tuple[int, str, str | None, str | None]]:
    (batch,) = read_fasta(source(text))
    return [(row["entry"], row["location"], row["class"], row["note"]) for row in batch.locations.to_pylist()]


def error_of(text: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        entries(text)
    assert caught.value.file == "some.fasta"
    return caught.value


def test_a_uniprot_header_fills_the_columns_it_states() -> None:
    (row,) = entries(UNIPROT)
    assert row == {
        "entry": 0,
        "accession": "P12345",
        "entry_name": "AATM_RABIT",
        "secondary_accessions": [],
        "protein_name": "Aspartate aminotransferase",
        "gene_name": "GOT2",
        "organism": "Oryctolagus cuniculus",
        "taxon_id": 9986,
        "lineage": [],
        "reviewed": True,
        "fragment": True,
        "protein_existence": 1,
        "sequence_version": 2,
        "entry_version": None,
        "length": 8,
        "sequence": "MAAALLHS",
        "crc64": row["crc64"],
    }


def test_checksums_are_those_of_biopython() -> None:
    from Bio.SeqUtils.CheckSum import crc64

    (row,) = entries(UNIPROT)
    assert row["crc64"] == crc64("MAAALLHS").removeprefix("CRC-")


def test_tables_have_the_schemas_of_an_index() -> None:
    (batch,) = read_fasta(source(UNIPROT))
    assert (batch.entries.schema, batch.locations.schema, batch.features.schema) == (
        ENTRIES,
        LOCATIONS,
        FEATURES,
    )


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "tr|A0A999Z9Z9|A0A999Z9Z9_HUMAN Made-up protein, isoform x OS=Homo sapiens OX=9606 PE=4 SV=1",
            {"accession": "A0A999Z9Z9", "reviewed": False, "gene_name": None, "protein_existence": 4},
        ),
        (
            "sp|P12345-2|AATM_RABIT Isoform 2 of Aspartate aminotransferase OS=Oryctolagus cuniculus OX=9986",
            {
                "accession": "P12345-2",
                "protein_name": "Isoform 2 of Aspartate aminotransferase",
                "taxon_id": 9986,
                "sequence_version": None,
            },
        ),
        ("sp|P12345|AATM_RABIT", {"accession": "P12345", "entry_name": "AATM_RABIT", "protein_name": None}),
        ("P12345 some protein", {"accession": "P12345", "reviewed": None, "protein_name": None}),
        ("UniRef50_Q9 n=2 Tax=Bacillus TaxID=1386", {"accession": "UniRef50_Q9", "taxon_id": None}),
        ("  seq1\tx", {"accession": "seq1"}),
        ("gi|12|ref|NP_1.1| name", {"accession": "gi|12|ref|NP_1.1|"}),
        ("sp|P1|A_B Odd OS=X OX=many PE=12 SV=1", {"taxon_id": None, "protein_existence": None}),
    ],
)
def test_headers(header: str, expected: dict[str, Any]) -> None:
    (row,) = entries(f">{header}\nMK\n")
    assert {name: row[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "Q9H400 Cell.membrane-M test",
            [(0, "Cell.membrane", "Cell.membrane", "membrane-bound")],
        ),
        ("Q1 Cytoplasm-S", [(0, "Cytoplasm", "Cytoplasm", "soluble")]),
        ("Q1 Lysosome/Vacuole-?", [(0, "Lysosome/Vacuole", "Lysosome/Vacuole", None)]),
        (
            "Q1 Cytoplasm-Nucleus-U",
            [(0, "Cytoplasm", "Cytoplasm", None), (0, "Nucleus", "Nucleus", None)],
        ),
        ("Q1 Cytoplasm-Unknown-U", []),
        ("Q1 alpha-S subunit", []),
        ("Q1 Nucleus protein", []),
    ],
)
def test_deeploc_headers_state_locations(header: str, expected: list[tuple[object, ...]]) -> None:
    assert locations(f">{header}\nMK\n") == expected


@pytest.mark.parametrize(
    "text",
    [
        ">a\nMKV\n>b\nLL\n",
        ">a\r\nMKV\r\n>b\r\nLL\r\n",
        ">a\nmk\nv\n\n>b\n\nL\nL",
        "\ufeff>a\nMKV*\n>b\nLL*",
        "\n \n>a\n M K\tV \n>b\nLL\n\n",
        ">a\nMKV\n*\n>b\nLL\n",
    ],
)
def test_layouts_of_the_same_two_sequences(text: str) -> None:
    assert [(row["accession"], row["sequence"]) for row in entries(text)] == [("a", "MKV"), ("b", "LL")]


def test_every_letter_is_a_residue() -> None:
    assert sequences(">a\nABCDEFGHIJKLMNOPQRSTUVWXYZ\nabcdefghijklmnopqrstuvwxyz\n") == [
        2 * "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    ]


def test_duplicate_accessions_are_kept() -> None:
    assert [row["accession"] for row in entries(">a\nMK\n>a\nMK\n")] == ["a", "a"]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (">a\nMK\nM1K\n", 3, "expected residues of a, found '1'"),
        (">a\nMK\n>b\nM-K\n", 4, "found '-'; remove the gaps"),
        (">a\nMK.\n", 2, "found '.'; remove the gaps"),
        (">a\nM*K\n", 2, "found '*'; a stop is allowed at the end only"),
        (">a\nMK*\nL\n", 2, "found '*'"),
        (">a\nMK**\n", 2, "found '*'"),
        (">a\nMK>b\nL\n", 2, "found '>'"),
        (">a\nMK\n >b\nL\n", 3, "found '>'"),
        (">a\nM\xc4\n", 2, "found '\\xc3'"),
        (">a\nM\0K\n", 2, "found '\\x00'"),
        (">a\n>b\nMK\n", 1, "expected a sequence of a, found none"),
        (">a\nMK\n>b\n*\n", 3, "expected a sequence of b, found none"),
        (">a\nMK\n>b", 3, "expected a sequence of b, found none"),
        (">\nMK\n", 1, "expected an identifier"),
        (">   \nMK\n", 1, "expected an identifier"),
        (">\x01\nMK\n", 1, "expected an identifier"),
        ("MK\n>a\nMK\n", 1, "expected '>' before any other text"),
        ("\n\nID   X\n>a\nMK\n", 3, "expected '>' before any other text"),
        (b">\xe9\nMK\n", 1, "not UTF-8"),
    ],
)
def test_bad_records_name_their_line(text: str | bytes, line: int, problem: str) -> None:
    error = error_of(text)
    assert error.line == line
    assert problem in str(error)


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_a_file_without_records_is_an_error(text: str) -> None:
    assert "no sequence found" in str(error_of(text))


def test_text_only_is_no_fasta() -> None:
    assert error_of("hello\n").line == 1


def test_bad_records_are_left_out_and_counted_on_request() -> None:
    skipped = Skipped()
    text = "junk\n>a Cytoplasm-S\nMK\n>b\nM1\n>\nMK\n>c Nucleus-U\nLL\n>d\n"
    (batch,) = read_fasta(source(text), skipped=skipped)
    assert batch.entries.column("accession").to_pylist() == ["a", "c"]
    assert batch.entries.column("sequence").to_pylist() == ["MK", "LL"]
    assert batch.entries.column("length").to_pylist() == [2, 2]
    assert batch.locations.column("entry").to_pylist() == [0, 1]
    assert [error.line for error in skipped.first] == [1, 5, 6, 10]
    assert skipped.count == 4


def test_blocks_do_not_change_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f">p{i} x>y\n" + "MKVL" * i + "\nAC\n" for i in range(40)).encode()
    whole = entries(text)
    assert len(whole) == 40
    for size in (3, 16, 61, 256):
        monkeypatch.setattr(fasta, "_BLOCK_BYTES", size)
        parts = list(read_fasta(source(text)))
        rows = [{**row, "entry": 0} for batch in parts for row in batch.entries.to_pylist()]
        assert rows == [{**row, "entry": 0} for row in whole]


def test_lines_are_counted_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fasta, "_BLOCK_BYTES", 16)
    text = ">a\nMK\n" * 50 + ">b\nM1\n"
    assert error_of(text).line == 102


def test_an_endless_record_is_refused_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fasta, "_BLOCK_BYTES", 1 << 12)
    monkeypatch.setattr(fasta, "_RECORD_LIMIT", 1 << 16)

    class Endless(io.RawIOBase):
        given = 0

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            self.given += len(buffer)
            buffer[:] = b"A" * len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(InputError, match="a record of more than"):
        list(read_fasta(Source("bomb", endless)))
    assert endless.given < 1 << 18


def test_deeploc_1_loads_as_biopython_reads_it(real_data: Path) -> None:
    path = real_data / "deeploc" / "deeploc1.fasta.gz"
    with open_source(path) as opened:
        batches = list(read_fasta(opened))
    read = pa.Table.from_batches([batch.entries for batch in batches])
    with open_source(path) as opened:
        content = io.StringIO(opened.read(1 << 28).decode())
    expected = [(record.id, str(record.seq)) for record in SeqIO.parse(content, "fasta")]
    assert list(zip(*read.select(["accession", "sequence"]).to_pydict().values(), strict=True)) == expected
    assert len(expected) == 13_583
    rows = pa.Table.from_batches([batch.locations for batch in batches])
    assert rows.num_rows == 13_583 + 23  # 23 are Cytoplasm-Nucleus
    assert rows.column("class").null_count == 0
