"""What both say, and what only one says, against sets made the slow way."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval.online.answers import Answer, Match
from psl_eval.online.comparison import VALIDATION, compare, totals
from psl_eval.online.names import NAMES
from psl_eval.online.services import Service, service_at, too_short
from psl_index import Index
from psl_index.errors import UsageError

ROWS = [("P99991", "MKKLSKLAAAKDEL", ()), ("P99992", "MSKLSKLSKIGU", ()), ("P99991-2", "MKKLSKL", ())]
HERE = {("P99991", 5, 7), ("P99992", 2, 4), ("P99992", 5, 7)}
PLACES = sorted(HERE | {("P99991", 1, 3), ("Q99999", 9, 11), ("Q99999", 20, 22)})

PEPTIDE_MATCH = service_at("peptidematch")
UNIPROT = service_at("uniprot")


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    return build_index(ROWS)


def row(index: Index, service: Service, answer: Answer | None) -> dict[str, Any]:
    table = compare(index, service, ["SKL"], {} if answer is None else {"SKL": answer})
    assert table.schema == VALIDATION
    (only,) = table.to_pylist()
    assert isinstance(only, dict)
    return only


@settings(max_examples=25)
@given(st.sets(st.sampled_from(PLACES)))
def test_positions_and_entries_against_sets(index: Index, there: set[tuple[str, int, int]]) -> None:
    found = row(index, PEPTIDE_MATCH, Answer(tuple(Match(*place, "NAME", 1) for place in sorted(there)), None))
    assert found["status"] == ("same" if there == HERE else "different")
    local, remote = ({accession for accession, _, _ in side} for side in (HERE, there))
    for kind, ours, theirs in (("positions", HERE, there), ("entries", local, remote)):
        counts = [found[f"{kind}_{side}"] for side in ("both", "only_local", "only_remote")]
        assert counts == [len(ours & theirs), len(ours - theirs), len(theirs - ours)]
    assert found["only_local"] == [f"{name}:{start}-{end}" for name, start, end in sorted(HERE - there)]
    assert found["only_remote"] == [f"{name}:{start}-{end}" for name, start, end in sorted(there - HERE)]


def test_without_positions_entries_are_compared(index: Index) -> None:
    found = row(index, UNIPROT, Answer((Match("P99991"), Match("Q99999")), "2026_01"))
    assert (found["entries_both"], found["entries_only_local"], found["entries_only_remote"]) == (1, 1, 1)
    assert {found[f"positions_{side}"] for side in ("both", "only_local", "only_remote")} == {None}
    assert (found["status"], found["only_local"], found["only_remote"]) == ("different", ["P99992"], ["Q99999"])
    assert (found["local_release"], found["remote_release"]) == (None, "2026_01")
    assert row(index, UNIPROT, Answer((Match("P99991"), Match("P99992")), None))["status"] == "same"


def test_isoforms_of_either_side_are_apart(index: Index) -> None:
    matches = (Match("P99991"), Match("P99992"), Match("P99992-7"))
    found = row(index, UNIPROT, Answer(matches, None))
    assert (found["status"], found["isoforms"]) == ("same", ["P99991-2", "P99992-7"])


def test_an_unanswered_peptide_has_no_numbers(index: Index) -> None:
    found = row(index, PEPTIDE_MATCH, None)
    assert found["status"] == "unanswered"
    known = {name for name, value in found.items() if value is not None}
    assert known == {"peptide", "status", "service"}


def test_totals(index: Index) -> None:
    answers = {"SKL": Answer((Match("P99991", 5, 7), Match("Q99999", 1, 3)), "2026_01"), "KDEL": Answer((), "2026_02")}
    sums = totals(compare(index, PEPTIDE_MATCH, ["SKL", "KDEL", "AAA", "WWW"], answers))
    assert sums.peptides == {"same": 0, "different": 2, "unanswered": 2}
    assert (sums.entries, sums.positions, sums.isoforms) == ((1, 2, 1), (1, 3, 1), 1)
    assert sums.remote_releases == ("2026_01", "2026_02")
    assert totals(compare(index, UNIPROT, ["SKL"], {"SKL": Answer((), None)})).positions is None


@pytest.mark.parametrize("name", NAMES)
def test_services_by_name(name: str) -> None:
    assert service_at(name).url.startswith("https://")
    assert service_at(name, "http://127.0.0.1:1/x/").url == "http://127.0.0.1:1/x"
    assert service_at(name).name == name
    assert [too_short(service_at(name), peptide) for peptide in ("AAA", "AAAA")] == [None, None]
    assert too_short(service_at(name), "AA") == f"'AA' is too short for {name}, which takes 3 residues or more"


def test_the_help_of_a_command_imports_the_names_of_services_alone() -> None:
    script = (
        "import sys, pslidx.search_commands, pslidx.validate_command\n"
        "print(*sorted(name for name in sys.modules if name.startswith('psl_eval.online.')))"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["psl_eval.online.names"]


@pytest.mark.parametrize(
    "url", ["", "host", "host/path", "ftp://host", "http://", "http://a b/", "http://[", "//host", "http://h/?q"]
)
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(UsageError, match="is no address; give one such as https://host/path"):
        service_at("uniprot", url)


def test_no_such_service() -> None:
    with pytest.raises(UsageError, match="'blast' is none of peptidematch, uniprot"):
        service_at("blast")
