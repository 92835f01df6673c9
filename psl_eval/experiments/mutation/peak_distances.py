"""How far the peaks of explanations are from annotated signals: the table `known-features`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.estimates import Drawing, correct, mean_fields, tested_fields
from psl_eval.experiments.explained_proteins import Explanation, attributions_of
from psl_eval.experiments.mutation.known_features import KNOWN, Known, KnownFeatures, Span
from psl_eval.experiments.parts import Parts
from psl_eval.statistics.resampling import Floats
from psl_index.progress import Progress

FEATURES: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),  # ranked, or floor (random weights)
        pa.field("feature", pa.string(), nullable=False),
        pa.field("measured", pa.string(), nullable=False),  # to what: its end, or its nearest residue
        pa.field("proteins", pa.int64(), nullable=False),
        *mean_fields("distance"),  # residues from the peak, mean over proteins
        pa.field("median", pa.float64()),
        pa.field("inside", pa.float64()),  # share of peaks that lie in a feature
        pa.field("random", pa.float64()),  # mean distance of all residues of the proteins: of a random peak
        pa.field("random_inside", pa.float64()),  # share of all residues that lie in a feature
        pa.field("elsewhere", pa.float64()),  # mean distance of where proteins without the feature have their peaks
        pa.field("elsewhere_proteins", pa.int64(), nullable=False),  # those with the feature that this is known of
        pa.field("others", pa.int64(), nullable=False),  # proteins without the feature whose peaks it is taken from
        pa.field("floor", pa.float64()),  # distance of the same method and random weights; null for these
        # Tests of ranked methods are corrected together, those of a model and feature; floors are not.
        *tested_fields("nearer_than_random"),  # random - distance, paired
        *tested_fields("nearer_than_elsewhere"),  # elsewhere - distance, given the others; null of fewer than `FEWEST`
        *tested_fields("nearer_than_floor"),  # floor - distance
    ]
)
TESTS: Final = ("nearer_than_random", "nearer_than_elsewhere", "nearer_than_floor")
#: Other proteins that `nearer_than_elsewhere` rests on at least: how theirs scatter is no part of its p-value.
FEWEST: Final = 10
_ROUNDING: Final = 1e-6  # of float32, as a share of the largest score


def feature_rows(
    features: KnownFeatures,
    explanations: Sequence[Explanation],
    drawing: Drawing,
    parts: Parts,
    report: Callable[[Progress], None],
) -> list[dict[str, Any]]:
    """Rows of `FEATURES` for the explanations of a model, each with its floor; of kinds that no protein has none."""
    lengths = np.array([len(sequence) for sequence in features.asked.sequences])
    rows = []
    for explanation in explanations:
        floor = Explanation(explanation.model, explanation.method, explanation.settings, randomised=True)
        peaks = {}
        for each in (explanation, floor):
            found = attributions_of(each, features.asked, drawing.seed, parts, report)
            peaks[each.randomised] = [peaks_of(scores.values.to_numpy()) for scores in found["scores"]]
        for known in KNOWN:
            spans = features.spans[known.name]
            if spans:
                having = features.having[known.name]
                both = {randomised: measured(known, spans, having, peaks[randomised], lengths) for randomised in peaks}
                about = {"model": explanation.model.name, "feature": known.name}
                about |= {"measured": "end" if known.to_end else "nearest residue"}
                own = about | {"explanation": explanation.name, "kind": "ranked"}
                rows.append(own | _row(both[False], both[True].own, drawing))
                rows.append(about | {"explanation": floor.name, "kind": "floor"} | _row(both[True], None, drawing))
    for known in KNOWN:
        family = [row for row in rows if row["feature"] == known.name and row["kind"] == "ranked"]
        for test in TESTS:
            correct(family, test)
    return rows


def distances(spans: Sequence[Span], length: int, *, to_end: bool) -> npt.NDArray[np.int64]:
    """Residues from each residue to the nearest of the spans, int64 of shape (length,).

    To its last residue, or (not `to_end`) to whichever of its residues is nearest, so that it is 0 within.
    """
    position = np.arange(1, length + 1)
    if to_end:
        each = [np.abs(position - span.end) for span in spans]
    else:
        each = [np.maximum(np.maximum(span.start - position, position - span.end), 0) for span in spans]
    nearest: npt.NDArray[np.int64] = np.min(each, axis=0)
    return nearest


def peaks_of(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Residues of the highest score, from 0, int64 of shape (tied,).

    Several where they tie to rounding, as all residues of one kind do in a network without context: the first of them
    would be one near the N-terminus, whatever the network has learned.
    """
    size = np.abs(scores).max()
    return np.flatnonzero(scores >= scores.max() - _ROUNDING * size)


