"""Scorers that share look-ups give what each gives by itself, wait for each other, and look up once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pytest

from psl_eval.exclusion.exclusions import Excluded
from psl_eval.exclusion.left_out import LeftOut, left_out, together
from psl_eval.scoring import shared_look_ups
from psl_eval.scoring.annotation import Annotation
from psl_eval.scoring.definitions import DEFINITIONS
from psl_eval.scoring.drawn_credits import DrawnSubsequences
from psl_eval.scoring.scorer import Scorer
from psl_eval.scoring.shared_look_ups import SharedLookUps, SharingScorer, StoppedError
from psl_eval.scoring.tally import Asked, Counting
from psl_index import Index
from psl_index.peptides import encode

PLACES = ("Nucleus", "Cytoplasm", "Plastid")
QUERIES, ENTRIES = 5, 40


def made_up(random: np.random.Generator, residues: int) -> str:
    return "".join(random.choice(list("AKR"), residues))


def exclusion_of(random: np.random.Generator) -> LeftOut:
    entries = [np.flatnonzero(random.random(ENTRIES) < 0.3) for _ in range(QUERIES)]
    offsets = np.cumsum([0, *map(len, entries)])
    return left_out(Excluded(offsets, np.concatenate(entries), {}), np.flatnonzero(random.random(ENTRIES) < 0.1))


def missing(exclusion: LeftOut, query: int, entry: int) -> int:
    """The columns, as bits, looked for one by one."""
    here = range(exclusion.offsets[query], exclusion.offsets[query + 1])
    bits = [int(exclusion.missing_from[i]) for i in here if exclusion.entries[i] == entry]
    bits += [int(exclusion.everywhere_from[i]) for i, left in enumerate(exclusion.everywhere) if left == entry]
    return int(np.bitwise_or.reduce(np.array(bits, np.int64))) if bits else 0


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    random = np.random.default_rng(1)
    return build_index([(f"E{n}", made_up(random, 30), [str(random.choice(PLACES))]) for n in range(ENTRIES)])


@pytest.fixture
def blocks() -> list[Asked]:
    """Windows of the queries, some at a time."""
    random = np.random.default_rng(2)
    found = []
    for _ in range(6):
        query = np.sort(random.integers(0, QUERIES, 50))
        peptides = encode(pa.array([made_up(random, int(random.integers(2, 5))) for _ in query], pa.large_string()))
        targets = random.integers(0, 8, (50, 2)).astype(np.uint16)
        found.append(Asked(peptides, random.integers(1, 20, 50), targets, query, query))
    return found


def counting(definition: str, exclusion: LeftOut) -> Counting:
    chosen = DEFINITIONS[definition]
    return Counting(chosen, Annotation("any", False, None, "annotated", chosen.credited), exclusion)


def as_drawn(asked: Asked) -> DrawnSubsequences:
    """Each query has two of its windows in each of three draws."""
    random = np.random.default_rng(3)
    queries, first = np.unique(asked.query, return_index=True)
    ends = np.append(first, len(asked.query))
    drawn = np.concatenate([random.integers(low, high, (3, 2)) for low, high in pairwise(ends.tolist())], axis=1)
    rows = np.arange(len(queries) + 1) * 2
    return DrawnSubsequences(asked, asked.targets[first], ends, rows, drawn)


def test_several_exclusions_are_each_in_their_own_column() -> None:
    random = np.random.default_rng(4)
    several = [exclusion_of(random) for _ in range(4)]
    merged = together(several)
    assert merged.columns == 5
    assert (np.diff(merged.everywhere) > 0).all()
    for query, entry in np.ndindex(QUERIES, ENTRIES):
        alone = [missing(each, query, entry) for each in several]
        assert missing(merged, query, entry) == sum(bits << number for number, bits in enumerate(alone))
    with pytest.raises(ValueError, match="8 exclusions, expected at most 7"):
        together(several * 2)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("definitions", [("unweighted", "paper"), ("unweighted",), ("paper",), ("released",)])
def test_each_gets_what_it_gets_alone(
    definitions: tuple[str, ...], threads: int, index: Index, blocks: list[Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(5)
    exclusions = [exclusion_of(random) for _ in range(3)]
    all_counting = [counting(definition, exclusion) for definition in definitions for exclusion in exclusions]
    shared = SharedLookUps(threads)
    sharing = [shared.scorer(index, each, 1) for each in all_counting]
    look_ups = []

    def counted(look_up: Callable[..., object]) -> Callable[..., object]:
        def counting(*given: object) -> object:
            look_ups.append(given)
            return look_up(*given)

        return counting

    for name in ("tally", "credits_of"):
        monkeypatch.setattr(shared_look_ups, name, counted(getattr(shared_look_ups, name)))

    def ask_as_context(scorer: SharingScorer) -> list[np.ndarray]:
        with scorer:
            return ask(scorer)

    def ask(scorer: Scorer) -> list[np.ndarray]:
        if "released" not in definitions:
            return [scorer.window_rates(asked) for asked in blocks]
        return [column for asked in blocks for column in scorer.credits(as_drawn(asked))]

    with ThreadPoolExecutor(len(sharing)) as pool:
        found = list(pool.map(ask_as_context, sharing))
    assert len(look_ups) == len(blocks)
    for each, ours in zip(all_counting, found, strict=True):
        alone = ask(Scorer(index, each, 1))
        assert all(np.array_equal(*both, equal_nan=True) for both in zip(ours, alone, strict=True))
        assert any((answer[:, 0] != answer[:, 1]).any() for answer in alone)


def test_nobody_runs_ahead_and_nobody_waits_for_one_that_left(index: Index, blocks: list[Asked]) -> None:
    shared = SharedLookUps(threads=2)
    random = np.random.default_rng(6)
    quick, slow = (shared.scorer(index, counting("paper", exclusion_of(random)), 1) for _ in range(2))
    taken: list[int] = []
    two = threading.Event()

    def hurry() -> None:
        with quick:
            for number, asked in enumerate(blocks):
                quick.window_rates(asked)
                taken.append(number)
                if number == 1:
                    two.set()

    with ThreadPoolExecutor(1) as pool:
        hurrying = pool.submit(hurry)
        assert two.wait(60)
        with pytest.raises(TimeoutError):
            hurrying.result(timeout=0.2)
        assert taken == [0, 1]
        with slow:
            slow.window_rates(blocks[0])
        hurrying.result(timeout=60)
    assert taken == [*range(len(blocks))]


def test_as_many_work_at_a_time_as_there_are_threads(index: Index, blocks: list[Asked]) -> None:
    shared = SharedLookUps(threads=2)
    random = np.random.default_rng(7)
    scorers = [shared.scorer(index, counting("paper", exclusion_of(random)), 1) for _ in range(5)]
    working, most, lock = 0, 0, threading.Lock()

    def work(by: int) -> None:
        nonlocal working, most
        with lock:
            working += by
            most = max(most, working)

    def ask(scorer: SharingScorer) -> None:
        with scorer:
            for asked in blocks:
                work(1)
                time.sleep(0.002)
                work(-1)
                scorer.window_rates(asked)

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(ask, scorers))
    assert most == 2


def test_a_failed_look_up_fails_for_all_of_them(index: Index) -> None:
    shared = SharedLookUps(threads=1)
    random = np.random.default_rng(8)
    scorers = [shared.scorer(index, counting("paper", exclusion_of(random)), 1) for _ in range(3)]

    def fail() -> int:
        raise OSError("no more")

    def ask(scorer: SharingScorer) -> None:
        with scorer, pytest.raises(OSError, match="no more"):
            shared.answer(scorer, fail)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(ask, scorers))


def test_stopped_those_that_wait_and_those_that_ask_end(index: Index, blocks: list[Asked]) -> None:
    shared = SharedLookUps(threads=2)
    random = np.random.default_rng(9)
    waiting, never = (shared.scorer(index, counting("paper", exclusion_of(random)), 1) for _ in range(2))

    def ask() -> None:
        with waiting:
            for asked in blocks:
                waiting.window_rates(asked)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        shared.stop()
        with pytest.raises(StoppedError):
            asking.result(timeout=60)
    with never, pytest.raises(StoppedError):
        never.window_rates(blocks[0])
