"""Where the proteins of a proteome live, how often, and the signals that bring them there."""

from __future__ import annotations

from typing import Final, NamedTuple

from psl_eval.synthetic.signals import (
    ANCHOR,
    HELIX,
    MITOCHONDRIAL,
    NUCLEAR,
    PEROXISOMAL,
    PLASTID,
    RETENTION,
    SIGNAL,
    VACUOLAR,
)


class Residence(NamedTuple):
    """One or two classes that proteins have together.

    The signals belong to the first class. `weight` is the percentage of families.
    """

    classes: tuple[str, ...]
    weight: float
    signals: tuple[int, ...]  # kinds, of `signals.KINDS`


RESIDENCES: Final = (
    Residence(("Cytoplasm",), 24.0, ()),
    Residence(("Nucleus",), 17.0, (NUCLEAR,)),
    Residence(("Nucleus", "Cytoplasm"), 9.0, (NUCLEAR,)),
    Residence(("Extracellular",), 11.0, (SIGNAL,)),
    Residence(("Cell.membrane",), 12.0, (HELIX,)),
    Residence(("Cell.membrane", "Cytoplasm"), 2.0, (HELIX,)),
    Residence(("Mitochondrion",), 8.0, (MITOCHONDRIAL,)),
    Residence(("Plastid",), 4.0, (PLASTID,)),
    Residence(("Endoplasmic.reticulum",), 5.0, (SIGNAL, RETENTION)),
    Residence(("Golgi.apparatus",), 2.5, (ANCHOR,)),
    Residence(("Golgi.apparatus", "Cell.membrane"), 1.0, (ANCHOR,)),
    Residence(("Lysosome/Vacuole",), 3.0, (SIGNAL, VACUOLAR)),
    Residence(("Peroxisome",), 1.5, (PEROXISOMAL,)),
)
WITHOUT_SIGNAL: Final = 0  # a protein that has lost its signals stays in the cytoplasm
