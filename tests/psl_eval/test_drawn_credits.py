"""Entries credited in many draws of subsequences, against a loop over draws, subsequences and entries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from psl_eval.exclusion.exclusions import Excluded
from psl_eval.exclusion.left_out import left_out
from psl_eval.scoring.annotation import Annotation
from psl_eval.scoring.definitions import DEFINITIONS
from psl_eval.scoring.drawn_credits import Credits, DrawnSubsequences, credits_of
from psl_eval.scoring.tally import Asked, Counting
from psl_index import Index
from psl_index.classes import CLASSES
from psl_index.peptides import encode

LETTERS = "AKR"  # so few that windows recur, within an entry, too
PLACES = ("Nucleus", "Cytoplasm", "Plastid")
DRAWS = 7


def made_up(random: np.random.Generator, longest: int) -> str:
    return "".join(random.choice(list(LETTERS), random.integers(8, longest)))


class Case:
    """Some proteins, each with some subsequences that are drawn from its windows."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.database = [
            (f"E{number}", made_up(random, 40), [str(place) for place in random.choice(PLACES, random.integers(0, 3))])
            for number in range(60)
        ]
        self.proteins = [made_up(random, 30) for _ in range(9)]
        self.windows: list[tuple[int, int, int]] = []  # protein, start (1-based), length
        self.first_window, self.first_row, drawn = [0], [0], []
        for number, protein in enumerate(self.proteins):
            for length in random.permutation([1, 3, 4, 7])[: random.integers(1, 4)].tolist():
                first = len(self.windows)
                self.windows += [(number, start, length) for start in range(1, len(protein) - length + 2)]
                drawn.append(random.integers(first, len(self.windows), DRAWS))
            self.first_window.append(len(self.windows))
            self.first_row.append(len(drawn))
        self.drawn = np.stack(drawn, axis=1)
        self.targets = random.integers(0, 1 << len(CLASSES), (len(self.proteins), 2)).astype(np.uint16)
        self.left_out = [sorted(random.choice(60, 8, replace=False).tolist()) for _ in self.proteins]
        self.everywhere = [5, 40]

    def peptide(self, window: int) -> str:
        protein, start, length = self.windows[window]
        return self.proteins[protein][start - 1 : start - 1 + length]

    def asked(self) -> DrawnSubsequences:
        query, starts, _ = (np.array(column) for column in zip(*self.windows, strict=True))
        peptides = encode(pa.array([self.peptide(window) for window in range(len(self.windows))], pa.large_string()))
        return DrawnSubsequences(
            Asked(peptides, starts, self.targets[query], query, query),
            self.targets,
            np.array(self.first_window),
            np.array(self.first_row),
            self.drawn,
        )

    def counting(self) -> Counting:
        offsets = np.cumsum([0, *map(len, self.left_out)])
        excluded = Excluded(offsets, np.concatenate(self.left_out), {})
        definition = DEFINITIONS["released"]
        annotation = Annotation("any", False, None, "annotated", definition.credited)
        return Counting(definition, annotation, left_out(excluded, np.array(self.everywhere)))

    def expected(self) -> Credits:
        m = len(self.proteins)
        weights, hits = np.zeros((m, 2, DRAWS)), np.zeros((m, 2, 2, DRAWS))
        for p, draw in np.ndindex(m, DRAWS):
            credited = set()
            for row in range(self.first_row[p], self.first_row[p + 1]):
                window = int(self.drawn[draw, row])
                _, start, length = self.windows[window]
                for entry, (_, sequence, places) in enumerate(self.database):
                    place = sequence.find(self.peptide(window)) + 1
                    if not place or not places or entry in credited:
                        continue
                    credited.add(entry)
                    away = place - (start - 1)
                    weight = 1.0 if away == 0 else min(abs((length - 1) / away), 1.0)
                    has = 1 << CLASSES.index(places[0])  # the only one that the released code reads
                    for side in range(1 if entry in self.left_out[p] + self.everywhere else 2):
                        weights[p, side, draw] += weight
                        hits[p, side, :, draw] += weight * ((self.targets[p] & has) != 0)
        return Credits(weights, hits)


@pytest.mark.parametrize("seed", range(6))
def test_every_draw_is_credited_as_by_hand(seed: int, build_index: Callable[..., Index]) -> None:
    case = Case(seed)
    expected = case.expected()
    assert (expected.weights[:, 0] > expected.weights[:, 1]).any()
    for options in ({}, {"shard_residues": 400}):
        index = build_index(case.database, **options)
        alone = credits_of(index, case.asked(), case.counting(), threads=1)
        for found, wanted in zip(alone, expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12)
        shared = credits_of(index, case.asked(), case.counting(), threads=3)
        assert all(np.array_equal(*columns) for columns in zip(alone, shared, strict=True))


def test_parts_of_the_proteins_make_no_difference(
    monkeypatch: pytest.MonkeyPatch, build_index: Callable[..., Index]
) -> None:
    case = Case(7)
    index = build_index(case.database)
    together = credits_of(index, case.asked(), case.counting(), threads=2)
    monkeypatch.setattr("psl_eval.scoring.drawn_credits._WINDOWS_AT_ONCE", 20)
    apart = credits_of(index, case.asked(), case.counting(), threads=2)
    assert all(np.array_equal(*columns) for columns in zip(together, apart, strict=True))
