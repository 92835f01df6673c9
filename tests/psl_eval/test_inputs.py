"""Reading a file whole: what is recorded of it, and where it stops."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from psl_eval.inputs import FileRecord, read_whole
from psl_index.errors import InputError


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
