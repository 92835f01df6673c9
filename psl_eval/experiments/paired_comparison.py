"""Methods compared two at a time, so that who else takes part makes no difference."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from psl_eval.comparing.comparison import COMPARISON, STANDARDISED, compare
from psl_eval.comparing.methods import Method
from psl_eval.statistics.means import adjusted
from psl_eval.statistics.rows import table_of


def paired_comparison(pairs: Iterable[tuple[Method, Method]], *, seed: int, resamples: int) -> pa.Table:
    """Compare the second method of each pair with the first; columns of `COMPARISON`.

    A pair has the strata of length that both of it have. The rates of a method by itself are there once, and without
    those at standardised lengths, which depend on whom it is paired with. q-values are over all pairs.

    Raises
    ------
    UsageError, InputError
        As of `psl_eval.comparing.comparison.compare`.
    """
    rows: list[dict[str, Any]] = []
    shown: set[str] = set()
    for pair in pairs:
        for row in compare(pair, seed=seed, resamples=resamples).table.to_pylist():
            own = row["reference"] is None
            if not own or (row["lengths"] != STANDARDISED and row["method"] not in shown):
                rows.append(row)
        shown.update(method.name for method in pair)
    q_values = adjusted([np.nan if row["p_value"] is None else row["p_value"] for row in rows])
    return table_of([row | {"q_value": q} for row, q in zip(rows, q_values.tolist(), strict=True)], COMPARISON)
