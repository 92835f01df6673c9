"""Flat-file entries made up for tests, in the layouts of three decades, and how tests read them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from psl_index.crc64 import crc64_of
from psl_index.flatfile import read_flatfile
from psl_index.schemas import ENTRIES, FEATURES, LOCATIONS, SourceBatch

SEQUENCE = "MTWPDGGKKKALKYKNTARICGENSIPVEWIAHQKGPGDFYYRFFAAHHGGLMHVHGHPLAGKKU"


def entry(*lines: str, accession: str = "P12345", sequence: str = SEQUENCE, era: str = "new") -> str:
    """An entry with `lines` between its AC and its SQ line, and everything else in order."""
    n = len(sequence)
    first = f"ID   TEST_{accession:<15} Reviewed;  {n:>10} AA."
    if era == "old":
        first = f"ID   TEST_{accession}     STANDARD;      PRT;  {n:>4} AA."
    return "\n".join([first, f"AC   {accession};", *lines, summary_line(sequence), *sequence_lines(sequence), "//", ""])


def summary_line(sequence: str) -> str:
    """The SQ line of a sequence."""
    checksum = crc64_of(pa.array([sequence.upper()], pa.string()))[0].as_py()
    return f"SQ   SEQUENCE   {len(sequence)} AA;  7000 MW;  {checksum} CRC64;"


def sequence_lines(sequence: str) -> list[str]:
    """Lines of sixty residues in groups of ten."""
    lines = []
    for begin in range(0, len(sequence), 60):
        line = sequence[begin : begin + 60]
        lines.append("     " + " ".join(line[at : at + 10] for at in range(0, len(line), 10)))
    return lines


class Text(io.BytesIO):
    """A source that is no file."""

    name = "made up"


def read(text: str | bytes, **options: Any) -> SourceBatch:
    """All batches of a text as one, entries numbered through."""
    content = text.encode() if isinstance(text, str) else text
    return gathered(read_flatfile(Text(content), **{"threads": 1, **options}))


def gathered(batches: Iterator[SourceBatch]) -> SourceBatch:
    tables: list[list[dict[str, Any]]] = [[], [], []]
    for batch in batches:
        first = len(tables[0])
        assert batch.entries.schema.equals(ENTRIES)
        assert batch.locations.schema.equals(LOCATIONS)
        assert batch.features.schema.equals(FEATURES)
        for table, rows in zip(batch, tables, strict=True):
            table.validate(full=True)
            rows += [row | {"entry": row["entry"] + first} for row in table.to_pylist()]
    return SourceBatch(
        *(
            pa.RecordBatch.from_pylist(rows, schema=schema)
            for rows, schema in zip(tables, (ENTRIES, LOCATIONS, FEATURES), strict=True)
        )
    )


TODAY = entry(
    "AC   Q99999; A0A999Z9Z9;",
    "DT   22-FEB-2023, integrated into UniProtKB/Swiss-Prot.",
    "DT   09-JUL-2014, sequence version 3.",
    "DT   18-JUN-2025, entry version 40.",
    "DE   RecName: Full=Made-up protein (version 2) {ECO:0000303|PubMed:1};",
    "DE            Short=MUP {ECO:0000303|PubMed:1};",
    "DE   AltName: Full=Other name;",
    "DE   Contains:",
    "DE     RecName: Full=Peptide;",
    "DE   Flags: Precursor; Fragment;",
    "GN   Name=mup-1 {ECO:0000312|EMBL:XYZ00001.1,",
    "GN   ECO:0000313|FlyBase:FBgn9999999}; Synonyms=MupA, CG99999;",
    "GN   ORFNames=CG99998;",
    "OS   Drosophila melanogaster (strain ATCC 1 /",
    "OS   DSM 2) (Fruit fly).",
    "OC   Eukaryota; Metazoa; Ecdysozoa;",
    "OC   Drosophilidae; Drosophila.",
    "OX   NCBI_TaxID=7227 {ECO:0000313|EMBL:XYZ00001.1};",
    "RN   [1]",
    "RP   NUCLEOTIDE SEQUENCE.",
    "CC   -!- FUNCTION: Nobody knows.",
    "CC   -!- SUBCELLULAR LOCATION: Nucleus {ECO:0000255|HAMAP-",
    "CC       Rule:MF_01717}. Cytoplasm.",
    "CC   -!- SUBCELLULAR LOCATION: [Isoform 2]: Secreted. Note=In a",
    "CC       well-known way.",
    "CC   -!- SUBUNIT: Alone.",
    "CC       Not a location.",
    "CC   ---------------------------------------------------------------------------",
    "CC   Copyrighted by nobody",
    "CC   ---------------------------------------------------------------------------",
    "DR   EMBL; X00000; -; NOT_ANNOTATED_CDS; Genomic_DNA.",
    "PE   3: Inferred from homology;",
    "KW   Reference proteome.",
    "FT   SIGNAL          <1..20",
    'FT                   /evidence="ECO:0000255"',
    "FT   CHAIN           21..?64",
    'FT                   /note="Made-up protein, a chain with a long-',
    'FT                   winded note"',
    'FT                   /id="PRO_9999999991"',
    "FT   CONFLICT        7",
    'FT                   /note="Not of interest"',
    "FT   LIPID           P12345-2:5",
    'FT                   /note="S-palmitoyl cysteine"',
    "FT   MOTIF           62",
    'FT                   /note="One residue"',
    "FT   TRANSIT         ?..30",
)

BEFORE_2019 = entry(
    "DT   01-JAN-1998, integrated into UniProtKB/Swiss-Prot.",
    "DT   15-OCT-2001, sequence version 1.",
    "DT   01-APR-2014, entry version 14.",
    "DE   SubName: Full=Submitted name; EC=1.1.1.1;",
    "GN   OrderedLocusNames=YAL001C, YAL002C; ORFNames=FUN1;",
    "GN   and",
    "GN   Name=other;",
    "OS   Homo sapiens (Human).",
    "OC   Eukaryota.",
    "OX   NCBI_TaxID=9606;",
    "CC   -!- SUBCELLULAR LOCATION: Membrane; Multi-pass membrane protein.",
    "PE   1: Evidence at protein level;",
    "FT   SIGNAL        1     20       Potential.",
    "FT   CHAIN        21   >700       Long name of a",
    "FT                                protein (By similarity).",
    "FT                                /FTId=PRO_9999999992.",
    "FT   STRAND       22     25",
    "FT   PROPEP        ?     40       {ECO:0000255}.",
    "FT   TRANSMEM     41     61       Helical; Name=1. {ECO:0000255|HAMAP-",
    "FT                                Rule:MF_1}.",
)

LAST_CENTURY = entry(
    "AC   Q15086;",
    "DT   15-JUL-1999 (Rel. 38, Created)",
    "DT   15-JUL-1999 (Rel. 38, Last sequence update)",
    "DT   15-JUL-1999 (Rel. 38, Last annotation update)",
    "DE   (S)-2-HYDROXY-ACID OXIDASE, PEROXISOMAL (EC 1.1.3.15) (PTDINS-",
    "DE   4-KINASE) (FRAGMENT).",
    "GN   (ABC1 OR ABD1 OR ABC OR ABD) AND (ABC2 OR ABD2).",
    "OS   Homo sapiens (Human),",
    "OS   Mus musculus (Mouse), and Rattus norvegicus (Rat).",
    "OC   EUKARYOTA; METAZOA.",
    "CC   -!- SUBCELLULAR LOCATION: NUCLEAR.",
    "CC   --------------------------------------------------------------------------",
    "CC   This SWISS-PROT entry is copyright.",
    "CC   --------------------------------------------------------------------------",
    "FT   TRANSMEM    363    390       1 (POTENTIAL).",
    era="old",
).replace("CRC64;", "CRC32;")
