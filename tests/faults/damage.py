"""Damages an index again and again, and asks it everything each time; run as a child that a bad read would kill.

    python -m tests.faults.damage flips INDEX SEED NUMBER
    python -m tests.faults.damage garbage INDEX SEED NUMBER

Prints, as JSON, how often the damage was found how, and how many questions were answered.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psl_index import verify
from psl_index.errors import InvalidIndexError
from tests.faults.every_question import ask_sections, ask_tables

HEADER_BYTES = 64


def files_of(index: Path) -> list[Path]:
    return sorted(path for path in index.rglob("*") if path.is_file())


@contextmanager
def replaced(path: Path, content: bytes) -> Iterator[None]:
    """For a while a file has another content."""
    before = path.read_bytes()
    assert content != before
    path.write_bytes(content)
    try:
        yield
    finally:
        path.write_bytes(before)


def flipped(content: bytes, bit: int) -> bytes:
    place, mask = bit // 8, 1 << bit % 8
    return content[:place] + bytes([content[place] ^ mask]) + content[place + 1 :]


def problems_of(index: Path) -> tuple[str, list[str | None]]:
    """How the damage was found - at ``open``, or in the ``payload`` -, and the files that are named for it."""
    try:
        return "payload", [problem.file for problem in verify(index, full=True).problems]
    except InvalidIndexError as problem:
        return "open", [problem.file]


def _flips(index: Path, choose: random.Random, number: int) -> Counter[str]:
    """Flip bits anywhere, each file as likely as any: full verification finds each."""
    outcomes: Counter[str] = Counter()
    for _ in range(number):
        path = choose.choice(files_of(index))
        content = path.read_bytes()
        bit = choose.randrange(8 * len(content))
        with replaced(path, flipped(content, bit)):
            found, files = problems_of(index)
            assert files == [str(path)], (path, bit, found, files)
            outcomes[f"found at {found}"] += 1
            outcomes += ask_tables(index) if path.suffix == ".parquet" else ask_sections(index)
    return outcomes


def _garbage(index: Path, choose: random.Random, number: int) -> Counter[str]:
    """Fill the whole payload of a section, or some of it, with zeros, ones or noise."""
    outcomes: Counter[str] = Counter()
    sections = [path for path in files_of(index) if path.suffix == ".bin"]
    for turn in range(number):
        path = sections[turn % len(sections)]
        content = bytearray(path.read_bytes())
        first = HEADER_BYTES if turn < 3 * len(sections) else choose.randrange(HEADER_BYTES, len(content))
        size = len(content) - first
        content[first:] = (b"\xff" * size, bytes(size), choose.randbytes(size))[turn // len(sections) % 3]
        if content == path.read_bytes():
            continue
        with replaced(path, bytes(content)):
            found, files = problems_of(index)
            assert (found, files) == ("payload", [str(path)])
            outcomes["found at payload"] += 1
            outcomes += ask_sections(index)
    return outcomes


if __name__ == "__main__":
    kind, folder, seed, times = sys.argv[1:]
    work = {"flips": _flips, "garbage": _garbage}[kind]
    print(json.dumps(work(Path(folder), random.Random(int(seed)), int(times))))
