"""Patterns written over the residues of backgrounds, whose lengths stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from psl_eval.experiments.importance.backgrounds import Tokens
from psl_eval.experiments.importance.patterns import Drawn, Pattern
from psl_models.attention import generator_of

Form = Literal["whole", "shuffled", "absent"]

_DRAWN, _SHUFFLED = 1, 2  # beside the seed: what a random number is for


class Part(NamedTuple):
    """A pattern of an insertion.

    Attributes
    ----------
    pattern : Pattern
    gap : int
        Residues of the background between it and the part before.
    form : Form
        As it is; its residues in random order; or only the room that it takes, with the background as it was.
    """

    pattern: Pattern
    gap: int = 0
    form: Form = "whole"


class Change(NamedTuple):
    """A residue that is written last.

    Attributes
    ----------
    offset : int
        From the first residue of the insertion, which is 0; with `behind` from the residue behind its last.
    residue : int
        Its token.
    behind : bool
    """

    offset: int
    residue: int
    behind: bool = False


@dataclass(frozen=True)
class Insertion:
    """What is written into each background, and where.

    Attributes
    ----------
    parts : tuple of Part
        From the N-terminus on; none: the background itself.
    position : int
        Residue that the first part starts with, from 1; below 0 the residue that the last part ends with, where -1 is
        the last of the background; 0 for the middle. A part that may begin with M can start at 1, and the M of the
        background is its first residue; at 1 any other stands behind it.
    change : Change or None
    """

    parts: tuple[Part, ...] = ()
    position: int = 0
    change: Change | None = None

    @property
    def terms(self) -> list[Any]:
        """What decides what is written, as JSON holds it."""
        parts = [[part.pattern.terms, part.gap, part.form] for part in self.parts]
        return [parts, self.position, None if self.change is None else list(self.change)]

    def into(self, background: Tokens, seed: int) -> Tokens | None:
        """The background with all parts; None where it is too short for them, or the M in front would be lost.

        What is random comes from the seed, the residues of the background and the pattern: it is drawn alike for all
        insertions into the background, and independently of other patterns.
        """
        drawn = [_drawn(part.pattern, background, seed) for part in self.parts]
        width = sum(part.gap + len(each.tokens) for part, each in zip(self.parts, drawn, strict=True))
        first = 0 if drawn and drawn[0].admits_m else 1
        start = self._start(len(background), width, first)
        end = start + width
        if drawn and not first <= start <= end <= len(background):
            return None
        written = background.copy()
        place = start
        for part, each in zip(self.parts, drawn, strict=True):
            place += part.gap
            if part.form != "absent":
                _write(_in_form(part, each, background, seed, begins=place == 0), written, place)
            place += len(each.tokens)
        if self.change is not None:
            place = (end if self.change.behind else start) + self.change.offset
            if not 1 <= place < len(background):
                return None
            written[place] = self.change.residue
        return written

    def _start(self, length: int, width: int, first: int) -> int:
        if self.position < 0:
            return length + 1 + self.position - width
        if self.position == 0:
            return (length - width) // 2
        return max(first, self.position - 1)


def variants(insertion: Insertion, backgrounds: Sequence[Tokens], seed: int) -> tuple[list[int], list[Tokens]]:
    """Numbers of the backgrounds that have room for an insertion, and what they are with it."""
    written = [(number, insertion.into(background, seed)) for number, background in enumerate(backgrounds)]
    having = [(number, tokens) for number, tokens in written if tokens is not None]
    return [number for number, _ in having], [tokens for _, tokens in having]


def _drawn(pattern: Pattern, background: Tokens, seed: int) -> Drawn:
    return pattern.draw(generator_of(background.tobytes(), seed, int(pattern.digest, 16), _DRAWN))


def _in_form(part: Part, drawn: Drawn, background: Tokens, seed: int, *, begins: bool) -> Drawn:
    """A pattern as it is written; `begins` where the background does. What is M for either reason stays in front."""
    if begins:
        drawn = drawn.at_the_first_residue()
    if part.form != "shuffled":
        return drawn
    rng = generator_of(background.tobytes(), seed, int(part.pattern.digest, 16), _SHUFFLED)
    return drawn.shuffled(rng, from_second=begins or part.pattern.begins_with_m)


def _write(drawn: Drawn, written: Tokens, place: int) -> None:
    window = written[place : place + len(drawn.tokens)]
    for offset, (token, kept) in enumerate(zip(drawn.tokens.tolist(), drawn.kept, strict=True)):
        if not kept[window[offset]]:
            window[offset] = token
