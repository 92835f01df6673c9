"""The folder of results: its files, and what it must never overwrite or leave behind."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from psl_eval import HitRates, write_hit_rates
from psl_eval.results import folder as result_folder
from psl_eval.results.folder import _is_mount_point, check_folder
from psl_eval.results.replacement import replacing
from psl_eval.results.schemas import KIND, PROTEINS, SCORED, SUMMARY, TABLES, WINDOWS
from psl_eval.statistics.confidence import CALIBRATION, CONFIDENCE
from psl_eval.statistics.strata import STRATUM_ROWS
from psl_index.errors import BusyError, OutputError, UsageError

PROTEIN_ROWS: list[dict[str, Any]] = [
    {
        "query": 'a "b"',
        "class": "Nucleus",
        "against": "predicted",
        "subsequences": 2,
        "scored": 1,
        "hit_rate": 1 / 3,
        "hit_rate_jaccard": 0.25,
        "correct": True,
        "cluster": 7,
        "null_hit_rate": None,
        "p_value": None,
        "q_value": None,
    },
    {"query": "é", "against": "predicted", "subsequences": 1, "scored": 0},
]
PROTEIN_ROWS[1] = dict.fromkeys(PROTEIN_ROWS[0]) | PROTEIN_ROWS[1]


@pytest.fixture
def rates() -> HitRates:
    return HitRates(
        SUMMARY.empty_table(),
        pa.Table.from_pylist(PROTEIN_ROWS, PROTEINS),
        SCORED.empty_table(),
        STRATUM_ROWS.empty_table(),
        CONFIDENCE.empty_table(),
        CALIBRATION.empty_table(),
        WINDOWS.empty_table(),
        {"format": KIND, "release": "é"},
    )


def test_tsv_has_a_header_shortest_numbers_and_empty_fields_for_what_is_missing(
    rates: HitRates, tmp_path: Path
) -> None:
    write_hit_rates(rates, tmp_path / "out")
    assert (tmp_path / "out" / "proteins.tsv").read_text(encoding="utf-8") == (
        "\t".join(PROTEINS.names) + "\n"
        'a "b"\tNucleus\tpredicted\t2\t1\t0.3333333333333333\t0.25\ttrue\t7\t\t\t\n'
        "é\t\tpredicted\t1\t0\t\t\t\t\t\t\t\n"
    )
    assert (tmp_path / "out" / "summary.tsv").read_text() == "\t".join(SUMMARY.names) + "\n"
    assert json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8")) == {
        "format": KIND,
        "release": "é",
    }


def test_jsonl_and_parquet_hold_the_same_rows(rates: HitRates, tmp_path: Path) -> None:
    write_hit_rates(rates, tmp_path / "jsonl", format="jsonl")
    lines = (tmp_path / "jsonl" / "proteins.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == PROTEIN_ROWS
    write_hit_rates(rates, tmp_path / "parquet", format="parquet")
    assert pq.read_table(tmp_path / "parquet" / "proteins.parquet") == rates.proteins


def test_earlier_hit_rates_are_replaced_whole(rates: HitRates, tmp_path: Path) -> None:
    target = tmp_path / "out"
    write_hit_rates(rates, target)
    write_hit_rates(rates, target, format="parquet")
    names = {"manifest.json"} | {f"{name}.parquet" for name in TABLES}
    assert {path.name for path in target.iterdir()} == names
    assert list(tmp_path.iterdir()) == [target]


def test_an_empty_folder_and_missing_parents_will_do(rates: HitRates, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_hit_rates(rates, tmp_path / "empty")
    write_hit_rates(rates, tmp_path / "new" / "deep")
    assert (tmp_path / "empty" / "summary.tsv").exists()
    assert (tmp_path / "new" / "deep" / "summary.tsv").exists()


@pytest.mark.parametrize(
    "foreign", [["thesis.tex"], ["summary.tsv"], ["manifest.json"], ["manifest.json", "summary.tsv", "notes.txt"]]
)
@pytest.mark.parametrize("content", ["mine", "[]", '{"format": "something else"}', "[" * 100_000])
def test_a_folder_that_holds_something_else_is_refused_and_untouched(
    rates: HitRates, tmp_path: Path, foreign: list[str], content: str
) -> None:
    """Whatever a foreign manifest.json says: it must say that hit rates lie there."""
    target = tmp_path / "out"
    target.mkdir()
    for name in foreign:
        (target / name).write_text(content)
    with pytest.raises(UsageError, match="holds something else"):
        write_hit_rates(rates, target)
    assert {path.name: path.read_text() for path in target.iterdir()} == dict.fromkeys(foreign, content)
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_is_refused(rates: HitRates, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="is a file"):
        write_hit_rates(rates, tmp_path / "out")
    with pytest.raises(UsageError, match="format 'csv'"):
        write_hit_rates(rates, tmp_path / "other", format="csv")


def test_the_working_folder_and_those_it_lies_in_are_refused(
    rates: HitRates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever stands there would be left without one."""
    (tmp_path / "out" / "here").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "out" / "here")
    monkeypatch.chdir(tmp_path / "out" / "here")
    for folder in (".", "..", tmp_path / "out", tmp_path / "link"):
        with pytest.raises(UsageError, match="is the working folder or holds it") as refused:
            check_folder(folder)
        assert refused.value.file == str(folder)
        with pytest.raises(UsageError):
            write_hit_rates(rates, folder)
    write_hit_rates(rates, "rates")
    monkeypatch.chdir(tmp_path / "out" / "here" / "rates")
    (tmp_path / "out" / "other").mkdir()
    write_hit_rates(rates, tmp_path / "out" / "other")
    shutil.rmtree(tmp_path / "out" / "here")  # the working folder is gone
    write_hit_rates(rates, tmp_path / "out" / "other")


