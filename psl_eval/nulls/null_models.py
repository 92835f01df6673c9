"""The null models of a run by their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.nulls.drawn import Drawn, Observed
from psl_eval.nulls.label_null import permuted_labels
from psl_eval.nulls.window_nulls import (
    OfProteins,
    OwnWindows,
    RandomWindows,
    credited_windows,
    windows_of_others,
)
from psl_eval.nulls.windows import query_residues
from psl_eval.queries.proteins import Queries
from psl_eval.scoring.scorer import Scorer

#: label: labels permuted among the proteins of a stratum (`label_null`). window: windows of the same lengths in the
#: same proteins; other-class: at the same places of proteins of other classes (`window_nulls`).
NULLS: Final = ("label", "window", "other-class")


class Chance:
    """What null models make of the subsequences that were scored.

    Attributes
    ----------
    of_proteins : OfProteins or None
        What random windows get each protein, once `windows` is taken; None where they are not asked for one by one.
    of_windows : dict of str to float64 array of shape (m, k)
        ``percentile`` and ``attainable`` of each protein: means over its scored subsequences, then, too.
    """

    def __init__(
        self, scorer: Scorer, queries: Queries, observed: Observed, nulls: tuple[str, ...], draws: int, seed: int
    ) -> None:
        self.of_proteins: OfProteins | None = None
        self.of_windows: dict[str, npt.NDArray[np.float64]] = {}
        self._scorer = scorer
        self._observed = observed
        self._draws = draws
        self._seed = seed
        self._residues = query_residues(queries) if nulls and nulls != ("label",) else None
        self._windows: RandomWindows | None = None
        if "window" in nulls and not scorer.counting.definition.credited:
            assert self._residues is not None
            self._windows = RandomWindows(scorer, observed, self._residues, draws, seed)

    def windows(self, rates: npt.NDArray[np.float64]) -> Iterator[OwnWindows]:
        """Subsequences, whose rates after the exclusion are `rates` of shape (n, k), among all windows; block by block.

        Nothing where the null model ``window`` is not asked for, or entries are credited to a protein as a whole.
        """
        if self._windows is None:
            return
        m, k = self._observed.masks.shape
        sums, counts = np.zeros((2, m, k)), np.zeros((m, k))
        for own in self._windows.blocks(rates):
            query = self._observed.rows.query[own.rows]
            scored = ~np.isnan(own.percentile)
            np.add.at(counts, query, scored)
            for number, column in enumerate((own.percentile, own.attainable)):
                np.add.at(sums[number], query, np.where(scored, column, 0.0))
            yield own
        means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
        self.of_windows = dict(zip(("percentile", "attainable"), means, strict=True))
        self.of_proteins = self._windows.of_proteins()

    def drawn(self, name: str, report: Callable[[int, int], None]) -> Drawn:
        """Draws of one of `NULLS`, after `windows` has been taken; `report` is told how much is done of how much."""
        if name == "label":
            return permuted_labels(self._scorer, self._observed, self._draws, self._seed, report)
        if self._windows is not None and name == "window":
            return self._windows.drawn()
        assert self._residues is not None
        draw = credited_windows if name == "window" else windows_of_others
        return draw(self._scorer, self._observed, self._residues, self._draws, self._seed, report)
