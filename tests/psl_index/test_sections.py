"""Sections: what is written is what is mapped, and anything else is refused by name."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from psl_index.errors import InvalidIndexError
from psl_index.sections import (
    HEADER_BYTES,
    Section,
    SectionWriter,
    file_digest,
    open_section,
    write_section,
)


@pytest.fixture
def section(tmp_path: Path) -> Section:
    return write_section(tmp_path / "pos.bin", np.arange(1000, dtype=np.uint32), "u4")


def test_pieces_come_back_as_one_array(tmp_path: Path) -> None:
    with SectionWriter(tmp_path / "text.bin", "u1") as writer:
        for piece in ([1, 2], [], [3]):
            writer.append(np.array(piece, np.uint8))
        section = writer.finish()
    array = open_section(tmp_path, section)
    assert array.tolist() == [1, 2, 3]
    assert not array.flags.writeable
    assert section.n_bytes == (tmp_path / "text.bin").stat().st_size == HEADER_BYTES + 3


def test_the_digest_is_of_the_payload(tmp_path: Path, section: Section) -> None:
    assert file_digest(tmp_path / "pos.bin", HEADER_BYTES) == section.xxh128


@pytest.mark.parametrize("bit", range(HEADER_BYTES * 8))
def test_any_changed_bit_of_the_header_is_refused(tmp_path: Path, section: Section, bit: int) -> None:
    path = tmp_path / "pos.bin"
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)
    with pytest.raises(InvalidIndexError, match=r"pos\.bin"):
        open_section(tmp_path, section)


@pytest.mark.parametrize("size", [0, 1, 8, 63, 64, 65, 100, 4063, 4065, 5000])
def test_any_other_size_is_refused(tmp_path: Path, section: Section, size: int) -> None:
    path = tmp_path / "pos.bin"
    path.write_bytes(path.read_bytes()[:size].ljust(size, b"\0"))
    with pytest.raises(InvalidIndexError, match=r"pos\.bin"):
        open_section(tmp_path, section)


def test_a_missing_file_is_refused(tmp_path: Path, section: Section) -> None:
    (tmp_path / "pos.bin").unlink()
    with pytest.raises(InvalidIndexError, match=r"pos\.bin: is missing"):
        open_section(tmp_path, section)


@pytest.mark.parametrize(("version", "age"), [(0, "older"), (2, "newer"), (4_000_000_000, "newer")])
def test_another_format_version_is_named(tmp_path: Path, section: Section, version: int, age: str) -> None:
    path = tmp_path / "pos.bin"
    content = bytearray(path.read_bytes())
    content[8:12] = struct.pack("<I", version)
    content[40:44] = struct.pack("<I", zlib.crc32(content[:40]))
    path.write_bytes(content)
    with pytest.raises(InvalidIndexError, match=f"format version {version}, {age}"):
        open_section(tmp_path, section)


def test_an_unfinished_section_is_not_one(tmp_path: Path, section: Section) -> None:
    with SectionWriter(tmp_path / "pos.bin", "u4") as writer:
        writer.append(np.arange(3_000_000, dtype=np.uint32))
    with pytest.raises(InvalidIndexError, match="wrong magic"):
        open_section(tmp_path, section)
