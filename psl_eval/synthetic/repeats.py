"""Low-complexity stretches and tandem repeats in ancestors."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic import _family_kernels as kernels

# Residues that single-residue runs are made of; the shares follow the commonest 8-mers of DeepLoc 2.0.
_RUN_LETTERS: Final = "QNSEAPGDTHKL"
_RUN_WEIGHTS: Final = (0.20, 0.13, 0.16, 0.14, 0.12, 0.08, 0.08, 0.03, 0.02, 0.02, 0.01, 0.01)
_RUN_SHARE: Final = 0.5  # of all stretches; the others repeat units of two or more residues
_RUN_MEAN: Final = 9.0  # residues
_LONGEST_UNIT: Final = 40


def lay_repeats(
    rng: np.random.Generator,
    per_thousand: float,
    starts: npt.NDArray[np.int64],
    letters: npt.NDArray[np.uint8],
) -> None:
    """Write repeats into ancestors, `per_thousand` stretches to a thousand residues.

    Half are runs of one residue, geometric in length and nearly pure; the others repeat a unit of 2 to 40
    residues of the ancestor a few times, with 5 to 40 % of residues left as they are.

    Parameters
    ----------
    starts : int64[f + 1]
        Where each ancestor begins in `letters`.
    """
    count = int(rng.poisson(per_thousand * letters.size / 1000))
    begins = rng.integers(0, letters.size, count)
    runs = rng.random(count) < _RUN_SHARE
    periods = np.where(runs, 1, np.exp(rng.uniform(np.log(2), np.log(_LONGEST_UNIT), count)).astype(np.int64))
    units = np.zeros(count, np.uint8)
    run_letters = np.frombuffer(_RUN_LETTERS.encode(), np.uint8)
    units[runs] = rng.choice(run_letters, int(runs.sum()), p=np.array(_RUN_WEIGHTS) / sum(_RUN_WEIGHTS))
    lengths = np.where(runs, 4 + rng.geometric(1 / _RUN_MEAN, count), periods * (2 + rng.geometric(0.4, count)))
    family_ends = starts[np.searchsorted(starts, begins, side="right")]
    purities = np.where(runs, 0.97, rng.uniform(0.6, 0.95, count))
    kernels.lay_repeats(
        begins,
        np.minimum(begins + lengths, family_ends),
        periods,
        units,
        np.asarray(purities * 65535, np.uint16),
        rng.integers(0, 1 << 16, letters.size, np.uint16),
        letters,
    )
