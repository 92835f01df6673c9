"""FASTA, tables and subsequences of any bytes: read as by a plain reader, or an input error with its line (F12)."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_eval.inputs import files as inputs
from psl_eval.inputs.subsequences import open_subsequences
from psl_index import fasta, tables
from psl_index.errors import InputError
from psl_index.fasta import read_fasta
from psl_index.opening import Source
from psl_index.schemas import SourceBatch
from psl_index.skipped import Skipped
from psl_index.tables import read_table
from tests.time_limit import SECONDS, within

EXAMPLES = 10_000 if os.environ.get("PSLIDX_SOAK") else 1_000  # of each property
fuzz = settings(max_examples=EXAMPLES)

FASTA_PIECES = [
    *(b">", b"\n>", b"\n>a\n", b">b Nucleus-U\n", b"\n>sp|P1|A_B n OS=o OX=1 GN=g PE=1 SV=1\r\n", b"\n>\n"),
    *(
        b"\n",
        b"\r\n",
        b"\r",
        b" ",
        b"\t",
        b"MKV",
        b"acd",
        b"ARNDX\n",
        b"UZOBJ\n",
        b"*",
        b"*\n",
        b"-",
        b".",
        b"7",
    ),
    *(b"\0", b"\xef\xbb\xbf", b"\xe9", "é".encode(), b"M" * 100),
]
TABLE_PIECES = [
    *(
        b"accession,sequence,locations\n",
        b"ACC\tSequence\tLabels\n",
        b"P1,MK,Nucleus\n",
        b"P2\tMK\tCytoplasm|x\n",
    ),
    *(b",", b"\t", b'"', b'""', b'"a"', b"\n", b"\r\n", b"MK", b"mk*", b"1", b"-", b"|", b";", b" ", b"\0"),
    *(b"\xef\xbb\xbf", b"\xe9", "é".encode()),
]
SUBSEQUENCE_PIECES = [
    *(
        b"query,start,end,subsequence,predicted\n",
        b"query\tpredicted\tsubsequence\tend\tstart\n",
        b"P1,1,2,MK,Nucleus\n",
        b"P1,2,3,KV,Plastid|Nucleus\n",
        b"P1\tNucleus\tMK\t2\t1\n",
        b'{"query": "P1", "start": 1, "end": 2, "subsequence": "MK", "predicted": "Nucleus"}\n',
        b">a Nucleus\nMK\n",
        b"\n>",
        b"MK,Nucleus\n",
        b"peptide\n",
    ),
    *(b",", b"\t", b'"', b'""', b"\n", b"\r\n", b"\r", b"MK", b"mk*", b"1", b"-", b"|", b";", b" ", b"\0", b"{", b"}"),
    *(b"\xef\xbb\xbf", b"\xe9", "é".encode(), b"\x1f", b'{"query": "\\ud800"}'),
]


def pieces(choice: list[bytes]) -> st.SearchStrategy[bytes]:
    """Pieces of a file one after another; never what gzip begins with, else they are taken for that."""
    content = st.lists(st.sampled_from(choice) | st.binary(max_size=3), max_size=40).map(b"".join)
    return content.filter(lambda content: not content.startswith(b"\x1f\x8b"))


def batches_or_error(read: Callable[[Source], Iterator[SourceBatch]], content: bytes) -> list[SourceBatch] | InputError:
    try:
        return within(SECONDS, lambda: list(read(Source("name", io.BytesIO(content)))))
    except InputError as error:
        return error


def rows_of(batches: list[SourceBatch]) -> list[tuple[str, str]]:
    return [
        (row["accession"], row["sequence"])
        for batch in batches
        for row in batch.entries.select(["accession", "sequence"]).to_pylist()
    ]


def reference_fasta(content: bytes) -> list[tuple[str, str]] | int:
    """Accessions and sequences, or the line of the first error; plain Python."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    records: list[tuple[int, bytes, list[tuple[int, bytes]]]] = []
    for number, line in enumerate(lines, start=1):
        if line.startswith(b">"):
            records.append((number, line[1:], []))
        elif records:
            records[-1][2].append((number, line))
        elif line.strip():
            return number
    found = []
    for number, header, body in records:
        try:
            words = header.decode().split()
        except UnicodeDecodeError:
            return number
        if not words or not words[0].isprintable():
            return number
        marked = [(at, bytes([byte])) for at, line in body for byte in line if not bytes([byte]).isspace()]
        for place, (at, byte) in enumerate(marked):
            if not (byte.isalpha() or (byte == b"*" and place == len(marked) - 1)):
                return at
        sequence = b"".join(byte for _, byte in marked).removesuffix(b"*").upper().decode()
        if not sequence:
            return number
        accession = words[0].split("|")[1] if words[0].startswith("sp|P1|") else words[0]
        found.append((accession, sequence))
    return found or 0


