"""Peptides drawn from the entries of an index."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from psl_index.alphabet import STANDARD, decoding_table
from psl_index.errors import UsageError
from psl_index.index import Index
from psl_index.shard import Shard

_DRAWS_A_PEPTIDE = 100  # before there are taken to be no more


def sample_peptides(index: Index, number: int, lengths: tuple[int, int], seed: int) -> list[str]:
    """Different peptides of the 20 standard residues that occur in an index.

    Every residue of the index is as likely as any other to be the first of a peptide, and every length between the two
    of `lengths`, both included; what crosses the end of an entry, holds another letter, or was drawn before is drawn
    again. The same for the same entries and seed, however the index is cut into shards.

    Parameters
    ----------
    number : int
        Of peptides; there are fewer where the index hardly has so many.
    lengths : (int, int)
        The least and the largest number of residues.
    seed : int
        Of the generator of random numbers, not negative.

    Raises
    ------
    UsageError
        The index has no such peptide.
    """
    found: dict[str, None] = {}
    draws = _draws(index, lengths, np.random.default_rng(seed))
    for _ in range(number * _DRAWS_A_PEPTIDE):
        peptide = next(draws)
        if peptide is not None:
            found[peptide] = None
            if len(found) == number:
                break
    if not found:
        raise UsageError(
            f"no peptide of {lengths[0]} to {lengths[1]} standard residues was found",
            file=str(index.path),
            remedy="ask for shorter ones with --length, or name some with --peptides",
        )
    return list(found)


def _draws(index: Index, lengths: tuple[int, int], random: np.random.Generator) -> Iterator[str | None]:
    """Peptides without end, one or none a draw."""
    letters = decoding_table()
    ends = np.cumsum([shard.residues for shard in index.manifest.shards])
    while True:
        length = int(random.integers(lengths[0], lengths[1], endpoint=True))
        residue = int(random.integers(index.n_residues))
        number = int(np.searchsorted(ends, residue, side="right"))
        shard = index.shards[number]
        first = _position(shard, residue - (int(ends[number - 1]) if number else 0))
        codes = shard.text[first : first + length]
        standard = len(codes) == length and codes.min() >= 1 and codes.max() <= len(STANDARD)
        yield letters[codes].tobytes().decode() if standard else None


def _position(shard: Shard, residue: int) -> int:
    """Where in the text residue number `residue` of a shard is, both from 0: a separator follows each entry."""
    low, high = 0, shard.n_entries
    while high - low > 1:  # the last entry that has no more residues before it
        middle = (low + high) // 2
        if int(shard.starts[middle]) - middle <= residue:
            low = middle
        else:
            high = middle
    return residue + low
