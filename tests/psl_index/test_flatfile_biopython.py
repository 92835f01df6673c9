"""Real entries: Bio.SwissProt is the judge of what the reader of flat files makes of them."""

from __future__ import annotations

import gzip
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from Bio import SwissProt
from Bio.SeqFeature import UnknownPosition

from psl_index import flatfile_entries
from psl_index.flatfile import read_flatfile
from psl_index.opening import open_source
from psl_index.schemas import FEATURE_TYPES, LOCATIONS
from tests.flatfiles import gathered, read

REAL = {"real_sprot": 1223, "trembl": 151, "old_format_sprot": 84}
READABLE_BY_BIOPYTHON = {"real_sprot": 1223, "trembl": 151, "old_format_sprot": 66}


@pytest.fixture(scope="module", params=REAL)
def real_text(request: pytest.FixtureRequest, real_data: Path) -> tuple[str, str]:
    with gzip.open(real_data / "sprot" / f"{request.param}.dat.gz", "rt") as flat_file:
        return request.param, flat_file.read()


def test_real_entries_say_what_biopython_reads(real_text: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Deliberately different from Bio.SwissProt, which

    - joins lines of comments and descriptions with a blank, even where one ends in a hyphen;
    - keeps the full stop of the organism, and that and the evidence of features before 2019;
    - takes a release for a version in DT lines before 2006;
    - gives the position on an isoform for one on the entry's own sequence.
    """
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
    records = [*map(biopython_record, text.split("//\n")[:-1])]
    assert sum(record is not None for record in records) == READABLE_BY_BIOPYTHON[name]
    for number, (row, record) in enumerate(zip(rows, records, strict=True)):
        if record is None:
            continue
        assert [row["accession"], *row["secondary_accessions"]] == record.accessions
        assert row["entry_name"] == record.entry_name
        assert row["reviewed"] is (record.data_class in ("Reviewed", "STANDARD"))
        assert row["length"] == record.sequence_length == record.seqinfo[0]
        assert row["sequence"] == record.sequence
        if len(record.seqinfo[2]) == 16:
            assert row["crc64"] == record.seqinfo[2]
        assert row["organism"] == record.organism.removesuffix(".")
        assert row["lineage"] == record.organism_classification
        assert row["taxon_id"] == (int(record.taxonomy_id[0]) if record.taxonomy_id else None)
        assert row["protein_existence"] == (record.protein_existence or None)
        if ", entry version" in text.split("//\n")[number]:
            assert row["sequence_version"] == record.sequence_update[1]
            assert row["entry_version"] == record.annotation_update[1]
        assert row["gene_name"] == biopython_gene(record)
        check_description(row, record)
        assert features.get(number, []) == [*biopython_features(record)]
        topic = "SUBCELLULAR LOCATION:"
        blocks = [comment.removeprefix(topic) for comment in record.comments if comment.startswith(topic)]
        assert [without_blanks_after_hyphens(comment) for comment in comments.get(number, [])] == [
            without_blanks_after_hyphens(block.lstrip()) for block in blocks
        ]


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


def biopython_gene(record: SwissProt.Record) -> str | None:
    for names in record.gene_name:
        first = names.get("Name") or next(iter(names.values()))[0]
        return re.sub(r" \{ECO:[^}]*(\}|$)", "", first)
    return None


def check_description(row: dict[str, Any], record: SwissProt.Record) -> None:
    text = without_blanks_after_hyphens(record.description)
    name = without_blanks_after_hyphens(row["protein_name"])
    if text.startswith(("RecName:", "SubName:")):
        assert re.match(r"(?:RecName|SubName): Full=" + re.escape(name) + r"(?: \{ECO:[^}]*\})?;", text)
        assert row["fragment"] is bool(re.search(r"Flags: (Precursor; )?Fragments?;", text))
    else:
        assert re.fullmatch(re.escape(name) + r"( [(\[].*[)\]])?\.", text)
        assert row["fragment"] is ("(fragment" in text.lower())


def biopython_features(record: SwissProt.Record) -> Iterator[tuple[Any, ...]]:
    for feature in record.features:
        if feature.type not in FEATURE_TYPES:
            continue
        start, end = feature.location.start, feature.location.end
        first = None if isinstance(start, UnknownPosition) else int(start) + 1
        last = None if isinstance(end, UnknownPosition) else int(end)
        if feature.location.ref is not None:
            first = last = None
        note = feature.qualifiers.get("note")
        if note is None and (note := feature.qualifiers.get("description")):
            note = re.sub(r"\.?( ?\{ECO:[^}]*\})?\.?$", "", note)
        yield feature.type, first, last, note or None


def without_blanks_after_hyphens(text: str) -> str:
    return text.replace("- ", "-")
