"""How much a pattern changes what a model says, on average over backgrounds: its global importance.

``I(pattern) = mean over backgrounds x of f(x with the pattern) - f(x)``, where f is the logit of a class: the effect of
the pattern and of nothing else, for it alone differs between the two. Of several backgrounds that are made from one
protein the mean is taken first, so that each protein counts as much, in the mean as in its interval and its test.

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
    """A mean over proteins of differences between two logits of the same backgrounds; NaN where there are too few."""

    backgrounds: int
    mean: float
    low: float  # 95 % bootstrap interval over proteins
    high: float
    size: float  # the mean over the standard deviation of proteins
    p_value: float  # two-sided, Student's t; NaN where proteins do not scatter


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
        means = self._of_proteins(differences)
        low, high = mean_interval(means, seed=self._seed, resamples=self._resamples)
        deviation = _deviation(means)
        return Effect(
            int((~np.isnan(differences)).sum()), _mean(means), low, high, _mean(means) / deviation, _p_value(means)
        )

    def mean(self, differences: Floats) -> float:
        """Mean over proteins of differences, float64 of shape (backgrounds,); NaN where there is none."""
        return _mean(self._of_proteins(differences))

    def _of_proteins(self, differences: Floats) -> Floats:
        """The mean of each protein of which a background counts, (proteins,)."""
        known = ~np.isnan(differences)
        values = np.where(np.abs(differences[known]) < _ROUNDING, 0.0, differences[known])
        _, protein = np.unique(self.backgrounds.templates[known], return_inverse=True)
        return np.asarray(np.bincount(protein, values) / np.bincount(protein), np.float64)

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


def _mean(means: Floats) -> float:
    return float(means.mean()) if len(means) else np.nan


def _deviation(means: Floats) -> float:
    """Standard deviation of the means of proteins; NaN of fewer than two, and where they agree to rounding."""
    return float(means.std(ddof=1)) if len(means) > 1 and np.ptp(means) > _ROUNDING else np.nan


def _p_value(means: Floats) -> float:
    """Of a mean of 0 over proteins, by Student's t.

    NaN where proteins do not scatter: how far means of others would lie apart is then not known. An effect that is the
    same in all proteins cannot be tested, however large it is.
    """
    error = _deviation(means) / np.sqrt(max(len(means), 1))
    return float(2 * scipy.stats.t.sf(abs(_mean(means) / error), len(means) - 1))
