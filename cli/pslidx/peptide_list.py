"""The peptides of one search: from the command line, from a file, or both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Final

from psl_index.errors import InputError, PeptideError, UsageError
from psl_index.fasta import read_records
from psl_index.opening import Source, open_source

_RESIDUES: Final = re.compile(r"[A-Za-z]+")
_EXPECTED: Final = "expected one peptide a line, or FASTA"
_BLOCK_BYTES: Final = 1 << 20
_LINE_LIMIT: Final = 1 << 24  # bytes: no peptide is near it, a decompression bomb is beyond it

#: What is wrong with a peptide that is one, None where nothing is.
Objection = Callable[[str], str | None]


def no_objection(_: str) -> str | None:
    """Takes every peptide."""
    return None


def gather(arguments: Sequence[str], file: str | None, objection: Objection = no_objection) -> Iterator[str]:
    """All peptides, in upper case and without a trailing ``*``: first `arguments`, then those in `file`.

    ``-`` stands for standard input, as a file and as an argument. Arguments are checked at once, the file
    while it is read. `objection` is asked about each peptide.

    Raises
    ------
    PeptideError
        An argument is no peptide, or is objected to.
    UsageError
        There is neither an argument nor a file, or there are two files.
    """
    if "-" in arguments:
        if file is not None or list(arguments).count("-") > 1:
            raise UsageError("peptides are read from one file, or once from standard input (-)")
        file = "-"
    named = [argument for argument in arguments if argument != "-"]
    if not named and file is None:
        raise UsageError("no peptide to search for", remedy="name some, or a file of them with --file")
    peptides = [_from_argument(peptide, number, objection) for number, peptide in enumerate(named)]
    return iter(peptides) if file is None else chain(peptides, read_peptides(file, objection))


def read_peptides(file: str, objection: Objection = no_objection) -> Iterator[str]:
    """The peptides of a file, plain or compressed, in upper case: one a line, or the sequences of FASTA.

    Which of the two is told by the first character. Blank lines are passed over.

    Raises
    ------
    InputError
        With the line: something else than letters and a ``*`` at the end, or a peptide that is objected to. Or there
        is no peptide at all.
    """
    with open_source(file) as source:
        if source.peek(_BLOCK_BYTES).lstrip().startswith(b">"):
            numbered = _of_records(source)
        else:
            numbered = _one_a_line(source, file)
        for line, peptide in numbered:
            problem = objection(peptide)
            if problem is not None:
                raise InputError(problem, file=file, line=line)
            yield peptide


def _from_argument(argument: str, number: int, objection: Objection) -> str:
    letters = argument.strip().removesuffix("*")
    if _RESIDUES.fullmatch(letters):
        problem = objection(letters.upper())
        if problem is not None:
            raise PeptideError(problem, number=number)
        return letters.upper()
    if not letters:
        raise PeptideError("a peptide is empty", number=number, remedy="remove it, or check the quoting")
    if Path(argument).is_file():
        remedy = f"search the peptides in it with --file {argument}"
        raise PeptideError(f"{argument!r} is a file, not a peptide", number=number, remedy=remedy)
    raise PeptideError(_complaint(letters), number=number)


def _of_records(source: Source) -> Iterator[tuple[int, str]]:
    """Sequences of FASTA, each after the line of its header."""
    for records in read_records(source):
        for row, sequence in enumerate(records.sequences.to_pylist()):
            yield records.line(row), sequence


def _one_a_line(source: Source, file: str) -> Iterator[tuple[int, str]]:
    empty = True
    for number, line in enumerate(_lines(source, file), start=1):
        text = line.decode(errors="replace").strip()
        letters = text.removesuffix("*")
        if _RESIDUES.fullmatch(letters):
            empty = False
            yield number, letters.upper()
        elif text:
            raise InputError(_complaint(letters), file=file, line=number, remedy=_EXPECTED)
    if empty:
        raise InputError("no peptide in it", file=file, remedy=_EXPECTED)


def _lines(source: Source, file: str) -> Iterator[bytes]:
    """Lines without their ends, in bounded memory."""
    number = 0
    rest = b""
    while block := source.read(_BLOCK_BYTES):
        *lines, rest = (rest + block).split(b"\n")
        number += len(lines)
        yield from lines
        if len(rest) > _LINE_LIMIT:
            raise InputError(f"a line of more than {_LINE_LIMIT:,} bytes", file=file, line=number + 1, remedy=_EXPECTED)
    yield rest


def _complaint(letters: str) -> str:
    bad = next((letter for letter in letters if not _RESIDUES.fullmatch(letter)), "*")
    return f"{letters[:60]!r} is no peptide: {bad!r} is not a residue letter (A-Z)"
