"""Rows of numbers on how much insertions change a logit, held against what was expected of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.importance.importance import Floats, Importance
from psl_eval.statistics.means import adjusted

SIGNIFICANT: Final = 0.05

#: What `held_against` and `with_q_values` say.
EFFECT: Final = (
    pa.field("backgrounds", pa.int64(), nullable=False),  # with room for it
    pa.field("importance", pa.float64()),  # mean of f(x with it) - f(x), f a logit: of the means of proteins
    pa.field("low", pa.float64()),  # its 95 % bootstrap interval over proteins
    pa.field("high", pa.float64()),
    pa.field("effect_size", pa.float64()),  # importance over the standard deviation of the means of proteins
    pa.field("p_value", pa.float64()),  # of no importance, two-sided paired t; null where proteins do not scatter
    pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over a family of rows
)
DIFFERENCE: Final = (
    pa.field("expected", pa.float64()),  # importance of what it is held against
    pa.field("difference", pa.float64()),  # importance - expected, on backgrounds that have room for both
    pa.field("difference_low", pa.float64()),
    pa.field("difference_high", pa.float64()),
    pa.field("difference_p", pa.float64()),  # of no difference, two-sided paired t
    pa.field("difference_q", pa.float64()),  # Benjamini-Hochberg over the same rows
)

#: The table of `global-importance`; a family of tests are the rows of a model and a kind of background.
IMPORTANCE_ROWS: Final = pa.schema(
    [
        pa.field("model", pa.string(), nullable=False),
        pa.field("background", pa.string(), nullable=False),
        pa.field("class", pa.string(), nullable=False),  # whose logit it is about
        pa.field("pattern", pa.string(), nullable=False),
        pa.field("second", pa.string()),  # the pattern behind it, of spacing and order
        pa.field("position", pa.int64(), nullable=False),  # from 1; below 0 of its end, from the C-terminus; 0: middle
        pa.field("offset", pa.int64()),  # of `residue`: in the pattern from 1; of flanks, before (< 0) or behind it
        pa.field("residue", pa.string()),  # that is written there, of flanks and substitutions
        pa.field("copies", pa.int64()),
        pa.field("spacing", pa.int64()),  # residues between two patterns, or copies
        *EFFECT,
        pa.field("reference", pa.string(), nullable=False),  # what it is held against in the columns that follow
        *DIFFERENCE,
    ]
)


def held_against(importance: Importance, found: Floats, expected: Floats) -> dict[str, Any]:
    """Columns `EFFECT` and `DIFFERENCE`, but for q-values.

    Parameters
    ----------
    importance : Importance
    found, expected : float64 arrays of shape (backgrounds,)
        What an insertion changes a logit by, and what was expected; NaN where a background does not count.
    """
    both = ~np.isnan(found) & ~np.isnan(expected)
    effect, difference = importance.effect(found), importance.effect(found - expected)
    return {
        "backgrounds": effect.backgrounds,
        "importance": effect.mean,
        "low": effect.low,
        "high": effect.high,
        "effect_size": effect.size,
        "p_value": effect.p_value,
        "expected": importance.mean(np.where(both, expected, np.nan)),
        "difference": difference.mean,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "difference_p": difference.p_value,
    }


def with_q_values(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of one family of tests, with ``q_value`` and ``difference_q``."""
    of_effects, of_differences = (adjusted([row[name] for row in rows]) for name in ("p_value", "difference_p"))
    return [
        row | {"q_value": q_value, "difference_q": difference_q}
        for row, q_value, difference_q in zip(rows, of_effects.tolist(), of_differences.tolist(), strict=True)
    ]
