"""Residues as numbers: the tokens that every network here starts from.

The order of the 25 tokens is that of the published study, whose weights can so be used as they are.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

import numpy as np
import numpy.typing as npt

#: Residue letters, each at the place of its token.
TOKENS: Final = "MCAKILVGSPDFYTHENWRQUXBZ"
#: The token of positions beyond the end of a protein, and a baseline for attributions.
PAD: Final = len(TOKENS)
N_TOKENS: Final = len(TOKENS) + 1

#: The classes in the order of the published study.
STUDY_CLASSES: Final = (
    "Extracellular",
    "Plastid",
    "Cytoplasm",
    "Mitochondrion",
    "Nucleus",
    "Endoplasmic.reticulum",
    "Golgi.apparatus",
    "Cell.membrane",
    "Lysosome/Vacuole",
    "Peroxisome",
)

Truncation = Literal["middle", "end", "none"]
TRUNCATIONS: Final = get_args(Truncation)


def encode(sequence: str) -> npt.NDArray[np.uint8]:
    """Tokens of a sequence, uint8 of shape (length,).

    Either case; letters without a token of their own (J, O) are X, any residue.
    """
    return _TOKEN_OF[np.frombuffer(sequence.encode("latin-1", errors="replace"), np.uint8)]


def truncated(sequence: str, max_length: int | None, where: Truncation) -> str:
    """At most `max_length` residues of a sequence, all of it where that is None or `where` is ``none``.

    ``end`` keeps the N-terminus, as the study does; ``middle`` keeps both ends, where the sorting signals are, as
    DeepLoc does (Almagro Armenteros et al. 2017); of an odd number the N-terminus gets one more.
    """
    if max_length is None or where == "none" or len(sequence) <= max_length:
        return sequence
    if where == "end":
        return sequence[:max_length]
    tail = max_length // 2
    return sequence[: max_length - tail] + sequence[len(sequence) - tail :]


def _token_table() -> npt.NDArray[np.uint8]:
    table = np.full(256, TOKENS.index("X"), np.uint8)
    for token, letter in enumerate(TOKENS):
        table[ord(letter)] = table[ord(letter.lower())] = token
    return table


_TOKEN_OF: Final = _token_table()
