"""`pslidx experiment mutation-fidelity` and `sanity-checks`, on a network with random weights."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

NAMES = ("Nucleus", "Peroxisome", "Plastid")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    from psl_models.checkpoints import save_model
    from psl_models.configuration import Configuration, Sizes
    from psl_models.model import Model
    from psl_models.network import Network

    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(2)
    configuration = Configuration("mlp", "uniform", NAMES, Sizes(embedding=4, hidden=3, layers=0))
    save_model(Model(configuration, Network(configuration)), folder)
    return folder


@pytest.fixture
def proteins(tmp_path: Path) -> Path:
    lines = [f">p{n} {NAMES[n % 3]}\nMKT{'ACDEFGHIKLNPQRSTVWY'[n:]}{'LIVAGKR' * 2}\n" for n in range(6)]
    (tmp_path / "proteins.fasta").write_text("".join(lines))
    return tmp_path / "proteins.fasta"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("mutation-fidelity", ("--saturated", 2, "--resamples", 20), "outside the ranking"),
        ("sanity-checks", ("--draws", 1, "--top", 3), "rank correlation as layers are randomised"),
    ],
)
def test_from_fasta_to_a_folder_and_again(
    pslidx, model: Path, proteins: Path, tmp_path: Path, name: str, options: tuple[object, ...], said: str
) -> None:
    arguments = ("experiment", name, proteins, "--model", model, "--method", "saliency", "--method", "deeplift")
    arguments += (*options, "--proteins", 5, "--threads", 1, "-o", tmp_path / "out")
    ended = pslidx(*arguments)
    assert ended.code == 0, ended.err
    assert said in ended.out
    files = {path.name for path in (tmp_path / "out" / name).iterdir()}
    assert {f"{name}.{kind}" for kind in ("tsv", "json", "png", "svg")} <= files
    manifest = json.loads((tmp_path / "out" / name / "manifest.json").read_text())
    assert (manifest["experiment"], manifest["settings"]["proteins"]["number"]) == (name, 5)
    before = (tmp_path / "out" / name / f"{name}.tsv").read_bytes()
    assert pslidx(*arguments).code == 0
    assert (tmp_path / "out" / name / f"{name}.tsv").read_bytes() == before


@pytest.mark.parametrize("name", ["mutation-fidelity", "sanity-checks"])
@pytest.mark.parametrize(
    ("method", "problem"),
    [
        ("attention", "has no attention; leave out --method attention"),
        ("mutagenesis", "'mutagenesis' is no method that is ranked; choose of attention, "),
        ("magic", "'magic' is no method that is ranked"),
    ],
)
def test_a_method_that_cannot_be_ranked_is_one_line(
    pslidx, model: Path, proteins: Path, tmp_path: Path, name: str, method: str, problem: str
) -> None:
    ended = pslidx("experiment", name, proteins, "--model", model, "--method", method, "-o", tmp_path / "out")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended.err
    assert problem in ended.err
    assert not (tmp_path / "out").exists()


def test_signals_of_an_index_are_a_table_of_their_own(
    pslidx, flat_entry: Callable[..., str], model: Path, proteins: Path, tmp_path: Path
) -> None:
    text = "".join(
        flat_entry(f"P9999{n}", f"P{n}_TEST", 9606, "Eukaryota", "Secreted.", f"MKTAYLVAGRKKRKWW{'DEFHI'[n:]}KDEL")
        for n in range(3)
    )
    signals = text.replace("\nSQ   ", "\nFT   SIGNAL          1..7\nSQ   ")
    (tmp_path / "three.dat").write_text(signals)
    assert pslidx("build", tmp_path / "three.dat", "-o", tmp_path / "index").code == 0
    arguments = ("--method", "saliency", "--saturated", 0, "--proteins", 2, "--per-feature", 2, "--resamples", 20)
    folders = ("--features", tmp_path / "index", "-o", tmp_path / "out")
    ended = pslidx("experiment", "mutation-fidelity", proteins, "--model", model, *arguments, *folders)
    assert ended.code == 0, ended.err
    assert "SIGNAL (2 proteins): " in ended.out
    assert "no protein of the index that can be asked about has a known TRANSIT or KDEL or SKL or NLS" in ended.out
    files = {path.name for path in (tmp_path / "out" / "mutation-fidelity").iterdir()}
    assert {f"known-features.{kind}" for kind in ("tsv", "json", "png", "svg")} <= files
    assert "saturation.tsv" not in files


def test_an_index_without_features_is_one_line(
    pslidx, model: Path, proteins: Path, index: Path, tmp_path: Path
) -> None:
    arguments = ("--model", model, "--features", index, "-o", tmp_path / "out")
    ended = pslidx("experiment", "mutation-fidelity", proteins, *arguments)
    assert (ended.code, len(ended.err.splitlines())) == (1, 1), ended.err
    assert "no entry with an annotated signal" in ended.err
    assert not (tmp_path / "out").exists()
