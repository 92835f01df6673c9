"""Opening files: compression by content, damage never taken for an end."""

from __future__ import annotations

import gzip
import hashlib
import io
import lzma
import os
import subprocess
import sys
import threading
from pathlib import Path

import pyarrow as pa
import pytest

from psl_index.errors import InputError
from psl_index.opening import open_source

CONTENT = bytes(range(256)) * 4000 + os.urandom(5000)


def zstandard(content: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(content)
    return sink.getvalue().to_pybytes()


COMPRESSED = {
    "plain": CONTENT,
    "gzip": gzip.compress(CONTENT),
    "gzip, several members": gzip.compress(CONTENT[:10]) + gzip.compress(b"") + gzip.compress(CONTENT[10:]),
    "gzip, zero padding": gzip.compress(CONTENT) + bytes(1000),
    "gzip, padding between members": gzip.compress(CONTENT[:10]) + bytes(7) + gzip.compress(CONTENT[10:]),
    "xz": lzma.compress(CONTENT),
    "xz, several streams": lzma.compress(CONTENT[:10]) + bytes(4) + lzma.compress(CONTENT[10:]),
    "zstd": zstandard(CONTENT),
    "zstd, several frames": zstandard(CONTENT[:10]) + zstandard(CONTENT[10:]),
    "zstd, a skippable frame first": b"\x50\x2a\x4d\x18\x04\0\0\0abcd" + zstandard(CONTENT),
    "byte order mark": b"\xef\xbb\xbf" + CONTENT,
    "gzip, byte order mark": gzip.compress(b"\xef\xbb\xbf" + CONTENT),
}


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 0x10]) + content[place:][1:]


GZIP, XZ, ZSTD = COMPRESSED["gzip"], COMPRESSED["xz"], COMPRESSED["zstd"]
DAMAGED = {
    "gzip without its last byte": GZIP[:-1],
    "half of a gzip file": GZIP[: len(GZIP) // 2],
    "the header of a gzip file": GZIP[:3],
    "garbage behind gzip": GZIP + b"hello",
    "one byte behind gzip": GZIP + b"h",
    "garbage behind padding": GZIP + bytes(500_000) + b"h",
    "xz behind gzip": GZIP + XZ,
    "second member cut": GZIP + GZIP[:30],
    "wrong CRC": flipped(GZIP, len(GZIP) - 6),
    "wrong length": flipped(GZIP, len(GZIP) - 2),
    "a bit of gzip": flipped(GZIP, len(GZIP) - 2000),
    "xz without its last byte": XZ[:-1],
    "half of an xz file": XZ[: len(XZ) // 2],
    "garbage behind xz": XZ + b"hello",
    "a bit of xz": flipped(XZ, len(XZ) // 2),
    "zstd without its last byte": ZSTD[:-1],
    "half of a zstd file": ZSTD[: len(ZSTD) // 2],
    "garbage behind zstd": ZSTD + b"hello",
}


@pytest.mark.parametrize("kind", COMPRESSED)
def test_content_comes_out_whatever_the_compression(tmp_path: Path, kind: str) -> None:
    raw = COMPRESSED[kind]
    path = tmp_path / "no ending says what it is"
    path.write_bytes(raw)
    with open_source(path) as source:
        assert source.name == str(path)
        assert source.raw_size == len(raw)
        assert source.peek(10) == CONTENT[:10]
        assert source.read(3) == CONTENT[:3]
        assert source.peek(10) == CONTENT[3:13]
        buffer = bytearray(1000)
        assert source.readinto(buffer) == 1000
        assert buffer == CONTENT[3:1003]
        assert source.read() == CONTENT[1003:]
        assert source.read(1) == source.peek(1) == b""
        assert source.readinto(buffer) == 0
        assert source.size == source.bytes_read == len(raw)
        assert source.sha256 == hashlib.sha256(raw).hexdigest()


@pytest.mark.parametrize("kind", DAMAGED)
def test_damage_is_an_error_that_names_the_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "damaged"
    path.write_bytes(DAMAGED[kind])
    with pytest.raises(InputError) as caught, open_source(path) as source:
        source.read()
    assert caught.value.file == str(path)
    assert caught.value.remedy


def test_size_and_digest_are_not_known_before_the_end(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    with open_source(path) as source:
        source.read(len(CONTENT))
        with pytest.raises(ValueError, match="not been read to its end"):
            _ = source.size
        with pytest.raises(ValueError, match="not been read to its end"):
            _ = source.sha256
        source.read(1)
        assert source.size == len(CONTENT)


def test_an_empty_file_is_a_source_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    with open_source(path) as source:
        assert source.peek(5) == source.read() == b""
        assert (source.size, source.raw_size) == (0, 0)
        assert source.sha256 == hashlib.sha256().hexdigest()


def test_what_cannot_be_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="no such file; check the path"):
        open_source(tmp_path / "missing")
    with pytest.raises(InputError, match="a folder, expected a file"):
        open_source(tmp_path)

    def refused(*arguments: object, **options: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refused)
    with pytest.raises(InputError, match="no permission"):
        open_source(tmp_path / "secret")


def test_a_disk_that_fails_is_an_error_that_names_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(io.BytesIO):
        def readinto(self, buffer: object) -> int:
            if self.tell() >= 1 << 16:
                raise OSError(5, "Input/output error")
            return super().readinto(memoryview(buffer)[: 1 << 14])  # type: ignore[arg-type]

    for raw in (CONTENT, gzip.compress(os.urandom(1 << 17)), zstandard(os.urandom(1 << 17))):
        monkeypatch.setattr("builtins.open", lambda *_, raw=raw, **__: Failing(raw))
        with pytest.raises(InputError, match=r"disk: cannot be read \(.*Input/output error") as caught:
            open_source("disk").read()
        assert caught.value.remedy


def test_standard_input_is_a_pipe_and_stays_open(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()

    def trickle() -> None:
        with open(writing, "wb", buffering=0) as pipe:
            for at in range(0, len(GZIP), 1000):
                pipe.write(GZIP[at : at + 1000])

    writer = threading.Thread(target=trickle)
    writer.start()
    with open(reading) as standard_input:
        monkeypatch.setattr(sys, "stdin", standard_input)
        with open_source("-") as source:
            assert source.name == "-"
            assert source.raw_size is None
            assert source.read() == CONTENT
            assert source.sha256 == hashlib.sha256(GZIP).hexdigest()
        assert not standard_input.closed
    writer.join()


def test_a_decompression_bomb_takes_bounded_memory(tmp_path: Path) -> None:
    """256 MB of zeros: read in pieces, never held whole."""
    script = (
        "import resource, sys\n"
        "from psl_index.opening import open_source\n"
        "buffer = bytearray(1 << 16)\n"
        "total = 0\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "with open_source(sys.argv[1]) as source:\n"
        "    while count := source.readinto(buffer):\n"
        "        total += count\n"
        "print(total, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    zeros = bytes(1 << 20)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        for _ in range(256):
            stream.write(zeros)
    squeezer = lzma.LZMACompressor(preset=0)
    bombs = {
        "gzip": gzip.compress(zeros) * 256,
        "xz": b"".join(squeezer.compress(zeros) for _ in range(256)) + squeezer.flush(),
        "zstd": sink.getvalue().to_pybytes(),
    }
    for kind, bomb in bombs.items():
        path = tmp_path / kind
        path.write_bytes(bomb)
        run = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True)
        total, grown_kilobytes = map(int, run.stdout.split())
        assert total == 1 << 28
        assert grown_kilobytes < 40_000, kind
