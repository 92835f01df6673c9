"""Proteins that tests explain, and how they ask for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from psl_models.attribution import Attribution, attribute
from psl_models.attribution.method import Method
from psl_models.attribution.methods import method_named
from psl_models.model import Model
from tests.psl_models.small_models import CLASSES

LONG = "MKRQLLALAVSSPDFYTHENWWCGK"
SEQUENCES = [LONG, "M", "XXXXX", "MKUBZXJO", "ACDEFGHIKLMN"]
# Few samples and steps: no law depends on how many there are.
FEW = {
    "integrated-gradients": {"steps": 4, "tolerance": None},
    "smoothgrad": {"samples": 2},
    "gradient-shap": {"samples": 2},
}


def quick_method(name: str) -> Method:
    return method_named(name, FEW.get(name, {}))


def attributions_of(
    model: Model, name: str, sequences: Sequence[str] = SEQUENCES, method: Method | None = None, **options: int
) -> list[Attribution]:
    targets = np.arange(len(sequences)) % len(CLASSES)
    batches = attribute(model, sequences, name, method or quick_method(name), targets, **options)
    return sorted((found for batch in batches for found in batch), key=lambda found: found.protein)


def close(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> bool:
    return bool(np.allclose(left, right, rtol=1e-4, atol=1e-5))
