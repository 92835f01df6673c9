"""Real entries: Bio.SwissProt is the judge of what the reader of flat files makes of them."""

from __future__ import annotations

import gzip
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from Bio import SwissProt

from psl_index import flatfile_entries
from psl_index.flatfile import read_flatfile
from psl_index.opening import open_source
from psl_index.schemas import LOCATIONS
from tests.biopython_comparison import check_entry
from tests.flatfiles import gathered, read

REAL = {"real_sprot": 1223, "trembl": 151, "old_format_sprot": 84}
READABLE_BY_BIOPYTHON = {"real_sprot": 1223, "trembl": 151, "old_format_sprot": 66}


@pytest.fixture(scope="module", params=REAL)
def real_text(request: pytest.FixtureRequest, real_data: Path) -> tuple[str, str]:
    with gzip.open(real_data / "sprot" / f"{request.param}.dat.gz", "rt") as flat_file:
        return request.param, flat_file.read()


def test_real_entries_say_what_biopython_reads(real_text: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    name, text = real_text
    comments: dict[int, list[str]] = {}

    def caught(texts: pa.StringArray, entries: Any) -> pa.RecordBatch:
        for number, comment in zip(entries.tolist(), texts.to_pylist(), strict=True):
            comments.setdefault(number, []).append(comment)
        return pa.RecordBatch.from_pylist([], schema=LOCATIONS)

    monkeypatch.setattr(flatfile_entries, "parse_locations", caught)
    batch = read(text, chunk_bytes=1 << 30)
    rows = batch.entries.to_pylist()
    features: dict[int, list[tuple[Any, ...]]] = {}
    for row in batch.features.to_pylist():
        features.setdefault(row["entry"], []).append((row["type"], row["start"], row["end"], row["qualifier"]))
    assert len(rows) == REAL[name]
    texts = text.split("//\n")[:-1]
    records = [*map(biopython_record, texts)]
    assert sum(record is not None for record in records) == READABLE_BY_BIOPYTHON[name]
    for number, (row, record, entry) in enumerate(zip(rows, records, texts, strict=True)):
        if record is None:
            continue
        dated = ", entry version" in entry
        check_entry(row, features.get(number, []), comments.get(number, []), record, versions=dated)


def test_real_entries_are_the_same_however_they_are_read(real_data: Path) -> None:
    for name, count in REAL.items():
        path = real_data / "sprot" / f"{name}.dat.gz"
        results = []
        for chunk_bytes, threads in ((1 << 23, 1), (1 << 16, 2), (12_345, 1)):
            with open_source(path) as source:
                results.append(gathered(read_flatfile(source, threads=threads, chunk_bytes=chunk_bytes)))
        assert results[0].entries.num_rows == count
        assert results[1] == results[0]
        assert results[2] == results[0]


def biopython_record(text: str) -> SwissProt.Record | None:
    try:
        return SwissProt.read(io.StringIO(text + "//\n"))
    except (ValueError, AssertionError):
        return None
