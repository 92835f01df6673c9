"""Sequences to put patterns into: shuffled proteins, proteins drawn from a profile, and proteins as they are.

The first residue, as a rule the methionine that translation starts with, stays where it is in all of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import numpy as np
import numpy.typing as npt

from psl_index.errors import UsageError
from psl_models.attention import generator_of
from psl_models.encoding import N_TOKENS, TOKENS

Tokens = npt.NDArray[np.uint8]
BackgroundName = Literal["shuffled", "dipeptide", "profile", "proteins"]
BACKGROUNDS: Final = get_args(BackgroundName)

_STANDARD: Final = 20  # tokens of the standard residues, which come first
_ANCHORED: Final = 100  # residues from either end that have a composition of their own in a profile


@dataclass(frozen=True, eq=False)
class Backgrounds:
    """n sequences, each made from a protein.

    Attributes
    ----------
    kind : BackgroundName
    tokens : list of n uint8 arrays of shape (length,)
        As `psl_models.encoding` numbers residues.
    templates : int64 array of shape (n,)
        Number of the protein that each is made from; of copies the first. Backgrounds of one protein are no independent
        evidence.
    first_copies : int64 array of shape (proteins,)
        For each protein that was given the number of the first with its residues.
    """

    kind: BackgroundName
    tokens: list[Tokens]
    templates: npt.NDArray[np.int64]
    first_copies: npt.NDArray[np.int64]

    @property
    def digest(self) -> str:
        """Of all residues, in order; hexadecimal."""
        digest = hashlib.blake2b(digest_size=16)
        for tokens in self.tokens:
            digest.update(len(tokens).to_bytes(8, "little") + tokens.tobytes())
        return digest.hexdigest()

    @property
    def settings(self) -> dict[str, Any]:
        """Their number, the number of proteins that they are made from, and their digest, as JSON holds them."""
        return {"number": len(self.tokens), "proteins": len(np.unique(self.templates)), "digest": self.digest}


def draw_backgrounds(kind: BackgroundName, proteins: Sequence[Tokens], number: int, seed: int) -> Backgrounds:
    """Make backgrounds from proteins, each protein used once before any is used again, and copies as one.

    Parameters
    ----------
    kind : BackgroundName
        ``shuffled``: residues in random order. ``dipeptide``: every pair of neighbours as often as before
        (`dipeptide_shuffled`). ``profile``: of the same lengths, each residue drawn from those that the proteins have
        at this distance from the nearer end (`Profile`). ``proteins``: the proteins themselves, each at most once.
    proteins : sequence of uint8 arrays
        At least one.
    number : int
        Of backgrounds; of ``proteins`` as many as there are different ones, at most.
    seed : int

    Raises
    ------
    UsageError
        There is no such kind, or no protein.
    """
    if kind not in BACKGROUNDS:
        raise UsageError(f"unknown background {kind!r}", remedy=f"choose one of {', '.join(BACKGROUNDS)}")
    if not proteins:
        raise UsageError("backgrounds are made from proteins, but there is none")
    first_copies = _first_copies(proteins)
    distinct = np.unique(first_copies)
    order = distinct[np.random.default_rng(seed).permutation(len(distinct))]
    if kind == "proteins":
        templates = order[:number]
        return Backgrounds(kind, [proteins[template] for template in templates], templates, first_copies)
    templates = np.resize(order, number)
    rounds = np.arange(number) // len(distinct)
    profile = Profile([proteins[template] for template in distinct])
    tokens = []
    for template, turn in zip(templates.tolist(), rounds.tolist(), strict=True):
        protein = proteins[template]
        rng = generator_of(protein.tobytes(), seed, turn)
        if kind == "profile":
            tokens.append(profile.draw(len(protein), rng))
        else:
            tokens.append((shuffled if kind == "shuffled" else dipeptide_shuffled)(protein, rng))
    return Backgrounds(kind, tokens, templates, first_copies)


def shuffled(tokens: Tokens, rng: np.random.Generator) -> Tokens:
    """The first residue, and the others in random order."""
    return np.concatenate([tokens[:1], rng.permutation(tokens[1:])])


def dipeptide_shuffled(tokens: Tokens, rng: np.random.Generator) -> Tokens:
    """One of all sequences with the same pairs of neighbours, each as often; all are equally likely.

    The first and the last residue stay, as they must.

    Notes
    -----
    A sequence is a walk along its pairs, and every walk that uses each of them once has the same pairs. The steps that
    leave each residue for the last time make a tree towards the last residue; such a tree is drawn evenly, and the
    other steps come in random order (Altschul and Erickson 1985, Mol. Biol. Evol. 2, 526). The tree is drawn by
    random walks without their loops (Wilson 1996, STOC, 296), as in uShuffle (Jiang et al. 2008, BMC Bioinformatics 9,
    192), and not tree by tree until one fits, which takes for ever where residues repeat.
    """
    if len(tokens) < 3:
        return tokens.copy()
    here, there = tokens[:-1], tokens[1:]
    steps = [there[here == residue] for residue in range(N_TOKENS)]
    last = _last_steps(steps, int(tokens[-1]), rng)
    ordered = []
    for residue, following in enumerate(steps):
        if residue in last:
            others = rng.permutation(np.delete(following, last[residue]))
            ordered.append(iter([*others.tolist(), int(following[last[residue]])]))
        else:
            ordered.append(iter(rng.permutation(following).tolist()))
    residue = int(tokens[0])
    walk = [residue]
    for _ in here:
        residue = next(ordered[residue])
        walk.append(residue)
    return np.array(walk, np.uint8)


class Profile:
    """What residues proteins have at each distance from either end.

    The first 100 residues and the last 100 have a composition each, in the half of the protein that is nearer to that
    end; all others share one. The first residue is M. Residues outside the 20 standard ones do not count.
    """

    def __init__(self, proteins: Sequence[Tokens]) -> None:
        counts = np.zeros((2 * _ANCHORED + 1, _STANDARD))
        for tokens in proteins:
            rows = _rows_of_profile(len(tokens))
            standard = tokens < _STANDARD
            np.add.at(counts, (rows[standard], tokens[standard]), 1)
        counts[0] = np.eye(_STANDARD)[TOKENS.index("M")]
        totals = counts.sum(axis=1, keepdims=True)
        overall = counts.sum(axis=0) / totals.sum()
        shares = np.divide(counts, totals, out=np.tile(overall, (len(counts), 1)), where=totals > 0)
        self._cumulative = shares.cumsum(axis=1)

    def draw(self, length: int, rng: np.random.Generator) -> Tokens:
        """A sequence of a length, each residue drawn by itself."""
        cumulative = self._cumulative[_rows_of_profile(length)]
        drawn: Tokens = (cumulative <= rng.random(length)[:, np.newaxis] * cumulative[:, -1:]).sum(
            axis=1, dtype=np.uint8
        )
        return drawn


def _first_copies(proteins: Sequence[Tokens]) -> npt.NDArray[np.int64]:
    first: dict[bytes, int] = {}
    return np.array([first.setdefault(tokens.tobytes(), number) for number, tokens in enumerate(proteins)], np.int64)


def _last_steps(steps: Sequence[Tokens], end: int, rng: np.random.Generator) -> dict[int, int]:
    """For each residue that is left, but `end`, which of its `steps` is the last: together they lead to `end`."""
    taken: dict[int, int] = {}
    done = {end}
    for start, following in enumerate(steps):
        if not len(following):
            continue
        residue = start
        while residue not in done:
            taken[residue] = int(rng.integers(len(steps[residue])))  # a loop is left by overwriting it
            residue = int(steps[residue][taken[residue]])
        residue = start
        while residue not in done:
            done.add(residue)
            residue = int(steps[residue][taken[residue]])
    return taken


def _rows_of_profile(length: int) -> npt.NDArray[np.int64]:
    """Row of the profile for each residue: by the distance from the nearer end, and the last for those far from both.

    int64 of shape (length,).
    """
    place = np.arange(length)
    from_end = length - 1 - place
    near_start = place <= from_end
    rows = np.where(near_start, place, _ANCHORED + from_end)
    rows[np.minimum(place, from_end) >= _ANCHORED] = 2 * _ANCHORED
    return rows
