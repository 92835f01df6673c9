"""What both experiments rest on: classes, backgrounds made of proteins, and importance by a model on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from psl_eval.experiments.importance.backgrounds import BackgroundName, Backgrounds, draw_backgrounds
from psl_eval.experiments.importance.importance import Importance
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import Parts
from psl_eval.explanations.asked import Asked
from psl_index.errors import UsageError
from psl_models.encoding import encode, truncated

LONGEST: Final = 1000  # residues of a background, as in training


def chosen_classes(named: Sequence[str], model: NamedModel) -> tuple[str, ...]:
    """The classes that a user names, all where none is; UsageError where one is none of the model's."""
    known = model.model.configuration.classes
    for name in named:
        if name not in known:
            raise UsageError(f"{model.name} knows no class {name!r}", remedy=f"choose among {', '.join(known)}")
    return tuple(dict.fromkeys(named)) or known


def backgrounds_of(asked: Asked, kind: BackgroundName, number: int, longest: int, seed: int) -> Backgrounds:
    """Backgrounds of at most `longest` residues, made of proteins; errors as of `draw_backgrounds`."""
    proteins = [encode(truncated(sequence, longest, "middle")) for sequence in asked.sequences]
    return draw_backgrounds(kind, proteins, number, seed)


def importance_by(
    model: NamedModel, backgrounds: Backgrounds, asked: Asked, parts: Parts, seed: int, resamples: int
) -> Importance:
    """Importance by one model; proteins that are in a class themselves, or a copy is, are no backgrounds for it."""
    classes = model.model.configuration.classes
    counted: npt.NDArray[np.bool_] = np.ones((len(backgrounds.tokens), len(classes)), np.bool_)
    if backgrounds.kind == "proteins":
        labels: dict[int, set[str]] = defaultdict(set)
        for first, of_protein in zip(backgrounds.first_copies.tolist(), asked.labels, strict=True):
            labels[first].update(of_protein)
        templates = backgrounds.templates.tolist()
        counted = np.array([[name not in labels[template] for name in classes] for template in templates])
    return Importance(model, backgrounds, counted, parts, seed, resamples)
