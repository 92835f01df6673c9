"""Models: the study's files given again, how accurate the shipped models are, speed against the straightforward way."""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from benchmarks import released
from benchmarks.inputs import DATA
from benchmarks.report import Finding
from psl_models.attribution import attribute
from psl_models.attribution.integrated_gradients import IntegratedGradients
from psl_models.checkpoints import open_model
from psl_models.datasets import class_matrix, read_dataset
from psl_models.metrics import FIGURES, evaluate
from psl_models.prediction import predict
from psl_models.shipped import DEFAULT, shipped_folder, shipped_models
from psl_models.training.folder import training_rows

_DEEPLOC: Final = DATA / "deeploc" / "deeploc1.fasta.gz"
_TIMES: Final = 3
_SAMPLE: Final = 200  # proteins for integrated gradients, which take a quarter of an hour on all
_LEARNED: Final = 1000  # proteins of the epoch
_BACKGROUNDS: Final = 500  # made up, of so many residues each, for global importance
_LONG: Final = 400
_REFINED: Final = 20  # proteins whose integrated gradients are refined
_SHORT: Final = 330  # residues of the longest of them
_PLAIN: Final = IntegratedGradients(tolerance=None)
_LONGEST: Final = 35_213  # residues of titin


def findings(bench: Path, threads: int) -> Iterator[Finding]:
    """Everything that the models are held to."""
    folder = bench / "models"
    folder.mkdir(parents=True, exist_ok=True)
    yield from released.findings(folder)
    yield from _accuracy()
    model = released.imported(folder, "attention")
    yield from _speed(model, folder, threads)
    yield from _memory(model, folder)
    yield from _refinement({"the study's BiLSTM": model, DEFAULT: shipped_folder(DEFAULT)})


def _accuracy() -> Iterator[Finding]:
    """Figures of the shipped models on the test proteins of their split."""
    dataset = read_dataset(_DEEPLOC, multi_label=False)
    place_of = {accession: place for place, accession in enumerate(dataset.accessions)}
    for name in shipped_models():
        model = open_model(shipped_folder(name))
        rows = (row.split("\t") for row in training_rows(shipped_folder(name)))
        tested = [place_of[accession] for accession, side, _ in rows if side == "test"]
        configuration = model.configuration
        probabilities = predict(model, [dataset.sequences[place] for place in tested]).probabilities(configuration)
        labels = class_matrix(dataset, configuration.classes)[tested]
        figures = evaluate(probabilities, labels, configuration.classes, configuration.task).figures
        for figure in ("accuracy", "f1_macro"):
            measured = figures[figure]
            detail = f"{len(tested):,} proteins; {measured.low:.3f} to {measured.high:.3f}"
            has_budget = figure == "accuracy" or name == DEFAULT
            key = f"models.{name}-{figure.replace('_', '-')}" if has_budget else ""
            yield Finding(f"{name}: {FIGURES[figure]}", measured.value, "share", detail, key)


def _speed(model: Path, folder: Path, threads: int) -> Iterator[Finding]:
    with gzip.open(released.SENTENCES, "rt") as lines:
        sequences = lines.read().split()
    rng = np.random.default_rng(1)
    some = [sequences[row] for row in rng.permutation(len(sequences))[:_SAMPLE]]
    learned = [sequences[row] for row in rng.permutation(len(sequences))[:_LEARNED]]
    yield from _ratio("attention", "attention", sequences, model, folder, threads)
    yield from _ratio("gradients", "integrated gradients, 50 steps", some, model, folder, threads)
    made_up = ["".join(row) for row in rng.choice(list("ACDEFGHIKLMNPQRSTVWY"), (_BACKGROUNDS, _LONG))]
    yield from _ratio("importance", f"global importance on {_LONG} residues", made_up, model, folder, threads)
    yield from _ratio("epoch", "an epoch of training", learned, model, folder, threads)
    yield from _ratio("bfloat16", "an epoch of training in bfloat16", learned, model, folder, threads, peer="float32")


