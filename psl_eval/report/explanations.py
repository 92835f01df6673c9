"""Explanations as the page shows them: scores of residues by protein, and what they say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from psl_eval.results.manifests import parsed
from psl_eval.subsequences.attributions import AttributionReader, open_attributions


class ExplainedProtein(NamedTuple):
    """What a table of attributions says of a protein: of several targets, the predicted class, or else the first."""

    sequence: str
    predicted: str  # several classes joined by `;`
    true: str | None  # likewise; None without labels
    scores: npt.NDArray[np.float32]  # (length,)
    target: str | None = None  # the class that is explained, where the table says it

    @property
    def of_predicted(self) -> bool:
        """Whether (one of) the predicted class(es) is explained."""
        return self.target is None or self.target in self.predicted.split(";")


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
    passed_over : int
        Rows that explain other targets of these proteins.
    """

    name: str
    settings: Mapping[str, Any]
    proteins: Mapping[str, ExplainedProtein]
    passed_over: int = 0


def read_explanation(name: str, path: Path) -> Explanation:
    """Read a table of attributions; errors as of `psl_eval.subsequences.attributions.open_attributions`."""
    proteins: dict[str, ExplainedProtein] = {}
    rows = 0
    with open_attributions(path, several_targets=True) as reader:
        for batch in reader.batches():
            offsets = batch.scores.offsets
            for row, columns in enumerate(batch.proteins.to_pylist()):
                scores = np.asarray(batch.scores.values[offsets[row] : offsets[row + 1]], np.float32)
                query = columns.pop("query")
                explained = ExplainedProtein(**columns, scores=scores)
                if query not in proteins or (explained.of_predicted and not proteins[query].of_predicted):
                    proteins[query] = explained
            rows += batch.proteins.num_rows
    return Explanation(name, _settings(reader, proteins.values()), proteins, rows - len(proteins))


def _settings(reader: AttributionReader, proteins: Iterable[ExplainedProtein]) -> dict[str, Any]:
    """What a table says of itself, once it is read."""
    others = {each.target for each in proteins if each.target is not None and not each.of_predicted}
    explained = {"explained instead of the predicted class": sorted(others)} if others else {}
    try:
        of_method = parsed(reader.settings or "{}")
    except ValueError:
        of_method = {"settings": reader.settings}
    return {"method": reader.method} | explained | (of_method if isinstance(of_method, dict) else {})
