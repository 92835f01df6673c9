"""Training: what is learned, resumed, repeated."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
import torch

from psl_index.errors import InputError, OutputError, UsageError
from psl_models.configuration import Configuration, Sizes
from psl_models.encoding import encode
from psl_models.network import Network
from psl_models.training.examples import Examples
from psl_models.training.loop import Trained, train
from psl_models.training.options import TrainingOptions

CLASSES = ("Nucleus", "Peroxisome")
SIZES = Sizes(embedding=4, hidden=5, layers=1, attention=4)
SINGLE = Configuration("bilstm", "attention", CLASSES, SIZES)
MULTI = dataclasses.replace(SINGLE, task="multi-label")
OPTIONS = TrainingOptions(epochs=4, batch=8, learning_rate=0.02)


def examples(count: int, seed: int, *, multi_label: bool = False) -> Examples:
    """Proteins that end in SKL are in the peroxisome, those that hold KKRK in the nucleus."""
    rng = np.random.default_rng(seed)
    encoded, labels = [], np.zeros((count, 2), np.bool_)
    for row in range(count):
        classes = {row % 2, (row // 2) % 2} if multi_label else {row % 2}
        residues = "".join(rng.choice(list("ADEFGHILMNPQTVWY"), rng.integers(20, 40)))
        residues = f"{residues}{'KKRK' if 0 in classes else ''}{'SKL' if 1 in classes else ''}"
        encoded.append(encode(residues))
        labels[row, list(classes)] = True
    return Examples(encoded, labels)


def trained(folder: Path, configuration: Configuration = SINGLE, **changes: object) -> Trained:
    multi_label = configuration.task == "multi-label"
    learned, validated = (examples(count, seed, multi_label=multi_label) for count, seed in ((80, 0), (40, 1)))
    options = dataclasses.replace(OPTIONS, **changes)
    return train(configuration, learned, validated, options, state_file=folder / "state.safetensors")


@pytest.mark.parametrize("configuration", [SINGLE, MULTI], ids=["single-label", "multi-label"])
def test_a_signal_is_learned(configuration: Configuration, tmp_path: Path) -> None:
    result = trained(tmp_path, configuration, epochs=25)
    best = result.lines[result.best_epoch - 1]
    assert best["validation_macro_f1"] > 0.9
    assert best["validation_macro_f1"] == max(line["validation_macro_f1"] for line in result.lines)
    assert result.lines[-1]["train_loss"] < result.lines[0]["train_loss"]
    assert [line["epoch"] for line in result.lines] == list(range(1, len(result.lines) + 1))
    assert not result.network.training


def test_a_guided_network_learns_with_the_weights_that_are_handed_in(tmp_path: Path) -> None:
    def guided(count: int, seed: int, marked: slice) -> Examples:
        plain = examples(count, seed)
        weights = [np.zeros(len(tokens), np.float32) for tokens in plain.encoded]
        for row in weights:
            row[marked] = 1 / len(row[marked])
        return dataclasses.replace(plain, guidance=weights)

    configuration = Configuration("mlp", "guided", CLASSES, SIZES)
    options = dataclasses.replace(OPTIONS, epochs=10)
    score = {}
    for name, marked in {"the signal": slice(-3, None), "elsewhere": slice(0, 3)}.items():
        state_file = tmp_path / f"{name}.safetensors"
        result = train(configuration, guided(80, 0, marked), guided(40, 1, marked), options, state_file=state_file)
        score[name] = result.lines[result.best_epoch - 1]["validation_macro_f1"]
    assert score["the signal"] > 0.95 > score["elsewhere"]


def assert_same_weights(one: Network, other: Network) -> None:
    for name, tensor in one.state_dict().items():
        torch.testing.assert_close(tensor, other.state_dict()[name], rtol=0, atol=0)


class Killed(Exception):
    pass


@pytest.mark.parametrize("epochs_before", [1, 3])
def test_a_training_that_was_cut_off_goes_on_as_if_it_had_not_been(tmp_path: Path, epochs_before: int) -> None:
    configuration = dataclasses.replace(SINGLE, sizes=dataclasses.replace(SIZES, dropout=0.3))
    learned, validated = examples(80, 0), examples(40, 1)
    whole = train(configuration, learned, validated, OPTIONS, state_file=tmp_path / "whole.safetensors")

    def killed(epoch: int, done: int, total: int) -> None:
        if epoch == epochs_before + 1 and done > 20:
            raise Killed

    cut = tmp_path / "cut.safetensors"
    with pytest.raises(Killed):
        train(configuration, learned, validated, OPTIONS, state_file=cut, report=killed)
    resumed = train(configuration, learned, validated, OPTIONS, state_file=cut, resume=True)
    assert_same_weights(whole.network, resumed.network)
    measured = [{**line, "seconds": 0} for line in whole.lines]
    assert measured == [{**line, "seconds": 0} for line in resumed.lines]


def test_the_same_seed_gives_the_same_network_and_another_another(tmp_path: Path) -> None:
    one, same, other = (trained(tmp_path, epochs=1, seed=seed).network for seed in (1, 1, 2))
    assert_same_weights(one, same)
    assert not torch.equal(one.classifier.weight, other.classifier.weight)


def test_training_stops_when_nothing_is_gained(tmp_path: Path) -> None:
    result = trained(tmp_path, epochs=50, patience=2, learning_rate=1e-9, averaging=0.0)
    assert len(result.lines) == result.best_epoch + 2 < 50


@pytest.mark.parametrize("change", [{"seed": 9}, {"batch": 4}, {"precision": "bfloat16"}])
def test_only_the_same_training_is_gone_on_with(tmp_path: Path, change: dict[str, object]) -> None:
    state_file = tmp_path / "model" / "state.safetensors"
    state_file.parent.mkdir()
    learned, validated = examples(16, 0), examples(8, 1)
    train(SINGLE, learned, validated, dataclasses.replace(OPTIONS, epochs=1), state_file=state_file)
    other = dataclasses.replace(OPTIONS, epochs=1, **change)
    name = next(iter(change)).replace("_", "-")
    was = getattr(OPTIONS, next(iter(change)))
    said = (
        f"{state_file.parent}: the training that was cut off had another --{name} ({was}); "
        "ask for the same as then, or remove the folder to begin anew"
    )
    with pytest.raises(UsageError, match=re.escape(said)):
        train(SINGLE, learned, validated, other, state_file=state_file, resume=True)
    with pytest.raises(UsageError, match="had another training set"):
        train(SINGLE, validated, validated, dataclasses.replace(OPTIONS, epochs=1), state_file=state_file, resume=True)


def test_another_guide_device_or_number_of_threads_is_another_training(tmp_path: Path) -> None:
    state_file = tmp_path / "state.safetensors"
    options = dataclasses.replace(OPTIONS, epochs=1)
    configuration = Configuration("mlp", "guided", CLASSES, SIZES)
    plain = examples(16, 0)

    def go_on(first: float, *, resume: bool = True) -> None:
        weights = [np.linspace(first, 1, len(tokens), dtype=np.float32) for tokens in plain.encoded]
        guided = dataclasses.replace(plain, guidance=weights)
        train(configuration, guided, guided, options, state_file=state_file, resume=resume)

    go_on(0.5, resume=False)
    go_on(0.5)
    with pytest.raises(UsageError, match="had another --guide; ask for"):
        go_on(0.25)
    threads = torch.get_num_threads()
    torch.set_num_threads(threads + 1)
    try:
        with pytest.raises(UsageError, match=rf"had another --threads \({threads}\); ask for"):
            go_on(0.5)
    finally:
        torch.set_num_threads(threads)


def test_a_disk_that_is_full_is_told_with_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    problem = f"{tmp_path / 'state.safetensors'}: cannot be written: No space left on device"
    with pytest.raises(OutputError, match=re.escape(problem)):
        trained(tmp_path, epochs=1)


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    state_file = tmp_path / "state.safetensors"
    trained(tmp_path, epochs=1)
    state_file.write_bytes(state_file.read_bytes()[:-9])
    with pytest.raises(InputError, match=r"a damaged state.*; remove the folder to begin anew"):
        train(SINGLE, examples(80, 0), examples(40, 1), OPTIONS, state_file=state_file, resume=True)


def test_a_state_is_plain_numbers(tmp_path: Path) -> None:
    trained(tmp_path, epochs=1)
    content = (tmp_path / "state.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["state"])["best_epoch"] == 1


@pytest.mark.parametrize("weights", ["none", "square-root", "balanced"])
def test_classes_without_a_protein_do_no_harm(tmp_path: Path, weights: str) -> None:
    configuration = dataclasses.replace(SINGLE, classes=(*CLASSES, "Plastid"))
    widened = [
        dataclasses.replace(each, labels=np.pad(each.labels, ((0, 0), (0, 1))))
        for each in (examples(24, 0), examples(12, 1))
    ]
    options = dataclasses.replace(OPTIONS, epochs=1, class_weights=weights)
    result = train(configuration, *widened, options, state_file=tmp_path / "state.safetensors")
    assert np.isfinite(result.lines[0]["train_loss"])


def test_a_learning_rate_that_is_too_high_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the loss of a batch of epoch \d+ is (nan|inf); lower the learning rate"):
        trained(tmp_path, epochs=30, learning_rate=1e30, clip=1e30)


def test_half_the_precision_learns_the_same_signal_with_whole_weights(tmp_path: Path) -> None:
    (tmp_path / "half").mkdir()
    whole, half = trained(tmp_path, epochs=1), trained(tmp_path / "half", epochs=15, precision="bfloat16")
    assert {tensor.dtype for tensor in half.network.state_dict().values()} == {torch.float32}
    assert half.lines[0]["train_loss"] == pytest.approx(whole.lines[0]["train_loss"], rel=0.02)
    assert half.lines[0]["train_loss"] != whole.lines[0]["train_loss"]
    assert max(line["validation_macro_f1"] for line in half.lines) > 0.9


def test_every_protein_has_the_same_say_in_the_loss_whatever_its_batch(tmp_path: Path) -> None:
    """At a learning rate of nearly none the mean loss of an epoch is that of the first network."""
    both = examples(80, 0)
    kept = [row for row in range(80) if row % 8 or row < 8]  # more of the second class, whose weight is less
    learned = Examples([both.encoded[row] for row in kept], both.labels[kept])
    losses = []
    for number, (batch, budget) in enumerate([(80, 1 << 14), (8, 1 << 14), (80, 100)]):
        changes = {"epochs": 1, "batch": batch, "budget": budget, "learning_rate": 1e-12, "class_weights": "balanced"}
        options = dataclasses.replace(OPTIONS, **changes)
        result = train(SINGLE, learned, examples(8, 1), options, state_file=tmp_path / f"{number}.safetensors")
        losses.append(result.lines[0]["train_loss"])
    assert losses == pytest.approx([losses[0]] * 3, rel=1e-5)


def test_weights_that_are_given_stay_as_they_are_while_the_others_learn(tmp_path: Path) -> None:
    given = {
        "pooling.attention.inner.weight": torch.full((4, 10), 0.1),
        "pooling.attention.outer.weight": torch.ones(1, 4),
    }
    learned, validated = examples(80, 0), examples(40, 1)

    def run(name: str, **options: object) -> Trained:
        return train(SINGLE, learned, validated, OPTIONS, state_file=tmp_path / name, **options)

    result = run("frozen", frozen=given)
    weights = result.network.state_dict()
    assert all(torch.equal(weights[name], tensor) for name, tensor in given.items())
    assert not torch.equal(
        weights["classifier.weight"], trained(tmp_path, epochs=1).network.state_dict()["classifier.weight"]
    )
    assert result.lines[-1]["train_loss"] < result.lines[0]["train_loss"]
    with pytest.raises(UsageError, match="had another --frozen"):
        run("frozen", frozen={**given, "pooling.attention.outer.weight": torch.zeros(1, 4)}, resume=True)


def test_weights_laid_out_across_the_batch_are_learned_with_and_validated_with(tmp_path: Path) -> None:
    learned, validated = (dataclasses.replace(examples(*counts), across=True) for counts in ((80, 0), (40, 1)))
    options = dataclasses.replace(OPTIONS, epochs=2)
    result = train(SINGLE, learned, validated, options, state_file=tmp_path / "state.safetensors")
    (tmp_path / "straight").mkdir()
    straight = trained(tmp_path / "straight", epochs=2)
    assert [line["train_loss"] for line in result.lines] != [line["train_loss"] for line in straight.lines]
    with pytest.raises(UsageError, match="had another --across"):
        train(SINGLE, examples(80, 0), validated, options, state_file=tmp_path / "state.safetensors", resume=True)