def _ratio(
    task: str,
    name: str,
    sequences: Sequence[str],
    model: Path,
    folder: Path,
    threads: int,
    *,
    peer: str = "one by one",
) -> Iterator[Finding]:
    """Ours and the peer's by turns, each in a process of its own; scores compared."""
    sentences = folder / f"{task}.txt"
    sentences.write_text("\n".join(sequences))
    seconds: dict[str, list[float]] = {"peer": [], "ours": []}
    residues = 0
    for _ in range(_TIMES):
        for side in seconds:
            said = _one_by_one(f"{task}-{side}", model, sentences, threads, folder / f"{task}-{side}.npy")
            seconds[side].append(said["seconds"])
            residues = said["residues"]
    theirs, ours = (statistics.median(seconds[side]) for side in ("peer", "ours"))
    detail = f"{ours:.3g} against {theirs:.3g} s for {len(sequences):,} proteins, {threads} threads"
    if task in ("attention", "gradients", "importance"):
        scores = [np.load(folder / f"{task}-{side}.npy") for side in ("peer", "ours")]
        difference = np.abs(scores[0] - scores[1]).max() / np.abs(scores[0]).max()
        detail += f"; scores differ by {difference:.1e} of the largest at most"
    yield Finding(f"{name}: {peer} / ours", theirs / ours, "x", detail, f"models.{task}")
    if task == "importance":
        evaluations = 2 * len(sequences) / ours * 60  # with and without the pattern
        yield Finding(f"{name}: ours", evaluations, "evaluations/min", "written answers included", "models.evaluations")
        return
    steps = 50 if task == "gradients" else 1
    yield Finding(f"{name}: ours", residues * steps / ours / 1e3, "k residues/s", "steps counted" if steps > 1 else "")


def _one_by_one(task: str, model: Path, sentences: Path, threads: int, scores: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.one_by_one", task, model, sentences, threads, scores]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, env=environment, check=True)
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


def _refinement(models: Mapping[str, Path]) -> Iterator[Finding]:
    """How far integrated gradients of some short test proteins are from adding up, by the gradients they may take."""
    with gzip.open(released.SENTENCES, "rt") as lines:
        short = [line.strip() for line in lines if len(line) <= _SHORT]
    sequences = [short[row] for row in np.random.default_rng(1).permutation(len(short))[:_REFINED]]
    for name, folder in models.items():
        model = open_model(folder)
        targets = predict(model, sequences).logits.argmax(1)
        for further in (0, 200, 400, 800):
            method = IntegratedGradients(tolerance=0.01, most_steps=further) if further else _PLAIN
            found = attribute(model, sequences, "integrated-gradients", method, targets)
            gaps = np.array([each.completeness_gap for batch in found for each in batch])
            detail = f"median; {(gaps <= 0.01).sum()} of {len(gaps)} proteins of up to {_SHORT} residues within 1 %"
            what = f"{name}: completeness gap, 50 + {further} gradients"
            yield Finding(what, float(np.median(gaps)), "share", detail)


def _memory(model: Path, folder: Path) -> Iterator[Finding]:
    """Peak memory of a protein as long as titin, made up."""
    residues = np.random.default_rng(2).choice(list("ACDEFGHIKLMNPQRSTVWY"), _LONGEST)
    (folder / "longest.fasta").write_text(f">longest\n{''.join(residues)}\n")
    for method in ("attention", "integrated-gradients"):
        command = [
            sys.executable, "-c", _PEAK, "attribute", model, folder / "longest.fasta", "--method", method,
            "-o", folder / "longest.parquet",
        ]  # fmt: skip
        ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True)
        yield Finding(
            f"{method} of {_LONGEST:,} residues: peak memory",
            int(ended.stdout.split()[-1]) / 2**20,
            "GB",
            key=f"models.memory-{method}",
        )


# Runs a command and prints the peak of its memory in kB.
_PEAK: Final = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "pslidx", *sys.argv[1:]], check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
