"""The manifest: what an index holds, file by file, and where it came from.

It is one JSON file in one canonical form with a digest over all it says, so that a single changed bit is noticed.
No times, absolute paths, host names or thread counts: the same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

from psl_index.errors import InvalidIndexError
from psl_index.sections import FORMAT_VERSION, Section

FILE_NAME: Final = "manifest.json"

_KIND: Final = "pslidx index"
_SECTIONS: Final = {"text", "starts", "block_entry", "pos", "tail", "table"}
_TABLES: Final = {"entries", "locations", "features"}


@dataclass(frozen=True)
class SourceRecord:
    """A file the index was built from."""

    name: str  # base name, `-` for standard input
    format: str  # flat file, fasta or table
    size: int  # bytes, as stored (compressed)
    sha256: str  # of those bytes
    skipped: int  # bad entries passed over


@dataclass(frozen=True)
class TableFile:
    """One Parquet table of a shard."""

    file: str
    rows: int
    n_bytes: int
    xxh128: str  # of the file


@dataclass(frozen=True)
class ShardRecord:
    """One shard: consecutive entries with their own text, order and tables."""

    folder: str
    first_entry: int
    entries: int
    residues: int
    depth: int  # residues in a word of the table
    n_regular: int  # rows of `pos` whose first `depth` residues are standard
    sections: Mapping[str, Section]
    tables: Mapping[str, TableFile]


@dataclass(frozen=True)
class Manifest:
    """What an index holds."""

    release: str | None
    sources: tuple[SourceRecord, ...]
    parameters: Mapping[str, Any]
    tools: Mapping[str, str]
    entries: int
    residues: int
    shards: tuple[ShardRecord, ...]
    digest: str = ""

    @property
    def folder(self) -> str:
        """Name of the folder, beside the manifest, that holds the shards."""
        return self.digest[:16]

    @property
    def n_bytes(self) -> int:
        """Size of all files the manifest names."""
        return sum(
            sum(section.n_bytes for section in shard.sections.values())
            + sum(table.n_bytes for table in shard.tables.values())
            for shard in self.shards
        )

    def with_digest(self) -> Manifest:
        """The same with the digest over all it says."""
        return replace(self, digest=_digest(self._body()))

    def to_bytes(self) -> bytes:
        """The canonical form."""
        return _canonical(self._body() | {"digest": self.digest})

    def _body(self) -> dict[str, Any]:
        body = asdict(self) | {"format": _KIND, "format_version": FORMAT_VERSION}
        del body["digest"]
        return body


def read_manifest(index: Path) -> Manifest:
    """Read and check the manifest of the index folder `index`.

    Raises
    ------
    InvalidIndexError
        There is none, it is damaged, or it is of another format version.
    """
    path = index / FILE_NAME
    try:
        written = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        raise InvalidIndexError(
            f"is not an index: there is no {FILE_NAME} in it",
            file=str(index),
            remedy="make one with `pslidx build SOURCE -o INDEX`",
        ) from None
    return parse_manifest(written, path)


def parse_manifest(written: bytes, path: Path) -> Manifest:
    """Check the bytes of a manifest and turn them into one; `path` is for messages."""
    damaged = InvalidIndexError("is damaged", file=str(path), remedy="build the index again")
    try:
        body = json.loads(written)
    except (ValueError, RecursionError):
        raise damaged from None
    if not isinstance(body, dict) or body.get("format") != _KIND:
        raise InvalidIndexError("is not the manifest of a pslidx index", file=str(path), remedy="build the index again")
    version = body.get("format_version")
    if isinstance(version, int) and version != FORMAT_VERSION:
        age, remedy = (
            ("older", "build the index again with `pslidx build`")
            if version < FORMAT_VERSION
            else ("newer", "update pslidx (`pip install -U pslidx`) or build the index again")
        )
        raise InvalidIndexError(
            f"has format version {version}, {age} than this program's {FORMAT_VERSION}",
            file=str(path),
            remedy=remedy,
        )
    digest = body.pop("digest", None)
    if digest != _digest(body) or written != _canonical(body | {"digest": digest}):
        raise damaged
    try:
        del body["format"], body["format_version"]
        manifest = Manifest(
            **body
            | {
                "digest": digest,
                "sources": tuple(SourceRecord(**source) for source in body["sources"]),
                "shards": tuple(_shard(shard) for shard in body["shards"]),
            }
        )
    except (KeyError, TypeError, AttributeError):
        raise damaged from None
    if not _adds_up(manifest):
        raise damaged
    return manifest


def is_manifest(path: Path) -> bool:
    """Whether a file is the manifest of an index, of any version, or was before it was damaged."""
    return path.is_file() and _KIND.encode() in path.read_bytes()


def _shard(record: dict[str, Any]) -> ShardRecord:
    sections = {name: Section(**section) for name, section in record["sections"].items()}
    tables = {name: TableFile(**table) for name, table in record["tables"].items()}
    return ShardRecord(**record | {"sections": sections, "tables": tables})


def _adds_up(manifest: Manifest) -> bool:
    """Whether the shards follow each other, make up the whole, and have the parts that an index has."""
    numbers = [(s.first_entry, s.entries, s.residues, s.depth, s.n_regular) for s in manifest.shards]
    if not numbers or not all(isinstance(number, int) and number >= 0 for shard in numbers for number in shard):
        return False
    firsts = [0, *accumulate(shard.entries for shard in manifest.shards)]
    return (
        [shard.first_entry for shard in manifest.shards] == firsts[:-1]
        and manifest.entries == firsts[-1]
        and manifest.residues == sum(shard.residues for shard in manifest.shards)
        and all(set(s.sections) == _SECTIONS and set(s.tables) == _TABLES for s in manifest.shards)
    )


def _digest(body: dict[str, Any]) -> str:
    return hashlib.sha256(_canonical(body)).hexdigest()


def _canonical(body: dict[str, Any]) -> bytes:
    return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
