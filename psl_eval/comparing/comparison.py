"""Attribution methods side by side: their hit rates on the same proteins, at the same lengths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.comparing.comparability import check_comparable, common_labels, differences
from psl_eval.comparing.methods import Method
from psl_eval.results.notebook import table_html
from psl_eval.statistics.means import adjusted, paired_test, standardised_mean
from psl_eval.statistics.resampling import RESAMPLES
from psl_eval.statistics.rows import table_of
from psl_eval.statistics.strata import STRATA, stratum_means, stratum_of
from psl_index.errors import InputError, UsageError

COMPARISON: Final = pa.schema(
    [
        pa.field("against", pa.string(), nullable=False),  # the label scored against: predicted or true
        pa.field("subset", pa.string(), nullable=False),  # all, or the proteins predicted correct or wrong
        pa.field("lengths", pa.string(), nullable=False),  # all, one of `strata.STRATA`, or standardised
        pa.field("method", pa.string(), nullable=False),
        pa.field("reference", pa.string()),  # the method it is compared with; null in a method's own row
        pa.field("proteins", pa.int64(), nullable=False),  # of the subset; in a comparison those that both have
        pa.field("proteins_scored", pa.int64(), nullable=False),  # in a comparison by both: the pairs
        pa.field("coverage", pa.float64()),  # proteins_scored / proteins
        pa.field("subsequences", pa.int64()),  # of these lengths; null in a comparison
        pa.field("subsequences_scored", pa.int64()),
        pa.field("hit_rate", pa.float64()),  # of `method`: mean over its scored proteins, in a comparison the pairs
        pa.field("reference_hit_rate", pa.float64()),  # of `reference` on the pairs
        pa.field("difference", pa.float64()),  # hit_rate - reference_hit_rate
        pa.field("low", pa.float64()),  # bootstrap interval of hit_rate; in a comparison of the difference
        pa.field("high", pa.float64()),
        pa.field("p_value", pa.float64()),  # two-sided, of difference = 0
        pa.field("q_value", pa.float64()),  # Benjamini-Hochberg over all rows with a p-value
        pa.field("strata", pa.string()),  # of a standardised rate: those it rests on, joined by ";"
        pa.field("resamples", pa.int64(), nullable=False),
        pa.field("seed", pa.int64(), nullable=False),
    ]
)

STANDARDISED: Final = "standardised"


@dataclass(frozen=True)
class Comparison:
    """A table with the columns of `COMPARISON`, and what a reader of it must know, a line each."""

    table: pa.Table
    warnings: tuple[str, ...]

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{escape(line)}</p>" for line in self.warnings)
        return said + table_html(self.table, "Methods compared")


def compare(methods: Sequence[Method], *, seed: int = 1, resamples: int = RESAMPLES) -> Comparison:
    """Compare the second and each later method with the first, protein by protein.

    Parameters
    ----------
    methods : sequence of Method
        Two or more, of different names, scored alike.
    seed : int
    resamples : int
        Of intervals, and flips of signs of the paired test; two or more.

    Returns
    -------
    Comparison
        For each label that all were scored against and each subset of proteins: rates at all lengths, within each
        stratum of length, and standardised; first a row for each method, then one for each comparison. Correct
        predictions are not scored against the true class once more where they are against the predicted one: it is
        the same.

        A method's row is about its own correct or wrong predictions, a comparison about those of the reference, less
        the proteins that the two score against different classes. Clusters of proteins, where there are any (in a
        comparison those of the reference), are resampled and flipped as a whole.

    Raises
    ------
    UsageError
        The methods cannot be compared, see `psl_eval.comparing.comparability`; or there are fewer than two resamples.
    InputError
        A folder's tables do not fit together.

    Notes
    -----
    The standardised rate of a method is ``sum over strata s of w[s] * h[s]``: h[s] is the mean over proteins of their
    mean rate over scored subsequences of these lengths; w[s] is the share of s among the scored subsequences of all
    methods together. Strata count where every method scores two proteins or more. In a comparison both rates rest on
    the pairs within each stratum, and a stratum must hold two; the weights of the others are scaled to sum 1.
    """
    if resamples < 2:
        raise UsageError(f"an interval takes at least 2 resamples, found {resamples}")
    check_comparable(methods)
    labels = common_labels(methods)
    rows: list[dict[str, Any]] = []
    for label in labels:
        scored = [_scored(method, label) for method in methods]
        for subset in ("all", "correct", "wrong"):
            if subset == "correct" and label == "true" and "predicted" in labels:
                continue
            about = {"against": label, "subset": subset, "resamples": resamples, "seed": seed}
            rows += [about | row for row in _rows(scored, subset, seed, resamples)]
    for row, q_value in zip(rows, adjusted([row["p_value"] for row in rows]), strict=True):
        row["q_value"] = float(q_value)
    return Comparison(table_of(rows, COMPARISON), tuple(differences(methods)))


@dataclass(frozen=True)
class _Scored:
    """What a method scored against one label: m proteins, n subsequences."""

    name: str
    queries: pa.Array  # string (m,)
    classes: pa.Array  # string (m,)
    correct: npt.NDArray[np.int8]  # (m,), -1 where unknown
    clusters: npt.NDArray[np.int64]  # (m,), -1 in none
    rates: npt.NDArray[np.float64]  # (m, 1 + strata): at all lengths, then in each stratum; NaN where there is none
    protein: npt.NDArray[np.int64]  # (n,), number of each subsequence's protein
    stratum: npt.NDArray[np.int64]  # (n,)
    has_rate: npt.NDArray[np.bool_]  # (n,)

    def members(self, subset: str) -> npt.NDArray[np.bool_]:
        """The proteins that are its correct or wrong predictions, or all; of shape (m,)."""
        return self.correct >= -1 if subset == "all" else self.correct == (subset == "correct")

    def counts(self, members: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Subsequences in each stratum, and those of them that are scored; of shape (2, strata)."""
        here = members[self.protein]
        strata = (self.stratum[here], self.stratum[here & self.has_rate])
        return np.stack([np.bincount(each, minlength=len(STRATA)) for each in strata])


