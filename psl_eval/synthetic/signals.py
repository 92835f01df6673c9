"""Sorting signals to plant: what each kind looks like, where it goes, and the feature that flat files call it.

The grammar follows the reviews below in outline only: it has to be right in kind (where, how long, which residues),
so that a model or an explanation that finds these signals has found what was put there.

References
----------
G. von Heijne, "The signal peptide", J. Membr. Biol. 115 (1990); O. Emanuelsson et al., "Locating proteins in the cell
using TargetP, SignalP and related tools", Nat. Protoc. 2 (2007); A. Lange et al., "Classical nuclear localization
signals", J. Biol. Chem. 282 (2007).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic._family_kernels import FIXED, PROTECTED

TEMPLATES_PER_KIND: Final = 300
_CORES_PER_KIND: Final = 60
LONGEST: Final = 80  # residues of a signal at most


class Signal(NamedTuple):
    """One signal as residues: `core` (start, stop; 0-based half-open) is what proteins of other families share."""

    residues: str
    core: tuple[int, int]
    fixed: tuple[int, int] = (0, 0)  # residues that never change


class Kind(NamedTuple):
    """A kind of signal: feature type and note in a flat file, where it goes, and how one is drawn."""

    feature: str
    note: str
    place: str  # "start", "end" or "inside"
    draw: Callable[[np.random.Generator, str], Signal]
    draw_core: Callable[[np.random.Generator], str]


@dataclass(frozen=True)
class Templates:
    """Drawn signals of every kind: number ``kind * TEMPLATES_PER_KIND + i`` is the i-th of a kind.

    Attributes
    ----------
    offsets : int64[templates + 1]
        Where each begins in `letters` and `sites`.
    letters, sites : uint8
        Residues (ASCII) and rate classes.
    cores : int64[templates, 2]
        Start and stop of each core within its signal, half-open.
    """

    offsets: npt.NDArray[np.int64]
    letters: npt.NDArray[np.uint8]
    sites: npt.NDArray[np.uint8]
    cores: npt.NDArray[np.int64]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Residues of each signal."""
        return np.diff(self.offsets)


def draw_templates(rng: np.random.Generator) -> Templates:
    """`TEMPLATES_PER_KIND` signals of each of `KINDS`, about a few cores that all families share."""
    signals = []
    for kind in KINDS:
        cores = [kind.draw_core(rng) for _ in range(_CORES_PER_KIND)]
        signals += [kind.draw(rng, cores[number % len(cores)]) for number in range(TEMPLATES_PER_KIND)]
    sites = []
    for signal in signals:
        classes = np.full(len(signal.residues), PROTECTED, np.uint8)
        classes[slice(*signal.fixed)] = FIXED
        sites.append(classes)
    return Templates(
        np.cumsum([0, *(len(signal.residues) for signal in signals)]),
        np.frombuffer("".join(signal.residues for signal in signals).encode(), np.uint8),
        np.concatenate(sites),
        np.array([signal.core for signal in signals]),
    )


def _letters(rng: np.random.Generator, letters: str, count: int) -> str:
    """`count` residues; a letter named twice is twice as likely."""
    return "".join(letters[index] for index in rng.integers(0, len(letters), count))


def _hydrophobic_core(rng: np.random.Generator) -> str:
    return _letters(rng, "LLLLLAAVVFIG", 6)


def _signal_peptide(rng: np.random.Generator, core: str) -> Signal:
    """n-region with a positive charge, h-region, c-region that ends in A-X-A."""
    head = "M" + _letters(rng, "KRKRSNTAQ", 1) + _letters(rng, "KRSTNAGP", int(rng.integers(1, 3)))
    tail = _letters(rng, "LLLAAVFGIT", 5) + _letters(rng, "AVLTSG", 1) + _letters(rng, "SPGTQ", int(rng.integers(1, 3)))
    tail += "A" + _letters(rng, "LSHQNTEFY", 1) + "A"
    return Signal(head + core + tail, (len(head), len(head) + len(core)))


def _amphipathic_core(rng: np.random.Generator) -> str:
    """A turn and a half of a helix with one face of arginines and one of leucines."""
    return "".join(_letters(rng, letters, 1) for letters in ("RRK", "LAF", "LFV", "RSAQ", "RQS", "LAG"))


