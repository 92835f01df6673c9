"""The command `pslidx demo`: from made-up entries to what explanations find of the planted signals."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.small_demo import make_small

Call = Callable[..., Any]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    make_small(monkeypatch)


@pytest.mark.usefixtures("small")
def test_it_ends_with_what_methods_find(pslidx: Call, tmp_path: Path) -> None:
    ended = pslidx("demo", "-o", tmp_path / "demo", "--seed", 2)
    assert ended.code == 0, ended.err
    told = f"$ pslidx experiment ground-truth -o {tmp_path}/demo/results --device cpu --threads 1 --seed 2\n"
    before, command, after = ended.out.partition(told)
    assert command, "it names the command that does the same"
    assert "$ pslidx build " in before
    lines = [line.split() for line in after.splitlines()]
    header = lines.index(["explanation", "recall", "precision", "touched", "AP", "untrained", "chance"])
    assert {line[0] for line in lines[header + 1 : header + 4]} == {"attention", "random", "position"}
    assert "of 1 method " in after
    assert (tmp_path / "demo" / "results" / "ground-truth" / "ground-truth.png").exists()
    assert f"{tmp_path}/demo/results/ground-truth/ground-truth.png\n" in after
    assert "error" not in ended.err


@pytest.mark.usefixtures("small")
def test_it_ends_with_a_page_and_leaves_what_others_have_put_there(pslidx: Call, tmp_path: Path) -> None:
    mine = tmp_path / "demo" / "study" / "mine.txt"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    for _ in range(2):  # the second replaces the files of the first
        ended = pslidx("demo", "-o", tmp_path / "demo")
        assert ended.code == 0, ended.err
        assert ended.out.endswith(f"\n  {tmp_path}/demo/report.html\n")
        assert mine.read_text() == "mine"
    assert (tmp_path / "demo" / "report_data" / "manifest.json").exists()
    shutil.rmtree(mine.parent / "model")
    (mine.parent / "model").mkdir()
    ended = pslidx("demo", "-o", tmp_path / "demo")
    assert ended.code == 2
    assert "study/model: is there, and is no model that could be replaced" in ended.err


@pytest.mark.usefixtures("small")
def test_without_the_extra_a_line_says_what_was_left_out(
    pslidx: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pslidx.model_options.find_spec", lambda name: None)
    ended = pslidx("demo", "-o", tmp_path / "demo")
    assert ended.code == 0, ended.err
    (line,) = (line for line in ended.out.splitlines() if line.startswith("Left out, "))
    assert line.endswith("pip install 'pslidx[models]'")
    assert "ground-truth" not in ended.out
    assert {path.name for path in (tmp_path / "demo").iterdir()} == {
        "synthetic.dat.gz",
        "planted.tsv",
        "random.tsv",
        "index",
        "planted-rates",
        "random-rates",
    }


def test_a_file_in_the_place_of_the_folder_is_an_error(pslidx: Call, tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("")
    ended = pslidx("demo", "-o", tmp_path / "demo")
    assert (ended.code, ended.out) == (1, "")
    assert str(tmp_path / "demo") in ended.err
    assert ended.err.count("\n") == 1
