"""The methods by name, and their settings as a user gives them."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
from collections.abc import Mapping
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

from psl_index.errors import UsageError
from psl_models.attribution.attention import (
    LearnedAttention,
    PermutedAttention,
    RandomAttention,
    ShiftedAttention,
    UniformAttention,
)
from psl_models.attribution.deeplift import DeepLift
from psl_models.attribution.gradient_shap import GradientShap
from psl_models.attribution.gradients import InputTimesGradient, Saliency, SmoothGrad
from psl_models.attribution.guided_backpropagation import GuidedBackpropagation
from psl_models.attribution.integrated_gradients import IntegratedGradients
from psl_models.attribution.lrp import LayerwiseRelevance
from psl_models.attribution.method import Method
from psl_models.attribution.mutagenesis import Mutagenesis
from psl_models.attribution.occlusion import Occlusion

METHODS: Final[Mapping[str, type[Method]]] = {
    "attention": LearnedAttention,
    "permuted": PermutedAttention,
    "random": RandomAttention,
    "uniform": UniformAttention,
    "shifted": ShiftedAttention,
    "integrated-gradients": IntegratedGradients,
    "saliency": Saliency,
    "input-x-gradient": InputTimesGradient,
    "smoothgrad": SmoothGrad,
    "gradient-shap": GradientShap,
    "deeplift": DeepLift,
    "guided-backpropagation": GuidedBackpropagation,
    "lrp": LayerwiseRelevance,
    "occlusion": Occlusion,
    "mutagenesis": Mutagenesis,
}


def method_named(name: str, settings: Mapping[str, Any] | None = None) -> Method:
    """The method of a name with some of its settings, the others as they are by default.

    Parameters
    ----------
    name : str
        One of `METHODS`.
    settings : mapping, optional
        Values by the names of the method's fields (``most-steps`` for ``most_steps`` will do): as they are, or as text
        that a user wrote (``100``, ``0.5``, ``none``, ``true``).

    Raises
    ------
    UsageError
        There is no such method, or it has no such setting, or none of that value.
    """
    if name not in METHODS:
        raise UsageError(f"no method {name!r}", remedy=_remedy(name, METHODS))
    kind: Any = METHODS[name]
    hints = get_type_hints(kind)
    kinds = {field.name: hints[field.name] for field in dataclasses.fields(kind)}
    chosen = {}
    for given, value in (settings or {}).items():
        setting = given.replace("-", "_")
        if setting not in kinds:
            remedy = _remedy(setting, kinds) if kinds else "give it none"
            raise UsageError(f"{name} has no setting {given!r}", remedy=remedy)
        chosen[setting] = _read(f"{name}: {given}", value, kinds[setting])
    method: Method = kind(**chosen)
    return method


def _remedy(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"choose one of {', '.join(known)}" + (f" (did you mean {near[0]}?)" if near else "")


def _read(setting: str, value: Any, kind: Any) -> Any:
    """A value of a setting, of the type that its field has."""
    if get_origin(kind) is Literal:
        if value not in get_args(kind):
            raise UsageError(f"{setting} is {value!r}", remedy=f"choose one of {', '.join(map(str, get_args(kind)))}")
        return value
    kinds = get_args(kind) or (kind,)
    found = _written(value) if isinstance(value, str) else value
    if float in kinds and type(found) is int:
        found = float(found)
    if type(found) not in kinds or (isinstance(found, float) and not math.isfinite(found)):
        raise UsageError(f"{setting} is {value!r}, expected {' or '.join(_WORDS[kind] for kind in kinds)}")
    return found


_WORDS: Final = {int: "a whole number", float: "a number", bool: "true or false", type(None): "none"}


def _written(text: str) -> Any:
    """What a text says, as JSON (``none`` is its ``null``); the text where it is none."""
    try:
        return json.loads("null" if text.lower() == "none" else text.lower())
    except (ValueError, RecursionError):
        return text
