"""A small index made of invented proteins, and the command as a call."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pytest
from pslidx.exit_codes import Session, run
from pslidx.group import invoke

import psl_index
from psl_index.crc64 import crc64_of


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str
    raw: bytes  # standard output as bytes

    @property
    def rows(self) -> list[list[str]]:
        """Standard output as fields, header first."""
        return [line.split("\t") for line in self.out.splitlines()]


Call = Callable[..., Ended]


@pytest.fixture
def pslidx(capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Runs ``pslidx ARGUMENTS`` inside this process; `stdin` is what standard input holds."""

    def call(*arguments: object, stdin: bytes = b"") -> Ended:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        session = Session()
        capfdbinary.readouterr()
        code = run(lambda: invoke([str(argument) for argument in arguments], session), session)
        out, err = capfdbinary.readouterr()
        return Ended(code, out.decode(errors="replace"), err.decode(), out)

    return call


@pytest.fixture
def refused(pslidx: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs ``pslidx ARGUMENTS`` in an empty folder, where it writes nothing but one line of error, which it gives."""

    def call(*arguments: object, code: int) -> str:
        monkeypatch.chdir(tmp_path)
        ended = pslidx(*arguments)
        assert (ended.code, ended.out) == (code, "")
        assert len([line for line in ended.err.splitlines() if "error" in line.lower()]) == 1
        assert not list(tmp_path.iterdir())
        return ended.err

    return call


def _flat_entry(accession: str, name: str, taxon: int, lineage: str, location: str, sequence: str) -> str:
    """One entry of a Swiss-Prot flat file."""
    comment = f"CC   -!- SUBCELLULAR LOCATION: {location}\n" if location else ""
    crc64 = crc64_of(pa.array([sequence]))[0].as_py()
    return (
        f"ID   {name:<24}Reviewed;{len(sequence):12d} AA.\n"
        f"AC   {accession};\n"
        "DT   01-JAN-2020, integrated into UniProtKB/Swiss-Prot.\n"
        "DT   01-JAN-2020, sequence version 1.\n"
        "DT   01-JAN-2020, entry version 1.\n"
        f"DE   RecName: Full=Invented protein {accession};\n"
        "OS   Some organism.\n"
        f"OC   {lineage}.\n"
        f"OX   NCBI_TaxID={taxon};\n"
        f"{comment}"
        "PE   1: Evidence at protein level;\n"
        f"SQ   SEQUENCE   {len(sequence)} AA;  1000 MW;  {crc64} CRC64;\n"
        f"{_sequence_lines(sequence)}"
        "//\n"
    )


def _sequence_lines(sequence: str) -> str:
    """Groups of ten residues, six groups a line."""
    lines = (sequence[start : start + 60] for start in range(0, len(sequence), 60))
    groups = ([line[start : start + 10] for start in range(0, len(line), 10)] for line in lines)
    return "".join(f"     {' '.join(line)}\n" for line in groups)


_FLAT_FILE = (
    _flat_entry("P99991", "ONE_HUMAN", 9606, "Eukaryota; Mammalia", "Nucleus. Cytoplasm.", "MKKLSKLAAAKDEL")
    + _flat_entry("P99992", "TWO_MOUSE", 10090, "Eukaryota; Mammalia", "Peroxisome.", "MSKLSKLSKIGU")
    + _flat_entry("P99993", "THREE_YEAST", 559292, "Eukaryota; Fungi", "", "MAAAAGRSKLX")
)


@pytest.fixture(scope="session")
def flat_entry() -> Callable[..., str]:
    """Writes one entry: accession, name, taxon, lineage, location and sequence."""
    return _flat_entry


@pytest.fixture(scope="session")
def flat_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flat file of three invented entries."""
    path = tmp_path_factory.mktemp("source") / "three.dat"
    path.write_text(_FLAT_FILE)
    return path


@pytest.fixture(scope="session")
def index(flat_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index of `flat_file`."""
    path = tmp_path_factory.mktemp("index") / "three"
    psl_index.build([flat_file], path, release="2020_01")
    return path
