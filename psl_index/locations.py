"""SUBCELLULAR LOCATION comments into rows, each with its class.

The grammar, as releases since 2008 write it::

    comment    = statement *( " " statement ) [ " " note ]
    statement  = [ molecule ] part *( "; " part ) "."
    molecule   = "[" name "]: " / name ": "
    part       = text [ " (" flag ")" ] [ " {" evidence "}" ]
    note       = "Note=" text

The first part is the location, one in the vocabulary's list of topologies or orientations is just that, and
any other belongs to the part before it. Before 2008 comments are free text, which the same grammar cuts
into statements and keeps. `docs/location-classes.md` says what each old layout turns into.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from psl_index import _location_kernels as kernels
from psl_index._location_kernels import copy_spans, location_spans
from psl_index._location_words import ABBREVIATION
from psl_index._wide import SLACK
from psl_index.classes import class_of, vocabulary
from psl_index.errors import InputError
from psl_index.schemas import LOCATIONS

FLAGS: Final = ("By similarity", "Probable", "Potential")

ABBREVIATIONS: Final = ("e.g", "i.e", "cf", "vs", "ca", "approx", "resp", "al", "sp", "spp", "subsp")
"""Words after which a full stop ends no statement."""

_MOST_BYTES: Final = np.iinfo(np.int32).max  # in one column: offsets are 32 bits wide


def parse_locations(comments: pa.StringArray, entries: npt.NDArray[np.uint32]) -> pa.RecordBatch:
    """Rows of `schemas.LOCATIONS`, in the order of the comments and of the text in each.

    Parameters
    ----------
    comments : pyarrow.StringArray
        Texts of SUBCELLULAR LOCATION blocks without their header, lines joined, none of them null.
    entries : uint32 array of shape (comments,)
        Row of the entry that each comment stands in.

    Returns
    -------
    pyarrow.RecordBatch
        A row for each statement. ``location``, ``topology`` and ``orientation`` keep their spelling;
        ``evidence`` is that of the location alone, distinct and in order; ``flag`` is the location's or,
        where it has none, that of its topology or orientation, in the spelling of `FLAGS`; ``molecule``
        holds until the next one is named; ``note`` stands in every row of its comment, without evidence and
        final full stop. A note or a molecule without a statement gives one row whose ``location`` is null.
        ``class`` is `class_of` the location.

    Raises
    ------
    InputError
        Where a column of the batch outgrows 2 GiB (a long note repeated over very many rows).
    """
    text, bounds = _bytes_of(comments)
    spans = location_spans(text, bounds, _lexicon())
    rows = spans.rows
    comment, flag = rows[:, kernels.COMMENT], rows[:, kernels.FLAG]
    _check_size(spans.notes[comment], 0)
    location = _strings(text, rows, kernels.LOCATION)
    columns = {
        "entry": pa.array(entries[comment]),
        "molecule": _strings(text, rows, kernels.MOLECULE, clean=False),
        "location": location,
        "topology": _strings(text, rows, kernels.TOPOLOGY),
        "orientation": _strings(text, rows, kernels.ORIENTATION),
        "evidence": pa.ListArray.from_arrays(
            np.append(0, rows[:, kernels.CODES_END]).astype(np.int32), _strings(text, spans.codes)
        ),
        "flag": pa.array(FLAGS, pa.string()).take(pa.array(flag, mask=flag < 0)),
        "note": _strings(text, spans.notes, clean=False).take(pa.array(comment)),
        "class": _classes(location),
    }
    return pa.RecordBatch.from_arrays([columns[name] for name in LOCATIONS.names], schema=LOCATIONS)


def _bytes_of(texts: pa.StringArray) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int32]]:
    _, offsets, letters = texts.buffers()
    padded = np.zeros((letters.size if letters else 0) + SLACK, np.uint8)  # kernels read whole blocks
    if letters:
        padded[:-SLACK] = np.frombuffer(letters, np.uint8)
    if len(texts):
        bounds = np.frombuffer(offsets, np.int32)[texts.offset :][: len(texts) + 1]
    else:
        bounds = np.zeros(1, np.int32)
    bounds.flags.writeable = False  # one type, so that kernels compile once
    return padded, bounds


def _strings(
    text: npt.NDArray[np.uint8], spans: npt.NDArray[np.int64], column: int = 0, *, clean: bool = True
) -> pa.StringArray:
    """Texts of spans (see `copy_spans`); an empty one is null."""
    _check_size(spans, column)
    bounds, letters = copy_spans(text, spans, column, clean)
    present = bounds[1:] > bounds[:-1]
    missing = len(present) - int(np.count_nonzero(present))
    return pa.StringArray.from_buffers(
        len(present),
        pa.py_buffer(bounds.astype(np.int32)),
        pa.py_buffer(letters.copy()),  # the original keeps room for more
        pa.py_buffer(np.packbits(present, bitorder="little")) if missing else None,
        missing,
    )


def _check_size(spans: npt.NDArray[np.int64], column: int) -> None:
    length = int((spans[:, column + 1] - spans[:, column]).sum())
    if length > _MOST_BYTES:
        raise InputError(
            f"the locations of one batch of entries take {length:,} bytes of text, and at most 2 GiB fit",
            remedy="look for an overlong SUBCELLULAR LOCATION comment",
        )


def _classes(location: pa.StringArray) -> pa.StringArray:
    """Classes of locations, each distinct one looked up once."""
    encoded = location.dictionary_encode()
    distinct = pa.array(map(_class_of, encoded.dictionary.to_pylist()), pa.string())
    return distinct.take(encoded.indices)


_class_of: Final = lru_cache(1 << 12)(class_of)  # a release writes some 600 locations, over and over


@cache
def _lexicon() -> npt.NDArray[np.uint8]:
    """Words of the grammar, as `location_spans` takes them; flags first, in the order of `FLAGS`."""
    words = [(kernels.FLAG, f"({flag})") for flag in FLAGS]
    words += [(ABBREVIATION, word) for word in ABBREVIATIONS]
    for term in vocabulary():
        if term.kind in _KINDS:
            words += [(_KINDS[term.kind], text) for text in sorted({term.name, term.text})]
    width = max(len(word) for _, word in words)
    lexicon = np.zeros((len(words), 2 + width), np.uint8)
    for row, (kind, word) in zip(lexicon, words, strict=True):
        row[:2] = kind, len(word)
        row[2 : 2 + len(word)] = list(word.lower().encode())
    return lexicon


_KINDS: Final = {"topology": kernels.TOPOLOGY, "orientation": kernels.ORIENTATION}
