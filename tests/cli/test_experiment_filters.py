"""The commands `pslidx experiment filters`, `ground-truth` and `multiloc`: what they say of bad input."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from psl_eval.experiments.ground_truth.experiment import METHODS_BY_DEFAULT, GroundTruth
from psl_index.errors import UsageError

Call = Callable[..., Any]


def test_a_model_without_filters_is_refused(pslidx: Call, tmp_path: Path) -> None:
    fasta = tmp_path / "proteins.fasta"
    fasta.write_text(">P1 Nucleus\nMKKLSKLAAAKDEL\n")
    out = tmp_path / "out"
    ended = pslidx("experiment", "filters", fasta, "--model", "bilstm-attention", "-o", out, "--threads", 1)
    assert (ended.code, ended.out) == (2, "")
    assert "bilstm-attention has no filters" in ended.err
    assert not out.exists()


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
