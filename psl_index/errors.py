"""The errors this project raises on purpose, each telling what to do about it.

One line a reader can act on: file, place, what is wrong or was expected, remedy. The command line maps each class
to its exit code in `pslidx.exit_codes`; nothing else does.
"""

from __future__ import annotations

import copyreg
from typing import Any, Final

#: The remedy for an index that is damaged or of another version.
REBUILD: Final = "build the index again"


class PslidxError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    problem : str
        What is wrong, or what was expected and what was found.
    file : str, optional
        The file it is about, as the user named it (``-`` for standard input).
    line : int, optional
        1-based line in `file`.
    remedy : str, optional
        What the user can do.
    """

    def __init__(
        self, problem: str, *, file: str | None = None, line: int | None = None, remedy: str | None = None
    ) -> None:
        super().__init__(problem, file, line, remedy)
        self.problem = problem
        self.file = file
        self.line = line
        self.remedy = remedy

    def __reduce__(self) -> tuple[Any, ...]:
        # An error can come from another machine; what Exception does by itself knows no keywords.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def __str__(self) -> str:
        place = "" if self.file is None else f"{self.file}: "
        if self.line is not None:
            place = f"{place[:-2]}:{self.line}: " if place else f"line {self.line}: "
        remedy = "" if self.remedy is None else f"; {self.remedy}"
        return f"{place}{self.problem}{remedy}"


class InputError(PslidxError):
    """Bad data in a file: malformed, truncated, or at odds with itself."""


class OutputError(PslidxError):
    """A result cannot be written: full disk, missing folder, no permission."""


class BusyError(PslidxError):
    """Another process is building in the same place."""


class UsageError(PslidxError):
    """A request that makes no sense, whatever the files hold."""


class PeptideError(UsageError):
    """A peptide handed in directly (not read from a file) that holds something else than letters.

    `number` is its 0-based place among the peptides handed in.
    """

    def __init__(self, problem: str, *, number: int, remedy: str | None = None) -> None:
        super().__init__(problem, remedy=remedy)
        self.number = number


class InvalidIndexError(PslidxError):
    """A folder that is no index, or an index that is damaged, too old or too new."""


class RemoteServiceError(PslidxError):
    """Something on other machines that cannot be reached or used: a cluster without workers, or one that broke down."""
