"""Models on disk: what comes back, and damage that must be refused (F14)."""

from __future__ import annotations

import json
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from psl_index.errors import InputError
from psl_models.checkpoints import open_model, save_model
from psl_models.configuration import Configuration, Sizes
from psl_models.model import Model
from psl_models.network import Network
from psl_models.prediction import predict

CLASSES = ("Nucleus", "Cytoplasm")
SMALL = Sizes(embedding=4, kernels=(3, 5), filters=2, hidden=3, attention=5)


def model_of(architecture: str = "cnn-bilstm-small", pooling: str = "attention", guide: Model | None = None) -> Model:
    torch.manual_seed(1)
    configuration = Configuration(architecture, pooling, CLASSES, SMALL, max_length=7, truncate="middle")
    return Model(configuration, Network(configuration).eval(), guide)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_model(model_of(), tmp_path)
    return tmp_path


def test_a_model_comes_back_as_it_was(folder: Path) -> None:
    model, again = model_of(), open_model(folder)
    assert again.configuration == model.configuration
    sequences = ["MKTAYLVA", "M"]
    np.testing.assert_array_equal(predict(model, sequences).logits, predict(again, sequences).logits)


def test_a_guide_lies_in_the_folder_of_the_guided(tmp_path: Path) -> None:
    save_model(model_of("mlp", "guided", model_of()), tmp_path)
    again = open_model(tmp_path)
    assert again.guide is not None
    assert again.guide.configuration.pooling == "attention"


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        save_model(model_of(), tmp_path / name)
    for file in ("config.json", "model.safetensors"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


class Trap:
    """A pickle that would make a file if it were loaded."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("executed",)


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return safetensors.torch.load((folder / "model.safetensors").read_bytes())  # not mapped: it is overwritten


def with_tensors(change: Callable[[dict[str, torch.Tensor]], None]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        changed = tensors(folder)
        change(changed)
        safetensors.torch.save_file(changed, folder / "model.safetensors")

    return damage


def with_bytes(change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "model.safetensors"
        file.write_bytes(change(file.read_bytes()))

    return damage


def with_configuration(**changes: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        file = folder / "config.json"
        stored = json.loads(file.read_text()) | changes
        file.write_text(json.dumps({name: value for name, value in stored.items() if value is not ...}))

    return damage


def torch_saved(folder: Path) -> None:
    torch.save(tensors(folder), folder / "model.safetensors")


SIZES = {"embedding": 4, "kernels": [3, 5], "filters": 2, "convolution": 0, "hidden": 3, "layers": 2, "attention": 5,
         "dropout": 0.0}  # fmt: skip
DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "a pickle": (with_bytes(lambda _: pickle.dumps(Trap())), "a pickle, which is never loaded"),
    "a checkpoint of torch": (torch_saved, "a pickle, which is never loaded"),
    "empty": (with_bytes(lambda _: b""), "damaged"),
    "text": (with_bytes(lambda _: b"these are weights, believe me"), "damaged"),
    "a header of a gigabyte": (with_bytes(lambda old: struct.pack("<Q", 1 << 30) + old[8:]), "damaged"),
    "cut in the header": (with_bytes(lambda old: old[:100]), "damaged"),
    "cut in the weights": (with_bytes(lambda old: old[:-5]), "damaged"),
    "more at the end": (with_bytes(lambda old: old + b"\0" * 8), "damaged"),
    "a weight that is NaN": (with_tensors(lambda all: all["classifier.bias"].fill_(np.nan)), "hold NaN"),
    "a weight that is infinite": (with_tensors(lambda all: all["classifier.bias"].fill_(np.inf)), "hold NaN or inf"),
    "a missing tensor": (with_tensors(lambda all: all.pop("classifier.bias")), "lacks the weights 'classifier.bias'"),
    "an extra tensor": (with_tensors(lambda all: all.update(w=torch.ones(1))), "weights 'w', which this network has"),
    "another shape": (with_tensors(lambda all: all.update({"classifier.bias": torch.ones(3)})), "expected (2,)"),
    "whole numbers": (with_tensors(lambda all: all.update({"classifier.bias": torch.ones(2, dtype=int)})), "int64"),
    "another architecture": (with_configuration(architecture="bilstm"), "not of the same model"),
    "an unknown architecture": (with_configuration(architecture="transformer"), "expected one of mlp"),
    "an unknown pooling": (with_configuration(pooling="max"), "expected one of last"),
    "a newer version": (with_configuration(version=2), "version 2, expected 1"),
    "another program's": (with_configuration(format="bert"), "not a model's configuration"),
    "a missing field": (with_configuration(task=...), "lacks 'task'"),
    "an unknown field": (with_configuration(heads=8), "says 'heads'"),
    "no class": (with_configuration(classes=[]), "at least two"),
    "a class twice": (with_configuration(classes=["Nucleus", "Nucleus"]), "two different"),
    "classes that are numbers": (with_configuration(classes=[1, 2]), "a list of str"),
    "sizes beyond reason": (with_configuration(sizes=SIZES | {"hidden": 10**9}), "whole numbers up to"),
    "a negative length": (with_configuration(max_length=-1), "a number of residues"),
    "thresholds of other classes": (with_configuration(thresholds=[0.5]), "2 of them"),
    "configuration cut": (lambda folder: (folder / "config.json").write_text('{"form'), "not a model's configuration"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no model.safetensors"),
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_refused_with_its_reason(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damage, expected = DAMAGE[name]
    damage(folder)
    monkeypatch.chdir(folder)
    with pytest.raises(InputError) as raised:
        open_model(folder)
    assert expected in str(raised.value)
    assert str(folder) in str(raised.value)
    assert not (folder / "executed").exists()


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not there, expected a model; make one with `pslidx train`"):
        open_model(tmp_path / "nothing")
