"""Flat files with lines dropped, doubled, moved, torn and soiled: parsed, or an error with its line (F10)."""

from __future__ import annotations

import io
import os
import random
import time
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from Bio import SwissProt

from psl_index import flatfile_entries
from psl_index.crc64 import crc64_of
from psl_index.errors import InputError
from psl_index.locations import parse_locations
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped
from tests.flatfile_reference import read_entries
from tests.flatfiles import BEFORE_2019, LAST_CENTURY, TODAY, entry, read

ENTRIES = 1_000_000 if os.environ.get("PSLIDX_SOAK") else 5_000
IN_A_FILE = 4
BLOCKS = 10  # of files, a test each

BASES = [
    TODAY,
    BEFORE_2019,
    LAST_CENTURY,
    entry(),
    entry("GN   Name=A;", "GN   and", "GN   Name=B {ECO:0000303|PubMed:1,", "GN   ECO:0000303|PubMed:2};"),
]


DIRT = [*'\0\t\r\x1a;{}"-.?:', "\xe9", "\N{SNOWMAN}", " " * 9]


def drop(lines: list[str], rng: random.Random) -> None:
    del lines[rng.randrange(len(lines))]


def double(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    lines.insert(at, lines[at])


def move(lines: list[str], rng: random.Random) -> None:
    line = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randrange(len(lines) + 1), line)


def shuffle(lines: list[str], rng: random.Random) -> None:
    rng.shuffle(lines)


def tear(lines: list[str], rng: random.Random) -> None:
    """Break a line anywhere, within braces and words too; the rest is a continuation or a line of its own."""
    at = rng.randrange(len(lines))
    line = lines[at]
    if line:
        cut = rng.randrange(len(line))
        lines[at : at + 1] = [line[:cut], rng.choice([line[:5], line[:21], ""]) + line[cut:]]


def soil(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    place = rng.randrange(len(lines[at]) + 1)
    dirt = rng.choice(DIRT)
    lines[at] = lines[at][:place] + dirt + lines[at][place + rng.randrange(3) :]


def recode(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    lines[at] = rng.choice(["ZZ", "ID", "AC", "//", "  ", "FT", "CC", "SQ", "**", ""]) + lines[at][2:]


def renumber(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    digits = [place for place, letter in enumerate(lines[at]) if letter.isdigit()]
    if digits:
        place = rng.choice(digits)
        number = rng.choice(["", "0", "-1", "4294967296", "9" * 30, "x"])
        lines[at] = lines[at][:place] + number + lines[at][place + 1 :]


def strip(lines: list[str], rng: random.Random) -> None:
    lines[:] = [line.rstrip() if rng.random() < 0.5 else line + " " for line in lines]


def lengthen(lines: list[str], rng: random.Random) -> None:
    at = rng.randrange(len(lines))
    lines[at] += rng.choice([" word", "{ECO:", "(", "Flags: ", " OR "]) * rng.choice([1, 1000])


MUTATIONS: list[Callable[[list[str], random.Random], None]] = [
    drop, double, move, shuffle, tear, soil, recode, renumber, strip, lengthen,
]  # fmt: skip


def fuzzed_file(rng: random.Random) -> bytes:
    entries = []
    for _ in range(IN_A_FILE):
        lines = rng.choice(BASES).splitlines()
        for _ in range(rng.choice([0, 1, 1, 2, 5])):
            if lines:
                rng.choice(MUTATIONS)(lines, rng)
        entries.append("\n".join([*lines, ""]))
    content = "".join(entries).encode(rng.choice(["utf-8", "latin-1"]), "replace")
    if rng.random() < 0.1:
        content = content.replace(b"\n", b"\r\n")
    if rng.random() < 0.1:
        content = content[: rng.randrange(len(content) + 1)]
    return content


@pytest.mark.parametrize("block", range(BLOCKS))
def test_parsed_or_an_error_with_its_line_never_anything_else(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    comments = caught_comments(monkeypatch)
    read(TODAY)  # compiles
    for case in range(ENTRIES // IN_A_FILE // BLOCKS):
        rng = random.Random(f"{block} {case}")
        content = fuzzed_file(rng)
        began = time.perf_counter()
        skipped = Skipped()
        comments.clear()
        try:
            batch = read(content, skipped=skipped, chunk_bytes=1 << 16)
        except InputError:
            assert content.strip() == b"", "only a file without any entry is an error whatever is passed over"
            continue
        assert time.perf_counter() - began < IN_A_FILE
        compare_with_reference(content, batch, comments)
        assert read(content, skipped=Skipped(), chunk_bytes=rng.choice([1, 64, 700, 3000])) == batch
        check_tables(batch)
        lines = content.split(b"\n")
        ends = [number for number, line in enumerate(lines) if line.startswith(b"//")]
        broken_off = any(line.strip() for line in lines[ends[-1] + 1 if ends else 0 :])
        assert batch.entries.num_rows + skipped.count == len(ends) + broken_off
        for error in skipped.first:
            assert 1 <= (error.line or 0) <= content.count(b"\n") + 1
        if skipped.count:
            with pytest.raises(InputError) as caught:
                read(content, chunk_bytes=1 << 16)
            assert str(caught.value) == str(skipped.first[0])
        else:
            compare_with_biopython(content, batch)


def caught_comments(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Texts of location comments with the numbers of their entries, of the one batch read last."""
    comments: list[tuple[int, str]] = []

    def catch(texts: pa.StringArray, entries: npt.NDArray[np.uint32]) -> pa.RecordBatch:
        comments.extend(zip(entries.tolist(), texts.to_pylist(), strict=True))
        return parse_locations(texts, entries)

    monkeypatch.setattr(flatfile_entries, "parse_locations", catch)
    return comments


def compare_with_reference(content: bytes, batch: SourceBatch, comments: list[tuple[int, str]]) -> None:
    expected = [found for found in read_entries(content) if found]
    rows = [{name: row[name] for name in row if name != "entry"} for row in batch.entries.to_pylist()]
    assert rows == [found.row for found in expected]
    features = [tuple(row.values()) for row in batch.features.to_pylist()]
    assert features == [(n, *row) for n, found in enumerate(expected) for row in found.features]
    assert comments == [(n, text) for n, found in enumerate(expected) for text in found.comments]


def check_tables(batch: SourceBatch) -> None:
    entries = batch.entries
    assert crc64_of(entries["sequence"]).equals(entries["crc64"])
    assert [*map(len, entries["sequence"].to_pylist())] == entries["length"].to_pylist()
    assert all(sequence.isalpha() and sequence.isupper() for sequence in entries["sequence"].to_pylist())
    assert all(entries["accession"].to_pylist())
    for table in batch.locations, batch.features:
        numbers = table["entry"].to_pylist()
        assert numbers == sorted(numbers)
        assert all(number < entries.num_rows for number in numbers)


def compare_with_biopython(content: bytes, batch: SourceBatch) -> None:
    """Where both take a file, both find the same."""
    try:
        records = [*SwissProt.parse(io.StringIO(content.decode("latin-1")))]
    except Exception:  # of any kind: it asserts, indexes and divides without asking
        return
    rows = batch.entries.to_pylist()
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        assert row["entry_name"] == record.entry_name
        assert row["sequence"] == record.sequence.upper()
        assert row["length"] == record.sequence_length
