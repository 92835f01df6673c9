"""Backgrounds: what stays of the proteins that they are made from, and that the rest is even."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
import scipy.stats

from psl_eval.experiments.importance.backgrounds import (
    BACKGROUNDS,
    Tokens,
    dipeptide_shuffled,
    draw_backgrounds,
    shuffled,
)
from psl_index.errors import UsageError
from psl_models.encoding import TOKENS, encode


def residues(tokens: Tokens) -> str:
    return "".join(TOKENS[token] for token in tokens)


def protein(length: int, seed: int) -> Tokens:
    return encode("M" + residues(np.random.default_rng(seed).integers(0, 20, length - 1).astype(np.uint8)))


@pytest.mark.parametrize("length", [1, 2, 3, 10, 400])
def test_a_dipeptide_shuffle_keeps_every_pair_of_neighbours(length: int) -> None:
    tokens = protein(length, seed=length)
    for draw in range(20):
        drawn = dipeptide_shuffled(tokens, np.random.default_rng(draw))
        assert Counter(itertools.pairwise(drawn.tolist())) == Counter(itertools.pairwise(tokens.tolist()))
        assert (drawn[0], drawn[-1], len(drawn)) == (tokens[0], tokens[-1], length)
    if length == 400:
        assert np.mean(drawn == tokens) < 0.2


def walks(pairs: Counter[tuple[str, str]], written: str) -> set[str]:
    """All sequences that go on from `written` and use each of `pairs` as often as it is there: the walks of Euler."""
    if not pairs.total():
        return {written}
    following = {second for first, second in +pairs if first == written[-1]}
    return {
        found for residue in following for found in walks(pairs - Counter([(written[-1], residue)]), written + residue)
    }


@pytest.mark.parametrize("sequence", ["MKAKMAKA", "MMKKMAMK", "MKLMKALK", "MAKALKAKLAM", "MAALAAKLLAK"])
def test_all_sequences_with_the_same_pairs_are_as_likely(sequence: str) -> None:
    possible = sorted(walks(Counter(itertools.pairwise(sequence)), sequence[0]))
    assert sequence in possible
    assert len(possible) > 2
    rng = np.random.default_rng(5)
    drawn = Counter(residues(dipeptide_shuffled(encode(sequence), rng)) for _ in range(100 * len(possible)))
    assert sorted(drawn) == possible
    assert scipy.stats.chisquare([drawn[text] for text in possible]).pvalue > 0.001


def test_a_dipeptide_shuffle_of_long_repeats_comes_to_an_end() -> None:
    sequence = "M" + "".join(letter * 200 for letter in "ACDEFGHIKL")
    drawn = dipeptide_shuffled(encode(sequence), np.random.default_rng(0))
    assert Counter(itertools.pairwise(residues(drawn))) == Counter(itertools.pairwise(sequence))


def test_a_shuffle_keeps_the_first_residue_and_the_composition() -> None:
    tokens = protein(60, seed=1)
    firsts = set()
    for draw in range(50):
        drawn = shuffled(tokens, np.random.default_rng(draw))
        assert drawn[0] == tokens[0]
        assert sorted(drawn) == sorted(tokens)
        firsts.add(int(drawn[1]))
    assert len(firsts) > 5


def test_a_profile_has_the_residues_of_each_distance_from_the_nearer_end() -> None:
    # W at residue 3, G or H at the last but one; everything else is A, or U, which is no standard residue.
    proteins = [
        encode(f"MAW{fourth}{'A' * inside}{last}A")
        for fourth, inside, last in (("A", 20, "G"), ("U", 30, "H"), ("A", 300, "H"))
    ]
    drawn = draw_backgrounds("profile", proteins, 300, seed=3)
    assert sorted({len(tokens) for tokens in drawn.tokens}) == [26, 36, 306]
    assert {residues(tokens)[:3] for tokens in drawn.tokens} == {"MAW"}
    ends = Counter(residues(tokens)[-2:] for tokens in drawn.tokens)
    assert sorted(ends) == ["GA", "HA"]
    assert scipy.stats.binomtest(ends["HA"], 300, 2 / 3).pvalue > 0.001
    assert {residue for tokens in drawn.tokens for residue in residues(tokens)[3:-2]} == {"A"}


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_each_protein_is_used_before_any_is_used_again(kind: str) -> None:
    proteins = [protein(30 + number, seed=number) for number in range(7)]
    drawn = draw_backgrounds(kind, proteins, 20, seed=1)
    uses = np.bincount(drawn.templates, minlength=7)
    assert uses.tolist() == [1] * 7 if kind == "proteins" else sorted(uses) == [2, 3, 3, 3, 3, 3, 3]
    assert [len(tokens) for tokens in drawn.tokens] == (30 + drawn.templates).tolist()
    assert all(tokens[0] == TOKENS.index("M") for tokens in drawn.tokens)
    if kind != "proteins":
        assert len({tokens.tobytes() for tokens in drawn.tokens}) == 20
    assert drawn.digest == draw_backgrounds(kind, proteins, 20, seed=1).digest
    assert drawn.digest != draw_backgrounds(kind, proteins, 20, seed=2).digest


@pytest.mark.parametrize("kind", BACKGROUNDS)
def test_copies_of_a_protein_are_one(kind: str) -> None:
    proteins = [protein(30 + number, seed=number) for number in range(3)]
    once = draw_backgrounds(kind, proteins, 9, seed=1)
    drawn = draw_backgrounds(kind, [proteins[number] for number in (0, 0, 1, 0, 2, 1)], 9, seed=1)
    assert drawn.digest == once.digest
    assert drawn.templates.tolist() == np.array([0, 2, 4])[once.templates].tolist()
    assert drawn.first_copies.tolist() == [0, 0, 2, 0, 4, 2]
    assert drawn.settings["proteins"] == 3


def test_a_shuffle_does_not_depend_on_the_other_proteins() -> None:
    proteins = [protein(40, seed=number) for number in range(5)]
    together = draw_backgrounds("dipeptide", proteins, 5, seed=1)
    alone = draw_backgrounds("dipeptide", proteins[2:3], 1, seed=1)
    assert together.tokens[together.templates.tolist().index(2)].tolist() == alone.tokens[0].tolist()


def test_no_such_background() -> None:
    with pytest.raises(UsageError, match="unknown background 'zeros'; choose one of shuffled, "):
        draw_backgrounds("zeros", [protein(9, 1)], 3, seed=1)
    with pytest.raises(UsageError, match="there is none"):
        draw_backgrounds("dipeptide", [], 3, seed=1)
