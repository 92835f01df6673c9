"""A synthetic proteome as a UniProtKB/Swiss-Prot flat file of today's format."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

import numpy as np

from psl_eval.synthetic import names
from psl_eval.synthetic.locations import RESIDENCES
from psl_eval.synthetic.output import write_pieces
from psl_eval.synthetic.prose import Prose, date, draw_prose
from psl_eval.synthetic.proteome import Block
from psl_eval.synthetic.sequence_text import crc64_texts, flat_file_sequences, weights
from psl_eval.synthetic.signals import KINDS

_COPYRIGHT: Final = (
    "CC   ---------------------------------------------------------------------------\n"
    "CC   Copyrighted by the UniProt Consortium, see https://www.uniprot.org/terms\n"
    "CC   Distributed under the Creative Commons Attribution (CC BY 4.0) License\n"
    "CC   ---------------------------------------------------------------------------\n"
)
_EXISTENCE: Final = (
    "PE   1: Evidence at protein level;\n",
    "PE   2: Evidence at transcript level;\n",
    "PE   3: Inferred from homology;\n",
)
_FEATURES: Final = ("DOMAIN", "REGION", "HELIX", "STRAND", "MOD_RES", "DISULFID", "BINDING", "COMPBIAS", "TURN")
_DRAWS: Final = 24  # numbers that make up one entry


def write_flat_file(blocks: Iterable[Block], file: str | os.PathLike[str] | BinaryIO, *, seed: int = 0) -> int:
    """Write the proteins of `blocks` as entries; returns how many bytes, before compression.

    Parameters
    ----------
    blocks : iterable of Block
        As `proteome` makes them.
    file : path or binary file
        A path that ends in ``.gz`` is compressed.
    seed : int
        Of the prose; sequences, signals and locations are the blocks' own.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    return write_pieces(_pieces(blocks, seed), file)


def _pieces(blocks: Iterable[Block], seed: int) -> Iterator[bytes]:
    prose = draw_prose(np.random.default_rng(seed))
    for block in blocks:
        rng = np.random.default_rng((seed, block.first))
        yield "".join(_entries(block, prose, rng)).encode("ascii")
