"""The map of locations to the ten classes."""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path

import pytest

from psl_index.classes import (
    CLASSES,
    MAP_VERSION,
    class_of,
    classes_in,
    classes_of_label,
    mask_of,
    vocabulary,
)

REPOSITORY = Path(__file__).resolve().parents[2]

SPELLINGS = [
    ("Nucleus", "Nucleus"),
    ("NUCLEUS.", "Nucleus"),
    ("nuclear", "Nucleus"),
    ("Nucleus, nucleolus", "Nucleus"),
    ("Nucleus membrane", "Nucleus"),
    ("Nucleus speckle", "Nucleus"),
    ("Cytoplasm, myofibril, sarcomere, A band", "Cytoplasm"),
    ("A band", "Cytoplasm"),
    ("A-band", "Cytoplasm"),
    ("CYTOPLASMIC", "Cytoplasm"),
    ("Cytoplasm, Stress granule", "Cytoplasm"),
    ("Secreted", "Extracellular"),
    ("EXTRACELLULAR.", "Extracellular"),
    ("Secreted, extracellular space, extracellular matrix, basement membrane", "Extracellular"),
    ("Mitochondrion inner membrane", "Mitochondrion"),
    ("Mitochondrial", "Mitochondrion"),
    ("Mitochondrion; mitochondrial matrix", "Mitochondrion"),
    ("Cell membrane", "Cell.membrane"),
    ("plasma membrane", "Cell.membrane"),
    ("Apical cell membrane", "Cell.membrane"),
    ("Cell inner membrane", "Cell.membrane"),
    ("Cell projection, cilium membrane", "Cell.membrane"),
    ("Endoplasmic reticulum-Golgi intermediate compartment", None),
    ("Microsome membrane", "Endoplasmic.reticulum"),
    ("Rough endoplasmic reticulum", "Endoplasmic.reticulum"),
    ("Plastid, chloroplast thylakoid membrane", "Plastid"),
    ("Chloroplast", "Plastid"),
    ("Golgi apparatus, trans-Golgi network", "Golgi.apparatus"),
    ("Golgi apparatus; Golgi membrane", "Golgi.apparatus"),
    ("Lysosome membrane", "Lysosome/Vacuole"),
    ("Contractile vacuole", "Lysosome/Vacuole"),
    ("Vacuolar", "Lysosome/Vacuole"),
    ("Peroxisome matrix", "Peroxisome"),
    ("Glycosome", "Peroxisome"),
    ("PEROXISOMAL.", "Peroxisome"),
    # Overrides.
    ("Chromosome, centromere, kinetochore", "Nucleus"),
    ("Sarcoplasmic reticulum membrane", "Endoplasmic.reticulum"),
    ("Late endosome membrane", "Lysosome/Vacuole"),
    ("Cytoplasmic vesicle, phagosome", "Lysosome/Vacuole"),
    ("Membrane, caveola", "Cell.membrane"),
    ("Chromoplastic stroma", "Plastid"),
    # Paths that are no term today: every step is one, and no two differ in class.
    ("Cell junction, synapse, postsynaptic cell membrane, postsynaptic density", "Cell.membrane"),
    ("Cytoplasm, cytoskeleton, centrosome", "Cytoplasm"),
    ("Cytoplasm, nucleus", None),
    ("Membrane; Melanosome", None),
    ("Nucleus, but not the nucleolus", None),
    # No class.
    ("Membrane", None),
    ("Melanosome", None),
    ("Cell projection, cilium", None),
    ("Host nucleus", None),
    ("Host cytoplasm, nucleus", None),
    ("Cytoplasmic and nuclear", None),
    ("Single-pass type I membrane protein", None),
    ("Cytoplasmic side", None),
    ("Associated with the nucleus", None),
    ("", None),
]


@pytest.mark.parametrize(("location", "psl_class"), SPELLINGS)
def test_class_of(location: str, psl_class: str | None) -> None:
    assert class_of(location) == psl_class


