"""Exclusions: which entries of the index do not count for which query protein."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_eval.exclusion.clusters import Clusters, sequence_identifier
from psl_eval.exclusion.training_sets import TrainingSet
from psl_eval.queries.identities import (
    accessions_of_entries,
    copies_of_entries,
    entries_with_accessions,
    entries_with_sequences,
    have_accessions,
)
from psl_eval.queries.runs import places_in
from psl_index.errors import UsageError

if TYPE_CHECKING:
    from psl_eval.queries.proteins import Queries
    from psl_index.index import Index

Pairs = npt.NDArray[np.int64]

#: From `none` to `cluster` each leaves out all that the one before does; `train` all that `self` does.
EXCLUSIONS: Final = ("none", "self", "identical", "cluster", "train")


@dataclass(frozen=True)
class Excluded:
    """Entries left out for each of n queries.

    Attributes
    ----------
    offsets : int64 array of shape (n + 1,)
        Those of query ``i`` are ``entries[offsets[i]:offsets[i + 1]]``.
    entries : int64 array
        Numbers in the whole index, ascending within a query.
    found_by : mapping of str to int
        How many queries found theirs by what, for the manifest; the numbers of several batches can be added up.
        Their own entries: accession, sequence, not_in_index. Their clusters, with `cluster`: cluster_by_accession,
        cluster_by_sequence, cluster_by_entry, in_no_cluster.
    """

    offsets: npt.NDArray[np.int64]
    entries: npt.NDArray[np.int64]
    found_by: Mapping[str, int]


@dataclass(frozen=True)
class Exclusion:
    """One exclusion for a whole run, asked about the queries batch by batch; made by `exclusion`.

    Attributes
    ----------
    name : str
        One of `EXCLUSIONS`.
    everywhere : int64 array
        Entries left out for every query, ascending: with `train` those of the training set, else none.
    trained, trained_found : int
        Proteins of the training set, and those of them that are in the index; 0 without one.
    """

    name: str
    index: Index
    clusters: Clusters | None
    everywhere: npt.NDArray[np.int64]
    trained: int = 0
    trained_found: int = 0

    def of(self, queries: Queries) -> Excluded:
        """What is left out for each of n queries, besides what is left out everywhere.

        ``none``: nothing. ``self`` and ``train``: the entry with the query's accession, primary or secondary; if there
        is none, all with its sequence. ``identical``: these, and all with its sequence, which is that of its own entry
        where it is not given. ``cluster``: these, and the entries in the cluster of its accession; if that is in none,
        of its sequence as `pslidx cluster` names it, or else in those of any accession of the entries before.

        Raises
        ------
        UsageError
            A query has neither an accession nor a sequence, or its sequence is needed and cannot be found. Or no entry
            of the index is in the file of clusters.
        """
        if self.name == "none":
            return _by_query(len(queries), self.index, [_NO_PAIRS], {})
        by_accession, by_sequence = self._own(queries)
        named, equal = len(np.unique(by_accession[:, 0])), len(np.unique(by_sequence[:, 0]))
        found_by = {"accession": named, "sequence": equal, "not_in_index": len(queries) - named - equal}
        left_out = [by_accession, by_sequence]
        if self.name in ("identical", "cluster"):
            self._refuse_unknown_sequences(queries, by_accession)
            left_out.append(self._copies(queries, by_accession))
        if self.name == "cluster":
            clusters, how = self._clusters(queries, np.concatenate(left_out))
            relatives = self._entries_in(clusters)
            if not len(relatives):
                self._refuse_foreign_clusters()
            left_out.append(relatives)
            found_by |= how
        return _by_query(len(queries), self.index, left_out, found_by)

    def clusters_of(self, queries: Queries) -> npt.NDArray[np.int64]:
        """Number of the cluster of each of n queries, -1 where it is in none or there are none; int64 of shape (n,).

        The clusters that the exclusion ``cluster`` takes; of several, the first. They are asked for with any
        exclusion, where proteins are drawn cluster by cluster.

        Raises
        ------
        UsageError
            There are clusters, and a query has neither an accession nor a sequence.
        """
        cluster = np.full(len(queries), -1)
        if self.clusters is not None:
            own = np.concatenate(self._own(queries))
            pairs, _ = self._clusters(queries, np.concatenate([own, self._copies(queries, own)]))
            cluster[pairs[::-1, 0]] = pairs[::-1, 1]  # the first of each is written last
        return cluster

    def _own(self, queries: Queries) -> tuple[Pairs, Pairs]:
        """(query, entry) by accession, and of the queries without such an entry by sequence."""
        by_accession = entries_with_accessions(self.index, queries.identifiers)
        unknown = np.ones(len(queries), bool)
        unknown[by_accession[:, 0]] = False
        nameless = unknown & ~_have(queries.sequences) & ~have_accessions(queries.identifiers)
        self._refuse(queries, nameless, "have no accession and no sequence, by which it could find their own entries")
        return by_accession, entries_with_sequences(self.index, queries.sequences, np.flatnonzero(unknown))

    def _copies(self, queries: Queries, own: Pairs) -> Pairs:
        """(query, entry) of all entries with the query's sequence: the one given, or else that of its own entry."""
        given = _have(queries.sequences)
        like_given = entries_with_sequences(self.index, queries.sequences, np.flatnonzero(given))
        own = own[~given[own[:, 0]]]
        like_own = copies_of_entries(self.index, own[:, 1])
        return np.concatenate([like_given, np.stack([own[like_own[:, 0], 0], like_own[:, 1]], axis=1)])

    def _refuse_unknown_sequences(self, queries: Queries, by_accession: Pairs) -> None:
        unknown = ~_have(queries.sequences)
        unknown[by_accession[:, 0]] = False
        self._refuse(queries, unknown, "are not in the index and have no sequence, which it has to compare")

    def _refuse_foreign_clusters(self) -> None:
        assert self.clusters is not None
        members = self.clusters.members
        parts = (members[first : first + _MEMBERS].cast(pa.string()) for first in range(0, len(members), _MEMBERS))
        if not any(len(entries_with_accessions(self.index, part)) for part in parts):
            raise UsageError(
                "no entry of the index is in these clusters, so the exclusion 'cluster' would leave out no relative",
                file=self.clusters.file,
                remedy="give clusters of the entries' accessions; `pslidx cluster INDEX` makes them",
            )

    def _refuse(self, queries: Queries, bad: npt.NDArray[np.bool_], problem: str) -> None:
        count = int(np.count_nonzero(bad))
        if not count:
            return
        first = queries.names[int(np.argmax(bad))].as_py()
        asking = "the file of clusters" if self.name == "none" else f"the exclusion {self.name!r}"
        other = "leave out `--clusters`" if self.name == "none" else "choose `--exclude none`"
        raise UsageError(
            f"{asking}: {count} of {len(queries)} queries (the first: {first!r}) {problem}",
            remedy=f"give the proteins with `--proteins FILE`, or {other}",
        )

    def _clusters(self, queries: Queries, entries: Pairs) -> tuple[Pairs, dict[str, int]]:
        """(query, cluster), for some queries several, the best first, and how many were found by what."""
        assert self.clusters is not None
        by_accession = self.clusters.find(queries.identifiers)
        without = np.flatnonzero(by_accession < 0)
        digests = [None if text is None else sequence_identifier(text) for text in _texts(queries.sequences, without)]
        by_sequence = np.full(len(queries), -1)
        by_sequence[without] = self.clusters.find(pa.array(digests, pa.string()))
        known = np.where(by_accession < 0, by_sequence, by_accession)
        direct = np.stack([np.arange(len(queries)), known], axis=1)[known >= 0]
        through = self._clusters_of_entries(entries[known[entries[:, 0]] < 0])
        how = {
            "cluster_by_accession": int(np.count_nonzero(by_accession >= 0)),
            "cluster_by_sequence": int(np.count_nonzero(by_sequence >= 0)),
            "cluster_by_entry": len(np.unique(through[:, 0])),
        }
        pairs = np.concatenate([direct, through])
        how["in_no_cluster"] = len(queries) - sum(how.values())
        return pairs, how

    def _clusters_of_entries(self, pairs: Pairs) -> Pairs:
        """(query, cluster) of (query, entry) by the entries' accessions, in the order of the entries."""
        assert self.clusters is not None
        pairs = np.unique(pairs, axis=0)
        place, accessions = accessions_of_entries(self.index, pairs[:, 1])
        cluster = self.clusters.find(accessions)
        here = cluster >= 0
        in_order = np.argsort(place[here], kind="stable")
        return np.stack([pairs[place[here], 0], cluster[here]], axis=1)[in_order]

    def _entries_in(self, clusters: Pairs) -> Pairs:
        """(query, entry) of the entries in the clusters of (query, cluster)."""
        assert self.clusters is not None
        asked, which = np.unique(clusters[:, 1], return_inverse=True)
        owner, members = self.clusters.members_of(asked)
        found = entries_with_accessions(self.index, members.cast(pa.string()))
        place = np.searchsorted(asked, owner[found[:, 0]])  # in `asked`
        by_cluster = np.argsort(place, kind="stable")
        entries = found[by_cluster, 1]
        query, taken = places_in(np.searchsorted(place[by_cluster], np.arange(len(asked) + 1)), which)
        return np.stack([clusters[query, 0], entries[taken]], axis=1)


