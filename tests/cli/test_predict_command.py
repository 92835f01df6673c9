"""`pslidx predict`: which labels give figures, and what is said where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from psl_models.checkpoints import save_model
from psl_models.configuration import Configuration, Sizes
from psl_models.model import Model
from psl_models.network import Network

CLASSES = ("Nucleus", "Cytoplasm", "Cell.membrane")
SEQUENCES = ("MKTAYLVA", "MSKL", "MKRRR")


def saved(folder: Path, task: str) -> Path:
    torch.manual_seed(3)
    sizes = Sizes(embedding=4, hidden=3, layers=1, attention=5)
    configuration = Configuration("bilstm", "attention", CLASSES, sizes, task=task)
    folder.mkdir()
    save_model(Model(configuration, Network(configuration).eval()), folder)
    return folder


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    return {task: saved(folder / task, task) for task in ("single-label", "multi-label")}


def written(folder: Path, kind: str, labels: tuple[str, ...]) -> Path:
    """Proteins P0, P1 and P2 with these labels, as FASTA or as a table."""
    named = [(f"P{number}", *pair) for number, pair in enumerate(zip(labels, SEQUENCES, strict=True))]
    if kind == "fasta":
        text = "".join(f">{name} {label}\n{sequence}\n" for name, label, sequence in named)
    else:
        text = "accession,labels,sequence\n" + "".join(f"{name},{label},{rest}\n" for name, label, rest in named)
    path = folder / f"proteins.{kind}"
    path.write_text(text)
    return path


SOME_MISSING = "pslidx: no figures: 1 of 3 proteins have no label that the model knows, the first is P1\n"
SAID = {
    ("single-label", "fasta", ("Nucleus", "", "Cytoplasm")): SOME_MISSING,
    ("single-label", "csv", ("Nucleus", "", "Cytoplasm")): SOME_MISSING,
    ("multi-label", "fasta", ("Nucleus", "", "Cytoplasm")): SOME_MISSING,
    ("multi-label", "csv", ("Nucleus", "", "Cytoplasm")): SOME_MISSING,
    ("single-label", "fasta", ("Nucleus", "Moon", "Cytoplasm")): SOME_MISSING,
    ("single-label", "csv", ("Nucleus", "Moon", "Cytoplasm")): "pslidx: no figures: {file}:3: the label 'Moon' of P1 "
    "is none of the classes; there are Nucleus, Cytoplasm, Cell.membrane\n",
    (
        "single-label",
        "fasta",
        ("Nucleus", "Nucleus|Cytoplasm", "Nucleus"),
    ): "pslidx: no figures: {file}:3: expected one label of P1, found Nucleus, Cytoplasm\n",
    ("single-label", "csv", ("Nucleus", "Nucleus|Cytoplasm", "Nucleus")): "pslidx: no figures: {file}:3: expected one "
    "label of P1, found Nucleus, Cytoplasm\n",
    ("single-label", "fasta", ("", "", "")): "",
    ("single-label", "csv", ("", "", "")): "",
    ("single-label", "fasta", ("fragment", "precursor", "")): "",
}


@pytest.mark.parametrize("case", SAID, ids=str)
def test_labels_that_give_no_figures_get_a_line_at_most(
    pslidx, models: dict[str, Path], tmp_path: Path, case: tuple[str, str, tuple[str, ...]]
) -> None:
    task, kind, labels = case
    file = written(tmp_path, kind, labels)
    ended = pslidx("predict", models[task], file)
    assert (ended.code, ended.err) == (0, SAID[case].format(file=file))
    assert [row[0] for row in ended.rows[1:]] == ["P0", "P1", "P2"]


@pytest.mark.parametrize("kind", ["fasta", "csv"])
@pytest.mark.parametrize("task", ["single-label", "multi-label"])
def test_labels_that_all_fit_give_figures(
    pslidx, models: dict[str, Path], tmp_path: Path, task: str, kind: str
) -> None:
    ended = pslidx("predict", models[task], written(tmp_path, kind, ("Nucleus", "cell.membrane", "Cytoplasm")))
    assert ended.code == 0
    assert "pslidx: 3 proteins, intervals of 95%" in ended.err
    assert ended.rows[2][3] == "Cell.membrane"


def test_labels_that_fit_no_protein_are_refused(pslidx, models: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "labels.tsv").write_text("accession\tlabels\nQ1\tNucleus\n")
    file = written(tmp_path, "fasta", ("", "", ""))
    ended = pslidx("predict", models["single-label"], file, "--labels", tmp_path / "labels.tsv")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "labels.tsv: has no label that the model knows for any of the 3 proteins" in ended.err


@pytest.mark.parametrize("command", ["predict", "attribute"])
def test_the_model_that_is_asked_is_not_written_over(
    pslidx, models: dict[str, Path], command: str, tmp_path: Path
) -> None:
    weights = models["single-label"] / "model.safetensors"
    before = weights.read_bytes()
    ended = pslidx(command, models["single-label"], written(tmp_path, "fasta", ("", "", "")), "-o", weights)
    assert (ended.code, weights.read_bytes()) == (2, before)
    assert "which holds something else" in ended.err


def test_too_little_memory_is_said_in_a_line(pslidx, models: dict[str, Path], tmp_path: Path) -> None:
    limit = 1 << 50  # bytes: no machine gives them
    from psl_models import prediction

    def greedy(*_: object, **__: object) -> None:
        torch.empty(limit, dtype=torch.uint8)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prediction, "predict", greedy)
        ended = pslidx("predict", models["single-label"], written(tmp_path, "fasta", ("", "", "")))
    assert (ended.code, ended.err) == (1, "pslidx: error: not enough memory\n")
