"""Make `psl_index/location_classes.tsv` and the generated part of `docs/location-classes.md`.

    python tools/make_location_classes.py subcell.txt [--repository FOLDER]

`subcell.txt` (plain or gzip) is UniProt's controlled vocabulary of subcellular locations; it comes with
every release, in knowledgebase/complete/docs. Only names and synonyms of its terms are kept, beside our
class. After a newer release: run this, read the difference, settle what it refuses (a term that reaches two
classes equally near, a synonym of two classes) in the tables below, and raise
`psl_index.classes.MAP_VERSION`.
"""

from __future__ import annotations

import argparse
import gzip
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from psl_index.classes import CLASSES, MAP_VERSION

ROOTS = {
    "Nucleus": "Nucleus",
    "Cytoplasm": "Cytoplasm",
    "Secreted": "Extracellular",
    "Mitochondrion": "Mitochondrion",
    "Cell membrane": "Cell.membrane",
    "Endoplasmic reticulum": "Endoplasmic.reticulum",
    "Plastid": "Plastid",
    "Golgi apparatus": "Golgi.apparatus",
    "Lysosome": "Lysosome/Vacuole",
    "Vacuole": "Lysosome/Vacuole",
    "Peroxisome": "Peroxisome",
}

# Further roots: terms that the hierarchy leaves without a class. Each counts for everything below it, too.
OVERRIDES = {
    "Chromosome": (
        "Nucleus",
        "stands alone in the hierarchy; the study's word list gives it to Nucleus, and all 8 proteins of "
        "real_sprot with experimental evidence for it that DeepLoc 2.0 labels are Nucleus there",
    ),
    "Sarcoplasmic reticulum": (
        "Endoplasmic.reticulum",
        "the endoplasmic reticulum of muscle, though not linked to it; in the study's word list for it",
    ),
    "Cytoplasmic granule": (
        "Cytoplasm",
        "not linked to Cytoplasm; DeepLoc 2.0 labels all 6 proteins of real_sprot with experimental evidence "
        "for it Cytoplasm, three of which have no other reason",
    ),
    "Endosome": (
        "Lysosome/Vacuole",
        "stands alone in the hierarchy; DeepLoc 2.0 gives the endosome and its kinds to Lysosome/Vacuole "
        "(all 13 proteins of real_sprot with experimental evidence, 10 of them without lysosome or vacuole)",
    ),
    "Phagosome": (
        "Lysosome/Vacuole",
        "a Cytoplasmic vesicle in the hierarchy; DeepLoc 2.0 labels all 6 of its proteins in "
        "real_sprot Lysosome/Vacuole, one of which (P48025) has no other location with experimental evidence",
    ),
    "Prevacuolar compartment": (
        "Lysosome/Vacuole",
        "the late endosome of plants and yeast, so treated as Endosome is",
    ),
    "Extracellular vesicle": (
        "Extracellular",
        "stands under Vesicle only, while Extracellular exosome, its best-known kind, is part of Secreted",
    ),
    "Caveola": (
        "Cell.membrane",
        "an invagination of the plasma membrane (synonym: plasmalemmal vesicle) that the hierarchy has under "
        "Endomembrane system only; both proteins of real_sprot with it and a DeepLoc label are Cell.membrane",
    ),
}

# Synonyms that are left out, each because it would give a text two classes.
DROPPED_SYNONYMS = {
    ("Chromosome", "Chromoplastic stroma"): "belongs to Chromoplast stroma, which lists it as well",
    ("Caveola", "Membrane microdomain"): "is a synonym of Membrane raft, too, which has no class",
}

