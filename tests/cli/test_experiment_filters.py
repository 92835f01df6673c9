"""`pslidx experiment filters`, `ground-truth` and `multiloc`: from the command line to a folder, and bad input."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psl_eval.experiments.ground_truth.experiment import METHODS_BY_DEFAULT, GroundTruth
from psl_index.alphabet import STANDARD
from psl_index.errors import UsageError
from psl_models.checkpoints import save_model
from psl_models.configuration import DEFAULT_SIZES
from tests.psl_models.small_models import CLASSES, SIZES, small_model

Call = Callable[..., Any]


def test_a_model_without_filters_is_refused(pslidx: Call, tmp_path: Path) -> None:
    fasta = tmp_path / "proteins.fasta"
    fasta.write_text(">P1 Nucleus\nMKKLSKLAAAKDEL\n")
    out = tmp_path / "out"
    ended = pslidx("experiment", "filters", fasta, "--model", "bilstm-attention", "-o", out, "--threads", 1)
    assert (ended.code, ended.out) == (2, "")
    assert "bilstm-attention has no filters" in ended.err
    assert not out.exists()


def test_a_model_with_an_empty_name_is_refused(pslidx: Call, tmp_path: Path) -> None:
    ended = pslidx("experiment", "filters", tmp_path / "x.fasta", "--model", "=bilstm", "-o", tmp_path / "out")
    assert (ended.code, ended.out) == (2, "")
    assert "'=bilstm' gives a model an empty name; name it: NAME=MODEL" in ended.err


def test_a_label_that_no_model_knows_is_refused_with_its_line(pslidx: Call, tmp_path: Path) -> None:
    fasta = tmp_path / "proteins.fasta"
    fasta.write_text(">P1 Nucleus\nMKKL\n>P2 Moon\nMKLL\n")
    ended = pslidx("experiment", "filters", fasta, "-o", tmp_path / "out", "--threads", 1)
    assert (ended.code, ended.out) == (1, "")
    assert f"{fasta}:3: the label 'Moon' of P2 is none of the classes; there are " in ended.err
    assert not (tmp_path / "out").exists()


def test_filters_from_fasta_to_a_folder_and_again(pslidx: Call, tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    save_model(small_model("conv-blstm-attention", "attention"), tmp_path / "model")
    rng = random.Random(1)
    records = [f">P{n} {CLASSES[n % 2]}\nM{''.join(rng.choices(STANDARD, k=40))}\n" for n in range(12)]
    (tmp_path / "proteins.fasta").write_text("".join(records))
    arguments = ("experiment", "filters", tmp_path / "proteins.fasta", "--model", f"small={tmp_path / 'model'}")
    chosen = {"method": "saliency", "draws": 3, "windows": 2, "pseudocount": 0.5, "near": 7, "reach": 9, "shown": 1}
    chosen |= {"resamples": 20, "steps": 4, "seed": 2}
    for name, value in chosen.items():
        arguments += (f"--{name}", value)
    arguments += ("--threads", 1, "-o", tmp_path / "out")
    ended = pslidx(*arguments)
    assert ended.code == 0, ended.err
    assert "small, 3 draws of random weights: " in ended.out
    folder = tmp_path / "out" / "filters"
    settings = json.loads((folder / "manifest.json").read_text())["settings"]
    assert {name: settings[name] for name in chosen} == chosen
    assert (settings["threads"], settings["device"]) == (1, "cpu")
    tables = ("filters", "logos", "attention-by-class", "attention-at-ends", "residues")
    assert {f"{name}.tsv" for name in tables} <= {path.name for path in folder.iterdir()}
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert pslidx(*arguments).code == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_multiloc_from_a_folder_of_fasta_to_a_folder(
    pslidx: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DEFAULT_SIZES, "conv-blstm-attention", SIZES["conv-blstm-attention"])
    rng = random.Random(1)
    (tmp_path / "multiloc").mkdir()
    for name, letters in (("ER", "MKLA"), ("nuclear", "MKRG")):
        records = [f">{name}{n}\nM{''.join(rng.choices(letters, k=25))}\n" for n in range(6)]
        (tmp_path / "multiloc" / f"{name}.fasta").write_text("".join(records))
    (tmp_path / "clusters.tsv").write_text("ER0\tER0\nER0\tER1\nnuclear0\tnuclear0\nnuclear0\tnuclear1\n")
    arguments = ("experiment", "multiloc", tmp_path / "multiloc", "--clusters", tmp_path / "clusters.tsv")
    arguments += ("--epochs", 1, "--test-folds", 1, "--resamples", 10, "--encoding", "one-hot", "--threads", 1)
    ended = pslidx(*arguments, "-o", tmp_path / "out")
    assert ended.code == 0, ended.err
    assert "in no cluster, and so each by itself: 8 of 12 proteins" in ended.err
    assert "clustered folds, ensemble of four: accuracy " in ended.out
    settings = json.loads((tmp_path / "out" / "multiloc" / "manifest.json").read_text())["settings"]
    assert (settings["encoding"], settings["epochs"], settings["threads"]) == ("one-hot", 1, 1)
    assert settings["relatives"]["in_no_cluster"] == 8


def test_an_unknown_method_is_refused_before_a_model_is_trained(pslidx: Call, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = pslidx("experiment", "ground-truth", "--method", "nothing", "-o", out, "--threads", 1)
    assert (ended.code, ended.out) == (2, "")
    assert "no method 'nothing'" in ended.err
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        ((), METHODS_BY_DEFAULT),
        (("--mutagenesis",), (*METHODS_BY_DEFAULT, "mutagenesis")),
        (("--method", "lrp", "--method", "lrp", "--mutagenesis"), ("lrp", "mutagenesis")),
    ],
)
def test_mutagenesis_is_asked_for(
    pslidx: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], asked: tuple[str, ...]
) -> None:
    def told(self: GroundTruth, *_: object) -> None:
        raise UsageError(" ".join(self.methods))

    monkeypatch.setattr(GroundTruth, "run", told)
    ended = pslidx("experiment", "ground-truth", *options, "-o", tmp_path / "out", "--threads", 1)
    assert (ended.code, ended.err) == (2, f"pslidx: error: {' '.join(asked)}\n")


def test_clusters_of_other_proteins_are_refused(pslidx: Call, tmp_path: Path) -> None:
    folder, clusters = tmp_path / "multiloc", tmp_path / "clusters.tsv"
    folder.mkdir()
    for name in ("ER", "nuclear"):
        (folder / f"{name}.fasta").write_text("".join(f">{name}{n}\nMKKLSKLAAAKDEL\n" for n in range(5)))
    clusters.write_text("P1\tP2\n")
    out = tmp_path / "out"
    ended = pslidx("experiment", "multiloc", folder, "--clusters", clusters, "-o", out, "--threads", 1)
    assert (ended.code, ended.out) == (1, "")
    assert f"{clusters}: holds none of the 10 proteins, the first is ER0" in ended.err
    assert not out.exists()


def test_a_class_with_fewer_proteins_than_folds_is_refused(pslidx: Call, tmp_path: Path) -> None:
    folder = tmp_path / "multiloc"
    folder.mkdir()
    for name in ("ER", "nuclear"):
        (folder / f"{name}.fasta").write_text("".join(f">{name}{n}\nMKKLSKLAAAKDEL\n" for n in range(4)))
    ended = pslidx("experiment", "multiloc", folder, "-o", tmp_path / "out", "--threads", 1)
    assert (ended.code, ended.out) == (1, "")
    assert "the class ER has 4 proteins, fewer than 5 folds" in ended.err


@pytest.mark.parametrize("name", ["filters", "ground-truth", "multiloc"])
def test_the_list_names_them(pslidx: Call, name: str) -> None:
    assert f"\n{name}\n" in f"\n{pslidx('experiment', 'list').out}"
