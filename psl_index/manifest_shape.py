"""What a manifest must say, field by field: types, names of files, and numbers that fit each other.

A digest finds damage; a program that writes nonsense gives it the right digest. Names are fixed, so that none can lead
out of the index, and numbers are what kernels and Arrow later rely on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from psl_index._search_kernels import BLOCK_BITS
from psl_index.order import MAX_DEPTH, MIN_DEPTH, PADDING

# A pattern is a type, a value, a range of int, a regular expression, a tuple of patterns of which one must fit, the
# pattern of all elements of a list in a list, or a dict with the patterns of its fields.
_DIGEST: Final = re.compile("[0-9a-f]{32}")
_SHA256: Final = re.compile("[0-9a-f]{64}")
_MOST: Final = 1 << 63
_COUNT: Final = range(_MOST)
_SOME: Final = range(1, _MOST)

_NAMES: Final = {str: "text", int: "a whole number", dict: "an object", list: "a list"}
_WHOLE: Final = {
    "format": str,
    "format_version": int,
    "release": (str, None),
    "sources": [{"name": str, "format": str, "size": _COUNT, "sha256": _SHA256, "skipped": _COUNT}],
    "parameters": dict,
    "tools": dict,
    "entries": _SOME,
    "residues": _SOME,
    "shards": [dict],
}
_NUMBERS: Final = {
    "first_entry": _COUNT,
    "entries": _SOME,
    "residues": _SOME,
    "depth": range(MIN_DEPTH, MAX_DEPTH + 1),
    "n_regular": _COUNT,
}


def misfit(body: dict[str, Any]) -> str | None:
    """The first thing in a manifest without its digest that cannot be so, None where all is well."""
    return next(_misfits(body), None)


def _misfits(body: dict[str, Any]) -> Iterator[str]:
    yield from _against(_WHOLE, body, "")
    first_entry = residues = 0
    for number, shard in enumerate(body["shards"]):
        yield from _shard_misfits(shard, f"shards[{number}]", f"shard-{number:04d}", first_entry)
        first_entry += shard["entries"]
        residues += shard["residues"]
    yield from _against({"entries": first_entry, "residues": residues}, body, "", others=True)


def _shard_misfits(shard: dict[str, Any], place: str, folder: str, first_entry: int) -> Iterator[str]:
    yield from _against(_NUMBERS, shard, place, others=True)
    entries, residues = shard["entries"], shard["residues"]
    text = residues + entries + PADDING
    counts = {
        "text": ("u1", text),
        "starts": ("u4", entries + 1),
        "block_entry": ("u4", -(-text >> BLOCK_BITS)),
        "pos": ("u4", residues),
        "tail": ("u4", residues),
        "table": ("u4", 20 ** shard["depth"] + 1),
    }
    rows = {"entries": entries, "locations": _COUNT, "features": _COUNT}
    sections = {
        name: {"file": f"{name}.bin", "dtype": dtype, "count": count, "xxh128": _DIGEST}
        for name, (dtype, count) in counts.items()
    }
    tables = {
        name: {"file": f"{name}.parquet", "rows": number, "n_bytes": _SOME, "xxh128": _DIGEST}
        for name, number in rows.items()
    }
    whole = _NUMBERS | {
        "folder": folder,
        "first_entry": first_entry,
        "n_regular": range(residues + 1),
        "sections": sections,
        "tables": tables,
    }
    yield from _against(whole, shard, place)


def _against(pattern: Any, value: Any, place: str, *, others: bool = False) -> Iterator[str]:
    """What in `value` does not fit; with `others` there may be fields that the pattern does not have."""
    if isinstance(pattern, dict) and type(value) is dict:
        inner = {name: f"{place}.{name}".removeprefix(".") for name in (*pattern, *value)}
        yield from (f"{inner[name]} is missing" for name in pattern if name not in value)
        yield from (f"{inner[name]} is not known" for name in value if name not in pattern and not others)
        for name in pattern:
            yield from _against(pattern[name], value[name], inner[name])
    elif isinstance(pattern, list) and type(value) is list and value:
        for number, element in enumerate(value):
            yield from _against(pattern[0], element, f"{place}[{number}]")
    elif not _fits(pattern, value):
        yield f"{place} is {_shown(value)}, expected {_named(pattern)}"


def _fits(pattern: Any, value: Any) -> bool:
    if isinstance(pattern, type):
        return type(value) is pattern
    if isinstance(pattern, tuple):
        return any(_fits(one, value) for one in pattern)
    if isinstance(pattern, range):
        return type(value) is int and value in pattern
    if isinstance(pattern, re.Pattern):
        return type(value) is str and pattern.fullmatch(value) is not None
    return type(value) is type(pattern) and bool(value == pattern)


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return _NAMES[type(value)] if value else f"empty ({_NAMES[type(value)]})"
    return ascii(value)[:60]


def _named(pattern: Any) -> str:
    if isinstance(pattern, tuple):
        return " or ".join(map(_named, pattern))
    if isinstance(pattern, range):
        return f"a number from {pattern.start}" + (f" to {pattern[-1]}" if pattern.stop < _MOST else "")
    if isinstance(pattern, type | dict):
        return _NAMES[pattern if isinstance(pattern, type) else dict]
    if isinstance(pattern, list):
        return "a list with something in it"
    if pattern is None:
        return "null"
    return repr(pattern.pattern if isinstance(pattern, re.Pattern) else pattern)
