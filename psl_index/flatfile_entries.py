"""Lines of a flat file into the tables of an index, every entry checked against what it says of itself."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index import _block_kernels, _entry_kernels, _text_kernels, crc64
from psl_index import _line_kernels as kinds
from psl_index import flatfile_problems as problem
from psl_index.flatfile_columns import Text, lists, numbers_or_null, room_for, strings, strings_or_null
from psl_index.flatfile_lines import EntryLines, KeptLines, Lines
from psl_index.locations import parse_locations
from psl_index.schemas import ENTRIES, FEATURE_TYPES, FEATURES, SourceBatch

_ALL: Final = 2**31 - 1
_QUOTED: Final = 60  # characters of a line that a message quotes


class Fault(NamedTuple):
    """What is wrong with an entry that was passed over."""

    line: int  # from 0, among those of the same entries
    sentence: str
    fatal: bool = False  # nothing behind it was read


class Parsed(NamedTuple):
    """What some entries of a flat file hold."""

    batch: SourceBatch  # the good entries
    n_faults: int  # the others
    faults: list[Fault]  # of the first of them, in file order
    n_lines: int


def parse_entries(kept: KeptLines, most_faults: int) -> Parsed:
    """Tables of the entries whose lines are kept, and what is wrong with the first `most_faults` of the bad ones.

    A sentence for each would take far more memory than a file that has nothing but ``//``.
    """
    text, lines = kept.text, kept.lines()
    findings = _Findings(text, lines)
    faults = findings.faults(most_faults)
    bad = findings.problems > 0
    if bad.any():
        findings = _Findings(text, lines.without(bad))
    return Parsed(findings.batch(), int(np.count_nonzero(bad)), faults, lines.n_lines)


class _Findings:
    """What the lines of some entries say, and what is wrong with which entry."""

    def __init__(self, text: npt.NDArray[np.uint8], lines: EntryLines) -> None:
        n = lines.n_entries
        self._text = text
        self._lines = lines
        self.problems = np.zeros(n, np.uint8)
        self._places = np.zeros(n, np.int32)
        misplaced = lines.of(kinds.MISPLACED)
        self.problems[misplaced.entries] = problem.INDENT
        self._places[misplaced.entries[::-1]] = misplaced.begins[::-1]  # the first of an entry stands
        self._read_lines(n)
        self._read_sequences(n)
        self._read_names(n)
        self._read_locations()
        self._read_features()
        self._check()

    def _read_lines(self, n: int) -> None:
        text, lines = self._text, self._lines
        report = (self.problems, self._places)
        self.name_spans = np.empty((2, n), np.int32)
        self.reviewed = np.empty(n, np.uint8)
        self.stated_lengths = np.empty((2, n), np.int64)
        self.sequence_versions, self.entry_versions, self.taxa, self.existences = np.empty((4, n), np.int64)
        _entry_kernels.read_identities(
            text,
            *lines.of(kinds.IDENTITY),
            lines.entry_begins,
            self.name_spans,
            self.reviewed,
            self.stated_lengths[0],
            *report,
        )
        _entry_kernels.read_dates(text, *lines.of(kinds.DATES), self.sequence_versions, self.entry_versions)
        _entry_kernels.read_taxa(text, *lines.of(kinds.TAXON), self.taxa, *report)
        _entry_kernels.read_existences(text, *lines.of(kinds.EXISTENCE), self.existences, *report)

    def _read_sequences(self, n: int) -> None:
        text, lines = self._text, self._lines
        report = (self.problems, self._places)
        self.summaries = np.empty(n, np.int32)
        self.stated_checksums = np.zeros(n, np.uint64)
        self.has_checksum = np.empty(n, np.bool_)
        _entry_kernels.read_summaries(
            text,
            *lines.of(kinds.SUMMARY),
            lines.of(kinds.END).begins,
            self.summaries,
            self.stated_lengths[1],
            self.stated_checksums,
            self.has_checksum,
            *report,
        )
        residues = lines.of(kinds.RESIDUES)
        sequences = room_for(residues.room, n)
        _entry_kernels.read_residues(text, *residues, self.summaries, *sequences, *report)
        self.sequences = Text(sequences.text[: sequences.offsets[-1]], sequences.offsets)
        self.lengths = np.diff(sequences.offsets)
        self.checksums = crc64.checksums(*sequences)

    def _read_names(self, n: int) -> None:
        text, lines = self._text, self._lines
        self.entry_names = _copied(text, self.name_spans)
        accessions = _joined(text, lines.of(kinds.ACCESSIONS), n)
        self.accessions, firsts = _split(accessions, 0, 1)
        self.secondary, self.secondary_lists = _split(accessions, 1, _ALL)
        self.has_accession = np.diff(firsts) > 0
        descriptions = _joined(text, lines.of(kinds.DESCRIPTION), n)
        spans = np.empty((2, n), np.int32)
        self.fragments = np.empty(n, np.bool_)
        _text_kernels.protein_names(*descriptions, spans, self.fragments)
        self.protein_names = _copied(descriptions.text, spans)
        genes = _joined(text, lines.of(kinds.GENES), n)
        _text_kernels.gene_names(*genes, spans)
        self.gene_names = _copied(genes.text, spans)
        self.organisms = _joined(text, lines.of(kinds.ORGANISM), n, drop_stop=True)
        lineages = _joined(text, lines.of(kinds.LINEAGE), n, drop_stop=True)
        self.taxa_above, self.lineages = _split(lineages, 0, _ALL)
        self.texts = (self.entry_names, accessions, descriptions, genes, self.organisms, lineages)

    def _read_locations(self) -> None:
        lines = self._lines.of(kinds.COMMENTS).copy()
        rows, entries = np.empty((2, len(lines.begins)), np.int32)
        n = _block_kernels.comment_blocks(self._text, *lines, rows, entries)
        self.comments = _joined(self._text, lines._replace(entries=rows), n)
        self.comment_entries = entries[:n]

    def _read_features(self) -> None:
        lines = self._lines.of(kinds.FEATURES).copy()
        room = len(lines.begins)
        rows, entries = np.empty((2, room), np.int32)
        types = np.empty(room, np.int8)
        positions = np.empty((2, room), np.int64)
        old = np.empty(room, np.bool_)
        n = _block_kernels.read_features(
            self._text,
            *lines,
            _padded_feature_types(),
            rows,
            entries,
            types,
            positions,
            old,
            self.problems,
            self._places,
        )
        notes = _joined(self._text, lines._replace(entries=rows), n)
        left = _block_kernels.trim_descriptions(*notes, old[:n])
        self.notes = notes._replace(text=notes.text[:left])
        self.feature_entries, self.feature_types, self.positions = entries[:n], types[:n], positions[:, :n]

    def _check(self) -> None:
        ends = self._lines.of(kinds.END).begins
        identities = self._lines.of(kinds.IDENTITY)
        begins = np.zeros(self._lines.n_entries, np.int32)
        begins[identities.entries] = identities.begins
        stated, seen = self.stated_lengths, self.lengths
        self._report(problem.NO_ACCESSION, ~self.has_accession, ends)
        self._report(problem.NO_RESIDUES, seen == 0, ends)
        self._report(problem.LENGTH, stated[0] != seen, begins)
        self._report(problem.STATED_LENGTH, stated[1] != seen, self.summaries)
        wrong = self.has_checksum & (self.stated_checksums != self.checksums)
        self._report(problem.CHECKSUM, wrong, self.summaries)
        everyone = np.arange(self._lines.n_entries)
        for column in self.texts:
            self._check_nul(column, everyone)
        self._check_nul(self.comments, self.comment_entries)
        self._check_nul(self.notes, self.feature_entries)

    def _check_nul(self, column: Text, entries: npt.NDArray[Any]) -> None:
        if column.text.size == 0 or column.text.min() > 0:
            return
        rows = np.searchsorted(column.offsets, np.flatnonzero(column.text == 0), side="right") - 1
        bad = np.zeros(self._lines.n_entries, np.bool_)
        bad[entries[rows]] = True
        nuls = np.flatnonzero(self._text == 0)
        first = nuls[np.searchsorted(nuls, self._lines.entry_begins[bad])]
        places = np.zeros(bad.size, np.int32)
        places[bad] = first
        self._report(problem.NUL, bad, places)

    def _report(self, code: int, bad: npt.NDArray[np.bool_], places: npt.NDArray[np.int32]) -> None:
        new = bad & (self.problems == 0)
        if new.any():
            self.problems[new] = code
            self._places[new] = places[new]

    def faults(self, most: int) -> list[Fault]:
        """What is wrong with each of the first bad entries."""
        bad = np.flatnonzero(self.problems)[:most]
        if not bad.size:
            return []
        feeds = np.flatnonzero(self._text == ord("\n"))
        return [self._fault(int(entry), feeds) for entry in bad]

    def _fault(self, entry: int, feeds: npt.NDArray[np.int64]) -> Fault:
        code = int(self.problems[entry])
        kept = int(np.searchsorted(feeds, self._places[entry]))
        line = int(self._lines.numbers[kept])
        begin = feeds[kept - 1] + 1 if kept else 0
        found = self._text[begin : feeds[kept]].tobytes().decode("latin-1").rstrip()
        stated, counted = "", str(self.lengths[entry])
        if code in (problem.LENGTH, problem.STATED_LENGTH):
            stated = str(self.stated_lengths[code - problem.LENGTH, entry])
        elif code == problem.CHECKSUM:
            stated, counted = (f"{sums[entry]:016X}" for sums in (self.stated_checksums, self.checksums))
        sentence = problem.SENTENCES[code].format(
            found=ascii(found[:_QUOTED] + "..." * (len(found) > _QUOTED)), stated=stated, counted=counted
        )
        return Fault(line, f"{self._name(entry)}: {sentence}")

    def _name(self, entry: int) -> str:
        """Accession of an entry, or whatever else it can be known by."""
        for kind in (kinds.ACCESSIONS, kinds.IDENTITY):
            lines = self._lines.of(kind)
            line = int(np.searchsorted(lines.entries, entry))
            if line < len(lines.entries) and lines.entries[line] == entry:
                content = self._text[lines.begins[line] : lines.ends[line]].tobytes().decode("latin-1")
                words = content.replace(";", " ").split()
                if words:
                    return ascii(words[0])[1:-1][:_QUOTED]
        return "an entry"

    def batch(self) -> SourceBatch:
        """The three tables; only of entries without problems."""
        n = self._lines.n_entries
        columns = {
            "entry": pa.array(np.arange(n, dtype=np.uint32)),
            "accession": strings(self.accessions),
            "entry_name": strings_or_null(self.entry_names),
            "secondary_accessions": lists(self.secondary_lists, strings(self.secondary)),
            "protein_name": strings_or_null(self.protein_names),
            "gene_name": strings_or_null(self.gene_names),
            "organism": strings_or_null(self.organisms),
            "taxon_id": numbers_or_null(self.taxa, pa.uint32()),
            "lineage": lists(self.lineages, strings(self.taxa_above)),
            "reviewed": pa.array(self.reviewed == _entry_kernels.YES, mask=self.reviewed == _entry_kernels.UNKNOWN),
            "fragment": pa.array(self.fragments),
            "protein_existence": numbers_or_null(self.existences, pa.uint8()),
            "sequence_version": numbers_or_null(self.sequence_versions, pa.uint32()),
            "entry_version": numbers_or_null(self.entry_versions, pa.uint32()),
            "length": pa.array(self.lengths.astype(np.uint32)),
            "sequence": strings(self.sequences),
            "crc64": crc64.hexadecimal(self.checksums),
        }
        features = [
            pa.array(self.feature_entries.astype(np.uint32)),
            pa.array(FEATURE_TYPES, pa.string()).take(pa.array(self.feature_types)),
            numbers_or_null(self.positions[0], pa.uint32()),
            numbers_or_null(self.positions[1], pa.uint32()),
            strings_or_null(self.notes),
        ]
        return SourceBatch(
            pa.RecordBatch.from_arrays([columns[name] for name in ENTRIES.names], schema=ENTRIES),
            parse_locations(strings(self.comments), self.comment_entries.astype(np.uint32)),
            pa.RecordBatch.from_arrays(features, schema=FEATURES),
        )


def _joined(text: npt.NDArray[np.uint8], lines: Lines, n_rows: int, drop_stop: bool = False) -> Text:
    """The lines of each row joined; the row of a line stands in `lines.entries`."""
    joined = room_for(lines.room, n_rows)
    size = _text_kernels.join_lines(text, *lines, drop_stop, *joined)
    return joined._replace(text=joined.text[:size])


def _copied(text: npt.NDArray[np.uint8], spans: npt.NDArray[np.int32]) -> Text:
    room = int(spans[1].sum(dtype=np.int64) - spans[0].sum(dtype=np.int64))
    copied = room_for(room, spans.shape[1])
    size = _text_kernels.copy_spans(text, spans, *copied)
    return copied._replace(text=copied.text[:size])


def _split(joined: Text, first: int, last: int) -> tuple[Text, npt.NDArray[np.int32]]:
    """Items `first` to `last` of each row, and where each row's items begin among all."""
    items = room_for(len(joined.text), int(np.count_nonzero(joined.text == ord(";"))) + len(joined.offsets))
    lists = np.empty(len(joined.offsets), np.int32)
    size = _text_kernels.split_lists(*joined, first, last, *items, lists)
    return Text(items.text[:size], items.offsets[: lists[-1] + 1]), lists


@cache
def _padded_feature_types() -> npt.NDArray[np.uint64]:
    return np.array([int.from_bytes(name.ljust(8).encode(), "big") for name in FEATURE_TYPES], np.uint64)
