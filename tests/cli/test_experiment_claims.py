"""`pslidx experiment claims`, on tables as other experiments leave them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Call = Callable[..., Any]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    folder = tmp_path / "results" / "accuracy-table"
    folder.mkdir(parents=True)
    asked = {"split": "study", "layout": "correct"}
    rows = [
        asked | {"arm": arm, "attention": attention, "seed": seed, "teacher": None, "accuracy": 0.7 + seed * 1e-4}
        for arm, attention in (("bilstm-attention", "learned"), ("bilstm-uniform", None))
        for seed in (1, 2, 3)
    ]
    (folder / "trainings.json").write_text(json.dumps(rows))
    manifest = {"format": "pslidx experiment", "tables": ["trainings"], "figures": [], "settings": {}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path / "results"


def test_from_results_to_verdicts(pslidx: Call, results: Path) -> None:
    ended = pslidx("experiment", "claims", results)
    assert ended.code == 0, ended.err
    first, second, *_ = ended.out.splitlines()
    assert first.startswith("C1, the BiLSTM is as accurate with uniform weights as with attention: holds; +0.000 (")
    assert second.endswith(
        "not judged, it takes two independent trainings of bilstm-attention on study in accuracy-table"
    )
    written = {path.name for path in (results / "claims").iterdir()}
    assert written == {"claims.tsv", "claims.json", "claims.png", "claims.svg", "manifest.json"}


def test_it_says_what_it_takes(pslidx: Call, results: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pslidx.model_options.find_spec", lambda name: None)
    ended = pslidx("experiment", "claims", results)
    assert (ended.code, len(ended.err.splitlines())) == (2, 1)
    assert "which is not installed; pip install 'pslidx[models]'" in ended.err


def test_a_folder_without_results_is_left_as_it_is(pslidx: Call, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = pslidx("experiment", "claims", tmp_path / "empty")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "holds no finished result of accuracy-table" in ended.err
    assert not list((tmp_path / "empty").iterdir())