class _View(NamedTuple):
    """One way to look at the rates: columns of `_Scored.rates`, and their weights."""

    lengths: str
    columns: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]


def _scored(method: Method, label: str) -> _Scored:
    proteins, rows = (
        table.filter(pc.equal(table["against"], label)) for table in (method.proteins, method.subsequences)
    )
    queries = proteins["query"].combine_chunks()
    if len(queries.unique()) < len(queries):
        raise InputError(f"a query stands twice among the proteins against {label}", file=method.folder)
    places = pc.index_in(rows["query"], queries)
    if places.null_count:
        raise InputError(f"a subsequence against {label} is of no query among the proteins", file=method.folder)
    protein = places.to_numpy().astype(np.int64)
    lengths = pc.binary_length(rows["subsequence"]).to_numpy()
    of_subsequences = pc.fill_null(rows["hit_rate"], np.nan).to_numpy()
    of_proteins = pc.fill_null(proteins["hit_rate"], np.nan).to_numpy()
    return _Scored(
        method.name,
        queries,
        proteins["class"].combine_chunks(),
        pc.fill_null(proteins["correct"].cast(pa.int8()), -1).to_numpy(),
        pc.fill_null(proteins["cluster"], -1).to_numpy(),
        np.column_stack([of_proteins, stratum_means(lengths, protein, of_subsequences, len(queries))]),
        protein,
        stratum_of(lengths),
        ~np.isnan(of_subsequences),
    )


