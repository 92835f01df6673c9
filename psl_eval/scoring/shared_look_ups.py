"""Look-ups of windows that several scorers need alike, done once for all of them.

Null models take most of their time to look up the windows of proteins, which are the same whatever is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from threading import Condition, Semaphore
from typing import Any, Final, Self, TypeVar

import numpy as np
import numpy.typing as npt

from psl_eval.exclusion.left_out import LeftOut, together
from psl_eval.scoring.definitions import Definition
from psl_eval.scoring.drawn_credits import Credits, DrawnSubsequences, credits_of
from psl_eval.scoring.scorer import Scorer, share
from psl_eval.scoring.tally import Asked, Counting, Tally, tally
from psl_index.index import Index
from psl_index.threads import threads_for

_AHEAD: Final = 1  # answers that may wait for the others, beside the one that is taken

Answer = TypeVar("Answer")


class StoppedError(Exception):
    """Nothing is looked up any more, because another scorer failed or all are to end."""


class SharedLookUps:
    """Scorers that ask for the same windows in the same order, each in a thread of its own and as a context.

    They may differ in what they leave out, and by definition where entries are not credited. The first to ask looks up,
    for all. So many as there are threads work at a time; one that waits for an answer lets another go on.

    Parameters
    ----------
    threads : int
        Of each look-up; 0 for as many as the machine has.

    Attributes
    ----------
    scorers : list of SharingScorer
        None can come once one of them has asked.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads_for(threads)
        self.scorers: list[SharingScorer] = []
        self.at_work = Semaphore(self.threads)
        self._left_out: list[LeftOut] = []  # of each exclusion once
        self._near: Definition | None = None  # whose matching entries are the hits of the others, if one has it
        self._turns: dict[int, int] = {}  # of each scorer that has not left: which answer it takes next
        self._answers: dict[int, Future[Any]] = {}
        self._changed = Condition()
        self._stopped = False

    def scorer(self, index: Index, counting: Counting, threads: int) -> SharingScorer:
        """One more that shares; `threads` are for what it does not share."""
        number = next((n for n, known in enumerate(self._left_out) if _same(known, counting.left_out)), None)
        if number is None:
            number = len(self._left_out)
            self._left_out.append(counting.left_out)
        if counting.definition.near:
            self._near = counting.definition
        member = len(self.scorers)
        self.scorers.append(SharingScorer(index, counting, threads, self, member, number + 1))
        self._turns[member] = 0
        return self.scorers[-1]

    def stop(self) -> None:
        """Give no more answers: those that ask get a `StoppedError`."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def leave(self, scorer: SharingScorer) -> None:
        """Wait for this one no more."""
        with self._changed:
            del self._turns[scorer.member]
            self._forget()

    def counting(self, of_one: Counting) -> Counting:
        """What is counted for all of them where one asks."""
        return of_one._replace(definition=self._near or of_one.definition, left_out=self._all_left_out)

    def answer(self, scorer: SharingScorer, look_up: Callable[[], Answer]) -> Answer:
        """The scorer's next answer; `look_up` gives it where no other scorer has asked yet.

        Raises
        ------
        StoppedError
            There are no more answers.
        """
        with self._resting():
            answer, first = self._next(scorer)
        if first:
            try:
                answer.set_result(look_up())
            except BaseException as error:
                answer.set_exception(error)
        with self._resting():
            found: Answer = answer.result()
        with self._changed:
            self._turns[scorer.member] += 1
            self._forget()
        return found

    def _next(self, scorer: SharingScorer) -> tuple[Future[Any], bool]:
        """The scorer's next answer, and whether it asks first; when the others have come near enough."""
        turn = self._turns[scorer.member]
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or turn - min(self._turns.values()) <= _AHEAD)
            if self._stopped:
                raise StoppedError
            first = turn not in self._answers
            return self._answers.setdefault(turn, Future()), first

    @contextmanager
    def _resting(self) -> Iterator[None]:
        """While a scorer waits another works."""
        self.at_work.release()
        try:
            yield
        finally:
            self.at_work.acquire()

    @cached_property
    def _all_left_out(self) -> LeftOut:
        return together(self._left_out)

    def _forget(self) -> None:
        """Drop what all have taken, and let those go on that waited for it."""
        reached = min(self._turns.values(), default=math.inf)
        self._answers = {turn: answer for turn, answer in self._answers.items() if turn >= reached}
        self._changed.notify_all()


@dataclass(frozen=True)
class SharingScorer(Scorer):
    """A scorer whose windows are looked up together with those of others."""

    shared: SharedLookUps
    member: int
    column: int  # of its own exclusion, among those of all

    def window_rates(self, asked: Asked) -> npt.NDArray[np.float64]:
        """As `Scorer.window_rates`."""

        def look_up() -> Tally:
            return tally(self.index, asked, self.shared.counting(self.counting), self.shared.threads)

        counts = self.shared.answer(self, look_up)
        hits = counts.hits if self.counting.definition.near else counts.matching
        labelled = (asked.targets != 0)[:, np.newaxis]
        columns = [0, self.column]
        return share(hits[:, columns], counts.entries[:, columns, np.newaxis], labelled)

    def credits(self, asked: DrawnSubsequences) -> Credits:
        """As `Scorer.credits`."""

        def look_up() -> Credits:
            return credits_of(self.index, asked, self.shared.counting(self.counting), self.shared.threads)

        credited = self.shared.answer(self, look_up)
        columns = [0, self.column]
        return Credits(*(of_all[:, columns] for of_all in credited))

    def __enter__(self) -> Self:
        """Begin to work, when there is a thread for it."""
        self.shared.at_work.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        """Ask no more."""
        self.shared.at_work.release()
        self.shared.leave(self)


def _same(one: LeftOut, other: LeftOut) -> bool:
    return all(np.array_equal(np.asarray(ours), np.asarray(theirs)) for ours, theirs in zip(one, other, strict=True))
