"""Compressed files cut, flipped and soiled: the whole content, or an error (the opening half of F12)."""

from __future__ import annotations

import gzip
import io
import itertools
import lzma
import os

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index.errors import InputError
from psl_index.opening import Source
from tests.time_limit import SECONDS, within

EXAMPLES = 5_000 if os.environ.get("PSLIDX_SOAK") else 300  # of each property and kind
fuzz = settings(max_examples=EXAMPLES)

CONTENT = b"".join(b"%d," % (number * number) for number in range(3000))


def zstandard(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


COMPRESS = {"gzip": gzip.compress, "xz": lzma.compress, "zstd": zstandard}
MAGIC = {"gzip": 2, "xz": 6, "zstd": 4}


def content_of(raw: bytes, read_bytes: int = 1 << 16) -> bytes | None:
    """What comes out in pieces of a size; None for an error, which names the file."""
    pieces = []
    source = None

    def read() -> None:
        nonlocal source
        source = Source("made up", io.BytesIO(raw))
        while piece := source.read(read_bytes):
            pieces.append(piece)

    refusal = None
    try:
        within(SECONDS, read)
    except InputError as error:
        refusal = error
    if refusal:
        assert refusal.file == "made up"
        assert refusal.remedy
        return None
    assert source is not None
    assert source.size == len(raw)
    return b"".join(pieces)


@pytest.mark.parametrize("kind", COMPRESS)
@fuzz
@given(cuts=st.lists(st.integers(0, len(CONTENT)), max_size=4), read_bytes=st.integers(1, 1 << 16))
def test_members_read_as_one(kind: str, cuts: list[int], read_bytes: int) -> None:
    bounds = [0, *sorted(cuts), len(CONTENT)]
    raw = b"".join(COMPRESS[kind](CONTENT[a:b]) for a, b in itertools.pairwise(bounds))
    assert content_of(raw, max(read_bytes, 50)) == CONTENT


@pytest.mark.parametrize("kind", COMPRESS)
@fuzz
@given(st.data())
def test_a_file_that_was_cut_is_an_error(kind: str, data: st.DataObject) -> None:
    raw = COMPRESS[kind](CONTENT)
    size = data.draw(st.integers(MAGIC[kind], len(raw) - 1))
    assert content_of(raw[:size]) is None


@pytest.mark.parametrize("kind", COMPRESS)
@fuzz
@given(garbage=st.binary(min_size=1, max_size=20).filter(lambda garbage: garbage.strip(b"\0")))
def test_garbage_at_the_end_is_an_error(kind: str, garbage: bytes) -> None:
    assert content_of(COMPRESS[kind](CONTENT) + garbage) is None


@pytest.mark.parametrize("kind", ["gzip", "xz"])  # zstd has no checksum as Arrow writes it
@fuzz
@given(st.data())
def test_a_changed_byte_is_an_error_or_harmless(kind: str, data: st.DataObject) -> None:
    raw = bytearray(COMPRESS[kind](CONTENT))
    place = data.draw(st.integers(MAGIC[kind], len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    assert content_of(bytes(raw)) in (None, CONTENT)


@fuzz
@given(st.binary(max_size=200))
def test_anything_else_is_itself(raw: bytes) -> None:
    if not raw.startswith((b"\x1f\x8b", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf")):
        assert content_of(raw) == raw
