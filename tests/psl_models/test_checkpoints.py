"""Models on disk: what comes back, and damage that must be refused (F14)."""

from __future__ import annotations

import dataclasses
import itertools
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
from psl_models.configuration import ARCHITECTURES, DEFAULT_SIZES, ENCODINGS, Configuration, Sizes, sizes_of
from psl_models.layers.pooling import POOLINGS
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
    "no hidden unit": (with_configuration(sizes=SIZES | {"hidden": 0}), "hidden is 0, expected at least 1"),
    "no layer": (with_configuration(sizes=SIZES | {"layers": 0}), "layers is 0, expected at least 1"),
    "an embedding of nothing": (with_configuration(sizes=SIZES | {"embedding": 0}), "embedding is 0, expected"),
    "no attention": (with_configuration(sizes=SIZES | {"attention": 0}), "attention is 0, expected"),
    "no kernel": (with_configuration(sizes=SIZES | {"kernels": []}), "kernels is [], expected at least 1"),
    "no filter": (with_configuration(sizes=SIZES | {"filters": 0}), "filters is 0, expected at least 1"),
    "an even kernel": (with_configuration(sizes=SIZES | {"kernels": [3, 4]}), "expected odd numbers"),
    "a kernel beyond reason": (with_configuration(sizes=SIZES | {"kernels": [1003]}), "expected odd numbers up to"),
    "no convolution over the others": (
        with_configuration(architecture="conv-blstm-attention"),
        "convolution is 0, expected at least 1",
    ),
    "layers beyond reason": (with_configuration(sizes=SIZES | {"layers": 101}), "whole numbers up to 100"),
    "sizes beyond memory": (with_configuration(sizes=SIZES | {"hidden": 1 << 16, "layers": 100}), "not of the same"),
    "a class without a name": (with_configuration(classes=["Nucleus", ""]), 'a class is "", expected a name'),
    "a class that is two": (with_configuration(classes=["Nucleus", "a;b"]), "without | or ;"),
    "a class that is a column": (with_configuration(classes=["Nucleus", "true"]), "is a column of the results"),
    "a threshold that is NaN": (with_configuration(thresholds=[0.5, float("nan")]), "2 of them, from 0 to 1"),
    "a version that is no number": (with_configuration(version=True), "version True, expected 1"),
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


def test_nothing_is_allocated_before_the_sizes_are_those_of_the_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = []

    def recorded(configuration: Configuration) -> Network:
        network = Network(configuration)
        devices.append(next(network.parameters()).device.type)
        return network

    monkeypatch.setattr("psl_models.checkpoints.Network", recorded)
    with_configuration(sizes=SIZES | {"hidden": 2000})(folder)
    with pytest.raises(InputError, match="not of the same model"):
        open_model(folder)
    assert devices == ["meta"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_each_encoding_comes_back(encoding: str, tmp_path: Path) -> None:
    configuration = Configuration("mlp", "uniform", CLASSES, SMALL, encoding=encoding)
    network = Network(configuration).eval()
    save_model(Model(configuration, network), tmp_path)
    again = open_model(tmp_path).network
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, again.state_dict()[name])


@pytest.mark.parametrize(("architecture", "pooling"), list(itertools.product(ARCHITECTURES, POOLINGS)))
def test_a_size_that_a_network_does_not_have_counts_for_nothing(architecture: str, pooling: str) -> None:
    for encoding in ENCODINGS:
        known = sizes_of(architecture, pooling, encoding)
        sizes = DEFAULT_SIZES[architecture]
        other = {name: value for name, value in OTHER_SIZES.items() if name not in known}
        networks = [
            Network(Configuration(architecture, pooling, CLASSES, of, encoding=encoding))
            for of in (sizes, dataclasses.replace(sizes, **other))
        ]
        shapes = [{name: tensor.shape for name, tensor in each.state_dict().items()} for each in networks]
        assert shapes[0] == shapes[1]
        for name in set(known) - {"dropout"}:
            changed = dataclasses.replace(sizes, **{name: OTHER_SIZES[name]})
            network = Network(Configuration(architecture, pooling, CLASSES, changed, encoding=encoding))
            assert {key: tensor.shape for key, tensor in network.state_dict().items()} != shapes[0]


OTHER_SIZES = {
    "embedding": 7,
    "kernels": (1, 3, 7),
    "filters": 2,
    "convolution": 3,
    "hidden": 6,
    "layers": 3,
    "attention": 9,
}
