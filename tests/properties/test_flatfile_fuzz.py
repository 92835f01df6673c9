"""Flat files with lines dropped, doubled, moved, torn and soiled: parsed, or an error with its line (F10)."""

from __future__ import annotations

import io
import os
import random
import re
from collections import Counter
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest
from Bio import SwissProt

from psl_index import flatfile_entries
from psl_index.crc64 import crc64_of
from psl_index.errors import InputError
from psl_index.flatfile import read_flatfile
from psl_index.locations import parse_locations
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped
from tests.biopython_comparison import check_entry
from tests.flatfile_reference import Entry, read_entries
from tests.flatfiles import BEFORE_2019, LAST_CENTURY, TODAY, Text, entry, read
from tests.time_limit import SECONDS, within
from tests.valid_entries import valid_entry

SOAK = bool(os.environ.get("PSLIDX_SOAK"))
ENTRIES = 1_000_000 if SOAK else 5_000
IN_A_FILE = 4
BLOCKS = 10  # of files, a test each
LONG = 10_000_000  # bytes of a line

BASES = [
    TODAY,
    BEFORE_2019,
    LAST_CENTURY,
    entry(),
    entry("GN   Name=A;", "GN   and", "GN   Name=B {ECO:0000303|PubMed:1,", "GN   ECO:0000303|PubMed:2};"),
]


DIRT = [*'\0\t\r\x1a;{}"-.?:', "\xe9", "\xe9", "\xe9", "\N{SNOWMAN}", " " * 9]


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


def wrap(lines: list[str], rng: random.Random) -> None:
    """Break a line within the braces of its evidence, where a release would, and go on as it would."""
    breaks = [
        (at, place.end())
        for at, line in enumerate(lines)
        for braces in re.finditer(r"\{[^}]*", line)
        for place in re.finditer(r"-| ", line[: braces.end()])
        if place.start() > braces.start()
    ]
    if breaks:
        at, place = rng.choice(breaks)
        line = lines[at]
        blanks = {"CC": 9, "FT": 21 if line[21:22] in "/ " or "/note" in line else 34}.get(line[:2], 5)
        lines[at : at + 1] = [line[:place].rstrip(), line[:2].ljust(blanks) + line[place:]]


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
    drop, double, move, shuffle, tear, wrap, soil, recode, renumber, strip, lengthen,
]  # fmt: skip


def fuzzed_file(rng: random.Random, done: Counter[str]) -> bytes:
    """Some entries, each with some mutations, which are counted in `done`."""
    entries = []
    for _ in range(IN_A_FILE):
        lines = rng.choice(BASES).splitlines()
        for _ in range(rng.choice([0, 1, 1, 2, 5])):
            if lines:
                mutate = rng.choice(MUTATIONS)
                before = [*lines]
                mutate(lines, rng)
                done[mutate.__name__] += lines != before
        entries.append("\n".join([*lines, ""]))
    encoding = rng.choice(["utf-8", "latin-1"])
    content = "".join(entries).encode(encoding, "replace")
    if rng.random() < 0.1:
        content = content.replace(b"\n", b"\r\n")
    if rng.random() < 0.1:
        content = content[: rng.randrange(len(content) + 1)]
    done["NUL"] += b"\0" in content
    done["not UTF-8"] += encoding == "latin-1" and b"\xe9" in content
    done["CRLF"] += b"\r\n" in content
    done["no final //"] += not re.search(rb"^//[^\n]*\s*\Z", content, re.MULTILINE)
    done["unknown code"] += re.search(rb"^(ZZ|\*\*)", content, re.MULTILINE) is not None
    return content


