"""The online services that can be asked, by the names that commands know them by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import urlsplit

from psl_eval.online.answers import Answer
from psl_eval.online.names import NAMES
from psl_eval.online.peptide_match import PeptideMatch
from psl_eval.online.uniprot import UniProt
from psl_index.errors import UsageError

if TYPE_CHECKING:
    from psl_eval.online.client import Client


class Service(Protocol):
    """A service that says where peptides occur."""

    url: str

    @property
    def name(self) -> str:
        """What commands call it."""

    @property
    def at_once(self) -> int:
        """Peptides that a request can hold."""

    @property
    def shortest(self) -> int:
        """Residues that a peptide must have."""

    @property
    def tells_positions(self) -> bool:
        """Whether it says where in an entry a peptide is."""

    def ask(self, client: Client, peptides: Sequence[str]) -> dict[str, Answer]:
        """What it finds for each of some different peptides in upper case; RemoteServiceError where it does not say."""


_KINDS: Final = {kind.name: kind for kind in (PeptideMatch, UniProt)}


def service_at(name: str, url: str | None = None) -> Service:
    """The service called `name`, at its home or at another address.

    Raises
    ------
    UsageError
        There is no such service, or `url` is none.
    """
    if name not in _KINDS:
        raise UsageError(f"service {name!r} is none of {', '.join(NAMES)}")
    kind: Callable[[str], Service] = _KINDS[name]
    return kind(_KINDS[name].home if url is None else _checked(url))


def too_short(service: Service, peptide: str) -> str | None:
    """What is wrong with a peptide that the service would not take; None where it takes it."""
    if len(peptide) >= service.shortest:
        return None
    return f"{peptide!r} is too short for {service.name}, which takes {service.shortest} residues or more"


def _checked(url: str) -> str:
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address or "?" in url or "#" in url or any(letter.isspace() for letter in url):
        raise UsageError(f"{url[:200]!r} is no address", remedy="give one such as https://host/path")
    return url
