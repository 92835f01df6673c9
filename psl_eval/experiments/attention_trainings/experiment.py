"""What of attention is the model's, and what one training's: seeds, adversaries, and MLPs that weights guide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import torch

from psl_eval.experiments.accuracy.arms import ARMS, TEACHER
from psl_eval.experiments.accuracy.measured import CORRECT, Asking, measured
from psl_eval.experiments.accuracy.rows import ACCURACY_ROWS, RUN_ROWS, means, row_of
from psl_eval.experiments.accuracy.trainings import Divided, Trainings
from psl_eval.experiments.attention_tests.protein_rows import Setting
from psl_eval.experiments.attention_tests.seeds import Seeds
from psl_eval.experiments.attention_trainings.adversaries import (
    ADVERSARIES,
    adversary_findings,
    adversary_rows,
    draw_adversaries,
)
from psl_eval.experiments.attention_trainings.adversary import AdversaryOptions, adversary_of
from psl_eval.experiments.estimates import MARGIN
from psl_eval.experiments.figures import dot_of, dots, named_rows, new_figure
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.result import Result
from psl_eval.experiments.trained import digest_of_material
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.means import welch_interval
from psl_eval.statistics.resampling import RESAMPLES
from psl_eval.statistics.rows import table_of
from psl_index.errors import UsageError
from psl_index.progress import Progress
from psl_models.splits import TEST, VALIDATION
from psl_models.training.options import Precision

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: The arms of the guided MLP (Wiegreffe and Pinter 2019, table 3), and the BiLSTM retrained without attention.
GUIDED: Final = {
    "mlp-attention": "learned by the MLP itself",
    "mlp-uniform": "uniform",
    "mlp-pre-set": "pre-set by the BiLSTM",
    "mlp-adversarial": "pre-set by its adversary",
}
RETRAINED: Final = ("bilstm-attention", "bilstm-uniform")
ADVERSARIAL: Final = "mlp-adversarial"
#: Total variation below which an adversary answers as the model does (Jain and Wallace 2019, section 4.2.2).
ALIKE: Final = 0.05


@dataclass(frozen=True)
class AttentionTrainings:
    """Choices of the experiment.

    Attributes
    ----------
    seeds : int
        Trainings of the BiLSTM with attention: seeds 1, 2 and so on.
    retrained : int
        Trainings of the BiLSTM with uniform weights.
    mlp_trainings : int
        Of each arm of the guided MLP; all of an arm are guided by the same network.
    divergences : tuple of float
        What divergence of the attention is worth to an adversary, ascending.
    adversary_epochs : int
    epochs : int or None
        Of every other training; None for those of the recipes.
    precision : Precision
        Of the trainings but for adversaries.
    resamples : int
        Of intervals.
    seed : int
        Of all else that is random.

    Raises
    ------
    UsageError
        `divergences` are not ascending numbers from 0.
    """

    seeds: int = 8
    retrained: int = 3
    mlp_trainings: int = 5
    divergences: tuple[float, ...] = (0.0, 0.01, 0.02, 0.03, 0.05, 0.1, 1.0)
    adversary_epochs: int = 3
    epochs: int | None = None
    precision: Precision = "float32"
    resamples: int = RESAMPLES
    seed: int = 1

    def __post_init__(self) -> None:
        if self.seeds < 2:
            raise UsageError("one training has no other to be compared with", remedy="ask for --seeds 2 or more")
        ascending = list(self.divergences) == sorted({abs(each) for each in self.divergences})
        if not self.divergences or not ascending:
            given = ", ".join(f"{each:g}" for each in self.divergences)
            raise UsageError(f"divergences are worth {given}, expected ascending numbers from 0")

    def run(
        self,
        classes: tuple[str, ...],
        divided: Divided,
        device: torch.device,
        parts: Parts,
        report: Callable[[Progress], None],
    ) -> Result:
        """Train what is not trained yet, and compare on the test proteins.

        Raises
        ------
        InputError, OutputError, UsageError
            As of `psl_eval.experiments.trained.trained` and `adversary_of`.
        """
        trainings = Trainings(classes, divided, self.seeds, self.epochs, self.precision, device, parts, report)
        models = [trainings.model(TEACHER, seed + 1) for seed in range(self.seeds)]
        base = models[0]
        options = AdversaryOptions(self.adversary_epochs, seed=self.seed)
        adversaries = {
            adversary_of(base, f"adversary-{worth:g}", worth, divided.material, options, parts, report): worth
            for worth in self.divergences
        }
        setting = Setting([*models, *adversaries], _asked(divided, TEST), self.seed, parts, report, self.resamples)
        compared = list(adversary_rows(base, adversaries | dict.fromkeys(models[1:]), setting))
        table_of_adversaries = table_of(compared, ADVERSARIES)
        validated = replace(setting, asked=_asked(divided, VALIDATION))
        chosen = farthest(list(adversary_rows(base, adversaries, validated)), adversaries)
        runs = list(self._runs(trainings, chosen, models))
        accuracies = table_of(list(means(runs)), ACCURACY_ROWS)
        seeds = Seeds().run(replace(setting, models=models))
        return Result(
            experiment="attention-trainings",
            tables={
                "attention-trainings": accuracies,
                "trainings": table_of(runs, RUN_ROWS),
                "adversaries": table_of_adversaries,
                **seeds.tables,
            },
            figures={
                "attention-trainings": draw(accuracies),
                "adversaries": draw_adversaries(table_of_adversaries),
                **seeds.figures,
            },
            findings=(
                *adversary_findings(compared),
                *findings(accuracies, runs, compared, chosen.name),
                *seeds.findings,
            ),
            settings=asdict(self)
            | {
                "split": {"how": divided.in_words, "digest": digest_of_material(divided.material)},
                "classes": list(classes),
                "models": {model.name: digest_of_model(model.model) for model in setting.models},
                "guiding_adversary": chosen.name,
            },
        )

    def _runs(
        self, trainings: Trainings, adversary: NamedModel, models: Sequence[NamedModel]
    ) -> Iterator[dict[str, Any]]:
        """Rows of `RUN_ROWS`: the BiLSTMs, and the MLPs that are guided."""
        for seed, model in enumerate(models, start=1):
            yield self._run("bilstm-attention", "I", seed, model, trainings)
        for seed in range(1, self.retrained + 1):
            model = trainings.model(ARMS["bilstm-uniform"], seed)
            yield self._run("bilstm-uniform", "I", seed, model, trainings)
        for arm in GUIDED:
            for seed in range(1, self.mlp_trainings + 1):
                if arm == ADVERSARIAL:
                    model = trainings.model(ARMS["mlp-pre-set"], seed, adversary, ADVERSARIAL)
                else:
                    # All that take over from a BiLSTM take over from the one that the adversary answers like.
                    model = trainings.model(ARMS[arm], seed, models[0])
                yield self._run(arm, "II", seed, model, trainings)

    def _run(self, arm: str, table: str, seed: int, model: NamedModel, trainings: Trainings) -> dict[str, Any]:
        asking = Asking(CORRECT, "learned" if model.attends else None)
        figures = measured(model, trainings.divided.material, asking, self.seed, trainings.parts, trainings.report)
        return row_of(trainings.divided, table, arm, asking, seed, figures)


def _asked(divided: Divided, side: int) -> Asked:
    dataset = divided.material.dataset.chosen(divided.material.rows(side))
    return Asked(dataset, list(dataset.sequences))


def farthest(rows: Sequence[Mapping[str, Any]], adversaries: Mapping[NamedModel, float]) -> NamedModel:
    """The adversary with the farthest attention of those that answer alike; of none the one that answers most alike.

    One for which divergence is worth nothing is the control, and taken only where there is no other.

    Parameters
    ----------
    rows : sequence of dict
        Rows of `ADVERSARIES`, of proteins that nothing is reported of.
    adversaries : mapping of NamedModel to float
        What divergence is worth to each.
    """
    of_name = {row["other"]: row for row in rows}
    asked = [each for each, worth in adversaries.items() if worth] or list(adversaries)
    alike = [each for each in asked if of_name[each.name]["total_variation"] <= ALIKE]
    if alike:
        return max(alike, key=lambda each: of_name[each.name]["divergence"])
    return min(asked, key=lambda each: of_name[each.name]["total_variation"])


def findings(
    table: pa.Table, runs: Sequence[Mapping[str, Any]], compared: Sequence[Mapping[str, Any]], guide: str
) -> Iterator[str]:
    """What the tables say of networks retrained without attention, and of MLPs guided by an adversary.

    Parameters
    ----------
    table : pyarrow.Table
        Of `ACCURACY_ROWS`.
    runs, compared : sequences of dict
        Rows of `RUN_ROWS` and of `ADVERSARIES`.
    guide : str
        The adversary.
    """
    rows = {row["arm"]: row for row in table.to_pylist()}
    if set(RETRAINED) <= set(rows):
        with_it, without = (_accuracy(rows[name]) for name in RETRAINED)
        yield f"the BiLSTM has an accuracy of {with_it} with attention, and of {without} retrained with uniform weights"
    said = "; ".join(f"{in_words} {_accuracy(rows[arm])}" for arm, in_words in GUIDED.items() if arm in rows)
    yield f"accuracy of the MLP by its weights: {said}"
    own, theirs = ([run["accuracy"] for run in runs if run["arm"] == arm] for arm in ("mlp-pre-set", ADVERSARIAL))
    adversary = next(row for row in compared if row["other"] == guide)
    seeds = float(np.mean([row["divergence"] for row in compared if row["divergence_worth"] is None]))
    about = (
        f"{guide}, attention {adversary['divergence']:.3f} nats away and answers "
        f"{adversary['total_variation']:.3f} of total variation"
    )
    if adversary["total_variation"] > ALIKE:
        yield f"no adversary answers alike ({ALIKE:g} of total variation at most): its guidance says nothing ({about})"
    elif adversary["divergence"] <= seeds:
        yield (
            f"no adversary that answers alike has attention farther away than other seeds do ({seeds:.3f} nats): its "
            f"guidance says nothing ({about})"
        )
    elif min(len(own), len(theirs)) > 1:
        yield f"{guidance(own, theirs)} ({about})"


def guidance(own: Sequence[float], theirs: Sequence[float]) -> str:
    """What accuracies of MLPs say of two networks that guide them: the BiLSTM, and an adversary that answers alike."""
    difference = float(np.mean(own) - np.mean(theirs))
    low, high = welch_interval(own, theirs)
    said = f"guided by the BiLSTM's weights less by the adversary's: {difference:+.3f} of accuracy"
    if not np.isfinite([low, high]).all():
        return f"{said}; trainings are too few or too much alike for an interval"
    said += f" ({low:+.3f} to {high:+.3f}, Welch, {len(own)} and {len(theirs)} trainings)"
    if low > -MARGIN and high < MARGIN:
        return f"{said}: within {MARGIN:g}, so this BiLSTM's attention is one of several ways to its answers"
    if low > 0:
        return f"{said}: this BiLSTM's attention says more of the proteins than its answers need"
    if high < 0:
        return f"{said}: the adversary's attention says more of the proteins than that of the BiLSTM it answers like"
    return f"{said}: not told apart"


def draw(table: pa.Table) -> Figure:
    """Accuracy by arm with its interval over trainings."""
    rows = table.to_pylist()
    figure = new_figure(7, 1.2 + 0.4 * len(rows))
    axes = figure.subplots()
    named_rows(axes, [f"MLP, {GUIDED[row['arm']]}" if row["arm"] in GUIDED else row["arm"] for row in rows])
    values = [dot_of(row, "accuracy") for row in rows]
    dots(axes, range(len(rows)), values, "accuracy", 0)
    axes.set(xlabel="accuracy on the test proteins, mean over trainings", xlim=(0, None))
    return figure


def _accuracy(row: dict[str, Any]) -> str:
    text = f"{row['accuracy']:.3f}"
    if row["accuracy_low"] is not None:
        text += f" ({row['accuracy_low']:.3f} to {row['accuracy_high']:.3f})"
    return text
