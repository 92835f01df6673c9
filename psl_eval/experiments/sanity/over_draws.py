"""Means over draws of random weights: what holds of any network that has learned nothing, not of one."""

from __future__ import annotations

import numpy as np

from psl_eval.experiments.estimates import FEWEST_DRAWS
from psl_eval.statistics.means import student_interval, student_p
from psl_eval.statistics.resampling import Floats


def over_draws(name: str, values: Floats) -> dict[str, float]:
    """The mean over draws, its interval and the p-value that it is 0, by Student's t.

    All proteins of a draw share its network, so that they are no independent evidence on other networks: a draw counts
    once, with its mean over proteins. Columns of `psl_eval.experiments.estimates.tested_fields`, but for the corrected
    p-value.

    Parameters
    ----------
    name : str
        That the columns begin with.
    values : float64 array of shape (draws, proteins)
        NaN are left out, and so is a draw without any other.
    """
    known = values[~np.isnan(values).all(axis=1)]
    means = np.nanmean(known, axis=1)
    tested = means if len(means) >= FEWEST_DRAWS else means[:0]
    found = (float(means.mean()) if len(means) else np.nan, *student_interval(tested), student_p(tested))
    return dict(zip((name, f"{name}_low", f"{name}_high", f"{name}_p"), found, strict=True))