# Words of the free text before 2008 that are no synonym in today's vocabulary.
ADJECTIVES = {
    "Nucleolar": "Nucleus",
    "Nucleoplasmic": "Nucleus",
    "Chromosomal": "Nucleus",
    "Cytoplasmic": "Cytoplasm",
    "Cytosolic": "Cytoplasm",
    "Cytoskeletal": "Cytoplasm",
    "Sarcoplasmic": "Cytoplasm",
    "Extracellular": "Extracellular",
    "Secretory": "Extracellular",
    "Secreted protein": "Extracellular",
    "Apoplastic": "Extracellular",
    "Mitochondrial": "Mitochondrion",
    "Mitochondria": "Mitochondrion",
    "Plasma-membrane": "Cell.membrane",
    "Plasma membranes": "Cell.membrane",
    "Endoplasmic reticular": "Endoplasmic.reticulum",
    "ER": "Endoplasmic.reticulum",
    "ER membrane": "Endoplasmic.reticulum",
    "ER lumen": "Endoplasmic.reticulum",
    "Microsomal": "Endoplasmic.reticulum",
    "Microsomes": "Endoplasmic.reticulum",
    "Plastidial": "Plastid",
    "Plastidic": "Plastid",
    "Chloroplastic": "Plastid",
    "Chloroplasts": "Plastid",
    "Cyanellar": "Plastid",
    "Golgi": "Golgi.apparatus",
    "Golgi complex": "Golgi.apparatus",
    "Golgi membrane": "Golgi.apparatus",
    "Lysosomal": "Lysosome/Vacuole",
    "Lysosomes": "Lysosome/Vacuole",
    "Vacuolar": "Lysosome/Vacuole",
    "Vacuoles": "Lysosome/Vacuole",
    "Tonoplast": "Lysosome/Vacuole",
    "Endosomal": "Lysosome/Vacuole",
    "Peroxisomal": "Peroxisome",
    "Peroxisomes": "Peroxisome",
    "Glycosomal": "Peroxisome",
    "Glyoxysomal": "Peroxisome",
    "Microbody": "Peroxisome",
    "Microbodies": "Peroxisome",
}

KINDS = {"ID": "location", "IT": "topology", "IO": "orientation"}
BEGIN, END = "<!-- made by tools/make_location_classes.py: begin -->", "<!-- end -->"


@dataclass
class Term:
    """One entry of subcell.txt."""

    kind: str
    name: str
    text: str = ""  # as it stands in entries (SL line)
    synonyms: list[str] = field(default_factory=list)
    parents: list[str] = field(default_factory=list)  # is-a and part-of


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vocabulary", type=Path, help="subcell.txt or subcell.txt.gz")
    parser.add_argument("--repository", type=Path, default=Path(__file__).resolve().parent.parent)
    arguments = parser.parse_args()
    release, terms = read_vocabulary(arguments.vocabulary)
    classes = classes_of_terms(terms)
    check_synonyms(terms, classes)
    table = arguments.repository / "psl_index" / "location_classes.tsv"
    table.write_text(render_table(release, terms, classes), encoding="utf-8")
    page = arguments.repository / "docs" / "location-classes.md"
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n{render_docs(release, terms, classes)}{END}{after}", encoding="utf-8")


def read_vocabulary(path: Path) -> tuple[str, list[Term]]:
    """Release and terms of a subcell.txt, plain or gzip."""
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    text = content.decode("utf-8")
    release = re.search(r"^Release:\s+(\S+)", text, re.MULTILINE)
    if release is None:
        raise SystemExit(f"{path}: no Release line, so not a subcell.txt")
    return release[1], [_term(lines) for lines in _entries(text)]


def classes_of_terms(terms: Iterable[Term]) -> dict[str, str | None]:
    """Class of each location by name: that of the nearest root over is-a and part-of, itself included."""
    decided = ROOTS | {name: psl_class for name, (psl_class, _) in OVERRIDES.items()}
    locations = {term.name: term for term in terms if term.kind == "location"}
    unknown = (decided.keys() | {name for name, _ in DROPPED_SYNONYMS}) - locations.keys()
    if unknown:
        raise SystemExit(f"not in the vocabulary any more: {', '.join(sorted(unknown))}")
    return {name: _nearest(name, locations, decided) for name in locations}


def check_synonyms(terms: Iterable[Term], classes: Mapping[str, str | None]) -> None:
    """Refuse a text that would name terms of two classes."""
    named: dict[str, set[str | None]] = {}
    for term in terms:
        if term.kind == "location":
            for text in {term.name, term.text, *_kept_synonyms(term)}:
                named.setdefault(text.lower(), set()).add(classes[term.name])
    disputed = sorted(text for text, found in named.items() if len(found) > 1)
    if disputed:
        raise SystemExit(f"of two classes, settle in DROPPED_SYNONYMS: {', '.join(disputed)}")


