"""What is scored how: all choices of a run in one place, as its manifest states them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from psl_eval.exclusion.exclusions import EXCLUSIONS
from psl_eval.nulls.null_models import NULLS
from psl_eval.scoring.annotation import DENOMINATORS, EVIDENCE, Annotation
from psl_eval.scoring.definitions import DEFINITIONS
from psl_index.errors import UsageError

AGAINST: Final = ("predicted", "true", "both", "all")


@dataclass(frozen=True)
class Choices:
    """What is scored how; `hit_rate` says what each means.

    Raises
    ------
    UsageError
        A choice is none of those there are, or two do not go together.
    """

    definition: str = "paper"
    exclude: str = "self"
    against: str = "predicted"
    evidence: str = "any"
    reviewed: bool = False
    lineage: str | None = None
    denominator: str = "annotated"
    nulls: tuple[str, ...] = ()
    draws: int = 1000
    resamples: int = 2000
    seed: int = 1

    def __post_init__(self) -> None:
        _refuse_unknown("definition", self.definition, DEFINITIONS)
        _refuse_unknown("exclusion", self.exclude, EXCLUSIONS)
        _refuse_unknown("label to score against", self.against, AGAINST)
        _refuse_unknown("evidence", self.evidence, EVIDENCE)
        _refuse_unknown("denominator", self.denominator, DENOMINATORS)
        for null in self.nulls:
            _refuse_unknown("null model", null, NULLS)
        if self.definition == "released" and self.denominator == "all":
            raise UsageError(
                "the definition 'released' passes over entries without a location",
                remedy="choose another definition, or --denominator annotated",
            )
        for null in {"label", "other-class"} & {*self.nulls}:
            if self.against == "all":
                raise UsageError(
                    f"the null model {null!r} rests on the labels of proteins, but each is scored against all classes",
                    remedy="choose `--null window`, or --against predicted, true or both",
                )
        if self.draws < 1 or self.resamples < 2 or self.seed < 0:
            raise UsageError(
                "a null model takes at least 1 draw, an interval at least 2 resamples, and the seed is 0 or more"
            )

    @property
    def annotation(self) -> Annotation:
        """Which entries count."""
        word_list = DEFINITIONS[self.definition].credited
        return Annotation(self.evidence, self.reviewed, self.lineage, self.denominator, word_list)

    def refuse_motifs(self) -> None:
        """Refuse what takes a protein, or a position in it.

        Raises
        ------
        UsageError
            It names what to choose for motifs.
        """
        for taken, remedy in (
            (self.definition != "unweighted", "--definition unweighted"),
            (self.exclude != "none", "--exclude none"),
            (bool({"window", "other-class"} & {*self.nulls}), "--null label"),
        ):
            if taken:
                raise UsageError(
                    "motifs have no protein and no position in it, which this way of scoring takes",
                    remedy=f"choose `{remedy}`, or give subsequences with query, start and end",
                )


def _refuse_unknown(what: str, choice: str, choices: Iterable[str]) -> None:
    if choice not in choices:
        raise UsageError(f"unknown {what} {choice!r}", remedy=f"choose one of {', '.join(choices)}")
