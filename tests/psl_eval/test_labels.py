"""Labels that name one class or several."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from psl_eval.inputs.labels import UNKNOWN, labels_of_masks, masks_of_labels
from psl_index.classes import CLASSES


@pytest.mark.parametrize(
    ("label", "mask"),
    [
        (None, 0),
        ("Nucleus", 1),
        ("Cytoplasm;Nucleus", 3),
        ("Lysosome/Vacuole | Nucleus|Nucleus", 1 << 8 | 1),
        ("nucleus", UNKNOWN),
        ("Cell membrane", UNKNOWN),
        ("Nucleus;", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_label_is_a_set_of_classes(label: str | None, mask: int) -> None:
    assert masks_of_labels(pa.array([label], pa.string())).tolist() == [mask]


@given(st.lists(st.none() | st.lists(st.sampled_from(CLASSES), min_size=1), max_size=20))
def test_classes_come_back_in_order_and_once(labels: list[list[str] | None]) -> None:
    masks = masks_of_labels(pa.array([label and "|".join(label) for label in labels], pa.string()))
    assert masks.dtype == np.uint16
    assert labels_of_masks(masks).to_pylist() == [
        label and ";".join(sorted(set(label), key=CLASSES.index)) for label in labels
    ]
