"""What Bio.SwissProt reads of an entry, against what the reader of flat files makes of it.

Deliberately different from Bio.SwissProt, which

- joins lines of comments and descriptions with a blank, even where one ends in a hyphen;
- keeps the full stop of the organism, and that and the evidence of features before 2019;
- takes a release for a version in DT lines before 2006;
- gives the position on an isoform for one on the entry's own sequence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from Bio import SwissProt
from Bio.SeqFeature import UnknownPosition

from psl_index.schemas import FEATURE_TYPES


def check_entry(
    row: dict[str, Any],
    features: Sequence[tuple[Any, ...]],
    comments: Sequence[str],
    record: SwissProt.Record,
    *,
    versions: bool,
) -> None:
    """Every field of an entry; its features as (type, start, end, note), its SUBCELLULAR LOCATION texts.

    `versions` says whether it states some, as since 2006.
    """
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
    if versions:
        assert row["sequence_version"] == record.sequence_update[1]
        assert row["entry_version"] == record.annotation_update[1]
    assert row["gene_name"] == gene(record)
    check_description(row, record)
    assert [*features] == [*features_of(record)]
    topic = "SUBCELLULAR LOCATION:"
    blocks = [comment.removeprefix(topic) for comment in record.comments if comment.startswith(topic)]
    assert [without_blanks_after_hyphens(comment) for comment in comments] == [
        without_blanks_after_hyphens(block.lstrip()) for block in blocks
    ]


def gene(record: SwissProt.Record) -> str | None:
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


def features_of(record: SwissProt.Record) -> Iterator[tuple[Any, ...]]:
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
