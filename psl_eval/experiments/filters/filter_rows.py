"""What each filter of a network answers to: its logo, and the class and the place of the stretches in it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.stats

from psl_eval.experiments.filters.logos import background_of, consensus, counts_of, frequencies_of, information
from psl_eval.experiments.filters.peaks import Peaks, highest
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.counts import poisson_binomial_p
from psl_eval.statistics.means import adjusted
from psl_index.alphabet import STANDARD

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

FILTER_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("weights", pa.string(), nullable=False),  # trained or random
        pa.field("draw", pa.int64()),  # of random weights, from 1; null of trained ones
        pa.field("filter", pa.string(), nullable=False),  # width and number among those of the width, from 1
        pa.field("width", pa.int64(), nullable=False),  # residues
        pa.field("fires", pa.float64(), nullable=False),  # share of the proteins in which it is above 0 anywhere
        pa.field("windows", pa.int64(), nullable=False),  # in the logo, one a protein
        pa.field("consensus", pa.string()),  # lower case: less than half a bit
        pa.field("information", pa.float64()),  # bits, of all places together
        pa.field("information_chance", pa.float64()),  # of logos of as many places at random in the same proteins
        pa.field("class", pa.string()),  # least likely to be so common among the windows by chance
        pa.field("class_share", pa.float64()),  # of the windows
        pa.field("class_share_all", pa.float64()),  # of all proteins
        pa.field("class_q_value", pa.float64()),  # hypergeometric, times classes, Benjamini-Hochberg over filters
        pa.field("from_start", pa.float64()),  # median residues before the middle of the windows
        pa.field("from_end", pa.float64()),  # and behind it
        pa.field("near_start", pa.float64()),  # share of the windows within `near` residues of the N-terminus
        pa.field("near_start_chance", pa.float64()),  # the same of residues anywhere in the same proteins
        pa.field("near_start_q_value", pa.float64()),  # Poisson binomial, Benjamini-Hochberg over filters
        pa.field("near_end", pa.float64()),  # as above, of the C-terminus
        pa.field("near_end_chance", pa.float64()),
        pa.field("near_end_q_value", pa.float64()),
    ]
)
LOGO_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("weights", pa.string(), nullable=False),
        pa.field("draw", pa.int64()),
        pa.field("filter", pa.string(), nullable=False),
        pa.field("place", pa.int64(), nullable=False),  # from the middle of the filter, which is 0
        pa.field("windows", pa.int64(), nullable=False),  # in the logo; near an end of a protein some lack the place
        pa.field("information", pa.float64(), nullable=False),  # bits
        *(pa.field(residue, pa.float64(), nullable=False) for residue in STANDARD),  # frequency, with pseudocounts
    ]
)
_CHANCE_LOGOS: Final = 10  # logos at random that chance is the mean of


class Seen(NamedTuple):
    """What a filter sees."""

    row: dict[str, Any]  # of `FILTER_ROWS`, but for the first three columns
    frequencies: Floats  # (width, 20) of the logo
    along: Floats  # (windows,) middle of each window as a share of its protein, from 0 (N-terminus) to 1

    @property
    def gain(self) -> float:
        """Bits of the logo above those of random places."""
        return float(self.row["information"] - self.row["information_chance"])


@dataclass(frozen=True)
class Looking:
    """How filters are looked at.

    Attributes
    ----------
    windows : int
        Of a logo at most, each from another protein; and no more than a quarter of the proteins, so that it is of
        those in which the filter fires more than in the others.
    pseudocount : float
        Residues of the background that are added at each place of a logo; above 0.
    near : int
        Residues from an end that count as near it.
    seed : int
        Of what is random.
    """

    windows: int
    pseudocount: float
    near: int
    seed: int

    def filters(self, peaks: Peaks, widths: Sequence[int], asked: Asked) -> list[Seen]:
        """Each filter of a network, in the order of `widths`, by its `peaks` in the proteins."""
        rng = np.random.default_rng(self.seed)
        background = background_of(asked.sequences)
        seen = []
        for number, width in enumerate(widths):
            found = self._filter(peaks, number, width, asked, background, rng)
            name = f"{width}-{widths[: number + 1].count(width)}"
            seen.append(found._replace(row={"filter": name, "width": width} | found.row))
        rows = _adjusted([each.row for each in seen])
        return [each._replace(row=row) for each, row in zip(seen, rows, strict=True)]

    def _filter(
        self, peaks: Peaks, number: int, width: int, asked: Asked, background: Floats, rng: np.random.Generator
    ) -> Seen:
        """A filter, with p-values where the others have q-values."""
        proteins = highest(peaks, number, min(self.windows, max(1, len(asked.sequences) // 4)))
        sequences = [asked.sequences[protein] for protein in proteins]
        lengths = np.array([len(sequence) for sequence in sequences], np.int64)
        middles = peaks.positions[proteins, number]
        frequencies = frequencies_of(counts_of(sequences, middles, width), background, self.pseudocount)
        row: dict[str, Any] = {
            "fires": float((peaks.activations[:, number] > 0).mean()),
            "windows": len(proteins),
        }
        if len(proteins):
            row |= {
                "consensus": consensus(frequencies, background),
                "information": float(information(frequencies, background).sum()),
                "information_chance": self._information_by_chance(sequences, lengths, width, background, rng),
                **_class_of(proteins, asked.labels),
                **places(middles, lengths, self.near),
            }
        return Seen(row, frequencies, middles / np.maximum(lengths - 1, 1))

    def _information_by_chance(
        self, sequences: Sequence[str], lengths: Ints, width: int, background: Floats, rng: np.random.Generator
    ) -> float:
        found = []
        for _ in range(_CHANCE_LOGOS):
            counts = counts_of(sequences, rng.integers(0, lengths), width)
            found.append(information(frequencies_of(counts, background, self.pseudocount), background).sum())
        return float(np.mean(found))


def places(middles: Ints, lengths: Ints, near: int) -> dict[str, float]:
    """How far windows are from either end, and p-values that as many are near it, were they anywhere in their proteins.

    `middles` is the residue in the middle of each, from 0, of proteins of these `lengths`; near are `near` residues.
    """
    before, behind = middles, lengths - 1 - middles
    chance = np.minimum(near, lengths) / lengths
    row = {"from_start": float(np.median(before)), "from_end": float(np.median(behind))}
    for name, residues in (("near_start", before), ("near_end", behind)):
        is_near = residues < near
        row |= {
            name: float(is_near.mean()),
            f"{name}_chance": float(chance.mean()),
            f"{name}_p": poisson_binomial_p(int(is_near.sum()), chance),
        }
    return row


def logo_rows(seen: Sequence[Seen], background: Floats) -> Iterator[dict[str, Any]]:
    """Rows of `LOGO_ROWS`, but for the first three columns."""
    for each in seen:
        bits = information(each.frequencies, background).tolist()
        for place, (column, bit) in enumerate(zip(each.frequencies.tolist(), bits, strict=True)):
            yield {
                "filter": each.row["filter"],
                "place": place - each.row["width"] // 2,
                "windows": each.row["windows"],
                "information": bit,
                **dict(zip(STANDARD, column, strict=True)),
            }


def _class_of(proteins: Ints, labels: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The class that is least likely to be so common among some of the proteins by chance."""
    classes = sorted({name for of_protein in labels for name in of_protein})
    p_values, shares = [], []
    for psl_class in classes:
        is_of = np.array([psl_class in of_protein for of_protein in labels])
        found, of_all = int(is_of[proteins].sum()), int(is_of.sum())
        p_values.append(float(scipy.stats.hypergeom.sf(found - 1, len(labels), of_all, len(proteins))))
        shares.append((found / len(proteins), of_all / len(labels)))
    best = int(np.argmin(p_values))
    return {
        "class": classes[best],
        "class_share": shares[best][0],
        "class_share_all": shares[best][1],
        "class_p": min(p_values[best] * len(classes), 1.0),
    }


def _adjusted(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with q-values in place of p-values: each of three questions is a family over all filters."""
    adjusted_rows = [dict(row) for row in rows]
    for name in ("class", "near_start", "near_end"):
        q_values = adjusted([row.pop(f"{name}_p", np.nan) for row in adjusted_rows]).tolist()
        for row, q_value in zip(adjusted_rows, q_values, strict=True):
            row[f"{name}_q_value"] = q_value
    return adjusted_rows
