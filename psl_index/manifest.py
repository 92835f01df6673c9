"""The manifest: what an index holds, file by file, and where it came from.

It is one JSON file in one canonical form with a digest over all it says, so that a single changed bit is noticed.
No times, absolute paths, host names or thread counts: the same input gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from psl_index.errors import REBUILD, InvalidIndexError
from psl_index.manifest_shape import misfit
from psl_index.sections import FORMAT_VERSION, HEADER_BYTES, Section, other_version

FILE_NAME: Final = "manifest.json"

_KIND: Final = "pslidx index"


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

    @property
    def n_bytes(self) -> int:
        """Of all its files."""
        return sum(size for _, _, size, _ in self.files())

    def files(self) -> Iterator[tuple[str, int, int, str]]:
        """Each file: its name, the bytes of its header, its size, and the digest of what follows the header."""
        for section in self.sections.values():
            yield section.file, HEADER_BYTES, section.n_bytes, section.xxh128
        for table in self.tables.values():
            yield table.file, 0, table.n_bytes, table.xxh128


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
        return sum(shard.n_bytes for shard in self.shards)

    def with_digest(self) -> Manifest:
        """The same with the digest over all it says."""
        return replace(self, digest=digest_of(self._body()))

    def to_bytes(self) -> bytes:
        """The canonical form."""
        return canonical(self._body() | {"digest": self.digest})

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
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise InvalidIndexError(
            f"is not an index: there is no {FILE_NAME} in it",
            file=str(index),
            remedy="make one with `pslidx build SOURCE -o INDEX`",
        ) from None
    return parse_manifest(written, path)


def parse_manifest(written: bytes, path: Path) -> Manifest:
    """Check the bytes of a manifest and turn them into one; `path` is for messages."""
    try:
        body = json.loads(written, parse_constant=_refuse)
        if not isinstance(body, dict) or body.get("format") != _KIND:
            raise InvalidIndexError("is not the manifest of a pslidx index", file=str(path), remedy=REBUILD)
        version = body.get("format_version")
        if type(version) is int and version != FORMAT_VERSION:
            raise other_version(version, path)
        digest = body.pop("digest", None)
        intact = digest == digest_of(body) and written == canonical(body | {"digest": digest})
    except (ValueError, RecursionError):  # no JSON, text that is no text, or brackets without end
        intact = False
    if not intact:
        raise InvalidIndexError("is damaged", file=str(path), remedy=REBUILD)
    fault = misfit(body)
    if fault is not None:
        raise InvalidIndexError(f"makes no sense: {fault}", file=str(path), remedy=REBUILD)
    del body["format"], body["format_version"]
    return Manifest(
        **body
        | {
            "digest": digest,
            "sources": tuple(SourceRecord(**source) for source in body["sources"]),
            "shards": tuple(shard_record(shard) for shard in body["shards"]),
        }
    )


def is_manifest(path: Path) -> bool:
    """Whether a file is the manifest of an index, of any version, or was before it was damaged."""
    return path.is_file() and _KIND.encode() in path.read_bytes()


def shard_record(body: dict[str, Any]) -> ShardRecord:
    """A shard's record from its JSON; KeyError, TypeError or AttributeError where it is none."""
    sections = {name: Section(**section) for name, section in body["sections"].items()}
    tables = {name: TableFile(**table) for name, table in body["tables"].items()}
    return ShardRecord(**body | {"sections": sections, "tables": tables})


def canonical(body: dict[str, Any]) -> bytes:
    """The one way in which JSON is written here."""
    return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def digest_of(body: dict[str, Any]) -> str:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(canonical(body)).hexdigest()


def _refuse(constant: str) -> None:
    """NaN and infinities are no JSON, and equal to nothing."""
    raise ValueError(constant)
