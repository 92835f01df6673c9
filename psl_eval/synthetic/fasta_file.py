"""A synthetic proteome as FASTA with UniProt's headers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from psl_eval.synthetic import names
from psl_eval.synthetic.output import write_pieces
from psl_eval.synthetic.proteome import Block
from psl_eval.synthetic.sequence_text import fasta_sequences


def write_fasta(blocks: Iterable[Block], file: str | os.PathLike[str] | BinaryIO) -> int:
    """Write the proteins of `blocks`, under the same names as `write_flat_file`; returns how many bytes.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    return write_pieces(("".join(_records(block)).encode("ascii") for block in blocks), file)


def _records(block: Block) -> Iterator[str]:
    organisms = names.organisms()
    sequences = fasta_sequences(block.residues, block.offsets)
    proteins = zip(block.family.tolist(), block.member.tolist(), block.residence.tolist(), strict=True)
    for protein, (family, member, residence) in enumerate(proteins):
        group, place = names.organism_of(family, member, residence)
        organism = organisms[group][place]
        yield (
            f">sp|{names.accession(block.first + protein)}|{names.mnemonic(family)}_{organism.code}"
            f" {names.protein_name(family)} OS={organism.name} OX={organism.taxon_id}"
            f" GN={names.gene_name(family)} PE=1 SV=1\n"
        )
        yield sequences[protein]
