"""Which subsequences matter to a model, are of its class in the index, and are found: both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from psl_eval.experiments.importance.subsequence_hits import Hits
from psl_eval.experiments.importance.tables import DIFFERENCE, EFFECT, SIGNIFICANT
from psl_eval.statistics.means import adjusted

#: The table of `discover`; a family of tests are the rows of a class.
DISCOVERED: Final = pa.schema(
    [
        pa.field("class", pa.string(), nullable=False),
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("proteins", pa.int64(), nullable=False),  # predicted to be of the class that it was extracted from
        pa.field("position", pa.int64(), nullable=False),  # where it was written: from 1, or below 0; 0 is the middle
        *EFFECT,  # on the logit of the class
        *DIFFERENCE,  # from its residues in random order
        pa.field("proteins_scored", pa.int64()),  # for which an entry of the index that counts holds it; null without
        pa.field("entries", pa.float64()),  # that count and hold it: as all that follow a mean over proteins_scored
        pa.field("matching", pa.float64()),  # those of them that are of the class
        pa.field("hit_rate", pa.float64()),  # null without an index, and where no entry that counts holds it
        pa.field("null_hit_rate", pa.float64()),  # of all windows of its length in the same proteins
        pa.field("hit_p", pa.float64()),  # see `psl_eval.experiments.importance.subsequence_hits.hits_of`
        pa.field("hit_q", pa.float64()),  # Benjamini-Hochberg over the subsequences
        pa.field("matters", pa.bool_(), nullable=False),  # raises the logit, q_value < 0.05
        pa.field("order_matters", pa.bool_(), nullable=False),  # and more than its residues do, difference_q < 0.05
        pa.field("above_null", pa.bool_()),  # hit_rate above null_hit_rate, hit_q < 0.05; null where there is none
        pa.field("found_q", pa.float64()),  # Benjamini-Hochberg over the larger of p_value and hit_p
        pa.field("found", pa.bool_(), nullable=False),  # matters and, with an index, above_null, found_q < 0.05
    ]
)


def judged(rows: Sequence[dict[str, Any]], hits: Sequence[Hits] | None) -> list[dict[str, Any]]:
    """Rows of a class with hit rates, if there are any, and verdicts; those that are found first, then by importance.

    That a subsequence is found says two things at once, so the larger of the p-values of the two is its p-value, and
    the share of false ones among all that are found is held at 5 % (Benjamini and Heller 2008, Biometrics 64, 1215).
    """
    p_values = np.array([row["p_value"] for row in rows], np.float64)
    hit_p = np.array([np.nan] * len(rows) if hits is None else [each.p_value for each in hits], np.float64)
    hit_q = adjusted(hit_p).tolist()
    found_q = adjusted(p_values if hits is None else np.maximum(p_values, hit_p)).tolist()
    verdicts = []
    for number, row in enumerate(rows):
        matters = bool(row["importance"] > 0 and row["q_value"] < SIGNIFICANT)
        order_matters = matters and row["difference"] > 0 and row["difference_q"] < SIGNIFICANT
        verdict = {"matters": matters, "order_matters": order_matters, "found_q": found_q[number]}
        found = matters and found_q[number] < SIGNIFICANT
        if hits is not None:
            above = _above(hits[number], hit_q[number])
            found = found and bool(above)
            verdict |= _columns(hits[number]) | {"hit_q": hit_q[number], "above_null": above}
        verdicts.append(row | verdict | {"found": found})
    return sorted(verdicts, key=lambda row: (not row["found"], -np.nan_to_num(row["importance"], nan=-np.inf)))


def _above(hits: Hits, q_value: float) -> bool | None:
    return None if np.isnan(q_value) else hits.hit_rate > hits.null_hit_rate and q_value < SIGNIFICANT


def _columns(hits: Hits) -> dict[str, float]:
    return {
        "proteins_scored": hits.proteins_scored,
        "entries": hits.entries,
        "matching": hits.matching,
        "hit_rate": hits.hit_rate,
        "null_hit_rate": hits.null_hit_rate,
        "hit_p": hits.p_value,
    }
