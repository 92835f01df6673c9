"""The location grammar once more, slow and plain, and comments to try it on."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from psl_index.classes import class_of, vocabulary

EVIDENCE = re.compile(r"\{ECO:[^}]*\}")
CODE = re.compile(r"[{,] *(ECO:[0-9]*)")
ABBREVIATIONS = {"e.g", "i.e", "cf", "vs", "ca", "approx", "resp", "al", "sp", "spp", "subsp"}
KINDS = {
    text.lower(): term.kind
    for term in vocabulary()
    if term.kind in ("topology", "orientation")
    for text in (term.name, term.text)
}
FLAGS = {f"({flag.lower()})": flag for flag in ("By similarity", "Probable", "Potential")}


def real_comments(path: Path) -> list[tuple[str, str]]:
    """Accession and text of each SUBCELLULAR LOCATION block of a gzip flat file."""
    blocks: list[tuple[str, list[str]]] = []
    accession, inside = "", False
    with gzip.open(path, "rt", encoding="latin-1") as lines:
        for line in lines:
            if line.startswith("ID"):
                accession = ""
            if line.startswith("AC") and not accession:
                accession = line[5:].split(";")[0]
            if line.startswith("CC   -!- SUBCELLULAR LOCATION:"):
                inside = True
                blocks.append((accession, [line[30:].strip()]))
            elif inside and line.startswith("CC       "):
                blocks[-1][1].append(line[9:].strip())
            else:
                inside = False
    return [(accession, join_lines(lines)) for accession, lines in blocks]


def join_lines(lines: list[str]) -> str:
    """One text: lines join with a space, and without one after a hyphen."""
    text = ""
    for line in filter(None, lines):
        text += line if not text or text.endswith("-") else f" {line}"
    return text


def reference_rows(comment: str) -> list[dict[str, object]]:
    """Rows of one comment, without `entry`."""
    return _Comment(comment.strip(" ")).rows()


@dataclass
class _Part:
    """Text between semicolons: its span without what trails, and the evidence in it."""

    begin: int
    end: int
    evidence: list[str]


class _Comment:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.parentheses_close = True

    def rows(self) -> list[dict[str, object]]:
        text = self.text
        rows: list[dict[str, object]] = []
        molecule = note = None
        waiting = False
        while self.at < len(text):
            if text.startswith("Note=", self.at):
                note = bare_note(text[self.at + 5 :])
                break
            name = None if waiting else self.name(first=not rows)
            if name is not None:
                molecule, waiting = name, True
                continue
            row = self.row(self.statement())
            if row is not None:
                rows.append({"molecule": molecule or None} | row)
                waiting = False
            self.skip_spaces()
        if waiting or (not rows and note):
            rows.append({"molecule": molecule or None} | row_of({}, [], None))
        return [row | {"note": note or None} for row in rows]

    def name(self, first: bool) -> str | None:
        """Name of the molecule that stands here, passed over."""
        text, at = self.text, self.at
        if text[at] == "[":
            end = text.find("]:", at)
            if end < 0:
                return None
            self.at = end + 2
            self.skip_spaces()
            return text[at + 1 : end]
        for end in range(at, len(text)):
            if text[end] in ";{=" or (text[end] == "." and text[end + 1 : end + 2] in ("", " ")):
                return None
            if text.startswith(": ", end) and end + 3 < len(text):
                isoform = text[at : at + 8].lower() == "isoform " and end > at + 8
                chain = first and end > at and re.match(r"[A-Z][a-z]", text[end + 2 :])
                if not isoform and not chain:
                    return None
                self.at = end + 1
                self.skip_spaces()
                return text[at:end]
        return None

    def statement(self) -> list[_Part]:
        """Parts of the statement that stands here, passed over."""
        parts = []
        part = self.new_part()
        while self.at < len(self.text):
            letter = self.text[self.at]
            evidence = EVIDENCE.match(self.text, self.at)
            if evidence:
                self.at = evidence.end()
                part.evidence.append(evidence[0])
                part.end = part.end if part.end > part.begin else self.at
                continue
            if letter == ";" or (letter == "." and self.ends_statement(part.begin)):
                parts.append(part)
                self.at += 1
                if letter == ".":
                    return parts
                part = self.new_part()
                continue
            self.at = self.after_parentheses() if letter == "(" else self.at + 1
            if letter != " ":
                part.end = self.at
        return [*parts, part]

    def new_part(self) -> _Part:
        self.skip_spaces()
        return _Part(self.at, self.at, [])

    def row(self, parts: list[_Part]) -> dict[str, object] | None:
        spans: dict[str, list[int]] = {}
        column, evidence, flags = None, list[str](), dict[bool, str]()
        for part in parts:
            if part.end == part.begin:
                continue
            bare, flag = without_flag(self.text[part.begin : part.end])
            kind = KINDS.get(bare.lower())
            if column is None:
                column = "location"
            elif kind is not None and kind not in spans:
                column = kind
            spans.setdefault(column, [part.begin, 0])[1] = part.begin + len(bare)
            if column == "location":
                evidence += [code for braces in part.evidence for code in CODE.findall(braces)]
            if flag is not None:
                flags.setdefault(column == "location", flag)
        if column is None:
            return None
        texts = {name: without_evidence(self.text[begin:end]) for name, (begin, end) in spans.items()}
        return row_of(texts, list(dict.fromkeys(evidence)), flags.get(True, flags.get(False)))

    def after_parentheses(self) -> int:
        depth = 0
        for at in range(self.at, len(self.text) if self.parentheses_close else 0):
            depth += {"(": 1, ")": -1}.get(self.text[at], 0)
            if depth == 0:
                return at + 1
        self.parentheses_close = False
        return self.at + 1

    def ends_statement(self, begin: int) -> bool:
        before, after = self.text[begin : self.at].lstrip(" "), self.text[self.at + 1 :]
        if after and not after.startswith(" "):
            return False
        if not after.strip(" ") or not before or after.startswith(" Note=") or before.endswith("}"):
            return True
        word = re.split(r"[ (]", before)[-1]
        if len(word) == 1 and word.isascii():
            return not re.match(r" [a-z]", after)
        return word.lower() not in ABBREVIATIONS

    def skip_spaces(self) -> None:
        while self.at < len(self.text) and self.text[self.at] == " ":
            self.at += 1


def row_of(texts: dict[str, str], evidence: list[str], flag: str | None) -> dict[str, object]:
    location = texts.get("location") or None
    return {
        "location": location,
        "topology": texts.get("topology") or None,
        "orientation": texts.get("orientation") or None,
        "evidence": evidence,
        "flag": flag,
        "class": class_of(location) if location else None,
    }


def without_flag(text: str) -> tuple[str, str | None]:
    """The text before a flag at its end, and the flag."""
    for written, flag in FLAGS.items():
        if text.lower().endswith(written) and text[: -len(written)].strip(" "):
            return without_last_evidence(text[: -len(written)].rstrip(" ")), flag
    return text, None


def bare_note(text: str) -> str:
    """A note without the evidence at its end and the full stops before and after that."""
    text = text.strip(" ").removesuffix(".").rstrip(" ")
    bare = without_last_evidence(text)
    return bare if bare == text else bare.removesuffix(".").rstrip(" ")


def without_last_evidence(text: str) -> str:
    bare = re.sub(r" *\{ECO:[^{}]*\}\Z", "", text)
    return text if bare in (text, "") else without_last_evidence(bare)


def without_evidence(text: str) -> str:
    return re.sub(r" *\{ECO:[^}]*\}", "", text).lstrip(" ")
