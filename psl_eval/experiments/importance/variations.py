"""What a pattern is compared with itself by: place, neighbours, number, distance, order, single residues."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, Final, NamedTuple

from psl_eval.experiments.importance.insertion import Change, Insertion, Part
from psl_eval.experiments.importance.patterns import STANDARD, Pattern
from psl_index.errors import UsageError

VARIATIONS: Final = ("position", "flanks", "copies", "spacing", "order", "substitutions")
#: Those that take two patterns.
OF_TWO: Final = ("spacing", "order")

#: From the N-terminus, the middle (0), and from the C-terminus: as an `Insertion` has it.
POSITIONS: Final = (1, 5, 10, 20, 40, 80, 160, 0, -161, -81, -41, -21, -11, -6, -1)
SPACINGS: Final = (0, 1, 2, 5, 10, 20, 40, 80)
COPIES: Final = 5
FLANK: Final = 3
GAP: Final = 10


#: What single residues are held against: those beside a pattern, and those of its own places.
ALONE: Final = "the pattern alone"
AS_IT_IS: Final = "the pattern as it is"


class Comparison(NamedTuple):
    """An insertion, and what it is held against.

    Attributes
    ----------
    about : dict
        What its row of the table says: pattern, second, position, offset, residue, copies, spacing.
    insertion : Insertion
    expected : tuple of Insertion
        The importances of these add up to what is expected of it.
    reference : str
        What they are.
    """

    about: dict[str, Any]
    insertion: Insertion
    expected: tuple[Insertion, ...]
    reference: str


def at_positions(pattern: Pattern, positions: Sequence[int]) -> Iterator[Comparison]:
    """At each place, once, against its own residues in random order there; an anchored motif where it has to."""
    for position in dict.fromkeys(_settled(position, pattern, pattern) for position in positions):
        about = {"pattern": pattern.name, "position": position}
        shuffled = Insertion((Part(pattern, form="shuffled"),), position)
        yield Comparison(about, Insertion((Part(pattern),), position), (shuffled,), "its residues in random order")


def with_flanks(pattern: Pattern, position: int, flank: int) -> Iterator[Comparison]:
    """With each residue at each of `flank` places before and behind it, against those of the background."""
    for place in (*range(-flank, 0), *range(1, flank + 1)):
        behind = place > 0
        offset = place - 1 if behind else place
        yield from _with_residues(pattern, position, offset, behind, place, ALONE)


def with_substitutions(pattern: Pattern, position: int) -> Iterator[Comparison]:
    """With each residue at each of its own places, from 1, against the pattern as it is.

    Raises
    ------
    UsageError
        Its length is drawn.
    """
    if pattern.width is None:
        problem = f"{pattern.name!r} has no length of its own, so its places cannot be named"
        raise UsageError(problem, remedy="give a motif without x(1,3) and the like")
    for offset in range(pattern.width):
        yield from _with_residues(pattern, position, offset, False, offset + 1, AS_IT_IS)


def with_copies(pattern: Pattern, position: int, most: int, gap: int) -> Iterator[Comparison]:
    """One to `most` copies, `gap` residues apart, against the sum of what each does alone where it stands.

    Of a motif or a matrix the copies in one background are the same.
    """
    position = _settled(position, pattern, pattern)
    for copies in range(1, most + 1):
        insertion = Insertion(tuple(Part(pattern, gap if number else 0) for number in range(copies)), position)
        about = {"pattern": pattern.name, "position": position, "copies": copies, "spacing": gap}
        yield Comparison(about, insertion, _each_alone(insertion), "the sum of the copies alone")


def at_spacings(first: Pattern, second: Pattern, position: int, spacings: Sequence[int]) -> Iterator[Comparison]:
    """One before the other, at each distance, against the sum of what each does alone where it stands.

    The difference is their synergy: f(AB) - f(A) - f(B) + f().

    Raises
    ------
    UsageError
        One has to stand where the other is.
    """
    position = _settled(position, first, second)
    for spacing in dict.fromkeys(spacings):
        insertion = Insertion((Part(first), Part(second, spacing)), position)
        about = {"pattern": first.name, "second": second.name, "position": position, "spacing": spacing}
        yield Comparison(about, insertion, _each_alone(insertion), "the sum of the two alone")


def in_both_orders(first: Pattern, second: Pattern, position: int, spacings: Sequence[int]) -> Iterator[Comparison]:
    """One before the other, at each distance, against the two the other way round.

    Where they differ in length the residues of the background between them are others.

    Raises
    ------
    UsageError
        A motif is anchored: it has one place only.
    """
    for pattern in (first, second):
        if pattern.at_start or pattern.at_end:
            raise UsageError(f"{pattern.name!r} has one place only, so no other order", remedy="leave out < and >")
    if position == 1 and not (first.admits_m and second.admits_m):
        position = 2
    for spacing in dict.fromkeys(spacings):
        forth, back = (
            Insertion((Part(before), Part(after, spacing)), position)
            for before, after in ((first, second), (second, first))
        )
        about = {"pattern": first.name, "second": second.name, "position": position, "spacing": spacing}
        yield Comparison(about, forth, (back,), "the two the other way round")


def comparisons(
    vary: str,
    patterns: Sequence[Pattern],
    positions: Sequence[int],
    spacings: Sequence[int],
    copies: int,
    gap: int,
    flank: int,
) -> list[Comparison]:
    """All comparisons of one kind; of `positions` all but ``position`` take the first.

    Raises
    ------
    UsageError
        There is no such kind; there are not as many patterns as it takes, or not such.
    """
    if vary not in VARIATIONS:
        raise UsageError(f"cannot vary {vary!r}", remedy=f"choose one of {', '.join(VARIATIONS)}")
    if not patterns:
        raise UsageError("no pattern to put into backgrounds", remedy="give a motif, a subsequence or a matrix")
    place = positions[0]
    if vary in OF_TWO:
        if len(patterns) != 2:
            raise UsageError(f"{vary} is of two patterns, found {len(patterns):,}", remedy="give two motifs")
        of_two = at_spacings if vary == "spacing" else in_both_orders
        return list(of_two(patterns[0], patterns[1], place, spacings))
    of_one: dict[str, Callable[[Pattern], Iterator[Comparison]]] = {
        "position": lambda pattern: at_positions(pattern, positions),
        "flanks": lambda pattern: with_flanks(pattern, place, flank),
        "copies": lambda pattern: with_copies(pattern, place, copies, gap),
        "substitutions": lambda pattern: with_substitutions(pattern, place),
    }
    return list(chain.from_iterable(of_one[vary](pattern) for pattern in patterns))


def _with_residues(
    pattern: Pattern, position: int, offset: int, behind: bool, place: int, reference: str
) -> Iterator[Comparison]:
    position = _settled(position, pattern, pattern)
    whole = Insertion((Part(pattern),), position)
    for residue, letter in enumerate(STANDARD):
        changed = Insertion(whole.parts, position, Change(offset, residue, behind))
        about = {"pattern": pattern.name, "position": position, "offset": place, "residue": letter}
        yield Comparison(about, changed, (whole,), reference)


def _each_alone(insertion: Insertion) -> tuple[Insertion, ...]:
    """Each part where it stands among the others, without these."""
    parts = insertion.parts
    return tuple(
        Insertion(
            tuple(part._replace(form="whole" if number == kept else "absent") for number, part in enumerate(parts)),
            insertion.position,
        )
        for kept in range(len(parts))
    )


def _settled(position: int, first: Pattern, last: Pattern) -> int:
    """The position, or where anchors put it; 2 for 1 where the first residue cannot be the M in front."""
    if first is not last and (first.at_end or last.at_start):
        raise UsageError(
            f"{first.name!r} cannot stand before {last.name!r}, for one of them has its place at a terminus",
            remedy="give them the other way round, or without < and >",
        )
    if first.at_start and last.at_end:
        raise UsageError(f"{first.name!r} would have to be a whole protein", remedy="leave out < or >")
    placed = 1 if first.at_start else -1 if last.at_end else position
    return 2 if placed == 1 and not first.admits_m else placed