def test_a_mount_point_is_refused() -> None:
    """The system would not rename it."""
    with pytest.raises(UsageError, match=r"^/: is a mount point, which cannot be replaced; name a folder in it"):
        check_folder("/")


def test_a_folder_of_the_same_disk_may_be_mounted(tmp_path: Path) -> None:
    (tmp_path / "mounts").write_text("36 35 98:0 / /mnt/with\\040blank/größe rw - ext4 /dev/sda rw\n", encoding="utf-8")
    assert _is_mount_point(Path("/mnt/with blank/größe"), tmp_path / "mounts")
    assert not _is_mount_point(Path("/mnt/with"), tmp_path / "mounts")
    assert not _is_mount_point(tmp_path, tmp_path / "nothing")


def test_when_writing_fails_the_earlier_hit_rates_stay(
    rates: HitRates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out"
    write_hit_rates(rates, target)
    before = contents(target)

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(result_folder, "encoder", full_disk)
    with pytest.raises(OutputError, match="No space left on device") as failed:
        write_hit_rates(rates, target)
    assert failed.value.file == str(target)
    assert contents(target) == before
    assert list(tmp_path.iterdir()) == [target]


def test_the_next_run_puts_back_what_a_killed_one_took_away(
    rates: HitRates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if it fails itself."""
    target = tmp_path / "out"
    write_hit_rates(rates, target)
    before = contents(target)
    hidden = tmp_path / ".out.pslidx"
    (hidden / "new").mkdir(parents=True)
    (hidden / "new" / "summary.tsv").write_text("half")
    target.rename(hidden / "earlier")
    with monkeypatch.context() as patched:
        patched.setattr(result_folder, "encoder", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            write_hit_rates(rates, target)
    assert contents(target) == before
    assert list(tmp_path.iterdir()) == [target]


def test_of_two_that_write_to_the_same_folder_one_is_told_to_wait(rates: HitRates, tmp_path: Path) -> None:
    target = tmp_path / "out"
    with replacing(target), pytest.raises(BusyError, match="another process is writing there; wait"):
        write_hit_rates(rates, target)
    assert list(tmp_path.iterdir()) == [target]
    write_hit_rates(rates, target)
    assert (target / "summary.tsv").exists()


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}
