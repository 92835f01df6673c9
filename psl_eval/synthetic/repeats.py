"""Low-complexity stretches and tandem repeats in ancestors."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic._family_kernels import repeat

_LONGEST_UNIT: Final = 40


class _Run(NamedTuple):
    letter: str
    weight: float
    mean: float  # residues beyond the fourth


# Shares and lengths of runs follow the commonest 5-, 8- and 12-mers of DeepLoc 2.0.
_RUNS: Final = (
    *(_Run("Q", 10, 6.0), _Run("N", 4.5, 6.0), _Run("S", 12, 4.0), _Run("E", 10, 3.2), _Run("A", 10, 3.0)),
    *(_Run("P", 11, 2.8), _Run("G", 9, 3.0), _Run("D", 3.3, 3.4), _Run("T", 2.7, 3.2), _Run("H", 2.3, 3.4)),
    *(_Run("K", 2.5, 2.0), _Run("L", 4.4, 1.8)),
)


def lay_runs(
    rng: np.random.Generator,
    per_thousand: float,
    starts: npt.NDArray[np.int64],
    letters: npt.NDArray[np.uint8],
) -> None:
    """Write runs of one residue, of at least five, into ancestors: `per_thousand` to a thousand residues.

    Parameters
    ----------
    starts : int64[f + 1]
        Where each ancestor begins in `letters`.
    """
    count = int(rng.poisson(per_thousand * letters.size / 1000))
    weights = np.array([run.weight for run in _RUNS])
    chosen = rng.choice(len(_RUNS), count, p=weights / weights.sum())
    begins = rng.integers(0, letters.size, count)
    letters[begins] = np.frombuffer("".join(run.letter for run in _RUNS).encode(), np.uint8)[chosen]
    lengths = 4 + rng.geometric(1 / np.array([run.mean for run in _RUNS])[chosen])
    _repeat(rng, starts, letters, begins, lengths, np.ones(count, np.int64), np.full(count, 0.985))


def lay_tandem_repeats(
    rng: np.random.Generator,
    per_thousand: float,
    starts: npt.NDArray[np.int64],
    letters: npt.NDArray[np.uint8],
) -> None:
    """Repeat units of 2 to 40 residues of ancestors a few times, with 5 to 40 % of residues left as they are.

    Parameters as of `lay_runs`.
    """
    count = int(rng.poisson(per_thousand * letters.size / 1000))
    periods = np.exp(rng.uniform(np.log(2), np.log(_LONGEST_UNIT), count)).astype(np.int64)
    lengths = periods * (2 + rng.geometric(0.4, count))
    begins = rng.integers(0, letters.size, count)
    _repeat(rng, starts, letters, begins, lengths, periods, rng.uniform(0.6, 0.95, count))


def _repeat(
    rng: np.random.Generator,
    starts: npt.NDArray[np.int64],
    letters: npt.NDArray[np.uint8],
    begins: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int64],
    periods: npt.NDArray[np.int64],
    purities: npt.NDArray[np.float64],
) -> None:
    ends = starts[np.searchsorted(starts, begins, side="right")]
    draws = rng.integers(0, 1 << 16, letters.size, np.uint16)
    repeat(
        begins,
        np.minimum(begins + lengths, ends),
        periods,
        np.asarray(purities * 65535, np.uint16),
        draws,
        letters,
    )
