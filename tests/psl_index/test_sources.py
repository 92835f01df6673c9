"""What a source is, by its content, and that its entries come out."""

from __future__ import annotations

import gzip
import lzma
import os
from pathlib import Path

import pyarrow as pa
import pytest

from psl_index.errors import InputError
from psl_index.opening import open_source
from psl_index.skipped import Skipped
from psl_index.sources import Format, detect_format, read_source
from tests.flatfiles import TODAY, entry, gathered

FASTA = ">P12345 a protein\nMSSHE\nGGKKK\n"
TABLE = "accession,sequence,locations\nP12345,MTWPDGGKKK,Nucleus\n"


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "source"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (TODAY, "flatfile"),
        ("\r\n\n" + TODAY, "flatfile"),
        ("\ufeff" + TODAY, "flatfile"),
        (FASTA, "fasta"),
        ("\n>P12345\nMSS\n", "fasta"),
        (TABLE, "table"),
        (TABLE.replace(",", "\t"), "table"),
        ("\ufeff" + TABLE, "table"),
    ],
)
def test_formats_are_told_apart_by_content(tmp_path: Path, content: str, expected: Format) -> None:
    with open_source(write(tmp_path, content)) as source:
        assert detect_format(source) == expected
        assert detect_format(source) == expected
        batch = gathered(read_source(source))
        assert batch.entries["accession"].to_pylist() == ["P12345"]
        assert source.size == source.raw_size == source.bytes_read


def test_compression_changes_nothing(tmp_path: Path) -> None:
    text = (TODAY * 3).encode()
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(text)
    results = []
    for raw in (text, gzip.compress(text), lzma.compress(text), sink.getvalue().to_pybytes()):
        with open_source(write(tmp_path, raw)) as source:
            results.append(gathered(read_source(source)))
    assert results[0].entries.num_rows == 3
    assert results[1:] == results[:1] * 3


def test_bad_entries_are_counted_and_columns_named(tmp_path: Path) -> None:
    skipped = Skipped()
    bad = entry(accession="A00001").replace("65 AA", "66 AA")
    with open_source(write(tmp_path, bad + TODAY)) as source:
        batch = gathered(read_source(source, skipped=skipped, threads=2))
    assert (batch.entries.num_rows, skipped.count) == (1, 1)
    table = TABLE.replace("accession", "Protein")
    with open_source(write(tmp_path, table)) as source:
        batch = gathered(read_source(source, columns={"accession": "Protein"}))
    assert batch.entries["accession"].to_pylist() == ["P12345"]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\n \n",
        "<!DOCTYPE html>\n<p>a, b</p>",
        '{"results": [1, 2]}',
        "one word\n",
        "PK\3\4,\0\0\0",
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, content)
    with open_source(path) as source, pytest.raises(InputError) as caught:
        list(read_source(source))
    assert caught.value.file == str(path)
    assert "expected a UniProtKB flat file, FASTA, or a table" in str(caught.value)
    assert caught.value.remedy


def test_a_cut_gzip_file_is_refused(tmp_path: Path) -> None:
    compressed = gzip.compress((TODAY + os.urandom(5000).hex()).encode())
    for size in (len(compressed) // 2, len(compressed) - 1):
        with (
            pytest.raises(InputError, match="ends too early"),
            open_source(write(tmp_path, compressed[:size])) as source,
        ):
            list(read_source(source))
