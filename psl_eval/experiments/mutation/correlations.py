"""Whether explanations order residues as the losses of all single mutants do: the table `saturation`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.estimates import Drawing, correct, mean_fields, tested_fields
from psl_eval.experiments.mutation.tables import Kind
from psl_eval.statistics.association import spearman

SATURATION: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("compared", pa.string(), nullable=False),  # signed: scores with mean losses; absolute: sizes of both
        pa.field("proteins", pa.int64(), nullable=False),  # those of which neither is constant
        *mean_fields("rho"),  # Spearman over the residues of a protein, mean over proteins
        pa.field("floor", pa.float64()),  # the same of random weights; of ranked ones only, as the test
        *tested_fields("above_floor"),  # corrected over the ranked explanations of the model and comparison
    ]
)


def saturation_rows(
    model: str,
    scores: Mapping[str, tuple[Kind, str | None, Sequence[npt.NDArray[np.float32]]]],
    losses: Sequence[npt.NDArray[np.float32]],
    drawing: Drawing,
) -> list[dict[str, Any]]:
    """Rows of `SATURATION` of a model: rank correlations of scores with what single mutants lose.

    Parameters
    ----------
    model : str
    scores : mapping
        Of each explanation its kind, the name of its floor, and the scores of each protein.
    losses : sequence of float32 array of shape (length, 20)
        Of each protein, zero where the residue is its own.
    drawing : Drawing
    """
    rows = []
    for compared in ("signed", "absolute"):
        rho = {
            name: np.array([_correlation(each, lost, compared) for each, lost in zip(found, losses, strict=True)])
            for name, (_, _, found) in scores.items()
        }
        family = []
        for name, (kind, floor, _) in scores.items():
            row: dict[str, Any] = {"model": model, "explanation": name, "kind": kind, "compared": compared}
            row |= {"proteins": int((~np.isnan(rho[name])).sum())} | drawing.mean("rho", rho[name])
            if floor is not None:
                row["floor"] = drawing.mean("floor", rho[floor])["floor"]
                row |= drawing.test("above_floor", rho[name], rho[floor])
                family.append(row)
            rows.append(row)
        correct(family, "above_floor")
    return rows


def _correlation(scores: npt.NDArray[np.float32], losses: npt.NDArray[np.float32], compared: str) -> float:
    # The mean over the other residues: their number is the same for all but non-standard residues, which are rare.
    if compared == "signed":
        return spearman(scores, losses.mean(1))
    return spearman(np.abs(scores), np.abs(losses).mean(1))
