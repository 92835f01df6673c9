"""F6: the disk fills up at any point of a build."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from psl_index import Index, verify
from tests.faults import children
from tests.proteomes import build_index, write_table

PARTS = 20 if os.environ.get("PSLIDX_SOAK") else 10
SEQUENCES = ["MRTCYWAKQEQISFNKSDFSRQ" * 50, "MXUAACKLIV" * 200] * 20
PAGE = 4096


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory) -> list[int]:
    """Bytes of each file that a build of `SEQUENCES` writes."""
    index = build_index(tmp_path_factory.mktemp("whole"), SEQUENCES)
    return [path.stat().st_size for path in index.path.rglob("*") if path.is_file()]


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """The index that is to stay."""
    write_table(tmp_path / "large.tsv", SEQUENCES)
    return build_index(tmp_path, ["MAAAGRSAW"]).path


@pytest.mark.parametrize("part", range(PARTS))
def test_no_file_may_grow_further(tmp_path: Path, before: Path, sizes: list[int], part: int) -> None:
    """A limit on the size of a file: every write beyond it fails."""
    limit = max(sizes) * part // PARTS
    arguments = ("build", tmp_path / "large.tsv", "-o", before)
    there = listing(before)
    ended = children.run(children.pslidx_with_small_files, limit, *arguments)
    check(ended, "File too large", before, there)


@pytest.mark.parametrize("part", range(PARTS))
def test_the_disk_is_full(small_disk: Path, tmp_path: Path, before: Path, sizes: list[int], part: int) -> None:
    """A small disk of its own, with room for a part of the new index beside the old one."""
    index = Path(shutil.copytree(before, small_disk / "index"))
    pages = sum(-(-size // PAGE) for size in sizes)
    taken = os.statvfs(small_disk)
    used = (taken.f_blocks - taken.f_bfree) * taken.f_frsize
    resize(small_disk, used + pages * part // PARTS * PAGE + PAGE)
    there = listing(index)
    ended = children.run(children.pslidx, "build", tmp_path / "large.tsv", "-o", index)
    check(ended, "No space left on device", index, there)
    resize(small_disk, used + 2 * pages * PAGE)
    ended = children.run(children.pslidx, "build", tmp_path / "large.tsv", "-o", index)
    assert ended.code == 0, ended.said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system in memory, which only an administrator may mount."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if not shutil.which("mount"):
        pytest.skip("there is no mount command")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no file system can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", disk], check=True)


def listing(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def check(ended: children.Ended, reason: str, index: Path, there: list[Path]) -> None:
    """The build has failed for that reason, and the index is as it was, with nothing beside it."""
    assert ended.code == 1, ended.said
    last = ended.said.splitlines()[-1]
    assert last.startswith(f"pslidx: error: {index}")
    assert f"cannot write: {reason}" in last
    assert "Traceback" not in ended.said
    assert listing(index) == there
    assert verify(index, full=True).problems == ()
    with Index.open(index) as opened:
        assert opened.count(["AAA"]).tolist() == [1]
