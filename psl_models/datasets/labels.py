"""Labels as data sets write them, and the classes they name."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from psl_index.classes import CLASSES
from psl_models.datasets.proteins import Labels


def labels_in(text: str, *, multi_label: bool) -> Labels:
    """The labels in a text that joins several by ``|`` or ``;``, in their order, each once.

    The ten classes are known in DeepLoc 1.0's spelling (``Cell.membrane``) and in 2.0's (``Cell membrane``), in any
    letter case; any other label stays as it is. Of two of the ten joined by a hyphen (``Cytoplasm-Nucleus``) both
    count with `multi_label`, else the first, as in the published study.
    """
    found: list[str] = []
    for part in _SEPARATOR.split(text):
        label = part.strip()
        if label:
            joined = _joined_by_hyphen(label)
            found += joined if multi_label else joined[:1]
    return tuple(dict.fromkeys(found))


def spelled(label: str) -> str:
    """A label as it is written here: one of the ten classes in DeepLoc 1.0's spelling, any other as it is."""
    return _CLASS_OF.get(_spelling(label), label)


def labels_in_header(word: str, *, multi_label: bool) -> Labels:
    """The labels in the second word of a FASTA header; DeepLoc's membrane flag (``-M``, S, U or ?) is dropped.

    The label is split from the right, for it can hold a hyphen itself.
    """
    label, _, flag = word.rpartition("-")
    return labels_in(label if label and flag in _MEMBRANE_FLAGS else word, multi_label=multi_label)


def known_labels(labels: Labels, classes: Collection[str]) -> Labels:
    """The labels where all of them are among `classes`, else none: any other word of a header means something else."""
    return labels if all(label in classes for label in labels) else ()


_SEPARATOR: Final = re.compile("[|;]")
_MEMBRANE_FLAGS: Final = ("M", "S", "U", "?")


def _spelling(label: str) -> str:
    return label.lower().replace(".", " ")


_CLASS_OF: Final = {_spelling(psl_class): psl_class for psl_class in CLASSES}


def _joined_by_hyphen(label: str) -> list[str]:
    parts = [_CLASS_OF.get(_spelling(part)) for part in label.split("-")]
    classes = [psl_class for psl_class in parts if psl_class is not None]
    return classes if len(classes) == len(parts) else [label]
