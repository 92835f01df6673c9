"""`pslidx experiment`, and the table of hit rates from FASTA to a folder."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from pslidx.experiments.listing import EXPERIMENTS

import psl_index

Call = Callable[..., Any]
NAMES = ("Nucleus", "Peroxisome", "Plastid")
SEQUENCES = [f"MKT{'ACDEFGHIKLNPQRSTVWY'[n:]}KKRKRWW{'LIVAGKR' * 3}" for n in range(6)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    from psl_models.checkpoints import save_model
    from psl_models.configuration import Configuration, Sizes
    from psl_models.model import Model
    from psl_models.network import Network

    folder = tmp_path_factory.mktemp("model")
    torch.manual_seed(2)
    configuration = Configuration("bilstm", "attention", NAMES, Sizes(embedding=4, hidden=3, layers=1, attention=4))
    save_model(Model(configuration, Network(configuration)), folder)
    return folder


@pytest.fixture
def proteins(tmp_path: Path) -> Path:
    lines = [f">p{n} {NAMES[n % 3]}\n{sequence}\n" for n, sequence in enumerate(SEQUENCES)]
    (tmp_path / "proteins.fasta").write_text("".join(lines))
    return tmp_path / "proteins.fasta"


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index of the same proteins, with their classes."""
    folder = tmp_path_factory.mktemp("known")
    rows = [f"p{n},{sequence},{NAMES[n % 3]}\n" for n, sequence in enumerate(SEQUENCES)]
    (folder / "known.csv").write_text("".join(["accession,sequence,locations\n", *rows]))
    psl_index.build([folder / "known.csv"], folder / "index", threads=1)
    return folder / "index"


def test_list_says_what_each_asks_needs_and_costs(pslidx: Call) -> None:
    said = pslidx("experiment", "list")
    assert said.code == 0
    blocks = [block.splitlines() for block in said.out.strip().split("\n\n")]
    assert [block[0] for block in blocks] == list(EXPERIMENTS)
    for block in blocks:
        assert [line.split()[0] for line in block[1:]] == ["asks", "needs", "costs"]


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_each_experiment_has_examples_that_are_understood(name: str, pslidx: Call) -> None:
    said = pslidx("experiment", name, "-h")
    assert said.code == 0
    _, found, rest = said.out.partition("  Example:\n")
    assert found
    examples = [shlex.split(example) for example in rest.split("\n\n")[0].splitlines()]
    own = [example[3:] for example in examples if example[:3] == ["pslidx", "experiment", name]]
    assert own
    for arguments in own:
        assert import_module(EXPERIMENTS[name].module).command.make_context(name, arguments).params


def test_from_fasta_to_a_folder_and_again(
    pslidx: Call, model: Path, known: Path, proteins: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "hit-rate-table"
    arguments = ("experiment", "hit-rate-table", known, proteins, "--model", f"own={model}", "--steps", 4)
    arguments += ("--draws", 10, "--resamples", 10, "--threads", 1, "-o", tmp_path / "out")
    ended = pslidx(*arguments)
    assert ended.code == 0, ended.err
    assert "own, integrated-gradients: " in ended.out
    assert "what own has learned from is not known here, and may be among these proteins" in ended.out
    names = ["hit-rate-table.tsv", "hit-rate-table.json", "hit-rate-table.png", "hit-rate-table.svg", "comparison.tsv"]
    assert {*names, "comparison.json", "manifest.json"} <= {path.name for path in out.iterdir()}
    settings = json.loads((out / "manifest.json").read_text())["settings"]
    assert (settings["seed"], settings["steps"], list(settings["models"])) == (1, 4, ["own"])
    before = {name: (out / name).read_bytes() for name in names}
    (out / "manifest.json").unlink()  # as if it had been cut off while it wrote
    again = pslidx(*arguments)
    assert (again.code, again.out) == (0, ended.out)
    assert {name: (out / name).read_bytes() for name in names} == before


def test_proteins_that_the_model_has_learned_from_are_left_out_unless_asked_for(
    pslidx: Call, model: Path, known: Path, proteins: Path, tmp_path: Path
) -> None:
    training = model / "training_set.tsv"
    training.write_text("accession\tsplit\tsequence\n" + "".join(f"p{n}\ttrain\t\n" for n in range(6)))
    arguments = ("experiment", "hit-rate-table", known, proteins, "--model", model, "--steps", 4, "--threads", 1)
    arguments += ("--draws", 10, "--resamples", 10, "--definition", "unweighted", "-o", tmp_path / "out")
    try:
        ended = pslidx(*arguments)
        assert ended.code == 1
        assert "has no protein that no model has learned from, of 6 proteins; give others, or keep these" in ended.err
        assert not (tmp_path / "out").exists()
        training.write_text("accession\tsplit\tsequence\n" + "".join(f"p{n}\ttrain\t\n" for n in range(2)))
        ended = pslidx(*arguments)
        assert "left out, for a model has learned from them: 2 of 6 proteins" in ended.err
        assert "is not known here" not in ended.out
        manifest = json.loads((tmp_path / "out" / "hit-rate-table" / "manifest.json").read_text())
        assert manifest["settings"]["proteins"]["number"] == 4
        ended = pslidx(*arguments, "--trained-too")
        assert ended.code == 0, ended.err
        manifest = json.loads((tmp_path / "out" / "hit-rate-table" / "manifest.json").read_text())
        assert manifest["settings"]["proteins"]["number"] == 6
    finally:
        training.unlink()


def test_bad_input_is_one_line_and_leaves_nothing(
    pslidx: Call, model: Path, known: Path, proteins: Path, tmp_path: Path
) -> None:
    def ended(*arguments: object) -> tuple[int, str]:
        said = pslidx("experiment", "hit-rate-table", *arguments, "-o", tmp_path / "out")
        assert len(said.err.splitlines()) == 1, said.err
        assert not (tmp_path / "out").exists()
        return said.code, said.err

    unlabelled = tmp_path / "unlabelled.fasta"
    unlabelled.write_text(">a\nMKT\n")
    code, said = ended(known, unlabelled, "--model", model)
    assert (code, f"{unlabelled}:1: expected one label of a, found none" in said) == (1, True)
    code, said = ended(tmp_path / "none", proteins, "--model", model)
    assert (code, "none" in said) == (3, True)
    (tmp_path / "unplaced.fasta").write_text(">a\nMKTAYLV\n")
    psl_index.build([tmp_path / "unplaced.fasta"], tmp_path / "unplaced", threads=1)
    code, said = ended(tmp_path / "unplaced", proteins, "--model", model)
    assert (code, "no entry of the index has a known location; build one from" in said) == (1, True)
    code, said = ended(known, proteins, "--model", tmp_path / "none")
    assert (code, "none" in said) == (1, True)
    code, said = ended(known, proteins, "--model", model, "--model", model)
    assert (code, "two models have the name" in said) == (2, True)
    code, said = ended(known, proteins, "--model", model, "--model", "bilstm-attention")
    assert (code, "knows other classes than" in said) == (2, True)
