"""What the page's own scripts draw: the views of proteins and of locations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypedDict

from psl_eval.report.colours import FEATURE, PICKED, SCORES, ink_on
from psl_eval.report.contents import Contents
from psl_eval.report.ends import Logos, logos
from psl_eval.report.entries import REASONS, described
from psl_eval.report.features import FEATURES
from psl_eval.report.levels import STEPS
from psl_eval.report.proteins import Shown, ShownProtein

if TYPE_CHECKING:
    from psl_index.index import Index


class Drawn(TypedDict):
    """What is drawn as a line beside the residues."""

    name: str
    colour: str


class View(TypedDict):
    """All that the scripts know; lists are by explanation where nothing else is said."""

    classes: list[str]
    predicted_by: str  # whose predictions are shown with proteins, and judged
    series: list[str]  # names of the tables of predictions
    explanations: list[str]
    signed: list[bool]  # whether some score is below 0
    rated: list[str | None]  # names of the hit rates that are shown
    looked_up: list[bool]  # whether entries are known
    reasons: Sequence[str]  # why an occurrence counts or does not, by its number
    features: Mapping[str, Drawn]  # by their type, and what stands out as `picked`
    colours: Sequence[tuple[str, str]]  # of the levels of scores on white, and of letters on them
    steps: int  # of the scale of colours, on either side of nothing
    proteins: Sequence[ShownProtein]
    entries: Mapping[str, Mapping[str, Any]]  # by accession: name, organism, classes
    logos: list[Mapping[str, Logos]]  # by class


_DRAWN: Final[Mapping[str, Drawn]] = {
    "picked": {"name": "stands out", "colour": PICKED.light},
    **{type_: {"name": name, "colour": FEATURE[type_]} for type_, name in FEATURES.items()},
}


def view_of(contents: Contents, shown: Sequence[Shown], proteins: Sequence[ShownProtein], index: Index | None) -> View:
    """Put together what is known of proteins, and the names that their lists are by."""
    named = {hit.accession for each in shown for held in each.held.values() for hit in held.first}
    return {
        "classes": contents.classes,
        "predicted_by": contents.predicted_by,
        "series": [each.name for each in contents.series],
        "explanations": [each.explanation.name for each in shown],
        "signed": [any((of.scores < 0).any() for of in each.explanation.proteins.values()) for each in shown],
        "rated": [None if each.rates is None else each.rates.name for each in shown],
        "looked_up": [bool(each.held) for each in shown],
        "reasons": REASONS,
        "features": _DRAWN,
        "colours": [(each.light, ink_on(each.light)) for each in SCORES],
        "steps": STEPS,
        "proteins": proteins,
        "entries": {} if index is None or not named else described(index, named),
        "logos": [{name: logos(each.explanation, name) for name in contents.classes} for each in shown],
    }
