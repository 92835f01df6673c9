"""Explanations as the page shows them: scores of residues by protein, and what they say of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.subsequences.attributions import AttributionReader, open_attributions


class ExplainedProtein(NamedTuple):
    """A row of a table of attributions."""

    sequence: str
    predicted: str  # several classes joined by `;`
    true: str | None  # likewise; None without labels
    scores: npt.NDArray[np.float32]  # (length,)


@dataclass(frozen=True, eq=False)
class Explanation:
    """What one method says of proteins.

    Attributes
    ----------
    name : str
        As in the report.
    settings : mapping
        Method, its settings, and the classes that are explained where these are not the predicted ones; as far as the
        table says.
    proteins : mapping of str to ExplainedProtein
        By their identifiers, in the order of the table.
    """

    name: str
    settings: Mapping[str, Any]
    proteins: Mapping[str, ExplainedProtein]


def read_explanation(name: str, path: Path) -> Explanation:
    """Read a table of attributions; errors as of `psl_eval.subsequences.attributions.open_attributions`."""
    proteins = {}
    with open_attributions(path) as reader:
        for batch in reader.batches():
            offsets = batch.scores.offsets
            for row, columns in enumerate(batch.proteins.to_pylist()):
                scores = np.asarray(batch.scores.values[offsets[row] : offsets[row + 1]], np.float32)
                query = columns.pop("query")
                proteins[query] = ExplainedProtein(**columns, scores=scores)
        return Explanation(name, _settings(reader), proteins)


def _settings(reader: AttributionReader) -> dict[str, Any]:
    """What a table says of itself, once it is read."""
    others = sorted(set().union(*(target.split(";") for target in reader.targets)))
    explained = {"explained instead of the predicted class": others} if others else {}
    try:
        of_method = json.loads(reader.settings or "{}")
    except (ValueError, RecursionError):
        of_method = {"settings": reader.settings}
    return {"method": reader.method} | explained | (of_method if isinstance(of_method, dict) else {})
