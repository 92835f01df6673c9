"""Checkpoints in the layout of the published study, made here with random weights."""

from __future__ import annotations

import csv
import gzip
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from psl_index.errors import InputError, UsageError
from psl_models.encoding import STUDY_CLASSES, encode
from psl_models.prediction import predict
from psl_models.released import import_released

KERNELS = {"bilstm": (), "cnn-bilstm-small": (3, 5), "cnn-bilstm-large": (3, 5, 7, 11)}
SEQUENCES = ["MKTAYLVAGRKDEL", "M", "MXUBZACDEFGHIKLMNPQRSTVWY"]


class Released(nn.Module):
    """The study's networks, one protein at a time, as its checkpoints describe them."""

    def __init__(self, kernels: tuple[int, ...] = (), *, mlp: bool = False, attention: bool = True) -> None:
        super().__init__()
        torch.manual_seed(11)
        self.embedding = nn.Embedding(25, 20)
        filters = {2: 10, 4: 5}.get(len(kernels), 0)
        for kernel in kernels:
            setattr(self, f"conv{kernel}", nn.Conv1d(20, filters, kernel, padding=kernel // 2))
        self.kernels, self.mlp, self.names = kernels, mlp, ("w", "u") if mlp else ("w_omega", "u_omega")
        if mlp:
            self.aw = nn.Linear(20, 80)
        else:
            self.lstm = nn.LSTM(len(kernels) * filters or 20, 40, 2, bidirectional=True)
        self.fc = nn.Linear(80, 10)
        if attention:
            for name, layer in zip(
                self.names, (nn.Linear(80, 512, bias=False), nn.Linear(512, 1, bias=False)), strict=True
            ):
                setattr(self, name, layer)

    def logits(self, sequence: str, pooling: str) -> torch.Tensor:
        residues = self.embedding(torch.from_numpy(encode(sequence).astype(np.int64)))
        if self.kernels:
            channels = [torch.relu(getattr(self, f"conv{kernel}")(residues.T[None]))[0].T for kernel in self.kernels]
            residues = torch.cat(channels, 1)
        states = torch.tanh(self.aw(residues)) if self.mlp else self.lstm(residues)[0]
        if pooling == "last":
            return self.fc(torch.cat([states[-1, :40], states[0, 40:]]))
        if pooling == "uniform-sum":
            return self.fc(states.sum(0))
        inner, outer = (getattr(self, name) for name in self.names)
        return self.fc(torch.softmax(outer(torch.tanh(inner(states))), 0).T @ states)[0]


def released(path: Path, *arguments: object, **options: bool) -> Released:
    network = Released(*arguments, **options)
    torch.save({"epoch": 3, "state_dict": network.state_dict(), "optim_dict": {"state": {}}}, path)
    return network


def assert_same(network: Released, path: Path, given: str | None, pooling: str) -> None:
    model = import_released(path, given)
    assert model.configuration.pooling == pooling
    assert model.configuration.classes == STUDY_CLASSES
    with torch.no_grad():
        expected = torch.stack([network.logits(sequence, pooling) for sequence in SEQUENCES])
    np.testing.assert_allclose(predict(model, SEQUENCES).logits, expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("architecture", KERNELS)
def test_networks_with_attention(architecture: str, tmp_path: Path) -> None:
    network = released(tmp_path / "a.pth", KERNELS[architecture])
    assert_same(network, tmp_path / "a.pth", None, "attention")
    assert_same(network, tmp_path / "a.pth", "last", "last")  # some files carry attention that was never used
    assert_same(network, tmp_path / "a.pth", "uniform-sum", "uniform-sum")
    assert import_released(tmp_path / "a.pth").configuration.architecture == architecture


@pytest.mark.parametrize("architecture", KERNELS)
def test_networks_without_attention_take_the_last_states(architecture: str, tmp_path: Path) -> None:
    network = released(tmp_path / "a.pth", KERNELS[architecture], attention=False)
    assert_same(network, tmp_path / "a.pth", None, "last")
    with pytest.raises(UsageError, match=r"holds no weights of an attention \(w_omega"):
        import_released(tmp_path / "a.pth", "attention")


def test_the_mlp(tmp_path: Path) -> None:
    network = released(tmp_path / "a.pth", mlp=True)
    assert_same(network, tmp_path / "a.pth", None, "attention")
    assert_same(released(tmp_path / "b.pth", mlp=True, attention=False), tmp_path / "b.pth", None, "uniform-sum")


def test_attention_can_be_stored_as_bare_parameters(tmp_path: Path) -> None:
    network = Released()
    names = {"w_omega.weight": "w_omega", "u_omega.weight": "u_omega"}
    torch.save({names.get(key, key): value for key, value in network.state_dict().items()}, tmp_path / "a.pth")
    assert_same(network, tmp_path / "a.pth", None, "attention")


class Trap:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("executed",)


def test_what_is_no_checkpoint_of_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    good = Released().state_dict()
    bad = {
        "text.pth": b"hello",
        "empty.pth": b"",
        "pickle.pth": pickle.dumps(Trap()),
    }
    saved = {
        "trap.pth": {"embedding.weight": Trap()},
        "list.pth": [1, 2],
        "other.pth": {"encoder.weight": torch.ones(3)},
        "tokens.pth": {**good, "embedding.weight": torch.ones(26, 20)},
        "nan.pth": {**good, "fc.bias": torch.full((10,), torch.nan)},
        "lacking.pth": {name: tensor for name, tensor in good.items() if name != "lstm.bias_hh_l1_reverse"},
        "classes.pth": {**good, "fc.weight": torch.ones(11, 80), "fc.bias": torch.ones(11)},
        "number.pth": {**good, "fc.bias": torch.tensor(1.0)},
        "integers.pth": {**good, "fc.bias": torch.ones(10, dtype=int)},
        "complex.pth": {**good, "fc.bias": torch.ones(10, dtype=torch.complex64)},
        "sparse.pth": {**good, "fc.weight": torch.ones(10, 80).to_sparse()},
        "narrow.pth": {**good, "embedding.weight": torch.ones(25, 0)},
        "small.pth": {**good, "lstm.weight_hh_l0": torch.ones(1).expand(60_000, 60_000)},  # 14 GB of one number
        "long.pth": {**good, "fc.weight": torch.ones(10, 65_537)},
        "elsewhere.pth": {**good, "fc.weight": torch.ones(10, 80, device="meta")},
        "even.pth": {**good, "conv3.weight": torch.ones(10, 20, 3), "conv4.weight": torch.ones(10, 20, 4)},
        "wide.pth": {**good, "conv3.weight": torch.ones(10, 20, 3), "conv1003.weight": torch.ones(10, 20, 3)},
    }
    for name, content in bad.items():
        (tmp_path / name).write_bytes(content)
    for name, tensors in saved.items():
        torch.save(tensors, tmp_path / name)
    torch.save(good, tmp_path / "whole.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:-2000])
    for name in [*bad, *saved, "cut.pth", "absent.pth"]:
        with pytest.raises(InputError, match=name):
            import_released(name)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["conv03.weight", "conv\u0663.weight", f"conv{'1' * 5000}.weight"])
def test_what_is_no_number_of_a_convolution_is_none(name: str, tmp_path: Path) -> None:
    torch.save({**Released().state_dict(), name: torch.ones(10, 20, 3)}, tmp_path / "a.pth")
    assert import_released(tmp_path / "a.pth").configuration.architecture == "bilstm"


DATA = Path(os.environ.get("PSLIDX_DATA", "../shared/data")) / "released"


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the study's files ($PSLIDX_DATA)")
def test_the_released_weights_give_the_released_predictions() -> None:
    with gzip.open(DATA / "test_sentences.txt.gz", "rt") as lines:
        sequences = [line.strip() for line in lines]
    with gzip.open(DATA / "lstm_attention_subsequences.csv.gz", "rt") as lines:
        expected = {int(row["inputSequence"]): row["predicted"] for row in csv.DictReader(lines)}
    chosen = sorted(number for number in expected if len(sequences[number]) < 300)[::4]
    model = import_released(DATA / "lstm_attention.pth")
    found = predict(model, [sequences[number] for number in chosen]).logits.argmax(1)
    assert [STUDY_CLASSES[place] for place in found] == [expected[number] for number in chosen]
