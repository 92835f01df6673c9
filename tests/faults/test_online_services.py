"""F20: online services that are busy, broken, slow or gone: an end in bounded time, and no wrong answer taken.

What hangs does so until the server is stopped, so that a test ends at all says that somebody has lost patience.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("httpx", reason="httpx is not installed: pip install 'pslidx[online]'")
pytest.importorskip("tenacity", reason="tenacity is not installed: pip install 'pslidx[online]'")

from psl_eval.online import client as client_module
from psl_eval.online.answers import Answer
from psl_eval.online.client import Patience, connected
from psl_eval.online.comparison import compare
from psl_eval.online.journal import Journal, journal_at
from psl_eval.online.names import NAMES
from psl_eval.online.services import Service, service_at
from psl_eval.online.validation import ask_all
from psl_index import Index
from psl_index.errors import RemoteServiceError
from tests.proteomes import build_index
from tests.psl_eval.online import server as server_module
from tests.psl_eval.online.server import PAGE, Fault, Protein, Server, answering, running

SEQUENCES = ["MKKLSKLAAAKDEL", "MSKLSKLSKIGU"]
PATIENCE = Patience(deadline=30.0, reply=10.0, pause=0.01, tries=3)
HARDLY_ANY = Patience(deadline=30.0, reply=0.1, pause=0.01, tries=2)  # for what hangs for good
LITTLE = Patience(deadline=30.0, reply=0.3, pause=0.01, tries=20)  # for what hangs once
_OTHER = b'{"numberFound": 0, "status": 0, "results": [{"queryPeptide": "WWW", "proteins": []}]}'
_NO_ACCESSION = b"Q99999,see-below"
_TRUNCATED = b'{"numberFound": 1, "status": 0, "results": [{"queryPeptide": "SKL", "proteins": [{"ac": "Q99'

# What goes wrong for good, and what is said of it.
CASES: dict[str, tuple[Fault, str]] = {
    "429 with Retry-After": (answering(429, Retry_After="0"), "answers with status 429, and so 3 times"),
    "Retry-After of a day": (answering(503, Retry_After="86400"), "asks to wait 86,400 seconds, beyond the deadline"),
    "500": (answering(500), "answers with status 500, and so 3 times"),
    "HTML with status 200": (answering(200, PAGE), "<!DOCTYPE html>"),
    "truncated JSON": (answering(200, _TRUNCATED), "answers with"),
    "wrong content": (answering(200, _OTHER), "answers with"),
    "wrong accessions": (answering(200, _NO_ACCESSION), "answers with"),
    "endless redirect": (server_module.redirected_to_itself, "sends elsewhere (status 302)"),
    "silence": (server_module.silent, "has not answered within"),
    "connection dropped at once": (server_module.dropped_at_once, "breaks off"),
    "connection dropped in the middle": (server_module.dropped_in_the_middle, "breaks off"),
    "a slow dribble": (server_module.dribbling, "has not answered within"),
    "a slow dribble of headers": (server_module.dribbling_headers, "has not answered within"),
    "a body without end": (server_module.endless, "answers with more than 1,048,576 bytes"),
    "a job that is not there": (answering(404), "status 404"),
}
HANGS = ("silence", "a slow dribble", "a slow dribble of headers")


@pytest.fixture
def server() -> Iterator[Server]:
    with running([Protein("P12345", SEQUENCES[0]), Protein("Q99999", SEQUENCES[1])]) as known:
        yield known


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Index:
    return build_index(tmp_path_factory.mktemp("index"), SEQUENCES)


@pytest.fixture(autouse=True)
def _smaller_bodies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_BODY", 1 << 20)


def ask(
    service: Service,
    answers: dict[str, Answer],
    *peptides: str,
    patience: Patience = PATIENCE,
    journal: Journal | None = None,
) -> RemoteServiceError | None:
    with connected(patience) as client:
        return ask_all(service, client, peptides, answers, journal)


def at(server: Server, name: str) -> Service:
    return service_at(name, {"peptidematch": server.peptide_match, "uniprot": server.uniprot}[name])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", CASES)
def test_what_fails_for_good(case: str, name: str, server: Server, index: Index) -> None:
    fault, said = CASES[case]
    service = at(server, name)
    server.fail_always(fault)
    answers: dict[str, Answer] = {}
    failure = ask(service, answers, "SKL", patience=HARDLY_ANY if case in HANGS else PATIENCE)
    assert answers == {}
    assert failure is not None
    assert said in failure.problem
    assert compare(index, service, ["SKL"], answers)["status"].to_pylist() == ["unanswered"]


FOR_GOOD = ("Retry-After of a day", "endless redirect", "a body without end", "a job that is not there")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("case", [case for case in CASES if case not in FOR_GOOD])
def test_what_passes_after_a_while(case: str, name: str, server: Server) -> None:
    service = at(server, name)
    answers: dict[str, Answer] = {}
    assert ask(service, answers, "SKL") is None
    server.fail(CASES[case][0])
    again: dict[str, Answer] = {}
    assert ask(service, again, "SKL", patience=LITTLE if case in HANGS else PATIENCE) is None
    assert again == answers


@pytest.mark.parametrize("case", CASES)
def test_a_job_that_fails_for_good(case: str, server: Server) -> None:
    """The job is taken, and then everything that is asked about it fails."""
    accepted = answering(202, Location=f"{server.uniprot}/jobs/PM0")
    server.fail(accepted, *[CASES[case][0]] * 20)
    answers: dict[str, Answer] = {}
    failure = ask(at(server, "uniprot"), answers, "SKL", patience=HARDLY_ANY if case in HANGS else PATIENCE)
    assert answers == {}
    assert failure is not None


def test_what_was_answered_before_is_kept_and_only_the_rest_asked_again(
    server: Server, index: Index, tmp_path: Path
) -> None:
    peptides = ["SKL", "KDEL", "AAAK", "WWW"]
    service = at(server, "uniprot")
    server.polls = 0
    server.faults = iter([None] * 4 + [answering(500)] * 100)  # two peptides, a form and a look each
    asked = {"peptides": "these"}
    with journal_at(tmp_path / "journal", asked) as journal:
        answers: dict[str, Answer] = {}
        assert ask(service, answers, *peptides, journal=journal) is not None
    table = compare(index, service, peptides, answers)
    assert [status == "unanswered" for status in table["status"].to_pylist()] == [False, False, True, True]
    server.requests.clear()
    server.fail()
    with journal_at(tmp_path / "journal", asked) as journal:
        assert journal.answers == answers
        assert ask(service, answers, *peptides, journal=journal) is None
    assert server.asked_for() == ["AAAK", "WWW"]
    assert list(answers) == peptides
