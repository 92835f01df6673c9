"""CSV and TSV tables as the source of an index."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from psl_index import tables
from psl_index.classes import CLASSES
from psl_index.errors import InputError, UsageError
from psl_index.opening import Source, open_source
from psl_index.skipped import Skipped
from psl_index.tables import parse_columns, read_table


def source(text: str | bytes) -> Source:
    return Source("some.csv", io.BytesIO(text.encode() if isinstance(text, str) else text))


def rows(text: str | bytes, **options: Any) -> list[tuple[str, str]]:
    batches = list(read_table(source(text), **options))
    return [(row["accession"], row["sequence"]) for batch in batches for row in batch.entries.to_pylist()]


def locations(text: str) -> list[tuple[int, str, str | None]]:
    (batch,) = read_table(source(text))
    return [(row["entry"], row["location"], row["class"]) for row in batch.locations.to_pylist()]


def error_of(text: str | bytes, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        rows(text, **options)
    assert caught.value.file == "some.csv"
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "accession,sequence,locations\nP1,MKV,Nucleus\nP2,LL,\n",
        "accession\tsequence\tlocations\nP1\tMKV\tNucleus\nP2\tLL\t\n",
        "\ufeffAccession,SEQUENCE,Locations\r\nP1,mkv,Nucleus\r\n\r\nP2,LL*,",
        "ACC,Partition,Labels,Sequence\nP1,0,Nucleus,MKV\nP2,1,,LL\n",
        "sid,Labels,fasta\nP1,Nucleus,MKV\nP2,,LL\n",
        '"accession","sequence","locations"\n"P1","MKV","Nucleus"\n"P2","LL",""\n',
        'locations,sequence,accession\n"Nucleus","M\nKV",P1\n, LL ,P2\n',
        'note,accession,sequence,locations\n"a ""b"", c",P1,MKV,Nucleus\n5\',P2,LL,\n',
    ],
)
def test_layouts_of_the_same_table(text: str) -> None:
    assert rows(text) == [("P1", "MKV"), ("P2", "LL")]
    assert locations(text) == [(0, "Nucleus", "Nucleus")]


def test_columns_a_table_does_not_know_are_null() -> None:
    (batch,) = read_table(source("accession,sequence,locations\nP1,MKV,Nucleus\n"))
    (row,) = batch.entries.to_pylist()
    known = {"entry": 0, "accession": "P1", "sequence": "MKV", "length": 3, "crc64": row["crc64"]}
    assert row == dict.fromkeys(row) | known | {"secondary_accessions": [], "lineage": []}
    assert batch.features.num_rows == 0


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("Cytoplasm|Nucleus", [("Cytoplasm", "Cytoplasm"), ("Nucleus", "Nucleus")]),
        ("Cytoplasm;Nucleus", [("Cytoplasm", "Cytoplasm"), ("Nucleus", "Nucleus")]),
        ("Cell membrane| Secreted", [("Cell membrane", "Cell.membrane"), ("Secreted", "Extracellular")]),
        ("Lysosome/Vacuole", [("Lysosome/Vacuole", "Lysosome/Vacuole")]),
        ("Cytoplasm-Nucleus", [("Cytoplasm", "Cytoplasm"), ("Nucleus", "Nucleus")]),
        ("Mitochondrion inner membrane", [("Mitochondrion inner membrane", "Mitochondrion")]),
        ("somewhere", [("somewhere", None)]),
        ("|;|", []),
    ],
)
def test_labels(label: str, expected: list[tuple[str, str | None]]) -> None:
    found = locations(f"accession,sequence,locations\nP1,MKV,{label}\n")
    assert [(location, psl_class) for _, location, psl_class in found] == expected


def test_columns_can_be_named() -> None:
    text = "Name,Protein,Where\nP1,MKV,Nucleus\n"
    columns = parse_columns("accession=name, sequence=Protein,locations=WHERE")
    assert rows(text, columns=columns) == [("P1", "MKV")]


def test_a_named_column_goes_before_the_usual_one() -> None:
    text = "accession,ACC,sequence,locations\nP1,Q1,MKV,Nucleus\n"
    assert rows(text) == [("P1", "MKV")]
    assert rows(text, columns=parse_columns("accession=ACC")) == [("Q1", "MKV")]


@pytest.mark.parametrize("option", ["", "accession", "accession=", "acc=ACC", "accession=A,accession=B"])
def test_bad_columns_option(option: str) -> None:
    with pytest.raises(UsageError, match="does not name a column"):
        parse_columns(option)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("accession,sequence\nP1,MKV\n", 1, "no column 'locations' among accession, sequence; name it with"),
        ("P1,MKV,Nucleus\n", 1, "--columns accession=NAME"),
        ("accession,sequence,locations\nP1,MKV\n", 2, "expected 3 fields as in the header, found 2"),
        ("accession,sequence,locations\nP1,MKV,a,b\n", 2, "found 4"),
        ("accession,sequence,locations\n,MKV,\n", 2, "expected an accession"),
        ('accession,sequence,locations\n"a\nb",MKV,\n', 2, "expected an accession"),
        ("accession,sequence,locations\nP1,,\n", 2, "expected a sequence of P1"),
        ("accession,sequence,locations\nP1,*,\n", 2, "expected a sequence of P1"),
        ("accession,sequence,locations\n\nP1,M-V,\n", 3, "expected residues of P1, found '-'"),
        ("accession,sequence,locations\nP1,M\xdf,\n", 2, "found '\\xdf'"),
        ('accession,sequence,locations\nP0,M,"x\ny"\nP1,M1,\n', 4, "found '1'"),
        ('accession,sequence,locations\nP1,"MK,\nP2,M,\n', 2, "never closed"),
        ('accession,sequence,locations\nP1,"M"K",\n', 2, "not doubled"),
        (b"accession,sequence,locations\nP1,M,\xe9\n", 2, "not UTF-8"),
        ("accession,sequence,locations\n", 1, "no row below the header"),
    ],
)
def test_bad_rows_name_their_line(text: str | bytes, line: int, problem: str) -> None:
    error = error_of(text)
    assert error.line == line
    assert problem in str(error)


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_file_is_an_error(text: str) -> None:
    assert "an empty file" in str(error_of(text))


def test_a_missing_named_column_is_told_by_the_name_given() -> None:
    assert "no column 'Nope' among a, b" in str(error_of("a,b\n", columns={"accession": "Nope"}))


def test_bad_rows_are_left_out_and_counted_on_request() -> None:
    skipped = Skipped()
    text = "accession,sequence,locations\nP1,M,Nucleus\nP2,1,\nP3\nP4,K,Golgi apparatus\n"
    (batch,) = read_table(source(text), skipped=skipped)
    assert batch.entries.column("accession").to_pylist() == ["P1", "P4"]
    assert batch.locations.column("entry").to_pylist() == [0, 1]
    assert [error.line for error in skipped.first] == [3, 4]


def test_a_field_of_any_size() -> None:
    sequence = "MKVL" * 1_000_000
    assert rows(f'accession,sequence,locations\nP1,"{sequence}",\n') == [("P1", sequence)]


def test_batches_and_chunks_do_not_change_what_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "accession,sequence,locations\n" + "".join(f'"P{i}",{"MK" * (i + 1)},Nucleus|x\n' for i in range(50))
    whole = rows(text)
    monkeypatch.setattr(tables, "_BATCH_RESIDUES", 100)
    for size in (1, 7, 64):
        monkeypatch.setattr(tables, "_CHUNK_BYTES", size)
        batches = list(read_table(source(text)))
        assert len(batches) > 10
        assert rows(text) == whole
        assert [row for batch in batches for row in batch.locations.column("entry").to_pylist()][:2] == [0, 0]


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "_ROW_LIMIT", 1000)
    monkeypatch.setattr(tables, "_CHUNK_BYTES", 100)
    assert error_of("accession,sequence,locations\nP1," + "M" * 2000).line == 2
    assert error_of('accession,sequence,locations\nP1,M,"' + "x\n" * 2000).line == 2


def test_deeploc_2_loads_and_all_its_labels_have_a_class(real_data: Path) -> None:
    with open_source(real_data / "deeploc" / "deeploc2_train_validation.csv.gz") as opened:
        batches = list(read_table(opened))
    assert sum(batch.entries.num_rows for batch in batches) == 28_303
    classes = [row for batch in batches for row in batch.locations.column("class").to_pylist()]
    assert len(classes) == 35_974
    assert set(classes) == set(CLASSES)


def test_the_hpa_test_set_loads(real_data: Path) -> None:
    with open_source(real_data / "deeploc" / "deeploc2_hpa_testset.csv.gz") as opened:
        assert sum(batch.entries.num_rows for batch in read_table(opened)) == 1_717
