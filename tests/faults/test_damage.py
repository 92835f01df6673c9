"""F2-F4: damaged, truncated, extended, missing, swapped and foreign files of an index."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from itertools import combinations
from pathlib import Path

import pytest

from psl_index import Index, verify
from psl_index.errors import InvalidIndexError
from tests.conftest import REPOSITORY
from tests.faults.damage import HEADER_BYTES, files_of, flipped, problems_of, replaced
from tests.faults.every_question import ask_everything, build_rich_index

SOAK = bool(os.environ.get("PSLIDX_SOAK"))
FLIPS = 5_000 if SOAK else 300
GARBAGE = 600 if SOAK else 36
SIZES = 12


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_rich_index(tmp_path_factory.mktemp("sound"))


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of other proteins, of the same lengths and with the same annotations."""
    return build_rich_index(tmp_path_factory.mktemp("other"), "G")


@pytest.fixture
def index(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "index"))


def damaged_in_a_child(kind: str, index: Path, number: int, *, jit: bool = True) -> dict[str, int]:
    """What `tests.faults.damage` counted; it must not be killed, nor meet any other error than it should."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.faults.damage", kind, index, "2", str(number)],
        cwd=REPOSITORY,
        env=os.environ | {"NUMBA_DISABLE_JIT": str(int(not jit))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    counted: dict[str, int] = json.loads(ended.stdout)
    return counted


def test_the_sound_index_answers_everything(index: Path) -> None:
    """Else the tests below would prove nothing."""
    assert problems_of(index) == ("payload", [])
    assert set(ask_everything(index)) == {"answered"}


def test_full_verification_finds_every_flipped_bit(index: Path) -> None:
    """And whatever is asked of the damaged index gets an answer, right or wrong, or a refusal."""
    counted = damaged_in_a_child("flips", index, FLIPS)
    assert counted["found at open"] + counted["found at payload"] == FLIPS
    assert min(counted["found at open"], counted["found at payload"], counted["answered"], counted["refused"]) > 0
    assert verify(index, full=True).problems == ()


@pytest.mark.parametrize("jit", [True, False], ids=["compiled", "in Python, where every index is checked"])
def test_a_search_on_garbage_never_leaves_the_arrays(index: Path, jit: bool) -> None:
    counted = damaged_in_a_child("garbage", index, GARBAGE, jit=jit)
    assert counted["found at payload"] > 0.9 * GARBAGE
    assert counted["answered"] == 9 * counted["found at payload"]


def test_open_finds_every_flipped_bit_of_headers_and_manifest(index: Path) -> None:
    choose = random.Random(4)
    for path in files_of(index):
        if path.suffix == ".parquet":
            continue
        content = path.read_bytes()
        checked = HEADER_BYTES if path.suffix == ".bin" else len(content)
        bits = range(8 * checked)
        for bit in bits if SOAK else choose.sample(bits, 100):
            with replaced(path, flipped(content, bit)), pytest.raises(InvalidIndexError) as caught:
                Index.open(index)
            assert caught.value.file == str(path), bit


def test_truncated_or_extended_files_are_refused_by_name(index: Path) -> None:
    for path in files_of(index):
        content = path.read_bytes()
        size = len(content)
        sizes = {0, 1, 7, 63, 64, 65, size // 2, size - 8, size - 1, size + 1, size + 8, size + 4096}
        assert len(sizes - {size}) == SIZES
        for length in sizes:
            with replaced(path, content[:length].ljust(length, b"\0")), pytest.raises(InvalidIndexError) as caught:
                Index.open(index)
            assert caught.value.file == str(path), length


def test_missing_files_are_refused_by_name(index: Path) -> None:
    """Each alone, and each with each other one."""
    files = files_of(index)
    for missing in [*combinations(files, 1), *combinations(files, 2)]:
        for path in missing:
            path.rename(index.parent / path.name)
        with pytest.raises(InvalidIndexError) as caught:
            Index.open(index)
        gone = {str(path) for path in missing}
        if index / "manifest.json" in missing:
            assert caught.value.file == str(index)
            assert "there is no manifest.json in it" in caught.value.problem
        else:
            assert caught.value.file in gone
            assert caught.value.problem == "is missing"
        for path in missing:
            (index.parent / path.name).rename(path)


@pytest.mark.parametrize("level", [1, 2], ids=["the folder of the digest", "the folder of the shard"])
@pytest.mark.parametrize("instead", ["nothing", "a file"])
def test_a_folder_that_is_none(index: Path, level: int, instead: str) -> None:
    folder = files_of(index)[0].parents[2 - level]
    shutil.rmtree(folder)
    if instead == "a file":
        folder.touch()
    with pytest.raises(InvalidIndexError, match="is missing") as caught:
        Index.open(index)
    assert str(caught.value.file).startswith(str(folder))


@pytest.mark.parametrize("number", range(10))
def test_a_folder_in_the_place_of_a_file(index: Path, number: int) -> None:
    path = files_of(index)[number]
    path.unlink()
    path.mkdir()
    with pytest.raises(InvalidIndexError) as caught:
        Index.open(index)
    assert caught.value.file in (str(path), str(index))


def test_swapped_files_are_refused_by_name(index: Path) -> None:
    """Each with each other one."""
    for one, two in combinations(files_of(index), 2):
        first, second = one.read_bytes(), two.read_bytes()
        with replaced(one, second), replaced(two, first), pytest.raises(InvalidIndexError) as caught:
            Index.open(index)
        assert caught.value.file in (str(one), str(two))


def test_files_of_another_index_are_refused_by_name(index: Path, other: Path) -> None:
    """Each in the place of each: `open` tells all but tables of the right size, which only their digests tell."""
    told_by_digest = 0
    for path in files_of(index):
        for foreign in files_of(other):
            content = foreign.read_bytes()
            if content == path.read_bytes():  # entries of the same lengths, the same annotations: no damage
                assert path.name == foreign.name
                assert path.name in ("starts.bin", "block_entry.bin", "locations.parquet", "features.parquet")
                continue
            same_size = path.suffix == ".parquet" and len(content) == path.stat().st_size
            with replaced(path, content):
                found, files = problems_of(index)
            assert found == ("payload" if same_size else "open"), (path, foreign)
            told_by_digest += same_size
            if path.name == foreign.name == "manifest.json":  # it is sound, and names other files
                assert "is missing" in str(refusal(path, content, index))
            else:
                assert files == [str(path)]
    assert told_by_digest <= 2


def refusal(path: Path, content: bytes, index: Path) -> InvalidIndexError:
    with replaced(path, content), pytest.raises(InvalidIndexError) as caught:
        Index.open(index)
    return caught.value
