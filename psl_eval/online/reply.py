"""Replies of a web service: what is read off them before anybody looks at their content."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

_SECONDS: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,15})?")
_RELEASE: Final = re.compile(r"[\w.-]{1,40}", re.ASCII)


class Reply(NamedTuple):
    """One reply, read whole."""

    status: int
    headers: Mapping[str, str]  # names in any letter case
    body: bytes


class Refused(Exception):
    """A reply, or none, that is no answer now, but may be one when the service is asked again.

    Attributes
    ----------
    problem : str
        What is wrong with it.
    wait : float or None
        Seconds that the service asks to wait, where it does.
    """

    def __init__(self, problem: str, wait: float | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.wait = wait


def seconds_to_wait(reply: Reply, now: datetime | None = None) -> float | None:
    """What Retry-After asks for, a number of seconds or a date; None where it asks for nothing sensible."""
    asked = reply.headers.get("Retry-After", "").strip()
    if _SECONDS.fullmatch(asked):
        return float(asked)
    from email.utils import parsedate_to_datetime  # which takes a while to import

    try:
        date = parsedate_to_datetime(asked)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max((date - (now or datetime.now(UTC))).total_seconds(), 0.0)


def release_of(reply: Reply) -> str | None:
    """The release of UniProt that a header names."""
    named = reply.headers.get("X-UniProt-Release", "").strip()
    return named if _RELEASE.fullmatch(named) else None


def start_of(body: bytes) -> str:
    """The first characters of a body that is not what was expected, for a message on one line."""
    text = " ".join(body[:200].decode(errors="replace").split())
    return repr(text[:60]) if text else "nothing"
