"""The folder of a training: whose it is, and how it comes to hold a model whatever happens in between."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from psl_index.errors import BusyError, OutputError, UsageError
from psl_models.checkpoints import open_model
from psl_models.configuration import Configuration, Sizes
from psl_models.datasets import read_dataset
from psl_models.model import Model
from psl_models.network import Network
from psl_models.splits import TEST, TRAIN, VALIDATION
from psl_models.training import assessment, running
from psl_models.training import folder as written
from psl_models.training.assessment import assess
from psl_models.training.folder import training_folder, training_rows, write_training_set
from psl_models.training.material import Material, labels_of
from psl_models.training.options import TrainingOptions
from psl_models.training.running import Training

CLASSES = ("Nucleus", "Peroxisome")
SIZES = Sizes(embedding=3, hidden=3, layers=1, attention=3)
OVERLAP = {"side": "test", "identical": 3, "sentence": "test: 3 of 8 proteins are known"}


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def material(folder: Path, configuration: Configuration) -> Material:
    multi_label = configuration.task == "multi-label"
    kinds = [*CLASSES, "|".join(CLASSES)] if multi_label else CLASSES
    rng = np.random.default_rng(3)
    residues = ["".join(rng.choice(list("ADEFGHKL"), 20)) for _ in range(40)]
    path = folder / "proteins.fasta"
    path.write_text("".join(f">P{row:05d} {kinds[row % len(kinds)]}\n{each}\n" for row, each in enumerate(residues)))
    dataset = read_dataset(path, multi_label=multi_label)
    split = np.array([TRAIN, TRAIN, TRAIN, VALIDATION, TEST] * 8, np.int8)
    return Material(dataset, split, labels_of(dataset, configuration))


def guided(folder: Path) -> Training:
    configuration = Configuration("mlp", "guided", CLASSES, SIZES)
    torch.manual_seed(5)
    guide = Configuration("bilstm", "attention", CLASSES, SIZES)
    options = TrainingOptions(epochs=2, batch=8)
    of_guide = Model(guide, Network(guide).eval())
    return Training(configuration, material(folder, configuration), options, of_guide, "by hand", [OVERLAP])


def enter(folder: Path, *, resume: bool) -> None:
    with training_folder(folder, resume=resume):
        pass


class Killed(BaseException):
    pass


def test_a_training_that_is_killed_before_any_file_is_in_place_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run is resumed in the folder that the one before has left, and gets one file further."""
    training, whole, folder = guided(tmp_path), tmp_path / "whole", tmp_path / "model"
    with training_folder(whole, resume=False):
        assessed = training.run(whole)
    monkeypatch.setattr(running, "assess", lambda *_: assessed)  # which takes long
    monkeypatch.setattr(written, "draw_curves", lambda *_: (whole / "curves.png").read_bytes())
    in_place, left = Path.replace, [0]

    def replace(path: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return in_place(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    for allowed in range(20):
        left[0] = allowed
        try:
            with training_folder(folder, resume=True):
                training.run(folder, resume=True)
            break
        except Killed:
            assert not (folder / "config.json").exists()
            assert list(folder.rglob("*.new"))
    assert allowed > 8
    assert {path.name for path in folder.iterdir()} == {path.name for path in whole.iterdir()}
    for name in ("model.safetensors", "guide/model.safetensors", "config.json", "training_set.tsv"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes(), name
    epochs = [json.loads(line)["epoch"] for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert epochs == [1, 2]
    assert open_model(folder).guide is not None


def test_leakage_is_stored_as_numbers_and_told_in_a_sentence(tmp_path: Path) -> None:
    with training_folder(tmp_path / "model", resume=False):
        guided(tmp_path).run(tmp_path / "model")
    assert json.loads((tmp_path / "model" / "metrics.json").read_text())["training"]["leakage"] == [OVERLAP]
    assert "\n- test: 3 of 8 proteins are known\n" in (tmp_path / "model" / "README.md").read_text()


def test_a_guided_model_names_what_its_guide_has_learned_from_as_well(tmp_path: Path) -> None:
    (tmp_path / "guide").mkdir()
    (tmp_path / "guide" / "training_set.tsv").write_text("accession\tsplit\tsequence\nQ00001\ttrain\t\n")
    proteins = material(tmp_path, Configuration("mlp", "guided", CLASSES, SIZES))
    write_training_set(tmp_path / "training_set.tsv", proteins, training_rows(tmp_path / "guide"))
    assert training_rows(tmp_path / "released") == []
    header, *rows = (tmp_path / "training_set.tsv").read_text().splitlines()
    assert header == "accession\tsplit\tsequence"
    assert rows[0] == "P00000\ttrain\t"
    assert rows[40:] == ["Q00001\ttrain\t"]


def test_only_one_training_works_in_a_folder(tmp_path: Path) -> None:
    with training_folder(tmp_path / "model", resume=False):
        for resume in (False, True):
            with pytest.raises(BusyError, match="another training is going on there"):
                enter(tmp_path / "model", resume=resume)
    assert not (tmp_path / "model").exists()


def test_an_empty_folder_that_was_there_stays(tmp_path: Path) -> None:
    enter(tmp_path, resume=True)
    assert tmp_path.exists()


@pytest.mark.parametrize("name", ["guide", "README.md", "metrics.json.new", "training.safetensors.tmp"])
def test_what_a_training_has_not_written_is_left_alone(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("years")
    with pytest.raises(UsageError, match="holds something else than a training"):
        enter(tmp_path, resume=True)
    assert (tmp_path / name).read_text() == "years"


def test_folders_that_were_made_above_are_removed_again(tmp_path: Path) -> None:
    enter(tmp_path / "new" / "deep" / "model", resume=False)
    assert not list(tmp_path.iterdir())
    with training_folder(tmp_path / "new" / "deep" / "model", resume=False):
        (tmp_path / "new" / "other").touch()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["other"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="file/model: cannot be made: Not a directory"):
        enter(tmp_path / "file" / "model", resume=False)
    with pytest.raises(UsageError, match="is a file, not a folder"):
        enter(tmp_path / "file", resume=False)


def test_baselines_of_several_labels_have_tuned_thresholds_like_the_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configuration = Configuration("mlp", "uniform", CLASSES, SIZES, task="multi-label")
    proteins = material(tmp_path, configuration)
    # Above 0.25 is who has the class; above 0.5 is nobody.
    known = dict(zip(proteins.dataset.sequences, 0.1 + 0.3 * proteins.labels, strict=True))

    def rules(sequences: object, labels: object, others: list[str], task: str) -> dict[str, np.ndarray]:
        return {"knowing": np.array([known[sequence] for sequence in others])}

    monkeypatch.setattr(assessment, "baselines", rules)
    found = assess(Model(configuration, Network(configuration).eval()), proteins)
    assert found.baselines["knowing"].figures["jaccard"].value == 1
