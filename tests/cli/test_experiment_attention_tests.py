"""`pslidx experiment attention-tests`, on networks with random weights."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

CLASSES = ("Nucleus", "Peroxisome", "Plastid")
QUICK = ("--steps", 5, "--permutations", 2, "--resamples", 20, "--left-out", 2)


def saved(folder: Path, pooling: str, architecture: str = "bilstm", seed: int = 2) -> Path:
    import torch

    from psl_models.checkpoints import save_model
    from psl_models.configuration import Configuration, Sizes
    from psl_models.model import Model
    from psl_models.network import Network

    torch.manual_seed(seed)
    configuration = Configuration(architecture, pooling, CLASSES, Sizes(embedding=4, hidden=3, attention=5))  # type: ignore[arg-type]
    folder.mkdir(exist_ok=True)
    save_model(Model(configuration, Network(configuration)), folder)
    return folder


@pytest.fixture
def proteins(tmp_path: Path) -> Path:
    path = tmp_path / "proteins.fasta"
    path.write_text(">P99991 Nucleus\nMKKLSKLAAAKDEL\n>b Plastid\nMSKLSKLSKIGU\n>c Peroxisome\nMSKLUBZACDEFGHIKLSKL\n")
    return path


def manifest_of(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "attention-tests" / "manifest.json").read_text())
    return found


def test_writes_tables_figures_and_what_it_found(pslidx, proteins: Path, index: Path, tmp_path: Path) -> None:
    model, folder = saved(tmp_path / "model", "attention"), tmp_path / "out"
    clusters = tmp_path / "clusters.tsv"
    clusters.write_text("P99991\tP99991\nP99991\tb\n")
    arguments = ("--model", model, "--index", index, "--clusters", clusters, *QUICK, "-o", folder)
    ended = pslidx("experiment", "attention-tests", proteins, *arguments)
    assert ended.code == 0, ended.err
    manifest = manifest_of(folder)
    assert manifest["tables"] == [
        "altered",
        "adversarial",
        "adversarial-hit-rates",
        "correlation",
        "erasure",
        "erasure-orders",
    ]
    assert ended.out.splitlines() == manifest["findings"]
    assert manifest["settings"]["tests"]["adversarial"]["search"]["steps"] == 5  # type: ignore[index]
    for name in manifest["figures"]:  # type: ignore[attr-defined]
        assert (folder / "attention-tests" / f"{name}.png").exists()


def test_only_the_test_that_is_asked_for(pslidx, proteins: Path, tmp_path: Path) -> None:
    model, folder = saved(tmp_path / "model", "attention"), tmp_path / "out"
    ended = pslidx("experiment", "attention-tests", proteins, "--model", model, "--test", "erasure", "-o", folder)
    assert ended.code == 0, ended.err
    assert manifest_of(folder)["tables"] == ["erasure", "erasure-orders"]


def test_models_of_other_seeds_and_one_trained_with_uniform_weights(pslidx, proteins: Path, tmp_path: Path) -> None:
    one, two = saved(tmp_path / "one", "attention"), saved(tmp_path / "two", "attention", seed=3)
    flat, folder = saved(tmp_path / "flat", "uniform"), tmp_path / "out"
    arguments = ("--test", "altered", "--test", "seeds", "--model", one, "--model", two, *QUICK)
    ended = pslidx("experiment", "attention-tests", proteins, *arguments, "-o", folder)
    assert ended.code == 0, ended.err
    with (folder / "attention-tests" / "seeds.tsv").open() as file:
        others = {row["other"] for row in csv.DictReader(file, delimiter="\t")}
    assert others == {"two", "permuted", "uniform", "adversarial"}
    ended = pslidx("experiment", "attention-tests", proteins, "--test", "altered", "--model", one, "--retrained", flat,
                   *QUICK, "-o", folder)  # fmt: skip
    assert ended.code == 0, ended.err
    assert "trained with uniform weights" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "flat"], "flat has no attention to test"),
        (["--model", "one", "--test", "altered", "--test", "seeds"], "seeds compares models, and there is one only"),
        (["--model", "one", "--model", "mlp", "--test", "seeds"], "mlp has another configuration than one"),
        (["--model", "one", "--retrained", "mlp"], "mlp was not trained with uniform weights"),
        (["--model", "one", "--retrained", "flat", "--test", "erasure"], "--retrained go with the test altered"),
        (["--model", "one", "--retrained", "one"], "two models have the name 'one'"),
        (["--model", "one", "--clusters", "clusters.tsv"], "--clusters is for hit rates, which take an index"),
        (["--model", "one", "--index", "sprot", "--test", "erasure"], "go with the test adversarial"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line_before_anything_is_written(
    pslidx, proteins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    saved(tmp_path / "one", "attention")
    saved(tmp_path / "mlp", "attention", architecture="mlp")
    saved(tmp_path / "flat", "uniform")
    monkeypatch.chdir(tmp_path)
    ended = pslidx("experiment", "attention-tests", proteins, *arguments, "-o", tmp_path / "out")
    assert ended.code == 2, ended.err
    assert said in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_an_index_without_locations(pslidx, proteins: Path, tmp_path: Path) -> None:
    model, table = saved(tmp_path / "model", "attention"), tmp_path / "table.tsv"
    table.write_text("accession\tsequence\tlocations\nP99991\tMKKLSKLAAAKDEL\t\n")
    assert pslidx("build", table, "-o", tmp_path / "bare").code == 0
    ended = pslidx(
        "experiment", "attention-tests", proteins, "--model", model, "--index", tmp_path / "bare", "-o", tmp_path / "o"
    )
    assert ended.code == 1, ended.err
    assert "no entry of the index has a known location" in ended.err
    assert not (tmp_path / "o").exists()
