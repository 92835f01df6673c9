"""Entries as a release of this decade writes them, made up at random: lines of 80 columns, evidence and all."""

from __future__ import annotations

import re
import string
from random import Random

from psl_index.schemas import FEATURE_TYPES
from tests.flatfiles import sequence_lines, summary_line

_COLUMNS = 80
_RESIDUES = "ACDEFGHIKLMNPQRSTVWY" * 5 + "UXBZO"
_WORDS = [
    *(
        "protein",
        "kinase",
        "beta-galactosidase",
        "3'-phosphate",
        "(NAD(+))",
        "ATP-dependent",
        "subunit",
        "5,10-methylene",
    ),
    *("[acyl-carrier-protein]", "homolog", "transporter", "DNA-directed", "alpha-1,2-mannosyl", "putative"),
]
_GENES = ["mup-1", "LOC100", "dnaK", "At1g01010", "SPAC1F3.02c", "b0001", "CG9999", "KIAA0001"]
_ORGANISMS = [
    "Homo sapiens (Human)",
    "Drosophila melanogaster (Fruit fly)",
    "Escherichia coli (strain K12 / MG1655 / ATCC 47076)",
    "Influenza A virus (strain A/Goose/Guangdong/1/1996 H5N1 genotype Gs/Gd)",
]
_LINEAGE = ["Eukaryota", "Metazoa", "Chordata", "Viridiplantae", "Bacteria", "Pseudomonadati", "Ecdysozoa", "Fungi"]
_PLACES = ["Nucleus", "Cytoplasm", "Cell membrane", "Mitochondrion inner membrane", "Secreted", "Golgi apparatus"]
_TOPOLOGIES = ["Multi-pass membrane protein", "Lipid-anchor, GPI-anchor", "Single-pass type II membrane protein"]
_SENTENCES = ["Shuttles between nucleus and cytoplasm (PubMed:1).", "Found at 37 degrees, e.g. in S.cerevisiae."]


def valid_entry(rng: Random) -> str:
    """One entry, from its ID to its //."""
    sequence = "".join(rng.choices(_RESIDUES, k=rng.randrange(1, 200)))
    lines = [
        f"ID   {_name(rng):<24}{rng.choice(['Reviewed', 'Unreviewed'])};{len(sequence):12d} AA.",
        *_filled("AC", " ".join(f"{_accession(rng)};" for _ in range(rng.choice([1, 1, 2, 20])))),
        "DT   22-FEB-2003, integrated into UniProtKB/Swiss-Prot.",
        f"DT   09-JUL-2014, sequence version {rng.randrange(1, 12)}.",
        f"DT   18-JUN-2025, entry version {rng.randrange(1, 300)}.",
        *_description(rng),
        *_genes(rng),
        *_filled("OS", rng.choice(_ORGANISMS) + "."),
        *_filled("OC", "; ".join(rng.sample(_LINEAGE, rng.randrange(1, 8))) + "."),
        *_filled("OX", f"NCBI_TaxID={rng.randrange(1, 3_000_000)}{_evidence(rng)};"),
        *_reference(rng),
        *_comments(rng),
        "DR   EMBL; X00001; CAA00001.1; -; mRNA.",
        f"PE   {rng.choice(['1: Evidence at protein level', '3: Inferred from homology', '5: Uncertain'])};",
        *_filled("KW", "; ".join(rng.choices(_WORDS, k=rng.randrange(1, 9))) + "."),
    ]
    for _ in range(rng.randrange(8)):
        lines += _feature(rng, len(sequence))
    return "\n".join([*lines, summary_line(sequence), *sequence_lines(sequence), "//", ""])


def _name(rng: Random) -> str:
    return "".join(rng.choices(string.ascii_uppercase + string.digits, k=4)) + rng.choice(
        ["_HUMAN", "_ECOLI", "_9VIRU"]
    )


def _accession(rng: Random) -> str:
    start = rng.choice("OPQ") + rng.choice(string.digits)
    return rng.choice(["", "A0A"]) + start + "".join(rng.choices(string.ascii_uppercase + string.digits, k=3)) + "1"


def _description(rng: Random) -> list[str]:
    kind = rng.choice(["RecName", "SubName"])
    lines = [f"{kind}: Full={_phrase(rng)}{_evidence(rng)};"]
    if rng.random() < 0.5:
        lines += [f"         Short={rng.choice(_GENES)};", f"         EC=1.1.1.{rng.randrange(99)}{_evidence(rng)};"]
    if rng.random() < 0.5:
        lines.append(f"AltName: Full={_phrase(rng)};")
    if rng.random() < 0.2:
        lines += ["Contains:", f"  RecName: Full={_phrase(rng)};"]
    if rng.random() < 0.3:
        lines.append(f"Flags: {rng.choice(['Precursor', 'Fragment', 'Precursor; Fragments'])};")
    return [f"DE   {line}" for line in lines]