def _rows(scored: Sequence[_Scored], subset: str, seed: int, resamples: int) -> Iterator[dict[str, Any]]:
    """Rows of one label and subset; none where no method has a protein of it."""
    members = [side.members(subset) for side in scored]
    if not any(of.any() for of in members):
        return
    for view in _views(scored, members):
        for side, of_subset in zip(scored, members, strict=True):
            yield _method_row(view, side, of_subset, seed, resamples)
        for side in scored[1:]:
            yield _comparison_row(view, side, scored[0], members[0], seed, resamples)


def _views(scored: Sequence[_Scored], members: Sequence[npt.NDArray[np.bool_]]) -> Iterator[_View]:
    """All lengths, each stratum, and the strata standardised."""
    yield _View("all", np.array([0]), np.ones(1))
    for number, lengths in enumerate(STRATA, start=1):
        yield _View(lengths, np.array([number]), np.ones(1))
    sides = list(zip(scored, members, strict=True))
    everywhere = np.all([_held(side.rates[of_subset, 1:]) >= 2 for side, of_subset in sides], axis=0)
    pooled = np.sum([side.counts(of_subset)[1] for side, of_subset in sides], axis=0)
    yield _View(STANDARDISED, np.arange(1, 1 + len(STRATA)), np.where(everywhere, pooled, 0).astype(np.float64))


def _held(rates: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Proteins with a rate in each column."""
    return np.asarray((~np.isnan(rates)).sum(axis=0))


def _method_row(
    view: _View, side: _Scored, members: npt.NDArray[np.bool_], seed: int, resamples: int
) -> dict[str, Any]:
    rates = side.rates[np.ix_(members, view.columns)]
    clusters = side.clusters[members]
    mean, (low, high) = standardised_mean(rates, view.weights, clusters, seed=seed, resamples=resamples)
    used = view.weights > 0
    strata = slice(None) if view.lengths == "all" else view.columns[used] - 1
    subsequences, subsequences_scored = side.counts(members)[:, strata].sum(axis=1)
    proteins_scored = int((~np.isnan(rates[:, used])).any(axis=1).sum())
    return {
        "lengths": view.lengths,
        "method": side.name,
        "proteins": len(rates),
        "proteins_scored": proteins_scored,
        "coverage": _share(proteins_scored, len(rates)),
        "subsequences": int(subsequences),
        "subsequences_scored": int(subsequences_scored),
        "hit_rate": mean,
        "low": low,
        "high": high,
        "p_value": np.nan,
        "strata": _named(view, view.weights),
    }


def _comparison_row(
    view: _View, side: _Scored, reference: _Scored, members: npt.NDArray[np.bool_], seed: int, resamples: int
) -> dict[str, Any]:
    """The subset is that of the reference, less the proteins that the two score against different classes."""
    places = pc.index_in(reference.queries, side.queries)
    same = pc.equal(reference.classes, side.classes.take(places))
    shared = members & pc.fill_null(same, False).to_numpy(zero_copy_only=False)
    ours = side.rates[np.ix_(places.filter(pa.array(shared)).to_numpy(), view.columns)]
    theirs = reference.rates[np.ix_(shared, view.columns)]
    weights = np.where(_held(ours + theirs) >= 2, view.weights, 0.0) if view.lengths == STANDARDISED else view.weights
    clusters = reference.clusters[shared]
    test = paired_test(ours, theirs, clusters, weights=weights, seed=seed, resamples=resamples)
    return {
        "lengths": view.lengths,
        "method": side.name,
        "reference": reference.name,
        "proteins": len(ours),
        "proteins_scored": test.pairs,
        "coverage": _share(test.pairs, len(ours)),
        "hit_rate": test.mean_a,
        "reference_hit_rate": test.mean_b,
        "difference": test.difference,
        "low": test.low,
        "high": test.high,
        "p_value": test.p_value,
        "strata": _named(view, weights),
    }


def _named(view: _View, weights: npt.NDArray[np.float64]) -> str | None:
    if view.lengths != STANDARDISED:
        return None
    return ";".join(name for name, weight in zip(STRATA, weights, strict=True) if weight > 0)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
