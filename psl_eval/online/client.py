"""One request at a time to a web service that may be slow, busy, broken or gone: always an end, never a guess.

Each request is asked again, after a growing pause or the one the service asks for, while it fails in ways that pass.
All of it together ends with one deadline, whatever the service does: the bytes are read in an event loop of their own,
where everything, from the look-up of the name to the last byte, can be given up at any moment.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeVar

from psl_eval.online.reply import Refused, Reply, seconds_to_wait
from psl_index.errors import RemoteServiceError, UsageError

if TYPE_CHECKING:
    import httpx
    from tenacity import RetryCallState

Answer = TypeVar("Answer")

LARGEST_BODY: Final = 1 << 26  # bytes, decompressed; a hundred peptides of five residues are answered in some 5 MB
PASSING: Final = (408, 425, 429, 500, 502, 503, 504)  # statuses after which to ask again

_LONGEST_PAUSE: Final = 60.0  # seconds, where the service asks for none


@dataclass(frozen=True)
class Patience:
    """How long to wait; all in seconds.

    Attributes
    ----------
    deadline : float
        For everything that one client is asked.
    reply : float
        For one reply.
    pause : float
        Before the second try, twice as long before each further one, and at least between two looks at a job.
    tries : int
        Of each request.
    """

    deadline: float = 600.0
    reply: float = 120.0
    pause: float = 1.0
    tries: int = 4


@contextmanager
def connected(
    patience: Patience, tell: Callable[[str], None] = lambda _: None, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Client]:
    """A client, whose deadline begins now; `tell` gets a line before each pause after a failure.

    Raises
    ------
    UsageError
        httpx or tenacity is not installed, or a proxy is named that there cannot be.
    """
    try:
        import httpx
        import tenacity  # noqa: F401
    except ImportError:
        raise UsageError(
            "online services need httpx and tenacity, which are not installed",
            remedy="install them with `pip install 'pslidx[online]'`",
        ) from None
    agent = {"User-Agent": f"pslidx/{version('pslidx')}"}
    try:
        http = httpx.AsyncClient(headers=agent, timeout=None, follow_redirects=False)
    except (ValueError, ImportError, httpx.InvalidURL) as error:
        raise UsageError(
            f"the proxy that the environment names cannot be used: {error}",
            remedy="correct HTTP_PROXY, HTTPS_PROXY and ALL_PROXY, or unset them",
        ) from error
    loop = _Loop()
    try:
        try:
            yield Client(http, loop, patience, tell, sleep)
        finally:
            loop.run(http.aclose())
    finally:
        loop.close()


class Client:
    """Asks until there is an answer, the tries are used up, or the deadline is over."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        loop: _Loop,
        patience: Patience,
        tell: Callable[[str], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._http = http
        self._loop = loop
        self._patience = patience
        self._tell = tell
        self._sleep = sleep
        self._end = time.monotonic() + patience.deadline

    def ask(
        self,
        method: str,
        url: str,
        read: Callable[[Reply], Answer],
        *,
        form: Mapping[str, str] | None = None,
        expected: tuple[int, ...] = (200,),
    ) -> Answer:
        """What `read` makes of the reply; it raises `Refused` for content that is no answer.

        Redirects are not followed.

        Raises
        ------
        RemoteServiceError
            No reply with one of the `expected` statuses that `read` takes, after all tries or at the deadline.
        """
        from tenacity import Retrying, retry_if_exception_type

        retrying = Retrying(
            retry=retry_if_exception_type(Refused),
            wait=self._pause_after,
            stop=self._is_over,
            before_sleep=lambda state: self._tell(
                f"{url}: {_refusal(state).problem}; asking again in {self._pause_after(state):.3g} seconds"
            ),
            sleep=self._sleep,
            reraise=True,
        )
        try:
            answer: Answer = retrying(self._try, method, url, form, expected, read)
        except Refused as refusal:
            if retrying.statistics["attempt_number"] < self._patience.tries:
                raise self._too_late(url, refusal) from refusal
            raise RemoteServiceError(
                f"{refusal.problem}, and so {self._patience.tries} times", file=url, remedy="try again later"
            ) from refusal
        return answer

    def wait(self, url: str, seconds: float | None) -> None:
        """Wait before asking about a job again, as long as it asks for, but not for nothing.

        Raises
        ------
        RemoteServiceError
            The deadline would be over by then.
        """
        pause = max(seconds or 0.0, self._patience.pause)
        if pause > self._remaining:
            raise self._too_late(url, Refused("has not finished", seconds))
        self._sleep(pause)

    @property
    def _remaining(self) -> float:
        return self._end - time.monotonic()

    def _try(
        self,
        method: str,
        url: str,
        form: Mapping[str, str] | None,
        expected: tuple[int, ...],
        read: Callable[[Reply], Answer],
    ) -> Answer:
        seconds = min(self._remaining, self._patience.reply)
        if seconds <= 0:
            raise Refused("was not asked any more")
        reply = self._loop.run(_exchange(self._http, method, url, form, seconds))
        if reply.status in expected:
            return read(reply)
        if reply.status in PASSING:
            raise Refused(f"answers with status {reply.status}", seconds_to_wait(reply))
        if "Location" in reply.headers:
            raise RemoteServiceError(
                f"sends elsewhere (status {reply.status}), to {reply.headers['Location'][:200]}",
                file=url,
                remedy="if that is the service now, give its address",
            )
        raise RemoteServiceError(
            f"answers with status {reply.status}", file=url, remedy="check the address and the kind of service"
        )

    def _pause_after(self, state: RetryCallState) -> float:
        wait = _refusal(state).wait
        if wait is not None:
            return wait
        return min(self._patience.pause * 2.0 ** (state.attempt_number - 1), _LONGEST_PAUSE)

    def _is_over(self, state: RetryCallState) -> bool:
        return state.attempt_number >= self._patience.tries or self._pause_after(state) >= self._remaining

    def _too_late(self, url: str, refusal: Refused) -> RemoteServiceError:
        deadline = f"the deadline of {self._patience.deadline:g} seconds"
        if refusal.wait is None:
            problem = f"{refusal.problem}, and {deadline} is over"
        else:
            problem = f"{refusal.problem}, and asks to wait {refusal.wait:,.0f} seconds, beyond {deadline}"
        return RemoteServiceError(problem, file=url, remedy="try again later, or with a longer deadline")


async def _exchange(
    http: httpx.AsyncClient, method: str, url: str, form: Mapping[str, str] | None, seconds: float
) -> Reply:
    """One request and its reply, within so many seconds and `LARGEST_BODY` bytes."""
    import httpx

    body = bytearray()
    try:
        async with asyncio.timeout(seconds), http.stream(method, url, data=form) as response:
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > LARGEST_BODY:
                    raise RemoteServiceError(
                        f"answers with more than {LARGEST_BODY:,} bytes",
                        file=url,
                        remedy="ask about fewer, or longer, peptides",
                    )
            return Reply(response.status_code, response.headers, bytes(body))
    except TimeoutError:
        raise Refused(f"has not answered within {seconds:.3g} seconds") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        what = "cannot be reached" if isinstance(error, httpx.ConnectError) else "breaks off"
        raise Refused(f"{what}: {reason}") from error


class _Loop:
    """An event loop on a thread of its own: on this one there may be another, as in a notebook."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result()
        finally:
            future.cancel()  # nothing, unless an interrupt has ended the waiting

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def _refusal(state: RetryCallState) -> Refused:
    assert state.outcome is not None
    refusal = state.outcome.exception()
    assert isinstance(refusal, Refused)
    return refusal
