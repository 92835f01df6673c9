"""UniProt's search: a job is made, looked at without following it, and made again when it is forgotten."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("httpx", reason="httpx is not installed: pip install 'pslidx[online]'")

from psl_eval.online.answers import Answer, Match
from psl_eval.online.client import Patience, connected
from psl_eval.online.reply import Refused, Reply
from psl_eval.online.uniprot import UniProt, read_accessions
from psl_index.errors import RemoteServiceError
from tests.psl_eval.online.server import PAGE, Protein, Server, answering, running

PROTEINS = [Protein("P99991", "MKKLSKL"), Protein("P99991-2", "SKLM"), Protein("Q99992", "SKL", reviewed=False)]


@pytest.fixture
def server() -> Iterator[Server]:
    with running(PROTEINS) as known:
        yield known


def ask(server: Server, pauses: list[float] | None = None, peptide: str = "SKL", pause: float = 0.001) -> Answer:
    with connected(Patience(pause=pause), sleep=([] if pauses is None else pauses).append) as client:
        return UniProt(server.uniprot).ask(client, [peptide])[peptide]


def test_a_job_from_its_form_to_its_accessions(server: Server) -> None:
    server.polls, server.release = 3, "2026_01"
    assert ask(server) == Answer((Match("P99991"), Match("P99991-2")), "2026_01")
    form = {"peps": "SKL", "taxIds": "", "lEQi": "off", "spOnly": "on"}
    assert server.requests == [("POST", "/asyncrest/", form), *[("GET", "/asyncrest/jobs/PM0", {})] * 4]


def test_nothing_is_found_by_an_empty_answer(server: Server) -> None:
    assert ask(server, peptide="WWW") == Answer((), None)


def test_it_waits_as_long_as_the_job_asks_for_but_never_not_at_all(server: Server) -> None:
    pauses: list[float] = []
    server.polls = 0
    location = {"Location": f"{server.uniprot}/jobs/PM0"}
    server.jobs["PM0"] = ("SKL", 0)
    running_on = [answering(303, **location, Retry_After=seconds) for seconds in ("30", "0", "x")]
    server.fail(answering(202, **location), *running_on)
    ask(server, pauses, pause=2.0)
    assert pauses == [30.0, 2.0, 2.0]


def test_a_job_that_runs_beyond_the_deadline(server: Server) -> None:
    location = {"Location": f"{server.uniprot}/jobs/PM0"}
    server.fail(answering(202, **location), answering(303, **location, Retry_After="86400"))
    with pytest.raises(RemoteServiceError, match="has not finished, and asks to wait 86,400 seconds, beyond the dead"):
        ask(server)


def test_forgotten_jobs_are_made_again_three_times_in_all(server: Server) -> None:
    server.forgotten = 2
    assert ask(server).matches
    assert server.asked_for() == ["SKL"] * 3
    server.forgotten = 3
    with pytest.raises(RemoteServiceError, match="forgot 3 jobs"):
        ask(server)
    assert server.asked_for() == ["SKL"] * 6


def test_a_job_is_asked_for_where_the_service_is(server: Server) -> None:
    """The server names itself without its port, and by http; another machine it may not name."""
    ask(server)
    server.fail_always(answering(202, Location="http://elsewhere.example/jobs/PM0"))
    with pytest.raises(RemoteServiceError, match=r"sends to http://elsewhere\.example/jobs/PM0 for the result"):
        ask(server)


@pytest.mark.parametrize("status", [200, 202])
def test_a_page_about_maintenance_is_no_job(server: Server, status: int) -> None:
    server.fail(answering(status, PAGE))
    assert ask(server).matches  # the second time
    server.fail_always(answering(status, PAGE))
    with pytest.raises(RemoteServiceError, match="takes no job, but answers with '<!DOCTYPE html>"):
        ask(server)


@pytest.mark.parametrize("text", ["P99991", "P99991,Q8WXH0-12\n", "A0A009IHW8 , P12345"])
def test_accessions(text: str) -> None:
    names = [name.strip() for name in text.split(",")]
    assert read_accessions(Reply(200, {}, text.encode())).matches == tuple(map(Match, sorted(names)))


@pytest.mark.parametrize("body", [PAGE, b"P99991,", b"P99991,P9999", b"P99991 Q99992", b"p99991", b"{}", b"\xff"])
def test_what_holds_something_else_than_accessions(body: bytes) -> None:
    with pytest.raises(Refused):
        read_accessions(Reply(200, {}, body))
