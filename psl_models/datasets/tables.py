"""Tables of proteins, such as DeepLoc 2.0's: accession, sequence, labels and perhaps a partition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from psl_index.errors import InputError
from psl_index.opening import Source
from psl_index.skipped import Skipped
from psl_index.tables import SYNONYMS, check_accession, check_width, checked_residues, column_place, read_rows
from psl_models.datasets.labels import labels_in
from psl_models.datasets.proteins import Protein


def read_table_proteins(
    source: Source,
    columns: Mapping[str, str],
    *,
    multi_label: bool,
    labelled: bool | None,
    skipped: Skipped | None,
) -> Iterator[Protein]:
    """The rows in order; a column ``Partition``, in any letter case, holds the number of the homology partition.

    Parameters
    ----------
    source : Source
    columns : mapping
        Name in the file of each column that has another than the usual one (`psl_index.tables.SYNONYMS`).
    multi_label : bool
        See `psl_models.datasets.labels.labels_in`.
    labelled : bool, optional
        Whether the table must have a column of labels; False does not read it, None reads it where there is one.
    skipped : Skipped, optional
        Gets the bad rows, which are then left out.

    Raises
    ------
    InputError
        As `psl_index.tables.read_table`, and where a partition is no number.
    """
    file = source.name
    rows = read_rows(source)
    _, names = next(rows)
    accession_place = column_place("accession", names, columns, file)
    sequence_place = column_place("sequence", names, columns, file)
    label_place = _label_place(names, columns, labelled, file)
    partition_place = place_of(_PARTITION, names)
    any_row = False
    for line, fields in rows:
        any_row = True
        try:
            check_width(fields, len(names), file, line)
            accession = fields[accession_place].strip()
            check_accession(accession, file, line)
            sequence = checked_residues(fields[sequence_place], accession, file, line)
            partition = None if partition_place is None else _partition(fields[partition_place], file, line)
        except InputError as error:
            if skipped is None:
                raise
            skipped.add(error)
            continue
        labels = () if label_place is None else labels_in(fields[label_place], multi_label=multi_label)
        yield Protein(accession, accession, sequence, labels, line, partition=partition)
    if not any_row:
        raise InputError("no row below the header, expected proteins", file=file, line=1)


def place_of(name: str, names: Sequence[str]) -> int | None:
    """Number of the column with this name, in any letter case; None where there is none."""
    found = [other.strip().lower() for other in names]
    return found.index(name.lower()) if name.lower() in found else None


_PARTITION: Final = "partition"


def _label_place(names: Sequence[str], columns: Mapping[str, str], labelled: bool | None, file: str) -> int | None:
    if labelled is False:
        return None
    there = any(place_of(name, names) is not None for name in SYNONYMS["locations"])
    if labelled is None and not there and "locations" not in columns:
        return None
    return column_place("locations", names, columns, file)


def _partition(field: str, file: str, line: int) -> int:
    text = field.strip()
    if not (text.isascii() and text.isdecimal() and len(text) < _DIGITS):
        raise InputError(f"expected the number of a partition, found {text[:40]!r}", file=file, line=line)
    return int(text)


_DIGITS: Final = 10
