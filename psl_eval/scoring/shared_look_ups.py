"""Look-ups of windows that several scorers need alike, done once for all of them.

Null models take most of their time to look up the windows of proteins, which are the same whatever is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from threading import Condition
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from psl_eval.exclusion.left_out import LeftOut, together
from psl_eval.scoring.definitions import Definition
from psl_eval.scoring.drawn_credits import Credits, DrawnSubsequences, credits_of
from psl_eval.scoring.scorer import Scorer, share
from psl_eval.scoring.tally import Asked, Counting, tally
from psl_index.index import Index

_AHEAD: Final = 1  # answers that may wait for the others, beside the one that is taken

Answer = TypeVar("Answer")


class SharedLookUps:
    """Scorers that ask for the same windows in the same order, each in a thread of its own.

    They may differ in what they leave out, and by definition where entries are not credited. The first to ask looks up,
    for all. Once one has asked, there can be no others; one that asks no more must leave, or others wait for it.

    Parameters
    ----------
    threads : int
        Of each look-up; 0 for all.

    Attributes
    ----------
    scorers : list of SharingScorer
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.scorers: list[SharingScorer] = []
        self._left_out: list[LeftOut] = []  # of each exclusion once
        self._definition: Definition | None = None
        self._turns: dict[int, int] = {}  # of each scorer that has not left: which answer it takes next
        self._answers: dict[int, Future[Any]] = {}
        self._changed = Condition()

    def scorer(self, index: Index, counting: Counting, threads: int) -> SharingScorer:
        """One more that shares; `threads` are for what it does not share."""
        number = next((n for n, known in enumerate(self._left_out) if _same(known, counting.left_out)), None)
        if number is None:
            number = len(self._left_out)
            self._left_out.append(counting.left_out)
        if self._definition is None or counting.definition.near:  # whose matching entries are the hits of the others
            self._definition = counting.definition
        member = len(self.scorers)
        self.scorers.append(SharingScorer(index, counting, threads, self, member, number + 1))
        self._turns[member] = 0
        return self.scorers[-1]

    def leave(self, scorer: SharingScorer) -> None:
        """Wait for this one no more."""
        with self._changed:
            del self._turns[scorer.member]
            self._forget()

    @cached_property
    def counting(self) -> Mapping[str, Any]:
        """What is counted for all of them, in place of what each counts."""
        return {"definition": self._definition, "left_out": together(self._left_out)}

    def answer(self, scorer: SharingScorer, look_up: Callable[[], Answer]) -> Answer:
        """The scorer's next answer; `look_up` gives it where no other scorer has asked yet."""
        with self._changed:
            turn = self._turns[scorer.member]
            self._changed.wait_for(lambda: turn - min(self._turns.values()) <= _AHEAD)
            first = turn not in self._answers
            answer: Future[Answer] = self._answers.setdefault(turn, Future())
        if first:
            try:
                answer.set_result(look_up())
            except BaseException as error:
                answer.set_exception(error)
        found = answer.result()
        with self._changed:
            self._turns[scorer.member] = turn + 1
            self._forget()
        return found

    def _forget(self) -> None:
        """Drop what all have taken, and let those go on that waited for it."""
        reached = min(self._turns.values(), default=None)
        self._answers = {
            turn: answer for turn, answer in self._answers.items() if reached is not None and turn >= reached
        }
        self._changed.notify_all()


@dataclass(frozen=True)
class SharingScorer(Scorer):
    """A scorer whose windows are looked up together with those of others."""

    shared: SharedLookUps
    member: int
    column: int  # of its own exclusion, among those of all

    def window_rates(self, asked: Asked) -> npt.NDArray[np.float64]:
        """As `Scorer.window_rates`."""
        counts = self.shared.answer(self, lambda: tally(self.index, asked, self._all_counting(), self.shared.threads))
        hits = counts.hits if self.counting.definition.near else counts.matching
        labelled = (asked.targets != 0)[:, np.newaxis]
        columns = [0, self.column]
        return share(hits[:, columns], counts.entries[:, columns, np.newaxis], labelled)

    def credits(self, asked: DrawnSubsequences) -> Credits:
        """As `Scorer.credits`."""
        credited = self.shared.answer(
            self, lambda: credits_of(self.index, asked, self._all_counting(), self.shared.threads)
        )
        columns = [0, self.column]
        return Credits(*(of_all[:, columns] for of_all in credited))

    def leave(self) -> None:
        """To be called when nothing more is asked, or others wait for it."""
        self.shared.leave(self)

    def _all_counting(self) -> Counting:
        return self.counting._replace(**self.shared.counting)


def _same(one: LeftOut, other: LeftOut) -> bool:
    return all(np.array_equal(np.asarray(ours), np.asarray(theirs)) for ours, theirs in zip(one, other, strict=True))
