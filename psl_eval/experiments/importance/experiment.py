"""What patterns do to the answers of models, by place, neighbours, number, distance, order and single residues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.importance.backgrounds import BackgroundName
from psl_eval.experiments.importance.figures import draw
from psl_eval.experiments.importance.findings import findings
from psl_eval.experiments.importance.importance import Importance
from psl_eval.experiments.importance.patterns import Pattern
from psl_eval.experiments.importance.setting import LONGEST, backgrounds_of, chosen_classes, importance_by
from psl_eval.experiments.importance.tables import IMPORTANCE_ROWS, held_against, with_q_values
from psl_eval.experiments.importance.variations import COPIES, FLANK, GAP, POSITIONS, SPACINGS, Comparison, comparisons
from psl_eval.experiments.models import NamedModel, digest_of_model, with_random_weights
from psl_eval.experiments.parts import Parts
from psl_eval.experiments.result import Result
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.rows import table_of
from psl_index.errors import UsageError
from psl_index.progress import Progress


@dataclass(frozen=True)
class GlobalImportance:
    """Choices of the experiment.

    Attributes
    ----------
    vary : str
        One of `psl_eval.experiments.importance.variations.VARIATIONS`.
    backgrounds : tuple of BackgroundName
    number : int
        Of backgrounds of each kind; proteins themselves are as many as there are, at most.
    longest : int
        Residues of a background; longer proteins lose their middle.
    classes : tuple of str
        Whose logits; all, where none is named.
    positions, spacings : tuple of int
        See `psl_eval.experiments.importance.variations`; all but the variation ``position`` take the first position.
    copies, gap, flank : int
        Copies at most, residues between them, and residues on each side.
    random_weights : bool
        Also ask networks of the same make that have learned nothing: the floor.
    resamples : int
        Of intervals.
    seed : int
        Of all that is random.
    """

    vary: str = "position"
    backgrounds: tuple[BackgroundName, ...] = ("dipeptide",)
    number: int = 1000
    longest: int = LONGEST
    classes: tuple[str, ...] = ()
    positions: tuple[int, ...] = POSITIONS
    spacings: tuple[int, ...] = SPACINGS
    copies: int = COPIES
    gap: int = GAP
    flank: int = FLANK
    random_weights: bool = False
    resamples: int = 2000
    seed: int = 1

    def run(
        self,
        models: Sequence[NamedModel],
        asked: Asked,
        patterns: Sequence[Pattern],
        parts: Parts,
        report: Callable[[Progress], None],
    ) -> Result:
        """Write each pattern into backgrounds made of the proteins, and ask each model what that changes.

        Raises
        ------
        UsageError
            Two patterns have one name; a class is none of the models'; as `psl_eval.experiments.importance.variations`.
        OutputError
            A part cannot be written.
        """
        names = [pattern.name for pattern in patterns]
        for name in names:
            if names.count(name) > 1:
                raise UsageError(f"two patterns have the name {name!r}", remedy="name them: NAME=MOTIF")
        classes = chosen_classes(self.classes, models[0])
        compared = comparisons(self.vary, patterns, self.positions, self.spacings, self.copies, self.gap, self.flank)
        rows: list[dict[str, Any]] = []
        drawn: dict[str, Any] = {}
        for kind in dict.fromkeys(self.backgrounds):
            backgrounds = backgrounds_of(asked, kind, self.number, self.longest, self.seed)
            drawn[kind] = backgrounds.settings
            for model in self._asked_models(models):
                importance = importance_by(model, backgrounds, asked, parts, self.seed, self.resamples)
                of_model = []
                for done, comparison in enumerate(compared):
                    step = f"{model.name}, {kind}"
                    report(Progress(step, done, len(compared), "insertions"))
                    of_model += list(self._rows(importance, comparison, classes))
                report(Progress(f"{model.name}, {kind}", len(compared), len(compared), "insertions"))
                rows += with_q_values(of_model)
        table = table_of(rows, IMPORTANCE_ROWS)
        return Result(
            experiment="global-importance",
            tables={"global-importance": table},
            figures=draw(table, self.vary),
            findings=findings(table, {kind: each["proteins"] for kind, each in drawn.items()}),
            settings=asdict(self)
            | {
                "backgrounds_drawn": drawn,
                "models": {model.name: digest_of_model(model.model) for model in models},
                "proteins": {"number": len(asked.sequences), "digest": digest_of_proteins(asked)},
                "patterns": {pattern.name: pattern.digest for pattern in patterns},
            },
        )

    def _asked_models(self, models: Sequence[NamedModel]) -> Iterator[NamedModel]:
        for model in models:
            yield model
            if self.random_weights:
                yield NamedModel(f"{model.name}, weights randomised", with_random_weights(model.model, self.seed))

    def _rows(self, importance: Importance, comparison: Comparison, classes: Sequence[str]) -> Iterator[dict[str, Any]]:
        found = importance.of(comparison.insertion)
        expected = np.sum([importance.of(insertion) for insertion in comparison.expected], axis=0)
        order = importance.model.model.configuration.classes
        for name in classes:
            column = order.index(name)
            about = {"model": importance.model.name, "background": importance.backgrounds.kind, "class": name}
            about |= comparison.about | {"reference": comparison.reference}
            yield about | held_against(importance, found[:, column], expected[:, column])
