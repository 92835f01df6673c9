"""Definitions of the hit rate: what each counts, and how it makes a rate of that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Definition:
    r"""One way to make hit rates of what is found.

    Attributes
    ----------
    name : str
    near : bool
        Whether an entry weighs 1 / distance between its occurrence and the subsequence's place, or 1.
    credited : bool
        Whether an entry counts once for a protein, with the weight and class of the study's released code, or once for
        each subsequence that it holds.

    Notes
    -----
    With E the entries that count and hold subsequence s, which starts at p of its protein and is scored against the
    class c, and q the start of an entry's nearest occurrence, ``paper`` is

    .. math:: h(s) = \frac{1}{|E|} \sum_{e \in E} [c \in classes(e)] \, \beta(q_e, p)

    with beta = 1 where q = p, else 1 / abs(q - p): equations 4 and 5 of the study, whose sign is an oversight.
    ``unweighted`` is the same with beta = 1. The rate of a protein is the mean over its subsequences with entries.

    ``released`` is what the study's code computes: sum(w m) / sum(w) over all entries found by a protein's
    subsequences, each credited to the first of them at its first occurrence (`credit_entries` in
    `_released_kernels`), with m whether the text of its first location names the class by a word list. A protein
    without any entry has 0.

    With several classes to score against, an entry matches where it has one of them.
    """

    name: str
    near: bool = False
    credited: bool = False


DEFINITIONS: Final[Mapping[str, Definition]] = {
    definition.name: definition
    for definition in (
        Definition("paper", near=True),
        Definition("unweighted"),
        Definition("released", credited=True),
    )
}