@pytest.mark.parametrize(
    ("label", "classes"),
    [
        *((psl_class, (psl_class,)) for psl_class in CLASSES),
        *((psl_class.replace(".", " "), (psl_class,)) for psl_class in CLASSES),
        ("Cytoplasm-Nucleus", ("Cytoplasm", "Nucleus")),
        ("lysosome/vacuole", ("Lysosome/Vacuole",)),
        ("Vacuole", ("Lysosome/Vacuole",)),
        ("Secreted", ("Extracellular",)),
        ("Mitochondrion inner membrane", ("Mitochondrion",)),
        ("Nucleus-Nucleus", ("Nucleus",)),
        ("Nucleus-Elsewhere", ()),
        ("Membrane", ()),
        ("", ()),
    ],
)
def test_classes_of_label(label: str, classes: tuple[str, ...]) -> None:
    assert classes_of_label(label) == classes


def test_every_label_of_deeploc_names_classes(real_data: Path) -> None:
    with gzip.open(real_data / "deeploc" / "deeploc1.fasta.gz", "rt") as lines:
        labels = {line.split()[1].rsplit("-", 1)[0] for line in lines if line.startswith(">")}
    with gzip.open(real_data / "deeploc" / "deeploc2_train_validation.csv.gz", "rt") as lines:
        next(lines)
        labels |= {label for line in lines for label in line.split(",")[2].split("|")}
    assert len(labels) == 14  # ten classes, three of them in two spellings, and Cytoplasm-Nucleus
    assert {psl_class for label in labels for psl_class in classes_of_label(label)} == set(CLASSES)
    assert all(classes_of_label(label) for label in labels)


def test_masks_are_bits_in_the_order_of_the_classes() -> None:
    assert mask_of([]) == 0
    assert [mask_of([psl_class]) for psl_class in CLASSES] == [1 << bit for bit in range(10)]
    assert mask_of(["Peroxisome", "Nucleus", "Nucleus"]) == 0b10_0000_0001
    for mask in range(1 << 10):
        assert mask_of(classes_in(mask)) == mask
    with pytest.raises(ValueError, match="not in"):
        mask_of(["Nowhere"])


def test_map_covers_every_term_of_the_vocabulary(real_data: Path) -> None:
    text = gzip.decompress((real_data / "vocab" / "subcell_2026_01.txt.gz").read_bytes()).decode()
    terms = re.findall(r"^I[DTO]   (.*)\.$", text, re.MULTILINE)
    paths = re.findall(r"^SL   (.*)\.$", text, re.MULTILINE)
    assert len(terms) == 566
    rows = [row for row in vocabulary() if row.kind != "adjective"]
    assert [row.name for row in rows] == terms
    assert [row.text for row in rows] == paths


def test_classes_are_the_ten_or_none() -> None:
    assert {row.psl_class for row in vocabulary()} == {*CLASSES, None}
    assert all(row.psl_class for row in vocabulary() if row.kind == "adjective")
    assert not any(row.psl_class for row in vocabulary() if row.kind in ("topology", "orientation"))


def test_nothing_in_another_organism_has_a_class() -> None:
    foreign = [row for row in vocabulary() if row.name.startswith(("Host", "Target"))]
    assert len(foreign) > 80
    assert not any(row.psl_class for row in foreign)


def test_no_text_has_two_classes() -> None:
    for row in vocabulary():
        if row.kind in ("location", "adjective"):
            for text in (row.name, row.text, *row.synonyms):
                assert class_of(text) == row.psl_class, text


def test_map_and_page_are_what_the_script_makes(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tools import make_location_classes

    (tmp_path / "psl_index").mkdir()
    (tmp_path / "docs").mkdir()
    page = (REPOSITORY / "docs" / "location-classes.md").read_text(encoding="utf-8")
    before, begin, rest = page.partition(make_location_classes.BEGIN)
    _, end, after = rest.partition(make_location_classes.END)
    (tmp_path / "docs" / "location-classes.md").write_text(before + begin + end + after, encoding="utf-8")
    vocabulary_file = str(real_data / "vocab" / "subcell_2026_01.txt.gz")
    monkeypatch.setattr(sys, "argv", ["make", vocabulary_file, "--repository", str(tmp_path)])
    make_location_classes.main()
    for made in ("psl_index/location_classes.tsv", "docs/location-classes.md"):
        assert (tmp_path / made).read_bytes() == (REPOSITORY / made).read_bytes(), made


def test_table_says_its_version_and_source() -> None:
    first_line = (REPOSITORY / "psl_index" / "location_classes.tsv").read_text(encoding="utf-8").splitlines()[0]
    assert first_line.startswith(f"# map version {MAP_VERSION};")
    assert "CC BY 4.0" in first_line
