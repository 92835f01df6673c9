"""Which methods explain a model, and what stands beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from psl_eval.experiments.explained_proteins import Explanation
from psl_eval.experiments.models import NamedModel
from psl_index.errors import UsageError
from psl_models.attribution import attribute
from psl_models.attribution.methods import method_named

#: Methods that say which residues matter without trying out each: those that are ranked.
RANKED: Final = (
    "attention",
    "integrated-gradients",
    "saliency",
    "input-x-gradient",
    "smoothgrad",
    "gradient-shap",
    "lrp",
    "deeplift",
    "guided-backpropagation",
)


def explanations_of(model: NamedModel, asked_for: Sequence[str], steps: int) -> Iterator[Explanation]:
    """The methods that explain a model, in their order; `steps` are those of integrated gradients.

    Of `RANKED` (none asked for) those that can; the others are refused.

    Raises
    ------
    UsageError
        A method that was asked for is not one of them, or cannot explain the model.
    """
    for method in dict.fromkeys(asked_for or RANKED):
        if method not in RANKED:
            raise UsageError(f"{method!r} is no method that is ranked", remedy=f"choose of {', '.join(RANKED)}")
        explanation = Explanation(model, method, settings_for(method, steps))
        refused = refusal(explanation)
        if refused is None:
            yield explanation
        elif asked_for:
            raise refused


def settings_for(method: str, steps: int) -> dict[str, object]:
    """Settings of a method that are not its defaults."""
    return {"steps": steps, "most_steps": max(steps, 200)} if method == "integrated-gradients" else {}


def refusal(explanation: Explanation) -> UsageError | None:
    """Why the method cannot explain the model; None where it can, as it shows on a protein of one residue."""
    model = explanation.model.model
    if explanation.method == "attention" and not explanation.model.attends:
        return UsageError(f"{explanation.model.name} has no attention", remedy="leave out --method attention")
    # On one residue the rest of the settings would only cost time.
    method = method_named(explanation.method)
    try:
        list(attribute(model, ["M"], explanation.method, method, np.zeros(1, np.int64)))
    except UsageError as refused:
        return refused
    return None
