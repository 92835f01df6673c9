"""Requests are asked again while that may help, with the pauses that the service asks for, until the deadline."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

pytest.importorskip("httpx", reason="httpx is not installed: pip install 'pslidx[online]'")
pytest.importorskip("tenacity", reason="tenacity is not installed: pip install 'pslidx[online]'")

from psl_eval.online import client as client_module
from psl_eval.online.client import Patience, connected
from psl_eval.online.reply import Reply, release_of, seconds_to_wait
from psl_index.errors import RemoteServiceError, UsageError
from tests.psl_eval.online.server import Server, answering, dropped_at_once, endless, running

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Server]:
    with running([]) as known:
        yield known


def ask(server: Server, patience: Patience) -> tuple[bytes | RemoteServiceError, list[float], list[str]]:
    """What comes of a request, the pauses on the way, and what was said."""
    pauses: list[float] = []
    said: list[str] = []
    with connected(patience, said.append, pauses.append) as client:
        try:
            return client.ask("GET", f"{server.url}/x", lambda reply: reply.body), pauses, said
        except RemoteServiceError as error:
            return error, pauses, said


def test_pauses_double(server: Server) -> None:
    server.fail(*[answering(500)] * 3, answering(200, b"here"))
    answer, pauses, said = ask(server, Patience(pause=1.0))
    assert (answer, pauses) == (b"here", [1.0, 2.0, 4.0])
    assert said == [f"{server.url}/x: answers with status 500; asking again in {n} seconds" for n in (1, 2, 4)]


def test_the_service_says_how_long_to_wait(server: Server) -> None:
    server.fail(answering(429, Retry_After="17"), answering(503, Retry_After="0.5"), answering(200, b"here"))
    assert ask(server, Patience())[:2] == (b"here", [17.0, 0.5])


def test_what_does_not_pass_is_not_asked_again(server: Server) -> None:
    for status in (400, 404, 501):
        server.fail(answering(status))
        answer, pauses, _ = ask(server, Patience())
        assert str(answer).startswith(f"{server.url}/x: answers with status {status}; check the address")
        assert pauses == []


def test_redirects_are_not_followed(server: Server) -> None:
    server.fail(answering(301, Location="https://elsewhere.example/x"))
    answer, pauses, _ = ask(server, Patience())
    assert "sends elsewhere (status 301), to https://elsewhere.example/x" in str(answer)
    assert (pauses, len(server.requests)) == ([], 1)


def test_tries_are_counted(server: Server) -> None:
    server.fail_always(dropped_at_once)
    answer, pauses, _ = ask(server, Patience(tries=3))
    assert str(answer).endswith(", and so 3 times; try again later")
    assert (len(pauses), len(server.requests)) == (2, 3)


def test_no_pause_goes_beyond_the_deadline(server: Server) -> None:
    server.fail_always(answering(503, Retry_After="86400"))
    answer, pauses, _ = ask(server, Patience(deadline=600))
    assert "and asks to wait 86,400 seconds, beyond the deadline of 600 seconds" in str(answer)
    assert (pauses, len(server.requests)) == ([], 1)


def test_a_body_is_read_to_a_limit(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "LARGEST_BODY", 1 << 20)
    server.fail(endless)
    assert "answers with more than 1,048,576 bytes" in str(ask(server, Patience())[0])


def test_nobody_there(server: Server) -> None:
    with connected(Patience(tries=2, pause=0.001)) as client, pytest.raises(RemoteServiceError) as caught:
        client.ask("GET", "http://127.0.0.1:1/", lambda reply: reply.body)
    assert "cannot be reached" in caught.value.problem


def test_a_proxy_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "nonsense://proxy")
    with pytest.raises(UsageError, match="HTTP_PROXY"), connected(Patience()):
        pass


def test_inside_a_running_event_loop(server: Server) -> None:
    import asyncio

    server.fail(answering(200, b"here"))

    async def notebook() -> object:
        return ask(server, Patience())[0]

    assert asyncio.run(notebook()) == b"here"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 0.25 ", 0.25),
        ("Sat, 31 Jan 2026 12:01:00 GMT", 60.0),
        ("Sat, 31 Jan 2026 12:01:00 -0000", 60.0),
        ("Sat, 31 Jan 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("nan", None),
        ("soon", None),
        ("9" * 400, None),
        ("", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert seconds_to_wait(Reply(503, {"Retry-After": header}, b""), NOON) == seconds


@pytest.mark.parametrize(("header", "release"), [("2026_01", "2026_01"), (" 2026_01 ", "2026_01"), ("<b>", None)])
def test_the_release_in_a_header(header: str, release: str | None) -> None:
    assert release_of(Reply(200, {"X-UniProt-Release": header}, b"")) == release
    assert release_of(Reply(200, {}, b"")) is None
