"""Peptide Match, version 2, of the Protein Information Resource: entries and positions of many peptides at once.

Its interface is https://research.bioinformatics.udel.edu/peptidematch/api/v2/. All peptides of a request come in one
block of results: each protein lists the peptides it contains, each of these its ranges, 1-based and inclusive. The
description calls that list ``matchingPeptides``, the server ``matchingPeptide``; both are read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn

from psl_eval.online.answers import Answer, Match, is_accession
from psl_eval.online.reply import Refused, Reply, release_of, start_of

if TYPE_CHECKING:
    from psl_eval.online.client import Client

# No taxonids is no filter; what is not said is false to the server, and a missing size 100.
_SETTINGS: Final = {"swissprot": "true", "isoform": "false", "leqi": "false", "size": "-1"}
_DONE: Final = (0, 200)  # statuses within a report: of its search engine, past and present


class PeptideMatch:
    """Asks for all reviewed entries, without isoforms, I and L told apart."""

    name: Final = "peptidematch"
    home: Final = "https://research.bioinformatics.udel.edu/peptidematchapi2"
    at_once: Final = 100  # peptides in a request, the most it takes
    shortest: Final = 3  # residues
    tells_positions: Final = True

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/").removesuffix("/match_post").removesuffix("/match_get")

    def ask(self, client: Client, peptides: Sequence[str]) -> dict[str, Answer]:
        """What it finds for each of at most `at_once` different peptides in upper case.

        Raises
        ------
        RemoteServiceError
            It gives no answer that makes sense.
        """
        form = {"peptides": ",".join(peptides), **_SETTINGS}
        return client.ask("POST", f"{self.url}/match_post", lambda reply: read_report(reply, peptides), form=form)


def read_report(reply: Reply, peptides: Sequence[str]) -> dict[str, Answer]:
    """The answers in a report about `peptides`.

    Raises
    ------
    Refused
        It is no report, not about these peptides, incomplete, or at odds with itself.
    """
    try:
        report = json.loads(reply.body)
    except (ValueError, RecursionError):
        raise Refused(f"answers with {start_of(reply.body)}, which is no JSON, or not all of it") from None
    proteins = _proteins(report, set(peptides))
    matches: dict[str, set[Match]] = {peptide: set() for peptide in peptides}
    for protein in proteins:
        for peptide, match in _matches_in(protein):
            if peptide not in matches:
                _refuse(f"a match of {peptide!r}, which was not asked about")
            matches[peptide].add(match)
    release = release_of(reply)
    return {peptide: Answer(tuple(sorted(found, key=_place)), release) for peptide, found in matches.items()}


def _proteins(report: Any, asked: set[str]) -> list[Any]:
    """The proteins of a report, once what it says about itself is found to be right."""
    if not isinstance(report, dict) or not isinstance(report.get("results"), list):
        _refuse("no results")
    if report.get("status") not in (None, *_DONE):
        _refuse(f"its own status {report['status']!r}")
    settings = report.get("searchParameters")
    for name, value in settings.items() if isinstance(settings, dict) else ():
        wanted = _SETTINGS.get(name)
        if isinstance(value, bool) and wanted is not None and value is not (wanted == "true"):
            _refuse(f"what it found with {name}={value}")
    about: set[str] = set()
    proteins: list[Any] = []
    for block in report["results"]:
        if not isinstance(block, dict) or not isinstance(block.get("proteins"), list):
            _refuse("a block of results without proteins")
        about.update(str(block.get("queryPeptide")).upper().replace(" ", "").split(","))
        proteins += block["proteins"]
    if about != asked:
        _refuse("results about other peptides")
    number = report.get("numberFound")
    if type(number) is not int or number != len(proteins):
        _refuse(f"{len(proteins):,} proteins where it says that it found {number!r}")
    return proteins


def _matches_in(protein: Any) -> Iterator[tuple[str, Match]]:
    """Each range in a protein, with its peptide."""
    if not isinstance(protein, dict) or not is_accession(protein.get("ac")):
        _refuse("a protein without an accession")
    accession = protein["ac"]
    if str(protein.get("reviewStatus")).lower() in ("tr", "trembl"):
        _refuse(f"{accession}, which is not reviewed")
    sequence = protein.get("sequence")
    name, taxon = protein.get("id"), protein.get("orgTaxonId")
    found = protein.get("matchingPeptide", protein.get("matchingPeptides"))
    for of_peptide in _objects(found, accession):
        peptide = str(of_peptide.get("peptide")).upper()
        for place in _objects(of_peptide.get("matchRange"), accession):
            start, end = place.get("start"), place.get("end")
            if type(start) is not int or type(end) is not int or start < 1 or end - start + 1 != len(peptide):
                _refuse(f"{peptide} at {start!r}-{end!r} of {accession}")
            if isinstance(sequence, str) and sequence[start - 1 : end].upper() != peptide:
                _refuse(f"{peptide} at {start}-{end} of {accession}, whose sequence has something else there")
            yield (
                peptide,
                Match(
                    accession,
                    start,
                    end,
                    name if isinstance(name, str) else None,
                    taxon if type(taxon) is int and 0 < taxon < 1 << 32 else None,
                ),
            )


def _objects(found: Any, accession: str) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
        _refuse(f"{accession} without saying what matches where")
    return found


def _place(match: Match) -> tuple[str, int]:
    return match.accession, match.start or 0


def _refuse(what: str) -> NoReturn:
    raise Refused(f"answers with {what}")
