"""Makes the files of this folder: an index that is sound, and files that are not, each a case.

    python tests/data/malformed/make.py

A case is a folder with the files that take the place of those in `sound`; `expected.tsv` says what has to be said of
each. Where a case is about what a file says, and not about damage, the file has the right digest, in its header and in
the manifest: a program that writes nonsense gives it the right digest, too.
"""

from __future__ import annotations

import copy
import hashlib
import json
import random
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xxhash

from psl_index import build
from psl_index.sections import FORMAT_VERSION

HERE = Path(__file__).resolve().parent
MANIFEST = "manifest.json"

_SOURCE = "accession\tsequence\tlocations\nP0\tMAAAAGRSAW\tNucleus\nP1\tMXUAACKLIV\tCytoplasm|Secreted\nP2\tMRTC\t\n"
_HEADER = struct.Struct("<8sI4sQ16s")
_TYPES = {"u1": "B", "u4": "I"}

Files = dict[str, bytes]
Body = dict[str, Any]


def make(folder: Path) -> None:
    """Write the sound index and all cases into `folder`."""
    sound = _sound()
    _write(folder / "sound", sound)
    for name, files in _cases(sound):
        _write(folder / name, files)


def assemble(case: str, index: Path) -> None:
    """Make the index folder `index` of the sound one and the files of a case."""
    files = {path.name: path for folder in ("sound", case) for path in (HERE / folder).iterdir()}
    inner = index / _folder(files[MANIFEST].read_bytes()) / "shard-0000"
    inner.mkdir(parents=True)
    for name, path in files.items():
        shutil.copyfile(path, (index if name == MANIFEST else inner) / name)


def _folder(manifest: bytes) -> str:
    """The folder that a manifest names, or else that of the sound one."""
    try:
        return str(json.loads(manifest)["digest"][:16])
    except (ValueError, KeyError, TypeError, RecursionError):
        return _folder((HERE / "sound" / MANIFEST).read_bytes())


def _sound() -> Files:
    """An index of three proteins; versions are left out, so that new ones do not change it."""
    with tempfile.TemporaryDirectory() as temporary:
        source, index = Path(temporary, "three.tsv"), Path(temporary, "index")
        source.write_text(_SOURCE)
        build([source], index)
        files = {path.name: path.read_bytes() for path in index.rglob("*") if path.is_file()}
    body = json.loads(files[MANIFEST])
    body["tools"] = dict.fromkeys(body["tools"], "0")
    return dict(sorted((files | {MANIFEST: _signed(body)}).items()))


