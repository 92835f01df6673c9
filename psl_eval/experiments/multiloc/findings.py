"""What the tables of multiloc say, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

Row = Mapping[str, Any]


def findings(table: pa.Table, leakage: pa.Table) -> tuple[str, ...]:
    """What is reached, and how much of each fold the others give away.

    Parameters
    ----------
    table : pyarrow.Table
        Columns of `psl_eval.experiments.multiloc.rows.SUMMARY_ROWS`.
    leakage : pyarrow.Table
        Columns of `psl_eval.experiments.multiloc.folds.LEAKAGE_ROWS`.
    """
    rows, shared = table.to_pylist(), leakage.to_pylist()
    sentences: list[str] = []
    for split in dict.fromkeys(row["split"] for row in rows):
        sentences += _of_split([row for row in rows if row["split"] == split])
        sentences.append(_of_leakage(split, [row for row in shared if row["split"] == split]))
    if "clustered" not in {row["split"] for row in rows}:
        sentences.append(
            "without --clusters there are no folds of whole clusters, which have less in common: the harder task"
        )
    return tuple(sentences)


def _of_split(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        name = "MCC" if row["figure"] == "mcc" else row["figure"]
        between = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f})"
        paper = "" if row["paper"] is None else f"; Sonderby et al. 2015 report {row['paper']:.3f}"
        folds = "1 fold" if row["folds"] == 1 else f"{row['folds']} folds"
        yield (
            f"{row['split']} folds, {row['predictor']}: {name} {row['value']:.3f}{between} of {row['proteins']:,} "
            f"proteins in {folds}{paper}"
        )


def _of_leakage(split: str, rows: Sequence[Row]) -> str:
    proteins, identical, overlapping = (
        sum(row[name] for row in rows) for name in ("proteins", "identical", "overlapping")
    )
    return (
        f"{split} folds: of {proteins:,} proteins {overlapping:,} ({overlapping / proteins:.1%}) share a stretch of "
        f"{rows[0]['k']} residues with a protein of another fold, {identical:,} the whole sequence"
    )
