"""Other weights in place of the learned ones: what the predictions lose.

Uniform, permuted and random weights at inference, the states of the residues left as they are (Jain and Wallace 2019,
Attention is not Explanation, section 4.2.1, permuted ones; Vashishth et al. 2019, Attention Interpretability Across NLP
Tasks, all three), and a network that was trained with uniform weights (Wiegreffe and Pinter 2019, Attention is not not
Explanation, section 3.2).

What differs: Jain and Wallace give the median over permutations of the total variation of each instance, drawn by its
largest weight and class; here are the mean, the median and the share of changed predictions, by largest weight, of all
classes together, and what is lost in accuracy with a paired test. Random weights are the softmax of numbers drawn
evenly from 0 to 1, as the study drew them. The network with uniform weights is one training; what trainings differ by
is in the experiment accuracy-table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import scipy.special

from psl_eval.experiments.attention_tests.altered_figures import draw, draw_by_peak
from psl_eval.experiments.attention_tests.attention_test import AttentionTest
from psl_eval.experiments.attention_tests.divergences import total_variation
from psl_eval.experiments.attention_tests.peaks import ALL, by_peak
from psl_eval.experiments.attention_tests.protein_rows import Setting, Tested, column_of
from psl_eval.experiments.attention_tests.readouts import Bools, Floats, Readout
from psl_eval.experiments.attention_tests.retrained import RetrainedAnswers, partners, retrained_answers
from psl_eval.experiments.attention_tests.sentences import from_to, number
from psl_eval.experiments.estimates import mean_fields
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.wording import counted
from psl_eval.statistics.means import holm, paired_test
from psl_eval.statistics.rows import table_of
from psl_models.attention import ATTENTIONS, AttentionName, generator_of
from psl_models.datasets import class_matrix

ALTERED: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("weights", pa.string(), nullable=False),  # learned, uniform, permuted, random, or RETRAINED
        pa.field("largest_weight", pa.string(), nullable=False),  # proteins by their largest learned weight, or all
        pa.field("draws", pa.int64(), nullable=False),  # of weights, for each protein
        pa.field("proteins", pa.int64(), nullable=False),
        *mean_fields("accuracy"),  # share of the draws whose classes are all right, mean over proteins
        *mean_fields("loss"),  # accuracy with the learned weights - accuracy
        pa.field("p_value", pa.float64()),  # of all proteins: two-sided, of loss = 0, signs of proteins flipped
        pa.field("p_holm", pa.float64()),  # Holm over the model's other weights
        *mean_fields("total_variation"),  # of the answers from those with the learned weights: mean over draws
        *mean_fields("median_variation"),  # the same: median over draws, as Jain and Wallace give it
        *mean_fields("changed"),  # share of the draws that change the predicted classes
        pa.field("seed", pa.int64(), nullable=False),
    ]
)
_PROTEINS: Final = pa.schema(
    [
        pa.field("protein", pa.int64(), nullable=False),
        pa.field("weights", pa.string(), nullable=False),
        pa.field("largest_weight", pa.float64(), nullable=False),  # of the learned ones
        pa.field("draws", pa.int64(), nullable=False),
        pa.field("right", pa.float64(), nullable=False),
        pa.field("total_variation", pa.float64(), nullable=False),
        pa.field("median_variation", pa.float64(), nullable=False),
        pa.field("changed", pa.float64(), nullable=False),
    ]
)
RETRAINED: Final = "uniform, trained so"


@dataclass(frozen=True)
class Altered(AttentionTest):
    """Choices of the test.

    Attributes
    ----------
    permutations : int
        Draws of permuted and of random weights for each protein.
    retrained : tuple of NamedModel
        Trained with uniform weights; each stands beside the model whose network it has but for the pooling.
    """

    permutations: int = 100
    retrained: tuple[NamedModel, ...] = ()

    def check(self, models: Sequence[NamedModel]) -> None:
        """Also refuse retrained models that are like none of the models; see `partners`."""
        super().check(models)
        partners(models, self.retrained)

    def settings(self) -> dict[str, Any]:
        """Choices; the retrained models by their digests."""
        retrained = {each.name: digest_of_model(each.model) for each in self.retrained}
        return {"permutations": self.permutations, "retrained": retrained}

    def run(self, setting: Setting) -> Tested:
        """Accuracy and answers of each model with each kind of weights."""
        beside = partners(setting.models, self.retrained)
        rows: list[dict[str, Any]] = []
        for model in setting.models:
            proteins = self._proteins(model, beside.get(model.name), setting)
            rows += _summary(model.name, proteins, setting)
        table = table_of(rows, ALTERED)
        figures = {"altered": draw(table), "altered-by-largest-weight": draw_by_peak(table)}
        return Tested({"altered": table}, figures, tuple(_findings(table)))

    def _proteins(self, model: NamedModel, retrained: NamedModel | None, setting: Setting) -> pa.Table:
        """Rows of `_PROTEINS`, one for each kind of weights."""
        classes = model.model.configuration.classes
        labels = class_matrix(setting.asked.dataset, classes)

        def rows_of(of_block: Sequence[Readout], numbers: range) -> Iterable[dict[str, Any]]:
            sequences = setting.asked.sequences[numbers.start : numbers.stop]
            answers = None if retrained is None else retrained_answers(retrained, sequences, classes)
            for place, (protein, readout) in enumerate(zip(numbers, of_block, strict=True)):
                about = {"protein": protein, "largest_weight": float(readout.weights.max())}
                for row in self._of_protein(readout, labels[protein], setting.seed):
                    yield about | row
                if answers is not None:
                    yield about | _of_retrained(readout, labels[protein], answers, place)

        terms = {
            "permutations": self.permutations,
            "seed": setting.seed,
            "retrained": retrained and digest_of_model(retrained.model),
        }
        return setting.rows("altered", model, terms, _PROTEINS, rows_of)

    def _of_protein(self, readout: Readout, labels: Bools, seed: int) -> Iterator[dict[str, Any]]:
        for name in ATTENTIONS:
            answers = readout.probabilities(weights_of(name, readout, seed, self.permutations))
            yield {"weights": name} | _compared(readout, labels, answers, readout.decisions(answers))


def weights_of(name: AttentionName, readout: Readout, seed: int, draws: int) -> Floats:
    """Weights of a protein, (draws, length); learned and uniform ones once.

    The first draw is that of `psl_models.attention.altered`; permuted weights are the softmax of permuted scores.
    """
    length = len(readout.weights)
    if name == "learned":
        return readout.weights[np.newaxis]
    if name == "uniform":
        return np.full((1, length), 1 / length)
    rng = generator_of(readout.residues, seed)
    if name == "permuted":
        return np.stack([readout.weights[rng.permutation(length)] for _ in range(draws)])
    scores = np.stack([rng.random(length, np.float32) for _ in range(draws)])
    return np.asarray(scipy.special.softmax(scores.astype(np.float64), axis=1))


def _of_retrained(readout: Readout, labels: Bools, answers: RetrainedAnswers, place: int) -> dict[str, Any]:
    """The row of a protein for what the retrained network says of it."""
    here = slice(place, place + 1)
    row = _compared(readout, labels, answers.probabilities[here], answers.decisions[here])
    return {"weights": RETRAINED} | row


def _compared(readout: Readout, labels: Bools, answers: Floats, decisions: Bools) -> dict[str, Any]:
    """Columns of `_PROTEINS`: answers and what they predict, both (draws, classes), beside the learned ones."""
    learned = readout.probabilities(readout.weights)
    distances = total_variation(answers, learned, readout.task)
    return {
        "draws": len(answers),
        "right": (decisions == labels).all(axis=1).mean(),
        "total_variation": distances.mean(),
        "median_variation": np.median(distances),
        "changed": (decisions != readout.decisions(learned[np.newaxis])).any(axis=1).mean(),
    }


def _summary(model: str, proteins: pa.Table, setting: Setting) -> list[dict[str, Any]]:
    learned = column_of(proteins, "right", weights="learned")
    peaks = column_of(proteins, "largest_weight", weights="learned")
    rows: list[dict[str, Any]] = []
    for name in dict.fromkeys(proteins["weights"].to_pylist()):
        columns = {
            column: column_of(proteins, column, weights=name)
            for column in ("draws", "right", "total_variation", "median_variation", "changed")
        }
        for label, here in by_peak(peaks):
            row: dict[str, Any] = {
                "model": model,
                "weights": name,
                "largest_weight": label,
                "draws": int(columns["draws"][0]),
                "proteins": int(here.sum()),
                "p_value": np.nan,
                "seed": setting.seed,
                **setting.mean("accuracy", columns["right"][here]),
            }
            rows.append(row if name == "learned" else row | _loss(columns, learned, here, label, setting))
    for row, corrected in zip(rows, holm([row["p_value"] for row in rows]), strict=True):
        row["p_holm"] = float(corrected)
    return rows


def _loss(columns: dict[str, Floats], learned: Floats, here: Bools, label: str, setting: Setting) -> dict[str, float]:
    """What weights cost in accuracy, and how far they move the answers, of the proteins `here`."""
    test = paired_test(learned[here], columns["right"][here], seed=setting.seed, resamples=setting.resamples)
    row = {
        "loss": test.difference,
        "loss_low": test.low,
        "loss_high": test.high,
        "p_value": test.p_value if label == ALL else np.nan,
    }
    for column in ("total_variation", "median_variation", "changed"):
        row |= setting.mean(column, columns[column][here])
    return row


def _findings(table: pa.Table) -> Iterator[str]:
    for row in table.to_pylist():
        if row["largest_weight"] != ALL:
            continue
        if row["weights"] == "learned":
            yield (
                f"{row['model']}: with its own attention {row['accuracy']:.1%} of "
                f"{counted(row['proteins'], 'protein')} are predicted right ({from_to(row, 'accuracy', '.1%')})"
            )
            continue
        trained = "trained with uniform weights" if row["weights"] == RETRAINED else f"with {row['weights']} weights"
        yield (
            f"{row['model']}, {trained}: {row['accuracy']:.1%} are predicted right (lost: {row['loss']:.1%}, "
            f"{from_to(row, 'loss', '.1%')}; Holm p = {number(row['p_holm'])}); {row['changed']:.1%} of the "
            f"predictions are others, and the probabilities move by {row['total_variation']:.3f} (0: not at all, 1: "
            "altogether)"
        )
