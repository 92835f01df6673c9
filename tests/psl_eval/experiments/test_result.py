"""What an experiment leaves behind: tables twice, figures twice, and a manifest that comes last."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pyarrow as pa
import pytest

from psl_eval.experiments import result as module
from psl_eval.experiments.figures import Dot, dots, named_rows, new_figure
from psl_eval.experiments.result import Result, write_result
from psl_index.errors import OutputError

TABLE = pa.table({"name": ["a", "b\tc", None], "value": [0.5, float("nan"), None]})


def result_of(table: pa.Table = TABLE) -> Result:
    figure = new_figure(3, 2)
    axes = figure.subplots()
    named_rows(axes, ["one", "two"])
    dots(axes, [0, 1], [Dot(1.0, 0.5, 1.5), Dot(2.0, float("nan"), float("nan"))], "a label", 0)
    axes.legend()
    settings = {"seed": 1, "limit": float("inf")}
    return Result("an-experiment", {"rows": table, "more": table}, {"picture": figure}, ("It is so.",), settings)


def test_all_is_written_in_both_forms(tmp_path: Path) -> None:
    folder = write_result(result_of(), tmp_path)
    assert folder == tmp_path / "an-experiment"
    names = {path.name for path in folder.iterdir()}
    assert names == {"rows.tsv", "rows.json", "more.tsv", "more.json", "picture.png", "picture.svg", "manifest.json"}
    lines = (folder / "rows.tsv").read_text().splitlines()
    assert lines[0] == "name\tvalue"
    assert len(lines) == 4
    rows = json.loads((folder / "rows.json").read_text())
    assert rows == [{"name": "a", "value": 0.5}, {"name": "b\tc", "value": None}, {"name": None, "value": None}]
    assert (folder / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert "a label" in (folder / "picture.svg").read_text()  # text stays text
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["experiment"] == "an-experiment"
    assert manifest["findings"] == ["It is so."]
    assert manifest["settings"] == {"seed": 1, "limit": None}
    assert (manifest["tables"], manifest["figures"]) == (["rows", "more"], ["picture"])


def test_files_that_a_result_no_longer_has_are_removed_and_others_left_alone(tmp_path: Path) -> None:
    folder = write_result(result_of(), tmp_path)
    (folder / "notes.txt").write_text("mine")
    fewer = dataclasses.replace(result_of(), tables={"rows": TABLE}, figures={})
    write_result(fewer, tmp_path)
    assert {path.name for path in folder.iterdir()} == {"rows.tsv", "rows.json", "manifest.json", "notes.txt"}


def test_the_same_result_gives_the_same_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_result(result_of(), tmp_path / name)
    for path in (tmp_path / "one" / "an-experiment").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / "an-experiment" / path.name).read_bytes(), path.name


def test_while_files_are_replaced_there_is_no_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_result(result_of(), tmp_path)
    written = module.write_durably

    def failing(path: Path, content: bytes) -> None:
        if path.name == "more.json":
            raise OSError(28, "No space left on device")
        written(path, content)

    monkeypatch.setattr(module, "write_durably", failing)
    with pytest.raises(OutputError, match="No space left on device"):
        write_result(result_of(TABLE.slice(1)), tmp_path)
    assert not (folder / "manifest.json").exists()
    assert (folder / "more.json").exists()


def test_what_a_run_that_was_cut_off_has_left_is_known_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: Path, content: bytes) -> None:
        if path.name == "picture.svg":
            raise OSError(28, "No space left on device")
        written(path, content)

    written = module.write_durably
    fewer = dataclasses.replace(result_of(), tables={"rows": TABLE}, figures={})
    folder = write_result(fewer, tmp_path)
    with monkeypatch.context() as failing_disk:
        failing_disk.setattr(module, "write_durably", failing)
        with pytest.raises(OutputError):
            write_result(result_of(), tmp_path)
    assert {"more.tsv", "picture.png"} < {path.name for path in folder.iterdir()}
    write_result(fewer, tmp_path)
    assert {path.name for path in folder.iterdir()} == {"rows.tsv", "rows.json", "manifest.json"}
