"""Residues as tokens, and cutting."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_models.encoding import N_TOKENS, PAD, TOKENS, encode, truncated

SEQUENCES = st.text("ACDEFGHIKLMNPQRSTVWYUXBZOJacd", min_size=1, max_size=60)


def test_the_order_of_tokens_is_the_study_s() -> None:
    assert TOKENS == "MCAKILVGSPDFYTHENWRQUXBZ"
    assert (PAD, N_TOKENS) == (24, 25)
    assert encode(TOKENS).tolist() == list(range(24))


def test_case_does_not_matter_and_letters_without_token_are_x() -> None:
    assert encode("mOj").tolist() == [0, TOKENS.index("X"), TOKENS.index("X")]
    assert encode("").dtype == np.uint8


@given(SEQUENCES, st.integers(1, 70), st.sampled_from(["middle", "end"]))
def test_cut_proteins_keep_their_beginning_and_middle_their_end(sequence: str, length: int, where: str) -> None:
    cut = truncated(sequence, length, where)
    assert len(cut) == min(length, len(sequence))
    kept_at_end = 0 if where == "end" else length // 2
    if len(sequence) > length:
        assert cut == sequence[: length - kept_at_end] + sequence[len(sequence) - kept_at_end :]


@pytest.mark.parametrize(("max_length", "where"), [(None, "middle"), (2, "none")])
def test_nothing_is_cut_unless_asked(max_length: int | None, where: str) -> None:
    assert truncated("MKTAYLVA", max_length, where) == "MKTAYLVA"
