"""Files appear complete or not at all."""

from __future__ import annotations

import os
import resource
import stat
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pslidx import sinks
from pslidx.destination import Destination
from pslidx.output import write

from psl_eval.results.formats import FORMATS
from psl_index.errors import OutputError

TABLE = pa.table({"number": pa.array(range(100_000), pa.uint32())})


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.parquet"
    write(Destination(target, "parquet"), TABLE.schema, TABLE.to_batches())
    assert pq.read_table(target).equals(TABLE)
    assert os.listdir(tmp_path) == ["out.parquet"]


def test_a_file_has_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "usual").touch()
    with sinks.file(tmp_path / "out") as sink:
        sink.write(b"x")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("usual", "out")}
    assert len(modes) == 1


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_what_was_there(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "out.tsv"
    target.write_text("before")

    def batches():  # type: ignore[no-untyped-def]
        yield from TABLE.to_batches()
        raise error

    with pytest.raises(error):
        write(Destination(target, "tsv"), TABLE.schema, batches())
    assert target.read_text() == "before"
    assert os.listdir(tmp_path) == ["out.tsv"]


@pytest.mark.parametrize("table_format", FORMATS)
def test_a_full_disk_is_an_output_error(
    tmp_path: Path, table_format: str, small_files: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="out: cannot be written: File too large"):
        write(Destination(Path("out"), table_format), TABLE.schema, TABLE.to_batches())
    assert os.listdir(tmp_path) == []


@pytest.fixture
def small_files() -> object:
    """No file can grow beyond 10 kB."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("table_format", FORMATS)
def test_nothing_is_said_about_what_was_not_finished(tmp_path: Path, table_format: str) -> None:
    script = (
        "import resource\n"
        "import pyarrow as pa\n"
        "from pathlib import Path\n"
        "from pslidx.destination import Destination\n"
        "from pslidx.output import write\n"
        "from psl_index.errors import OutputError\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n"
        "table = pa.table({'number': range(100_000)})\n"
        "try:\n"
        f"    write(Destination(Path('out'), {table_format!r}), table.schema, table.to_batches())\n"
        "except OutputError as error:\n"
        "    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert (ended.stdout, ended.stderr) == ("out: cannot be written: File too large\n", "")


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "out.tsv"
    with pytest.raises(OutputError) as raised:
        write(Destination(target, "tsv"), TABLE.schema, TABLE.to_batches())
    assert str(raised.value) == f"{target}: cannot be written: No such file or directory"


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Is a directory"):
        write(Destination(tmp_path, "tsv"), TABLE.schema, TABLE.to_batches())


def test_what_cannot_be_written_fails_before_the_work(tmp_path: Path) -> None:
    def batches():  # type: ignore[no-untyped-def]
        pytest.fail("the work began")
        yield

    with pytest.raises(OutputError):
        write(Destination(tmp_path / "missing" / "out.tsv", "tsv"), TABLE.schema, batches())


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with sinks.file(tmp_path / "link") as sink:
        sink.write(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"x"


def test_a_device_is_written_to_and_stays() -> None:
    with sinks.file(Path(os.devnull)) as sink:
        sink.write(b"x")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_device_is_an_output_error() -> None:
    with (
        pytest.raises(OutputError, match="/dev/full: cannot be written: No space left"),
        sinks.file(Path("/dev/full")) as sink,
    ):
        sink.write(b"x")
