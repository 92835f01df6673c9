"""A proteome that is made up: families of related proteins with planted sorting signals.

Every block has its own seed, derived from the proteome's, so that the same seed gives the same proteins on
any machine, and memory does not depend on how many there are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic import _family_kernels as kernels
from psl_eval.synthetic.composition import RARE, family_compositions, substitutes
from psl_eval.synthetic.locations import RESIDENCES, WITHOUT_SIGNAL
from psl_eval.synthetic.model import Model, change_thresholds, divergences, family_lengths, family_sizes
from psl_eval.synthetic.repeats import lay_runs, lay_tandem_repeats
from psl_eval.synthetic.signals import CHOICES, PATTERNS_PER_KIND, Patterns, draw_patterns
from psl_eval.synthetic.sites import SignalSites, place_signals

BLOCK_RESIDUES: Final = 1 << 20
_COMPOSITIONS: Final = 64
_INDELS_PER_CHANGE: Final = 0.05
_FAMILIES_AT_A_TIME: Final = 256
_MARGIN: Final = 1.1  # deletions make members shorter than planned
_SHARED: Final = (0,)  # spawn keys of the seed: what all blocks share, and each block
_OF_BLOCK: Final = 1


@dataclass(frozen=True)
class Block:
    """Some thousand proteins in a row, n of them, with m planted signals.

    Attributes
    ----------
    first : int
        Number of the first protein in the proteome, from 0.
    residues : uint8[r]
        All sequences, one after another (ASCII).
    offsets : int64[n + 1]
        Where each begins in `residues`.
    family : int64[n]
        Number of the family, from 0 in the proteome; members stand together.
    member : int64[n]
        Number within the family, from 0.
    residence : int64[n]
        Where it lives: number in `locations.RESIDENCES`.
    annotated : bool[n]
        Whether a flat file states the location.
    signal_protein : int64[m]
        Number of the protein within the block, ascending.
    signal_kind : int64[m]
        Number in `signals.KINDS`.
    signal_spans : int64[m, 2]
        First and last residue of the signal, 1-based inclusive.
    core_spans : int64[m, 2]
        The part that it shares with signals of other families, 1-based inclusive.
    """

    first: int
    residues: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    family: npt.NDArray[np.int64]
    member: npt.NDArray[np.int64]
    residence: npt.NDArray[np.int64]
    annotated: npt.NDArray[np.bool_]
    signal_protein: npt.NDArray[np.int64]
    signal_kind: npt.NDArray[np.int64]
    signal_spans: npt.NDArray[np.int64]
    core_spans: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return self.offsets.size - 1

    def sequence(self, protein: int) -> str:
        """Residues of protein number `protein` of the block."""
        start, stop = self.offsets[protein : protein + 2]
        return self.residues[start:stop].tobytes().decode("ascii")

    def signals_by_protein(self) -> list[list[tuple[int, int, int]]]:
        """Kind, first and last residue (1-based inclusive) of the signals of each protein."""
        found: list[list[tuple[int, int, int]]] = [[] for _ in range(len(self))]
        columns = (self.signal_protein, self.signal_kind, self.signal_spans[:, 0], self.signal_spans[:, 1])
        for protein, *signal in zip(*(column.tolist() for column in columns), strict=True):
            found[protein].append(tuple(signal))
        return found


def proteome(residues: int, seed: int, model: Model | None = None) -> Iterator[Block]:
    """Blocks of proteins until there are at least `residues` residues; the last protein goes past that.

    Parameters
    ----------
    residues : int
        At least 1.
    seed : int
        Not negative. The same seed, size and model give the same proteins.
    model : Model, optional
    """
    model = model or Model()
    shared = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=_SHARED))
    maker = _BlockMaker(
        model,
        draw_patterns(shared),
        family_compositions(shared, _COMPOSITIONS, model.composition_spread),
        substitutes(),
    )
    number = made = proteins = families = 0
    while made < residues:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_OF_BLOCK, number)))
        block = maker.block(rng, min(BLOCK_RESIDUES, residues - made), proteins, families)
        yield block
        number += 1
        made += block.residues.size
        proteins += len(block)
        families = int(block.family[-1]) + 1


@dataclass(frozen=True)
class _Ancestors:
    """Ancestors of f families, one after another."""

    starts: npt.NDArray[np.int64]  # (f + 1,)
    letters: npt.NDArray[np.uint8]
    sites: npt.NDArray[np.uint8]  # rate classes
    signals: SignalSites


@dataclass(frozen=True)
class _BlockMaker:
    """What the blocks of one proteome share."""

    model: Model
    patterns: Patterns
    compositions: npt.NDArray[np.uint8]
    substitutes: npt.NDArray[np.uint8]

    def block(self, rng: np.random.Generator, residues: int, first: int, first_family: int) -> Block:
        """Families of at least `residues` residues in all, cut after the protein that reaches them."""
        sizes, lengths = self._families(rng, residues)
        residences = _choose(rng, [residence.weight for residence in RESIDENCES], sizes.size)
        ancestors = self._ancestors(rng, residences, lengths)
        first_members = _bounds(sizes)
        family = np.repeat(np.arange(sizes.size), sizes)
        member = np.arange(family.size) - first_members[family]
        parents = first_members[family] + (rng.random(family.size) * member).astype(np.int64)
        losing = (rng.random(family.size) < self.model.moved_share) & (member > 0)
        letters, sites, offsets, places = self._members(rng, ancestors, sizes, parents, losing)
        lost = _inherited(losing, parents)

        count = min(int(np.searchsorted(offsets, residues)), family.size)
        made = int(offsets[count])
        _set_rare_letters(rng, letters[:made], sites[:made])
        protein, signal = _signals_of_members(family, ancestors.signals.first)
        kept = ~lost[protein] & (protein < count)
        protein, signal, places = protein[kept], signal[kept], places[kept] + 1
        pattern = ancestors.signals.patterns[signal]
        cores = self.patterns.cores[pattern]
        annotated = rng.random(sizes.size) < self.model.annotated_share
        return Block(
            first=first,
            residues=letters[:made].copy(),
            offsets=offsets[: count + 1],
            family=first_family + family[:count],
            member=member[:count],
            residence=np.where(lost, WITHOUT_SIGNAL, residences[family])[:count],
            annotated=annotated[family[:count]],
            signal_protein=protein,
            signal_kind=pattern // PATTERNS_PER_KIND,
            signal_spans=np.stack([places, places + self.patterns.lengths[pattern] - 1], axis=1),
            core_spans=np.stack([places + cores[:, 0], places + cores[:, 1] - 1], axis=1),
        )

    def _families(self, rng: np.random.Generator, residues: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Sizes and lengths of so many families that they reach `residues`."""
        sizes: list[npt.NDArray[np.int64]] = []
        lengths: list[npt.NDArray[np.int64]] = []
        planned = 0
        while planned < residues * _MARGIN:
            sizes.append(family_sizes(self.model, rng, _FAMILIES_AT_A_TIME))
            lengths.append(family_lengths(rng, _FAMILIES_AT_A_TIME))
            planned += int((sizes[-1] * lengths[-1]).sum())
        reached = np.cumsum(np.concatenate(sizes) * np.concatenate(lengths))
        enough = int(np.searchsorted(reached, residues * _MARGIN)) + 1
        return np.concatenate(sizes)[:enough], np.concatenate(lengths)[:enough]

    def _ancestors(
        self, rng: np.random.Generator, residences: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> _Ancestors:
        signals, lengths = place_signals(rng, residences, lengths, self.patterns)
        starts = _bounds(lengths)
        draws = rng.integers(0, 1 << 16, starts[-1], np.uint16)
        letters, sites = np.empty((2, starts[-1]), np.uint8)
        composition = rng.integers(0, len(self.compositions), lengths.size)
        kernels.lay_ancestors(starts, self.compositions, composition, draws, letters, sites)
        lay_runs(rng, self.model.runs, starts, letters)
        lay_tandem_repeats(rng, self.model.tandem_repeats, starts, letters)
        letters[starts[:-1]] = ord("M")
        family = np.repeat(np.arange(lengths.size), np.diff(signals.first))
        kernels.plant(
            starts[family] + signals.starts,
            signals.patterns,
            self.patterns.offsets,
            self.patterns.choices,
            self.patterns.letters,
            self.patterns.sites,
            rng.integers(0, CHOICES, starts[-1], np.uint8),
            letters,
            sites,
        )
        return _Ancestors(starts, letters, sites, signals)

    def _members(
        self,
        rng: np.random.Generator,
        ancestors: _Ancestors,
        sizes: npt.NDArray[np.int64],
        parents: npt.NDArray[np.int64],
        losing: npt.NDArray[np.bool_],
    ) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Letters, rate classes and bounds of all members, and the first residue of each signal from 0."""
        divergence = divergences(self.model, rng, parents.size)
        lengths = np.diff(ancestors.starts)
        letters, sites = np.empty((2, int((sizes * (lengths + lengths // 4)).sum())), np.uint8)
        offsets = np.zeros(parents.size + 1, np.int64)
        places = np.empty(int((sizes * np.diff(ancestors.signals.first)).sum()), np.int64)
        kernels.grow(
            ancestors.starts,
            ancestors.letters,
            ancestors.sites,
            _bounds(sizes),
            parents,
            change_thresholds(self.model, divergence),
            np.asarray(divergence * _INDELS_PER_CHANGE * 65535, np.uint16),
            losing,
            self.substitutes,
            rng.integers(0, 1 << 32, 1 << int(letters.size).bit_length(), np.uint32),
            ancestors.signals.first,
            ancestors.signals.starts,
            letters,
            sites,
            offsets,
            places,
        )
        return letters, sites, offsets, places


def _bounds(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Where stretches of these lengths begin when laid end to end, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(lengths)])


def _choose(rng: np.random.Generator, weights: list[float], count: int) -> npt.NDArray[np.int64]:
    return rng.choice(len(weights), count, p=np.array(weights) / sum(weights))


def _inherited(losing: npt.NDArray[np.bool_], parents: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Whether each member or any it derives from is `losing`."""
    lost = losing.copy()
    while not np.array_equal(further := lost | lost[parents], lost):
        lost = further
    return lost


def _signals_of_members(
    family: npt.NDArray[np.int64], first_signals: npt.NDArray[np.int64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Number of the member and of its family's signal, for every signal of every member."""
    counts = np.diff(first_signals)[family]
    protein = np.repeat(np.arange(family.size), counts)
    within = np.arange(protein.size) - np.repeat(_bounds(counts)[:-1], counts)
    return protein, first_signals[family[protein]] + within


def _set_rare_letters(rng: np.random.Generator, letters: npt.NDArray[np.uint8], sites: npt.NDArray[np.uint8]) -> None:
    """Put U, X, B, Z and O in, as often as Swiss-Prot has them, but not into signals."""
    for letter, share in RARE.items():
        places = rng.integers(0, letters.size, rng.poisson(share * letters.size))
        letters[places[sites[places] < kernels.PROTECTED]] = ord(letter)
