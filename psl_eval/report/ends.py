"""What explanations look at near either end of the proteins of a class: how much, and which residues."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.report.explanations import ExplainedProtein, Explanation
from psl_eval.statistics.rows import table_of

#: Residues from each end that the heat map has, and the logos.
NEAR: Final = 50
LOGO: Final = 20
_LEAST_LETTER: Final = 0.02  # of the highest column of a logo; lower letters cannot be read

ENDS: Final = pa.schema(
    [
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),  # the predicted one
        pa.field("end", pa.string(), nullable=False),  # N or C
        pa.field("position", pa.int64(), nullable=False),  # 1 is the first residue, -1 the last
        pa.field("proteins", pa.int64(), nullable=False),  # that reach so far
        pa.field("share", pa.float64(), nullable=False),  # mean size of the score there; 1 is an even share
    ]
)

LOGOS: Final = pa.schema(
    [
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),  # the predicted one
        pa.field("end", pa.string(), nullable=False),  # N or C
        pa.field("position", pa.int64(), nullable=False),  # 1 is the first residue, -1 the last
        pa.field("residue", pa.string(), nullable=False),
        pa.field("height", pa.float64(), nullable=False),  # see `Letter`
    ]
)


class Letter(NamedTuple):
    """A residue of a logo."""

    residue: str
    height: float  # in even shares of the size of all scores


Logos = dict[str, list[list[Letter]]]
"""Columns of letters from either end, ``N`` and ``C``, inwards; in a column the highest letter first."""


def ends_table(explanations: Iterable[Explanation], classes: Sequence[str]) -> pa.Table:
    """A row for each explanation, class, end and position, as `ENDS`; a class without a protein has none."""
    rows = (row for each in explanations for name in classes for row in _rows(each, name))
    return table_of(list(rows), ENDS)


def logos(explanation: Explanation, psl_class: str) -> Logos:
    """Residues of the proteins that are predicted to be of a class, by the size of their scores, for either end.

    A column a position, `LOGO` of them, its highest letter first; the height of a letter is the sum of the sizes of the
    scores of this residue, over the number of proteins that reach so far. Sizes are relative to the mean of a protein.
    """
    proteins = _of_class(explanation, psl_class)
    return {end: _logo(proteins, end) for end in ("N", "C")}


def logo_table(drawn: Mapping[str, Mapping[str, Logos]]) -> pa.Table:
    """A row for each letter of the logos of explanations and classes, as `LOGOS`."""
    rows = [
        {
            "explanation": explanation,
            "class": psl_class,
            "end": end,
            "position": inwards + 1 if end == "N" else -inwards - 1,
            "residue": letter.residue,
            "height": letter.height,
        }
        for explanation, of_classes in drawn.items()
        for psl_class, ends in of_classes.items()
        for end, columns in ends.items()
        for inwards, column in enumerate(columns)
        for letter in column
    ]
    return table_of(rows, LOGOS)


def _rows(explanation: Explanation, psl_class: str) -> Iterator[dict[str, Any]]:
    proteins = _of_class(explanation, psl_class)
    for end in ("N", "C") if proteins else ():
        shares = _aligned(proteins, end, NEAR)
        reaching = np.count_nonzero(~np.isnan(shares), axis=0)
        for column in np.flatnonzero(reaching).tolist():
            yield {
                "explanation": explanation.name,
                "class": psl_class,
                "end": end,
                "position": column + 1 if end == "N" else -column - 1,
                "proteins": int(reaching[column]),
                "share": float(np.nanmean(shares[:, column])),
            }


def _of_class(explanation: Explanation, psl_class: str) -> list[ExplainedProtein]:
    return [each for each in explanation.proteins.values() if psl_class in each.predicted.split(";")]


def _aligned(proteins: Sequence[ExplainedProtein], end: str, near: int) -> npt.NDArray[np.float64]:
    """Sizes of scores in units of their mean, from an end inwards; (proteins, near), NaN beyond the other end."""
    aligned = np.full((len(proteins), near), np.nan)
    for row, protein in enumerate(proteins):
        sizes = np.abs(protein.scores.astype(np.float64))
        mean = sizes.mean()
        inwards = (sizes if end == "N" else sizes[::-1])[:near]
        aligned[row, : len(inwards)] = inwards / mean if mean else 1.0
    return aligned


def _logo(proteins: Sequence[ExplainedProtein], end: str) -> list[list[Letter]]:
    shares = _aligned(proteins, end, LOGO)
    columns: list[dict[str, float]] = [{} for _ in range(LOGO)]
    for protein, of_protein in zip(proteins, shares, strict=True):
        inwards = protein.sequence if end == "N" else protein.sequence[::-1]
        for column, residue, share in zip(columns, inwards, of_protein, strict=False):
            column[residue] = column.get(residue, 0.0) + float(share)
    reaching = np.count_nonzero(~np.isnan(shares), axis=0)
    heights = [
        sorted((Letter(residue, total / number) for residue, total in column.items()), key=lambda each: -each.height)
        for column, number in zip(columns, reaching, strict=True)
    ]
    least = _LEAST_LETTER * max((sum(each.height for each in column) for column in heights), default=0.0)
    return [[each for each in column if each.height >= least] for column in heights]
