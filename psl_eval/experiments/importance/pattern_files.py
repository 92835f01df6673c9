"""Patterns as files hold them: extracted subsequences, and matrices."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter, defaultdict
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

from psl_eval.experiments.importance.patterns import STANDARD, Pattern, matrix
from psl_eval.inputs.subsequences import open_subsequences
from psl_index.errors import InputError, UsageError

_EXPECTED: Final = (
    "expected TSV with a column for each residue letter (and name, where there are several), or JSON: "
    '[{"name": "NLS", "matrix": [{"K": 0.8, "R": 0.2}, ...]}, ...]'
)


class Frequent(NamedTuple):
    """A subsequence that explanations of several proteins may have in common."""

    residues: str
    proteins: int  # it was extracted from
    rows: tuple[int, ...]  # of the table, one a protein


def read_subsequences(path: str | os.PathLike[str]) -> pa.Table:
    """A table as ``pslidx extract`` writes it, or a list of peptides; columns of `psl_eval.inputs.subsequences`.

    Raises
    ------
    InputError
        As `psl_eval.inputs.subsequences.open_subsequences`.
    """
    with open_subsequences(path) as reader:
        return pa.concat_tables(reader.batches())


def most_frequent(subsequences: pa.Table, number: int, predicted: str | None = None) -> list[Frequent]:
    """The subsequences that were extracted from most proteins, of those that are predicted to be in a class.

    Of those from equally many proteins the one with the highest score first, then by the alphabet.

    Raises
    ------
    InputError
        There is none of that class.
    """
    rows: dict[str, dict[str, int]] = defaultdict(dict)  # of each subsequence, the first row of each protein
    columns = (subsequences[name].to_pylist() for name in ("subsequence", "query", "predicted"))
    classes: Counter[str] = Counter()
    for row, (residues, query, label) in enumerate(zip(*columns, strict=True)):
        of_row = (label or "").split(";")
        classes.update(of_row)
        if predicted is None or predicted in of_row:
            rows[residues].setdefault(query, row)
    if not rows:
        there = ", ".join(sorted(filter(None, classes))) or "none"
        problem = f"no subsequence of a protein that is predicted to be in {predicted}"
        raise InputError(problem, remedy=f"name one of the classes that there are: {there}")
    scores = subsequences["score"].fill_null(0.0).to_pylist()
    highest = {residues: max(scores[row] for row in of_proteins.values()) for residues, of_proteins in rows.items()}
    ordered = sorted(rows, key=lambda residues: (-len(rows[residues]), -highest[residues], residues))
    return [Frequent(residues, len(rows[residues]), tuple(rows[residues].values())) for residues in ordered[:number]]


def read_matrices(path: str | os.PathLike[str]) -> list[Pattern]:
    """Matrices, a row for each place with how often each residue stands there; JSON by its first letter, else TSV.

    Raises
    ------
    InputError
        The file cannot be read, is neither, or holds no such matrix.
    """
    file = os.fspath(path)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror or error}", file=file) from error
    except UnicodeDecodeError:
        raise InputError("is no text", file=file, remedy=_EXPECTED) from None
    named = _of_json(text, file) if text.lstrip()[:1] in ("[", "{") else _of_tsv(text, file)
    try:
        return [matrix(name, rows) for name, rows in named.items()]
    except UsageError as error:
        raise InputError(error.problem, file=file, remedy=error.remedy) from None


def _of_json(text: str, file: str) -> Mapping[str, list[dict[str, float]]]:
    try:
        written = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"no JSON: {' '.join(str(error).split())}", file=file, remedy=_EXPECTED) from None
    named: dict[str, list[dict[str, float]]] = {}
    for number, entry in enumerate(written if isinstance(written, list) else [written], 1):
        if not _is_matrix(entry):
            raise InputError(f"entry {number} is no matrix", file=file, remedy=_EXPECTED)
        name = entry.get("name", f"matrix {number}")
        if name in named:
            raise InputError(f"two matrices have the name {name!r}", file=file)
        named[name] = entry["matrix"]
    return named


def _is_matrix(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("name", ""), str):
        return False
    rows = entry.get("matrix")
    return isinstance(rows, list) and all(
        isinstance(row, dict) and all(_is_number(share) for share in row.values()) for row in rows
    )


def _is_number(share: Any) -> bool:
    """Whether it is a number that floats can hold: integers of JSON are as large as they like."""
    try:
        return type(share) in (int, float) and isfinite(share)
    except OverflowError:
        return False


def _of_tsv(text: str, file: str) -> Mapping[str, list[dict[str, float]]]:
    reader = csv.reader(text.splitlines(), delimiter="\t")
    columns = next(reader, [])
    strange = [column for column in columns if column != "name" and (len(column) != 1 or column not in STANDARD)]
    twice = [column for column in columns if columns.count(column) > 1]
    if set(columns) <= {"name"} or strange or twice:
        of_twice = f"two columns {twice[0]!r}" if twice else "no column of a residue"
        problem = f"column {strange[0]!r} is no residue" if strange else of_twice
        raise InputError(problem, file=file, line=1, remedy=_EXPECTED)
    named: dict[str, list[dict[str, float]]] = defaultdict(list)
    for row in reader:
        if not row:
            continue
        if len(row) != len(columns):
            problem = f"has {len(row)} columns, the header has {len(columns)}"
            raise InputError(problem, file=file, line=reader.line_num, remedy=_EXPECTED)
        written = dict(zip(columns, row, strict=True))
        name = written.pop("name", "") or "matrix"
        try:
            named[name].append({letter: float(share or 0) for letter, share in written.items()})
        except ValueError as error:
            raise InputError(f"{error}", file=file, line=reader.line_num, remedy=_EXPECTED) from None
    if not named:
        raise InputError("no row after the header", file=file, remedy=_EXPECTED)
    return named