@pytest.mark.parametrize("block", range(BLOCKS))
def test_parsed_or_an_error_with_its_line_never_anything_else(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    comments = caught_comments(monkeypatch)
    read(TODAY)  # compiles
    done: Counter[str] = Counter()
    for case in range(ENTRIES // IN_A_FILE // BLOCKS):
        rng = random.Random(f"{block} {case}")
        content = fuzzed_file(rng, done)
        skipped = Skipped()
        comments.clear()
        try:
            batch = within(IN_A_FILE * SECONDS, lambda: read(content, skipped=skipped, chunk_bytes=1 << 16))  # noqa: B023
        except InputError:
            assert content.strip() == b"", "only a file without any entry is an error whatever is passed over"
            continue
        expected = compare_with_reference(content, batch, comments)
        assert read(content, skipped=Skipped(), chunk_bytes=rng.choice([1, 64, 700, 3000])) == batch
        check_tables(batch)
        lines = content.split(b"\n")
        ends = [number for number, line in enumerate(lines) if line.startswith(b"//")]
        broken_off = any(line.strip() for line in lines[ends[-1] + 1 if ends else 0 :])
        assert batch.entries.num_rows + skipped.count == len(ends) + broken_off
        for error in skipped.first:
            assert 1 <= (error.line or 0) <= content.count(b"\n") + 1
        done["parsed"] += batch.entries.num_rows
        done["refused"] += skipped.count
        if skipped.count:
            with pytest.raises(InputError) as caught:
                read(content, chunk_bytes=1 << 16)
            assert str(caught.value) == str(skipped.first[0])
        done["as Biopython"] += compare_with_biopython(content, expected)
    rare = {kind for kind in [*EXPECTED, *(mutate.__name__ for mutate in MUTATIONS)] if not done[kind]}
    assert not rare, done


EXPECTED = ["NUL", "not UTF-8", "CRLF", "no final //", "unknown code", "parsed", "refused", "as Biopython"]


@pytest.mark.parametrize("base", range(len(BASES)))
def test_a_line_of_10_mb(base: int) -> None:
    """One of each kind of line in an entry; more of what it holds, or one endless word."""
    lines = BASES[base].splitlines()
    outcomes: Counter[bool] = Counter()
    for at in range(len(lines)) if SOAK else {line[:2]: at for at, line in enumerate(lines)}.values():
        rng = random.Random(f"{base} {at}")
        piece = rng.choice([lines[at][5:] or "//", " word", "{ECO:1|x, ", "A", "(", "9", "\0", "-", "; and "])
        changed = [*lines]
        changed[at] = (changed[at] + piece * (LONG // len(piece) + 1))[:LONG]
        content = "\n".join([*changed, ""]).encode()
        outcomes[within(SECONDS, lambda: is_taken(content))] += 1  # noqa: B023
    assert outcomes[True]
    assert outcomes[False]


def is_taken(content: bytes) -> bool:
    """Whether the entry is parsed; otherwise it is refused with its line."""
    skipped = Skipped()
    taken = sum(batch.entries.num_rows for batch in read_flatfile(Text(content), skipped=skipped, threads=1))
    assert taken + skipped.count == 1
    assert all(1 <= (error.line or 0) <= content.count(b"\n") + 1 for error in skipped.first)
    return taken == 1


@pytest.mark.parametrize("block", range(BLOCKS))
def test_valid_entries_say_what_biopython_reads(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    comments = caught_comments(monkeypatch)
    for case in range(ENTRIES // IN_A_FILE // BLOCKS // 5):
        rng = random.Random(f"valid {block} {case}")
        texts = [valid_entry(rng) for _ in range(IN_A_FILE)]
        comments.clear()
        batch = read("".join(texts), chunk_bytes=1 << 16)
        features = batch.features.to_pylist()
        for number, (text, row) in enumerate(zip(texts, batch.entries.to_pylist(), strict=True)):
            check_entry(
                row,
                [tuple(feature.values())[1:] for feature in features if feature["entry"] == number],
                [comment for entry, comment in comments if entry == number],
                SwissProt.read(io.StringIO(text)),
                versions=True,
            )


@pytest.mark.parametrize("block", range(BLOCKS))
def test_evidence_may_be_wrapped_anywhere(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it says stays the same."""
    comments = caught_comments(monkeypatch)
    whole = [(read(base), [*comments], comments.clear()) for base in WRAPPABLE]
    for case in range(ENTRIES // 50 // BLOCKS):
        rng = random.Random(f"wrapped {block} {case}")
        number = rng.randrange(len(WRAPPABLE))
        lines = WRAPPABLE[number].splitlines()
        for _ in range(rng.randrange(1, 4)):
            wrap(lines, rng)
        assert lines != WRAPPABLE[number].splitlines()
        comments.clear()
        assert read("\n".join([*lines, ""])) == whole[number][0]
        assert comments == whole[number][1]


EVIDENCE = "{ECO:0000255|HAMAP-Rule:MF_01717, ECO:0000269|PubMed:1, ECO:0000305}"
WRAPPABLE = [
    entry(
        f"DE   RecName: Full=Made-up protein {EVIDENCE};",
        f"GN   Name=mup-1 {EVIDENCE}; ORFNames=CG99998 {EVIDENCE};",
        "OS   Homo sapiens (Human).",
        f"OX   NCBI_TaxID=9606 {EVIDENCE};",
        f"CC   -!- SUBCELLULAR LOCATION: Nucleus {EVIDENCE}. Cytoplasm {EVIDENCE}.",
        f"CC       Note=Shuttles. {EVIDENCE}.",
    ),
    entry(f"FT   SIGNAL        1     20       {EVIDENCE}.", f"FT   CHAIN        21     60       Name. {EVIDENCE}."),
]


def caught_comments(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Texts of location comments with the numbers of their entries, of the one batch read last."""
    comments: list[tuple[int, str]] = []

    def catch(texts: pa.StringArray, entries: npt.NDArray[np.uint32]) -> pa.RecordBatch:
        comments.extend(zip(entries.tolist(), texts.to_pylist(), strict=True))
        return parse_locations(texts, entries)

    monkeypatch.setattr(flatfile_entries, "parse_locations", catch)
    return comments


def compare_with_reference(content: bytes, batch: SourceBatch, comments: list[tuple[int, str]]) -> list[Entry | None]:
    """Returns what the reference makes of each entry."""
    entries = read_entries(content)
    expected = [found for found in entries if found]
    rows = [{name: row[name] for name in row if name != "entry"} for row in batch.entries.to_pylist()]
    assert rows == [found.row for found in expected]
    features = [tuple(row.values()) for row in batch.features.to_pylist()]
    assert features == [(n, *row) for n, found in enumerate(expected) for row in found.features]
    assert comments == [(n, text) for n, found in enumerate(expected) for text in found.comments]
    return entries


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


def compare_with_biopython(content: bytes, expected: list[Entry | None]) -> int:
    """Where both take an entry, both find the same; how many those are."""
    taken = 0
    for entry_lines, found in zip(re.split(r"(?m)(?<=^//).*\n", content.decode("latin-1")), expected, strict=False):
        soiled = not entry_lines.isascii() or re.search(r"[\x00-\t\v-\x1f](?!\n)", entry_lines)
        if found is None or soiled:  # it splits at any kind of blank, and takes bytes for latin-1
            continue
        try:
            record = SwissProt.read(io.StringIO(entry_lines + "\n"))
        except Exception:  # of any kind: it asserts, indexes and divides without asking
            continue
        assert found.row["entry_name"] == record.entry_name
        assert found.row["sequence"] == record.sequence.upper()
        assert found.row["length"] == record.sequence_length
        taken += 1
    return taken
