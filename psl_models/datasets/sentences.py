"""Plain sequences, one a line, as the published study keeps its proteins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from psl_index.errors import InputError
from psl_index.opening import Source
from psl_index.skipped import Skipped
from psl_index.tables import checked_residues, read_lines
from psl_models.datasets.proteins import Protein


def looks_like_a_sentence(line: bytes) -> bool:
    """Whether the first line that is not blank holds nothing but a sequence."""
    return line.removesuffix(b"*").isalpha()


def read_sentences(source: Source, skipped: Skipped | None) -> Iterator[Protein]:
    """The sequences in order, each named by its number from 0; a bad line that is passed over keeps its number.

    Raises
    ------
    InputError
        With the line: it is empty, with others after it, or holds something else than letters.
    """
    for number, text in numbered_lines(source, _REMEDY):
        name = str(number - 1)
        try:
            sequence = checked_residues(text, f"sequence {name}", source.name, number)
        except InputError as error:
            if skipped is None:
                raise
            skipped.add(error)
            continue
        yield Protein(name, name, sequence, (), number)


def numbered_lines(source: Source, remedy: str) -> Iterator[tuple[int, str]]:
    """Number (from 1) and text of each line, where a line's number tells what it belongs to.

    Raises
    ------
    InputError
        A line is empty, with others after it.
    """
    for expected, (number, text) in enumerate(read_lines(source), start=1):
        if number != expected:
            raise InputError(
                "an empty line among lines that are counted", file=source.name, line=expected, remedy=remedy
            )
        yield number, text.strip()


_REMEDY: Final = "remove it, or use FASTA"
