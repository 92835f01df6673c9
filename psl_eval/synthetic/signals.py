"""Sorting signals to plant: what each kind looks like, where it goes, and what flat files call it.

The grammar follows the reviews below in outline only: it has to be right in kind (where, how long, which
residues), so that a model or an explanation that finds these signals has found what was put there. Signals of
a kind share short cores; around them each family draws its own residues.

References
----------
G. von Heijne, "The signal peptide", J. Membr. Biol. 115 (1990); O. Emanuelsson et al., "Locating proteins in
the cell using TargetP, SignalP and related tools", Nat. Protoc. 2 (2007); A. Lange et al., "Classical nuclear
localization signals", J. Biol. Chem. 282 (2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic._family_kernels import FIXED, PROTECTED

PATTERNS_PER_KIND: Final = 300
CHOICES: Final = 64  # a residue of a pattern is drawn by a number below this
_CORES_PER_KIND: Final = 60


class Pattern(NamedTuple):
    """One signal: the residues to choose from at each place, a letter twice being twice as likely."""

    choices: list[str]
    core: tuple[int, int]  # start and stop (0-based half-open) of what other families share
    fixed: tuple[int, int] = (0, 0)  # start and stop of what never changes


class Kind(NamedTuple):
    """A kind of signal: feature type and note in a flat file, where it goes, and how it is drawn."""

    feature: str
    note: str
    place: str  # "start", "end" or "inside"
    lead: int  # residues before those that the feature covers
    core: tuple[str, ...]  # choices
    around: Callable[[np.random.Generator, list[str]], Pattern]


@dataclass(frozen=True)
class Patterns:
    """Patterns of every kind: number ``kind * PATTERNS_PER_KIND + i`` is the i-th of a kind.

    Attributes
    ----------
    offsets : int64[patterns + 1]
        Where each begins in `choices` and `sites`.
    choices : int64
        Row of `letters` for each place.
    letters : uint8[rows, CHOICES]
        Residues (ASCII) to choose from.
    sites : uint8
        Rate class of each place.
    cores : int64[patterns, 2]
        Start and stop of each core within its signal, half-open.
    """

    offsets: npt.NDArray[np.int64]
    choices: npt.NDArray[np.int64]
    letters: npt.NDArray[np.uint8]
    sites: npt.NDArray[np.uint8]
    cores: npt.NDArray[np.int64]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Residues of each signal."""
        return np.diff(self.offsets)


