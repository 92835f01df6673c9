"""Answers of a service as they came in, kept beside the result until that is complete.

The result itself cannot be continued: it appears when it is complete, may be Parquet, and holds what was compared, not
what was answered. So each answer is a line of JSON in a file of its own, on disk before the next question; the first
line says what was asked of what. After any end, a power cut too, the same command goes on behind the last whole line.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from psl_eval.online.answers import Answer, Match, is_accession
from psl_index.errors import BusyError, InputError, OutputError, UsageError

_KIND: Final = "pslidx answers 1"
_HEAD: Final = f'{{"format": "{_KIND}", '.encode()


class Journal:
    """An open journal.

    Attributes
    ----------
    path : Path
        Where it is.
    answers : dict of str to Answer
        What was in it when it was opened, by peptide; names of entries and taxa are not kept.
    is_empty : bool
        Whether no answer is in it now; then it does not stay.
    """

    def __init__(self, path: Path, file: BinaryIO, answers: dict[str, Answer]) -> None:
        self.path = path
        self.answers = answers
        self.is_empty = not answers
        self._file = file

    def keep(self, answers: Mapping[str, Answer]) -> None:
        """Add answers, and bring them to disk."""
        lines = (
            _line({"peptide": peptide, "release": release, "matches": [match[:3] for match in matches]})
            for peptide, (matches, release) in answers.items()
        )
        self.is_empty = False
        with _reported(self.path):
            _append(self._file, b"".join(lines))

    def remove(self) -> None:
        """Take it away: the result is complete."""
        with _reported(self.path):
            self.path.unlink(missing_ok=True)


@contextmanager
def journal_at(path: Path, asked: Mapping[str, str]) -> Iterator[Journal]:
    """Open the journal at `path`, a new one where there is none; `asked` says in some words what is asked of what.

    Raises
    ------
    UsageError
        It belongs to something else that was asked.
    InputError
        It is no journal, or damaged.
    BusyError
        Another process has it open.
    OutputError
        It cannot be opened or written.
    """
    with _reported(path):
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666), "r+b")
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusyError(
                "another process is asking for the same result", file=str(path), remedy="wait for it to end"
            ) from None
        with _reported(path):
            *lines, torn = file.read().split(b"\n")
        if lines:
            _check_first(path, lines, asked)
        elif not (_HEAD.startswith(torn) or torn.startswith(_HEAD)):
            raise _is_none(path, 1)  # one line of somebody else's, and not the beginning of ours
        journal = Journal(path, file, dict(_read(path, number, line) for number, line in enumerate(lines[1:], start=2)))
        with _reported(path):
            file.seek(-len(torn) if journal.answers else 0, os.SEEK_END if journal.answers else os.SEEK_SET)
            file.truncate()
            if not journal.answers:
                _append(file, _line({"format": _KIND, **asked}))
        try:
            yield journal
        finally:
            if journal.is_empty:
                journal.remove()


def _check_first(path: Path, lines: list[bytes], asked: Mapping[str, str]) -> None:
    first = _parsed(path, 1, lines[0])
    if first.pop("format", None) != _KIND:
        raise _is_none(path, 1)
    other = sorted(name for name in {*first, *asked} if first.get(name) != asked.get(name))
    if other and len(lines) > 1:
        raise UsageError(
            f"holds the answers of an unfinished run with other {' and '.join(other)}",
            file=str(path),
            remedy="give that command again to finish it, name another -o, or remove the file to start over",
        )


def _read(path: Path, number: int, line: bytes) -> tuple[str, Answer]:
    body = _parsed(path, number, line)
    try:
        peptide, release, matches = body["peptide"], body["release"], tuple(Match(*match) for match in body["matches"])
    except (KeyError, TypeError):
        raise _is_none(path, number) from None
    if not isinstance(peptide, str) or not all(is_accession(match.accession) for match in matches):
        raise _is_none(path, number)
    return peptide, Answer(matches, release)


def _parsed(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        body = json.loads(line)
    except (ValueError, RecursionError):
        raise _is_none(path, number) from None
    if not isinstance(body, dict):
        raise _is_none(path, number)
    return body


def _is_none(path: Path, line: int) -> InputError:
    return InputError(
        "expected an answer that was kept", file=str(path), line=line, remedy="remove the file to start over"
    )


def _line(body: Mapping[str, object]) -> bytes:
    return json.dumps(body).encode() + b"\n"


def _append(file: BinaryIO, lines: bytes) -> None:
    file.write(lines)
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror or error}", file=str(path)) from error
