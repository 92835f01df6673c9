"""Pools of text that entries are put together from: references, comments, cross-references, keywords.

Everything is drawn once for a file; an entry takes some pieces of each pool.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from psl_eval.synthetic.location_comments import location_comments, with_evidence
from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.names import author, organisms
from psl_eval.synthetic.wrapping import FIRM_BLANK, wrapped, wrapped_comment

_REFERENCES: Final = 600
_COMMENTS: Final = 400
_DOMAINS: Final = 400
_WORDS: Final = (
    *(
        "binding",
        "structure",
        "of",
        "the",
        "conserved",
        "domain",
        "in",
        "assembly",
        "regulates",
        "a",
        "novel",
    ),
    *(
        "transport",
        "and",
        "folding",
        "during",
        "early",
        "development",
        "stress",
        "response",
        "catalytic",
        "subunit",
    ),
    *(
        "interaction",
        "with",
        "membrane",
        "trafficking",
        "requires",
        "phosphorylation",
        "complex",
        "family",
        "protein",
    ),
    *(
        "essential",
        "for",
        "growth",
        "mediates",
        "signaling",
        "pathway",
        "characterization",
        "molecular",
        "cloning",
    ),
)
_SCOPES: Final = (
    *("NUCLEOTIDE SEQUENCE [GENOMIC DNA]", "NUCLEOTIDE SEQUENCE [MRNA]", "FUNCTION", "SUBCELLULAR LOCATION"),
    *("NUCLEOTIDE SEQUENCE [LARGE SCALE GENOMIC DNA]", "X-RAY CRYSTALLOGRAPHY (2.10 ANGSTROMS)", "SUBUNIT"),
    *("IDENTIFICATION BY MASS SPECTROMETRY [LARGE SCALE ANALYSIS]", "TISSUE SPECIFICITY", "INDUCTION"),
)
_TOPICS: Final = (
    *("FUNCTION", "SUBUNIT", "TISSUE SPECIFICITY", "INDUCTION", "DOMAIN", "DISRUPTION PHENOTYPE", "PTM"),
    *("MISCELLANEOUS", "DEVELOPMENTAL STAGE", "CAUTION"),
)
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True)
class Prose:
    """Pieces of entries, each one or more whole lines.

    Attributes
    ----------
    references : list of str
        RP to RL lines, without RN.
    comments : list of str
        CC blocks.
    locations : list of list of str
        CC blocks with the location, by residence; ``@`` stands for the accession.
    domains : list of str
        DR lines that a family shares.
    keywords : list of str
        KW lines, by residence.
    organisms : list of list of str
        OS, OC and OX lines, by group and number as in `names.organisms`.
    """

    references: list[str]
    comments: list[str]
    locations: list[list[str]]
    domains: list[str]
    keywords: list[str]
    organisms: list[list[str]]


def draw_prose(rng: np.random.Generator) -> Prose:
    """Fill the pools."""
    return Prose(
        references=[_reference(rng) for _ in range(_REFERENCES)],
        comments=[_comment(rng) for _ in range(_COMMENTS)],
        locations=location_comments(rng),
        domains=[_domains(rng) for _ in range(_DOMAINS)],
        keywords=[wrapped("KW", _keywords(residence.classes)) for residence in RESIDENCES],
        organisms=[
            [
                wrapped("OS", f"{organism.name}.")
                + wrapped("OC", f"{organism.lineage}.")
                + f"OX   NCBI_TaxID={organism.taxon_id};\n"
                for organism in group
            ]
            for group in organisms()
        ],
    )


def date(day: int) -> str:
    """A date as in DT lines, `day` counted from the beginning of 1990 in months of 28 days."""
    return f"{1 + day % 28:02d}-{_MONTHS[day // 28 % 12]}-{1990 + day // 336}"


def _sentence(rng: np.random.Generator, least: int, most: int) -> str:
    words = rng.integers(0, len(_WORDS), int(rng.integers(least, most)))
    return " ".join(_WORDS[index] for index in words).capitalize()


def _reference(rng: np.random.Generator) -> str:
    scopes = ", ".join(_SCOPES[index] for index in sorted(set(rng.integers(0, len(_SCOPES), 2).tolist())))
    pubmed = int(rng.integers(90_000_000, 99_999_999))
    authors = ", ".join(
        author(int(number)).replace(" ", FIRM_BLANK) for number in rng.integers(0, 5000, 1 + rng.geometric(0.11))
    )
    pages = int(rng.integers(1, 9000))
    year = int(rng.integers(1990, 2025))
    return (
        wrapped("RP", f"{scopes}.")
        + ("RC   STRAIN=Synthetica 1;\n" if rng.random() < 0.3 else "")
        + f"RX   PubMed={pubmed}; DOI=10.9999/syn.{pubmed}.{pages};\n"
        + wrapped("RA", f"{authors};")
        + wrapped("RT", f'"{_sentence(rng, 8, 22)}.";')
        + f"RL   J. Synth. Biol. {int(rng.integers(1, 400))}:{pages}-{pages + 9}({year}).\n"
    )


def _comment(rng: np.random.Generator) -> str:
    topic = _TOPICS[min(int(rng.geometric(0.25)) - 1, len(_TOPICS) - 1)]
    sentences = ". ".join(_sentence(rng, 8, 25) for _ in range(int(rng.integers(1, 4))))
    return wrapped_comment(topic, with_evidence(f"{sentences}.", rng))


def _domains(rng: np.random.Generator) -> str:
    lines = [f"DR   OrthoDB; {rng.integers(1, 10**7)}at2759; -.\n", "DR   Proteomes; UP900000001; Genome.\n"]
    for _ in range(int(rng.integers(4, 13))):
        aspect = ("C:", "F:", "P:")[int(rng.integers(3))]
        term = _sentence(rng, 2, 6).lower()
        lines.append(f"DR   GO; GO:9{rng.integers(10**5, 10**6)}; {aspect}{term}; IEA:UniProtKB-KW.\n")
    name = _sentence(rng, 2, 4).replace(" ", "_")
    number = int(rng.integers(10_000, 99_999))
    lines.append(f"DR   Gene3D; 9.{number % 90}.{number % 1000}.10; {name}; 1.\n")
    lines += [f"DR   InterPro; IPR9{number + place}; {name}_{place}.\n" for place in range(int(rng.integers(2, 6)))]
    lines.append(f"DR   PANTHER; PTHR9{number}; {name.upper().replace('_', ' ')}; 1.\n")
    lines.append(f"DR   Pfam; PF9{number}; {name}; 1.\n")
    lines.append(f"DR   SUPFAM; SSF9{number}; {name}; 1.\n")
    return "".join(lines)


def _keywords(classes: tuple[str, ...]) -> str:
    words = {
        "3D-structure",
        "Reference proteome",
        "Phosphoprotein",
        "ATP-binding",
        "Synthetic proteome",
        *classes,
    }
    return f"{'; '.join(sorted(word.replace('.', ' ') for word in words))}."
