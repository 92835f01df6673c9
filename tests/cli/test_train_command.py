"""`pslidx train` and `predict`: from FASTA to a model folder and its answers, and what a clumsy user meets."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from pslidx.train_command import train

from psl_models.configuration import ARCHITECTURES, ENCODINGS
from psl_models.layers.pooling import POOLINGS
from psl_models.training.options import CLASS_WEIGHTS, PRECISIONS, TrainingOptions

TINY = ("--embedding", 3, "--hidden", 3, "--layers", 1, "--attention", 3, "--epochs", 2, "--threads", 1)


def fasta(path: Path, count: int = 60, *, mark_test: bool = True) -> Path:
    """Proteins with a class that can be told from their end, a fifth of them for testing."""
    rng = np.random.default_rng(3)
    records = []
    for number in range(count):
        name, end = [("Nucleus-U", "KKRK"), ("Peroxisome-S", "SKL")][number % 2]
        residues = "".join(rng.choice(list("ADEFGHILMNPQTVWY"), rng.integers(25, 50)))
        records.append(f">P{number:05d} {name}{' test' * (mark_test and number % 5 == 0)}\n{residues}{end}\n")
    path.write_text("".join(records))
    return path


def test_the_choices_are_those_that_networks_and_training_have() -> None:
    known = {
        "architecture": ARCHITECTURES,
        "pooling": POOLINGS,
        "encoding": ENCODINGS,
        "class_weights": CLASS_WEIGHTS,
        "precision": PRECISIONS,
    }
    offered = {option.name: option.type.choices for option in train.params if option.name in known}
    assert {name: set(choices) for name, choices in offered.items()} == {n: set(c) for n, c in known.items()}


def test_defaults_of_training_are_those_of_the_library() -> None:
    own = dataclasses.asdict(TrainingOptions())
    defaults = {option.name: option.default for option in train.params if option.name in own}
    assert set(defaults) == set(own) - {"budget"}
    del defaults["precision"]  # it is the device's
    assert defaults == {name: own[name] for name in defaults}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    arguments = ["train", fasta(folder / "proteins.fasta"), "-o", folder / "model", *TINY]
    done = subprocess.run(
        [sys.executable, "-m", "pslidx", *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (folder / "said.txt").write_text(done.stdout)
    return folder / "model"


def test_a_model_folder_holds_all_that_is_needed(model: Path) -> None:
    assert {path.name for path in model.iterdir()} == {
        "README.md", "config.json", "curves.png", "metrics.json", "metrics.jsonl", "model.safetensors",
        "training_set.tsv",
    }  # fmt: skip
    metrics = json.loads((model / "metrics.json").read_text())
    assert metrics["training"]["proteins"] == {"train": 42, "validation": 6, "test": 12}
    assert metrics["test"]["figures"]["accuracy"]["value"] >= 0
    assert set(metrics["baselines"]) == {"majority", "composition"}
    assert len((model / "metrics.jsonl").read_text().splitlines()) == 2
    assert "pslidx predict MODEL FASTA" in (model / "README.md").read_text()
    said = (model.parent / "said.txt").read_text()
    assert "12 proteins, intervals of 95%" in said
    assert "  baseline majority: accuracy 0." in said


def test_the_training_set_names_who_was_learned_from(model: Path) -> None:
    from psl_eval.exclusion.training_sets import read_training_set

    known = read_training_set(model / "training_set.tsv")
    assert len(known) == 48
    assert "P00000" not in known.identifiers.to_pylist()  # it tests


def test_predictions(pslidx, model: Path, tmp_path: Path) -> None:
    ended = pslidx("predict", model, model.parent / "proteins.fasta", "--threads", 1)
    assert ended.code == 0
    header, first, *others = ended.rows
    assert header[:5] == ["query", "predicted", "probability", "true", "correct"]
    assert header[5:] == ["Nucleus", "Peroxisome"]
    assert first[0] == "P00000"
    assert first[3] == "Nucleus"
    assert first[4] == str(first[1] == first[3]).lower()
    assert sum(map(float, first[5:])) == pytest.approx(1, abs=1e-5)
    assert float(first[2]) == max(map(float, first[5:]))
    assert len(others) == 59
    assert "pslidx: 60 proteins, intervals of 95%" in ended.err
    plain = pslidx("predict", model, "-", stdin=b"MKTAYLVA\nM\n")
    assert [row[0] for row in plain.rows] == ["query", "0", "1"]
    assert plain.rows[1][3:5] == ["", ""]
    assert plain.err == ""


@pytest.mark.parametrize("attention", ["uniform", "permuted", "random"])
def test_attention_can_be_altered(pslidx, model: Path, attention: str) -> None:
    proteins = model.parent / "proteins.fasta"
    learned = pslidx("predict", model, proteins).out
    altered = pslidx("predict", model, proteins, "--attention", attention, "--seed", 5)
    assert altered.code == 0
    assert altered.out != learned
    assert altered.out == pslidx("predict", model, proteins, "--attention", attention, "--seed", 5).out


def test_a_guided_model_carries_its_guide(pslidx, model: Path, tmp_path: Path) -> None:
    arguments = ("--architecture", "mlp", "--pooling", "guided", "--guide", model, *TINY[:4], "--epochs", 1)
    ended = pslidx("train", model.parent / "proteins.fasta", "-o", tmp_path / "guided", *arguments)
    assert ended.code == 0, ended.err
    assert (tmp_path / "guided" / "guide" / "config.json").exists()
    assert pslidx("predict", tmp_path / "guided", model.parent / "proteins.fasta").code == 0


def test_several_labels(pslidx, tmp_path: Path) -> None:
    table = tmp_path / "proteins.csv"
    rng = np.random.default_rng(1)
    rows = ["ACC,Partition,Labels,Sequence"]
    for number in range(50):
        labels = ["Nucleus", "Cytoplasm", "Nucleus|Cytoplasm"][number % 3]
        rows.append(f"P{number:05d},{number % 5},{labels},{''.join(rng.choice(list('ACDKR'), 20))}")
    table.write_text("\n".join(rows))
    model = tmp_path / "model"
    ended = pslidx("train", table, "-o", model, "--multi-label", "--split", "partition", *TINY)
    assert ended.code == 0, ended.err
    assert "homology partitions: 4 tests, 3 validates" in (model / "README.md").read_text()
    assert len(json.loads((model / "config.json").read_text())["thresholds"]) == 2
    assert "  baseline majority: Jaccard index 0." in ended.out
    assert "pslidx: classes: Cytoplasm 33, Nucleus 33\n" in ended.err
    assert ", subset accuracy 0." in ended.err
    header, *rows = pslidx("predict", model, table).rows
    thresholds = json.loads((model / "config.json").read_text())["thresholds"]
    for row in rows:
        above = [name for name, share, threshold in zip(header[5:], row[5:], thresholds, strict=True)
                 if float(share) > threshold]  # fmt: skip
        assert row[1] == ";".join(above) or not above
        assert set(row[3].split(";")) <= {"Nucleus", "Cytoplasm"}


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "terminated"])
def test_a_training_that_was_cut_off_goes_on(pslidx, model: Path, tmp_path: Path, number: int) -> None:
    proteins, folder = model.parent / "proteins.fasta", tmp_path / "model"
    arguments = ["train", proteins, "-o", folder, *TINY[:-4], "--epochs", 400, "--patience", 400, "--threads", 1]
    command = [sys.executable, "-m", "pslidx", *map(str, arguments)]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (folder / "metrics.jsonl").exists():
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(number)
    _, said = child.communicate()
    assert child.returncode == {signal.SIGKILL: -signal.SIGKILL, signal.SIGTERM: 143}[number]
    assert "Traceback" not in said
    assert not (folder / "config.json").exists()
    refused = pslidx("predict", folder, proteins)
    assert refused.code == 1
    assert "has no config.json, expected a model" in refused.err
    again = ["train", proteins, "-o", folder, *TINY[:-4], "--epochs", 400, "--patience", 1, "--threads", 1]
    refused = pslidx(*again)
    assert refused.code == 2
    assert "holds a training that was cut off; go on with --resume, or remove the folder" in refused.err
    other = pslidx(*again, "--resume", "--learning-rate", 0.5)
    assert other.code == 2
    assert "had another --learning-rate (0.002); ask for the same as then, or remove the folder" in other.err
    gone_on = pslidx(*again, "--resume")
    assert gone_on.code == 0, gone_on.err
    assert {path.name for path in folder.iterdir()} == {path.name for path in model.iterdir()}
    assert pslidx("predict", folder, proteins).code == 0


TWO = ">a Nucleus\nMKT\n>b Plastid\nMKV\n"
BAD = {
    "no labels": (">a\nMKT\n>b\nMKV\n", (), 1, "proteins.fasta:1: "),
    "one class": (">a Nucleus\nMKT\n>b Nucleus\nMKV\n", ("--classes", "Nucleus"), 2, "one class only"),
    "an unknown class": (">a Nucleus\nMKT\n>b Moon\nMKV\n", ("--classes", "Nucleus,Plastid"), 1, "proteins.fasta:3: "),
    "no test protein": (">a Nucleus\nMKT\n>b Plastid\nMKV\n", ("--split", "official"), 1, "`test`"),
    "too few": (">a Nucleus\nMKT\n>b Plastid\nMKV\n", ("--split", "random"), 1, "no protein is left for"),
    "no file of clusters": (">a Nucleus\nMKT\n>b Plastid\nMKV\n", ("--split", "cluster"), 2, "go together"),
    "no guide": (">a Nucleus\nMKT\n>b Plastid\nMKV\n", ("--pooling", "guided"), 2, "go together"),
    "even kernels": (
        ">a Nucleus\nMKT\n>b Plastid\nMKV\n",
        ("--architecture", "cnn-bilstm-small", "--kernels", "3,4"),
        2,
        "odd numbers",
    ),
    "no such device": (">a Nucleus\nMKT\n", ("--device", "tpu"), 2, "choose auto, cpu or cuda"),
    "two fractions": (">a Nucleus\nMKT\n>b Plastid\nMKV\n", ("--fractions", "1,2"), 2, "expected 3 numbers"),
    "a class without a name": (">a Nucleus\nMKT\n", ("--classes", "Nucleus,,Plastid"), 2, 'a class is "", expected'),
    "a class twice": (">a Nucleus\nMKT\n", ("--classes", "Nucleus, nucleus"), 2, "at least two different names"),
    "a column as a class": (">a true\nMKT\n>b Moon\nMKV\n", (), 2, "is a column of the results"),
    "a typing error": (">a Nucleus\nMKT\n>b Nuclues\nMKV\n", (), 1, "proteins.fasta:3: the label 'Nuclues'"),
    "several labels": (">a Nucleus|Plastid\nMKT\n", (), 1, "train for several labels with --multi-label"),
    "kernels of what has none": (TWO, ("--kernels", "3,5"), 2, "--kernels is given, which bilstm"),
    "an attention that is not used": (TWO, ("--pooling", "last", "--attention", "9"), 2, "--attention is given"),
    "an embedding that is not used": (TWO, ("--encoding", "one-hot", "--embedding", "9"), 2, "--embedding is given"),
    "kernels beyond reason": (TWO, ("--architecture", "cnn-bilstm-small", "--kernels", "1003"), 2, "up to 1,001"),
    "layers beyond reason": (TWO, ("--layers", "101"), 2, "whole numbers up to 100"),
    "a column of no table": (TWO, ("--split-column", "side"), 2, "it is for --split file"),
    "fractions of partitions": (TWO, ("--split", "partition", "--fractions", "0.8,0.1,0.1"), 2, "for --split random"),
    "partitions at random": (TWO, ("--partitions", "4,3"), 2, "it is for --split partition"),
    "a fraction that is NaN": (TWO, ("--fractions", "0.5,0.5,nan"), 2, "three positive numbers with the sum 1"),
    "a processor of many": (TWO, ("--device", "cpu:7"), 2, "choose auto, cpu or cuda"),
    "a seed beyond all": (TWO, ("--seed", str(2**32)), 2, "'--seed'"),
    "digits": (">a Nucleus\nMK4\n", (), 1, "proteins.fasta:2: "),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_line_and_leaves_nothing(pslidx, name: str, tmp_path: Path) -> None:
    content, options, code, expected = BAD[name]
    (tmp_path / "proteins.fasta").write_text(content)
    ended = pslidx("train", tmp_path / "proteins.fasta", "-o", tmp_path / "model", *options)
    assert ended.code == code, ended.err
    assert expected in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "model").exists()


def test_cuda_that_is_not_there(pslidx, model: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    ended = pslidx("predict", model, model.parent / "proteins.fasta", "--device", "cuda")
    assert ended.code == 2
    assert "cuda was asked for, but 0 such devices were found; choose cpu" in ended.err


def test_a_folder_that_holds_something_is_refused(pslidx, model: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    for folder, expected in ((tmp_path, "'thesis.txt'"), (model, "holds a model already")):
        ended = pslidx("train", model.parent / "proteins.fasta", "-o", folder)
        assert ended.code == 2
        assert expected in ended.err


def test_odd_proteins_are_predicted(pslidx, model: Path) -> None:
    ended = pslidx("predict", model, "-", stdin=b">one\nM\n>x\nXXXXXXXX\n>all\nACDEFGHIKLMNPQRSTVWYBJOUXZ\n")
    assert ended.code == 0
    assert [row[0] for row in ended.rows[1:]] == ["one", "x", "all"]


def test_a_model_that_is_none(pslidx, model: Path, tmp_path: Path) -> None:
    proteins = model.parent / "proteins.fasta"
    missing = pslidx("predict", tmp_path / "nowhere", proteins)
    assert missing.code == 1
    assert "is not there, expected a model" in missing.err
    assert pslidx("predict", tmp_path, proteins).code == 1
    assert pslidx("predict", "a", "b", "c").code == 2


def test_a_folder_where_another_training_goes_on_or_none_can_is_refused_at_once(pslidx, tmp_path: Path) -> None:
    from psl_models.training.folder import training_folder

    folder = tmp_path / "model"
    with training_folder(folder, resume=False):
        ended = pslidx("train", tmp_path / "missing.fasta", "-o", folder, "--resume")
        assert ended.code == 1
        assert "model: another training is going on there; wait for it" in ended.err
    (tmp_path / "file").touch()
    ended = pslidx("train", tmp_path / "missing.fasta", "-o", tmp_path / "file" / "model")
    assert ended.code == 1
    assert "file/model: cannot be made: Not a directory; name another with -o" in ended.err


def test_a_disk_that_is_full_is_told_with_the_file(pslidx, model: Path, tmp_path: Path, monkeypatch) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    ended = pslidx("train", model.parent / "proteins.fasta", "-o", tmp_path / "model", *TINY, "--no-leakage-check")
    assert ended.code == 1
    assert "training.safetensors: cannot be written: No space left on device" in ended.err


def test_leakage_is_stored_as_numbers_and_told_in_sentences(model: Path) -> None:
    stored = json.loads((model / "metrics.json").read_text())["training"]["leakage"]
    assert [(row["side"], row["reference"], row["proteins"]) for row in stored] == [
        ("validation", "train", 6), ("test", "train", 12), ("test", "validation", 12),
    ]  # fmt: skip
    for row in stored:
        assert f"- {row['sentence']}" in (model / "README.md").read_text()
