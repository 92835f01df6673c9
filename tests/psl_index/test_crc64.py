"""CRC-64 of sequences."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_index.crc64 import checksums, crc64_of, hexadecimal


def reference(sequence: bytes) -> int:
    """A bit at a time: x^64 + x^4 + x^3 + x + 1, lowest bit first."""
    crc = 0
    for byte in sequence:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xD800000000000000 if crc & 1 else 0)
    return crc


@pytest.mark.parametrize(
    ("sequence", "expected"),
    [
        # The example in the documentation of the SWISS::CRC64 Perl module.
        ("IHATEMATH", "E3DCADD69B01ADD1"),
        ("", "0000000000000000"),
    ],
)
def test_known_values(sequence: str, expected: str) -> None:
    assert crc64_of(pa.array([sequence])).to_pylist() == [expected]


@given(st.lists(st.binary(max_size=70), max_size=8))
def test_equals_the_bitwise_definition(sequences: list[bytes]) -> None:
    text = np.frombuffer(b"".join(sequences), np.uint8)
    offsets = np.cumsum([0, *map(len, sequences)], dtype=np.int32)
    expected = [reference(sequence) for sequence in sequences]
    assert checksums(text, offsets).tolist() == expected
    assert hexadecimal(checksums(text, offsets)).to_pylist() == [f"{crc:016X}" for crc in expected]


def test_nulls_slices_and_nothing_at_all() -> None:
    sequences = pa.array(["A", None, "MTWPDGGKKK", ""], pa.string())
    whole = crc64_of(sequences).to_pylist()
    assert whole == [f"{reference(b'A'):016X}", None, f"{reference(b'MTWPDGGKKK'):016X}", "0" * 16]
    assert crc64_of(sequences.slice(2, 1)).to_pylist() == whole[2:3]
    assert crc64_of(sequences.slice(1, 2)).to_pylist() == whole[1:3]
    assert crc64_of(pa.array([], pa.string())).to_pylist() == []


def test_is_what_uniprot_prints(real_data: Path) -> None:
    sequences, stated, sequence = [], [], ""
    with gzip.open(real_data / "sprot" / "real_sprot.dat.gz", "rt") as flat_file:
        lines = flat_file.readlines()
    for line in lines:
        if line.startswith("SQ"):
            stated.append(line.split()[-2])
        elif line.startswith("  "):
            sequence += line.replace(" ", "").strip()
        elif line.startswith("//"):
            sequences.append(sequence)
            sequence = ""
    assert len(stated) == 1223
    assert crc64_of(pa.array(sequences)).to_pylist() == stated