def _write(folder: Path, files: Files) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _canonical(body: Body) -> bytes:
    return (json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _signed(body: Body) -> bytes:
    """A manifest with the digest of what it says."""
    unsigned = {name: value for name, value in body.items() if name != "digest"}
    return _canonical(unsigned | {"digest": hashlib.sha256(_canonical(unsigned)).hexdigest()})


def _cases(sound: Files) -> Iterator[tuple[str, Files]]:
    yield from ((name, {MANIFEST: content}) for name, content in _damaged_manifests(sound[MANIFEST]))
    for name, change in _NONSENSE.items():
        body = json.loads(sound[MANIFEST])
        change(body)
        yield f"manifest-{name}", {MANIFEST: _signed(body)}
    yield from ((f"section-{name}", {"text.bin": content}) for name, content in _damaged_sections(sound["text.bin"]))
    yield from _contradicting_sections(sound)
    yield from _tables(sound)


def _damaged_manifests(sound: bytes) -> Iterator[tuple[str, bytes]]:
    text = sound.decode()
    nested = "[" * 400 + "]" * 400
    yield "manifest-empty", b""
    yield "manifest-text", b"This is no manifest.\n"
    yield "manifest-random", random.Random(1).randbytes(600)
    yield "manifest-list", b"[]\n"
    yield "manifest-cut", sound[: len(sound) // 2]
    yield "manifest-utf-16", text.encode("utf-16")
    yield "manifest-crlf", text.replace("\n", "\r\n").encode()
    yield "manifest-other-kind", _signed(json.loads(sound) | {"format": "kastore"})
    yield "manifest-wrong-digest", text.replace('"release": null', '"release": "2026_01"').encode()
    yield "manifest-same-key-twice", text.replace(' "release"', ' "entries": 3,\n "release"').encode()
    yield "manifest-lone-surrogate", text.replace('"release": null', r'"release": "\ud800"').encode()
    yield "manifest-nan", text.replace('"release": null', '"release": NaN').encode()
    yield "manifest-nested", text.replace('"release": null', f'"release": {nested}').encode()
    yield "manifest-nested-without-end", b"[" * 20_000


def _shard(body: Body) -> Body:
    shard: Body = body["shards"][0]
    return shard


def _with(value: object, *path: str) -> Callable[[Body], object]:
    """Put `value` at a place; ``shards`` stands for the first one where more of the path follows."""

    def change(body: Body) -> None:
        _inner(body, path)[path[-1]] = value

    return change


def _without(*path: str) -> Callable[[Body], object]:
    def change(body: Body) -> None:
        del _inner(body, path)[path[-1]]

    return change


def _inner(body: Body, path: tuple[str, ...]) -> Body:
    for name in path[:-1]:
        body = _shard(body) if name == "shards" else body[name]
    return body


def _empty(body: Body) -> None:
    body["entries"] = body["residues"] = 0
    _shard(body).update(entries=0, residues=0, n_regular=0)
    for section, count in {"text": 16, "starts": 1, "block_entry": 1, "pos": 0, "tail": 0}.items():
        _shard(body)["sections"][section]["count"] = count


def _second_shard(body: Body) -> None:
    body["shards"].append(copy.deepcopy(_shard(body)) | {"folder": "shard-0001"})
    body["entries"] *= 2
    body["residues"] *= 2


_NONSENSE: dict[str, Callable[[Body], object]] = {
    "too-old": _with(FORMAT_VERSION - 1, "format_version"),
    "too-new": _with(FORMAT_VERSION + 1, "format_version"),
    "no-version": _without("format_version"),
    "version-as-text": _with(str(FORMAT_VERSION), "format_version"),
    "version-true": _with(True, "format_version"),
    "no-shards-key": _without("shards"),
    "no-shards": _with([], "shards"),
    "shard-is-a-list": _with([[]], "shards"),
    "unknown-key": _with(1, "colour"),
    "text-for-a-number": _with("3", "entries"),
    "fraction": _with(24.0, "residues"),
    "sources-not-a-list": _with({}, "sources"),
    "release-is-a-list": _with(["2026_01"], "release"),
    "zero-counts": _empty,
    "negative-count": _with(-1, "shards", "sections", "text", "count"),
    "huge-count": _with(1 << 62, "shards", "sections", "pos", "count"),
    "number-of-400-digits": _with(10**400, "residues"),
    "huge-depth": _with(1_000_000_000, "shards", "depth"),
    "more-regular-rows-than-rows": _with(25, "shards", "n_regular"),
    "wrong-total": _with(4, "entries"),
    "first-entry-is-not-the-first": _with(1, "shards", "first_entry"),
    "shards-overlap": _second_shard,
    "other-element-type": _with("u1", "shards", "sections", "pos", "dtype"),
    "no-tail": _without("shards", "sections", "tail"),
    "digest-is-no-digest": _with("x" * 32, "shards", "sections", "text", "xxh128"),
    "path-out-of-the-index": _with("../../../../etc/passwd", "shards", "sections", "text", "file"),
    "table-path-out-of-the-index": _with("../../manifest.json", "shards", "tables", "entries", "file"),
    "absolute-folder": _with("/etc", "shards", "folder"),
    "negative-rows": _with(-1, "shards", "tables", "locations", "rows"),
    "empty-table": _with(0, "shards", "tables", "features", "n_bytes"),
}


def _damaged_sections(sound: bytes) -> Iterator[tuple[str, bytes]]:
    magic, version, dtype, count, digest = _HEADER.unpack_from(sound)
    yield "empty", b""
    yield "text", b"MAAAAGRSAW\n"
    yield "random", random.Random(2).randbytes(len(sound))
    yield "cut", sound[:-1]
    yield "too-long", sound + b"\0"
    yield "wrong-magic", b"KASTORE\n" + sound[8:]
    yield "wrong-checksum", sound[:41] + b"\xff" + sound[42:]
    for name, header in {
        "too-old": (magic, FORMAT_VERSION - 1, dtype, count, digest),
        "too-new": (magic, FORMAT_VERSION + 1, dtype, count, digest),
        "unknown-type": (magic, version, b"f8\0\0", count, digest),
        "zero-count": (magic, version, dtype, 0, digest),
        "huge-count": (magic, version, dtype, (1 << 64) - 1, digest),
        "other-digest": (magic, version, dtype, count, digest[::-1]),
    }.items():
        yield name, _header(*header) + sound[64:]


def _header(*fields: object) -> bytes:
    start = _HEADER.pack(*fields)
    return start + struct.pack("<I20x", zlib.crc32(start))


def _contradicting_sections(sound: Files) -> Iterator[tuple[str, Files]]:
    for case, (name, place, number) in {
        "starts-that-go-back": ("starts", 1, 0),
        "starts-beyond-the-text": ("starts", -1, 4_000_000_000),
        "text-with-a-separator-too-many": ("text", 3, 0),
        "blocks-of-entries-that-are-not-there": ("block_entry", 0, 4_000_000_000),
        "positions-beyond-the-text": ("pos", 5, 4_000_000_000),
        "table-beyond-the-rows": ("table", 4_000, 4_000_000_000),
    }.items():
        file = f"{name}.bin"
        dtype = _shard(json.loads(sound[MANIFEST]))["sections"][name]["dtype"]
        numbers = list(struct.unpack(f"<{(len(sound[file]) - 64) // int(dtype[1])}{_TYPES[dtype]}", sound[file][64:]))
        numbers[place] = number
        payload = struct.pack(f"<{len(numbers)}{_TYPES[dtype]}", *numbers)
        digest = xxhash.xxh3_128(payload)
        magic, version, *_ = _HEADER.unpack_from(sound[file])
        header = _header(magic, version, dtype.encode(), len(numbers), digest.digest())
        body = json.loads(sound[MANIFEST])
        _shard(body)["sections"][name]["xxh128"] = digest.hexdigest()
        yield f"section-{case}", {MANIFEST: _signed(body), file: header + payload}


def _tables(sound: Files) -> Iterator[tuple[str, Files]]:
    locations = pq.read_table(pa.BufferReader(sound["locations.parquet"]))
    plain = sound["locations.parquet"]
    length = len(plain) - 8 - int.from_bytes(plain[-8:-4], "little")
    flipped = bytearray(plain)
    flipped[20] ^= 4
    yield "table-empty", {"locations.parquet": b""}
    yield "table-damaged", {"locations.parquet": bytes(flipped)}
    for name, content in {
        "text": b"entry\tlocation\n0\tNucleus\n",
        "random": random.Random(3).randbytes(800),
        "random-footer": plain[:length] + random.Random(4).randbytes(len(plain) - length - 8) + plain[-8:],
        "huge-footer": plain[:-8] + struct.pack("<I", 0x7FFFFFFF) + plain[-4:],
        "no-footer": plain[:length],
        "other-columns": _parquet(pa.table({"name": ["a", "b", "c"]})),
        "no-class": _parquet(locations.drop_columns("class")),
        "class-twice": _parquet(
            pa.Table.from_arrays([*locations.columns, locations["class"]], schema=_twice(locations))
        ),
        "wide-numbers": _parquet(_retyped(locations, "entry", pa.int64())),
        "nulls": _parquet(_nullable(locations)),
        "fewer-rows": _parquet(locations.slice(1)),
        "entry-that-is-not-there": _parquet(
            _replaced(locations, "entry", pa.array([0, 1, 4_000_000_000], pa.uint32()))
        ),
        "unknown-class": _parquet(_replaced(locations, "class", pa.array(["Nucleus", "Home", None]))),
        "not-utf-8": _parquet(_replaced(locations, "class", _no_utf8())),
    }.items():
        yield f"table-{name}", _with_table(sound, "locations", content)
    entries = pq.read_table(pa.BufferReader(sound["entries.parquet"]))
    for name, column, numbers in (
        ("entries-out-of-order", "entry", [0, 2, 1]),
        ("other-lengths", "length", [10, 9, 5]),
    ):
        content = _parquet(_replaced(entries, column, pa.array(numbers, pa.uint32())))
        yield f"table-{name}", _with_table(sound, "entries", content)


def _with_table(sound: Files, name: str, content: bytes) -> Files:
    """A table, and a manifest that names it."""
    body = json.loads(sound[MANIFEST])
    _shard(body)["tables"][name].update(n_bytes=len(content), xxh128=xxhash.xxh3_128(content).hexdigest())
    return {MANIFEST: _signed(body), f"{name}.parquet": content}


def _parquet(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def _replaced(table: pa.Table, column: str, values: pa.Array) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, table.schema.field(place), values)


def _retyped(table: pa.Table, column: str, kind: pa.DataType) -> pa.Table:
    place = table.schema.get_field_index(column)
    return table.set_column(place, pa.field(column, kind, nullable=False), table[column].cast(kind))


def _nullable(table: pa.Table) -> pa.Table:
    return table.set_column(0, pa.field("entry", pa.uint32()), pa.array([0, None, 1], pa.uint32()))


def _twice(table: pa.Table) -> pa.Schema:
    return pa.schema([*table.schema, table.schema.field("class")])


def _no_utf8() -> pa.Array:
    letters = b"Nucleus\xff\xfe"
    return pa.StringArray.from_buffers(3, pa.py_buffer(struct.pack("<4i", 0, 7, 9, 9)), pa.py_buffer(letters))


if __name__ == "__main__":
    make(HERE)
