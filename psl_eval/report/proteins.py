"""Every protein of the set as the page has it: sequence, predictions, what explanations say, what stands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypedDict

import pyarrow as pa

from psl_eval.report.entries import NOWHERE, Held, Occurrence
from psl_eval.report.explanations import ExplainedProtein, Explanation
from psl_eval.report.levels import LETTERS, STEPS, levels
from psl_eval.report.predictions import Answer, Series
from psl_eval.report.rates import Rates
from psl_eval.report.tracks import Key, Track

_DIGITS: Final = 4  # of a probability or a hit rate in the page; tables beside it have all


class Shown(NamedTuple):
    """An explanation with what was taken from it.

    Attributes
    ----------
    explanation : Explanation
    track : Track or None
        The subsequences that stand out.
    rates : Rates or None
        Their hit rates.
    held : mapping of Key to Held
        The entries that hold them.
    """

    explanation: Explanation
    track: Track | None
    rates: Rates | None
    held: Mapping[Key, Held]


class ShownSubsequence(TypedDict):
    """A subsequence that stands out in a protein."""

    start: int  # from 1
    end: int  # from 1, inclusive
    entries: int | None  # that count and hold it; None without hit rates
    matching: int | None  # those of them with (one of) the class(es)
    rate: float | None
    occurrences: int  # in all entries
    held: Sequence[Occurrence]  # the first of these


class ShownProtein(TypedDict):
    """A protein; lists are by explanation or, probabilities, by table of predictions."""

    query: str
    sequence: str  # empty where nothing says it
    predicted: str  # by the first explanation that has the protein, or else the first table of predictions
    true: str | None  # several classes joined by `;`
    correct: bool | None  # None without true classes
    rates: list[float | None]  # hit rates
    probabilities: list[list[float | None] | None]  # of the classes, in their order
    explained: list[str | None]  # what is explained, where it is another class than `predicted`, or predicted otherwise
    scores: list[str | None]  # letters of `psl_eval.report.levels`; None where it is not explained
    other_sequence: list[bool]  # whether an explanation is of other residues, and has no scores for that reason
    picked: list[list[ShownSubsequence]]
    features: list[dict[str, Any]]  # as of `psl_eval.report.features`


def protein_table(proteins: Sequence[ShownProtein], shown: Sequence[Shown]) -> pa.Table:
    """A row for each protein: what is predicted and true, and its hit rates by explanation."""
    columns: dict[str, list[Any]] = {
        "protein": [each["query"] for each in proteins],
        "length": [len(each["sequence"]) or None for each in proteins],
        "predicted": [each["predicted"] for each in proteins],
        "true": [each["true"] for each in proteins],
        "correct": [each["correct"] for each in proteins],
    }
    for of in shown:
        if of.rates is not None:
            columns[f"hit rate, {of.rates.name}"] = [of.rates.of_proteins.get(each["query"]) for each in proteins]
    return pa.table(columns)


def feature_table(proteins: Iterable[ShownProtein]) -> pa.Table:
    """A row for each annotated feature of each protein: type, start, end (from 1, inclusive), note."""
    rows = [{"protein": each["query"]} | feature for each in proteins for feature in each["features"]]
    return pa.Table.from_pylist(rows)


def level_table(proteins: Iterable[ShownProtein], which: int) -> pa.Table:
    """A row for each protein of an explanation: its residues, and the level of the colour of each, from -9 to 9."""
    drawn = [(each["query"], each["sequence"], each["scores"][which]) for each in proteins]
    rows = [
        {"protein": query, "sequence": sequence, "levels": [LETTERS.index(letter) - STEPS for letter in letters]}
        for query, sequence, letters in drawn
        if letters is not None
    ]
    return pa.Table.from_pylist(rows)


def probability_table(series: Iterable[Series]) -> pa.Table:
    """A row for each table of predictions, protein and class."""
    rows = [
        (each.name, query, name, probability)
        for each in series
        for query, answer in each.answers.items()
        for name, probability in zip(each.classes, answer.probabilities.tolist(), strict=False)
    ]
    names = ("predictions", "protein", "class", "probability")
    return pa.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))) if rows else pa.table({})


def proteins_of(
    queries: Iterable[str],
    shown: Sequence[Shown],
    series: Sequence[Series],
    classes: Sequence[str],
    features: Mapping[str, list[dict[str, Any]]],
) -> list[ShownProtein]:
    """Some proteins, in their order."""
    return [_protein(query, shown, series, classes, features.get(query, [])) for query in queries]


def _protein(
    query: str,
    shown: Sequence[Shown],
    series: Sequence[Series],
    classes: Sequence[str],
    features: list[dict[str, Any]],
) -> ShownProtein:
    explained = [each.explanation.proteins.get(query) for each in shown]
    said = [each for each in (*explained, *(each.answers.get(query) for each in series)) if each is not None]
    sequence = next((each.sequence for each in explained if each is not None), "")
    true = next((each.true for each in said if each.true is not None), None)
    same = [each is not None and each.sequence == sequence for each in explained]
    return {
        "query": query,
        "sequence": sequence,
        "predicted": said[0].predicted,
        "true": true,
        "correct": Answer.of(said[0].predicted, true).correct,
        "rates": [None if each.rates is None else _rounded(each.rates.of_proteins.get(query)) for each in shown],
        "probabilities": [_probabilities(query, each, classes) for each in series],
        "explained": [_explained(each, said[0].predicted) for each in explained],
        "scores": [
            levels(each.scores) if each is not None and fits else None
            for each, fits in zip(explained, same, strict=True)
        ],
        "other_sequence": [each is not None and not fits for each, fits in zip(explained, same, strict=True)],
        "picked": [_picked(query, each) if fits else [] for each, fits in zip(shown, same, strict=True)],
        "features": features,
    }


def _explained(protein: ExplainedProtein | None, predicted: str) -> str | None:
    """Which class an explanation is of, where a reader would take another for it."""
    if protein is None:
        return None
    target = protein.target or protein.predicted
    says = [f"predicts {protein.predicted}"] if set(protein.predicted.split(";")) != set(predicted.split(";")) else []
    return ", ".join([*says, f"explains {target}"]) if says or target != predicted else None


def _probabilities(query: str, series: Series, classes: Sequence[str]) -> list[float | None] | None:
    answer = series.answers.get(query)
    if answer is None or not series.classes:
        return None
    of_class = dict(zip(series.classes, answer.probabilities.tolist(), strict=True))
    return [_rounded(of_class.get(name)) for name in classes]


def _picked(query: str, shown: Shown) -> list[ShownSubsequence]:
    """What stands out: place, hit rate, and who holds it."""
    rows: list[ShownSubsequence] = []
    of_subsequences = {} if shown.rates is None else shown.rates.of_subsequences
    for each in () if shown.track is None else shown.track.picked.get(query, ()):
        key = (query, each.start, each.end)
        rate = of_subsequences.get(key, {})
        held = shown.held.get(key, NOWHERE)
        rows.append(
            {
                "start": each.start,
                "end": each.end,
                "entries": rate.get("entries"),
                "matching": rate.get("matching"),
                "rate": _rounded(rate.get("hit_rate")),
                "occurrences": held.occurrences,
                "held": held.first,
            }
        )
    return rows


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
