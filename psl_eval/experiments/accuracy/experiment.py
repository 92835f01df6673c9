"""The study's table 1, with several trainings of each network and controls beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import pyarrow as pa
import torch

from psl_eval.experiments.accuracy.arms import ARMS, Arm
from psl_eval.experiments.accuracy.figure import draw
from psl_eval.experiments.accuracy.measured import (
    CORRECT,
    Asking,
    figures_of,
    measured,
    ways_to_ask,
)
from psl_eval.experiments.accuracy.rows import ACCURACY_ROWS, RUN_ROWS, means, row_of
from psl_eval.experiments.accuracy.trainings import Divided, Trainings
from psl_eval.experiments.held_out import not_known_of
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.result import Result
from psl_eval.experiments.trained import digest_of_material
from psl_eval.longest_stretch import classes_by_longest_stretch
from psl_eval.statistics.rows import table_of
from psl_index.errors import UsageError
from psl_index.progress import Progress
from psl_models.baselines import baselines
from psl_models.splits import TEST, TRAIN
from psl_models.training.material import Material
from psl_models.training.options import Precision

#: Rules that need no network.
BASELINES: Final = ("majority", "composition", "longest stretch")


@dataclass(frozen=True)
class AccuracyTable:
    """Choices of the experiment.

    Attributes
    ----------
    arms : tuple of str
        Names of `ARMS`.
    lstm_trainings, mlp_trainings : int
        Seeds 1, 2 and so on.
    epochs : int or None
        Of every training; None for those of the recipes.
    precision : Precision
    seed : int
        Of weights that are permuted or drawn, and of intervals.
    """

    arms: tuple[str, ...] = tuple(ARMS)
    lstm_trainings: int = 3
    mlp_trainings: int = 5
    epochs: int | None = None
    precision: Precision = "float32"
    seed: int = 1

    def __post_init__(self) -> None:
        unknown = next((name for name in self.arms if name not in ARMS), None)
        if unknown is not None:
            raise UsageError(f"{unknown!r} is no arm of the table", remedy=f"choose of {', '.join(ARMS)}")

    def run(
        self,
        classes: tuple[str, ...],
        splits: Sequence[Divided],
        released: Sequence[NamedModel],
        device: torch.device,
        parts: Parts,
        report: Callable[[Progress], None],
        *,
        threads: int = 0,
    ) -> Result:
        """Train what is not trained yet, and ask every network for the test proteins in every way.

        Parameters
        ----------
        classes : tuple of str
        splits : sequence of Divided
            Of the same classes, one a protein.
        released : sequence of NamedModel
            Checkpoints of the study, to be asked as its code does and as it should; of the same classes in any order.
        device : torch.device
        parts : Parts
        report : callable
        threads : int
            Of the search for shared stretches; 0 for all.

        Raises
        ------
        InputError, OutputError, UsageError
            As of `psl_eval.experiments.trained.trained`.
        """
        rows: list[dict[str, Any]] = []
        models: dict[str, str] = {}
        for divided in splits:
            trainings = Trainings(
                classes, divided, self.lstm_trainings, self.epochs, self.precision, device, parts, report
            )
            for arm, seed in self._trainings():
                model = trainings.model(arm, seed)
                models[f"{divided.name}: {model.name}"] = digest_of_model(model.model)
                asked = self._asked(model, divided, arm, seed, parts, report)
                rows += [row | {"teacher": trainings.teacher_of(arm, seed)} for row in asked]
            for model in released:
                rows += self._asked(model, _in_order_of(model, classes, divided), None, None, parts, report)
            rows += self._rules(divided, parts, report, threads)
        runs = table_of(rows, RUN_ROWS)
        tested = f"the test proteins of {' and '.join(split.name for split in splits)}"
        table = table_of(list(means(rows)), ACCURACY_ROWS)
        return Result(
            experiment="accuracy-table",
            tables={"accuracy-table": table, "trainings": runs},
            figures={"accuracy-table": draw(table)},
            findings=(*findings(table), *not_known_of(released, tested)),
            settings=asdict(self)
            | {
                "classes": list(classes),
                "splits": {
                    each.name: {"how": each.in_words, "digest": digest_of_material(each.material)} for each in splits
                },
                "models": models | {model.name: digest_of_model(model.model) for model in released},
            },
        )

    def _trainings(self) -> Iterator[tuple[Arm, int]]:
        """One seed after the other, so that a run that is cut off has trained of each arm some."""
        for seed in range(1, max(self.lstm_trainings, self.mlp_trainings) + 1):
            for name in self.arms:
                arm = ARMS[name]
                if seed <= (self.mlp_trainings if arm.is_mlp else self.lstm_trainings):
                    yield arm, seed

    def _asked(
        self,
        model: NamedModel,
        divided: Divided,
        arm: Arm | None,
        seed: int | None,
        parts: Parts,
        report: Callable[[Progress], None],
    ) -> Iterator[dict[str, Any]]:
        for asking in ways_to_ask(model, also_released=arm is None or arm.across):
            yield row_of(
                divided,
                arm.experiment if arm else None,
                arm.name if arm else model.name,
                asking,
                seed,
                measured(model, divided.material, asking, self.seed, parts, report),
            )

    def _rules(
        self, divided: Divided, parts: Parts, report: Callable[[Progress], None], threads: int
    ) -> Iterator[dict[str, Any]]:
        material = divided.material
        known, asked = material.sequences(TRAIN), material.sequences(TEST)
        labels = material.labels[material.rows(TRAIN)]
        terms = {"material": digest_of_material(material), "seed": self.seed}

        def compute() -> pa.Table:
            said = baselines(known, labels, asked, "single-label")
            said["longest stretch"] = classes_by_longest_stretch(known, labels, asked, threads=threads)
            found = [figures_of(said[name], material, self.seed) | {"rule": name} for name in BASELINES]
            return pa.Table.from_pylist(found)

        for figures in parts.table("rules", terms, compute).to_pylist():
            yield row_of(divided, None, figures["rule"], Asking(CORRECT, None), None, figures) | {"layout": None}
        report(Progress(f"{divided.name}: rules without a network", len(asked), len(asked), "proteins"))


def _in_order_of(model: NamedModel, classes: tuple[str, ...], divided: Divided) -> Divided:
    """The same proteins with their labels in the order of a model's classes."""
    order = [classes.index(name) for name in model.model.configuration.classes]
    material = divided.material
    return divided._replace(material=Material(material.dataset, material.split, material.labels[:, order]))


def findings(table: pa.Table) -> tuple[str, ...]:
    """What the table says of each network, and of each rule."""
    sentences = []
    for row in table.to_pylist():
        asked = "" if row["attention"] in (None, "learned") else f", {row['attention']} attention"
        layout = ", laid out as released" if row["layout"] not in (None, CORRECT) else ""
        said = f"{row['split']}: {row['arm']}{asked}{layout}: accuracy {row['accuracy']:.3f}"
        if row["accuracy_low"] is not None:
            said += f" ({row['accuracy_low']:.3f} to {row['accuracy_high']:.3f})"
        said += f", macro F1 {row['f1_macro']:.3f}"
        if row["trainings"]:
            said += ", 1 training" if row["trainings"] == 1 else f", {row['trainings']} trainings"
        if row["trainings"] > row["independent"]:
            said += f" with {row['independent']} BiLSTMs to take over from"
        if row["study_accuracy"] is not None:
            said += f"; the study reports {row['study_accuracy']:.3f}"
            if row["attention"] is not None:
                said += ", of attention across batches of five"
        sentences.append(said)
    return tuple(sentences)
