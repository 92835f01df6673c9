"""Parts of an experiment: what is done is found again, and what is not ours is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from psl_eval.experiments.parts import digest_of, parts_of
from psl_index.errors import BusyError, InputError, OutputError, UsageError

TABLE = pa.table({"a": pa.array([1, 2], pa.int64())})


def unexpected() -> pa.Table:
    raise AssertionError("worked out once more")


def test_a_part_is_worked_out_once_for_its_terms(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    with parts_of(folder, "test") as parts:
        assert parts.table("a", {"seed": 1}, lambda: TABLE).equals(TABLE)
        assert parts.table("a", {"seed": 2}, lambda: TABLE.slice(1)).equals(TABLE.slice(1))
        assert (parts.found, parts.made) == (0, 2)
    with parts_of(folder, "test") as parts:
        assert parts.table("a", {"seed": 1}, unexpected).equals(TABLE)
        assert parts.table("a", {"seed": 2}, unexpected).equals(TABLE.slice(1))
        assert (parts.found, parts.made) == (2, 0)


def test_what_was_done_before_a_failure_stays(tmp_path: Path) -> None:
    with pytest.raises(AssertionError), parts_of(tmp_path / "out", "test") as parts:
        [parts.table(name, {}, compute) for name, compute in (("a", lambda: TABLE), ("b", unexpected))]
    with parts_of(tmp_path / "out", "test") as parts:
        assert parts.table("a", {}, unexpected).equals(TABLE)


def test_a_folder_that_nothing_was_written_to_is_gone_again(tmp_path: Path) -> None:
    with pytest.raises(UsageError), parts_of(tmp_path / "out", "test"):
        raise UsageError("something")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"x" * 100])
def test_a_damaged_part_is_named_with_what_to_do(tmp_path: Path, damage: bytes) -> None:
    with parts_of(tmp_path, "test") as parts:
        parts.table("a", {}, lambda: TABLE)
        (path,) = (tmp_path / "parts").glob("a-*.parquet")
        path.write_bytes(damage)
        with pytest.raises(InputError, match=r"a-.*\.parquet: damaged .*; remove it; it is worked out again"):
            parts.table("a", {}, unexpected)


def test_a_folder_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    problem = r"something else than results of experiments \('thesis.txt'\)"
    with pytest.raises(UsageError, match=problem), parts_of(tmp_path, "test"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(UsageError, match="is a file"), parts_of(tmp_path / "thesis.txt", "test"):
        pass


def test_finished_experiments_without_parts_are_gone_on_with(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.json").write_text(json.dumps({"format": "pslidx experiment"}))
    with parts_of(tmp_path, "test") as parts:
        parts.table("a", {}, lambda: TABLE)
    assert {path.name for path in tmp_path.iterdir()} == {"other", "parts"}
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / "other").mkdir()
    (tmp_path / "two" / "other" / "manifest.json").write_text("[]")
    with pytest.raises(UsageError), parts_of(tmp_path / "two", "test"):
        pass


def test_a_folder_whose_first_run_was_killed_or_has_just_begun_is_gone_on_with(tmp_path: Path) -> None:
    results = tmp_path / "results"
    with parts_of(results, "one"), parts_of(results, "two") as second:
        second.table("a", {}, lambda: TABLE)
    (results / "three").mkdir()  # what a kill leaves
    with parts_of(results, "three") as parts:
        assert parts.table("a", {}, unexpected).equals(TABLE)
    assert {path.name for path in results.iterdir()} == {"parts", "three"}


def test_experiments_share_parts_and_one_is_run_once_at_a_time(tmp_path: Path) -> None:
    busy = pytest.raises(BusyError, match="the same experiment is going on there")
    with parts_of(tmp_path, "one") as first:
        first.table("a", {}, lambda: TABLE)
        with busy, parts_of(tmp_path, "one"):
            pass
        with parts_of(tmp_path, "two") as second:
            assert second.table("a", {}, unexpected).equals(TABLE)


def test_two_processes_that_make_the_same_part_do_not_meet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One writes all of it while the other has written its own and not yet named it."""
    with parts_of(tmp_path, "one") as first, parts_of(tmp_path, "two") as second:
        replace = Path.replace

        def slow(path: Path, target: Path) -> Path:
            monkeypatch.setattr(Path, "replace", replace)
            monkeypatch.setattr("os.getpid", lambda: 2)
            second.table("a", {}, lambda: TABLE)
            return replace(path, target)

        monkeypatch.setattr(Path, "replace", slow)
        assert first.table("a", {}, lambda: TABLE).equals(TABLE)
        assert first.table("a", {}, unexpected).equals(TABLE)
    assert [path.suffix for path in (tmp_path / "parts").iterdir()] == [".parquet"]


def test_a_part_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with parts_of(tmp_path, "test") as parts:
        (tmp_path / "parts").rmdir()
        (tmp_path / "parts").write_text("in the way")  # once the folder has been looked at
        with pytest.raises(OutputError, match="cannot be written"):
            parts.table("a", {}, lambda: TABLE)


def test_the_digest_depends_on_terms_and_not_on_their_order() -> None:
    assert digest_of({"a": 1, "b": [2]}) == digest_of({"b": [2], "a": 1})
    assert len({digest_of({"a": 1}), digest_of({"a": 2}), digest_of({"b": 1}), digest_of({"a": "1"})}) == 4
