"""F19: decompression bombs, 10 GB out of some 10 MB: refused, or streamed, in bounded memory."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.commands import run_all
from tests.proteomes import build_index

SOAK = bool(os.environ.get("PSLIDX_SOAK"))
WHOLE = 10 << 30  # bytes
STREAMED = WHOLE if SOAK else 1 << 28  # where all of it is read, and not refused early
MIB = 1 << 20
ENTRY = "ID   TEST_P12345  Reviewed;  10 AA.\nAC   P12345;\n"
ROWS = "query\tstart\tend\tsubsequence\tpredicted\n"
HEADER = "accession\tsequence\tlocations\n"


class Bomb(NamedTuple):
    """A file that unpacks to `head`, `piece` over and over, and `tail`."""

    command: tuple[str, ...]  # BOMB stands for its path
    head: str
    piece: str  # 1 MiB once it is repeated
    tail: str = ""
    said: str | None = None  # the problem; none where it is read to its end
    memory: int = 512  # MiB at the most, with some 200 for the program


BUILD = ("build", "BOMB", "-o", "target")
SCAN = ("search", "--no-index", "BOMB", "MAAAAGRSAW")
SEARCH = ("search", "index", "--file", "BOMB")
RATES = ("hitrate", "index", "BOMB", "-o", "target")
PROTEINS = ("hitrate", "index", "rows.tsv", "--proteins", "BOMB", "-o", "target")
_AN_ENTRY, _A_RECORD, _A_ROW = (
    "expected // within 256 MiB",
    "a record of more than 256 MiB",
    "a line of more than 16 MiB",
)
_A_FILE = "holds more than 1,073,741,824 bytes"
BOMBS = {
    "a flat file with an endless line": Bomb(BUILD, f"{ENTRY}CC   ", "A", said=_AN_ENTRY, memory=1536),
    "a flat file with endless short lines": Bomb(BUILD, ENTRY, "CC\n", said=_AN_ENTRY, memory=1536),
    "a flat file with an endless sequence": Bomb(BUILD, ENTRY, "     MAAAAGRSAW\n", said=_AN_ENTRY, memory=1536),
    "a flat file with endless blank lines": Bomb(BUILD, ENTRY, "\n", said=_AN_ENTRY, memory=1536),
    "a flat file with endless ends of entries": Bomb(BUILD, ENTRY, "//\n", said="expected an SQ line", memory=1024),
    "FASTA with an endless line": Bomb(BUILD, ">P1\n", "A", said=_A_RECORD, memory=1024),
    "FASTA with an endless header": Bomb(BUILD, ">P1 ", "A", said=_A_RECORD, memory=1024),
    "FASTA with an endless sequence": Bomb(BUILD, ">P1\n", "MAAAAGRSAW\n", said=_A_RECORD, memory=1024),
    "a table with an endless line": Bomb(BUILD, f"{HEADER}P1\t", "A", said=_A_ROW),
    "a table with endless fields": Bomb(BUILD, f"{HEADER}P1\t", "\t", said=_A_ROW),
    "a table with an endless quotation": Bomb(
        BUILD, f'{HEADER}P1\t"', "A\n", said="a quoted field that is never closed", memory=1536
    ),
    "a scanned flat file with an endless line": Bomb(SCAN, f"{ENTRY}CC   ", "A", said=_AN_ENTRY, memory=1536),
    "scanned FASTA with an endless line": Bomb(SCAN, ">P1\n", "A", said=_A_RECORD, memory=1024),
    "a scanned table with an endless line": Bomb(SCAN, f"{HEADER}P1\t", "A", said=_A_ROW),
    "peptides in an endless line": Bomb(SEARCH, "AAA\n", "A", said="a line of more than 16,777,216 bytes"),
    "peptides as FASTA with an endless line": Bomb(SEARCH, ">P1\n", "A", said=_A_RECORD, memory=1024),
    "peptides among long lines of blanks": Bomb(SEARCH, "AAA\n", f"{' ' * (MIB - 1)}\n", tail="RSA\n"),
    "subsequences in an endless line": Bomb(RATES, f"{ROWS}P1\t", "1", said="a line of more than 16,777,216 bytes"),
    "subsequences in endless rows": Bomb(
        RATES, ROWS, "P1\t1\t3\tMAA\tNucleus\n", said="268,435,456 bytes and 100 times its size", memory=1536
    ),
    "proteins in an endless line": Bomb(PROTEINS, ">P1\n", "A", said=_A_FILE, memory=1536),
}


@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("work")
    build_index(folder, ["MAAAAGRSAW"], ["Nucleus"])
    (folder / "rows.tsv").write_text(f"{ROWS}P1\t1\t3\tMAA\tNucleus\n")
    return folder


def write_bomb(path: Path, bomb: Bomb) -> int:
    """Members of 1 MiB each, compressed once; returns how many bytes they unpack to."""
    piece = (bomb.piece * (MIB // len(bomb.piece) + 1)).encode()
    squeezed = gzip.compress(piece, mtime=0)
    pieces = -(-(STREAMED if bomb.said is None else WHOLE) // len(piece))
    with path.open("wb") as file:
        file.write(gzip.compress(bomb.head.encode(), mtime=0))
        for _ in range(pieces):
            file.write(squeezed)
        file.write(gzip.compress(bomb.tail.encode(), mtime=0))
    return pieces * len(piece)


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb(work: Path, tmp_path: Path, name: str) -> None:
    bomb = BOMBS[name]
    path = tmp_path / "bomb.gz"
    size = write_bomb(path, bomb)
    assert size > 150 * path.stat().st_size
    arguments = [{"BOMB": str(path), "target": str(tmp_path / "target")}.get(word, word) for word in bomb.command]
    (ended,) = run_all([arguments], folder=work)
    if bomb.said is None:
        assert (ended.code, ended.err) == (0, "")
        assert ended.out.splitlines()[1].startswith("AAA\t")
        assert ended.out.splitlines()[-1].startswith("RSA\t")
    else:
        assert (ended.code, ended.out) == (1, "")
        complaint = ended.err.splitlines()[-1]
        assert complaint.startswith(f"pslidx: error: {path}")
        assert bomb.said in complaint
    assert not (tmp_path / "target").exists()
    assert ended.memory < bomb.memory