def render_table(release: str, terms: Iterable[Term], classes: Mapping[str, str | None]) -> str:
    """The TSV: one row a term in the vocabulary's order, then the adjectives."""
    lines = [
        f"# map version {MAP_VERSION}; names and synonyms: UniProt controlled vocabulary of subcellular "
        f"locations, release {release}, CC BY 4.0, (c) UniProt Consortium; class: this project",
        "kind\tterm\ttext\tsynonyms\tclass",
    ]
    for term in terms:
        synonyms = "|".join(_kept_synonyms(term))
        lines.append("\t".join((term.kind, term.name, term.text, synonyms, classes.get(term.name) or "")))
    lines += [f"adjective\t{word}\t{word}\t\t{psl_class}" for word, psl_class in ADJECTIVES.items()]
    return "\n".join(lines) + "\n"


def render_docs(release: str, terms: Iterable[Term], classes: Mapping[str, str | None]) -> str:
    """The part of the page that follows from the tables."""
    counts = Counter(classes.values())
    return "\n".join(_docs_lines(release, [t for t in terms if t.kind == "location"], classes, counts)) + "\n"


def _entries(text: str) -> Iterator[list[str]]:
    lines: list[str] = []
    for line in text.splitlines():
        if re.match(r"I[DTO]   ", line):
            lines = [line]
        elif line == "//" and lines:
            yield lines
            lines = []
        elif lines:
            lines.append(line)


def _term(lines: list[str]) -> Term:
    values: dict[str, list[str]] = {}
    for line in lines:
        values.setdefault(line[:2], []).append(line[5:].strip())
    kind = lines[0][:2]
    synonyms = " ".join(values.get("SY", [])).rstrip(".").split(";")
    return Term(
        KINDS[kind],
        " ".join(values[kind]).rstrip("."),
        " ".join(values["SL"]).rstrip("."),
        [synonym.strip() for synonym in synonyms if synonym.strip()],
        [parent.rstrip(".") for parent in values.get("HI", []) + values.get("HP", [])],
    )


def _nearest(name: str, locations: Mapping[str, Term], decided: Mapping[str, str]) -> str | None:
    seen, level = {name}, [name]
    while level:
        found = {decided[term] for term in level if term in decided}
        if len(found) > 1:
            raise SystemExit(f"{name} is equally near to {', '.join(sorted(found))}: settle in OVERRIDES")
        if found:
            return found.pop()
        parents = dict.fromkeys(parent for term in level for parent in locations[term].parents)
        level = [parent for parent in parents if parent not in seen]
        seen.update(level)
    return None


def _kept_synonyms(term: Term) -> list[str]:
    return [synonym for synonym in term.synonyms if (term.name, synonym) not in DROPPED_SYNONYMS]


def _docs_lines(
    release: str, locations: list[Term], classes: Mapping[str, str | None], counts: Mapping[str | None, int]
) -> Iterator[str]:
    yield f"Map version {MAP_VERSION}, made from release {release}: {len(locations)} locations,"
    yield f"{len(locations) - counts[None]} with a class and {counts[None]} without.\n"
    yield "## Roots\n"
    yield "| class | roots | terms |\n| --- | --- | --- |"
    for psl_class in CLASSES:
        roots = ", ".join(root for root, its_class in ROOTS.items() if its_class == psl_class)
        yield f"| {psl_class} | {roots} | {counts[psl_class]} |"
    yield "\n## Overrides\n"
    yield "Further roots, which count for everything below them as well.\n"
    yield "| term | class | reason |\n| --- | --- | --- |"
    for name, (psl_class, reason) in OVERRIDES.items():
        yield f"| {name} | {psl_class} | {reason} |"
    yield "\nSynonyms of the vocabulary that are left out:\n"
    for (name, synonym), reason in DROPPED_SYNONYMS.items():
        yield f'- "{synonym}" of {name}: {reason}.'
    yield "\n## Adjectives and plurals\n"
    for psl_class in CLASSES:
        yield f"- {psl_class}: {', '.join(word for word, its in ADJECTIVES.items() if its == psl_class)}."
    yield "\n## Terms without a class\n"
    none = [term.name for term in locations if classes[term.name] is None]
    foreign = [name for name in none if name.split()[0] in ("Host", "Target")]
    yield f"In another organism's cell, so never a class ({len(foreign)}): {', '.join(foreign)}.\n"
    rest = [name for name in none if name not in foreign]
    yield f"Under no root ({len(rest)}): {', '.join(rest)}."


if __name__ == "__main__":
    main()
