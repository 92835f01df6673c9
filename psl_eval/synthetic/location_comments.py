"""SUBCELLULAR LOCATION comments for each residence, in the forms that entries use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.wrapping import wrapped_comment

VARIANTS: Final = 48  # comments of each residence


class _Place(NamedTuple):
    """A location with the topology and orientation that may follow it."""

    location: str
    after: tuple[str, ...] = ()


_PLACES: Final[dict[str, tuple[_Place, ...]]] = {
    "Nucleus": (
        *(_Place("Nucleus"), _Place("Nucleus"), _Place("Nucleus, nucleolus"), _Place("Nucleus, nucleoplasm")),
        *(
            _Place("Nucleus speckle"),
            _Place("Nucleus membrane", ("Peripheral membrane protein", "Nucleoplasmic side")),
        ),
    ),
    "Cytoplasm": (
        *(_Place("Cytoplasm"), _Place("Cytoplasm"), _Place("Cytoplasm"), _Place("Cytoplasm, cytosol")),
        *(_Place("Cytoplasm, cytoskeleton"), _Place("Cytoplasm, perinuclear region")),
    ),
    "Extracellular": (
        *(_Place("Secreted"), _Place("Secreted"), _Place("Secreted, extracellular space")),
        _Place("Secreted, extracellular space, extracellular matrix"),
    ),
    "Cell.membrane": (
        _Place("Cell membrane", ("Multi-pass membrane protein",)),
        _Place("Cell membrane", ("Single-pass type I membrane protein",)),
        _Place("Apical cell membrane", ("Multi-pass membrane protein",)),
        _Place("Cell membrane", ("Peripheral membrane protein", "Cytoplasmic side")),
    ),
    "Mitochondrion": (
        *(
            _Place("Mitochondrion"),
            _Place("Mitochondrion matrix"),
            _Place("Mitochondrion intermembrane space"),
        ),
        _Place("Mitochondrion inner membrane", ("Peripheral membrane protein", "Matrix side")),
    ),
    "Plastid": (
        *(_Place("Plastid, chloroplast"), _Place("Plastid, chloroplast stroma")),
        _Place("Plastid, chloroplast thylakoid membrane", ("Peripheral membrane protein", "Stromal side")),
    ),
    "Endoplasmic.reticulum": (
        *(_Place("Endoplasmic reticulum"), _Place("Endoplasmic reticulum lumen")),
        _Place("Endoplasmic reticulum membrane", ("Peripheral membrane protein", "Lumenal side")),
    ),
    "Golgi.apparatus": (
        _Place("Golgi apparatus membrane", ("Single-pass type II membrane protein",)),
        _Place("Golgi apparatus, Golgi stack membrane", ("Single-pass type II membrane protein",)),
        _Place("Golgi apparatus, trans-Golgi network membrane", ("Single-pass type II membrane protein",)),
    ),
    "Lysosome/Vacuole": (
        _Place("Lysosome"),
        _Place("Lysosome lumen"),
        _Place("Vacuole"),
        _Place("Vacuole lumen"),
    ),
    "Peroxisome": (_Place("Peroxisome"), _Place("Peroxisome matrix")),
}
_NOTES: Final = (
    "Colocalizes with its partner at contact sites.",
    "Shuttles between compartments. Relocates upon stress, within 10 min.",
    "Detected at low levels elsewhere; the signal may be weak (By similarity).",
    "Accumulates at 4 degrees Celsius. Export requires ATP.",
)


def location_comments(rng: np.random.Generator) -> list[list[str]]:
    """`VARIANTS` comments of each residence, whole CC blocks; ``@`` stands for the accession."""
    return [
        [_FORMS[rng.choice(len(_FORMS), p=_FORM_SHARES)](rng, residence.classes) for _ in range(VARIANTS)]
        for residence in RESIDENCES
    ]


def with_evidence(sentences: str, rng: np.random.Generator) -> str:
    """Sentences with what they rest on, as comments end."""
    found = _evidence(rng)
    return f"{sentences}{found}." if found else sentences


def _evidence(rng: np.random.Generator) -> str:
    """Evidence in braces with a blank before it, or nothing."""
    if rng.random() < 0.1:
        return ""
    codes = [
        (
            f"ECO:0000269|PubMed:{rng.integers(90_000_000, 99_999_999)}",
            "ECO:0000250",
            f"ECO:0000250|UniProtKB:Q{rng.integers(0, 10)}SYN{rng.integers(0, 10)}",
            "ECO:0000305",
            "ECO:0000255|HAMAP-Rule:MF_99999",
        )[int(rng.choice(5, p=(0.4, 0.1, 0.25, 0.15, 0.1)))]
        for _ in range(int(rng.choice((1, 2, 3), p=(0.75, 0.2, 0.05))))
    ]
    return f" {{{', '.join(dict.fromkeys(codes))}}}"


def _statements(rng: np.random.Generator, classes: tuple[str, ...]) -> str:
    """One location of each class, each with its topology and evidence."""
    statements = []
    for psl_class in classes:
        place = _PLACES[psl_class][rng.integers(len(_PLACES[psl_class]))]
        statements.append("; ".join(part + _evidence(rng) for part in (place.location, *place.after)))
    return ". ".join(statements) + "."


def _plain(rng: np.random.Generator, classes: tuple[str, ...]) -> str:
    return wrapped_comment("SUBCELLULAR LOCATION", _statements(rng, classes))


def _with_note(rng: np.random.Generator, classes: tuple[str, ...]) -> str:
    note = with_evidence(_NOTES[rng.integers(len(_NOTES))], rng)
    return wrapped_comment("SUBCELLULAR LOCATION", f"{_statements(rng, classes)} Note={note}")


def _of_isoforms(rng: np.random.Generator, classes: tuple[str, ...]) -> str:
    isoforms = (
        "CC   -!- ALTERNATIVE PRODUCTS:\n"
        "CC       Event=Alternative splicing; Named isoforms=2;\n"
        "CC       Name=1;\n"
        "CC         IsoId=@-1; Sequence=Displayed;\n"
        "CC       Name=2; Synonyms=Short;\n"
        "CC         IsoId=@-2; Sequence=VSP_900001;\n"
    )
    locations = [
        wrapped_comment("SUBCELLULAR LOCATION", f"[Isoform {name}]: {_statements(rng, classes)}") for name in (1, 2)
    ]
    return "".join(locations) + isoforms


def _of_chain(rng: np.random.Generator, classes: tuple[str, ...]) -> str:
    return wrapped_comment("SUBCELLULAR LOCATION", f"[Mature form, 2.1 kDa]: {_statements(rng, classes)}")


_FORMS: Final[tuple[Callable[[np.random.Generator, tuple[str, ...]], str], ...]] = (
    *(_plain, _with_note, _of_isoforms, _of_chain),
)
_FORM_SHARES: Final = (0.74, 0.16, 0.07, 0.03)
