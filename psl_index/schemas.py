"""The tables of an index, column by column. Their names and meaning never change."""

from __future__ import annotations

from typing import Final, NamedTuple

import pyarrow as pa

ENTRIES: Final = pa.schema(
    [
        pa.field("entry", pa.uint32(), nullable=False),  # row number, in source order, from 0
        pa.field("accession", pa.string(), nullable=False),  # primary accession, or the identifier in a FASTA or table
        pa.field("entry_name", pa.string()),  # UniProt's mnemonic, such as P53_HUMAN
        pa.field("secondary_accessions", pa.list_(pa.string()), nullable=False),
        pa.field("protein_name", pa.string()),  # recommended (else submitted) full name; before 2008 the description
        pa.field("gene_name", pa.string()),  # first name of the first gene
        pa.field("organism", pa.string()),  # OS line without the final full stop
        pa.field("taxon_id", pa.uint32()),  # NCBI taxonomy identifier of the organism
        pa.field("lineage", pa.list_(pa.string()), nullable=False),  # OC lines, most general first
        pa.field("reviewed", pa.bool_()),  # Swiss-Prot (true) or TrEMBL
        pa.field("fragment", pa.bool_()),
        pa.field("protein_existence", pa.uint8()),  # 1 (protein level) to 5 (uncertain)
        pa.field("sequence_version", pa.uint32()),
        pa.field("entry_version", pa.uint32()),
        pa.field("length", pa.uint32(), nullable=False),  # residues
        pa.field("sequence", pa.string(), nullable=False),  # upper case
        pa.field("crc64", pa.string(), nullable=False),  # 16 upper-case hex digits, ISO 3309, as in the SQ line
    ]
)

LOCATIONS: Final = pa.schema(
    [
        pa.field("entry", pa.uint32(), nullable=False),
        pa.field("molecule", pa.string()),  # isoform or chain; null: the whole protein
        pa.field("location", pa.string()),  # as written; null where a block holds nothing but a note
        pa.field("topology", pa.string()),
        pa.field("orientation", pa.string()),
        pa.field("evidence", pa.list_(pa.string()), nullable=False),  # ECO codes of the location itself
        pa.field("flag", pa.string()),  # By similarity, Probable or Potential (releases before 2014)
        pa.field("note", pa.string()),  # of the block the location stands in
        pa.field("class", pa.string()),  # one of `psl_index.classes.CLASSES`
    ]
)

FEATURES: Final = pa.schema(
    [
        pa.field("entry", pa.uint32(), nullable=False),
        pa.field("type", pa.string(), nullable=False),  # one of `FEATURE_TYPES`
        pa.field("start", pa.uint32()),  # 1-based inclusive; null where unknown (`?`)
        pa.field("end", pa.uint32()),  # 1-based inclusive; null where unknown (`?`)
        pa.field("qualifier", pa.string()),  # the note; before 2019 the description
    ]
)

#: The largest `taxon_id` there can be.
LAST_TAXON: Final = 2**32 - 1

#: The tables by their names, in the order of `SourceBatch`.
TABLES: Final = {"entries": ENTRIES, "locations": LOCATIONS, "features": FEATURES}

FEATURE_TYPES: Final = ("SIGNAL", "TRANSIT", "PROPEP", "TRANSMEM", "LIPID", "MOTIF", "CHAIN")


class SourceBatch(NamedTuple):
    """Some entries of a source, in source order, as the three tables.

    The ``entry`` columns count from 0 within the batch; who gathers batches renumbers them.
    """

    entries: pa.RecordBatch
    locations: pa.RecordBatch
    features: pa.RecordBatch
