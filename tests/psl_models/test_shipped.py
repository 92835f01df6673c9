"""The models that come with the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from psl_models.checkpoints import open_model
from psl_models.prediction import predict
from psl_models.shipped import DEFAULT, model_folder, shipped_folder, shipped_models

MODELS = shipped_models()


def test_the_default_is_among_them() -> None:
    assert DEFAULT in MODELS


def test_without_a_name_it_is_the_default_whatever_lies_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / DEFAULT).mkdir()
    assert model_folder(None) == shipped_folder(DEFAULT)
    assert model_folder(DEFAULT) == Path(DEFAULT)
    (tmp_path / DEFAULT).rmdir()
    assert model_folder(DEFAULT) == model_folder(f"{DEFAULT}/") == shipped_folder(DEFAULT)


def test_no_proteins_have_no_answers() -> None:
    model = open_model(shipped_folder(DEFAULT))
    assert predict(model, []).logits.shape == (0, len(model.configuration.classes))


def test_together_they_are_small() -> None:
    sizes = [path.stat().st_size for name in MODELS for path in shipped_folder(name).rglob("*") if path.is_file()]
    assert sum(sizes) < 10_000_000


@pytest.mark.parametrize("name", MODELS)
def test_each_answers_and_says_what_it_is(name: str) -> None:
    folder = shipped_folder(name)
    model = open_model(folder)
    probabilities = predict(model, ["MKTAYLVAGRSKL", "X"]).probabilities(model.configuration)
    assert probabilities.shape == (2, len(model.configuration.classes))
    assert "pslidx predict" in (folder / "README.md").read_text()
    assert json.loads((folder / "metrics.json").read_text())["test"]["proteins"] > 2000


@pytest.mark.parametrize("name", MODELS)
def test_accessions_come_along_and_no_sequence(name: str) -> None:
    header, *rows = (shipped_folder(name) / "training_set.tsv").read_text().splitlines()
    assert header.split("\t") == ["accession", "split", "sequence"]
    assert len(rows) > 10_000
    assert {row.split("\t")[2] for row in rows} == {""}
