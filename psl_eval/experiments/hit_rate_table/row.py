"""The hit rates of what one explanation picks out, in all forms: a row of the study's tables."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.choices import Choices
from psl_eval.comparing.methods import Method
from psl_eval.experiments.explained_proteins import Explanation
from psl_eval.experiments.parts import Parts, digest_of
from psl_eval.experiments.scored_subsequences import Scoring
from psl_eval.forms import Form, Judged
from psl_eval.results.schemas import SUMMARY
from psl_eval.statistics.confidence import CONFIDENCE
from psl_eval.statistics.means import adjusted
from psl_eval.statistics.rows import known

_ABOUT: Final = [
    pa.field("model", pa.string(), nullable=False),
    pa.field("explanation", pa.string(), nullable=False),
]
HIT_RATE_ROWS: Final = pa.schema(
    [
        *_ABOUT,
        pa.field("mean_length", pa.float64()),  # of its subsequences in the proteins of the subset, in residues
        *SUMMARY,  # but that q_value is over the models and explanations, see `correct_together`
    ]
)
#: What tells the questions that the rows of an explanation answer apart.
QUESTION: Final = ("definition", "exclusion", "null", "against", "subset")
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

    def rows(self) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows of `HIT_RATE_ROWS` and of `CONFIDENCE_ROWS`: by each definition, and with each exclusion."""
        about = {"model": self.explanation.model.name, "explanation": self.explanation.name}
        mean_lengths = self._mean_lengths()
        rates: list[dict[str, Any]] = []
        confidence: list[dict[str, Any]] = []
        forms = list(self._forms())
        for form, (summary, judged) in zip(forms, self._tables(forms), strict=True):
            rates += [about | {"mean_length": mean_lengths[row["subset"]]} | row for row in summary.to_pylist()]
            confidence += [about | {"definition": form.choices.definition} | row for row in judged.to_pylist()]
        return rates, confidence

    def method(self, exclusion: str, scoring: Scoring) -> Method:
        """For comparisons: by the first definition."""
        choices = self._choices(self.definitions[0], exclusion, nulls=())
        return scoring.method(self.explanation.name, self.subsequences, choices)

    @cached_property
    def digest(self) -> str:
        """Of the subsequences with their places and labels; hexadecimal."""
        return digest_of({"rows": self.subsequences.to_pylist()})

    def _mean_lengths(self) -> dict[str, float | None]:
        """Of the subsequences of all proteins, and of those predicted correct or wrong."""
        lengths = pc.utf8_length(self.subsequences["subsequence"])
        correct = self.subsequences["correct"]
        of_subsets = {"all": lengths, "correct": lengths.filter(correct), "wrong": lengths.filter(pc.invert(correct))}
        return {subset: pc.mean(of_subset).as_py() for subset, of_subset in of_subsets.items()}

    def _forms(self) -> Iterator[Form]:
        """By each definition and with each exclusion; with nothing left out beside the first of these."""
        exclusions = self.scoring.exclusions
        for definition, exclusion in itertools.product(self.definitions, exclusions):
            yield Form(self._choices(definition, exclusion, self.choices.nulls), exclusion == exclusions[0])

    def _tables(self, forms: Sequence[Form]) -> list[Judged]:
        named = []
        for choices, none_too in forms:
            terms = self.scoring.terms(choices.exclude) | {
                "subsequences": self.digest,
                "choices": asdict(choices),
                "none_too": none_too,
            }
            name = f"{self.explanation.model.name}-{self.explanation.method}-{choices.definition}-{choices.exclude}"
            named += [(name, terms), (f"{name}-confidence", terms)]

        def compute(missing: list[int]) -> Iterator[pa.Table]:
            numbers = sorted({number // 2 for number in missing})
            scored = self.scoring.judged(self.subsequences, [forms[number] for number in numbers])
            for number, judged in zip(numbers, scored, strict=True):
                yield from (table for place, table in enumerate(judged) if 2 * number + place in missing)

        kept = self.parts.tables(named, compute)
        return [Judged(*pair) for pair in zip(kept[::2], kept[1::2], strict=True)]

    def _choices(self, definition: str, exclusion: str, nulls: tuple[str, ...]) -> Choices:
        return Choices(**asdict(self.choices) | {"definition": definition, "exclude": exclusion, "nulls": nulls})


def correct_together(rows: Sequence[dict[str, Any]]) -> None:
    """Write q-values into rows of `HIT_RATE_ROWS`, by Benjamini-Hochberg over models and explanations."""
    families: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        families.setdefault(tuple(row[name] for name in QUESTION), []).append(row)
    for family in families.values():
        q_values = adjusted([known(row["p_value"]) for row in family])
        for row, q_value in zip(family, q_values.tolist(), strict=True):
            row["q_value"] = q_value
