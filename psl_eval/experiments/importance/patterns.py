"""What is put into backgrounds: subsequences, motifs in PROSITE's language, and matrices of residues' shares."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from psl_eval.experiments.parts import digest_of
from psl_index.errors import UsageError
from psl_models.encoding import PAD, TOKENS, encode

#: The standard residues, in the order of their tokens.
STANDARD: Final = TOKENS[:20]

_LONGEST: Final = 1000  # residues of a pattern
_ELEMENT: Final = re.compile(
    r"(?:(?P<one>[A-Zx])|\[(?P<some>[A-Z]+)\]|\{(?P<not>[A-Z]+)\})(?:\((?P<least>\d{1,4})(?:,(?P<most>\d{1,4}))?\))?"
)
_M: Final = TOKENS.index("M")


class Element(NamedTuple):
    """One place of a pattern, repeated.

    Attributes
    ----------
    shares : tuple of float
        How often each token stands there: 24, which add up to 1.
    keeps : bool
        Whether a residue of the background stays, where the pattern admits it.
    least, most : int
        Repeats, inclusive; each number is as likely.
    """

    shares: tuple[float, ...]
    keeps: bool = False
    least: int = 1
    most: int = 1


class Drawn(NamedTuple):
    """A pattern as it goes into one background."""

    tokens: npt.NDArray[np.uint8]  # (width,)
    kept: npt.NDArray[np.bool_]  # (width, 24): the tokens of the background that stay
    admitted: npt.NDArray[np.bool_]  # (width, 24): those that the pattern admits there

    @property
    def admits_m(self) -> bool:
        """Whether it can stand where a protein begins."""
        return bool(self.admitted[0, _M])

    def at_the_first_residue(self) -> Drawn:
        """The same where a protein begins: its first residue stays where it is admitted, and becomes M elsewhere."""
        tokens, kept = self.tokens.copy(), self.kept.copy()
        tokens[0], kept[0] = _M, self.admitted[0]
        return self._replace(tokens=tokens, kept=kept)

    def shuffled(self, rng: np.random.Generator, *, from_second: bool) -> Drawn:
        """The same residues in random order, with `from_second` all but the first."""
        fixed = int(from_second)
        order = np.concatenate([np.arange(fixed), fixed + rng.permutation(len(self.tokens) - fixed)])
        return Drawn(*(each[order] for each in self))


@dataclass(frozen=True)
class Pattern:
    """Something to put into a sequence.

    Attributes
    ----------
    name : str
        As tables show it.
    elements : tuple of Element
    at_start, at_end : bool
        Whether it stands at the N-terminus, at the C-terminus, and nowhere else.
    """

    name: str
    elements: tuple[Element, ...]
    at_start: bool = False
    at_end: bool = False

    @property
    def begins_with_m(self) -> bool:
        """Whether its first residue is M, whatever is drawn."""
        return self.elements[0].shares[_M] == 1.0 and self.elements[0].least > 0

    @property
    def admits_m(self) -> bool:
        """Whether its first residue may be M: it can then stand where a protein begins."""
        return self.elements[0].shares[_M] > 0

    @property
    def width(self) -> int | None:
        """Residues that it has, None where that is drawn."""
        if any(element.least != element.most for element in self.elements):
            return None
        return sum(element.least for element in self.elements)

    @property
    def terms(self) -> list[Any]:
        """What decides which residues it has, as JSON holds it."""
        return [list(element) for element in self.elements]

    @cached_property
    def digest(self) -> str:
        """Of `terms`; hexadecimal."""
        return digest_of({"elements": self.terms})

    def draw(self, rng: np.random.Generator) -> Drawn:
        """One of what the pattern stands for."""
        cumulative, kept, admitted, least, most = self._table
        places = np.repeat(np.arange(len(least)), rng.integers(least, most, endpoint=True))
        tokens = (cumulative[places] <= rng.random(len(places))[:, np.newaxis]).sum(axis=1)
        return Drawn(tokens.astype(np.uint8), kept[places], admitted[places])

    @cached_property
    def _table(self) -> tuple[npt.NDArray[Any], ...]:
        shares = np.array([element.shares for element in self.elements])
        cumulative = shares.cumsum(axis=1)
        # Whatever rounding has left of the sum, nothing beyond the last token with a share is drawn.
        cumulative[np.flip(np.flip(shares, 1).cumsum(axis=1), 1) == shares] = 1.0
        keeps = np.array([element.keeps for element in self.elements])
        least, most = (np.array([getattr(each, name) for each in self.elements]) for name in ("least", "most"))
        admitted = shares > 0
        return cumulative, keeps[:, np.newaxis] & admitted, admitted, least, most


def subsequence(residues: str, name: str | None = None) -> Pattern:
    """The pattern of exactly these residues, at least one."""
    return Pattern(name or residues, tuple(Element(_even([token])) for token in encode(residues).tolist()))


def motif(text: str, name: str | None = None) -> Pattern:
    """The pattern that a motif in PROSITE's language stands for.

    Elements are joined by ``-``: a residue, ``[KR]`` any of several, ``{P}`` any but these, ``x`` any at all; each
    repeated, ``(2)`` times or ``(1,3)``. ``<`` before the first stands for the N-terminus, ``>`` behind the last for
    the C-terminus. Of ``[KR]`` each is drawn as often. For ``x`` the residue of the background stays, for ``{P}`` too,
    but where that is P: there one of the others is drawn.

    Raises
    ------
    UsageError
        It says something else, or has a letter that is none of the 20 standard residues.

    References
    ----------
    PROSITE user manual, https://prosite.expasy.org/prosuser.html
    """
    body = text.strip().removesuffix(".")
    at_start, at_end = body.startswith("<"), body.endswith(">")
    elements = [_element(part, text) for part in body.removeprefix("<").removesuffix(">").split("-")]
    pattern = Pattern(name or text.strip(), tuple(elements), at_start, at_end)
    longest, shortest = (sum(getattr(each, end) for each in elements) for end in ("most", "least"))
    if not shortest or longest > _LONGEST:
        _refuse(text, f"it can have {longest if shortest else 0:,} residues", f"give it 1 to {_LONGEST:,}")
    return pattern


def matrix(name: str, rows: Sequence[Mapping[str, float]]) -> Pattern:
    """The pattern whose residues are drawn place by place, each as often as its row says (shares, or counts).

    Raises
    ------
    UsageError
        There is no row, or too many; a row has another letter than the 20 standard residues, a number that is negative
        or not finite (as their sum), or none above 0.
    """
    if not 0 < len(rows) <= _LONGEST:
        raise UsageError(f"matrix {name!r} has {len(rows):,} rows", remedy=f"give it 1 to {_LONGEST:,}")
    elements = []
    for number, row in enumerate(rows, 1):
        shares = np.zeros(PAD)
        for letter, share in row.items():
            if len(letter) != 1 or letter not in STANDARD:
                raise UsageError(f"matrix {name!r} has the letter {letter!r}", remedy=f"use {STANDARD}")
            shares[TOKENS.index(letter)] = share
        with np.errstate(over="ignore"):
            total = shares.sum()
        if not np.isfinite(total) or (shares < 0).any() or not total:
            raise UsageError(f"row {number} of matrix {name!r} has no shares, expected numbers of at least 0")
        elements.append(Element(tuple((shares / total).tolist())))
    return Pattern(name, tuple(elements))


def _element(part: str, text: str) -> Element:
    matched = _ELEMENT.fullmatch(part.strip())
    if matched is None:
        _refuse(text, f"{part.strip()!r} is none of its elements", "join elements by -, as in K-[KR]-x(1,2)-{P}")
    letters = matched["one"] or matched["some"] or matched["not"]
    least = int(matched["least"] or 1)
    most = int(matched["most"] or least)
    if least > most:
        _refuse(text, f"{part.strip()!r} has fewer repeats at most than at least", "write (1,3)")
    if letters == "x":
        return Element(_even(range(PAD)), True, least, most)
    for letter in letters:
        if letter not in STANDARD:
            _refuse(text, f"{letter!r} is none of the 20 standard residues", "write x for any residue")
    chosen = [TOKENS.index(letter) for letter in letters]
    if matched["not"] is None:
        return Element(_even(chosen), False, least, most)
    others = sorted(set(range(len(STANDARD))) - set(chosen))
    if not others:
        _refuse(text, f"{part.strip()!r} admits no residue", "leave one")
    return Element(_even(others), True, least, most)


def _refuse(text: str, problem: str, remedy: str) -> NoReturn:
    raise UsageError(f"no motif {text!r}: {problem}", remedy=remedy)


def _even(tokens: Sequence[int] | range) -> tuple[float, ...]:
    shares = np.zeros(PAD)
    shares[list(set(tokens))] = 1 / len(set(tokens))
    return tuple(shares.tolist())
