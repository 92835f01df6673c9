"""Rows of a test, some for each protein, worked out a block of proteins at a time and kept; and their means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from psl_eval.experiments.attention_tests.readouts import Readout, blocks, readouts
from psl_eval.experiments.estimates import Drawing
from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.models import NamedModel, digest_of_model, with_random_weights
from psl_eval.experiments.parts import Parts
from psl_eval.explanations.asked import Asked
from psl_eval.statistics.resampling import RESAMPLES
from psl_eval.statistics.rows import table_of
from psl_index.progress import Progress

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = npt.NDArray[np.float64]

#: Rows of some proteins: their readouts, and their numbers among those asked about.
RowsOf = Callable[[Sequence[Readout], range], Iterable[Mapping[str, Any]]]

_AT_ONCE: Final = 256  # proteins of a part: what a run that is killed loses at most


class Tested(NamedTuple):
    """What a test gives, as `psl_eval.experiments.result.Result` takes it."""

    tables: dict[str, pa.Table]
    figures: dict[str, Figure]
    findings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Setting:
    """What all tests share.

    Attributes
    ----------
    models : sequence of NamedModel
        With attention.
    asked : Asked
        Proteins with their classes.
    seed : int
        Of all that is random.
    parts : Parts
    report : callable
        Is told how far it is.
    resamples : int
        Of intervals and paired tests.
    """

    models: Sequence[NamedModel]
    asked: Asked
    seed: int
    parts: Parts
    report: Callable[[Progress], None]
    resamples: int = RESAMPLES

    def rows(
        self,
        test: str,
        model: NamedModel,
        terms: Mapping[str, Any],
        schema: pa.Schema,
        rows_of: RowsOf,
        *,
        randomised: bool = False,
    ) -> pa.Table:
        """A table of `schema`, proteins in their order.

        With `randomised`, of a model of the same configuration that has learned nothing.
        """
        read = with_random_weights(model.model, self.seed) if randomised else model.model
        total = len(self.asked.sequences)
        settled = {
            **terms,
            "test": test,
            "model": digest_of_model(model.model),
            "randomised": self.seed if randomised else None,
            "proteins": digest_of_proteins(self.asked),
        }
        tables = []
        name = f"{model.name}, weights randomised" if randomised else model.name
        for first, last in blocks(total, _AT_ONCE):

            def compute(first: int = first, last: int = last) -> pa.Table:
                of_block = readouts(read, self.asked.sequences[first:last])
                return table_of(list(rows_of(of_block, range(first, last))), schema)

            tables.append(self.parts.table(f"{model.name}-{test}", settled | {"first": first}, compute))
            self.report(Progress(f"{name}: {test}", last, total, "proteins"))
        return pa.concat_tables(tables)

    def mean(self, name: str, values: Floats) -> dict[str, float]:
        """Columns of `psl_eval.experiments.estimates.mean_fields`; proteins whose value is NaN are left out."""
        return Drawing(self.seed, self.resamples).mean(name, values)


def column_of(table: pa.Table, column: str, **chosen: Any) -> Floats:
    """Values of the rows where each column that is named is so, float64, NaN where they are missing."""
    for name, value in chosen.items():
        table = table.filter(pc.equal(table[name], value))
    return np.asarray(table[column].cast(pa.float64()).to_numpy(), np.float64)
