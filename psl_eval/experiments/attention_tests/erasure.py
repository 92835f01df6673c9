"""What the answer loses without the residues of the largest weights.

Serrano and Smith 2019 (Is Attention Interpretable?), sections 4 and 5: the Jensen-Shannon divergence of the answer, and
whether the decision flips, without the residue of the largest weight and without a random other one; and the share of
residues that have to be erased until the decision flips, in the order of attention, of the gradient of the largest
probability by each weight, of their product, and at random.

What differs: where the decision never flips, though one residue alone is left, the share is 1, so that means of all
orders are about the same proteins; and beside the model stands a network with random weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.attention_tests.attention_test import AttentionTest
from psl_eval.experiments.attention_tests.divergences import answer_divergence
from psl_eval.experiments.attention_tests.erased import erased_one_by_one, gradients_of_weights
from psl_eval.experiments.attention_tests.erasure_figures import draw_orders, draw_points
from psl_eval.experiments.attention_tests.peaks import ALL, by_peak
from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested, column_of
from psl_eval.experiments.attention_tests.readouts import Bools, Floats, Readout
from psl_eval.experiments.attention_tests.sentences import from_to, number
from psl_eval.experiments.estimates import mean_fields
from psl_eval.experiments.models import NamedModel
from psl_eval.statistics.means import holm, paired_test
from psl_eval.statistics.rows import table_of
from psl_models.attention import generator_of

ERASURE: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("randomised", pa.bool_(), nullable=False),  # a network with random weights: the floor
        pa.field("weights_differ_by", pa.string(), nullable=False),  # proteins by weight_difference, or all
        pa.field("proteins", pa.int64(), nullable=False),  # of two residues or more
        *mean_fields("weight_difference"),  # largest weight - that of the random residue
        *mean_fields("largest"),  # divergence of the answer, in nats, without the residue of the largest weight
        *mean_fields("at_random"),  # without a random other one
        *mean_fields("difference"),  # largest - at_random
        pa.field("p_value", pa.float64()),  # of all proteins: two-sided, of difference = 0
        pa.field("p_holm", pa.float64()),  # Holm over models, random weights among them
        pa.field("largest_matters_more", pa.float64()),  # share of proteins where difference > 0
        # Whether the predicted classes change: shares of the proteins, which add up to 1.
        pa.field("both_flip", pa.float64()),
        pa.field("only_largest_flips", pa.float64()),
        pa.field("only_random_flips", pa.float64()),
        pa.field("none_flips", pa.float64()),
        pa.field("seed", pa.int64(), nullable=False),
    ]
)
ORDERS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("randomised", pa.bool_(), nullable=False),
        pa.field("order", pa.string(), nullable=False),  # the first to be erased are those that it puts highest
        pa.field("proteins", pa.int64(), nullable=False),
        *mean_fields("erased"),  # share of the residues erased when the prediction first changes; 1 where it never does
        pa.field("never", pa.float64()),  # share of proteins whose prediction never changes
        *mean_fields("fewer"),  # than at random: erased at random - erased
        pa.field("p_value", pa.float64()),  # two-sided, of fewer = 0
        pa.field("p_holm", pa.float64()),  # Holm over the orders of all models
        pa.field("seed", pa.int64(), nullable=False),
    ]
)
ORDER_NAMES: Final = ("attention", "gradient", "gradient x attention", "random")
_PROTEINS: Final = pa.schema(
    [
        pa.field("protein", pa.int64(), nullable=False),
        pa.field("weight_difference", pa.float64(), nullable=False),
        pa.field("largest", pa.float64(), nullable=False),
        pa.field("at_random", pa.float64(), nullable=False),
        pa.field("largest_flips", pa.bool_(), nullable=False),
        pa.field("random_flips", pa.bool_(), nullable=False),
        *(pa.field(name, pa.float64()) for name in ORDER_NAMES),  # share erased at the flip; null where there is none
    ]
)


@dataclass(frozen=True)
class Erasure(AttentionTest):
    """The test; it has no choices of its own."""

    def settings(self) -> dict[str, Any]:
        """None."""
        return {}

    def run(self, setting: Setting) -> Tested:
        """Of each model and of a network with random weights."""
        singles: list[dict[str, Any]] = []
        orders: list[dict[str, Any]] = []
        points: dict[str, pa.Table] = {}
        for model in setting.models:
            for randomised in (False, True):
                proteins = _proteins(model, setting, randomised)
                about = {"model": model.name, "randomised": randomised, "seed": setting.seed}
                singles += [about | row for row in _singles(proteins, setting)]
                orders += [about | row for row in _orders(proteins, setting)]
                if not randomised:
                    points[model.name] = proteins
        for family in (singles, orders):
            for row, corrected in zip(family, holm([row["p_value"] for row in family]), strict=True):
                row["p_holm"] = float(corrected)
        tables = {"erasure": table_of(singles, ERASURE), "erasure-orders": table_of(orders, ORDERS)}
        figures = {"erasure": draw_points(points), "erasure-orders": draw_orders(tables["erasure-orders"])}
        return Tested(tables, figures, tuple(_findings(*tables.values())))


def _proteins(model: NamedModel, setting: Setting, randomised: bool) -> pa.Table:
    """Rows of `_PROTEINS`."""

    def rows_of(of_block: Sequence[Readout], numbers: range) -> Iterable[dict[str, Any]]:
        for protein, readout in zip(numbers, of_block, strict=True):
            if len(readout.weights) > 1:
                yield {"protein": protein} | _of_protein(readout, setting.seed)

    return setting.rows("erasure", model, {"seed": setting.seed}, _PROTEINS, rows_of, randomised=randomised)


def _of_protein(readout: Readout, seed: int) -> dict[str, Any]:
    rng = generator_of(readout.residues, seed)
    length = len(readout.weights)
    largest = int(readout.weights.argmax())
    other = int(rng.integers(length - 1))
    other += other >= largest
    learned = readout.probabilities(readout.weights)
    without = np.stack([_without(readout, each) for each in (largest, other)])
    flips = (readout.decisions(without) != readout.decisions(learned[np.newaxis])).any(axis=1)
    lost = answer_divergence(without, learned, readout.task)
    gradient = gradients_of_weights(readout)
    highest_first = {
        "attention": np.argsort(-readout.weights, kind="stable"),
        "gradient": np.argsort(-gradient, kind="stable"),
        "gradient x attention": np.argsort(-gradient * readout.weights, kind="stable"),
        "random": rng.permutation(length),
    }
    return {
        "weight_difference": readout.weights[largest] - readout.weights[other],
        "largest": lost[0],
        "at_random": lost[1],
        "largest_flips": bool(flips[0]),
        "random_flips": bool(flips[1]),
        **{name: _share_at_flip(readout, order) for name, order in highest_first.items()},
    }


def _without(readout: Readout, residue: int) -> Floats:
    order = np.concatenate([[residue], np.delete(np.arange(len(readout.weights)), residue)])
    return np.asarray(erased_one_by_one(readout, order)[1])


def _share_at_flip(readout: Readout, order: npt.NDArray[np.int64]) -> float:
    """Share of the residues that are erased when the predicted classes first change; NaN where they never do."""
    decisions = readout.decisions(erased_one_by_one(readout, order))
    flipped: Bools = (decisions != decisions[0]).any(axis=1)
    return float(flipped.argmax()) / len(order) if flipped.any() else np.nan


def _singles(proteins: pa.Table, setting: Setting) -> Iterator[dict[str, Any]]:
    """One residue erased: all proteins, and those whose two weights differ by so much."""
    values = {name: column_of(proteins, name) for name in ("weight_difference", "largest", "at_random")}
    flips, random_flips = (column_of(proteins, name) > 0 for name in ("largest_flips", "random_flips"))
    for label, here in by_peak(values["weight_difference"]):
        row: dict[str, Any] = {"weights_differ_by": label, "proteins": int(here.sum())}
        for name, of_all in values.items():
            row |= setting.mean(name, of_all[here])
        largest, at_random = values["largest"][here], values["at_random"][here]
        test = paired_test(largest, at_random, seed=setting.seed, resamples=setting.resamples)
        yield row | {
            "difference": test.difference,
            "difference_low": test.low,
            "difference_high": test.high,
            "p_value": test.p_value if label == ALL else np.nan,
            "largest_matters_more": _share(largest > at_random),
            "both_flip": _share((flips & random_flips)[here]),
            "only_largest_flips": _share((flips & ~random_flips)[here]),
            "only_random_flips": _share((~flips & random_flips)[here]),
            "none_flips": _share((~flips & ~random_flips)[here]),
        }


def _orders(proteins: pa.Table, setting: Setting) -> Iterator[dict[str, Any]]:
    shares = {name: column_of(proteins, name) for name in ORDER_NAMES}
    erased = {name: np.where(np.isnan(share), 1.0, share) for name, share in shares.items()}
    for name in ORDER_NAMES:
        row = {
            "order": name,
            "proteins": proteins.num_rows,
            **setting.mean("erased", erased[name]),
            "never": _share(np.isnan(shares[name])),
            "p_value": np.nan,
        }
        if name != "random":
            test = paired_test(erased["random"], erased[name], seed=setting.seed, resamples=setting.resamples)
            row |= {"fewer": test.difference, "fewer_low": test.low, "fewer_high": test.high, "p_value": test.p_value}
        yield row


def _share(which: Bools) -> float:
    return float(which.mean()) if len(which) else np.nan


def _findings(singles: pa.Table, orders: pa.Table) -> Iterator[str]:
    for row in singles.to_pylist():
        if not row["randomised"] and row["weights_differ_by"] == ALL and row["proteins"]:
            flip = row["both_flip"] + row["only_largest_flips"]
            at_random = row["both_flip"] + row["only_random_flips"]
            yield (
                f"{row['model']}: without the residue of the largest weight the answer moves by {row['largest']:.2g} "
                f"nats, without a random one by {row['at_random']:.2g} (Holm p = {number(row['p_holm'])}, "
                f"{row['proteins']:,} proteins; the largest matters more in {row['largest_matters_more']:.0%}); "
                f"{flip:.1%} of the predictions change, at random {at_random:.1%}"
            )
    for row in orders.to_pylist():
        if not row["randomised"] and row["proteins"]:
            yield order_finding(row)


def order_finding(row: Mapping[str, Any]) -> str:
    """What a row of `ORDERS` says."""
    by = "in random order" if row["order"] == "random" else f"those of the largest {row['order']} first"
    said = (
        f"{row['model']}: residues erased, {by}: {row['erased']:.1%} of them are gone when the prediction changes "
        f"({from_to(row, 'erased', '.1%')}), which it never does for {row['never']:.1%} of the proteins"
    )
    if row["fewer"] is None:
        return said
    when = "later" if row["fewer"] < 0 else "sooner"
    away = f"{abs(row['fewer']):.1%} of the residues {when} than at random"
    return f"{said}; that is {away} (Holm p = {number(row['p_holm'])})"
