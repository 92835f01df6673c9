"""Which entries count for a hit rate, and what classes they have: by evidence, review, organism and definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.scoring._label_bits import CLASS_BITS, COUNTS
from psl_index.batches import masks_of
from psl_index.classes import CLASSES
from psl_index.entry_tables import EntryTables, Organisms
from psl_index.shard import Shard

EVIDENCE: Final = ("any", "experimental")
DENOMINATORS: Final = ("annotated", "all")


@dataclass(frozen=True)
class Annotation:
    """Which entries count, and by which of their locations; as the manifest of results states it.

    Attributes
    ----------
    evidence : {'any', 'experimental'}
        Locations that count: all, or those with the evidence code ECO:0000269 (manual assertion from an experiment).
    reviewed : bool
        Count entries of Swiss-Prot only.
    lineage : str or None
        Count entries with this name in their lineage only, in any letter case.
    denominator : {'annotated', 'all'}
        Count entries that have a location with a class, or also those that have none (the letter of the study's
        equation).
    word_list : bool
        Whether an entry has the classes that its first location's text names by the study's word list, as in its
        released code, instead of those of all its locations.
    """

    evidence: str = "any"
    reviewed: bool = False
    lineage: str | None = None
    denominator: str = "annotated"
    word_list: bool = False

    @property
    def narrows(self) -> bool:
        """Whether fewer entries may count than have a location with a class."""
        return self.evidence != "any" or self.reviewed or self.lineage is not None


def entry_labels(shard: Shard, annotation: Annotation) -> npt.NDArray[np.uint16]:
    """Label of each entry of a shard, uint16 of shape (n_entries,): bits of its classes, `COUNTS` where it counts."""
    tables = shard.entry_tables
    return tables.remembered(annotation, lambda: _labels(tables, annotation, shard.first_entry, shard.n_entries))


def class_shares(shard: Shard, annotation: Annotation, *, threads: int) -> npt.NDArray[np.int64]:
    """How many entries of a shard that count have each label; int64 of shape (2**10,), by the bits of classes."""
    labels = entry_labels(shard, annotation)
    return np.bincount(labels[labels >= COUNTS] & CLASS_BITS, minlength=CLASS_BITS + 1).astype(np.int64)


# The study's released code looks for these words in the text of the location, case-sensitively.
_WORD_LIST: Final[Mapping[str, tuple[str, ...]]] = {
    "Nucleus": ("Nucleus", "Chromosome", "nucleus"),
    "Cytoplasm": ("Cytoplasm",),
    "Extracellular": ("Extracellular", "Secreted"),
    "Mitochondrion": ("Mitochondrion",),
    "Cell.membrane": (
        "Apical",
        "apicolateral",
        "basal",
        "basolateral",
        "lateral",
        "cell membrane",
        "cell projection",
    ),
    "Endoplasmic.reticulum": (
        "Endoplasmic reticulum",
        "endoplasmic reticulum",
        "Microsome",
        "Sarcoplasmic reticulum",
    ),
    "Plastid": ("Plastid",),
    "Golgi.apparatus": ("Golgi apparatus", "golgi apparatus"),
    "Lysosome/Vacuole": ("contractile", "vacuole", "lysosome"),
    "Peroxisome": ("Peroxisome",),
}

_EXPERIMENT: Final = "ECO:0000269"


def _labels(tables: EntryTables, annotation: Annotation, first_entry: int, n_entries: int) -> npt.NDArray[np.uint16]:
    classes = tables.class_masks
    if annotation.evidence == "experimental" or annotation.word_list:
        locations = tables.read("locations", ["entry", "location", "evidence", "class"]).combine_chunks()
        if annotation.evidence == "experimental":
            locations = locations.filter(_experimental(locations["evidence"].combine_chunks()))
            classes = _classes(locations, first_entry, n_entries)
        counting = classes != 0
        if annotation.word_list:
            classes = _word_list_classes(locations, first_entry, n_entries)
    else:
        counting = classes != 0
    if annotation.denominator == "all":
        counting = np.ones(n_entries, np.bool_)
    if annotation.reviewed:
        reviewed = tables.read("entries", ["reviewed"])["reviewed"].combine_chunks()
        counting = counting & pc.fill_null(reviewed, False).to_numpy(zero_copy_only=False)
    if annotation.lineage is not None:
        counting = counting & tables.selected(Organisms(lineage=annotation.lineage))
    labels: npt.NDArray[np.uint16] = np.where(counting, classes | COUNTS, np.uint16(0))
    return labels


def _experimental(evidence: pa.ListArray) -> pa.BooleanArray:
    """Which locations have the evidence code of an experiment."""
    codes = pc.equal(evidence.flatten(), _EXPERIMENT).to_numpy(zero_copy_only=False)
    found = np.zeros(len(evidence), np.bool_)
    found[pc.list_parent_indices(evidence).to_numpy()[codes]] = True
    return pa.array(found)


def _classes(locations: pa.Table, first_entry: int, n_entries: int) -> npt.NDArray[np.uint16]:
    with_class = locations.filter(pc.is_valid(locations["class"]))
    return masks_of(_places(with_class, first_entry), with_class["class"], n_entries)


def _places(locations: pa.Table, first_entry: int) -> npt.NDArray[np.int64]:
    """Place of each row's entry in the shard, which `EntryTables.class_masks` has checked to be there."""
    place: npt.NDArray[np.int64] = locations["entry"].to_numpy().astype(np.int64) - first_entry
    return place


def _word_list_classes(locations: pa.Table, first_entry: int, n_entries: int) -> npt.NDArray[np.uint16]:
    """Classes by the words in the text of each entry's first location."""
    stated = locations.filter(pc.is_valid(locations["location"]))
    place, first_row = np.unique(_places(stated, first_entry), return_index=True)
    text = stated["location"].combine_chunks().take(pa.array(first_row)).dictionary_encode()
    bits = np.array([_named(term) for term in text.dictionary.to_pylist()], np.uint16)
    classes = np.zeros(n_entries, np.uint16)
    classes[place] = bits[text.indices.to_numpy()]
    return classes


def _named(term: str) -> int:
    return sum(1 << bit for bit, name in enumerate(CLASSES) if any(word in term for word in _WORD_LIST[name]))
