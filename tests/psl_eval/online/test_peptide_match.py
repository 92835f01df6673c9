"""Peptide Match is asked as its server wants it, and only reports that hold together are taken."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval.online.answers import Match
from psl_eval.online.peptide_match import PeptideMatch, read_report
from psl_eval.online.reply import Refused, Reply
from tests.proteomes import find_all
from tests.psl_eval.online.server import SETTINGS, Protein, report, running

PROTEINS = [
    Protein("P99991", "MKKLSKLAAAKDEL"),
    Protein("P99992", "MSKLSKLSKIGU", "TWO_MOUSE", 10090),
    Protein("P99991-2", "MKKLSKL"),
    Protein("A0A000", "SKLSKL", reviewed=False),
]


def reported(peptides: list[str], proteins: list[Protein] = PROTEINS) -> dict[str, Any]:
    return report(proteins, {"peptides": ",".join(peptides), **SETTINGS})


def read(body: Any, peptides: list[str]) -> Any:
    return read_report(Reply(200, {}, json.dumps(body).encode()), peptides)


def test_it_is_asked_for_everything_reviewed_without_isoforms_and_taxa() -> None:
    pytest.importorskip("httpx", reason="httpx is not installed: pip install 'pslidx[online]'")
    from psl_eval.online.client import Patience, connected

    with running(PROTEINS) as server, connected(Patience()) as client:
        for url in (server.peptide_match, f"{server.peptide_match}/", f"{server.peptide_match}/match_post"):
            answers = PeptideMatch(url).ask(client, ["SKL", "WWW"])
        assert server.requests[0] == (
            "POST",
            "/peptidematchapi2/match_post",
            {"peptides": "SKL,WWW", "swissprot": "true", "isoform": "false", "leqi": "false", "size": "-1"},
        )
        assert len(server.requests) == 3
    assert answers["SKL"].matches == (
        Match("P99991", 5, 7, "ONE_HUMAN", 9606),
        Match("P99992", 2, 4, "TWO_MOUSE", 10090),
        Match("P99992", 5, 7, "TWO_MOUSE", 10090),
    )
    assert answers["WWW"].matches == ()


@given(
    st.lists(st.text("AL", min_size=1, max_size=12), max_size=6),
    st.lists(st.text("AL", min_size=3, max_size=4), min_size=1, max_size=5, unique=True),
)
def test_each_match_goes_to_its_peptide(sequences: list[str], peptides: list[str]) -> None:
    """All peptides come in one block; one may lie within another, and overlap itself."""
    proteins = [Protein(f"P0000{number}", sequence) for number, sequence in enumerate(sequences)]
    answers = read(reported(peptides, proteins), peptides)
    assert list(answers) == peptides
    for peptide, answer in answers.items():
        found = [(f"P0000{entry}", start, start + len(peptide) - 1) for entry, start in find_all(sequences, peptide)]
        assert [match[:3] for match in answer.matches] == found


def test_the_list_of_matches_goes_by_either_name() -> None:
    body = reported(["SKL"])
    for protein in body["results"][0]["proteins"]:
        protein["matchingPeptides"] = protein.pop("matchingPeptide")
    assert read(body, ["SKL"]) == read(reported(["SKL"]), ["SKL"])


def test_what_a_server_may_leave_out() -> None:
    body = reported(["SKL"])
    del body["status"], body["searchParameters"]
    for protein in body["results"][0]["proteins"]:
        for name in ("sequence", "id", "orgTaxonId", "reviewStatus"):
            del protein[name]
    answer = read(body, ["SKL"])["SKL"]
    assert answer.matches[0] == Match("P99991", 5, 7)


def _first(body: dict[str, Any]) -> dict[str, Any]:
    protein: dict[str, Any] = body["results"][0]["proteins"][0]
    return protein


def _range(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _first(body)["matchingPeptide"][0]["matchRange"][0]
    return found


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "results about other peptides": lambda body: body["results"][0].update(queryPeptide="SKL,KDE"),
    "2 proteins where it says that it found 3": lambda body: body.update(numberFound=3),
    "2 proteins where it says that it found None": lambda body: body.pop("numberFound"),
    "2 proteins where it says that it found True": lambda body: body.update(numberFound=True),
    "no results": lambda body: body.update(results=None),
    "a block of results without proteins": lambda body: body["results"].append("SKL"),
    "its own status 500": lambda body: body.update(status=500),
    "what it found with swissprot=False": lambda body: body["searchParameters"].update(swissprot=False),
    "what it found with leqi=True": lambda body: body["searchParameters"].update(leqi=True),
    "a protein without an accession": lambda body: _first(body).update(ac="P9999"),
    "P99991, which is not reviewed": lambda body: _first(body).update(reviewStatus="tr"),
    "P99991 without saying what matches where": lambda body: _first(body).update(matchingPeptide=[]),
    "a match of 'KDEL', which was not asked about": lambda body: _first(body).update(
        matchingPeptide=[{"peptide": "KDEL", "matchRange": [{"start": 11, "end": 14}]}]
    ),
    "SKL at 5-8 of P99991": lambda body: _range(body).update(end=8),
    "SKL at '5'-7 of P99991": lambda body: _range(body).update(start="5"),
    "SKL at 0-2 of P99991": lambda body: _range(body).update(start=0, end=2),
    "SKL at 4-6 of P99991, whose sequence has something else there": lambda body: _range(body).update(start=4, end=6),
}


@pytest.mark.parametrize("problem", WRONG)
def test_reports_that_do_not_hold_together(problem: str) -> None:
    body = reported(["SKL"])
    assert len(read(body, ["SKL"])["SKL"].matches) == 3
    WRONG[problem](body)
    with pytest.raises(Refused) as caught:
        read(body, ["SKL"])
    assert caught.value.problem == f"answers with {problem}"


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"[]", b"null", b'{"results": [', b"\xff\xfe"])
def test_bodies_that_are_no_report(body: bytes) -> None:
    with pytest.raises(Refused):
        read_report(Reply(200, {}, body), ["SKL"])


@given(st.integers(min_value=0))
def test_a_report_cut_anywhere_is_refused(where: int) -> None:
    whole = json.dumps(reported(["SKL"])).encode()
    with pytest.raises(Refused):
        read_report(Reply(200, {}, whole[: where % len(whole)]), ["SKL"])
