"""F6: the disk fills up at any point of a build."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from psl_index import Index, verify
from tests.proteomes import build_index, write_table

SEQUENCES = ["MRTCYWAKQEQISFNKSDFSRQ" * 50, "MXUAACKLIV" * 200] * 20


@pytest.fixture(scope="module")
def largest_file(tmp_path_factory: pytest.TempPathFactory) -> int:
    """Bytes of the largest file that a build of `SEQUENCES` writes."""
    index = build_index(tmp_path_factory.mktemp("whole"), SEQUENCES)
    return max(path.stat().st_size for path in index.path.rglob("*"))


@pytest.mark.parametrize("tenth", range(10))
def test_the_index_before_stays_and_nothing_else(tmp_path: Path, largest_file: int, tenth: int) -> None:
    """The limit on a file's size stands in for the disk's: every write beyond it fails."""
    limit = largest_file * tenth // 10
    index = build_index(tmp_path, ["MAAAGRSAW"])
    source = write_table(tmp_path / "large.tsv", SEQUENCES)
    before = sorted(index.path.rglob("*"))
    ended = subprocess.run(
        [sys.executable, "-m", "pslidx", "build", source, "-o", index.path],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1, ended.stderr
    assert "cannot write: File too large" in ended.stderr.splitlines()[-1]
    assert "Traceback" not in ended.stderr
    assert sorted(index.path.rglob("*")) == before
    assert verify(index.path, full=True).problems == ()
    assert Index.open(index.path).count(["AAA"]).tolist() == [1]
