"""What a FASTA header says: UniProt's, DeepLoc's, or any other, of which the first word is the accession."""

from __future__ import annotations

import re
from typing import NamedTuple

from psl_index.batches import StatedLocation, stated_locations
from psl_index.classes import classes_of_label

_UNIPROT = re.compile(r"(sp|tr)\|([^|\s]+)\|(\S*)\s*")
_FRAGMENT = re.compile(r"\s*\(Fragments?\)$")
_MEMBRANE_NOTES = {"M": "membrane-bound", "S": "soluble", "U": None, "?": None}


class Header(NamedTuple):
    """Columns of the entries table that a header states; the fields are named as the columns."""

    accession: str
    entry_name: str | None = None
    protein_name: str | None = None
    gene_name: str | None = None
    organism: str | None = None
    taxon_id: int | None = None
    reviewed: bool | None = None
    fragment: bool | None = None
    protein_existence: int | None = None
    sequence_version: int | None = None


def parse_header(text: str, entry: int) -> tuple[Header, list[StatedLocation]] | None:
    """The header of record number `entry` of its batch and the locations it states; None without identifier.

    `text` is the line after ``>``.
    """
    uniprot = _UNIPROT.match(text)
    if uniprot:
        return _uniprot_header(uniprot, text[uniprot.end() :].rstrip()), []
    words = text.split(None, 2)
    if not words or not words[0].isprintable():
        return None
    return Header(words[0]), _deeploc_locations(words[1], entry) if len(words) > 1 else []


def _uniprot_header(match: re.Match[str], description: str) -> Header:
    database, accession, entry_name = match.groups()
    name, _, rest = description.partition(" OS=")
    rest, _, sequence_version = rest.partition(" SV=")
    rest, _, existence = rest.partition(" PE=")
    rest, _, gene = rest.partition(" GN=")
    organism, _, taxon = rest.partition(" OX=")
    whole_name = _FRAGMENT.sub("", name)
    return Header(
        accession=accession,
        entry_name=entry_name or None,
        protein_name=whole_name or None,
        gene_name=gene or None,
        organism=organism or None,
        taxon_id=_number(taxon, 9),
        reviewed=database == "sp",
        fragment=whole_name != name,
        protein_existence=_number(existence, 1),
        sequence_version=_number(sequence_version, 9),
    )


def _number(text: str, digits: int) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None


def _deeploc_locations(word: str, entry: int) -> list[StatedLocation]:
    """Rows of ``Cell.membrane-M``; of any other word none.

    The label is split from the right, for it can contain a hyphen itself (Cytoplasm-Nucleus-U).
    """
    label, _, flag = word.rpartition("-")
    if flag not in _MEMBRANE_NOTES or not classes_of_label(label):
        return []
    return stated_locations(entry, label, _MEMBRANE_NOTES[flag])
