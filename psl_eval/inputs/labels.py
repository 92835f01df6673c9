"""Labels that name one class or several, as text and as class masks."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_index.classes import CLASSES, classes_in, mask_of

UNKNOWN: Final = 1 << len(CLASSES)
"""In place of the mask of a label that names something else than the ten classes."""

_SEPARATOR: Final = re.compile("[;|]")


def masks_of_labels(labels: pa.StringArray) -> npt.NDArray[np.uint16]:
    """Class mask of each label: 0 where it is null, `UNKNOWN` where a part of it is none of the ten classes.

    Classes are separated by ``;`` or ``|``, blanks around them do not matter; their spelling does.
    """
    encoded = pc.dictionary_encode(labels)
    masks = np.array([*map(_mask, encoded.dictionary.to_pylist()), 0], np.uint16)
    taken: npt.NDArray[np.uint16] = masks[encoded.indices.fill_null(len(masks) - 1).to_numpy()]
    return taken


def labels_of_masks(masks: npt.NDArray[np.uint16]) -> pa.StringArray:
    """The classes of each mask in the order of `CLASSES`, joined by ``;``; null where there is none."""
    distinct = np.flatnonzero(np.bincount(masks))
    texts = [";".join(classes_in(mask)) or None for mask in distinct.tolist()]
    return pa.array(texts, pa.string()).take(pa.array(np.searchsorted(distinct, masks)))


def _mask(label: str) -> int:
    parts = [part.strip() for part in _SEPARATOR.split(label)]
    return mask_of(parts) if all(part in CLASSES for part in parts) else UNKNOWN