def _mitochondrial_transit(rng: np.random.Generator, core: str) -> Signal:
    head = "M" + _letters(rng, "LLASFV", 2)
    tail = _letters(rng, "LRASRSTGQV", int(rng.integers(11, 27))) + "R" + _letters(rng, "AGSCN", 1)
    tail += _letters(rng, "FYL", 1) + _letters(rng, "SA", 1)
    return Signal(head + core + tail, (len(head), len(head) + len(core)))


def _plastid_core(rng: np.random.Generator) -> str:
    return _letters(rng, "SSSSTTTAPVLF", 6)


def _plastid_transit(rng: np.random.Generator, core: str) -> Signal:
    head = "MA" + _letters(rng, "SSATL", 2)
    tail = _letters(rng, "SSSSTTTPPAAVLFRKGNQ", int(rng.integers(28, 53)))
    tail += _letters(rng, "IV", 1) + _letters(rng, "RKSV", 1) + "AA"
    return Signal(head + core + tail, (len(head), len(head) + len(core)))


def _basic_core(rng: np.random.Generator) -> str:
    return _letters(rng, "PPAG", 1) + "K" + _letters(rng, "KKR", 3) + "K" + _letters(rng, "VLATP", 1)


def _nuclear_signal(rng: np.random.Generator, core: str) -> Signal:
    """One basic cluster, or two with ten residues between them."""
    head = "KR" + _letters(rng, "PAATKGQSD", 10) if rng.random() < 0.3 else ""
    return Signal(head + core, (len(head), len(head) + len(core)), (len(head), len(head) + len(core)))


def _retention_core(rng: np.random.Generator) -> str:
    return _letters(rng, "DEEKS", 3) + _letters(rng, "KKH", 1) + "DEL"


def _retention(rng: np.random.Generator, core: str) -> Signal:
    return Signal(core, (0, len(core)), (3, len(core)))


def _peroxisomal_core(rng: np.random.Generator) -> str:
    return _letters(rng, "AVKLNQSRP", 3) + _letters(rng, "SSSA", 1) + _letters(rng, "KKR", 1) + "L"


def _peroxisomal(rng: np.random.Generator, core: str) -> Signal:
    return Signal(core, (0, len(core)), (3, len(core)))


def _helix_core(rng: np.random.Generator) -> str:
    return _letters(rng, "LLLLVVIIIAAFFGGT", 6)


def _helix(rng: np.random.Generator, core: str) -> Signal:
    head = _letters(rng, "LVIAFGSTWY", 8)
    return Signal(head + core + _letters(rng, "LVIAFGSTYMC", 7), (len(head), len(head) + len(core)))


def _anchor(rng: np.random.Generator, core: str) -> Signal:
    """Short positive cytoplasmic tail, then the helix; the feature covers the helix only in real entries."""
    head = "M" + _letters(rng, "RKSRTPQ", 5) + _letters(rng, "RK", 2)
    tail = _letters(rng, "LVIFAGTSYW", 12)
    return Signal(head + core + tail, (len(head), len(head) + len(core)))


def _vacuolar_core(rng: np.random.Generator) -> str:
    return _letters(rng, "SRFHT", 2) + "NPI" + _letters(rng, "RHK", 1) + _letters(rng, "LVF", 1)


def _vacuolar(rng: np.random.Generator, core: str) -> Signal:
    return Signal(core, (0, len(core)), (2, 5))


KINDS: Final[tuple[Kind, ...]] = (
    Kind("SIGNAL", "", "start", _signal_peptide, _hydrophobic_core),
    Kind("TRANSIT", "Mitochondrion", "start", _mitochondrial_transit, _amphipathic_core),
    Kind("TRANSIT", "Chloroplast", "start", _plastid_transit, _plastid_core),
    Kind("MOTIF", "Nuclear localization signal", "inside", _nuclear_signal, _basic_core),
    Kind("MOTIF", "Prevents secretion from ER", "end", _retention, _retention_core),
    Kind("MOTIF", "Microbody targeting signal", "end", _peroxisomal, _peroxisomal_core),
    Kind("TRANSMEM", "Helical", "inside", _helix, _helix_core),
    Kind("TRANSMEM", "Helical; Signal-anchor for type II membrane protein", "start", _anchor, _helix_core),
    Kind("MOTIF", "Vacuolar targeting signal", "inside", _vacuolar, _vacuolar_core),
)
SIGNAL, MITOCHONDRIAL, PLASTID, NUCLEAR, RETENTION, PEROXISOMAL, HELIX, ANCHOR, VACUOLAR = range(len(KINDS))
