"""Reading a file whole or in blocks of lines: what is recorded of it, and where it stops."""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval.hit_rates import hit_rate
from psl_eval.inputs import files as inputs
from psl_eval.inputs.files import line_blocks, read_whole, refuse_two_readers
from psl_index import Index
from psl_index.errors import InputError, UsageError
from psl_index.file_records import FileRecord
from psl_index.opening import Source


def test_contents_are_decompressed_and_the_record_is_of_the_file_itself(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfMKV\n"))
    raw = path.read_bytes()
    digest = hashlib.sha256(raw).hexdigest()
    assert read_whole(path) == (b"MKV\n", FileRecord("list.csv.gz", len(raw), digest))


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"M" * (3 << 20)))
    with pytest.raises(InputError, match="more than 1,000,000 bytes"):
        read_whole(path, limit=1_000_000)


@given(
    content=st.lists(st.sampled_from([b"MKV", b"\n", b"\r\n", b"\r", b"a"]), max_size=20).map(b"".join),
    block_bytes=st.integers(1, 12),
)
def test_blocks_are_whole_lines_with_the_number_of_the_first(content: bytes, block_bytes: int) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(inputs, "_BLOCK_BYTES", block_bytes)
        blocks = list(line_blocks(Source("name", io.BytesIO(content))))
    lines = content.replace(b"\r\n", b"\n")
    number = 1
    for first, block in blocks:
        assert first == number
        assert block.endswith(b"\n")
        number += block.count(b"\n")
    assert b"".join(block for _, block in blocks) == lines + b"\n" * (lines != b"" and not lines.endswith(b"\n"))


def test_a_line_may_be_longer_than_a_block_up_to_a_limit() -> None:
    content = b"M" * (5 << 20) + b"\nK"
    assert list(line_blocks(Source("name", io.BytesIO(content)))) == [(1, content[:-1]), (2, b"K\n")]
    with pytest.raises(InputError, match="name:2: a line of more than 16,777,216 bytes"):
        list(line_blocks(Source("name", io.BytesIO(b"K\n" + b"M" * (20 << 20)))))


def test_standard_input_is_for_one_reader() -> None:
    refuse_two_readers("-", None, Path("file"), "file", object())
    with pytest.raises(UsageError, match="standard input can be read only once; give all inputs but one as files"):
        refuse_two_readers("-", None, Path("-"))


@pytest.mark.parametrize("option", ["proteins", "clusters", "training"])
def test_a_hit_rate_reads_standard_input_once(build_index: Callable[..., Index], option: str) -> None:
    with pytest.raises(UsageError, match="standard input can be read only once"):
        hit_rate(build_index([("P12345", "MKT", [])]), "-", **{option: "-"})
