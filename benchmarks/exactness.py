"""Differences from overlapping `bytes.find`, over many peptides on a real data base."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.report import Finding
from psl_index import Index
from psl_index.alphabet import LETTERS, decoding_table
from psl_index.peptides import encode

RARE = 21  # codes from here on are not standard residues


def findings(name: str, index: Index, number: int, seed: int) -> Iterator[Finding]:
    """Compare every occurrence of `number` real and random peptides of 1 to 50 residues.

    At least a tenth of them span a rare letter (or all places that do, at every offset), where there is one.
    """
    text = index.shards[0].text
    random = np.random.default_rng(seed)
    rare = _spanning_rare(text, random, number // 10)
    peptides = rare + _real(text, random, number // 2) + _random(random, number - number // 2 - len(rare))
    parts = [(index.path, peptides[i : i + 1_000]) for i in range(0, len(peptides), 1_000)]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        differences = sum(pool.map(_differing, parts))
    yield Finding(
        f"{name}: peptides unlike bytes.find",
        differences,
        "peptides",
        f"of {len(peptides):,}, {len(rare):,} of them span a rare letter",
        f"exactness.{name}",
    )


def _differing(part: tuple[Path, list[str]]) -> int:
    """How many peptides have other positions in an index than a `find` loop over its text gives."""
    path, peptides = part
    index = Index.open(path)
    shard = index.shards[0]
    haystack = shard.text.tobytes()
    located = index.locate(peptides, threads=1)
    query = located["query"].to_numpy()
    positions = shard.starts[located["entry"].to_numpy()].astype(np.int64) + located["start"].to_numpy() - 1
    cuts = np.searchsorted(query, np.arange(len(peptides) + 1))
    counts = index.count(peptides, threads=1)
    encoded = encode(peptides)
    differences = 0
    for i in range(len(peptides)):
        needle = encoded.codes[encoded.offsets[i] : encoded.offsets[i + 1]].tobytes()
        expected = find_all(haystack, needle)
        found = positions[cuts[i] : cuts[i + 1]]
        differences += not (np.array_equal(found, expected) and counts[i] == len(expected))
    return differences


def find_all(haystack: bytes, needle: bytes) -> npt.NDArray[np.int64]:
    """Every place of `needle` in `haystack`, overlapping ones included, as a plain loop gives them."""
    if len(needle) == 1:
        return np.flatnonzero(np.frombuffer(haystack, np.uint8) == needle[0])
    found = []
    at = haystack.find(needle)
    while at >= 0:
        found.append(at)
        at = haystack.find(needle, at + 1)
    return np.array(found, np.int64)


def _spanning_rare(text: npt.NDArray[np.uint8], random: np.random.Generator, number: int) -> list[str]:
    """Peptides that hold a rare letter at every offset of windows of every length, shuffled and cut to `number`."""
    places = np.flatnonzero(text >= RARE)
    peptides = {
        window
        for place in random.permutation(places)[:60]
        for length in range(1, 51)
        for first in range(max(place - length + 1, 0), place + 1)
        if "-" not in (window := _letters(text[first : first + length]))
    }
    chosen = random.permutation(sorted(peptides))
    return [str(peptide) for peptide in chosen[:number]]


def _real(text: npt.NDArray[np.uint8], random: np.random.Generator, number: int) -> list[str]:
    peptides: list[str] = []
    while len(peptides) < number:
        length = random.integers(1, 51)
        first = random.integers(0, len(text) - length)
        window = _letters(text[first : first + length])
        if "-" not in window:
            peptides.append(window)
    return peptides


def _random(random: np.random.Generator, number: int) -> list[str]:
    letters = np.array(list(LETTERS))
    weights = np.array([20.0] * 20 + [1.0] * 6)
    lengths = random.integers(1, 51, number)
    return ["".join(random.choice(letters, length, p=weights / weights.sum())) for length in lengths]


def _letters(codes: npt.NDArray[np.uint8]) -> str:
    return bytes(decoding_table()[codes]).decode()
