"""One scoring of many subsequences: from files and an index to the tables of results."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.choices import Choices
from psl_eval.exclusion.clusters import Clusters, read_clusters
from psl_eval.exclusion.exclusions import exclusion
from psl_eval.exclusion.left_out import left_out
from psl_eval.exclusion.training_sets import TrainingSet, read_training_set
from psl_eval.inputs.files import refuse_two_readers
from psl_eval.inputs.labels import masks_of_labels
from psl_eval.inputs.subsequences import open_subsequences
from psl_eval.nulls.drawn import Observed
from psl_eval.nulls.null_models import Chance
from psl_eval.queries.proteins import Proteins, QueryBook, read_proteins
from psl_eval.queries.rows import gather_rows, labels_against
from psl_eval.results.schemas import KIND, KIND_VERSION, PROTEINS, SCORED, SUMMARY, WINDOWS
from psl_eval.results.summary import Summary, sides
from psl_eval.results.tables import Tables
from psl_eval.scoring.annotation import class_shares
from psl_eval.scoring.definitions import DEFINITIONS
from psl_eval.scoring.hits import hit_batches
from psl_eval.scoring.scorer import ProteinSums, Scorer
from psl_eval.scoring.tally import Counting
from psl_index.errors import UsageError
from psl_index.file_records import FileRecord
from psl_index.progress import Progress
from psl_index.questions import count_annotated

if TYPE_CHECKING:
    from psl_index.index import Index


class Run:
    """One scoring of many subsequences: all is read and checked when it is made, and scored as the tables are taken.

    Parameters
    ----------
    index, subsequences, proteins, clusters, training, skip_bad, threads
        As for `psl_eval.hit_rate`, with its errors.
    choices : Choices
    progress : callable, optional
        Called with each `psl_index.Progress`.
    scorer : callable, optional
        Makes what counts entries (`psl_eval.scoring.shared_look_ups`).
    none_too : bool
        Whether summary, strata and confidence also have the rates without the exclusion.

    Attributes
    ----------
    skipped : int
        Bad rows that were passed over.
    first_skipped : str or None
        What was wrong with the first of them.
    rows : Rows
        The subsequences.
    labels : Labels
        What the proteins are scored against.
    trained, trained_found : int
        Proteins of the training set, and those of them that are in the index.
    n_queries, in_no_cluster : int
        Proteins, and those of them that are in no cluster where clusters are given.
    summary : pyarrow.Table
        Columns of `psl_eval.results.schemas.SUMMARY`, once all tables are taken.
    """

    def __init__(
        self,
        index: Index,
        subsequences: str | os.PathLike[str] | Any,
        choices: Choices,
        *,
        proteins: str | os.PathLike[str] | Proteins | None = None,
        clusters: str | os.PathLike[str] | Clusters | None = None,
        training: str | os.PathLike[str] | TrainingSet | None = None,
        skip_bad: bool = False,
        threads: int = 0,
        progress: Callable[[Progress], None] | None = None,
        scorer: Callable[[Index, Counting, int], Scorer] = Scorer,
        none_too: bool = True,
    ) -> None:
        self._index = index
        self._choices = choices
        self._sides = sides(choices.exclude, none_too=none_too)
        self._threads = threads
        self._progress = progress or (lambda _: None)
        refuse_two_readers(subsequences, proteins, clusters, training)
        known = read_proteins(proteins) if isinstance(proteins, str | os.PathLike) else proteins
        grouped = read_clusters(clusters) if isinstance(clusters, str | os.PathLike) else clusters
        learned = read_training_set(training) if isinstance(training, str | os.PathLike) else training
        excluding = exclusion(choices.exclude, index, clusters=grouped, training=learned)
        with open_subsequences(subsequences, skip_bad=skip_bad) as reader:
            if reader.motifs:
                choices.refuse_motifs()
            book = QueryBook(reader, known)
            self.rows = gather_rows(book)
        self.skipped, self.first_skipped = reader.skipped, reader.first_skipped
        self._queries = book.queries
        self.labels = labels_against(choices.against, book.predicted, book.true)
        self._correct = book.correct
        self._masks = {name: masks_of_labels(getattr(book, name)) for name in ("predicted", "true")}
        excluded = excluding.of(self._queries)
        self._groups = excluding.clusters_of(self._queries)
        self.trained, self.trained_found = excluding.trained, excluding.trained_found
        self.n_queries = len(self._queries)
        self.in_no_cluster = int(np.count_nonzero(self._groups < 0)) if grouped else 0
        missing = left_out(excluded, excluding.everywhere)
        counting = Counting(DEFINITIONS[choices.definition], choices.annotation, missing)
        self._scorer = scorer(index, counting, threads)
        self._shares = np.sum(list(index.over_shards(class_shares, choices.annotation)), axis=0)
        if choices.annotation.narrows and not self._shares.sum():
            raise UsageError(
                "no entry of the index counts by the choices of evidence, review and lineage",
                remedy="look at what it holds with `pslidx info INDEX`",
            )
        self._files = {
            "subsequences": _file(reader.record)
            | {"rows": len(self.rows), "queries": len(self._queries), "skipped": self.skipped}
            | {"queries_are": "motifs" if reader.motifs else "numbered" if reader.numbered else "named"},
            "proteins": _file(known.record) | {"records": len(known.names)} if known else None,
            "clusters": _file(grouped.record) | {"clusters": len(grouped)} if grouped else None,
            "training": _file(learned.record) | {"proteins": self.trained, "in_index": self.trained_found}
            if learned
            else None,
        }
        self._excluded = {
            "entries": len(np.union1d(excluded.entries, excluding.everywhere)),
            "everywhere": len(excluding.everywhere),
            "queries_found_by": dict(excluded.found_by),
        }

    def tables(self) -> Iterator[tuple[str, pa.Schema, Iterable[pa.RecordBatch]]]:
        """Name, schema and batches of each table; the batches are to be taken before the next table."""
        from psl_eval.statistics.confidence import CALIBRATION, CONFIDENCE
        from psl_eval.statistics.strata import STRATUM_ROWS

        tables = Tables(self.rows, self._queries, self.labels)
        sums = ProteinSums(len(self._queries), len(self.labels.names), self._scorer.counting.definition.credited)
        row_rates = np.empty((len(self.rows), 2, len(self.labels.names)))
        yield "subsequences", SCORED, self._scored(tables, sums, row_rates)
        rates = sums.rates(self.labels.masks)
        subsets = np.stack([*self._subsets().values()])
        observed = Observed(self.rows, self.labels.masks, rates.hit_rate, subsets, self._groups)
        chance = Chance(
            self._scorer, self._queries, observed, self._choices.nulls, self._choices.draws, self._choices.seed
        )
        yield "windows", WINDOWS, self._among_windows(tables, chance, row_rates)
        drawn = {
            name: chance.drawn(name, self._reporter(f"Null model {name}", "draws")) for name in self._choices.nulls
        }
        of_proteins = tables.proteins(
            sums.rows, sums.scored[:, 1], rates, self._correct, self._groups, chance.of_proteins
        )
        yield "proteins", PROTEINS, of_proteins.to_batches()
        yield "strata", STRATUM_ROWS, self._strata(row_rates)
        confidence, calibration = self._confidence(rates.hit_rate)
        yield "confidence", CONFIDENCE, confidence
        yield "calibration", CALIBRATION, calibration
        self.summary = Summary(
            self._choices,
            self._sides,
            self.labels.names,
            self._subsets(),
            sums,
            rates,
            self._priors(),
            drawn,
            self._groups,
            chance.of_windows,
        ).table()
        yield "summary", SUMMARY, self.summary.to_batches()

    def hits(self) -> Iterator[pa.RecordBatch]:
        """Every occurrence of every subsequence, as `psl_eval.scoring.hits.HITS`.

        Raises
        ------
        UsageError
            By the definition ``released`` an entry counts once for a protein, which occurrences do not show.
        """
        if self._scorer.counting.definition.credited:
            raise UsageError(
                "occurrences do not show what the definition 'released' counts", remedy="choose another definition"
            )
        return hit_batches(self._index, self.rows, self._queries, self.labels, self._scorer.counting, self._threads)

    @property
    def manifest(self) -> dict[str, Any]:
        """Choices, inputs, index and counts; holds what JSON can."""
        choices = asdict(self._choices)
        return {
            "format": KIND,
            "format_version": KIND_VERSION,
            "tools": {"pslidx": version("pslidx")},
            "definition": choices.pop("definition"),
            "exclusion": choices.pop("exclude"),
            "against": choices.pop("against"),
            **choices,
            "excluded": self._excluded,
            **self._files,
            "index": _index(self._index) | {"entries_that_count": int(self._shares.sum())},
        }

    def _scored(
        self, tables: Tables, sums: ProteinSums, row_rates: npt.NDArray[np.float64]
    ) -> Iterator[pa.RecordBatch]:
        """Rows of the table of subsequences; `sums` and `row_rates` are filled on the way."""
        report = self._reporter("Scoring", "subsequences")
        for block in self._scorer.blocks(self.rows, self.labels.masks):
            sums.add(self.rows.query[block.rows], block)
            row_rates[block.rows] = block.rates.hit_rate
            for part in block.parts():
                yield tables.subsequences(part)
            report(block.rows.stop, len(self.rows))

    def _among_windows(
        self, tables: Tables, chance: Chance, row_rates: npt.NDArray[np.float64]
    ) -> Iterator[pa.RecordBatch]:
        """Rows of the table of windows."""
        report = self._reporter("Scoring all windows", "subsequences")
        done = 0
        for own in chance.windows(row_rates[:, 1]):
            yield tables.windows(own, row_rates[:, 1])
            done += len(own.rows)
            report(done, len(self.rows))

    def _subsets(self) -> dict[str, npt.NDArray[np.bool_]]:
        """Queries of each subset, in the order of the summary."""
        known = {"correct": self._correct, "wrong": pc.invert(self._correct)}
        return {"all": np.ones(len(self._queries), bool)} | {
            name: pc.fill_null(of_queries, False).to_numpy(zero_copy_only=False) for name, of_queries in known.items()
        }

    def _strata(self, row_rates: npt.NDArray[np.float64]) -> Iterator[pa.RecordBatch]:
        """Rows of the table of strata: those with the exclusion, then those without."""
        from psl_eval.statistics.strata import stratum_table

        subsets = {name: of_queries[self.rows.query] for name, of_queries in self._subsets().items()}
        for side, name in self._sides:
            for label, against in enumerate(self.labels.names):
                table = stratum_table(
                    self.rows.lengths,
                    self.rows.query.astype(np.int64),
                    row_rates[:, side, label],
                    subsets,
                    exclusion=name,
                    against=against,
                    groups=self._groups,
                    seed=self._choices.seed,
                    resamples=self._choices.resamples,
                )
                yield from table.to_batches()

    def _confidence(self, rates: npt.NDArray[np.float64]) -> tuple[list[pa.RecordBatch], list[pa.RecordBatch]]:
        """Tables of confidence and calibration; no rows where predictions are not scored, or true classes not known."""
        from psl_eval.statistics.confidence import confidence_tables

        confidence: list[pa.RecordBatch] = []
        calibration: list[pa.RecordBatch] = []
        if "predicted" in self.labels.names and self._masks["true"].any():
            label = self.labels.names.index("predicted")
            for side, name in self._sides:
                both = confidence_tables(
                    rates[:, side, label],
                    self._masks["predicted"],
                    self._masks["true"],
                    exclusion=name,
                    groups=self._groups,
                    seed=self._choices.seed,
                    resamples=self._choices.resamples,
                )
                confidence += both[0].to_batches()
                calibration += both[1].to_batches()
        return confidence, calibration

    def _priors(self) -> npt.NDArray[np.float64]:
        """Share of the entries that count that match each query's label; float64 of shape (m, k), NaN without label."""
        distinct, of_label = np.unique(self.labels.masks, return_inverse=True)
        common = (np.arange(len(self._shares)) & distinct[:, np.newaxis]) != 0
        shares = common @ self._shares / max(self._shares.sum(), 1)
        shares[distinct == 0] = np.nan
        taken: npt.NDArray[np.float64] = shares[of_label.reshape(self.labels.masks.shape)]
        return taken

    def _reporter(self, step: str, unit: str) -> Callable[[int, int], None]:
        return lambda done, total: self._progress(Progress(step, done, total, unit))


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
