"""The published study's files given again: from its weights, by the commands a user has."""

from __future__ import annotations

import csv
import gzip
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import torch

from benchmarks.inputs import DATA
from benchmarks.report import Finding
from benchmarks.timing import run
from psl_eval.subsequences.rules import AboveMean, Scores, spans
from psl_models.checkpoints import open_model
from psl_models.encoding import N_TOKENS

RELEASED: Final = DATA / "released"
SENTENCES: Final = RELEASED / "test_sentences.txt.gz"
_LABELS: Final = RELEASED / "test_labels.txt.gz"
_SEED: Final = 230


def imported(folder: Path, pooling: str) -> Path:
    """The study's BiLSTM as a model."""
    model = folder / f"released-{pooling}"
    if not model.exists():
        run(*_PSLIDX, "import-checkpoint", RELEASED / "lstm_attention.pth", "--pooling", pooling, "-o", model)
    return model


def findings(folder: Path) -> Iterator[Finding]:
    """Rows of the study's files that come out at the same place, with the same prediction."""
    attention = _rows(imported(folder, "attention"), folder, "attention")
    yield _compared("attention", "lstm_attention", attention, "models.released-rows")
    yield _compared("random attention", "lstm_attention_random", _random_rows(folder), "models.released-random")
    gradients = ("--method", "integrated-gradients", "--as-released", "--target", "true")
    found = _rows(imported(folder, "last"), folder, "gradients", *gradients)
    yield _compared("integrated gradients", "lstm_ig", found, "models.released-gradients")


_PSLIDX: Final = (sys.executable, "-m", "pslidx")
Place = tuple[int, int, int]  # number of the protein, left (0-based), right (exclusive)


def _compared(name: str, file: str, found: set[Place], key: str) -> Finding:
    with gzip.open(RELEASED / f"{file}_subsequences.csv.gz", "rt") as lines:
        expected = _places(csv.DictReader(lines))
    detail = f"of {len(expected):,} in the study's file; {len(found):,} here"
    return Finding(f"the study's rows of {name}", len(expected & found), "rows", detail, key)


def _rows(model: Path, folder: Path, name: str, *options: str) -> set[Place]:
    """What the commands give for the study's test proteins."""
    attributions, rows = folder / f"{name}.parquet", folder / f"{name}.csv"
    run(*_PSLIDX, "attribute", model, SENTENCES, "--labels", _LABELS, *options, "-o", attributions)
    run(*_PSLIDX, "extract", attributions, "--released", "-o", rows)
    with rows.open() as lines:
        return _places(csv.DictReader(lines))


def _places(rows: csv.DictReader[str]) -> set[Place]:
    return {(int(row["inputSequence"]), int(row["left"]), int(row["right"])) for row in rows}


def _random_rows(folder: Path) -> set[Place]:
    """What the study's stream of random numbers gives: its modules are made first, and draw from it, too."""
    sizes = open_model(imported(folder, "attention")).configuration.sizes
    torch.manual_seed(_SEED)
    torch.nn.Embedding(N_TOKENS, sizes.embedding)
    torch.nn.LSTM(sizes.embedding, sizes.hidden, sizes.layers, bidirectional=True)
    torch.nn.Linear(2 * sizes.hidden, 10)
    torch.nn.Linear(2 * sizes.hidden, sizes.attention, bias=False)
    torch.nn.Linear(sizes.attention, 1, bias=False)
    with gzip.open(SENTENCES, "rt") as lines:
        powers = [torch.rand(len(line.strip())).exp() for line in lines]
    weights = [(power / power.sum()).numpy() for power in powers]
    offsets = np.cumsum([0, *(len(each) for each in weights)])
    found = spans(Scores(np.concatenate(weights).astype(np.float64), offsets), AboveMean())
    return set(zip(found.protein.tolist(), found.start.tolist(), found.end.tolist(), strict=True))
