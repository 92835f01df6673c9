"""The sequences of a block as text, and the weights and checksums that flat files give for them."""

from __future__ import annotations

import itertools
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.synthetic._line_kernels import RESIDUES_A_LINE, sequence_lines
from psl_index.crc64 import checksums, hexadecimal

# Average masses of residues, in daltons; B, Z, J and X as the mean of what they stand for.
_MASSES: Final = {
    "A": 71.0788,
    "C": 103.1388,
    "D": 115.0886,
    "E": 129.1155,
    "F": 147.1766,
    "G": 57.0519,
    "H": 137.1411,
    "I": 113.1594,
    "K": 128.1741,
    "L": 113.1594,
    "M": 131.1926,
    "N": 114.1038,
    "P": 97.1167,
    "Q": 128.1307,
    "R": 156.1875,
    "S": 87.0782,
    "T": 101.1051,
    "V": 99.1326,
    "W": 186.2132,
    "Y": 163.1760,
    "U": 150.0388,
    "O": 237.3018,
    "B": 114.5962,
    "Z": 128.6231,
    "J": 113.1594,
    "X": 111.3334,
}
_WATER: Final = 18.0153


def flat_file_sequences(residues: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[str]:
    """Lines after SQ: groups of ten, six groups a line."""
    return _lines(residues, offsets, indent=5, group=10)


def fasta_sequences(residues: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[str]:
    """Lines of 60 residues."""
    return _lines(residues, offsets, indent=0, group=RESIDUES_A_LINE)


def weights(residues: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[int]:
    """Molecular weight of each sequence in daltons, average isotopes."""
    masses = np.zeros(128)
    for letter, mass in _MASSES.items():
        masses[ord(letter)] = mass
    sums = np.add.reduceat(masses[residues], offsets[:-1]) + _WATER
    whole: list[int] = np.rint(sums).astype(np.int64).tolist()
    return whole


def crc64_texts(residues: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64]) -> list[str]:
    """Checksum of each sequence, as in SQ lines."""
    found: list[str] = hexadecimal(checksums(residues, offsets.astype(np.int32))).to_pylist()
    return found


def _lines(residues: npt.NDArray[np.uint8], offsets: npt.NDArray[np.int64], *, indent: int, group: int) -> list[str]:
    lengths = np.diff(offsets)
    rows = -(-lengths // RESIDUES_A_LINE)
    room = lengths + lengths // group + rows * (indent + 1)
    lines = np.empty(int(room.sum()), np.uint8)
    bounds = np.zeros(offsets.size, np.int64)
    sequence_lines(residues, offsets, indent, group, lines, bounds)
    text = lines[: bounds[-1]].tobytes().decode("ascii")
    places = bounds.tolist()
    return [text[start:stop] for start, stop in itertools.pairwise(places)]
