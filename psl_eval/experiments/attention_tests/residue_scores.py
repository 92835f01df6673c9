"""Sizes of the scores that rankings and measures of importance give the residues of each protein."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.experiments.attention_tests.importance import HeldAttention, left_out
from psl_eval.experiments.attention_tests.protein_rows import Setting
from psl_eval.experiments.attention_tests.readouts import Floats, blocks
from psl_eval.experiments.explained_proteins import Explanation, attributions_of, digest_of_proteins
from psl_eval.experiments.models import NamedModel, digest_of_model, with_random_weights
from psl_eval.explanations.asked import Asked
from psl_index.progress import Progress, counting
from psl_models.attribution import attribute
from psl_models.model import Model

LEARNED: Final = "attention"
HELD: Final = "gradient, attention held"
LEFT_OUT: Final = "leave-one-out"
_AT_ONCE: Final = 16  # proteins of a part whose residues are left out: what a run that is killed loses at most


@dataclass(frozen=True, eq=False)
class ResidueScores:
    """Scores of the residues of proteins by one model, worked out once and kept.

    Attributes
    ----------
    model : NamedModel
    setting : Setting
    randomised : bool
        By a model of the same configuration that has learned nothing, for the classes that `model` predicts.
    """

    model: NamedModel
    setting: Setting
    randomised: bool = False

    def of(self, name: str, asked: Asked) -> list[Floats]:
        """Sizes of the scores, float64 of shape (length,) of each protein, for the class that the model predicts.

        `name` is `HELD`, `LEFT_OUT` (see `importance`), or one of `psl_models.attribution.METHODS`.
        """
        if name == LEFT_OUT:
            table = self._left_out(asked)
        elif name == HELD:
            table = self._held(asked)
        else:
            table = self._attributions(name, asked, self.randomised)
        return [np.abs(np.asarray(scores.values.to_numpy(), np.float64)) for scores in table["scores"]]

    def terms(self, asked: Asked) -> dict[str, Any]:
        """What decides the scores, as JSON holds it."""
        return {
            "model": digest_of_model(self.model.model),
            "proteins": digest_of_proteins(asked),
            "randomised": self.randomised,
            "seed": self.setting.seed,
        }

    def _attributions(self, method: str, asked: Asked, randomised: bool) -> pa.Table:
        explanation = Explanation(self.model, method, {}, randomised)
        return attributions_of(explanation, asked, self.setting.seed, self.setting.parts, self.setting.report)

    def _left_out(self, asked: Asked) -> pa.Table:
        """Total variations, a few proteins at a time."""
        name = f"{self.model.name}, weights randomised" if self.randomised else self.model.name
        tables = []
        for first, last in blocks(len(asked.sequences), _AT_ONCE):

            def compute(first: int = first, last: int = last) -> pa.Table:
                return _table(left_out(self._explained, asked.sequences[first:last]), pa.float64())

            terms = self.terms(asked) | {"first": first}
            tables.append(self.setting.parts.table(f"{self.model.name}-left-out", terms, compute))
            self.setting.report(Progress(f"{name}: {LEFT_OUT}", last, len(asked.sequences), "proteins"))
        return pa.concat_tables(tables)

    def _held(self, asked: Asked) -> pa.Table:
        predicted = self._attributions(LEARNED, asked, False)["target"].to_pylist()
        classes = self.model.model.configuration.classes
        targets = np.array([classes.index(each) for each in predicted])

        def compute() -> pa.Table:
            progress = counting(self.setting.report, f"{self.model.name}: {HELD}", len(asked.sequences))
            found = attribute(self._explained, asked.sequences, HELD, HeldAttention(), targets, progress=progress)
            in_order = sorted(itertools.chain.from_iterable(found), key=lambda each: each.protein)
            return _table([each.scores for each in in_order], pa.float32())

        return self.setting.parts.table(f"{self.model.name}-attention-held", self.terms(asked), compute)

    @property
    def _explained(self) -> Model:
        model = self.model.model
        return with_random_weights(model, self.setting.seed) if self.randomised else model


def _table(scores: Sequence[npt.NDArray[Any]], kind: pa.DataType) -> pa.Table:
    """A row for each protein."""
    return pa.table({"scores": pa.array(scores, pa.list_(kind))})
