"""Data sets as the field keeps them: what is read from each, and what is refused where."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from psl_index import Skipped
from psl_index.errors import InputError, UsageError
from psl_models.datasets import Dataset, class_matrix, class_numbers, class_order, proteins, read_dataset
from psl_models.encoding import STUDY_CLASSES

DEEPLOC_1 = """>Q9H400 Cell.membrane-M test
MGLPVSW
APP
>P1 Cytoplasm-Nucleus-U
mkt*
>P2 Lysosome/Vacuole-?
M
>P3 Endoplasmic.reticulum-S test
XXXX
"""
DEEPLOC_2 = """ACC,Partition,Labels,Sequence
Q1,0,Cell membrane|Nucleus,MKT
Q2,4,Golgi apparatus,mk t*
"""


def read(folder: Path, content: str | bytes, name: str = "proteins.fasta", **options: Any) -> Dataset:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_dataset(path, **({"multi_label": False} | options))


def test_deeploc_1(tmp_path: Path) -> None:
    dataset = read(tmp_path, DEEPLOC_1)
    assert dataset.identifiers == dataset.accessions == ("Q9H400", "P1", "P2", "P3")
    assert dataset.sequences == ("MGLPVSWAPP", "MKT", "M", "XXXX")
    assert dataset.labels == (("Cell.membrane",), ("Cytoplasm",), ("Lysosome/Vacuole",), ("Endoplasmic.reticulum",))
    assert dataset.official_test is not None
    assert dataset.official_test.tolist() == [True, False, False, True]
    assert dataset.partition is None
    assert dataset.line.tolist() == [1, 4, 6, 8]
    path = tmp_path / "proteins.fasta"
    assert dataset.files == (str(path),)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert dataset.records == (("proteins.fasta", len(DEEPLOC_1), digest),)


def test_a_protein_in_two_places_has_two_labels_where_it_may(tmp_path: Path) -> None:
    assert read(tmp_path, DEEPLOC_1, multi_label=True).labels[1] == ("Cytoplasm", "Nucleus")


def test_deeploc_2(tmp_path: Path) -> None:
    dataset = read(tmp_path, DEEPLOC_2, "deeploc2.csv", multi_label=True)
    assert dataset.identifiers == ("Q1", "Q2")
    assert dataset.sequences == ("MKT", "MKT")
    assert dataset.labels == (("Cell.membrane", "Nucleus"), ("Golgi.apparatus",))
    assert dataset.official_test is None
    assert dataset.partition is not None
    assert dataset.partition.tolist() == [0, 4]
    assert class_order(dataset) == ("Nucleus", "Golgi.apparatus", "Cell.membrane")
    with pytest.raises(InputError, match=r"deeploc2\.csv:2: expected one label of Q1, found Cell\.membrane, Nucleus"):
        read_dataset(tmp_path / "deeploc2.csv", multi_label=False)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_compressed_is_the_same(tmp_path: Path, pack: Any) -> None:
    packed = pack(DEEPLOC_2.encode())
    dataset = read(tmp_path, packed, "deeploc2", multi_label=True)
    assert dataset.sequences == ("MKT", "MKT")
    assert dataset.records == (("deeploc2", len(packed), hashlib.sha256(packed).hexdigest()),)


def test_standard_input(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(DEEPLOC_1.encode())))
    assert len(read_dataset("-", multi_label=False)) == 4
    with pytest.raises(UsageError, match="standard input can be read only once"):
        read_dataset("-", multi_label=False, labels="-")


def test_multiloc_has_a_file_for_each_class(tmp_path: Path) -> None:
    folder = tmp_path / "multiloc"
    folder.mkdir()
    (folder / "nuclear.fasta.gz").write_bytes(gzip.compress(b">N1 Plastid\nMKT\n"))
    (folder / "ER.fa").write_text(">E1 SP 24\nMKV\n>E2\nMK\n")
    (folder / "README.txt").write_text("not a protein\n")
    (folder / "._nuclear.fasta").write_text("left by a copy\n")
    dataset = read_dataset(folder, multi_label=False)
    assert dataset.identifiers == ("E1", "E2", "N1")
    assert dataset.labels == (("ER",), ("ER",), ("nuclear",))
    assert [dataset.files[file] for file in dataset.file] == [
        *[str(folder / "ER.fa")] * 2,
        str(folder / "nuclear.fasta.gz"),
    ]
    assert [record.name for record in dataset.records] == ["ER.fa", "nuclear.fasta.gz"]
    assert class_order(dataset) == ("ER", "nuclear")
    with pytest.raises(UsageError, match="has a file for each class; leave out the file of labels"):
        read_dataset(folder, multi_label=False, labels=folder / "README.txt")
    (folder / "ER.fasta").write_text(">E3\nMKV\n")
    with pytest.raises(InputError, match="another file of class 'ER' beside it"):
        read_dataset(folder, multi_label=False)


def test_a_folder_without_fasta(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a folder without a FASTA file"):
        read_dataset(tmp_path, multi_label=False)
    (tmp_path / "nuclear.fasta").write_text("accession,sequence\nP1,MKT\n")
    with pytest.raises(InputError, match=r"nuclear\.fasta: expected FASTA; take it out of the folder"):
        read_dataset(tmp_path, multi_label=False)


@pytest.mark.parametrize(
    ("word", "single", "several"),
    [
        ("lung", ["lung"], ["lung"]),
        ("cell.MEMBRANE-M", ["Cell.membrane"], ["Cell.membrane"]),
        ("Cytoplasm-Nucleus", ["Cytoplasm"], ["Cytoplasm", "Nucleus"]),
        ("Cytoplasm-matrix", ["Cytoplasm-matrix"], ["Cytoplasm-matrix"]),
        ("trans-Golgi", ["trans-Golgi"], ["trans-Golgi"]),
        ("Nucleolus", ["Nucleolus"], ["Nucleolus"]),
        ("b;b;", ["b"], ["b"]),
        ("-M", ["-M"], ["-M"]),
    ],
)
def test_any_word_can_be_a_label(tmp_path: Path, word: str, single: list[str], several: list[str]) -> None:
    assert list(read(tmp_path, f">P1 {word} more\nMKT\n").labels[0]) == single
    assert list(read(tmp_path, f">P1 {word}\nMKT\n", multi_label=True).labels[0]) == several
    assert read(tmp_path, ">P1 b|a;c\nMKT\n", multi_label=True).labels == (("b", "a", "c"),)


def test_training_needs_labels(tmp_path: Path) -> None:
    content = ">P1 Nucleus-U\nMKT\n>P2\nMK\n>sp|P12345|AATM_RABIT Aspartate\nM\n"
    with pytest.raises(InputError, match=r"proteins\.fasta:3: expected one label of P2, found none; write it there"):
        read(tmp_path, content)
    skipped = Skipped()
    assert read(tmp_path, content, skipped=skipped).identifiers == ("P1",)
    assert skipped.count == 2
    with pytest.raises(InputError, match=r"no protein that can be used, the first bad one: .*:1: expected one label"):
        read(tmp_path, ">P2\nMK\n", skipped=Skipped())


def test_prediction_takes_for_labels_only_what_can_be_one(tmp_path: Path) -> None:
    content = ">P1 Nucleus-U\nMKT\n>P2 hypothetical protein\nMK\n>sp|P12345|AATM_RABIT Nucleus\nM\n>P4 a|b\nM\n"
    dataset = read(tmp_path, content, require_labels=False)
    assert dataset.labels == (("Nucleus",), (), (), ())
    assert dataset.identifiers == ("P1", "P2", "sp|P12345|AATM_RABIT", "P4")
    assert dataset.accessions == ("P1", "P2", "P12345", "P4")
    known = read(tmp_path, content, require_labels=False, multi_label=True, classes=("a", "b"))
    assert known.labels == ((), (), (), ("a", "b"))
    table = "accession\tsequence\nP1\tMKT\n"
    assert read(tmp_path, table, "proteins.tsv", require_labels=False).labels == ((),)
    with pytest.raises(InputError, match="no column 'locations' among accession, sequence; name it with --columns"):
        read(tmp_path, table, "proteins.tsv")


def test_plain_sequences(tmp_path: Path) -> None:
    dataset = read(tmp_path, "MKT*\r\nmk\nX\n\n", "sentences.txt", require_labels=False)
    assert dataset.identifiers == ("0", "1", "2")
    assert dataset.sequences == ("MKT", "MK", "X")
    with pytest.raises(InputError, match=r"sentences\.txt:2: an empty line among lines that are counted"):
        read(tmp_path, "MKT\n\nMK\n", "sentences.txt", require_labels=False)
    with pytest.raises(InputError, match=r"sentences\.txt:2: expected residues of sequence 1, found '1'"):
        read(tmp_path, "MKT\nM1\nMK\n", "sentences.txt", require_labels=False)
    skipped = Skipped()
    rest = read(tmp_path, "MKT\nM1\nMK\n", "sentences.txt", require_labels=False, skipped=skipped)
    assert rest.identifiers == ("0", "2")
    assert skipped.count == 1


def test_labels_in_a_table(tmp_path: Path) -> None:
    table = tmp_path / "labels.csv"
    table.write_text("Entry,x,where\nP1,,Cell membrane\nP12345,,a\nP9,,c\nP12345,,b;a\n")
    content = ">P1 Plastid\nMKT\n>sp|P12345|AATM_RABIT Aspartate\nM\n>P1 Plastid\nMK\n"
    options = {"labels": table, "columns": {"locations": "where"}}
    dataset = read(tmp_path, content, multi_label=True, **options)
    assert dataset.labels == (("Cell.membrane",), ("a", "b"), ("Cell.membrane",))
    assert str(dataset.error(1, "odd")) == f"{table}:5: odd"
    assert [record.name for record in dataset.records] == ["proteins.fasta", "labels.csv"]
    with pytest.raises(InputError, match=r"labels\.csv:5: expected one label of sp\|P12345\|AATM_RABIT, found a, b"):
        read(tmp_path, content, **options)
    with pytest.raises(InputError, match=r"labels\.csv: 2 of 3 proteins are not in it, the first is Q1"):
        read(tmp_path, ">Q1\nMKT\n>P1\nM\n>Q2\nMK\n", **options)
    partly = read(tmp_path, ">Q1 Nucleus\nMKT\n>P1\nM\n", require_labels=False, **options)
    assert partly.labels == ((), ("Cell.membrane",))
    # Of two tables each has its own name for the accession.
    both = read(tmp_path, "name,sequence\nP9,MKT\n", labels=table, columns={"accession": "name", "locations": "where"})
    assert both.labels == (("c",),)


def test_labels_one_a_line(tmp_path: Path) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("Cytoplasm\nCell membrane\n")
    dataset = read(tmp_path, "MKT\nMK\n", "sentences.txt", labels=labels)
    assert dataset.labels == (("Cytoplasm",), ("Cell.membrane",))
    assert str(dataset.error(1, "odd")) == f"{labels}:2: odd"
    with pytest.raises(InputError, match=r"labels\.txt: 2 labels for 1 proteins; give one a line"):
        read(tmp_path, "MKT\n", "sentences.txt", labels=labels)


@pytest.mark.parametrize(
    ("content", "place", "problem"),
    [
        ("", "", "an empty file"),
        (">P1 Nucleus\n", ":1", "expected a sequence of P1, found none"),
        (">P1 Nucleus\nMK-T\n", ":2", "expected residues of P1, found '-'"),
        (">\nMKT\n", ":1", "expected an identifier"),
        ("ID   P53_HUMAN   Reviewed; 3 AA.\n", "", "a flat file, expected FASTA, a table, or one sequence a line"),
        ("acc,labels,sequence\nP1,Nucleus\n", ":2", "expected 3 fields"),
        ("acc,labels,sequence\nP1,Nucleus,M1\n", ":2", "expected residues of P1, found '1'"),
        ("acc,labels,sequence\n,Nucleus,MKT\n", ":2", "expected an accession"),
        ("acc,labels,sequence,Partition\nP1,Nucleus,MKT,two\n", ":2", "expected the number of a partition"),
        ("acc,labels,sequence\nP1, ,MKT\n", ":2", "expected one label of P1, found none"),
        ("acc,labels,sequence\n", ":1", "no row below the header"),
        ("acc,labels\nP1,Nucleus\n", ":1", "no column 'sequence'"),
        ("acc\tlabels\tsequence\nP1\t\xff\tMKT\n".encode("latin-1"), ":2", "a line that is not UTF-8"),
    ],
)
def test_bad_files_are_refused_with_their_line(tmp_path: Path, content: str | bytes, place: str, problem: str) -> None:
    with pytest.raises(InputError, match=rf"proteins\.fasta{place}: {problem}"):
        read(tmp_path, content)


def test_bad_rows_can_be_passed_over(tmp_path: Path) -> None:
    skipped = Skipped()
    dataset = read(tmp_path, "acc,labels,sequence\nP1,a,M1\nP2,a,MK\nP3,,MK\nP4\n", skipped=skipped)
    assert dataset.identifiers == ("P2",)
    assert sorted(error.line or 0 for error in skipped.first) == [2, 4, 5]


def test_columns_belong_to_tables(tmp_path: Path) -> None:
    table = "name,sequence,where\nP1,MKT,Nucleus\n"
    assert len(read(tmp_path, table, columns={"accession": "name", "locations": "where"})) == 1
    for content in (DEEPLOC_1, "MKT\n"):
        with pytest.raises(UsageError, match="has no columns to be named"):
            read(tmp_path, content, require_labels=False, columns={"accession": "name"})
    (tmp_path / "multiloc").mkdir()
    (tmp_path / "multiloc" / "nuclear.fasta").write_text(">N1\nMKT\n")
    with pytest.raises(UsageError, match=r"nuclear\.fasta: has no columns to be named"):
        read_dataset(tmp_path / "multiloc", multi_label=False, columns={"accession": "name"})


def test_more_than_memory_holds_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proteins, "_MEMORY", 1 << 11)
    with pytest.raises(InputError, match=r"proteins\.fasta:5: proteins that take more than .* GiB; split it"):
        read(tmp_path, "MKT\n" * 10, require_labels=False)


def test_labels_as_numbers(tmp_path: Path) -> None:
    dataset = read(tmp_path, ">P1 b\nM\n>P2 a|c\nM\n>P3 c\nM\n", multi_label=True)
    classes = class_order(dataset)
    assert classes == ("a", "b", "c")
    assert class_matrix(dataset, classes).tolist() == [[False, True, False], [True, False, True], [False, False, True]]
    some = dataset.chosen(np.array([2, 0]))
    assert class_numbers(some, classes).tolist() == [2, 1]
    assert (some.identifiers, some.line.tolist()) == (("P3", "P1"), [5, 1])
    with pytest.raises(InputError, match=r"proteins\.fasta:3: expected one label of P2, found a, c"):
        class_numbers(dataset, classes)
    for numbers in (class_numbers, class_matrix):
        with pytest.raises(
            InputError, match=r"proteins\.fasta:5: the label 'c' of P3 is none of the classes; there are a, b$"
        ):
            numbers(some, ("a", "b"))


def test_the_order_of_classes_is_the_study_s_where_it_can_be(tmp_path: Path) -> None:
    assert class_order(read(tmp_path, ">P1 Peroxisome\nM\n>P2 Nucleus\nM\n")) == ("Nucleus", "Peroxisome")
    assert class_order(read(tmp_path, "".join(f">P {name}\nM\n" for name in STUDY_CLASSES[::-1]))) == STUDY_CLASSES
    labels = ("Nucleus", "Lung", "Liver")
    assert class_order(read(tmp_path, "".join(f">P {name}\nM\n" for name in labels))) == ("Liver", "Lung", "Nucleus")


def test_a_label_that_looks_like_a_typing_error_is_refused(tmp_path: Path) -> None:
    expected = (
        r"proteins\.fasta:3: the label 'Nucelus' of P2 is none of DeepLoc's ten classes, as others are; correct it, or "
        r"take it as a class with --classes Nucelus,Nucleus$"
    )
    with pytest.raises(InputError, match=expected):
        class_order(read(tmp_path, ">P1 Nucleus\nM\n>P2 Nucelus\nM\n"))


def read_or_refused(folder: Path, content: bytes, **options: bool) -> Dataset | InputError:
    try:
        return read(folder, content, **options)
    except InputError as error:
        return error


@given(
    content=st.one_of(
        st.binary(max_size=60),
        st.lists(
            st.sampled_from([">", "P1 ", "Nucleus", "-U", "MK", "\n", ",", "\t", "a|b", "acc", "sequence", "labels"])
        )
        .map("".join)
        .map(str.encode),
    ),
    require_labels=st.booleans(),
    multi_label=st.booleans(),
)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_read_or_refused_never_anything_else(
    tmp_path: Path, content: bytes, require_labels: bool, multi_label: bool
) -> None:
    dataset = read_or_refused(tmp_path, content, require_labels=require_labels, multi_label=multi_label)
    if isinstance(dataset, InputError):
        assert str(dataset).startswith(str(tmp_path / "proteins.fasta"))
        assert "\n" not in str(dataset)
        return
    assert len(dataset) > 0
    assert all(sequence.isascii() and sequence.isalpha() and sequence.isupper() for sequence in dataset.sequences)
    if require_labels:
        assert all(dataset.labels)
    if require_labels and not multi_label:
        assert {len(labels) for labels in dataset.labels} == {1}


def test_the_data_sets_of_the_field(real_data: Path) -> None:
    if not all((real_data / name).is_dir() for name in ("deeploc", "multiloc", "released")):
        pytest.skip("no deeploc, multiloc or released folder among the real data")
    deeploc = read_dataset(real_data / "deeploc" / "deeploc1.fasta.gz", multi_label=False)
    assert len(deeploc) == 13_583
    assert deeploc.official_test is not None
    assert deeploc.official_test.sum() == 2_773
    assert {label for labels in deeploc.labels for label in labels} == set(STUDY_CLASSES)
    several = read_dataset(real_data / "deeploc" / "deeploc1.fasta.gz", multi_label=True)
    assert class_matrix(several, STUDY_CLASSES).sum() == 13_583 + 23  # Cytoplasm-Nucleus
    second = read_dataset(real_data / "deeploc" / "deeploc2_train_validation.csv.gz", multi_label=True)
    assert len(second) == 28_303
    assert class_order(second) == STUDY_CLASSES
    assert second.partition is not None
    assert set(second.partition.tolist()) == {0, 1, 2, 3, 4}
    multiloc = read_dataset(real_data / "multiloc", multi_label=False)
    assert (len(multiloc), len(class_order(multiloc))) == (5_959, 11)
    released = real_data / "released"
    study = read_dataset(released / "test_sentences.txt.gz", multi_label=False, labels=released / "test_labels.txt.gz")
    sequences = set(deeploc.sequences)
    assert len(study) == 2_101
    assert all(sequence in sequences for sequence in study.sequences)
