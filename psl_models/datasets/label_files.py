"""Labels in a file of their own: a table of accessions and labels, or one label a line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from psl_index.errors import InputError
from psl_index.opening import Source
from psl_index.tables import check_accession, check_width, column_place, read_rows
from psl_models.datasets.labels import labels_in
from psl_models.datasets.proteins import Labels, Protein
from psl_models.datasets.sentences import numbered_lines
from psl_models.datasets.tables import place_of

_HEAD_BYTES: Final = 1 << 16


def labelled_by(
    source: Source,
    proteins: list[Protein],
    columns: Mapping[str, str],
    *,
    multi_label: bool,
    require_labels: bool,
    file: int,
) -> list[Protein]:
    """The proteins with the labels that a file gives them; `file` is the number by which they refer to it.

    A first line with a tab or a comma is that of a table with the columns accession and labels
    (`psl_index.tables.SYNONYMS`); several rows of a protein add up. Otherwise each line is the label of one protein, in
    their order.

    Raises
    ------
    InputError
        The table is malformed or lacks a column; a protein is not in it and `require_labels`; or there are more or
        fewer lines than proteins.
    """
    first = source.peek(_HEAD_BYTES).lstrip().partition(b"\n")[0]
    if b"\t" in first or b"," in first:
        rows = _read_label_table(source, columns, multi_label=multi_label)
        found = [rows.get(protein.identifier, rows.get(protein.accession)) for protein in proteins]
        missing = [protein for protein, row in zip(proteins, found, strict=True) if row is None]
        if missing and require_labels:
            raise InputError(
                f"{len(missing):,} of {len(proteins):,} proteins are not in it, the first is {missing[0].identifier}",
                file=source.name,
                remedy="add them, or leave them out of the proteins",
            )
    else:
        lines = list(numbered_lines(source, "write an empty label as ';'"))
        if len(lines) != len(proteins):
            raise InputError(
                f"{len(lines):,} labels for {len(proteins):,} proteins",
                file=source.name,
                remedy="give one a line in the order of the proteins, or a table with accessions",
            )
        found = [(labels_in(text, multi_label=multi_label), number) for number, text in lines]
    return [
        protein._replace(labels=()) if row is None else protein._replace(labels=row[0], line=row[1], file=file)
        for protein, row in zip(proteins, found, strict=True)
    ]


def _read_label_table(
    source: Source, columns: Mapping[str, str], *, multi_label: bool
) -> dict[str, tuple[Labels, int]]:
    """Labels of each accession, and the line of its last row."""
    rows = read_rows(source)
    _, names = next(rows)
    # The sequences may come in a table that names its accessions in another way.
    known = {
        column: name for column, name in columns.items() if column != "accession" or place_of(name, names) is not None
    }
    accession_place, label_place = (
        column_place(column, names, known, source.name) for column in ("accession", "locations")
    )
    found: dict[str, tuple[Labels, int]] = {}
    for line, fields in rows:
        check_width(fields, len(names), source.name, line)
        accession = fields[accession_place].strip()
        check_accession(accession, source.name, line)
        before, _ = found.get(accession, ((), line))
        labels = labels_in(fields[label_place], multi_label=multi_label)
        found[accession] = tuple(dict.fromkeys(before + labels)), line
    return found
