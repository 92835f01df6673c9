"""The tables of `pslidx search --via`: those of `pslidx.hits`, as far as an online service knows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import pyarrow as pa

from psl_eval.online.answers import Answer
from psl_eval.online.client import Client
from psl_eval.online.services import Service
from pslidx.hits import COUNTS, HITS

#: The columns of `pslidx.hits`; null is what a service does not say, which is the classes, and, where it tells no
#: positions, all but peptide and accession.
VIA_HITS: Final = pa.schema([field.with_nullable(field.name not in ("peptide", "accession")) for field in HITS])
VIA_COUNTS: Final = pa.schema([field.with_nullable(field.name == "occurrences") for field in COUNTS])


class Via:
    """Questions about peptides in upper case, asked as those of `pslidx.hits.Search`, a request at a time.

    The service must take the peptides, see `psl_eval.online.services.too_short`.

    Attributes
    ----------
    asked : int
        Peptides dealt with so far.
    cut : int
        Those of them with more occurrences than the limit.
    """

    def __init__(self, service: Service, client: Client) -> None:
        self.asked = 0
        self.cut = 0
        self._service = service
        self._client = client

    def hits(self, peptides: Iterable[str], limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """Occurrences, as `VIA_HITS`, sorted by peptide, accession and start; at most `limit` a peptide."""
        for answers in self._answers(peptides):
            rows = []
            for peptide, answer in answers:
                self.cut += limit is not None and len(answer.matches) > limit
                rows += [
                    {
                        "peptide": peptide,
                        "accession": match.accession,
                        "entry_name": match.entry_name,
                        "start": match.start,
                        "end": match.end,
                        "taxon_id": match.taxon_id,
                        "classes": None,
                    }
                    for match in answer.matches[:limit]
                ]
            yield pa.RecordBatch.from_pylist(rows, VIA_HITS)

    def counts(self, peptides: Iterable[str]) -> Iterator[pa.RecordBatch]:
        """Entries and occurrences of each peptide, as `VIA_COUNTS`."""
        for answers in self._answers(peptides):
            rows = [
                {
                    "peptide": peptide,
                    "entries": len({match.accession for match in answer.matches}),
                    "occurrences": len(answer.matches) if self._service.tells_positions else None,
                }
                for peptide, answer in answers
            ]
            yield pa.RecordBatch.from_pylist(rows, VIA_COUNTS)

    def _answers(self, peptides: Iterable[str]) -> Iterator[list[tuple[str, Answer]]]:
        """Some peptides at a time, in their order, each with its answer."""
        rest = iter(peptides)
        while part := list(islice(rest, self._service.at_once)):
            found = self._service.ask(self._client, list(dict.fromkeys(part)))
            self.asked += len(part)
            yield [(peptide, found[peptide]) for peptide in part]
