"""The ten classes, and which of them a UniProt location term or a label of DeepLoc's belongs to.

The map itself is `location_classes.tsv`, made from UniProt's controlled vocabulary by
``tools/make_location_classes.py``; ``docs/location-classes.md`` gives its rules and the reason of every
exception.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

CLASSES: Final[tuple[str, ...]] = (
    "Nucleus",
    "Cytoplasm",
    "Extracellular",
    "Mitochondrion",
    "Cell.membrane",
    "Endoplasmic.reticulum",
    "Plastid",
    "Golgi.apparatus",
    "Lysosome/Vacuole",
    "Peroxisome",
)
"""DeepLoc's spelling; the place of a class here is its bit in a class mask."""

MAP_VERSION: Final = "2026_01.1"
"""Release of the vocabulary, then our revision of the map made from it."""


class VocabularyTerm(NamedTuple):
    """One row of `location_classes.tsv`."""

    kind: str  # location, topology, orientation or adjective
    name: str
    text: str  # as written in entries, such as "Cytoplasm, myofibril, sarcomere, A band"
    synonyms: tuple[str, ...]
    psl_class: str | None


def class_of(location: str) -> str | None:
    """Class of a location as an entry states it, or None.

    The whole text must be a term (its name, its path, or a synonym) or a listed adjective, in any letter
    case, with or without the final full stop. A path that is no term itself (``Nucleus; nucleolus`` of
    2007, ``Cell junction, synapse, postsynaptic cell membrane`` of 2012) counts where every step is one and
    no two differ in class. What lies in a host or target cell has no class.
    """
    text = location.strip().removesuffix(".").lower()
    known = _classes_by_text()
    if text in known:
        return known[text]
    steps = [step.strip() for step in text.replace(";", ",").split(",")]
    if len(steps) == 1 or text.startswith(("host ", "target ")) or any(step not in known for step in steps):
        return None
    found = {known[step] for step in steps} - {None}
    return found.pop() if len(found) == 1 else None


def classes_of_label(label: str) -> tuple[str, ...]:
    """Classes that a label of a data set names, in the order of the label; empty where it names none.

    Knows the ten classes as DeepLoc 1.0 writes them (``Cell.membrane``), as 2.0 does (``Cell membrane``)
    and as UniProt does (``Secreted``; see `class_of`), in any letter case, and two of DeepLoc's joined by a
    hyphen (``Cytoplasm-Nucleus``).
    """
    labels = _classes_by_label()
    text = label.strip().lower()
    if text in labels:
        return (labels[text],)
    if (psl_class := class_of(label)) is not None:
        return (psl_class,)
    parts = text.split("-")
    if any(part not in labels for part in parts):
        return ()
    return tuple(dict.fromkeys(labels[part] for part in parts))


def mask_of(classes: Iterable[str]) -> int:
    """Class mask: bit i is set where ``CLASSES[i]`` is among `classes`; fits a uint16."""
    mask = 0
    for psl_class in classes:
        mask |= 1 << CLASSES.index(psl_class)
    return mask


def classes_in(mask: int) -> tuple[str, ...]:
    """Classes of a mask, in the order of `CLASSES`."""
    return tuple(psl_class for bit, psl_class in enumerate(CLASSES) if mask >> bit & 1)


@cache
def vocabulary() -> tuple[VocabularyTerm, ...]:
    """All rows of the map, in the order of the vocabulary, adjectives last."""
    with files("psl_index").joinpath("location_classes.tsv").open(encoding="utf-8") as table:
        next(table)  # says where the names come from
        rows = csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(
            VocabularyTerm(
                row["kind"],
                row["term"],
                row["text"],
                tuple(filter(None, row["synonyms"].split("|"))),
                row["class"] or None,
            )
            for row in rows
        )


@cache
def _classes_by_text() -> dict[str, str | None]:
    terms = [term for term in vocabulary() if term.kind in ("location", "adjective")]
    known = {text.lower(): term.psl_class for term in terms for text in (term.name, term.text)}
    for term in terms:
        for synonym in term.synonyms:
            known.setdefault(synonym.lower(), term.psl_class)
    return known


@cache
def _classes_by_label() -> dict[str, str]:
    labels = {psl_class.lower(): psl_class for psl_class in CLASSES}
    return labels | {label.replace(".", " "): psl_class for label, psl_class in labels.items()}
