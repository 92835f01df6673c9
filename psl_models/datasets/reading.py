"""Reading a data set, whatever kind of file it comes in."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from psl_index.errors import InputError, UsageError
from psl_index.file_records import FileRecord, record_of
from psl_index.opening import Source, open_source
from psl_index.skipped import Skipped
from psl_index.sources import detect_format
from psl_models.datasets.fasta import class_files, read_fasta_proteins
from psl_models.datasets.label_files import labelled_by
from psl_models.datasets.labels import known_labels, labels_in_header
from psl_models.datasets.proteins import Dataset, Labels, Protein, dataset_of, within_memory
from psl_models.datasets.sentences import looks_like_a_sentence, read_sentences
from psl_models.datasets.tables import read_table_proteins
from psl_models.encoding import STUDY_CLASSES

_HEAD_BYTES: Final = 1 << 16

Path = str | os.PathLike[str]


def read_dataset(
    path: Path,
    *,
    multi_label: bool,
    labels: Path | None = None,
    columns: Mapping[str, str] | None = None,
    classes: Collection[str] | None = None,
    require_labels: bool = True,
    skipped: Skipped | None = None,
) -> Dataset:
    """Read proteins and, where they are given, their labels; plain or compressed, told apart by content.

    FASTA with the label as the second word of the header (DeepLoc 1.0's ``Cell.membrane-M test``, or any other, several
    joined by ``|`` or ``;``); a table with the columns accession, sequence and labels (DeepLoc 2.0, see
    `psl_index.tables.SYNONYMS`), and perhaps ``Partition``; a folder with a FASTA file for each class (MultiLoc);
    plain sequences, one a line.

    Parameters
    ----------
    path : path
        ``-`` for standard input.
    multi_label : bool
        Whether a protein may have several labels. If not, ``Cytoplasm-Nucleus`` is Cytoplasm.
    labels : path, optional
        A table with the columns accession and labels, or one label a line, in place of those in `path`.
    columns : mapping, optional
        Names of the columns ``accession``, ``sequence`` and ``locations`` that are not the usual ones.
    classes : collection of str, optional
        What a model knows; without `require_labels` a header's second word counts as a label only where it is one of
        these, by default of the study's ten.
    require_labels : bool
        Whether each protein must have a label, one unless `multi_label`, as for training.
    skipped : Skipped, optional
        Gets the bad proteins, which are then left out.

    Raises
    ------
    InputError
        With the line: a bad record or row, or a label that is required and is not there. Or a file is none of these,
        is damaged, or cannot be read.
    UsageError
        Columns are named where there is no table, labels are given twice, or both files are standard input.
    """
    name = os.fspath(path)
    in_folder = os.path.isdir(name)
    if in_folder and labels is not None:
        raise UsageError("has a file for each class", file=name, remedy="leave out the file of labels")
    if name == "-" and labels is not None and os.fspath(labels) == "-":
        raise UsageError("standard input can be read only once", remedy="give the proteins or the labels as a file")
    reading = _Reading(
        multi_label=multi_label,
        columns=columns or {},
        classes=None if require_labels else frozenset(classes or STUDY_CLASSES),
        own_labels=labels is None,
        skipped=skipped,
    )
    proteins: list[Protein] = []
    for file, psl_class in class_files(name) if in_folder else [(name, None)]:
        proteins += reading.proteins_of(file, psl_class)
    if labels is not None:
        proteins = reading.labelled(proteins, labels)
    if require_labels:
        proteins = list(reading.learnable(proteins))
    if not proteins:
        first = f", the first bad one: {skipped.first[0]}" if skipped and skipped.first else ""
        raise InputError(f"no protein that can be used{first}", file=name, remedy="check the file")
    return dataset_of(proteins, multi_label=multi_label, files=reading.files, records=reading.records)


@dataclass(frozen=True)
class _Reading:
    """How the files of one data set are read, and which have been."""

    multi_label: bool
    columns: Mapping[str, str]
    classes: frozenset[str] | None  # what a header's second word must be to be a label; None: labels are required
    own_labels: bool  # whether those beside the sequences count
    skipped: Skipped | None
    files: list[str] = field(default_factory=list)
    records: list[FileRecord] = field(default_factory=list)

    def proteins_of(self, file: str, psl_class: str | None) -> list[Protein]:
        """The proteins of one file, all of `psl_class` where that is given."""
        with open_source(file) as source:
            found = self._class_of_proteins(source, psl_class) if psl_class else self._proteins(source)
            proteins = [protein._replace(file=len(self.files)) for protein in within_memory(found, source.name)]
            self._add(source)
        return proteins

    def labelled(self, proteins: list[Protein], file: Path) -> list[Protein]:
        """The proteins with the labels in a file of their own."""
        with open_source(file) as source:
            found = labelled_by(
                source,
                proteins,
                self.columns,
                multi_label=self.multi_label,
                require_labels=self.classes is None,
                file=len(self.files),
            )
            self._add(source)
        return found

    def learnable(self, proteins: list[Protein]) -> Iterator[Protein]:
        """The proteins whose labels a network can learn; the others are errors."""
        expected = "a label" if self.multi_label else "one label"
        for protein in proteins:
            if protein.labels and (self.multi_label or len(protein.labels) == 1):
                yield protein
                continue
            error = InputError(
                f"expected {expected} of {protein.identifier}, found {', '.join(protein.labels) or 'none'}",
                file=self.files[protein.file],
                line=protein.line,
                remedy="train for several labels with --multi-label"
                if protein.labels
                else "write it there, or give a file of labels",
            )
            if self.skipped is None:
                raise error
            self.skipped.add(error)

    def _add(self, source: Source) -> None:
        self.files.append(source.name)
        self.records.append(record_of(source))

    def _class_of_proteins(self, source: Source, psl_class: str) -> Iterator[Protein]:
        self._refuse_columns(source)
        if detect_format(source) != "fasta":
            raise InputError("expected FASTA", file=source.name, remedy="take it out of the folder")
        return read_fasta_proteins(source, lambda _: (psl_class,), self.skipped)

    def _proteins(self, source: Source) -> Iterator[Protein]:
        first_line = source.peek(_HEAD_BYTES).lstrip().partition(b"\n")[0].rstrip()
        format_name = "sentences" if looks_like_a_sentence(first_line) else detect_format(source)
        if format_name == "flatfile":
            expected = "expected FASTA, a table, or one sequence a line"
            raise InputError(f"a flat file, {expected}", file=source.name, remedy="name another file")
        if format_name != "table" and self.own_labels:
            self._refuse_columns(source)
        if format_name == "sentences":
            return read_sentences(source, self.skipped)
        if format_name == "fasta":
            return read_fasta_proteins(source, self._labels_of_word, self.skipped)
        return read_table_proteins(
            source,
            self.columns,
            multi_label=self.multi_label,
            labelled=(True if self.classes is None else None) if self.own_labels else False,
            skipped=self.skipped,
        )

    def _refuse_columns(self, source: Source) -> None:
        if self.columns:
            raise UsageError("has no columns to be named", file=source.name, remedy="leave out --columns")

    def _labels_of_word(self, word: str) -> Labels:
        if not self.own_labels:
            return ()
        labels = labels_in_header(word, multi_label=self.multi_label)
        return labels if self.classes is None else known_labels(labels, self.classes)
