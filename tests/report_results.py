"""Small results of every kind, as the commands write them, for the tests of reports."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from psl_eval import hit_rate, write_hit_rates
from psl_eval.experiments.figures import new_figure
from psl_eval.experiments.result import Result, write_result
from psl_eval.results.encoders import encoder
from psl_eval.results.predictions import predictions_table
from psl_eval.results.schemas import ATTRIBUTED, ATTRIBUTIONS
from psl_eval.subsequences.extraction import extract
from psl_eval.subsequences.rules import AboveMean
from psl_index import Index, build
from tests.flatfiles import entry

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
CLASSES = ("Nucleus", "Cytoplasm", "Extracellular")
NUMBER = 9
SIGNAL = "PKKKRKV"  # in every third protein, and in some entries more
AT = 20  # residues before it
_FLANK = "GG"  # on either side of it, as `pslidx extract` takes them


def write_results(folder: Path, *, names: Sequence[str] = (), words: Sequence[str] = ("invented",)) -> Path:
    """An index, predictions, explanations, subsequences, hit rates, a model and an experiment in one folder.

    Parameters
    ----------
    folder : Path
        Is made.
    names : sequence of str
        Identifiers of the first proteins.
    words : sequence of str
        What the first entries of the index, and texts of the experiment, say of themselves.
    """
    folder.mkdir(parents=True)
    rng = np.random.default_rng(5)
    sequences = [_protein(rng, number % 3 == 0) for number in range(max(NUMBER, len(names)))]
    queries = [f"P1000{number}" for number in range(len(sequences))]
    _write_index(folder, rng, [*zip(queries, sequences, strict=True)], words)
    queries[: len(names)] = names
    classes = [CLASSES[number % 3] for number in range(len(sequences))]
    true = [CLASSES[number % 4 % 3] for number in range(len(sequences))]
    for name in ("learned", "permuted"):
        _write(folder / f"{name}.tsv", _predictions(rng, queries, classes, true))
    exclude = "none" if names else "self"  # which takes accessions
    with Index.open(folder / "index") as index:
        for name, signed in (("attention", False), ("gradients", True)):
            attributions = _attributions(rng, name, queries, sequences, classes, true, signed)
            _write(folder / f"{name}.parquet", attributions)
            subsequences = extract(attributions, AboveMean())
            assert subsequences.schema.equals(ATTRIBUTED)
            path = folder / f"{name}-subsequences.tsv"
            _write(path, subsequences)
            rates = hit_rate(index, path, exclude=exclude, nulls=("label",), draws=20, threads=1)
            write_hit_rates(rates, folder / f"{name}-rates")
    _write_model(folder / "model")
    _write_experiment(folder / "results", words)
    return folder


def _protein(rng: np.random.Generator, signal: bool) -> str:
    residues = "".join(rng.choice(list(RESIDUES), 47))
    before = AT - len(_FLANK) - 1
    return f"M{residues[:before]}{_FLANK}{SIGNAL}{_FLANK}{residues[before:]}" if signal else f"M{residues}"


def _write_index(
    folder: Path, rng: np.random.Generator, proteins: Sequence[tuple[str, str]], words: Sequence[str]
) -> None:
    entries = []
    others = [(f"Q2000{number}", _protein(rng, True)) for number in range(len(words) + 3)]
    for number, (accession, sequence) in enumerate([*others, *proteins]):
        word = words[number % len(words)]
        lines = [
            f"DE   RecName: Full={word};",
            f"OS   {word}.",
            "CC   -!- SUBCELLULAR LOCATION: Nucleus {ECO:0000269|PubMed:1}.",
            "FT   MOTIF           21..27",
            f'FT                   /note="{word}"',
        ]
        entries.append(entry(*lines, accession=accession, sequence=sequence))
    flat = folder / "made-up.dat"
    flat.write_text("".join(entries))
    build([flat], folder / "index", threads=1)


def _predictions(
    rng: np.random.Generator, queries: Sequence[str], classes: Sequence[str], true: Sequence[str]
) -> pa.Table:
    probabilities = rng.dirichlet(np.ones(len(CLASSES)), len(queries)).astype(np.float32)
    predicted = np.array([[name == own for name in CLASSES] for own in classes])
    return predictions_table(queries, [(each,) for each in true], predicted, probabilities, CLASSES)


def _attributions(
    rng: np.random.Generator,
    method: str,
    queries: Sequence[str],
    sequences: Sequence[str],
    classes: Sequence[str],
    true: Sequence[str],
    signed: bool,
) -> pa.Table:
    scores = []
    for sequence in sequences:
        of_protein = rng.normal(0, 0.01, len(sequence)) if signed else rng.uniform(0, 0.01, len(sequence))
        of_protein[AT : AT + len(SIGNAL)] += 1
        if signed:
            of_protein[:5] -= 0.5
        scores.append(of_protein.astype(np.float32))
    rows = {
        "query": queries,
        "sequence": sequences,
        "method": [method] * len(queries),
        "target": classes,
        "predicted": classes,
        "true": true,
        "scores": scores,
        "completeness_gap": [None] * len(queries),
        "settings": ["{}"] * len(queries),
    }
    return pa.table(rows, schema=ATTRIBUTIONS)


def _write(path: Path, table: pa.Table) -> None:
    with path.open("wb") as file:
        encode = encoder(path.suffix[1:], file, table.schema)
        for batch in table.to_batches():
            encode.write(batch)
        encode.finish()


def _write_model(folder: Path) -> None:
    """What a report reads of one; its weights it does not look at."""
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"format": "pslidx model", "architecture": "bilstm"}))
    (folder / "metrics.json").write_text(json.dumps({"training": {"parameters": 12, "split": "at random"}}))
    (folder / "model.safetensors").write_bytes(b"")


def _write_experiment(folder: Path, words: Sequence[str]) -> None:
    figure = new_figure(3, 2)
    figure.subplots().plot([0, 1], label=words[0])
    table = pa.table({"words": list(words), "value": [number / 7 for number in range(len(words))]})
    settings = {"seed": 1, "words": list(words)}
    write_result(
        Result("ground-truth", {"ground-truth": table}, {"ground-truth": figure}, tuple(words), settings), folder
    )
