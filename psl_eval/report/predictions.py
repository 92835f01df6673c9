"""Predictions as the page shows them: one table, one way of asking a model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.inputs.delimited import open_table
from psl_eval.report.explanations import Explanation
from psl_index.errors import InputError
from psl_index.opening import open_source

_OWN: Final = ("query", "predicted", "probability", "true", "correct")


class Answer(NamedTuple):
    """What a model says of a protein.

    Attributes
    ----------
    predicted : str
        Several classes joined by ``;``.
    true : str or None
        Likewise; None without labels.
    probabilities : ndarray
        float64 of shape (classes,); of shape (0,) where only the prediction is known.
    """

    predicted: str
    true: str | None
    probabilities: npt.NDArray[np.float64]

    @classmethod
    def of(cls, predicted: str, true: str | None) -> Answer:
        """An answer of which no probabilities are known."""
        return cls(predicted, true, np.empty(0))

    @property
    def correct(self) -> bool | None:
        """Whether the predicted classes are the true ones; None without labels."""
        return None if self.true is None else self.of_predicted == self.of_true

    @property
    def of_predicted(self) -> set[str]:
        """The predicted classes."""
        return set(self.predicted.split(";"))

    @property
    def of_true(self) -> set[str]:
        """The true classes, none without labels."""
        return set() if self.true is None else set(self.true.split(";"))


@dataclass(frozen=True, eq=False)
class Series:
    """A table of predictions: one model, asked in one way.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Of the probabilities; empty where only predictions are known.
    answers : mapping of str to Answer
        By the identifier of the protein, in the order of the table.
    """

    name: str
    classes: tuple[str, ...]
    answers: Mapping[str, Answer]


def predictions_of(explanations: Iterable[Explanation]) -> list[Series]:
    """What tables of attributions say is predicted, without probabilities; of several that say the same the first."""
    found: list[Series] = []
    for each in explanations:
        answers = {query: Answer.of(of.predicted, of.true) for query, of in each.proteins.items()}
        said = {query: answer.predicted for query, answer in answers.items()}
        if said not in [{query: answer.predicted for query, answer in one.answers.items()} for one in found]:
            found.append(Series(each.name, (), answers))
    return found


def read_series(name: str, path: Path) -> Series:
    """Read what `pslidx predict` writes; every other column than those of `_OWN` is a class.

    Raises
    ------
    InputError
        A probability is missing or no number, a protein has no prediction, comes twice, or the table is damaged.
    """
    answers: dict[str, Answer] = {}
    with open_source(path, digest=False) as source:
        table = open_table(source, frozenset(("query",)), lambda first: None)
        classes = tuple(column for column in table.names if column not in _OWN)
        known = [column for column in ("query", "predicted", "true") if column in table.names]
        for rows in table.parts([*known, *classes]):
            if rows.unreadable is not None:
                fault = rows.unreadable.first
                raise InputError(fault.problem, file=str(path), line=fault.place)
            columns = {column: rows.columns[column].to_pylist() for column in known}
            for at, (query, predicted) in enumerate(zip(columns["query"], columns["predicted"], strict=True)):
                place = int(rows.places[at])
                if query is None or predicted is None:
                    raise InputError("a protein without identifier or prediction", file=str(path), line=place)
                if query in answers:
                    raise InputError(f"{query!r} comes twice", file=str(path), line=place, remedy=_ONE_TABLE_EACH)
                probabilities = _numbers([rows.columns[each][at].as_py() for each in classes], path, place)
                answers[query] = Answer(predicted, columns["true"][at] if "true" in columns else None, probabilities)
    return Series(name, classes, answers)


_ONE_TABLE_EACH: Final = "write what each model says to a table of its own"


def _numbers(texts: list[str | None], path: Path, place: int) -> npt.NDArray[np.float64]:
    try:
        numbers = np.array([float(text) for text in texts if text is not None])
    except ValueError as error:
        raise InputError(f"a probability is no number ({error})", file=str(path), line=place) from None
    if len(numbers) < len(texts) or not np.all((numbers >= 0) & (numbers <= 1)):
        problem = "expected the probability of each class, from 0 to 1"
        raise InputError(problem, file=str(path), line=place, remedy="write it again with pslidx predict")
    return numbers