def exclusion(
    name: str, index: Index, *, clusters: Clusters | None = None, training: TrainingSet | None = None
) -> Exclusion:
    """The exclusion of a run.

    Parameters
    ----------
    name : str
        One of `EXCLUSIONS`.
    index : psl_index.Index
    clusters : Clusters, optional
        For ``cluster``; with any other only `Exclusion.clusters_of` makes use of them.
    training : TrainingSet, optional
        For ``train``.

    Raises
    ------
    UsageError
        The name is unknown, what the exclusion needs is not given, there is a training set with any other than
        ``train``, or none of its proteins is in the index.
    """
    if name not in EXCLUSIONS:
        raise UsageError(f"unknown exclusion {name!r}", remedy=f"choose one of {', '.join(EXCLUSIONS)}")
    if name == "cluster" and clusters is None:
        raise UsageError(
            "the exclusion 'cluster' needs a file of clusters",
            remedy="give one with `--clusters FILE`; `pslidx cluster INDEX` makes it",
        )
    if name != "train":
        if training is not None:
            raise UsageError(f"--train goes with --exclude train, not with --exclude {name}", remedy="leave out one")
        return Exclusion(name, index, clusters, np.empty(0, np.int64))
    if training is None:
        raise UsageError(
            "the exclusion 'train' needs the proteins that the model has learned from",
            remedy="give them with `--train FILE`",
        )
    found, entries = training.find(index).T
    if not len(found):
        raise UsageError(
            f"none of its {len(training):,} proteins is in the index, so the exclusion 'train' would leave out nothing",
            file=training.file,
            remedy="give the accessions or the sequences that the entries have",
        )
    return Exclusion(name, index, clusters, np.unique(entries), len(training), len(np.unique(found)))


_MEMBERS: Final = 1 << 18  # identifiers looked for at a time
_NO_PAIRS: Final[Pairs] = np.empty((0, 2), np.int64)


def _by_query(n_queries: int, index: Index, pairs: list[Pairs], found_by: Mapping[str, int]) -> Excluded:
    """Order (query, entry) pairs by query, then entry, each once."""
    query, entry = np.concatenate(pairs).T
    query, entry = np.divmod(np.unique(query * index.n_entries + entry), max(index.n_entries, 1))
    return Excluded(np.searchsorted(query, np.arange(n_queries + 1)), entry, found_by)


def _have(strings: pa.Array) -> npt.NDArray[np.bool_]:
    """Which are not null; bool of shape (n,), one's own."""
    valid: npt.NDArray[np.bool_] = strings.is_valid().to_numpy(zero_copy_only=False).copy()
    return valid


def _texts(strings: pa.Array, places: npt.NDArray[np.int64]) -> list[str | None]:
    texts: list[str | None] = strings.take(pa.array(places)).to_pylist()
    return texts
