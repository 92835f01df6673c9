"""F2-F4: damaged, truncated, swapped and missing files of an index."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from psl_index import Index, verify
from psl_index.errors import InvalidIndexError
from tests.proteomes import build_index

SEQUENCES = ["MAAAAGRSAW" * 30, "MXUAACKLIV" * 20, "MRTCYWAKQEQISFNKSDFSRQ" * 10]
FLIPS = 5_000 if os.environ.get("PSLIDX_SOAK") else 300


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_index(tmp_path_factory.mktemp("sound"), SEQUENCES, ["Nucleus", "Cytoplasm", "Secreted"]).path


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "index"))


def files(index: Path) -> list[Path]:
    return sorted(path for path in index.rglob("*") if path.is_file())


def test_full_verification_finds_every_flipped_bit(index: Path) -> None:
    """And a search on a damaged payload never leaves the arrays: it would crash here."""
    choose = random.Random(2)
    sizes = [path.stat().st_size for path in files(index)]
    for _ in range(FLIPS):
        (path,) = choose.choices(files(index), sizes)
        place, mask = choose.randrange(path.stat().st_size), 1 << choose.randrange(8)
        content = bytearray(path.read_bytes())
        content[place] ^= mask
        path.write_bytes(content)
        assert [problem.file for problem in problems_of(index)] == [str(path)]
        if path.suffix == ".bin" and place >= 64:
            search_everything(index)
        content[place] ^= mask
        path.write_bytes(content)
    assert verify(index, full=True).problems == ()


def test_a_search_on_garbage_never_leaves_the_arrays(index: Path) -> None:
    choose = random.Random(3)
    for path in files(index):
        if path.suffix == ".bin":
            sound = path.read_bytes()
            for filling in (b"\xff", b"\0", None):
                size = len(sound) - 64
                payload = choose.randbytes(size) if filling is None else filling * size
                path.write_bytes(sound[:64] + payload)
                search_everything(index)
            path.write_bytes(sound)


def search_everything(index: Path) -> None:
    peptides = [s[i : i + n] for s in SEQUENCES for n in (1, 2, 4, 6, 9, 12, 15) for i in range(0, 60, 7)]
    with Index.open(index) as opened:
        for equate_il in (False, True):
            opened.count(peptides, equate_il=equate_il)
            opened.locate(peptides, equate_il=equate_il)


def test_truncated_or_extended_files_are_refused_by_name(index: Path) -> None:
    for path in files(index):
        content = path.read_bytes()
        size = len(content)
        for other in {0, 1, 7, 63, 64, 65, size // 2, size - 8, size - 1, size + 1, size + 8, size + 4096} - {size}:
            if other < 0:
                continue
            path.write_bytes(content[:other].ljust(other, b"\0"))
            with pytest.raises(InvalidIndexError) as caught:
                Index.open(index)
            assert caught.value.file == str(path)
        path.write_bytes(content)


def test_missing_files_are_refused_by_name(index: Path) -> None:
    for path in files(index):
        away = path.rename(index.parent / "away")
        with pytest.raises(InvalidIndexError) as caught:
            Index.open(index)
        assert caught.value.file in (str(path), str(index))
        away.rename(path)


def test_swapped_files_are_refused_by_name(index: Path) -> None:
    sections = [path for path in files(index) if path != index / "manifest.json"]
    for one in sections:
        for other in sections:
            if one.read_bytes() == other.read_bytes():
                continue
            content = one.read_bytes()
            one.write_bytes(other.read_bytes())
            with pytest.raises(InvalidIndexError) as caught:
                Index.open(index)
            assert caught.value.file == str(one)
            one.write_bytes(content)


def test_files_of_another_index_are_refused(index: Path, tmp_path: Path) -> None:
    """Same shapes, other contents: sections by their headers at once, tables by their digest."""
    (tmp_path / "other").mkdir()
    other = build_index(
        tmp_path / "other", [s.replace("A", "G") for s in SEQUENCES], ["Nucleus", "Cytoplasm", "Secreted"]
    )
    for path in files(index):
        if path.name == "manifest.json":
            continue
        twin = other.path / other.manifest.folder / "shard-0000" / path.name
        content = path.read_bytes()
        if twin.read_bytes() == content:
            continue
        path.write_bytes(twin.read_bytes())
        assert [problem.file for problem in problems_of(index)] == [str(path)]
        path.write_bytes(content)


def problems_of(index: Path) -> tuple[InvalidIndexError, ...]:
    """What full verification finds, or what it was refused for."""
    try:
        return verify(index, full=True).problems
    except InvalidIndexError as problem:
        return (problem,)
