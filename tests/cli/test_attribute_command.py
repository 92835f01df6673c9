"""`pslidx attribute` and `import-checkpoint`, on a network with random weights."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

DATA = Path(os.environ.get("PSLIDX_DATA", "../shared/data")) / "released"
PROTEINS = b">a Nucleus\nMKTAYLVAGRKKRK\n>b\nM\n>c Peroxisome\nMSKLUBZACDEFGHIKLMNPQRSTVWYSKL\n"
LENGTHS = {"a": 14, "b": 1, "c": 30}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("model"), "single-label")


def saved(folder: Path, task: str) -> Path:
    import torch

    from psl_models.checkpoints import save_model
    from psl_models.configuration import Configuration, Sizes
    from psl_models.model import Model
    from psl_models.network import Network

    torch.manual_seed(2)
    sizes = Sizes(embedding=4, hidden=3, attention=5)
    configuration = Configuration("bilstm", "attention", ("Nucleus", "Peroxisome", "Plastid"), sizes, task=task)
    folder.mkdir(exist_ok=True)
    save_model(Model(configuration, Network(configuration)), folder)
    return folder


def proteins(folder: Path) -> Path:
    (folder / "proteins.fasta").write_bytes(PROTEINS)
    return folder / "proteins.fasta"


@pytest.mark.parametrize("ending", ["tsv", "jsonl", "parquet"])
def test_rows_in_the_order_of_the_file(pslidx, model: Path, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"attention.{ending}"
    assert pslidx("attribute", model, proteins(tmp_path), "-o", file).code == 0
    if ending == "parquet":
        rows = pq.read_table(file).to_pylist()
    elif ending == "jsonl":
        rows = [json.loads(line) for line in file.read_text().splitlines()]
    else:
        rows = list(csv.DictReader(file.read_text().splitlines(), delimiter="\t"))
        for row in rows:
            row["scores"] = [float(score) for score in row["scores"].split(";")]
    assert [row["query"] for row in rows] == ["a", "b", "c"]
    assert [len(row["scores"]) for row in rows] == [14, 1, 30]
    assert [sum(row["scores"]) for row in rows] == pytest.approx([1, 1, 1], abs=1e-5)
    assert [row["true"] or None for row in rows] == ["Nucleus", None, "Peroxisome"]
    assert all(row["target"] == row["predicted"] for row in rows)
    assert {row["method"] for row in rows} == {"attention"}


METHODS = (
    "attention", "permuted", "random", "uniform", "shifted", "integrated-gradients", "saliency", "input-x-gradient",
    "smoothgrad", "gradient-shap", "lrp", "occlusion", "mutagenesis",
)  # fmt: skip


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_a_score_a_residue(pslidx, model: Path, tmp_path: Path, method: str) -> None:
    file = tmp_path / "attributions.jsonl"
    ended = pslidx("attribute", model, proteins(tmp_path), "--method", method, "-o", file)
    assert ended.code == 0, ended.err
    for row in map(json.loads, file.read_text().splitlines()):
        assert len(row["scores"]) == LENGTHS[row["query"]]
        assert row["method"] == method
        assert isinstance(json.loads(row["settings"]), dict)
    assert pslidx("extract", file, "--rule", "top-k").code == 0


def test_the_methods_of_the_help_are_all_there_are() -> None:
    from pslidx.attribute_command import _METHODS

    from psl_models.attribution import METHODS as KNOWN

    assert tuple(KNOWN) == _METHODS


def targets(pslidx, model: Path, tmp_path: Path, *options: str) -> list[tuple[str, str]]:
    ended = pslidx("attribute", model, proteins(tmp_path), "--method", "saliency", *options)
    assert ended.code == 0, ended.err
    return [(row[0], row[3]) for row in ended.rows[1:]]


def test_targets(pslidx, model: Path, tmp_path: Path) -> None:
    assert targets(pslidx, model, tmp_path, "--target", "Plastid") == [(name, "Plastid") for name in "abc"]
    everything = [(name, target) for name in "abc" for target in ("Nucleus", "Peroxisome", "Plastid")]
    assert targets(pslidx, model, tmp_path, "--target", "all") == everything
    (tmp_path / "labels.tsv").write_text("accession\tlabels\na\tPlastid\nb\tPlastid\nc\tNucleus\n")
    options = ("--target", "true", "--labels", str(tmp_path / "labels.tsv"))
    bare = tmp_path / "bare.fasta"
    bare.write_bytes(PROTEINS.replace(b" Nucleus", b"").replace(b" Peroxisome", b""))
    ended = pslidx("attribute", model, bare, "--method", "saliency", *options)
    assert [row[3] for row in ended.rows[1:]] == ["Plastid", "Plastid", "Nucleus"]


def test_attention_is_what_the_model_pools_with_when_it_predicts(pslidx, model: Path, tmp_path: Path) -> None:
    """The command takes the weights from the prediction, without asking the model a second time."""
    from psl_models.attribution import attribute
    from psl_models.attribution.methods import method_named
    from psl_models.checkpoints import open_model

    ended = pslidx("attribute", model, proteins(tmp_path), "--format", "jsonl")
    rows = [json.loads(line) for line in ended.out.splitlines()]
    sequences = [row["sequence"] for row in rows]
    targets = np.zeros(len(rows), np.int64)
    found = attribute(open_model(model), sequences, "attention", method_named("attention"), targets)
    for attribution in (each for batch in found for each in batch):
        row = rows[attribution.protein]
        assert row["scores"] == pytest.approx(attribution.scores.tolist(), abs=1e-6)
        assert (row["completeness_gap"], json.loads(row["settings"])) == (None, attribution.settings)


def test_of_several_predicted_classes_the_most_probable_is_explained(pslidx, tmp_path: Path) -> None:
    """From FASTA to subsequences with a multi-label model that predicts every class."""
    model = saved(tmp_path / "model", "multi-label")
    configuration = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(configuration | {"thresholds": [1e-6] * 3}))
    probabilities = pslidx("predict", model, proteins(tmp_path), "--format", "jsonl").out.splitlines()
    file = tmp_path / "attributions.tsv"
    assert pslidx("attribute", model, proteins(tmp_path), "-o", file).code == 0
    rows = list(csv.DictReader(file.read_text().splitlines(), delimiter="\t"))
    assert [row["query"] for row in rows] == ["a", "b", "c"]
    for row, line in zip(rows, probabilities, strict=True):
        of_classes = {name: json.loads(line)[name] for name in configuration["classes"]}
        assert row["predicted"] == ";".join(configuration["classes"])
        assert row["target"] == max(of_classes, key=lambda name: of_classes[name])
    assert pslidx("extract", file, "--rule", "top-k").code == 0
    assert pslidx("attribute", model, proteins(tmp_path), "--target", "all", "-o", file).code == 0
    assert "choose one of several targets with --target" in pslidx("extract", file, "--rule", "top-k").err
    assert pslidx("extract", file, "--rule", "top-k", "--target", "Plastid").code == 0


@pytest.mark.parametrize("method", METHODS)
def test_threads_give_the_same_bytes(pslidx, model: Path, tmp_path: Path, method: str) -> None:
    steps = ("--set", "most_steps=60") if method == "integrated-gradients" else ()
    one, two = (
        pslidx("attribute", model, proteins(tmp_path), "--method", method, *steps, "--threads", threads).out
        for threads in (1, 2)
    )
    assert one
    assert one == two


def test_what_is_drawn_has_its_seed_stored(pslidx, model: Path, tmp_path: Path) -> None:
    for method, stored in (("permuted", {"seed": 5}), ("attention", {})):
        ended = pslidx("attribute", model, proteins(tmp_path), "--method", method, "--seed", 5)
        assert json.loads(ended.rows[1][8]) == stored


def test_settings_are_set_and_stored(pslidx, model: Path, tmp_path: Path) -> None:
    arguments = ("--method", "integrated-gradients", "--set", "steps=7", "--set", "tolerance=none")
    ended = pslidx("attribute", model, proteins(tmp_path), *arguments)
    settings = json.loads(ended.rows[1][8])
    assert settings["steps"] == 7
    assert settings["tolerance"] is None
    released = pslidx("attribute", model, proteins(tmp_path), "--method", "integrated-gradients", "--as-released")
    assert json.loads(released.rows[1][8])["normalised"] is True


def test_a_gap_that_stays_is_said(pslidx, model: Path, tmp_path: Path) -> None:
    arguments = ("--method", "integrated-gradients", "--set", "steps=1", "--set", "most_steps=1", "--set")
    ended = pslidx("attribute", model, proteins(tmp_path), *arguments, "tolerance=1e-12")
    assert ended.code == 0
    assert "3 attributions with a completeness_gap above what is tolerated" in ended.err


def test_proteins_are_cut_only_when_asked(pslidx, model: Path, tmp_path: Path) -> None:
    ended = pslidx("attribute", model, proteins(tmp_path), "--max-length", 6, "--truncate", "middle")
    assert [row[1] for row in ended.rows[1:]] == ["MKTKRK", "M", "MSKSKL"]


BAD = {
    ("--method", "deeplift"): (2, "deeplift cannot explain bilstm"),
    ("--method", "guided-backpropagation"): (2, "cannot explain bilstm"),
    ("--method", "attention", "--set", "steps=5"): (2, "attention has no setting 'steps'"),
    ("--method", "lrp", "--set", "steps"): (2, "write NAME=VALUE"),
    ("--method", "integrated-gradients", "--set", "steps=many"): (2, "steps is 'many', expected a whole number"),
    ("--method", "saliency", "--as-released"): (2, "--as-released goes with"),
    ("--target", "Moon"): (2, "--target 'Moon' is no class of this model; choose predicted, true, all or one of"),
    ("--target", "true"): (2, "--target true: 1 protein without a label"),
    ("--method", "magic"): (2, "magic"),
}


@pytest.mark.parametrize("options", BAD, ids=" ".join)
def test_bad_requests_get_one_line(pslidx, model: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    code, expected = BAD[options]
    ended = pslidx("attribute", model, proteins(tmp_path), *options, "-o", tmp_path / "out.tsv")
    assert (ended.code, len(ended.err.splitlines())) == (code, 1), ended.err
    assert expected in ended.err
    assert not (tmp_path / "out.tsv").exists()


@pytest.mark.parametrize("method", ["attention", "shifted"])
@pytest.mark.parametrize("name", ["bilstm-uniform", "cnn-bilstm-large-last"])
def test_a_model_without_attention_has_none_to_show(pslidx, tmp_path: Path, name: str, method: str) -> None:
    ended = pslidx("attribute", name, proteins(tmp_path), "--method", method, "-o", tmp_path / "out.tsv")
    assert (ended.code, len(ended.err.splitlines())) == (2, 1), ended.err
    assert "attention cannot explain" in ended.err
    assert not (tmp_path / "out.tsv").exists()


def test_what_is_no_checkpoint(pslidx, tmp_path: Path) -> None:
    (tmp_path / "text.pth").write_text("weights")
    ended = pslidx("import-checkpoint", tmp_path / "text.pth", "-o", tmp_path / "model")
    assert ended.code == 1
    assert "text.pth: no checkpoint that can be read without executing it" in ended.err
    assert not (tmp_path / "model").exists()
    taken = pslidx("import-checkpoint", tmp_path / "text.pth", "-o", tmp_path)
    assert taken.code == 2
    assert "is there already" in taken.err


def test_a_checkpoint_cannot_be_imported_into_a_file(pslidx, tmp_path: Path) -> None:
    import torch

    from tests.psl_models.test_released import Released

    torch.save(Released().state_dict(), tmp_path / "study.pth")
    (tmp_path / "file").touch()
    ended = pslidx("import-checkpoint", tmp_path / "study.pth", "-o", tmp_path / "file" / "model")
    said = f"pslidx: error: {tmp_path}/file/model: cannot be made: Not a directory; name another with -o\n"
    assert (ended.code, ended.err) == (1, said)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the study's files ($PSLIDX_DATA)")
def test_the_study_s_weights_pick_out_the_study_s_subsequences(pslidx, tmp_path: Path) -> None:
    """On the first 300 of its 2,101 test proteins; `python -m benchmarks models` does all of them."""
    with gzip.open(DATA / "test_sentences.txt.gz", "rt") as lines:
        (tmp_path / "proteins.txt").write_text("".join(lines.readlines()[:300]))
    with gzip.open(DATA / "test_labels.txt.gz", "rt") as lines:
        (tmp_path / "labels.txt").write_text("".join(lines.readlines()[:300]))
    with gzip.open(DATA / "lstm_attention_subsequences.csv.gz", "rt") as lines:
        header, *rows = lines.read().splitlines()
    expected = [row for row in rows if int(row.rsplit(",", 1)[1]) < 300]
    assert pslidx("import-checkpoint", DATA / "lstm_attention.pth", "-o", tmp_path / "model").code == 0
    file = tmp_path / "attention.parquet"
    labels = ("--labels", tmp_path / "labels.txt")
    assert pslidx("attribute", tmp_path / "model", tmp_path / "proteins.txt", *labels, "-o", file).code == 0
    found = pslidx("extract", file, "--released").out.splitlines()
    assert found[0] == f"{header},accession,score"
    assert [row.rsplit(",", 2)[0] for row in found[1:]] == expected
