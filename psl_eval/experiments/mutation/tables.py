"""The tables of mutation-fidelity: losses of explanations, ranked, with intervals and tests, and by k."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.stats

from psl_eval.experiments.estimates import Drawing, correct, mean_fields, tested_fields
from psl_eval.experiments.mutation.losses import Losses
from psl_eval.experiments.mutation.replaced_residues import CHOICES, REPLACEMENTS
from psl_eval.statistics.resampling import Floats, bootstrap, interval

#: What a row is: a method among those that are ranked, the same of random weights, or one that tries out each residue.
Kind = Literal["ranked", "floor", "ceiling"]

FIDELITY: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("explanation", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),  # ranked, floor (random weights) or ceiling
        pa.field("replacement", pa.string(), nullable=False),  # what residues become; all: the mean over them
        pa.field("proteins", pa.int64(), nullable=False),
        pa.field("rank", pa.int64()),  # by area, 1 for the largest; of those that are ranked only
        pa.field("rank_low", pa.int64()),  # over resampled proteins
        pa.field("rank_high", pa.int64()),
        *mean_fields("area"),  # logit lost, mean over k, when the top-k residues are mutated
        pa.field("random_area", pa.float64()),  # k random residues, on the same proteins; so the next two
        pa.field("shifted_area", pa.float64()),  # the places of the top-k moved along together
        pa.field("bottom_area", pa.float64()),  # the bottom-k
        pa.field("ceiling_area", pa.float64()),  # as area, of the proteins that ceilings were asked for only
        *mean_fields("flipped"),  # share of proteins of which another class is predicted, at the largest k
        pa.field("random_flipped", pa.float64()),  # of random residues
        # Tests of ranked methods are corrected together, those of a replacement; floors and ceilings are not.
        *tested_fields("above_random"),  # area - random_area, paired
        *tested_fields("above_shifted"),  # area - shifted_area
        *tested_fields("above_bottom"),  # area - bottom_area
        *tested_fields("above_floor"),  # area - that of the same method and random weights; of ranked ones only
        *tested_fields("flipped_above_random"),  # flipped - random_flipped
    ]
)
CURVES: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("explanation", pa.string(), nullable=False),  # "random residues": those of no explanation
        pa.field("kind", pa.string()),  # as in the table above; null for random residues
        pa.field("replacement", pa.string(), nullable=False),
        pa.field("residues", pa.string(), nullable=False),  # top, bottom, shifted or random
        pa.field("k", pa.int64(), nullable=False),  # residues mutated
        pa.field("proteins", pa.int64(), nullable=False),
        *mean_fields("loss"),  # of the target's logit
        *mean_fields("flipped"),  # share of proteins of which another class is predicted
    ]
)
#: The replacement that is the mean over all of them.
ALL: Final = "all"
#: The explanation of the curves that is none.
RANDOM_RESIDUES: Final = "random residues"
TESTS: Final = ("above_random", "above_shifted", "above_bottom", "above_floor", "flipped_above_random")


@dataclass(frozen=True, eq=False)
class Mutated:
    """What the mutations of one explanation did.

    Attributes
    ----------
    name : str
    kind : Kind
    losses : Losses
        Choices of `CHOICES`.
    rows : int64 array of shape (n,)
        Numbers of its proteins among all; a ceiling may have fewer.
    floor : str or None
        Name of the same method with random weights.
    """

    name: str
    kind: Kind
    losses: Losses
    rows: npt.NDArray[np.int64]
    floor: str | None = None


@dataclass(frozen=True, eq=False)
class _Outcome:
    """Losses with the mean over replacements beside them, (n, choices, replacements + 1)."""

    area: Floats
    flipped: Floats  # at the largest k

    @classmethod
    def of(cls, losses: Losses, counts: Sequence[int]) -> _Outcome:
        return cls(with_all(losses.area(counts)), with_all(losses.flipped[..., -1]))


def fidelity_rows(
    model: str, mutated: Sequence[Mutated], random: Losses, counts: Sequence[int], drawing: Drawing
) -> list[dict[str, Any]]:
    """Rows of `FIDELITY` of a model; `random` are random residues of all proteins, as one choice."""
    outcomes = {each.name: _Outcome.of(each.losses, counts) for each in mutated}
    at_random = _Outcome.of(random, counts)
    ranked = [each.name for each in mutated if each.kind == "ranked"]
    few = next((each.rows for each in mutated if each.kind == "ceiling"), None)
    rows = []
    for number, replacement in enumerate((*REPLACEMENTS, ALL)):
        ranks = _ranks(np.column_stack([outcomes[name].area[:, 0, number] for name in ranked]), drawing)
        placed = dict(zip(ranked, ranks, strict=True))
        family = []
        for each in mutated:
            row = {"model": model, "explanation": each.name, "kind": each.kind, "replacement": replacement}
            row |= _row(each, outcomes, at_random, number, drawing) | placed.get(each.name, {})
            if few is not None:
                of_few = outcomes[each.name].area[np.isin(each.rows, few), 0, number]
                row["ceiling_area"] = of_few.mean()
            rows.append(row)
            if each.kind == "ranked":
                family.append(row)
        for test in TESTS:
            correct(family, test)
    return rows


def _row(
    each: Mutated, outcomes: dict[str, _Outcome], at_random: _Outcome, number: int, drawing: Drawing
) -> dict[str, Any]:
    """What is said of an explanation and the replacement of this number."""
    outcome = outcomes[each.name]
    area = {choice: outcome.area[:, place, number] for place, choice in enumerate(CHOICES)}
    area["random"] = at_random.area[each.rows, 0, number]
    flipped, flipped_at_random = outcome.flipped[:, 0, number], at_random.flipped[each.rows, 0, number]
    row = {"proteins": len(each.rows)} | drawing.mean("area", area["top"]) | drawing.mean("flipped", flipped)
    for choice in ("random", "shifted", "bottom"):
        row[f"{choice}_area"] = area[choice].mean()
        row |= drawing.test(f"above_{choice}", area["top"], area[choice])
    if each.floor is not None:
        row |= drawing.test("above_floor", area["top"], outcomes[each.floor].area[:, 0, number])
    row["random_flipped"] = flipped_at_random.mean()
    return row | drawing.test("flipped_above_random", flipped, flipped_at_random)


def curve_rows(
    model: str, mutated: Sequence[Mutated], random: Losses, counts: Sequence[int], drawing: Drawing
) -> Iterator[dict[str, Any]]:
    """Rows of `CURVES` of a model."""
    several = [(each.name, each.kind, CHOICES, each.losses) for each in mutated]
    for name, kind, choices, losses in [*several, (RANDOM_RESIDUES, None, ("random",), random)]:
        loss, flipped = (with_all(values) for values in losses)
        for choice, residues in enumerate(choices):
            for number, replacement in enumerate((*REPLACEMENTS, ALL)):
                for place, k in enumerate(counts):
                    yield {
                        "model": model,
                        "explanation": name,
                        "kind": kind,
                        "replacement": replacement,
                        "residues": residues,
                        "k": k,
                        "proteins": len(loss),
                        **drawing.mean("loss", loss[:, choice, number, place]),
                        **drawing.mean("flipped", flipped[:, choice, number, place]),
                    }


def with_all(values: Floats) -> Floats:
    """The same with the mean over replacements, the third axis, beside them."""
    return np.concatenate([values, values.mean(2, keepdims=True)], axis=2)


def _ranks(areas: Floats, drawing: Drawing) -> list[dict[str, int]]:
    """Rank of each column by its mean, 1 for the largest, and its percentiles over resampled rows."""
    ranks = scipy.stats.rankdata(-areas.mean(0), method="min").astype(int)
    found = [{"rank": int(rank)} for rank in ranks]
    if len(areas) < 2:
        return found
    for column, row in enumerate(found):

        def rank(drawn: npt.NDArray[np.int64], column: int = column) -> Floats:
            means = areas[drawn].mean(1)
            above: Floats = 1.0 + (means > means[:, [column]]).sum(1)
            return above

        low, high = interval(bootstrap(len(areas), rank, drawing.seed, drawing.resamples))
        row |= {"rank_low": int(np.floor(low)), "rank_high": int(np.ceil(high))}
    return found
