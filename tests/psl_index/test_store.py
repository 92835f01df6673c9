"""The index folder: whole or not at all, and never somebody else's."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from psl_index import Index, build, verify
from psl_index.errors import BusyError, InputError, InvalidIndexError, OutputError, UsageError
from psl_index.store import build_folder, left_overs
from tests.proteomes import build_index, write_table


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ended_process() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        return ended.pid


def test_building_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    table = write_table(tmp_path / "proteome.tsv", ["MAAAGRSAW", "MRTCYIAK"], ["Nucleus", "Cytoplasm"])
    build([table], tmp_path / "one", threads=1)
    build([table], tmp_path / "two", threads=2)
    build([table], tmp_path / "two")
    assert files(tmp_path / "one") == files(tmp_path / "two")


def test_a_rebuild_of_the_same_mends_damage(tmp_path: Path) -> None:
    index = build_index(tmp_path, ["MAAAGRSAW"])
    text = index.path / index.manifest.folder / "shard-0000" / "text.bin"
    sound = text.read_bytes()
    text.write_bytes(b"\0" * len(sound))
    build([tmp_path / "proteome.tsv"], index.path)
    assert text.read_bytes() == sound


def test_the_index_before_stays_readable_while_it_is_open(tmp_path: Path) -> None:
    before = build_index(tmp_path, ["MAAAGRSAW"])
    after = build_index(tmp_path, ["MRTCYIAK"])
    assert before.count(["AAA", "TCY"]).tolist() == [1, 0]
    assert after.count(["AAA", "TCY"]).tolist() == [0, 1]
    assert [path.name for path in left_overs(after.path)] == [before.manifest.folder]
    build_index(tmp_path, ["MRTCYIAK"])
    assert left_overs(after.path) == []


def test_a_failed_build_leaves_the_index_before_and_nothing_else(tmp_path: Path) -> None:
    index = build_index(tmp_path, ["MAAAGRSAW"])
    before = files(index.path)
    bad = write_table(tmp_path / "bad.tsv", ["MAAAGRSAW", "MA4"])
    with pytest.raises(InputError, match=r"bad\.tsv:3: "):
        build([bad], index.path)
    assert files(index.path) == before
    with pytest.raises(InputError):
        build([bad], tmp_path / "new" / "index")
    assert not (tmp_path / "new" / "index").exists()


@pytest.mark.parametrize("name", ["notes.txt", "manifest.json.bak", "building-me", ".hidden"])
def test_a_folder_that_holds_something_else_is_refused(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / name).write_text("mine")
    with pytest.raises(UsageError, match="neither empty nor an index"):
        build([write_table(tmp_path / "proteome.tsv", ["MA"])], target)
    assert (target / name).read_text() == "mine"


@pytest.mark.parametrize("inner", ["notes", "build.json", "shard-0000.json"])
def test_a_folder_named_like_one_of_ours_is_ours_by_what_is_in_it(tmp_path: Path, inner: str) -> None:
    mine = tmp_path / "target" / "0123456789abcdef" / inner
    mine.parent.mkdir(parents=True)
    mine.write_text("{}")
    with pytest.raises(UsageError, match="neither empty nor an index"):
        build([write_table(tmp_path / "proteome.tsv", ["MA"])], tmp_path / "target")
    assert mine.read_text() == "{}"


@pytest.mark.parametrize("name", ["building-somewhere-1", "manifest.json", "manifest.json.new"])
def test_what_only_has_one_of_our_names_is_not_ours(tmp_path: Path, name: str) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / name).write_text("{}")
    with pytest.raises(UsageError, match="neither empty nor an index"):
        build([write_table(tmp_path / "proteome.tsv", ["MA"])], target)
    assert (target / name).exists()


def test_a_failing_build_keeps_an_index_that_cannot_be_read(tmp_path: Path) -> None:
    """One of another version, say: it goes when a new one has taken its place, not before."""
    index = build_index(tmp_path, ["MAAAGRSAW"])
    manifest = index.path / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"format_version": 1', b'"format_version": 2'))
    before = files(index.path)
    with pytest.raises(InputError):
        build([write_table(tmp_path / "bad.tsv", ["MA4"])], index.path)
    assert files(index.path) == before
    build([tmp_path / "proteome.tsv"], index.path)
    assert Index.open(index.path).count(["AAA"]).tolist() == [1]


def test_a_failure_to_publish_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    index = build_index(tmp_path, ["MAAAGRSAW"])
    before = files(index.path)
    write_table(tmp_path / "proteome.tsv", ["MRTCYIAK"])

    def full_disk(path: Path, target: Path) -> Path:
        if target.name == "manifest.json":
            raise OSError(28, "No space left on device", str(target))
        return replace(path, target)

    replace = Path.replace
    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(OutputError, match="No space left"):
        build([tmp_path / "proteome.tsv"], index.path)
    assert files(index.path) == before


def test_sources_are_checked_before_anything_is_read(tmp_path: Path) -> None:
    table = write_table(tmp_path / "proteome.tsv", ["MA"])
    for sources, options in (
        (str(table), {}),
        ([], {}),
        (["-", "-"], {}),
        ([table], {"columns": {"acession": "accession"}}),
    ):
        with pytest.raises(UsageError):
            build(sources, tmp_path / "index", **options)
    fasta = tmp_path / "one.fasta"
    fasta.write_text(">P1\nMA\n")
    with pytest.raises(UsageError, match="no columns"):
        build([fasta], tmp_path / "index", columns={"accession": "ACC"})
    assert not (tmp_path / "index").exists()


def test_a_file_is_refused_as_target(tmp_path: Path) -> None:
    table = write_table(tmp_path / "proteome.tsv", ["MA"])
    with pytest.raises(UsageError, match="is a file"):
        build([table], table)


def test_left_overs_of_a_killed_build_are_reported_then_removed(tmp_path: Path) -> None:
    index = build_index(tmp_path, ["MAAAGRSAW"])
    killed = index.path / f"building-{socket.gethostname()}-{ended_process()}"
    killed.mkdir()
    (killed / "text.bin").write_bytes(b"half")
    assert verify(index.path).left_overs == (killed,)
    assert Index.open(index.path).count(["AAA"]).tolist() == [1]
    build([tmp_path / "proteome.tsv"], index.path)
    assert not killed.exists()


def test_a_new_manifest_without_content_is_left_over(tmp_path: Path) -> None:
    """Of a build that was killed before it wrote any; the first one, too."""
    index = build_index(tmp_path, ["MAAAGRSAW"])
    for folder in (index.path, tmp_path / "first"):
        folder.mkdir(exist_ok=True)
        (folder / "manifest.json.new").touch()
        assert left_overs(folder) == [folder / "manifest.json.new"]
        build([tmp_path / "proteome.tsv"], folder)
        assert not (folder / "manifest.json.new").exists()


def test_only_one_builds_at_a_time_and_the_other_is_told_who(tmp_path: Path) -> None:
    index = build_index(tmp_path, ["MAAAGRSAW"])
    elsewhere = index.path / "building-somewhere-4711"
    elsewhere.mkdir()
    holder = os.open(index.path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(BusyError, match="process 4711 on somewhere is building"):
            build([tmp_path / "proteome.tsv"], index.path)
    finally:
        os.close(holder)
    elsewhere.rmdir()
    build([tmp_path / "proteome.tsv"], index.path)


def test_what_another_machine_builds_is_left_alone(tmp_path: Path) -> None:
    """Its lock on a network file system may not be seen here."""
    index = build_index(tmp_path, ["MAAAGRSAW"])
    left = index.path / "building-some-where-4711"
    left.mkdir()
    (left / "shard-0000.json").touch()
    before = files(index.path)
    with pytest.raises(BusyError) as refused:
        build([tmp_path / "proteome.tsv"], index.path)
    assert str(refused.value) == (
        f"{left}: process 4711 on some-where may be building here; "
        "if it has ended, remove this folder or continue with --resume"
    )
    with pytest.raises(BusyError, match=r"if it has ended, remove this folder$"):
        build([tmp_path / "proteome.tsv"], index.path, resume=True)
    assert files(index.path) == before


def test_to_resume_is_to_say_that_no_other_machine_builds(tmp_path: Path) -> None:
    """What it has finished is continued; where that is nothing, it goes."""
    index = tmp_path / "index"
    for name in ("building-a-1", "building-b-2"):
        (index / name).mkdir(parents=True)
    (index / "building-b-2" / "shard-0000.json").touch()
    with build_folder(index, lambda left: left.name == "building-b-2") as folder:
        assert (folder / "shard-0000.json").exists()
        assert list(index.iterdir()) == [folder]


def test_a_builder_that_was_killed_is_not_the_one_that_is_busy(tmp_path: Path) -> None:
    index = tmp_path / "index"
    with build_folder(index) as folder:
        host = socket.gethostname()
        folder.rename(index / f"building-{host}-{ended_process()}")
        with pytest.raises(BusyError, match="another process is building"), build_folder(index):
            pass
        (index / f"building-{host}-1").mkdir()  # whether or not one may send it signals
        with pytest.raises(BusyError, match=f"process 1 on {host} is building"), build_folder(index):
            pass


def test_only_the_folder_that_is_continued_stays(tmp_path: Path) -> None:
    index, here = tmp_path / "index", socket.gethostname()
    for number in range(3):
        left = index / f"building-{here}-{number}"
        left.mkdir(parents=True)
        (left / "name").write_text(str(number))
    with build_folder(index, lambda left: left.name.endswith("-1")) as folder:
        assert (folder / "name").read_text() == "1"
        assert list(index.iterdir()) == [folder]


@pytest.mark.parametrize("name", ["a", "manifest.json", "manifest.json.newer", "zzz"])
def test_an_empty_file_is_ours_only_where_a_manifest_was_begun(tmp_path: Path, name: str) -> None:
    index = tmp_path / "index"
    index.mkdir()
    (index / "manifest.json.new").touch()
    with build_folder(index):
        assert not (index / "manifest.json.new").exists()
    index.mkdir(exist_ok=True)
    (index / name).touch()
    with pytest.raises(UsageError, match=f"it holds '{name}'"), build_folder(index):
        pass


@pytest.mark.parametrize(
    ("error", "file", "problem", "remedy"),
    [
        (OSError(errno.ENOSPC, "", "that file"), "that file", "No space left on device", "free some space"),
        (OSError(errno.EFBIG, ""), "index", "File too large", "limit is too low"),
        (OSError(errno.EROFS, ""), "index", "Read-only file system", "choose a folder"),
        (PermissionError(errno.EACCES, "", "that file"), "that file", "Permission denied", "choose a folder"),
        (OSError(errno.EIO, ""), "index", "Input/output error", None),
        (OSError("strange"), "index", "strange", None),
    ],
)
def test_what_cannot_be_written_is_named(
    tmp_path: Path, error: OSError, file: str, problem: str, remedy: str | None
) -> None:
    with pytest.raises(OutputError) as caught, build_folder(tmp_path / "index"):
        raise error
    assert str(caught.value.file).endswith(file)
    assert caught.value.problem == f"cannot write: {problem}"
    assert caught.value.remedy is None if remedy is None else remedy in str(caught.value.remedy)
    assert not (tmp_path / "index").exists()


def test_what_is_no_index_is_refused_with_a_remedy(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nothing", write_table(tmp_path / "file.tsv", ["MA"])):
        with pytest.raises(InvalidIndexError, match="pslidx build"):
            Index.open(path)


def test_a_reader_that_lost_the_race_opens_the_newer_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The manifest is read, then a build publishes and the next one removes the folder it names."""
    index = build_index(tmp_path, ["MAAAGRSAW"])
    stale = index.manifest
    build_index(tmp_path, ["MRTCYIAK"])
    build_index(tmp_path, ["MRTCYIAK"])
    fresh = Index.open(index.path).manifest
    manifests = iter([stale, fresh])
    monkeypatch.setattr("psl_index.index.read_manifest", lambda path: next(manifests))
    assert Index.open(index.path).count(["TCY"]).tolist() == [1]