def _genes(rng: Random) -> list[str]:
    lines: list[str] = []
    for _ in range(rng.choice([0, 1, 1, 2])):
        keys = ["Name", *rng.sample(["Synonyms", "OrderedLocusNames", "ORFNames"], rng.randrange(3))]
        values = [
            f"{key}={', '.join(name + _evidence(rng) for name in rng.sample(_GENES, 1 if key == 'Name' else 2))};"
            for key in keys
        ]
        lines += (["GN   and"] if lines else []) + _filled("GN", " ".join(values))
    return lines


def _reference(rng: Random) -> list[str]:
    return [
        "RN   [1]",
        "RP   NUCLEOTIDE SEQUENCE [LARGE SCALE GENOMIC DNA].",
        f"RX   PubMed={rng.randrange(10**7)}; DOI=10.1000/1;",
        "RA   Nobody N.;",
        'RT   "A title about nothing.";',
        "RL   J. Nothing 1:1-2(2001).",
    ]


def _comments(rng: Random) -> list[str]:
    blocks = [f"FUNCTION: {_phrase(rng)}{_evidence(rng)}."]
    for _ in range(rng.choice([0, 1, 1, 2])):
        molecule = rng.choice(["", f"[Isoform {rng.randrange(9)}]: "])
        places = []
        for place in rng.sample(_PLACES, rng.randrange(1, 4)):
            topology = f"; {rng.choice(_TOPOLOGIES)}{_evidence(rng)}" if rng.random() < 0.3 else ""
            places.append(f"{place}{_evidence(rng)}{topology}.")
        note = f" Note={rng.choice(_SENTENCES)}{_evidence(rng)}." if rng.random() < 0.4 else ""
        blocks.append(f"SUBCELLULAR LOCATION: {molecule}{' '.join(places)}{note}")
    blocks.append(f"SIMILARITY: Belongs to the {_phrase(rng)} family{_evidence(rng)}.")
    rng.shuffle(blocks)
    lines = [
        line.replace("CC       ", "CC   -!- ", 1) if number == 0 else line
        for block in blocks
        for number, line in enumerate(_filled("CC", block, 9))
    ]
    rule = "CC   " + "-" * 75
    return [*lines, rule, "CC   Copyrighted by nobody", rule] if rng.random() < 0.5 else lines


def _feature(rng: Random, length: int) -> list[str]:
    first, last = sorted(rng.randrange(1, length + 1) for _ in range(2))
    place = rng.choice([f"{first}..{last}", f"<{first}..{last}", f"?..{last}", f"{first}..>{last}", str(first)])
    lines = [f"FT   {rng.choice([*FEATURE_TYPES, 'DOMAIN', 'CONFLICT']):<16}{place}"]
    if rng.random() < 0.7:
        lines += _filled("FT", f'/note="{_phrase(rng)}"', 21)
    if rng.random() < 0.7:
        lines += _filled("FT", f'/evidence="{_evidence(rng).strip(" {}") or "ECO:0000255"}"', 21)
    if rng.random() < 0.3:
        lines.append(f'FT                   /id="PRO_{rng.randrange(10**10):010d}"')
    return lines


def _phrase(rng: Random) -> str:
    return " ".join(rng.choices(_WORDS, k=rng.randrange(1, 12)))


def _evidence(rng: Random) -> str:
    sources = ["", "|PubMed:30680886", "|UniProtKB:P12345", "|HAMAP-Rule:MF_00009", "|PROSITE-ProRule:PRU00159"]
    codes = [
        f"ECO:{rng.choice([250, 255, 269, 305]):07d}{rng.choice(sources)}" for _ in range(rng.choice([0, 0, 1, 1, 4]))
    ]
    return f" {{{', '.join(codes)}}}" if codes else ""


def _filled(code: str, text: str, blanks: int = 5) -> list[str]:
    """Lines of at most 80 columns, broken after a blank or a hyphen, as releases are."""
    lines = [code.ljust(blanks)]
    for piece in re.findall(r"[^ -]*(?:-| |$)", text):
        if len(lines[-1]) + len(piece.rstrip()) > _COLUMNS and lines[-1].strip() != code:
            lines.append(code.ljust(blanks))
        lines[-1] += piece
    return [line.rstrip() for line in lines]
