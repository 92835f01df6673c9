"""The published study's files given again: from its weights, by the commands a user has."""

from __future__ import annotations

import csv
import gzip
import sys
from collections import Counter
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
    """Rows of the study's files that come out to the letter: protein, place, prediction, class and subsequence."""
    attention = _rows(imported(folder, "attention"), folder, "attention")
    yield _compared("attention", "lstm_attention", attention, "models.released-rows")
    yield _compared("random attention", "lstm_attention_random", _random_rows(folder), "models.released-random")
    gradients = ("--method", "integrated-gradients", "--as-released", "--target", "true")
    found = _rows(imported(folder, "last"), folder, "gradients", *gradients)
    yield _compared("integrated gradients", "lstm_ig", found, "models.released-gradients")


_PSLIDX: Final = (sys.executable, "-m", "pslidx")
Row = dict[str, str]


def _compared(name: str, file: str, found: list[Row], key: str) -> Finding:
    """How many rows are equal, in the columns that those found have in common with the study's."""
    with gzip.open(RELEASED / f"{file}_subsequences.csv.gz", "rt") as lines:
        expected = list(csv.DictReader(lines))
    columns = [column for column in expected[0] if column in found[0]]
    ours, theirs = (Counter(tuple(row[column] for column in columns) for row in rows) for rows in (found, expected))
    detail = f"of {len(expected):,} in the study's file, {len(found):,} here; {', '.join(columns)} compared"
    return Finding(f"the study's rows of {name}", (ours & theirs).total(), "rows", detail, key)


def _rows(model: Path, folder: Path, name: str, *options: str) -> list[Row]:
    """What the commands give for the study's test proteins."""
    attributions, rows = folder / f"{name}.parquet", folder / f"{name}.csv"
    run(*_PSLIDX, "attribute", model, SENTENCES, "--labels", _LABELS, *options, "-o", attributions)
    run(*_PSLIDX, "extract", attributions, "--released", "-o", rows)
    with rows.open() as lines:
        return list(csv.DictReader(lines))


def _random_rows(folder: Path) -> list[Row]:
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
    places = zip(found.protein.tolist(), found.start.tolist(), found.end.tolist(), strict=True)
    return [{"inputSequence": str(protein), "left": str(start), "right": str(end)} for protein, start, end in places]
