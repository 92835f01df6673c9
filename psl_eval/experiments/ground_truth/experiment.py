"""What explanations find of signals that were planted: the only proteins for which the right answer is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

import numpy as np
import torch

from psl_eval.experiments.explained_proteins import Explanation, attributions_of, digest_of_proteins
from psl_eval.experiments.ground_truth.figure import draw
from psl_eval.experiments.ground_truth.findings import findings
from psl_eval.experiments.ground_truth.planted_model import MODEL_ROWS, check_methods, model_rows, trained_on
from psl_eval.experiments.ground_truth.planted_proteins import Planted, planted_proteins
from psl_eval.experiments.ground_truth.position import POSITION, scores_by_position
from psl_eval.experiments.ground_truth.recovery_rows import (
    CONTROL,
    METHOD,
    POSITION_ALONE,
    RECOVERY_ROWS,
    SIGNAL_ROWS,
    UNTRAINED,
    explained,
    recovery_rows,
    signal_rows,
)
from psl_eval.experiments.models import digest_of_model
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.result import Result
from psl_eval.experiments.trained import Trained
from psl_eval.experiments.wording import counted
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.rows import table_of
from psl_index.errors import InputError, UsageError
from psl_index.progress import Progress
from psl_models.datasets import class_order
from psl_models.splits import TEST, TRAIN, Split, at_random, rows_of

NAME: Final = "ground-truth"
#: All that can explain a network of LSTMs and point at something, but for `SLOW`.
METHODS_BY_DEFAULT: Final = (
    "attention",
    "permuted",
    "shifted",
    "random",
    "integrated-gradients",
    "saliency",
    "input-x-gradient",
    "smoothgrad",
    "gradient-shap",
    "guided-backpropagation",
    "lrp",
    "occlusion",
)
#: Takes 19 predictions a residue: three times as long as all the others together.
SLOW: Final = "mutagenesis"
#: Controls as they are: the same with random weights would be a control of a control.
_CONTROLS: Final = frozenset(("permuted", "shifted", "random", "uniform"))
_FRACTIONS: Final = (0.7, 0.1, 0.2)


class Compared(NamedTuple):
    """An explanation with its part in the comparison, as `recovery_rows.Explained` has them."""

    explanation: Explanation
    kind: str
    untrained: str | None


class Prepared(NamedTuple):
    """What explanations are compared on."""

    planted: Planted
    split: Split
    rows: list[int]  # proteins of the test side that are explained
    asked: Asked  # the same
    learned: Trained


@dataclass(frozen=True)
class GroundTruth:
    """Choices of the experiment.

    Attributes
    ----------
    methods : tuple of str
        Names in `psl_models.attribution.METHODS`.
    residues : int
        Of the synthetic proteome.
    longest : int
        Residues of a protein at most.
    epochs : int
        Of the model.
    explained : int
        Proteins of the test side that are explained, at most.
    resamples : int
        Of intervals.
    seed : int
        Of all that is random.
    """

    methods: tuple[str, ...] = METHODS_BY_DEFAULT
    residues: int = 2_000_000
    longest: int = 300
    epochs: int = 8
    explained: int = 100
    resamples: int = 2000
    seed: int = 1

    def run(self, device: torch.device, parts: Parts, report: Callable[[Progress], None]) -> Result:
        """Make proteins up, train a small model on some, explain its predictions for others, and compare with truth.

        No two proteins are relatives, so that what the model knows of those that are explained are the signals.

        Raises
        ------
        UsageError
            There are too few proteins for a training, or none of the test side has a signal; there is no such method,
            or it cannot explain the model.
        """
        planted, split, rows, asked, learned = self.prepared(device, parts, report)
        explanations = []
        for each in self.explanations(learned):
            attributions = attributions_of(each.explanation, asked, self.seed, parts, report)
            scores = [np.array(scores, np.float32) for scores in attributions["scores"].to_pylist()]
            explanations.append(explained(each.explanation.name, each.kind, each.untrained, scores, planted, rows))
        classes: list[str] = attributions["target"].to_pylist()  # what the trained model predicts, in all of them
        by_position = scores_by_position(planted, rows_of(split, TRAIN), rows, classes)
        explanations.append(explained(POSITION, POSITION_ALONE, None, by_position, planted, rows))
        correct = np.array([labels == (named,) for labels, named in zip(asked.labels, classes, strict=True)])
        table = table_of(list(recovery_rows(explanations, correct, self.seed, self.resamples)), RECOVERY_ROWS)
        of_model = table_of(list(model_rows(learned.metrics)), MODEL_ROWS)
        by_signal = table_of(list(signal_rows(explanations, self.seed, self.resamples)), SIGNAL_ROWS)
        return Result(
            experiment=NAME,
            tables={"ground-truth": table, "by-signal": by_signal, "model": of_model},
            figures={"ground-truth": draw(table)},
            findings=findings(table, by_signal, of_model, self.resamples),
            settings=asdict(self)
            | {
                "model": digest_of_model(learned.model.model),
                "proteins": {
                    "made_up": len(planted.dataset),
                    "explained": len(rows),
                    "correctly_predicted": int(correct.sum()),
                    "digest": digest_of_proteins(asked),
                },
            },
        )

    def prepared(self, device: torch.device, parts: Parts, report: Callable[[Progress], None]) -> Prepared:
        """The proteins and the model, trained where that has not been done; errors as of `run`."""
        planted = planted_proteins(self.residues, self.seed, longest=self.longest)
        split = self._split(planted)
        check_methods(planted, self.methods)
        learned = trained_on(planted, split, self.epochs, self.seed, device, parts, report)
        rows = [int(row) for row in rows_of(split, TEST) if planted.signals[row]][: self.explained]
        if not rows:
            raise UsageError("no protein that is held out has a signal", remedy="make up more with --residues")
        dataset = planted.dataset.chosen(np.array(rows))
        return Prepared(planted, split, rows, Asked(dataset, list(dataset.sequences)), learned)

    def _split(self, planted: Planted) -> Split:
        proteins = counted(len(planted.dataset))
        problem = f"{self.residues:,} residues give {proteins} of different families, too few for a training"
        too_few = UsageError(problem, remedy="make up more with --residues")
        if len(class_order(planted.dataset)) < 2:
            raise too_few
        try:
            return at_random(planted.dataset, self.seed, fractions=_FRACTIONS)
        except InputError as error:  # a side without a protein
            raise too_few from error

    def explanations(self, learned: Trained) -> Iterator[Compared]:
        """What is compared: each method, and but for controls the same of a model that has learned nothing."""
        for method in self.methods:
            explanation = Explanation(learned.model, method, {})
            if method in _CONTROLS:
                yield Compared(explanation, CONTROL, None)
            else:
                untrained = Explanation(learned.model, method, {}, randomised=True)
                yield Compared(explanation, METHOD, untrained.name)
                yield Compared(untrained, UNTRAINED, None)
