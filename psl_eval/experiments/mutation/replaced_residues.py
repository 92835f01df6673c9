"""Proteins with some residues replaced: which, and by what.

The residue that would replace each residue of a protein is drawn once, from the protein and a seed: variants differ in
where they are mutated, never in what a mutated residue becomes, so that methods are compared like with like.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_index.alphabet import STANDARD
from psl_models.attention import generator_of
from psl_models.encoding import TOKENS, encode

Tokens = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]

#: What residues become; see `mutants_of`.
REPLACEMENTS: Final = ("random", "alanine", "blosum62-best", "blosum62-worst")
#: Which k residues are mutated; see `residues_chosen`.
CHOICES: Final = ("top", "bottom", "shifted")

_LEAST_SHIFT: Final = 10  # residues, as of `psl_models.attribution.attention.ShiftedAttention`
# Beside the seed, so that what is drawn for one purpose says nothing of what is drawn for another.
_MUTANTS, _TIES, _SHIFT, _RANDOM = range(4)


def mutants_of(tokens: Tokens, seed: int) -> dict[str, Tokens]:
    """What each residue becomes, by the names of `REPLACEMENTS`; uint8 of shape (length,) each.

    Never the residue itself. ``random``: one of the other standard residues. ``alanine``: alanine, and glycine where it
    is alanine already. ``blosum62-best`` and ``-worst``: the other standard residue of the highest and of the lowest
    score against it (Henikoff and Henikoff 1992), a random one of those that tie; U counts as C.
    """
    standard = encode(STANDARD)
    own = tokens[:, None] == standard
    drawn = generator_of(tokens.tobytes(), seed, _MUTANTS).random((len(tokens), len(standard)))
    scores = _blosum62()[tokens]
    best = np.where(own, -np.inf, scores)
    worst = np.where(own, np.inf, scores)
    allowed = {
        "random": ~own,
        "blosum62-best": best == best.max(1, keepdims=True),
        "blosum62-worst": worst == worst.min(1, keepdims=True),
    }
    mutants = {name: standard[np.where(among, drawn, -1.0).argmax(1)] for name, among in allowed.items()}
    alanine, glycine = encode("AG")
    mutants["alanine"] = np.where(tokens == alanine, glycine, alanine)
    return {name: mutants[name] for name in REPLACEMENTS}


def residues_chosen(scores: npt.NDArray[np.float32], tokens: Tokens, seed: int) -> dict[str, Places]:
    """Residues in the order in which they are mutated, by the names of `CHOICES`; int64 of shape (length,) each.

    ``top``: by descending scores, those that tie in random order. ``bottom``: the other way round. ``shifted``: the
    places of ``top`` moved along the protein by one random distance of at least 10 residues either way, beyond one end
    coming back at the other: as close together, elsewhere. Of a protein too short for that, half its length.
    """
    length = len(tokens)
    ties = generator_of(tokens.tobytes(), seed, _TIES).permutation(length)
    top = ties[np.argsort(-scores[ties], kind="stable")]
    distance = length // 2
    if length >= 2 * _LEAST_SHIFT:
        generator = generator_of(tokens.tobytes(), seed, _SHIFT)
        distance = int(generator.integers(_LEAST_SHIFT, length - _LEAST_SHIFT, endpoint=True))
    return {"top": top, "bottom": top[::-1], "shifted": (top + distance) % length}


def random_residues(tokens: Tokens, seed: int, draws: int) -> list[Places]:
    """Residues in random order, so many times; the first draws are the same for any number of them."""
    generator = generator_of(tokens.tobytes(), seed, _RANDOM)
    return [generator.permutation(len(tokens)) for _ in range(draws)]


def variants(
    tokens: Tokens, mutants: dict[str, Tokens], orders: Sequence[Places], counts: Sequence[int]
) -> Iterator[Tokens]:
    """The protein with the first k residues of an order mutated, by order, then replacement, then k in `counts`.

    A protein of fewer residues than k has all of them mutated.
    """
    for order in orders:
        for mutant in mutants.values():
            for count in counts:
                variant = tokens.copy()
                places = order[:count]
                variant[places] = mutant[places]
                yield variant


def _blosum62() -> npt.NDArray[np.float64]:
    """Score of each token against the standard residues, (tokens, 20)."""
    from Bio.Align import substitution_matrices

    matrix = substitution_matrices.load("BLOSUM62")
    letters = ["C" if letter == "U" else letter for letter in TOKENS]
    return np.array([[float(matrix[letter, other]) for other in STANDARD] for letter in letters])
