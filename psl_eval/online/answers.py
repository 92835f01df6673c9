"""What an online service says about one peptide."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

# https://www.uniprot.org/help/accession_numbers, and the number of an isoform behind it
_ACCESSION: Final = re.compile(r"(?:[OPQ][0-9][A-Z0-9]{3}[0-9]|[A-NR-Z][0-9](?:[A-Z][A-Z0-9]{2}[0-9]){1,2})(-[0-9]+)?")


class Match(NamedTuple):
    """One occurrence, or, from a service that does not tell positions, one entry; None is what it does not say."""

    accession: str
    start: int | None = None  # 1-based
    end: int | None = None  # inclusive
    entry_name: str | None = None
    taxon_id: int | None = None


class Answer(NamedTuple):
    """All that a service found for one peptide, in the order of accession and start."""

    matches: tuple[Match, ...]
    release: str | None  # of the data base that was asked; None where the service does not say


def is_accession(text: object) -> bool:
    """Whether it is an accession of UniProt, of an entry or an isoform."""
    return isinstance(text, str) and _ACCESSION.fullmatch(text) is not None


def is_isoform(accession: str) -> bool:
    """Whether it names an isoform, as P12345-2 does, and not an entry."""
    return "-" in accession and is_accession(accession)
