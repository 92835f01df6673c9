"""Invented names: accessions, proteins, genes, organisms, authors. All follow from numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from psl_eval.synthetic.locations import RESIDENCES

_DIGITS: Final = "0123456789"
_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_BOTH: Final = _LETTERS + _DIGITS
_SHORT: Final = ("Q", _DIGITS, _BOTH, _BOTH, _BOTH, _DIGITS)
_LONG: Final = ("A", "0", "A", _BOTH, _BOTH, _DIGITS, _LETTERS, _BOTH, _BOTH, _DIGITS)
_SHORT_ACCESSIONS: Final = 4_665_600
_STRIDE: Final = 2_750_159  # prime, so that consecutive proteins get accessions that look unrelated

_SYLLABLES: Final = (
    *(
        "bra",
        "cel",
        "do",
        "fer",
        "gli",
        "ka",
        "lor",
        "mi",
        "nau",
        "ol",
        "pra",
        "quin",
        "ri",
        "sta",
        "tu",
        "val",
    ),
    *(
        "vi",
        "xan",
        "ze",
        "chro",
        "de",
        "phy",
        "the",
        "ro",
        "mel",
        "ga",
        "sil",
        "no",
        "per",
        "tra",
        "ly",
        "cor",
    ),
)
_ENDINGS: Final = ("in", "ase", "ein", "sin", "plexin", "ferase", "kinase-like protein", "porin")
GROUPS: Final = ("animals", "plants", "bacteria")
ORGANISMS_PER_GROUP: Final = 211  # prime: the members of a family smaller than this have different organisms
_LINEAGES: Final = {
    "animals": "Eukaryota; Metazoa; Invenidata; {0}ozoa; {0}omorpha; {1}oidea; {1}idae",
    "plants": "Eukaryota; Viridiplantae; Streptophyta; {0}ophyta; {0}opsida; {1}ales; {1}aceae",
    "bacteria": "Bacteria; {0}ota; {0}ia; {1}ales; {1}aceae",
}
_FIRST_TAXON: Final = 9_000_001  # above the numbers that NCBI has given


@dataclass(frozen=True)
class Organism:
    """An organism as entries name it."""

    code: str  # of five letters, as in entry names
    name: str
    lineage: str  # OC text without the final full stop
    taxon_id: int


def accession(number: int) -> str:
    """Accession of protein number `number` of a proteome, in UniProt's pattern; each number has another."""
    if number < _SHORT_ACCESSIONS:
        return _spell(number * _STRIDE % _SHORT_ACCESSIONS, _SHORT)
    return _spell(number - _SHORT_ACCESSIONS, _LONG)


def secondary_accession(number: int) -> str:
    """An accession that no protein has as its own."""
    return _spell(36 * 36 * 10 * 26 * 36 * 36 * 10 - 1 - number, _LONG)


def mnemonic(family: int) -> str:
    """Protein part of the entry names of a family, five characters."""
    return _spell(family * 7_368_787 % (26 * 36**4), (_LETTERS, _BOTH, _BOTH, _BOTH, _BOTH))


def protein_name(family: int) -> str:
    """Name of a family's proteins, such as ``Lorvixase 12``."""
    stem = _word(family * 7919 % 32**3, 3)
    return f"{stem.capitalize()}{_ENDINGS[family % len(_ENDINGS)]} {1 + family // 32**3}"


def gene_name(family: int) -> str:
    """Gene of a family's proteins, such as ``lorvi12``."""
    return f"{_word(family * 7919 % 32**2, 2)}{1 + family // 32**2}"


def organisms() -> list[list[Organism]]:
    """The organisms of each of `GROUPS`."""
    return [
        [_organism(group, index) for index in range(place, len(GROUPS) * ORGANISMS_PER_GROUP, len(GROUPS))]
        for place, group in enumerate(GROUPS)
    ]


def organism_of(family: int, member: int, residence: int) -> tuple[int, int]:
    """Group of a protein's organism and its number therein; those of a family differ."""
    first_class = RESIDENCES[residence].classes[0]
    if first_class == "Plastid":
        group = 1
    elif first_class in ("Cytoplasm", "Cell.membrane", "Extracellular"):
        group = (family % 5) // 2
    else:
        group = family % 2
    step = 1 + family % (ORGANISMS_PER_GROUP - 1)
    return group, (family + member * step) % ORGANISMS_PER_GROUP


def author(number: int) -> str:
    """An author as in RA lines, such as ``Corvi A.B.``."""
    initials = "".join(f"{_LETTERS[(number // base) % 23]}." for base in (1, 23)[: 1 + number % 2])
    return f"{_word(number * 331 % 32**2, 2 + number % 2).capitalize()} {initials}"


def _organism(group: str, index: int) -> Organism:
    genus = _word(index * 2_531 % 32**2, 2).capitalize()
    species = _word(index * 877 % 32**2, 2)
    lineage = _LINEAGES[group].format(_word(index % 7, 1).capitalize() + "ra", _word(index % 31 + 64, 2).capitalize())
    code = f"{genus[:2]}{_spell(index, (_BOTH, _BOTH))}{species[0]}".upper()
    return Organism(code, f"{genus}us {species}is", f"{lineage}; {genus}us", _FIRST_TAXON + index)


def _word(number: int, syllables: int) -> str:
    parts = []
    for _ in range(syllables):
        number, place = divmod(number, len(_SYLLABLES))
        parts.append(_SYLLABLES[place])
    return "".join(parts)


def _spell(number: int, alphabets: tuple[str, ...]) -> str:
    """`number` in a numeral system that has an alphabet of its own for each place."""
    text = []
    for alphabet in reversed(alphabets):
        number, place = divmod(number, len(alphabet))
        text.append(alphabet[place])
    return "".join(reversed(text))
