"""A server on this machine that answers as Peptide Match and UniProt's peptide search do, and misbehaves when told to.

`/match_post` is Peptide Match, after the source of its server; `/asyncrest/` UniProt's search. Each request takes the
next of `Server.faults`, a function that writes something else than the answer (None: nothing is wrong), until there is
none left.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count, repeat
from threading import Event, Thread
from typing import Any, NamedTuple
from unittest import mock
from urllib.parse import parse_qs

PAGE = b"<!DOCTYPE html><html><body>Down for maintenance</body></html>"
SETTINGS = {"swissprot": "true", "isoform": "false", "leqi": "false", "size": "-1"}


class Protein(NamedTuple):
    """What the services know about one."""

    accession: str
    sequence: str
    name: str = "ONE_HUMAN"
    taxon: int = 9606
    reviewed: bool = True


@dataclass
class Server:
    """What the services know, what they were asked, and how they are to fail."""

    url: str
    proteins: list[Protein]
    requests: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)  # method, path, form
    faults: Iterator[Fault | None] = field(default_factory=lambda: iter(()))
    polls: int = 1  # times a job says that it is running
    forgotten: int = 0  # jobs that are forgotten before they are done
    release: str | None = None  # what a header says
    stopping: Event = field(default_factory=Event)
    jobs: dict[str, tuple[str, int]] = field(default_factory=dict)  # peptide, times looked at
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def peptide_match(self) -> str:
        return f"{self.url}/peptidematchapi2"

    @property
    def uniprot(self) -> str:
        return f"{self.url}/asyncrest"

    def fail(self, *faults: Fault) -> None:
        """Fail the next requests in these ways, one after the other."""
        self.faults = iter(faults)

    def fail_always(self, fault: Fault) -> None:
        self.faults = repeat(fault)

    def asked_for(self) -> list[str]:
        """The peptides of each request that named some."""
        return [form.get("peptides", form.get("peps", "")) for _, _, form in self.requests if form]


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_POST(self) -> None:
        form = {name: values[0] for name, values in parse_qs(self._content(), keep_blank_values=True).items()}
        self._act(form)

    def do_GET(self) -> None:
        self._act({})

    def _content(self) -> str:
        return self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()

    def _act(self, form: dict[str, str]) -> None:
        known: Server = self.server.known
        known.requests.append((self.command, self.path, form))
        fault = next(known.faults, None)
        if fault is not None:
            fault(self)
        elif self.path == "/peptidematchapi2/match_post" and form:
            self.reply(200, json.dumps(report(known.proteins, form)).encode(), **{"Content-Type": "application/json"})
        elif self.path == "/asyncrest/" and form:
            job = f"PM{next(known.numbers)}"
            known.jobs[job] = (form["peps"], 0)
            self.reply(202, Location=f"http://127.0.0.1/asyncrest/jobs/{job}")  # the real one forgets the port, too
        elif self.path.startswith("/asyncrest/jobs/"):
            self._job(known, self.path.rpartition("/")[2])
        else:
            self.reply(404)

    def _job(self, known: Server, job: str) -> None:
        peptide, looked = known.jobs.get(job, ("", -1))
        if looked < 0 or known.forgotten > 0:
            known.forgotten -= 1
            self.reply(404)
        elif looked < known.polls:
            known.jobs[job] = (peptide, looked + 1)
            self.reply(303, Location=self.path, **{"Retry-After": "0"})
        else:
            found = sorted({p.accession for p in known.proteins if p.reviewed and peptide in p.sequence})
            self.reply(200, ",".join(found).encode())

    def reply(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole reply."""
        self.send_response(status)
        if self.server.known.release is not None:
            headers["X-UniProt-Release"] = self.server.known.release
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def leave(self) -> None:
        """Close the connection."""
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing."""


Fault = Callable[[Handler], None]


@contextmanager
def running(proteins: Sequence[Protein]) -> Iterator[Server]:
    """The services, at `Server.url`; no proxy stands between."""
    http = _Http(("127.0.0.1", 0), Handler)
    known = Server(f"http://127.0.0.1:{http.server_port}", list(proteins))
    http.known = known  # type: ignore[attr-defined]
    thread = Thread(target=http.serve_forever, args=(0.01,))
    thread.start()
    try:
        with mock.patch.dict(os.environ, {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}):
            yield known
    finally:
        known.stopping.set()
        http.shutdown()
        thread.join()
        http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: clients leave when they have had enough."""


def report(proteins: Sequence[Protein], form: dict[str, str]) -> dict[str, Any]:
    """What Peptide Match answers to a form, found by looking everywhere."""
    settings = {name: form.get(name) == "true" for name in ("swissprot", "isoform", "uniref100", "leqi")}
    size = int(form.get("size", 100))
    peptides = form["peptides"].split(",")
    found = [
        protein
        for protein in sorted(proteins)
        if any(peptide in protein.sequence for peptide in peptides)
        and (protein.reviewed or not settings["swissprot"])
        and ("-" not in protein.accession or settings["isoform"])
        and form.get("taxonids", str(protein.taxon)) == str(protein.taxon)
    ]
    shown = found if size == -1 else found[:size]
    return {
        "numberFound": len(found),
        "qtime": 3,
        "status": 0,
        "searchParameters": {"taxonids": "", **settings, "offset": 0, "size": (1 << 31) - 1 if size == -1 else size},
        "results": [{"queryPeptide": form["peptides"], "proteins": [_protein(one, peptides) for one in shown]}],
    }


def _protein(protein: Protein, peptides: Sequence[str]) -> dict[str, Any]:
    ranges = {peptide: _ranges(protein.sequence, peptide) for peptide in peptides}
    return {
        "reviewStatus": "sp" if protein.reviewed else "tr",
        "ac": protein.accession,
        "id": protein.name,
        "name": "Invented protein",
        "orgName": "Some organism",
        "orgTaxonId": protein.taxon,
        "orgTaxonGroupName": None,
        "orgTaxonGroupId": 1,
        "sequence": protein.sequence,
        "matchingPeptide": [{"peptide": peptide, "matchRange": found} for peptide, found in ranges.items() if found],
    }


def _ranges(sequence: str, peptide: str) -> list[dict[str, Any]]:
    starts = [at for at in range(len(sequence)) if sequence.startswith(peptide, at)]
    return [{"start": at + 1, "end": at + len(peptide), "replacedLocs": None} for at in starts]


def answering(status: int, body: bytes = b"", **headers: str) -> Fault:
    """A reply with another status or content; ``_`` in names of headers stands for ``-``."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.reply(status, body, **named)


def dropped_in_the_middle(handler: Handler) -> None:
    """Promises a thousand bytes, and sends some."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"results": [')
    handler.leave()


def dropped_at_once(handler: Handler) -> None:
    """Takes the request, and closes the connection."""
    handler.leave()


def silent(handler: Handler) -> None:
    """Takes the request, and says nothing."""
    handler.server.known.stopping.wait()
    handler.leave()


def dribbling(handler: Handler) -> None:
    """Sends a byte of a body now and then, without end."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    while not handler.server.known.stopping.wait(0.02):
        handler.wfile.write(b"1\r\n \r\n")


def dribbling_headers(handler: Handler) -> None:
    """Sends a byte of a header now and then, without end."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not handler.server.known.stopping.wait(0.02):
        handler.wfile.write(b"a")


def endless(handler: Handler) -> None:
    """Sends a body without end, as fast as it is taken."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while not handler.server.known.stopping.is_set():
        handler.wfile.write(piece)


def redirected_to_itself(handler: Handler) -> None:
    handler.reply(302, Location=handler.path)
