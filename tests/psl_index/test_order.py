"""The order of positions, its tails and its table, against sorting in plain Python."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from psl_index.alphabet import CODE_OF
from psl_index.order import PADDING, Order, table_depth

Arrays = dict[str, npt.NDArray[np.uint32]]

proteomes = st.sampled_from(["AC", "ACX", "AAAAAAAU", "ACDEFGHIKLMNPQRSTVWY", "ILJBZOUX"]).flatmap(
    lambda letters: st.lists(st.text(letters, min_size=1, max_size=80), min_size=1, max_size=20)
)


def encode_text(sequences: list[str]) -> npt.NDArray[np.uint8]:
    codes = [code for sequence in sequences for code in [*(CODE_OF[letter] for letter in sequence), 0]]
    return np.array([*codes, *[0] * PADDING], np.uint8)


def ordered(text: npt.NDArray[np.uint8], depth: int, threads: int, round_rows: int | None = None) -> tuple[int, Arrays]:
    order = Order(text, depth, threads, round_rows)
    parts = [tuple(array.copy() for array in rows) for rows in order.rows()]
    pos, tail, table = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return order.n_regular, {"pos": pos, "tail": tail, "table": table}


def reference(text: npt.NDArray[np.uint8], depth: int) -> tuple[int, list[int], list[int], list[int]]:
    """Regular rows, positions, tails and table by their definitions."""
    codes = text.tolist()

    def irregular(position: int) -> bool:
        return not all(1 <= code <= 20 for code in codes[position : position + depth])

    pos = sorted((p for p, code in enumerate(codes) if code), key=lambda p: (irregular(p), codes[p : p + 12], p))
    n_regular = sum(not irregular(position) for position in pos)
    tails = []
    for row, position in enumerate(pos):
        first = position + (depth if row < n_regular else 0)
        tails.append(sum(code << (25 - 5 * i) for i, code in enumerate(codes[first : first + 6])))
    words = [codes[position : position + depth] for position in pos[:n_regular]]
    numbers = [sum((code - 1) * 20 ** (depth - 1 - i) for i, code in enumerate(word)) for word in words]
    table = np.searchsorted(numbers, np.arange(20**depth + 1)).tolist()
    return n_regular, pos, tails, table


@settings(max_examples=60)
@given(sequences=proteomes, depth=st.integers(3, 4), threads=st.integers(1, 2), rows=st.integers(1, 900))
def test_order_tails_and_table_are_what_sorting_gives(
    sequences: list[str], depth: int, threads: int, rows: int
) -> None:
    text = encode_text(sequences)
    n_regular, arrays = ordered(text, depth, threads, rows)
    expected_regular, pos, tail, table = reference(text, depth)
    assert n_regular == expected_regular
    assert arrays["pos"].tolist() == pos
    assert arrays["tail"].tolist() == tail
    assert arrays["table"].tolist() == table


@pytest.mark.parametrize("letters", ["A", "AC", "ACDEFGHIKLMNPQRSTVWY"])
def test_large_buckets_are_sorted_too(letters: str) -> None:
    """Buckets beyond those sorted by insertion, with long repeats in them."""
    choice = np.random.default_rng(7).choice(list(letters), 5_000)
    text = encode_text(["".join(choice), "A" * 3_000, "".join(choice[:2_000])])
    n_regular, arrays = ordered(text, 3, 2)
    expected_regular, pos, tail, _ = reference(text, 3)
    assert n_regular == expected_regular
    assert arrays["pos"].tolist() == pos
    assert arrays["tail"].tolist() == tail


def test_table_depth_follows_the_size_of_the_text() -> None:
    assert [table_depth(residues) for residues in (10, 365_000, 14_000_000, 208_000_000)] == [3, 4, 5, 6]


def test_table_never_outgrows_the_text() -> None:
    for residues in (20_000, 400_000, 7_000_000, 10**9):
        assert 20 ** table_depth(residues) <= residues / 2
