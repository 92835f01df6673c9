"""A synthetic proteome as a UniProtKB/Swiss-Prot flat file of today's format."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO, Final

import numpy as np

from psl_eval.synthetic import names
from psl_eval.synthetic.output import write_pieces
from psl_eval.synthetic.prose import Prose, date, draw_prose
from psl_eval.synthetic.proteome import Block
from psl_eval.synthetic.sequence_text import crc64_texts, flat_file_sequences, weights
from psl_eval.synthetic.signals import KINDS

# In the form and place of the copyright notice.
_NOTICE: Final = (
    "CC   ---------------------------------------------------------------------------\n"
    "CC   Synthetic entry, made up for tests and benchmarks: the protein, its names\n"
    "CC   and its references do not exist. No text or sequence of UniProt's is in it.\n"
    "CC   ---------------------------------------------------------------------------\n"
)
_EXISTENCE: Final = (
    "PE   1: Evidence at protein level;\n",
    "PE   2: Evidence at transcript level;\n",
    "PE   3: Inferred from homology;\n",
)
_FEATURES: Final = ("DOMAIN", "REGION", "HELIX", "STRAND", "TURN", "COMPBIAS", "REPEAT")
_REFERENCES: Final = (0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2, 2, 3, 8)  # beyond the first
_FRAGMENT: Final = "DE   Flags: Fragment;\n"
_DRAWS: Final = 64  # numbers that decide what stands in one entry: more than any takes


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


def _entries(block: Block, prose: Prose, rng: np.random.Generator) -> Iterator[str]:
    """The pieces of all entries, in order."""
    sequences = flat_file_sequences(block.residues, block.offsets)
    checksums = crc64_texts(block.residues, block.offsets)
    masses = weights(block.residues, block.offsets)
    lengths = np.diff(block.offsets).tolist()
    numbers = rng.integers(0, 1 << 30, (len(block), _DRAWS)).tolist()
    organisms = names.organisms()
    signals = block.signals_by_protein()
    proteins = zip(block.family.tolist(), block.member.tolist(), block.residence.tolist(), strict=True)
    for protein, (family, member, residence) in enumerate(proteins):
        draw = iter(numbers[protein]).__next__
        number = block.first + protein
        accession = names.accession(number)
        group, place = names.organism_of(family, member, residence)
        organism = organisms[group][place]
        fragment = draw() % 64 == 0
        yield _heading(number, accession, family, organism, lengths[protein], fragment, draw)
        yield prose.organisms[group][place]
        for reference in range(1, 2 + _REFERENCES[draw() % len(_REFERENCES)]):
            yield f"RN   [{reference}]\n{prose.references[draw() % len(prose.references)]}"
        for _ in range(1 + draw() % 4):
            yield prose.comments[(family + draw() % 5 * 101) % len(prose.comments)]
        if block.annotated[protein]:
            comments = prose.locations[residence]
            yield comments[(family + draw() % 4) % len(comments)].replace("@", accession)
        yield f"CC   -!- SIMILARITY: Belongs to the {names.protein_name(family)} family.\n"
        yield _NOTICE
        yield _cross_references(accession, organism, number, draw)
        yield prose.domains[family % len(prose.domains)]
        yield _EXISTENCE[draw() % len(_EXISTENCE)]
        yield prose.keywords[residence]
        yield from _features(signals[protein], lengths[protein], family, number, draw)
        if fragment:
            yield f"FT   NON_TER         {lengths[protein]}\n"
        yield (
            f"SQ   SEQUENCE   {lengths[protein]} AA;  {masses[protein]} MW;  {checksums[protein]} CRC64;\n"
            f"{sequences[protein]}//\n"
        )


def _heading(
    number: int,
    accession: str,
    family: int,
    organism: names.Organism,
    length: int,
    fragment: bool,
    draw: Callable[[], int],
) -> str:
    """ID to GN lines."""
    secondary = f" {names.secondary_accession(number)};" if draw() % 8 == 0 else ""
    return (
        f"ID   {f'{names.mnemonic(family)}_{organism.code}':<24}Reviewed;{length:>12} AA.\n"
        f"AC   {accession};{secondary}\n"
        f"DT   {date(draw() % 8000)}, integrated into UniProtKB/Swiss-Prot.\n"
        f"DT   {date(draw() % 8000)}, sequence version {1 + draw() % 3}.\n"
        f"DT   {date(8000 + draw() % 4000)}, entry version {1 + draw() % 200}.\n"
        f"DE   RecName: Full={names.protein_name(family)};\n"
        f"DE   AltName: Full=Protein {names.mnemonic(family)};\n"
        f"{_FRAGMENT if fragment else ''}"
        f"GN   Name={names.gene_name(family)}; OrderedLocusNames={organism.code}_{number:07d};\n"
    )


def _cross_references(accession: str, organism: names.Organism, number: int, draw: Callable[[], int]) -> str:
    return (
        f"DR   EMBL; SY{draw() % 10**6:06d}; SYN{draw() % 10**5:05d}.1; -; mRNA.\n"
        f"DR   EMBL; SY{draw() % 10**6:06d}; SYN{draw() % 10**5:05d}.1; -; Genomic_DNA.\n"
        f"DR   RefSeq; NP_9{draw() % 10**8:08d}.1; NM_9{draw() % 10**8:08d}.2.\n"
        f"DR   AlphaFoldDB; {accession}; -.\n"
        f"DR   SMR; {accession}; -.\n"
        f"DR   STRING; {organism.taxon_id}.{accession}; -.\n"
        f"DR   PaxDb; {organism.taxon_id}-{accession}; -.\n"
        f"DR   GeneID; 9{number:08d}; -.\n"
        f"DR   KEGG; {organism.code.lower()}:9{number:08d}; -.\n"
        f"DR   eggNOG; COG9{draw() % 1000:03d}; LUCA.\n"
        f"DR   InParanoid; {accession}; -.\n"
        f"DR   PhylomeDB; {accession}; -.\n"
    )


def _features(
    signals: list[tuple[int, int, int]], length: int, family: int, number: int, draw: Callable[[], int]
) -> Iterator[str]:
    """FT lines: what was planted, the chain after a cleaved signal, and some more for good measure."""
    chain_start = 1
    for kind, start, end in signals:
        signal = KINDS[kind]
        note = f'FT                   /note="{signal.note}"\n' if signal.note else ""
        yield (
            f"FT   {signal.feature:<16}{start + signal.lead}..{end}\n"
            f'{note}FT                   /evidence="ECO:0000250"\n'
        )
        if signal.feature in ("SIGNAL", "TRANSIT"):
            chain_start = end + 1
    yield (
        f"FT   {'CHAIN':<16}{chain_start}..{length}\n"
        f'FT                   /note="{names.protein_name(family)}"\n'
        f'FT                   /id="PRO_9{number:09d}"\n'
    )
    for _ in range(1 + draw() % 12):
        value = draw()
        start = 1 + value % length
        yield (
            f"FT   {_FEATURES[value % len(_FEATURES)]:<16}{start}..{min(start + value % 97, length)}\n"
            'FT                   /evidence="ECO:0007829|PDB:9SYN"\n'
        )
