"""How much a pattern changes what a model says, on average over backgrounds: its global importance.

``I(pattern) = mean over backgrounds x of f(x with the pattern) - f(x)``, where f is the logit of a class: the effect of
the pattern and of nothing else, for it alone differs between the two.

References
----------
P. K. Koo, A. Majdandzic, M. Ploenzke, P. Anand, S. B. Paul, "Global importance analysis: an interpretability method to
quantify importance of genomic features in deep neural networks", PLoS Comput. Biol. 17 (2021), equation 2.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import scipy.stats

from psl_eval.experiments.importance.backgrounds import Backgrounds
from psl_eval.experiments.importance.insertion import Insertion, variants
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.parts import Parts
from psl_eval.statistics.means import mean_interval
from psl_models.prediction import answers

Floats = npt.NDArray[np.float64]

# Differences of logits that come of float32 alone: a thousand of them, all alike, would be significant.
_ROUNDING: Final = 1e-5
_KEPT: Final = 64  # insertions whose logits are in memory; all are in parts


class Effect(NamedTuple):
    """A mean of differences between two logits of the same backgrounds; NaN where there are too few."""

    backgrounds: int
    mean: float
    low: float  # 95 % bootstrap interval; backgrounds of one protein are drawn together
    high: float
    size: float  # the mean over the standard deviation
    p_value: float  # two-sided, Student's t of the means of proteins


class Importance:
    """Global importance by one model on one set of backgrounds; what was asked once is kept.

    Parameters
    ----------
    model : NamedModel
    backgrounds : Backgrounds
    counted : bool array of shape (backgrounds, classes)
        Which backgrounds count for which class.
    parts : Parts
    seed : int
        Of what is drawn for patterns, and of intervals.
    resamples : int
        Of intervals.

    Attributes
    ----------
    evaluations : int
        Answers that the model has given, without those that were there.
    """

    def __init__(
        self,
        model: NamedModel,
        backgrounds: Backgrounds,
        counted: npt.NDArray[np.bool_],
        parts: Parts,
        seed: int,
        resamples: int = 2000,
    ) -> None:
        self.model = model
        self.backgrounds = backgrounds
        self.evaluations = 0
        self._counted = counted
        self._parts = parts
        self._seed = seed
        self._resamples = resamples
        self._terms = {"model": digest_of_model(model.model), "backgrounds": backgrounds.digest, "seed": seed}
        self._logits = lru_cache(_KEPT)(self._read_logits)

    def of(self, insertion: Insertion) -> Floats:
        """``f(x with the insertion) - f(x)``, float64 of shape (backgrounds, classes).

        NaN where a background has no room for it, or does not count.
        """
        differences = self._logits(insertion) - self._logits(Insertion())
        return np.where(self._counted, differences, np.nan)

    def effect(self, differences: Floats) -> Effect:
        """Mean, interval and test of differences, float64 of shape (backgrounds,)."""
        known = ~np.isnan(differences)
        values, templates = differences[known], self.backgrounds.templates[known]
        values[np.abs(values) < _ROUNDING] = 0.0
        if len(values) < 2:
            return Effect(len(values), float(values.mean()) if len(values) else np.nan, *[np.nan] * 4)
        low, high = mean_interval(values, templates, seed=self._seed, resamples=self._resamples)
        deviation = float(values.std(ddof=1))
        size = float(values.mean()) / deviation if deviation else np.nan
        return Effect(len(values), float(values.mean()), low, high, size, _p_value(values, templates))

    def _read_logits(self, insertion: Insertion) -> Floats:
        """Of the backgrounds with an insertion, (backgrounds, classes); NaN where they have no room for it."""
        terms = self._terms | {"insertion": insertion.terms}
        table = self._parts.table(f"{self.model.name}-inserted", terms, lambda: self._answered(insertion))
        logits: Floats = np.full(self._counted.shape, np.nan)
        answered = table["logits"].combine_chunks().flatten().to_numpy()
        logits[table["background"].to_numpy()] = answered.reshape(-1, self._counted.shape[1])
        return logits

    def _answered(self, insertion: Insertion) -> pa.Table:
        numbers, tokens = variants(insertion, self.backgrounds.tokens, self._seed)
        model = self.model.model
        model.network.eval()
        logits = answers(tokens, model.answer, self._counted.shape[1], model.device).logits
        self.evaluations += len(tokens)
        flat = pa.array(logits.reshape(-1), pa.float32())
        return pa.table(
            {
                "background": pa.array(numbers, pa.int64()),
                "logits": pa.FixedSizeListArray.from_arrays(flat, self._counted.shape[1]),
            }
        )


def _p_value(values: Floats, templates: npt.NDArray[np.int64]) -> float:
    """Of a mean of 0, by Student's t; values of one template count as one, their mean."""
    _, template = np.unique(templates, return_inverse=True)
    means = np.bincount(template, values) / np.bincount(template)
    if len(means) < 2:
        return np.nan
    error = means.std(ddof=1) / np.sqrt(len(means))
    if not error:
        return 0.0 if means[0] else 1.0
    return float(2 * scipy.stats.t.sf(abs(means.mean() / error), len(means) - 1))
