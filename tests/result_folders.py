"""Folders of hit rates as `pslidx hitrate -o` writes them, with invented rates."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from psl_eval.results.encoders import encoder
from psl_eval.results.schemas import KIND, PROTEINS, SCORED

MANIFEST: Mapping[str, Any] = {
    "format": KIND,
    "definition": "unweighted",
    "exclusion": "self",
    "index": {"digest": "d1", "entries": 7},
    "proteins": {"name": "proteins.fasta", "sha256": "p1"},
    "annotation": {"evidence": "any", "reviewed": False},
}


class Protein(NamedTuple):
    """A query with the (length, rate against the predicted class, rate against the true one) of its subsequences."""

    query: str
    subsequences: Sequence[tuple[int, float | None, float | None]]
    predicted: str = "Nucleus"
    true: str | None = "Nucleus"
    cluster: int | None = None


def write_folder(
    folder: Path,
    proteins: Sequence[Protein],
    /,
    *,
    labels: Sequence[str] = ("predicted", "true"),
    format: str = "tsv",
    **manifest: Any,
) -> Path:
    """Make `folder`; a protein's rate is the mean over its scored subsequences."""
    folder.mkdir(parents=True)
    protein_rows, subsequence_rows = [], []
    for protein in proteins:
        for label in labels:
            about = {"query": protein.query, "against": label, "class": getattr(protein, label)}
            rates = [rates[label == "true"] for _, *rates in protein.subsequences]
            scored = [rate for rate in rates if rate is not None]
            protein_rows.append(
                about
                | {
                    "subsequences": len(rates),
                    "scored": len(scored),
                    "hit_rate": sum(scored) / len(scored) if scored else None,
                    "correct": None if protein.true is None else protein.predicted == protein.true,
                    "cluster": protein.cluster,
                }
            )
            subsequence_rows += [
                about | {"subsequence": "A" * length, "entries": int(rate is not None), "hit_rate": rate}
                for (length, *_), rate in zip(protein.subsequences, rates, strict=True)
            ]
    write_table(folder / f"proteins.{format}", protein_rows, PROTEINS)
    write_table(folder / f"subsequences.{format}", subsequence_rows, SCORED)
    (folder / "manifest.json").write_text(json.dumps({**MANIFEST, **manifest}))
    return folder


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> None:
    """A file in the format of its ending; what a row does not have is null."""
    with path.open("wb") as file:
        encode = encoder(path.suffix[1:], file, schema)
        for batch in pa.Table.from_pylist(list(rows), schema).to_batches():
            encode.write(batch)
        encode.finish()
