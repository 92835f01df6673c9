"""A slow, plain reader of flat files: what the kernels must find, a line at a time, in Python's own terms."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pyarrow as pa

from psl_index.crc64 import crc64_of
from psl_index.schemas import FEATURE_TYPES

_TEXT_CODES = ("AC", "DE", "GN", "OS", "OC")
_CODES = {"ID", "DT", "OX", "PE", "SQ", "  ", *_TEXT_CODES}
_MOST = 2**32 - 1
_POSITION = r"(?:[<>?]?[0-9]+|\?)"
_NEW_LOCATION = re.compile(rf"([^: ]*:)?({_POSITION})(?:\.\.({_POSITION}))?")
_OLD_LOCATION = re.compile(rf" *({_POSITION}) +({_POSITION})(?: +(.*))?")


class BadEntry(Exception):
    """The entry is to be refused."""


class Entry(NamedTuple):
    """What an entry says: its row, its features, the texts of its SUBCELLULAR LOCATION blocks."""

    row: dict[str, Any]
    features: list[tuple[Any, ...]]
    comments: list[str]


def read_entries(content: bytes) -> list[Entry | None]:
    """The entries of a file in order, None for each bad one."""
    text = content.decode("latin-1")
    lines = text.split("\n")
    entries: list[Entry | None] = []
    begin = 0
    for number, line in enumerate(lines):
        if line.startswith("//"):
            try:
                entries.append(_entry(lines[begin:number]))
            except BadEntry:
                entries.append(None)
            begin = number + 1
    if any(line.strip() for line in lines[begin:]):
        entries.append(None)
    return entries


def _entry(lines: list[str]) -> Entry:
    contents = _contents(lines)
    _need(len(contents["ID"]) == 1)
    before = lines[: next(at for at, line in enumerate(lines) if line[:2] == "ID" and len(line) > 1)]
    _need(all(letter <= " " for line in before for letter in line))
    texts = {code: _joined(contents[code]) for code in _TEXT_CODES}
    name, reviewed, length = _identity(contents["ID"][0])
    stated_length, checksum = _summary(contents["SQ"])
    sequence = "".join(contents["  "]).replace(" ", "").upper()
    crc64 = crc64_of(pa.array([sequence], pa.string()))[0].as_py()
    _need(len(sequence) == length == stated_length > 0)
    _need(checksum in (None, crc64))
    features, notes = _features(contents["FT"])
    comments = _comments(contents["CC"])
    _need(not any("\0" in text for text in (name, *texts.values(), *notes, *comments)))
    accessions = _items(texts["AC"])
    _need(bool(accessions))
    sequence_version, entry_version = _versions(contents["DT"])
    protein_name, fragment = _description(texts["DE"])
    row = {
        "accession": accessions[0],
        "entry_name": _decoded(name),
        "secondary_accessions": accessions[1:],
        "protein_name": _decoded(protein_name),
        "gene_name": _decoded(_gene(texts["GN"])),
        "organism": _decoded(texts["OS"].removesuffix(".")),
        "taxon_id": _taxon(contents["OX"]),
        "lineage": _items(texts["OC"].removesuffix(".")),
        "reviewed": reviewed,
        "fragment": fragment,
        "protein_existence": _existence(contents["PE"]),
        "sequence_version": sequence_version,
        "entry_version": entry_version,
        "length": length,
        "sequence": sequence,
        "crc64": crc64,
    }
    return Entry(row, features, comments)


def _contents(lines: list[str]) -> dict[str, list[str]]:
    """Contents of the lines of interest, from the sixth column on, by line code."""
    contents: dict[str, list[str]] = {code: [] for code in (*_CODES, "CC", "FT")}
    in_comment = in_feature = False
    for line in lines:
        code = line[:2]
        if code == "CC":
            if len(line) >= 8 and line[5] == "-":
                in_comment = line[5:16] == "-!- SUBCELL"
            wanted = in_comment
        elif code == "FT":
            if len(line) >= 8 and line[5] != " ":
                in_feature = any(line[6:8] == name[1:3] for name in FEATURE_TYPES)
            wanted = in_feature
        else:
            wanted = code in _CODES
        if not wanted:
            continue
        line = line.rstrip(" \t\r")
        _need(len(line) <= 2 or line[2:5] == "   ")
        if code == "  " and line[5:]:
            _need(bool(contents["SQ"]))
            _need(bool(re.fullmatch(r"(?:[A-Za-z]{10} )*[A-Za-z]{1,10}", line[5:])))
        contents[code].append(line[5:])
    return contents


def _identity(content: str) -> tuple[str, bool | None, int]:
    match = re.match(r"([^ ]*+) *+(([^ ]*+) *+(?:PRT; *+)?+([0-9]++) *+AA)", content)
    _need(match is not None)
    assert match
    length = int(match[4])
    _need(length <= _MOST)
    reviewed = None
    if match[2].startswith(("STANDARD;", "Reviewed;")):
        reviewed = True
    elif match[2].startswith(("PRELIMINARY;", "Unreviewed;")):
        reviewed = False
    return match[1], reviewed, length


def _summary(contents: list[str]) -> tuple[int, str | None]:
    _need(len(contents) == 1)
    (content,) = contents
    match = re.match(r"SEQUENCE ++([0-9]++) *+AA", content)
    _need(match is not None)
    assert match
    content = content.removesuffix(";")
    checksum = None
    if content.endswith(" CRC64") and len(content) > 22:
        checksum = content[-22:-6]
        _need(bool(re.fullmatch(" [0-9A-F]{16} CRC64", content[-23:])))
    return int(match[1]), checksum


def _versions(contents: list[str]) -> tuple[int | None, int | None]:
    versions: list[int | None] = [None, None]
    for content in contents:
        rest = content[len(content.partition(",")[0]) :]
        for at, start in enumerate((", sequence version ", ", entry version ")):
            if rest.startswith(start):
                digits = re.match("[0-9]*", rest.removeprefix(start))
                assert digits
                version = int(digits[0] or _MOST + 1)
                versions[at] = version if version <= _MOST else None
    return versions[0], versions[1]


def _taxon(contents: list[str]) -> int | None:
    if not contents:
        return None
    match = re.match("NCBI_TaxID=([0-9]+)(?:[;, ]|$)", contents[0])
    _need(match is not None and int(match[1]) <= _MOST)
    assert match
    return int(match[1])


def _existence(contents: list[str]) -> int | None:
    existence = None
    for content in contents:
        match = re.match("0*([1-5]):", content)
        _need(match is not None)
        assert match
        existence = int(match[1])
    return existence


def _description(text: str) -> tuple[str, bool]:
    if text.startswith(("RecName: ", "SubName: ", "AltName: ", "Flags: ")):
        flags = text.find("Flags: ")
        return _value(text, "Full=", ";"), flags >= 0 and "Fragment" in text[flags:]
    fragment = bool(re.search(r"\(fragments?\)", text, re.IGNORECASE | re.ASCII))
    text = text.removesuffix(".")
    while text.endswith((")", "]")):
        depth = 0
        at = len(text)
        while at > 0:
            at -= 1
            depth += (text[at] in ")]") - (text[at] in "([")
            if depth == 0:
                break
        if depth or at == 0 or text[at - 1] != " ":
            break
        text = text[: at - 1]
    return text, fragment


def _gene(text: str) -> str:
    if text.startswith("Name="):
        return _value(text, "Name=", ";")
    for key in ("OrderedLocusNames=", "ORFNames=", "Synonyms="):
        if text.startswith(key):
            first = text.partition("; and ")[0]
            return _value(first, "; Name=", ";") if "; Name=" in first else _value(first, key, ";,")
    return re.split(r" OR | AND |\)", text.removesuffix(".").lstrip("("), maxsplit=1)[0]


def _value(text: str, key: str, ends: str) -> str:
    _, found, rest = text.partition(key)
    return re.split(rf"[{ends}](?= |$)| {{ECO:", rest, maxsplit=1)[0] if found else ""


def _comments(contents: list[str]) -> list[str]:
    blocks: list[list[str]] = []
    inside = False
    for content in contents:
        if content.startswith("-!- SUBCELLULAR LOCATION:"):
            blocks.append([content.removeprefix("-!- SUBCELLULAR LOCATION:").lstrip(" ")])
            inside = True
        elif content.startswith("-"):
            inside = False
        elif inside:
            blocks[-1].append(content.lstrip(" "))
    return [_decoded(_joined(block)) or "" for block in blocks]


def _features(contents: list[str]) -> tuple[list[tuple[Any, ...]], list[str]]:
    """Rows of features, and their notes before they are decoded."""
    features: list[tuple[str, int | None, int | None]] = []
    notes: list[list[str]] = []
    old: list[bool] = []
    in_feature = in_note = False
    for content in contents:
        if not content:
            continue
        if content[0] != " ":
            name = content[:8].rstrip(" ")
            in_feature = name in FEATURE_TYPES
            if not in_feature:
                continue
            in_note = bool(content[8:16].strip(" "))
            old.append(in_note)
            match = (
                _OLD_LOCATION.fullmatch(content[8:]) if in_note else _NEW_LOCATION.fullmatch(content[8:].lstrip(" "))
            )
            _need(match is not None)
            assert match
            if in_note:
                features.append((name, _position(match[1]), _position(match[2])))
                notes.append([match[3] or ""])
            else:
                positions = _position(match[2]), _position(match[3] or match[2])
                features.append((name, *((None, None) if match[1] else positions)))
                notes.append([])
        elif in_feature:
            content = content.lstrip(" ")
            if old[-1]:
                in_note = in_note and not content.startswith("/FTId=")
            elif content.startswith('/note="'):
                in_note = True
                content = content.removeprefix('/note="')
            elif re.match("/[a-z_]+=", content):
                in_note = False
            if in_note:
                if not old[-1] and content.endswith('"'):
                    in_note = False
                    content = content[:-1]
                notes[-1].append(content)
    texts = [*map(_joined, notes)]
    trimmed = [_trimmed(text) if is_old else text for text, is_old in zip(texts, old, strict=True)]
    return [(*feature, _decoded(text)) for feature, text in zip(features, trimmed, strict=True)], trimmed


def _position(text: str) -> int | None:
    digits = text.lstrip("<>?")
    _need(not digits or 0 < int(digits) <= _MOST)
    return int(digits) if digits else None


def _trimmed(text: str) -> str:
    text = text.removesuffix(".")
    at = text.rfind("{")
    if text.endswith("}") and text.startswith("{ECO:", max(at, 0)):
        text = text[:at].rstrip(" ").removesuffix(".")
    return text


def _joined(contents: list[str]) -> str:
    joined = ""
    for content in contents:
        if content:
            hyphen = joined.endswith("-") and not joined.endswith(" -")
            joined += (" " if joined and not hyphen else "") + content
    return joined


def _items(text: str) -> list[str | None]:
    return [_decoded(item.strip(" ")) for item in text.split(";") if item.strip(" ")]


def _decoded(text: str) -> str | None:
    try:
        return text.encode("latin-1").decode() or None
    except UnicodeDecodeError:
        return text


def _need(good: bool) -> None:
    if not good:
        raise BadEntry
