"""What a run of hit rates gives: its tables column by column. Their names never change meaning."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import pyarrow as pa

from psl_eval.results.notebook import table_html

SUMMARY: Final = pa.schema(
    [
        pa.field("definition", pa.string(), nullable=False),
        pa.field("exclusion", pa.string(), nullable=False),
        pa.field("against", pa.string(), nullable=False),  # predicted, true, or with `all` a class
        pa.field("subset", pa.string(), nullable=False),  # all, or the proteins predicted correct or wrong
        pa.field("proteins", pa.int64(), nullable=False),
        pa.field("proteins_scored", pa.int64(), nullable=False),  # with a scored subsequence
        pa.field("subsequences", pa.int64(), nullable=False),
        pa.field("subsequences_scored", pa.int64(), nullable=False),  # with an entry that counts
        pa.field("hit_rate", pa.float64()),  # mean over scored proteins
        pa.field("hit_rate_subsequences", pa.float64()),  # mean over scored subsequences
        pa.field("low", pa.float64()),  # 95 % bootstrap interval of hit_rate over proteins, or over their clusters
        pa.field("high", pa.float64()),
        pa.field("hit_rate_jaccard", pa.float64()),  # hit_rate with the Jaccard index of classes; not for `released`
        pa.field("prior", pa.float64()),  # share of the entries that count that match, mean over scored proteins
        pa.field("null", pa.string()),  # the null model that the rest of the row is about
        pa.field("draws", pa.int64()),
        pa.field("null_hit_rate", pa.float64()),  # mean over the draws
        pa.field("null_low", pa.float64()),  # 2.5th and 97.5th percentile of the draws; not of `other-class`
        pa.field("null_high", pa.float64()),
        pa.field("null_proteins_scored", pa.float64()),  # mean over the draws
        pa.field("lift", pa.float64()),  # hit_rate / null_hit_rate, of the proteins that can be drawn for
        pa.field("p_value", pa.float64()),  # (1 + draws that reach hit_rate) / (1 + scored draws); not of `other-class`
        pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over the rows of the same exclusion and null model
        pa.field("percentile", pa.float64()),  # `window`: of subsequences among all windows, mean over scored proteins
        pa.field("attainable", pa.float64()),  # `window`: hit_rate if each subsequence were its protein's best window
    ]
)

PROTEINS: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("class", pa.string()),  # several joined by `;`; null without a label
        pa.field("against", pa.string(), nullable=False),
        pa.field("subsequences", pa.int64(), nullable=False),
        pa.field("scored", pa.int64(), nullable=False),
        pa.field("hit_rate", pa.float64()),  # mean over scored subsequences
        pa.field("hit_rate_jaccard", pa.float64()),
        pa.field("correct", pa.bool_()),  # whether the prediction is; null where that is not known
        pa.field("cluster", pa.int64()),  # its number in the file of clusters; null in none
        pa.field("null_hit_rate", pa.float64()),  # of random windows of the protein (null model `window`)
        pa.field("p_value", pa.float64()),  # (1 + draws that reach hit_rate) / (1 + draws that are scored)
        pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over the proteins of one label
    ]
)

SCORED: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("start", pa.uint32()),  # 1-based; null for a motif
        pa.field("end", pa.uint32()),  # 1-based, inclusive
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("class", pa.string()),  # several joined by `;`; null without a label
        pa.field("against", pa.string(), nullable=False),
        pa.field("entries", pa.int64(), nullable=False),  # that count and hold it, after the exclusion
        pa.field("matching", pa.int64()),  # those of them with (one of) the class(es)
        pa.field("hit_rate", pa.float64()),
        pa.field("hit_rate_jaccard", pa.float64()),
    ]
)

WINDOWS: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("start", pa.uint32(), nullable=False),  # of the subsequence, 1-based
        pa.field("end", pa.uint32(), nullable=False),  # 1-based, inclusive
        pa.field("against", pa.string(), nullable=False),
        pa.field("windows", pa.int64(), nullable=False),  # of its length in its protein, itself among them
        pa.field("windows_scored", pa.int64(), nullable=False),  # those of them with a hit rate
        pa.field("hit_rate", pa.float64()),  # its own
        pa.field("mean", pa.float64()),  # of the scored windows
        pa.field("attainable", pa.float64()),  # the highest of them
        pa.field("percentile", pa.float64()),  # share of the scored windows below its own, ties half; 0 to 100
    ]
)

ATTRIBUTIONS: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("sequence", pa.string(), nullable=False),  # as the model has read it, after any truncation
        pa.field("method", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),  # the class that the scores speak for
        pa.field("predicted", pa.string(), nullable=False),  # several classes joined by `;`
        pa.field("true", pa.string()),  # likewise; null without labels
        pa.field("scores", pa.list_(pa.float32()), nullable=False),  # one a residue, finite
        pa.field("completeness_gap", pa.float32()),  # null where the method has none
        pa.field("settings", pa.string(), nullable=False),  # JSON
    ]
)

ATTRIBUTED: Final = pa.schema(
    [
        pa.field("query", pa.string(), nullable=False),
        pa.field("start", pa.uint32(), nullable=False),  # 1-based
        pa.field("end", pa.uint32(), nullable=False),  # 1-based, inclusive
        pa.field("subsequence", pa.string(), nullable=False),
        pa.field("predicted", pa.string(), nullable=False),  # several classes joined by `;`
        pa.field("true", pa.string()),  # likewise; null without labels
        pa.field("correct", pa.bool_()),  # whether the two are the same classes; null without labels
        pa.field("score", pa.float32(), nullable=False),  # mean over its residues
    ]
)

#: Tables of results, in the order in which they are made: subsequences first, as they are scored.
TABLES: Final = ("subsequences", "windows", "proteins", "strata", "confidence", "calibration", "summary")

#: What is shown first of a summary.
IN_SHORT: Final = (
    "exclusion",
    "proteins",
    "proteins_scored",
    "hit_rate",
    "low",
    "high",
    "null_hit_rate",
    "lift",
    "p_value",
)

KIND: Final = "pslidx hit rates"
KIND_VERSION: Final = 2


class Results(Protocol):
    """What can be written to a folder: tables one after the other, then how they came about."""

    def tables(self) -> Iterable[tuple[str, pa.Schema, Iterable[pa.RecordBatch]]]:
        """Name, schema and batches of each table; the batches are to be taken before the next table."""

    @property
    def manifest(self) -> dict[str, Any]:
        """Choices, inputs, index and counts, once all tables are taken; holds what JSON can."""


@dataclass(frozen=True)
class HitRates:
    """Hit rates as tables, and how they came about.

    Attributes
    ----------
    summary : pyarrow.Table
        Columns of `SUMMARY`: for each label, subset of proteins, exclusion (the chosen, ``none``) and null model a row.
    proteins : pyarrow.Table
        Columns of `PROTEINS`, in the order in which the proteins first appear.
    subsequences : pyarrow.Table
        Columns of `SCORED`, in input order.
    strata : pyarrow.Table
        Columns of `psl_eval.statistics.strata.STRATUM_ROWS`: rates by the length of subsequences.
    confidence, calibration : pyarrow.Table
        Columns of `psl_eval.statistics.confidence`: whether a high hit rate means a correct prediction. Without rows
        where no true class is known.
    windows : pyarrow.Table
        Columns of `WINDOWS`: subsequences among all windows of their protein. Without rows but for the null model
        ``window``.
    manifest : dict
        Choices, inputs, index and counts; holds what JSON can.
    """

    summary: pa.Table
    proteins: pa.Table
    subsequences: pa.Table
    strata: pa.Table
    confidence: pa.Table
    calibration: pa.Table
    windows: pa.Table
    manifest: dict[str, Any]

    def _repr_html_(self) -> str:
        made = self.manifest
        caption = f"Hit rates: definition {made['definition']}, exclusion {made['exclusion']}"
        return table_html(self.summary, caption, ("against", "subset", *IN_SHORT, "null"))

    def tables(self) -> Iterator[tuple[str, pa.Schema, Iterable[pa.RecordBatch]]]:
        """Name, schema and batches of each table."""
        for name in TABLES:
            table = getattr(self, name)
            yield name, table.schema, table.to_batches()
