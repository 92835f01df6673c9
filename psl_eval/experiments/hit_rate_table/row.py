"""The hit rates of what one explanation picks out, in all forms: a row of the study's tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.choices import Choices
from psl_eval.comparing.methods import Method
from psl_eval.experiments.explained_proteins import Explanation
from psl_eval.experiments.parts import Parts, digest_of
from psl_eval.experiments.scored_subsequences import Scoring, side_by_side
from psl_eval.results.schemas import SUMMARY, HitRates
from psl_eval.statistics.confidence import CONFIDENCE

_ABOUT: Final = [
    pa.field("model", pa.string(), nullable=False),
    pa.field("explanation", pa.string(), nullable=False),
]
HIT_RATE_ROWS: Final = pa.schema(
    [
        *_ABOUT,
        pa.field("mean_length", pa.float64()),  # of its subsequences, in residues
        *SUMMARY,
    ]
)
CONFIDENCE_ROWS: Final = pa.schema([*_ABOUT, pa.field("definition", pa.string(), nullable=False), *CONFIDENCE])


@dataclass(frozen=True, eq=False)
class Row:
    """The hit rates of an explanation.

    Attributes
    ----------
    explanation : Explanation
    subsequences : pyarrow.Table
        What it picks out, at least one.
    scoring : Scoring
    definitions : tuple of str
        The first is that of comparisons.
    choices : Choices
        All others.
    parts : Parts
    """

    explanation: Explanation
    subsequences: pa.Table
    scoring: Scoring
    definitions: tuple[str, ...]
    choices: Choices
    parts: Parts

    def forms(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows of `HIT_RATE_ROWS` and of `CONFIDENCE_ROWS`: by each definition, and with each exclusion."""
        about = {"model": self.explanation.model.name, "explanation": self.explanation.name}
        mean_length = pc.mean(pc.utf8_length(self.subsequences["subsequence"])).as_py()
        rates: list[dict[str, Any]] = []
        confidence: list[dict[str, Any]] = []
        exclusions = self.scoring.exclusions
        forms = list(itertools.product(self.definitions, exclusions))
        _ = self.digest  # once, for all of them
        tables = side_by_side(lambda scoring, form: self._tables(form[0], form[1], scoring), forms, self.scoring)
        for (definition, exclusion), (summary, judged) in zip(forms, tables, strict=True):
            first = exclusion == exclusions[0]
            rates += [about | {"mean_length": mean_length} | row for row in _own(summary, first=first)]
            confidence += [about | {"definition": definition} | row for row in _own(judged, first=first)]
        return rates, confidence

    def method(self, exclusion: str, scoring: Scoring) -> Method:
        """For comparisons: by the first definition."""
        choices = self._choices(self.definitions[0], exclusion, nulls=())
        return scoring.method(self.explanation.name, self.subsequences, choices)

    @cached_property
    def digest(self) -> str:
        """Of the subsequences with their places and labels; hexadecimal."""
        return digest_of({"rows": self.subsequences.to_pylist()})

    def _tables(self, definition: str, exclusion: str, scoring: Scoring) -> tuple[pa.Table, pa.Table]:
        """The summary, and how far the rates tell correct predictions from wrong ones."""
        choices = self._choices(definition, exclusion, self.choices.nulls)
        terms = self.scoring.terms(exclusion) | {"subsequences": self.digest, "choices": asdict(choices)}
        name = f"{self.explanation.model.name}-{self.explanation.method}-{definition}-{exclusion}"

        @cache
        def rates() -> HitRates:
            return scoring.hit_rates(self.subsequences, choices)

        return (
            self.parts.table(name, terms, lambda: rates().summary),
            self.parts.table(f"{name}-confidence", terms, lambda: rates().confidence),
        )

    def _choices(self, definition: str, exclusion: str, nulls: tuple[str, ...]) -> Choices:
        return Choices(**asdict(self.choices) | {"definition": definition, "exclude": exclusion, "nulls": nulls})


def _own(table: pa.Table, *, first: bool) -> Iterator[dict[str, Any]]:
    """Rows but for those of nothing left out, which every exclusion gives and the `first` alone keeps."""
    for row in table.to_pylist():
        if row["exclusion"] != "none" or first:
            yield row
