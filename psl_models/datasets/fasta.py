"""FASTA files of proteins: DeepLoc's, MultiLoc's, UniProt's, or any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np

from psl_index.errors import InputError
from psl_index.fasta import read_records
from psl_index.opening import Source
from psl_index.skipped import Skipped
from psl_models.datasets.proteins import Labels, Protein

LabelsOfWord = Callable[[str], Labels]
"""The labels that the second word of a header states; asked with an empty word where there is none."""


def read_fasta_proteins(source: Source, labels_of: LabelsOfWord, skipped: Skipped | None) -> Iterator[Protein]:
    """The records in order; ``test`` as the third word of a header puts it into DeepLoc 1.0's test set.

    UniProt's headers state no labels: `labels_of` is asked with an empty word.

    Raises
    ------
    InputError
        As `psl_index.fasta.read_records`.
    """
    for records in read_records(source, skipped=skipped):
        sequences = records.sequences.to_pylist()
        accessions = records.describe(np.arange(len(sequences)))["accession"].to_pylist()
        for row, (sequence, accession) in enumerate(zip(sequences, accessions, strict=True)):
            words = records.header(row).split(None, 3)
            word = words[1] if len(words) > 1 and accession == words[0] else ""
            test = bool(word) and words[2:3] == ["test"]
            yield Protein(words[0], accession, sequence, labels_of(word), records.line(row), test=test)


def class_files(folder: str) -> list[tuple[str, str]]:
    """Path and class of each FASTA file in a folder that has one a class, as MultiLoc is distributed; by name.

    The class is what stands before the first dot of the name.

    Raises
    ------
    InputError
        The folder has no such file, or two of one class.
    """
    found = [path for path in Path(folder).iterdir() if _is_fasta(path.name)]
    paths = sorted((path.name.partition(".")[0], str(path)) for path in found)
    if not paths:
        raise InputError(f"a folder without a FASTA file ({', '.join(_ENDINGS)})", file=folder, remedy="name another")
    for (label, path), (next_label, _) in pairwise(paths):
        if label == next_label:
            raise InputError(f"another file of class {label!r} beside it", file=path, remedy="keep one of them")
    return [(path, label) for label, path in paths]


_ENDINGS: Final = (".fasta", ".fa", ".fas", ".faa")
_PACKED: Final = (".gz", ".xz", ".zst")


def _is_fasta(name: str) -> bool:
    for ending in _PACKED:
        name = name.removesuffix(ending)
    return name.endswith(_ENDINGS) and not name.startswith(".")