class Distances(NamedTuple):
    """Of the n proteins with a feature, (n,) each but for `others`; of peaks that tie the mean."""

    own: Floats  # of the peak
    inside: Floats  # 1 where the peak is in a feature, else 0
    random: Floats  # mean over all residues
    random_inside: Floats
    elsewhere: Floats  # mean over the places of the peaks of proteins without it; NaN without such
    others: int  # proteins without it that have a peak at one of these places


def measured(
    known: Known,
    spans: Mapping[int, Sequence[Span]],
    having: Set[int],
    peaks: Sequence[npt.NDArray[np.int64]],
    lengths: npt.NDArray[np.int64],
) -> Distances:
    """Distances of peaks from a kind of feature.

    Parameters
    ----------
    known : Known
    spans : mapping of int to sequence of Span
        Of each protein in which it is known where the feature is, by its number.
    having : set of int
        Proteins that have it, whether or not it is known where.
    peaks : sequence of int64 arrays
        Of all proteins, from 0; see `peaks_of`.
    lengths : int64 array of shape (proteins,)

    Notes
    -----
    Peaks of another protein are laid beside a feature by their distance from the end of the protein at which such
    features are. Only proteins that are at least as long take part, and those of their peaks that fall inside: shorter
    ones cannot have a peak far from that end, and what falls outside would have to be moved, by which peaks anywhere
    at all were farther from the feature, or nearer to it, than by chance.
    """
    without = [row for row in range(len(peaks)) if row not in having]
    columns = []
    used: set[int] = set()
    for row, of_protein in sorted(spans.items()):
        length = int(lengths[row])
        to = distances(of_protein, length, to_end=known.to_end)
        within = distances(of_protein, length, to_end=False) == 0
        laid = []
        for other in without:
            if lengths[other] >= length:
                # At the C-terminus as far from it as they are in their own protein.
                places = peaks[other] + (length - lengths[other] if known.last else 0)
                fitting = places[(places >= 0) & (places < length)]
                if len(fitting):
                    laid.append(to[fitting].mean())
                    used.add(other)
        elsewhere = np.mean(laid) if laid else np.nan
        columns.append((to[peaks[row]].mean(), within[peaks[row]].mean(), to.mean(), within.mean(), elsewhere))
    own, inside, random, random_inside, elsewhere = np.array(columns, np.float64).reshape(-1, 5).T
    return Distances(own, inside, random, random_inside, elsewhere, len(used))


def _row(found: Distances, floor: Floats | None, drawing: Drawing) -> dict[str, Any]:
    """What is said of an explanation and a kind of feature; `floor` are the distances of random weights."""
    beside = found.elsewhere[~np.isnan(found.elsewhere)]
    tested = found.elsewhere if found.others >= FEWEST else np.full(len(found.own), np.nan)
    row = {
        "proteins": len(found.own),
        **drawing.mean("distance", found.own),
        "median": float(np.median(found.own)),
        "inside": found.inside.mean(),
        "random": found.random.mean(),
        "random_inside": found.random_inside.mean(),
        "elsewhere": beside.mean() if len(beside) else np.nan,
        "elsewhere_proteins": len(beside),
        "others": found.others,
        **drawing.test("nearer_than_random", found.random, found.own),
        **drawing.test("nearer_than_elsewhere", tested, found.own),
    }
    if floor is not None:
        row |= {"floor": floor.mean()} | drawing.test("nearer_than_floor", floor, found.own)
    return row
