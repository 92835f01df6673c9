"""Hit rates of subsequences: from files and an index to the tables of results."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from psl_eval.definitions import DEFINITIONS
from psl_eval.exclusions import EXCLUSIONS
from psl_eval.inputs import FileRecord
from psl_eval.proteins import Proteins, match_queries, read_proteins
from psl_eval.results import KIND, KIND_VERSION, HitRates
from psl_eval.subsequences import Subsequences, as_subsequences, read_subsequences
from psl_eval.tables import Scores, protein_table, subsequence_table, summary_table
from psl_eval.tally import class_bits, tally
from psl_index.errors import UsageError
from psl_index.questions import count_annotated

if TYPE_CHECKING:
    from psl_index.index import Index

AGAINST: Final[Mapping[str, tuple[str, ...]]] = {
    "predicted": ("predicted",),
    "true": ("true",),
    "both": ("predicted", "true"),
}


def hit_rate(
    index: Index,
    subsequences: str | os.PathLike[str] | Subsequences | Any,
    *,
    proteins: str | os.PathLike[str] | Proteins | None = None,
    definition: str = "paper",
    exclude: str = "self",
    against: str = "predicted",
    threads: int = 0,
) -> HitRates:
    """Score subsequences: of the proteins in the index that hold each, how many live where its protein does?

    Parameters
    ----------
    index : psl_index.Index
    subsequences : path, Subsequences, or anything that exports an Arrow table
        See `psl_eval.subsequences.read_subsequences` for the columns.
    proteins : path or Proteins, optional
        The proteins that the subsequences come from; each subsequence is checked to stand in its own.
    definition : {'paper', 'unweighted'}
    exclude : {'self', 'none'}
        Entries of the index that do not count. The summary has the rates without exclusion in any case.
    against : {'predicted', 'true', 'both'}
        The class of the protein that entries must share.
    threads : int
        0 for as many as the machine has; the result does not depend on it.

    Raises
    ------
    InputError
        A file is malformed, or a subsequence is not in its protein.
    UsageError
        An option is unknown, the exclusion needs proteins that are not given, or no true class is known.
    """
    _refuse_unknown("definition", definition, DEFINITIONS)
    _refuse_unknown("exclusion", exclude, EXCLUSIONS)
    _refuse_unknown("label to score against", against, AGAINST)
    rows = _as_subsequences(subsequences)
    known = proteins if proteins is None or isinstance(proteins, Proteins) else read_proteins(proteins)
    labels = AGAINST[against]
    if "true" in labels and rows.table["true"].null_count == len(rows.table):
        raise UsageError(
            "no subsequence has a true class to be scored against",
            file=rows.source.file,
            remedy="give a column 'true', or score against the predicted class",
        )
    queries = match_queries(rows, known)
    excluded = EXCLUSIONS[exclude](index, queries)
    targets = np.stack([class_bits(rows.table[label]) for label in labels], axis=1)
    counts = tally(
        index,
        rows.table["subsequence"],
        rows.table["start"].to_numpy().astype(np.int64),
        targets,
        queries.of_row,
        excluded,
        threads,
    )
    scores = Scores(rows.table, queries, labels, targets, counts)
    rates = scores.rates(DEFINITIONS[definition])
    return HitRates(
        summary=summary_table(scores, rates, definition, exclude),
        proteins=protein_table(scores, rates),
        subsequences=subsequence_table(scores, rates),
        manifest={
            "format": KIND,
            "format_version": KIND_VERSION,
            "tools": {"pslidx": version("pslidx")},
            "definition": definition,
            "exclusion": exclude,
            "against": against,
            "excluded": {
                "entries": len(np.unique(excluded.entries)),
                "queries_found_by": dict(excluded.found_by),
            },
            "subsequences": _file(rows.record) | {"rows": len(rows.table), "queries": len(queries)},
            "proteins": _file(known.record) | {"records": len(known.names)} if known else None,
            "index": _index(index),
        },
    )


def _refuse_unknown(what: str, choice: str, choices: Iterable[str]) -> None:
    if choice not in choices:
        raise UsageError(f"unknown {what} {choice!r}", remedy=f"choose one of {', '.join(choices)}")


def _as_subsequences(subsequences: str | os.PathLike[str] | Subsequences | Any) -> Subsequences:
    if isinstance(subsequences, Subsequences):
        return subsequences
    if isinstance(subsequences, str | os.PathLike):
        return read_subsequences(subsequences)
    return as_subsequences(subsequences)


def _file(record: FileRecord | None) -> dict[str, Any]:
    return {} if record is None else record._asdict()


def _index(index: Index) -> dict[str, Any]:
    manifest = index.manifest
    return {
        "digest": manifest.digest,
        "release": manifest.release,
        "sources": [source.name for source in manifest.sources],
        "entries": manifest.entries,
        "annotated_entries": sum(index.over_shards(count_annotated)),
    }
