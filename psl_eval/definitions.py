"""Definitions of the hit rate: each makes rates of what `psl_eval.tally` counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.tally import Tally

Definition = Callable[[Tally], npt.NDArray[np.float64]]


def paper(counts: Tally) -> npt.NDArray[np.float64]:
    r"""Hit rate of the study's paper, float64 of shape (n, 2, k) as in `Tally`; NaN where there is no entry.

    Notes
    -----
    .. math:: h(s) = \frac{1}{|E|} \sum_{e \in E} [c \in classes(e)] \, \beta(q_e, p)

    with beta = 1 where q = p, else 1 / abs(q - p): equations 4 and 5 of the study, whose sign is an
    oversight. E are the annotated entries that hold s, p is where s starts in its protein and q_e its nearest
    start in entry e.
    """
    return _share(counts.proximity, counts)


def unweighted(counts: Tally) -> npt.NDArray[np.float64]:
    """The same with beta = 1: the share of the entries that have the class."""
    return _share(counts.matching, counts)


DEFINITIONS: Final[Mapping[str, Definition]] = {"paper": paper, "unweighted": unweighted}


def _share(sums: npt.NDArray[np.float64] | npt.NDArray[np.int64], counts: Tally) -> npt.NDArray[np.float64]:
    entries = counts.entries[:, :, np.newaxis]
    shares = np.full(sums.shape, np.nan)
    np.divide(sums, entries, out=shares, where=entries > 0)
    return shares
