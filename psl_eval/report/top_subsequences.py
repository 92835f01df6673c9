"""What explanations pick out for each class, and whether proteins that hold it live there more often than others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pyarrow as pa
import scipy.stats

from psl_eval.inputs.labels import masks_of_labels
from psl_eval.report.rates import Rates
from psl_eval.scoring.annotation import class_shares
from psl_eval.statistics.means import adjusted
from psl_eval.statistics.rows import table_of

if TYPE_CHECKING:
    from psl_index.index import Index

TOP: Final = pa.schema(
    [
        pa.field("hit_rates", pa.string(), nullable=False),  # name of the folder of hit rates
        pa.field("class", pa.string(), nullable=False),  # several joined by `;`
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("proteins", pa.int64(), nullable=False),  # it was picked out in, of this class
        pa.field("entries", pa.int64(), nullable=False),  # that count and hold it, for the first of the proteins
        pa.field("matching", pa.int64()),  # those of them with (one of) the class(es)
        pa.field("hit_rate", pa.float64()),  # mean over its proteins
        pa.field("expected", pa.float64()),  # share of all entries that count with (one of) the class(es)
        pa.field("lift", pa.float64()),  # matching / entries / expected
        pa.field("p_value", pa.float64()),  # hypergeometric, that so many or more match; entries as independent
        pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over the rows of one folder
    ]
)


def top_table(rates: Iterable[Rates], index: Index | None) -> pa.Table:
    """A row for each subsequence and class of each folder of hit rates, as `TOP`, the lowest p-value first.

    What is expected is known of hit rates of this index only, and not where training proteins are left out, which may
    be most of a class.
    """
    rows = [row for each in rates for row in _rows(each, index)]
    return table_of(sorted(rows, key=_order), TOP)


def _order(row: Mapping[str, Any]) -> tuple[bool, float, int, str]:
    return row["p_value"] is None, row["p_value"] or 0.0, -row["proteins"], row["subsequence"]


def _rows(rates: Rates, index: Index | None) -> list[dict[str, Any]]:
    grouped: dict[tuple[str, str], list[Any]] = {}
    for scored in rates.scored:
        if scored["class"] is not None:
            grouped.setdefault((scored["class"], scored["subsequence"]), []).append(scored)
    rows = [_row(rates.name, *key, scored) for key, scored in grouped.items()]
    if index is not None and rates.is_of(index) and rates.choices.exclude != "train":
        _add_chances(rows, rates, index)
    return rows


def _row(name: str, psl_class: str, subsequence: str, scored: Sequence[Any]) -> dict[str, Any]:
    known = [row["hit_rate"] for row in scored if row["hit_rate"] is not None]
    return {
        "hit_rates": name,
        "class": psl_class,
        "subsequence": subsequence,
        "proteins": len({row["query"] for row in scored}),
        "entries": scored[0]["entries"],
        "matching": scored[0]["matching"],
        "hit_rate": float(np.mean(known)) if known else None,
        **dict.fromkeys(("expected", "lift", "p_value", "q_value")),
    }


def _add_chances(rows: list[dict[str, Any]], rates: Rates, index: Index) -> None:
    """Put what is expected, lift and p-values into rows that have entries."""
    shares = np.sum(list(index.over_shards(class_shares, rates.choices.annotation)), axis=0)
    labels = np.arange(len(shares))
    total = int(shares.sum())
    masks = masks_of_labels(pa.array([row["class"] for row in rows], pa.string()))
    scored = [
        (row, int(mask))
        for row, mask in zip(rows, masks, strict=True)
        if row["entries"] and row["matching"] is not None
    ]
    if not scored:
        return
    for row, mask in scored:
        of_class = int(shares[(labels & mask) != 0].sum())
        row["expected"] = of_class / total
        row["lift"] = row["matching"] / row["entries"] / row["expected"] if of_class else None
        row["p_value"] = float(scipy.stats.hypergeom.sf(row["matching"] - 1, total, of_class, row["entries"]))
    for (row, _), q_value in zip(scored, adjusted([row["p_value"] for row, _ in scored]), strict=True):
        row["q_value"] = float(q_value)
