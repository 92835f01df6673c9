"""UniProt's asynchronous peptide search: the entries that contain a peptide, not where.

It is described at https://peptidesearch.uniprot.org. A form makes a job (202, with its Location); the job is looked at
until it has finished: 303 while it runs, which points to itself and is not followed, 200 with the accessions, 404 once
it is forgotten. Accessions do not say which peptide of a job they belong to, so each peptide has a job of its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from psl_eval.online.answers import Answer, Match, is_accession
from psl_eval.online.reply import Refused, Reply, release_of, seconds_to_wait, start_of
from psl_index.errors import RemoteServiceError

if TYPE_CHECKING:
    from psl_eval.online.client import Client

_SETTINGS: Final = {"taxIds": "", "lEQi": "off", "spOnly": "on"}
_JOBS: Final = 3  # for one peptide, where the service forgets them
_RUNNING: Final = (202, 303)
_FORGOTTEN: Final = (404, 410)


class UniProt:
    """Asks for all reviewed entries, I and L told apart; isoforms come with them."""

    name: Final = "uniprot"
    home: Final = "https://peptidesearch.uniprot.org/asyncrest"
    at_once: Final = 1  # peptides in a request
    shortest: Final = 3  # residues
    tells_positions: Final = False

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def ask(self, client: Client, peptides: Sequence[str]) -> dict[str, Answer]:
        """What it finds for a peptide in upper case; `peptides` holds `at_once`.

        Raises
        ------
        RemoteServiceError
            It gives no answer that makes sense.
        """
        (peptide,) = peptides
        for _ in range(_JOBS):
            job = self._submit(client, peptide)
            answer = self._result(client, job)
            if answer is not None:
                return {peptide: answer}
        raise RemoteServiceError(f"forgot {_JOBS} jobs before they were done", file=self.url, remedy="try again later")

    def _submit(self, client: Client, peptide: str) -> str:
        """Make a job; returns its address."""
        form = {"peps": peptide, **_SETTINGS}
        return client.ask("POST", f"{self.url}/", self._read_address, form=form, expected=(200, 202))

    def _read_address(self, reply: Reply) -> str:
        """The address of a job, on the machine and by the protocol that the service was asked by.

        The server names itself by http even when it was asked by https.
        """
        if reply.status != 202 or not reply.headers.get("Location"):
            raise Refused(f"takes no job, but answers with {start_of(reply.body)}")
        ours, theirs = urlsplit(self.url), urlsplit(urljoin(f"{self.url}/", reply.headers["Location"]))
        if theirs.hostname != ours.hostname or not theirs.path.rstrip("/"):
            raise Refused(f"sends to {reply.headers['Location'][:200]} for the result")
        return urlunsplit((ours.scheme, ours.netloc, theirs.path, "", ""))

    def _result(self, client: Client, job: str) -> Answer | None:
        """What a job has found, once it has finished; None where it is forgotten."""
        while True:
            reply = client.ask("GET", job, _read_job, expected=(200, *_RUNNING, *_FORGOTTEN))
            if isinstance(reply, Answer):
                return reply
            if reply.status in _FORGOTTEN:
                return None
            client.wait(job, seconds_to_wait(reply))


def _read_job(reply: Reply) -> Answer | Reply:
    return read_accessions(reply) if reply.status == 200 else reply


def read_accessions(reply: Reply) -> Answer:
    """The entries that a finished job names; nothing at all means that there are none.

    Raises
    ------
    Refused
        It holds something else than accessions: a page about maintenance also comes with status 200.
    """
    text = reply.body.decode("ascii", errors="replace").strip()
    accessions = re.split(r"\s*,\s*", text) if text else []
    for accession in accessions:
        if not is_accession(accession):
            raise Refused(f"answers with {start_of(reply.body)}, where {accession[:40]!r} is no accession")
    return Answer(tuple(map(Match, sorted(set(accessions)))), release_of(reply))