@pytest.mark.parametrize("block_bytes", [16, 1 << 22])
@fuzz
@given(content=pieces(FASTA_PIECES))
def test_fasta_is_read_as_by_a_plain_reader(content: bytes, block_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(fasta, "_BLOCK_BYTES", block_bytes)
        batches = batches_or_error(read_fasta, content)
    found = batches.line or 0 if isinstance(batches, InputError) else rows_of(batches)
    assert found == reference_fasta(content)


@fuzz
@given(content=pieces(FASTA_PIECES))
def test_skipping_keeps_exactly_the_good_records(content: bytes) -> None:
    """Each record read by itself is either in the result or among the skipped."""
    skipped = Skipped()
    try:
        batches = within(SECONDS, lambda: list(read_fasta(Source("f", io.BytesIO(content)), skipped=skipped)))
    except InputError:
        assert reference_fasta(content) == 0
        return
    kept = [accession for accession, _ in rows_of(batches)]
    lone = [b">" + record for record in (b"\n" + content.removeprefix(b"\xef\xbb\xbf")).split(b"\n>")[1:]]
    good = [found[0][0] for found in map(reference_fasta, lone) if isinstance(found, list)]
    stray = (b"\n" + content.removeprefix(b"\xef\xbb\xbf")).split(b"\n>")[0].strip() != b""
    assert kept == good
    assert skipped.count == len(lone) - len(good) + stray


@pytest.mark.parametrize("chunk_bytes", [5, 1 << 20])
@fuzz
@given(content=pieces(TABLE_PIECES))
def test_a_table_of_any_bytes_is_read_or_refused_with_its_line(content: bytes, chunk_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(tables, "_CHUNK_BYTES", chunk_bytes)
        batches = batches_or_error(read_table, content)
    if isinstance(batches, InputError):
        assert batches.line is not None or not content.removeprefix(b"\xef\xbb\xbf").strip()
        return
    for accession, sequence in rows_of(batches):
        assert accession.strip()
        assert sequence.isascii()
        assert sequence.isalpha()


text_field = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
table_rows = st.lists(
    st.tuples(
        text_field.filter(lambda text: text.strip().isprintable() and text.strip() != ""),
        st.text("ACDEFGHIKLMNPQRSTVWYXUBZOJacd", min_size=1, max_size=30),
        st.text('ab "|;,\t\n', max_size=8),
        text_field,
    ),
    min_size=1,
    max_size=6,
)


@fuzz
@given(
    rows=table_rows,
    delimiter=st.sampled_from(",\t"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read_back(
    rows: list[tuple[str, str, str, str]], delimiter: str, quoting: int, line_end: str
) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=delimiter, quoting=quoting, lineterminator=line_end)
    writer.writerow(["accession", "sequence", "locations", "note"])
    writer.writerows(rows)
    batches = list(read_table(Source("t", io.BytesIO(written.getvalue().encode()))))
    (batch,) = batches
    assert batch.entries.select(["accession", "sequence"]).to_pylist() == [
        {"accession": accession.strip(), "sequence": sequence.upper()} for accession, sequence, _, _ in rows
    ]
    pairs = batch.locations.select(["entry", "location"]).to_pylist()
    assert [(pair["entry"], lines_of(pair["location"])) for pair in pairs] == [
        (entry, lines_of(label))
        for entry, row in enumerate(rows)
        for label in row[2].replace(";", "|").split("|")
        if label.strip()
    ]


def lines_of(label: str) -> list[str]:
    """Blank lines within a quoted field are dropped, and blanks around it."""
    return [line for line in label.strip().split("\n") if line.strip()]


class Read(NamedTuple):
    """What came of reading subsequences."""

    rows: list[dict[str, Any]]
    skipped: int
    error: InputError | None


def read_subsequences(path: Path, *, skip_bad: bool) -> Read:
    rows: list[dict[str, Any]] = []
    skipped = 0
    try:
        with open_subsequences(path, skip_bad=skip_bad) as reader:
            for batch in reader.batches():
                rows += batch.to_pylist()
                skipped = reader.skipped
    except InputError as error:
        return Read(rows, skipped, error)
    return Read(rows, reader.skipped, None)


@pytest.fixture(scope="module")
def subsequences_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "subsequences"


@pytest.mark.parametrize("block_bytes", [7, 1 << 21])
@settings(max_examples=EXAMPLES // 4)
@given(content=pieces(SUBSEQUENCE_PIECES), skip_bad=st.booleans())
def test_subsequences_of_any_bytes_are_read_or_refused_with_their_line(
    subsequences_file: Path, block_bytes: int, content: bytes, skip_bad: bool
) -> None:
    subsequences_file.write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "_BLOCK_BYTES", block_bytes)
        read = within(SECONDS, lambda: read_subsequences(subsequences_file, skip_bad=skip_bad))
    n_lines = content.count(b"\n") + 1
    if read.error is not None and read.error.line is None:
        assert re.search("empty file|no subsequence|rows are bad|blanks", read.error.problem)
    if read.error is not None and read.error.line is not None:
        assert 1 <= read.error.line <= n_lines
    for row in read.rows:
        assert row["subsequence"].isalpha()
        assert row["start"] is None or row["end"] - row["start"] + 1 == len(row["subsequence"])
    assert len(read.rows) + read.skipped <= n_lines


@pytest.mark.parametrize("delimiter", [b",", b"\t"])
@settings(max_examples=EXAMPLES // 20)
@given(
    lines=st.lists(
        st.lists(st.sampled_from([piece for piece in SUBSEQUENCE_PIECES if b"\n" not in piece]), max_size=4)
        .map(b"".join)
        .filter(lambda line: line != b"" and not line.endswith(b"\r"))
        | st.sampled_from([b"P1,1,2,MK,Nucleus", b"P1\t2\t3\tKV\tPlastid", b'"P,1",1,1,"M",Nucleus']),
        min_size=1,
        max_size=8,
    )
)
def test_a_row_is_good_or_bad_whatever_stands_around_it(
    subsequences_file: Path, delimiter: bytes, lines: list[bytes]
) -> None:
    header = delimiter.join([b"query", b"start", b"end", b"subsequence", b"predicted"]) + b"\n"
    alone = []
    for line in lines:
        subsequences_file.write_bytes(header + line + b"\n")
        alone.append(read_subsequences(subsequences_file, skip_bad=False))
    subsequences_file.write_bytes(header + b"\n".join(lines))
    together = read_subsequences(subsequences_file, skip_bad=True)
    assert together.rows == [row for read in alone for row in read.rows]
    n_bad = sum(read.error is not None for read in alone)
    if n_bad < len(lines):
        assert together.skipped == n_bad
    else:
        assert together.error is not None
        assert f"all {n_bad} rows are bad" in together.error.problem
    first = next((number for number, read in enumerate(alone, start=2) if read.error is not None), None)
    strictly = read_subsequences(subsequences_file, skip_bad=False).error
    assert (None if strictly is None else strictly.line) == first