def draw_patterns(rng: np.random.Generator) -> Patterns:
    """`PATTERNS_PER_KIND` patterns of each of `KINDS`, about a few cores that they share."""
    patterns = []
    for kind in KINDS:
        cores = [[letters[rng.integers(len(letters))] for letters in kind.core] for _ in range(_CORES_PER_KIND)]
        patterns += [kind.around(rng, cores[number % len(cores)]) for number in range(PATTERNS_PER_KIND)]
    places = [letters for pattern in patterns for letters in pattern.choices]
    rows = {letters: row for row, letters in enumerate(sorted(set(places)))}
    sites = []
    for pattern in patterns:
        classes = np.full(len(pattern.choices), PROTECTED, np.uint8)
        classes[slice(*pattern.fixed)] = FIXED
        sites.append(classes)
    return Patterns(
        offsets=np.cumsum([0, *(len(pattern.choices) for pattern in patterns)]),
        choices=np.array([rows[letters] for letters in places]),
        letters=np.array(
            [[ord(row[place * len(row) // CHOICES]) for place in range(CHOICES)] for row in rows], np.uint8
        ),
        sites=np.concatenate(sites),
        cores=np.array([pattern.core for pattern in patterns]),
    )


def _between(head: list[str], core: list[str], tail: list[str]) -> Pattern:
    return Pattern([*head, *core, *tail], (len(head), len(head) + len(core)))


def _signal_peptide(rng: np.random.Generator, core: list[str]) -> Pattern:
    """n-region with a positive charge, h-region, c-region that ends in A-X-A."""
    head = ["M", "KRKRSNTAQ", *["KRSTNAGP"] * int(rng.integers(1, 3))]
    tail = [*["LLLAAVFGIT"] * 5, "AVLTSG", *["SPGTQ"] * int(rng.integers(1, 3)), "A", "LSHQNTEFY", "A"]
    return _between(head, core, tail)


def _mitochondrial_transit(rng: np.random.Generator, core: list[str]) -> Pattern:
    """An amphipathic helix near the start, cleaved after R-X-aromatic-S."""
    tail = [*["LRASRSTGQV"] * int(rng.integers(11, 27)), "R", "AGSCN", "FYL", "SA"]
    return _between(["M", "LLASFV", "LLASFV"], core, tail)


def _plastid_transit(rng: np.random.Generator, core: list[str]) -> Pattern:
    """Rich in serine and threonine, without acids, cleaved within V-R-A-A."""
    tail = [*["SSSSTTTPPAAVLFRKGNQ"] * int(rng.integers(28, 53)), "IV", "RKSV", "A", "A"]
    return _between(["M", "A", "SSATL", "SSATL"], core, tail)


def _nuclear_signal(rng: np.random.Generator, core: list[str]) -> Pattern:
    """One basic cluster, or two with ten residues between them."""
    head = ["K", "R", *["PAATKGQSDE"] * 10] if rng.random() < 0.3 else []
    pattern = _between(head, core, [])
    return pattern._replace(fixed=pattern.core)


def _retention(rng: np.random.Generator, core: list[str]) -> Pattern:
    return Pattern(core, (0, len(core)), (len(core) - 4, len(core)))


def _peroxisomal(rng: np.random.Generator, core: list[str]) -> Pattern:
    return Pattern(core, (0, len(core)), (len(core) - 3, len(core)))


def _helix(rng: np.random.Generator, core: list[str]) -> Pattern:
    return _between(["LVIAFGSTWY"] * 8, core, ["LVIAFGSTYMC"] * 7)


def _anchor(rng: np.random.Generator, core: list[str]) -> Pattern:
    """A short tail with positive charges in the cytoplasm, then the helix."""
    return _between(["M", *["RKSRTPQE"] * 5, "RK", "RK"], core, ["LVIFAGTSYW"] * 14)


def _vacuolar(rng: np.random.Generator, core: list[str]) -> Pattern:
    return Pattern(core, (0, len(core)), (2, 5))


_HYDROPHOBIC: Final = ("LLLLVVIIIAAFFGGT",) * 6
KINDS: Final = (
    Kind("SIGNAL", "", "start", 0, ("LLLLLAAVVFIG",) * 6, _signal_peptide),
    Kind(
        *("TRANSIT", "Mitochondrion", "start", 0),
        ("RRK", "LAF", "LFV", "RSAQ", "RQS", "LAG"),
        _mitochondrial_transit,
    ),
    Kind("TRANSIT", "Chloroplast", "start", 0, ("SSSSTTTAPVLF",) * 6, _plastid_transit),
    Kind(
        *("MOTIF", "Nuclear localization signal", "inside", 0),
        ("PAGSTV", "K", "KR", "KRAPNQSE", "KR", "KR", "VLATPEDSQ"),
        _nuclear_signal,
    ),
    Kind(
        *("MOTIF", "Prevents secretion from ER", "end", 3),
        ("DEKSA", "DEKST", "EDAVQ", "KKH", "D", "E", "L"),
        _retention,
    ),
    Kind(
        *("MOTIF", "Microbody targeting signal", "end", 3),
        ("AVKLNQ", "SRPKLA", "NQSHA", "SSSA", "KKR", "L"),
        _peroxisomal,
    ),
    Kind("TRANSMEM", "Helical", "inside", 0, _HYDROPHOBIC, _helix),
    Kind(
        *("TRANSMEM", "Helical; Signal-anchor for type II membrane protein", "start", 8),
        _HYDROPHOBIC,
        _anchor,
    ),
    Kind(
        *("MOTIF", "Vacuolar targeting signal", "inside", 0),
        ("SRFHT", "SRFHT", "N", "P", "I", "RHK", "LVF"),
        _vacuolar,
    ),
)
SIGNAL, MITOCHONDRIAL, PLASTID, NUCLEAR, RETENTION, PEROXISOMAL, HELIX, ANCHOR, VACUOLAR = range(len(KINDS))
