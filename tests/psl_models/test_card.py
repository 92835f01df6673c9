"""The model card says what a model is, and nothing about where it was made."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any, get_args

import numpy as np
import pytest

from psl_models.card import card
from psl_models.configuration import DEFAULT_SIZES, Architecture, Configuration
from psl_models.layers.pooling import PoolingName
from psl_models.metrics import evaluate

CLASSES = ("Nucleus", "Cytoplasm", "Plastid")
FILE = {"name": "/home/someone/deeploc1.fasta.gz", "size": 4_393_547, "sha256": "ab" * 32}
TRAINING = {
    "parameters": 103_000,
    "bytes": 412_345,
    "files": [FILE],
    "split": "the test word of the headers",
    "counts": {"train": {"Nucleus": 1500, "Plastid": 3}, "test": {"Nucleus": 7}},
    "proteins": {"train": 1503, "test": 7},
    "leakage": [{"side": "test", "identical": 0, "sentence": "test: 0 of 7 proteins are identical to one in train"}],
    "settings": {"seed": 230, "optimiser": "AdamW", "learning rate": 1e-3, "class weights": True},
    "epochs": 24,
    "kept_epoch": 20,
    "seconds": 1800.0,
    "threads": 2,
    "device": "cpu",
    "versions": {"pslidx": "0.4.0", "torch": "2.13.0"},
    "curves": "curves.png",
}
SECTIONS = [
    "# Protein subcellular localization: bilstm, attention pooling",
    "## The model",
    "## Use",
    "## Training data",
    "## Training",
    "## How good it is",
    "## Limits",
    "## Licence and citation of the data",
]


def _configuration(**changed: Any) -> dict[str, Any]:
    choices = {"architecture": "bilstm", "pooling": "attention", "max_length": 1000, "truncate": "middle"} | changed
    choices = {"sizes": DEFAULT_SIZES[choices["architecture"]]} | choices
    # As it is read from config.json.
    return dict(json.loads(json.dumps(Configuration(classes=CLASSES, **choices).as_json())))


def _metrics(task: Any = "single-label") -> dict[str, Any]:
    random = np.random.default_rng(1)
    labels = np.eye(3, dtype=bool)[random.integers(0, 3, 1234)]
    return evaluate(random.random((1234, 3)) + labels, labels, CLASSES, task, resamples=50).as_json()


def _sections(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#")]


def _cells(text: str, first: str) -> list[str]:
    """The other cells of the row of a table that begins with `first`."""
    (row,) = (line for line in text.splitlines() if line.startswith(f"| {first} |"))
    return [cell.strip() for cell in row.strip("|").split("|")][1:]


@pytest.fixture(scope="module")
def text() -> str:
    metrics = _metrics()
    return card(
        _configuration(), TRAINING, {"test": metrics, "validation": metrics, "baselines": {"majority": metrics}}
    )


def test_a_card_has_all_sections(text: str) -> None:
    assert _sections(text) == SECTIONS
    assert text.endswith(".\n")
    assert "\n\n\n" not in text


def test_it_says_what_the_model_is(text: str) -> None:
    assert _cells(text, "classes") == [", ".join(CLASSES)]
    assert _cells(text, "size") == ["103,000 parameters, 412,345 bytes on disk"]
    assert _cells(text, "units") == ["embedding 20, hidden 40, layers 2, attention 512"]
    assert "Hochreiter and Schmidhuber 1997" in _cells(text, "architecture")[0]
    assert "    pslidx predict MODEL FASTA" in text


def test_it_says_what_the_model_was_made_from_and_how(text: str) -> None:
    assert _cells(text, "deeploc1.fasta.gz") == ["4,393,547", f"`{'ab' * 32}`"]
    assert "Split: the test word of the headers." in text
    assert "| class | train | test |" in text
    assert "| Plastid | 3 | 0 |" in text
    assert _cells(text, "all proteins") == ["1,503", "7"]
    assert "\n- test: 0 of 7 proteins are identical to one in train\n" in text
    assert _cells(text, "seed") == ["230"]
    assert _cells(text, "learning rate") == ["0.001"]
    assert _cells(text, "class weights") == ["yes"]
    assert _cells(text, "trained for") == ["24 epochs, the weights of epoch 20 were kept"]
    assert _cells(text, "time") == ["30 min on 2 threads (cpu)"]
    assert _cells(text, "versions") == ["pslidx 0.4.0, torch 2.13.0"]
    assert "![Learning curves](curves.png)" in text


def test_figures_have_their_intervals(text: str) -> None:
    accuracy = _metrics()["figures"]["accuracy"]
    shown = f"{accuracy['value']:.3f} ({accuracy['low']:.3f} to {accuracy['high']:.3f})"
    assert _cells(text, "accuracy") == [shown] * 3
    assert _cells(text, "proteins") == ["1,234"] * 3
    assert "| test | validation | majority, test |" in text
    assert "95% intervals (percentile bootstrap over proteins, 50 resamples)" in text
    assert "By class, on test proteins:" in text


def test_tables_are_whole(text: str) -> None:
    tables = [list(lines) for is_row, lines in groupby(text.splitlines(), lambda line: line.startswith("|")) if is_row]
    assert len(tables) == 6
    for table in tables:
        assert len({line.count("|") for line in table}) == 1
        assert set(table[1]) <= set("|- ")


def test_it_is_the_same_for_the_same_model_and_names_no_place(text: str) -> None:
    metrics = _metrics()
    again = card(
        _configuration(), TRAINING, {"test": metrics, "validation": metrics, "baselines": {"majority": metrics}}
    )
    assert again == text
    assert "someone" not in text
    assert "/home" not in text


@pytest.mark.parametrize("architecture", get_args(Architecture))
@pytest.mark.parametrize("pooling", get_args(PoolingName))
def test_every_network_has_a_card(architecture: str, pooling: str) -> None:
    found = card(_configuration(architecture=architecture, pooling=pooling), {}, {})
    assert _sections(found) == [
        f"# Protein subcellular localization: {architecture}, {pooling} pooling",
        *(section for section in SECTIONS[1:] if section not in ("## Training data", "## Training", SECTIONS[5])),
    ]
    assert "None" not in found


def test_limits_are_those_of_the_model() -> None:
    cut = card(_configuration(), {}, {})
    assert "proteins cut to 1,000 residues: longer ones lost their middle." in cut
    assert "cut to" not in card(_configuration(max_length=None, truncate="none"), {}, {})
    assert "this model names one" in cut
    several = card(_configuration(task="multi-label", thresholds=(0.25, 0.5, 0.125)), {}, {})
    assert "this model names one" not in several
    assert _cells(several, "thresholds") == ["0.250, 0.500, 0.125"]


def test_figures_of_several_classes_a_protein() -> None:
    found = card(_configuration(task="multi-label"), {}, {"validation": _metrics("multi-label")})
    assert len(_cells(found, "Jaccard index")) == 1
    assert "By class, on validation proteins:" in found
    assert "F1 of batches" not in found


def test_imported_weights_name_their_file() -> None:
    imported = {"name": "lstm_attention.pth", "size": 1_236_693, "sha256": "cd" * 32}
    found = card(_configuration(), {"imported": imported}, {})
    assert "## Where the weights come from" in found
    assert _cells(found, "lstm_attention.pth") == ["1,236,693", f"`{'cd' * 32}`"]
    assert "## Training" not in found


def test_text_of_others_stays_text() -> None:
    odd = {"files": [FILE | {"name": "a|b<script>.csv"}], "settings": {"split": "one\n# two"}}
    found = card(_configuration(), odd, {})
    assert "a\\|b&lt;script>.csv" in found
    assert "\n# two" not in found


@pytest.mark.parametrize(("seconds", "shown"), [(59.4, "59 s"), (150, "2 min"), (9000, "2.5 h")])
def test_time_in_a_unit_that_can_be_read(seconds: float, shown: str) -> None:
    assert _cells(card(_configuration(), {"seconds": seconds}, {}), "time") == [f"{shown} (cpu)"]
