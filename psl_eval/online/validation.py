"""A service asked about many peptides, and what of it is known when it stops answering."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from psl_eval.online.answers import Answer
from psl_eval.online.journal import Journal
from psl_eval.online.services import Service
from psl_index.errors import RemoteServiceError
from psl_index.index import Index
from psl_index.progress import Progress

if TYPE_CHECKING:
    from psl_eval.online.client import Client


def ask_all(
    service: Service,
    client: Client,
    peptides: Sequence[str],
    answers: dict[str, Answer],
    journal: Journal | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> RemoteServiceError | None:
    """Ask about those of some different peptides that `answers` does not hold yet, and put what is answered there.

    Parameters
    ----------
    answers : dict of str to Answer
        By peptide; is added to.
    journal : Journal, optional
        Keeps each answer, too.

    Returns
    -------
    RemoteServiceError or None
        Why the service was not asked on, where it gave no answer.
    """
    missing = [peptide for peptide in peptides if peptide not in answers]
    for start in range(0, len(missing), service.at_once):
        progress(Progress(f"asking {service.name}", len(answers), len(peptides), "peptides"))
        try:
            found = service.ask(client, missing[start : start + service.at_once])
        except RemoteServiceError as error:
            return error
        if journal is not None:
            journal.keep(found)
        answers.update(found)
    return None


def what_is_asked(index: Index, service: Service, peptides: Sequence[str]) -> Mapping[str, str]:
    """What must be the same for a run to go on where another has stopped."""
    return {
        "index": index.manifest.digest,
        "service": service.name,
        "address": service.url,
        "peptides": hashlib.sha256("\n".join(peptides).encode()).hexdigest(),
    }
