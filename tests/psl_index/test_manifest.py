"""The manifest: one canonical form, and no changed bit unnoticed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from psl_index.errors import InvalidIndexError
from psl_index.manifest import FILE_NAME, parse_manifest, read_manifest
from tests.proteomes import build_index


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_index(tmp_path_factory.mktemp("manifest"), ["MAAAGRSAW"], ["Nucleus"]).path / FILE_NAME


def test_it_comes_back_as_it_was_written(path: Path) -> None:
    manifest = read_manifest(path.parent)
    assert manifest.to_bytes() == path.read_bytes()
    assert manifest.with_digest() == manifest
    assert (manifest.entries, manifest.residues) == (1, 9)
    assert manifest.n_bytes == sum(file.stat().st_size for file in path.parent.glob("*/*/*"))


def test_it_names_the_source_but_no_place_or_time(path: Path) -> None:
    manifest = json.loads(path.read_text())
    (source,) = manifest["sources"]
    assert source["name"] == "proteome.tsv"
    assert source["size"] == (path.parent.parent / "proteome.tsv").stat().st_size
    assert len(source["sha256"]) == 64
    assert str(path.parent.parent) not in path.read_text()


def test_every_changed_bit_is_noticed(path: Path) -> None:
    written = path.read_bytes()
    for bit in range(len(written) * 8):
        changed = bytearray(written)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(InvalidIndexError):
            parse_manifest(bytes(changed), path)


def test_every_truncation_is_noticed(path: Path) -> None:
    written = path.read_bytes()
    for size in range(len(written)):
        with pytest.raises(InvalidIndexError):
            parse_manifest(written[:size], path)


@pytest.mark.parametrize(("version", "remedy"), [(0, "older .*pslidx build"), (99, "newer .*pip install")])
def test_another_version_names_the_command_to_run(path: Path, version: int, remedy: str) -> None:
    manifest = json.loads(path.read_text()) | {"format_version": version}
    with pytest.raises(InvalidIndexError, match=remedy):
        parse_manifest(json.dumps(manifest).encode(), path)


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"null", b"\xff\xfe", b"not json", b'{"format": "pslidx index"}', b"[" * 10_000],
)
def test_anything_else_is_refused(path: Path, content: bytes) -> None:
    with pytest.raises(InvalidIndexError, match=FILE_NAME):
        parse_manifest(content, path)
