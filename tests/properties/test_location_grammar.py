"""Locations rendered as UniProt writes them parse back to the same (F11), and no text at all derails."""

from __future__ import annotations

import os

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index.classes import class_of, vocabulary
from psl_index.locations import parse_locations
from tests.psl_index.location_reference import reference_rows

COMMENTS = 10
EXAMPLES = (50_000 if os.environ.get("PSLIDX_SOAK") else 5_000) // COMMENTS

TERMS = {
    kind: sorted({row.text for row in vocabulary() if row.kind == kind})
    for kind in ("location", "topology", "orientation")
}
NAMES = [
    "Isoform 2",
    "Isoform Bcl-X(L)",
    "Isoform PSMA'",
    "Cyclin-dependent kinase 5 activator 1, p25",
    "Pyruvate dehydrogenase [acetyl-transferring]",
    "C30; short. Form",
]
CODES = ["ECO:0000250", "ECO:0000255", "ECO:0000269", "ECO:0000305", "ECO:0007744"]
SOURCES = ["", "|PubMed:30680886", "|UniProtKB:P1", "|HAMAP-Rule:MF_00009", "|Ref.57", "|Odd. source; x (y"]
SENTENCES = [
    "Shuttles between nucleus and cytoplasm (PubMed:1, PubMed:2)",
    "At 1.5 mM Ca(2+), e.g. in S.cerevisiae",
    "Isoform 2: Nucleus; [x]: y",
    "Detected by A. B. See Note=this (By similarity)",
]
FREE = [
    "Nuclear",
    "SHUTTLES WITH MRNA",
    "Associated with the inner face, e.g. of vesicles",
    "In C. elegans (only x. y)",
]
PIECES = [
    *"abIx .;:,()[]{}=Nµ",
    *(". ", "; ", ": ", "]: ", "Note=", "Isoform ", " (By similarity)", "(potential)"),
    *("{ECO:1}", " {ECO:2|x. y, ECO:1}", "{ECO:", "e.g.", "sp. ", "Nucleus", "Lipid-anchor", "lumenal side"),
]


def optional(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.none() | strategy


evidence = st.lists(st.tuples(st.sampled_from(CODES), st.sampled_from(SOURCES)), max_size=4)
statements = st.fixed_dictionaries(
    {
        "location": st.sampled_from(TERMS["location"] + FREE),
        "topology": optional(st.sampled_from(TERMS["topology"])),
        "orientation": optional(st.sampled_from(TERMS["orientation"])),
        "flag": optional(st.sampled_from(["By similarity", "Probable", "Potential"])),
        "evidence": evidence,
        "topology evidence": evidence,
    }
)
blocks = st.fixed_dictionaries(
    {
        "molecule": optional(st.sampled_from(NAMES)),
        "statements": st.lists(statements, max_size=4),
        "note": optional(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=3).map(". ".join)),
        "note evidence": evidence,
    }
)


@settings(max_examples=EXAMPLES)
@given(st.lists(blocks, min_size=COMMENTS, max_size=COMMENTS))
def test_rendered_locations_parse_back(drawn: list[dict]) -> None:
    comments = pa.array([rendered(block) for block in drawn], pa.string())
    batch = parse_locations(comments, np.arange(len(drawn), dtype=np.uint32))
    assert batch.to_pylist() == [row for entry, block in enumerate(drawn) for row in expected(entry, block)]


@settings(max_examples=EXAMPLES)
@given(
    st.lists(
        st.lists(
            st.sampled_from(PIECES),
            max_size=25,
        ).map("".join),
        min_size=COMMENTS,
        max_size=COMMENTS,
    )
)
def test_any_text_parses_as_the_reference_does(texts: list[str]) -> None:
    batch = parse_locations(pa.array(texts, pa.string()), np.arange(len(texts), dtype=np.uint32))
    batch.validate(full=True)
    rows = [{"entry": entry} | row for entry, text in enumerate(texts) for row in reference_rows(text)]
    assert batch.to_pylist() == rows


def rendered(block: dict) -> str:
    """A block as a release since 2014 writes it (with the flags that older ones had)."""
    pieces = [f"[{block['molecule']}]:"] if block["molecule"] else []
    for statement in block["statements"]:
        flag = f" ({statement['flag']})" if statement["flag"] else ""
        parts = [statement["location"] + flag + braces(statement["evidence"])]
        parts += [
            statement[name] + braces(statement["topology evidence"])
            for name in ("topology", "orientation")
            if statement[name]
        ]
        pieces.append("; ".join(parts) + ".")
    if block["note"]:
        stop = "." if block["note evidence"] else ""
        pieces.append(f"Note={block['note']}{stop}{braces(block['note evidence'])}.")
    return " ".join(pieces)


def braces(items: list[tuple[str, str]]) -> str:
    return " {" + ", ".join(code + source for code, source in items) + "}" if items else ""


def expected(entry: int, block: dict) -> list[dict]:
    nothing: dict = {"location": None, "topology": None, "orientation": None, "flag": None, "evidence": []}
    rows = block["statements"] or ([nothing] if block["molecule"] or block["note"] else [])
    return [
        {
            "entry": entry,
            "molecule": block["molecule"],
            "location": row["location"],
            "topology": row["topology"],
            "orientation": row["orientation"],
            "evidence": list(dict.fromkeys(code for code, _ in row["evidence"])),
            "flag": row["flag"],
            "note": block["note"],
            "class": class_of(row["location"]) if row["location"] else None,
        }
        for row in rows
    ]
