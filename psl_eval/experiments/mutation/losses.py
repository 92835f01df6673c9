"""What a model's answer loses when residues that an explanation picks out are mutated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import torch

from psl_eval.experiments.explained_proteins import digest_of_proteins
from psl_eval.experiments.models import NamedModel, digest_of_model
from psl_eval.experiments.mutation.replaced_residues import (
    CHOICES,
    REPLACEMENTS,
    Places,
    Tokens,
    mutants_of,
    random_residues,
    residues_chosen,
    variants,
)
from psl_eval.experiments.parts import Parts
from psl_eval.explanations.asked import Asked
from psl_index.alphabet import STANDARD
from psl_index.progress import Progress
from psl_models.attribution.method import explaining
from psl_models.attribution.mutagenesis import saturation
from psl_models.batches import Batch, batches_of
from psl_models.decisions import decided
from psl_models.encoding import encode
from psl_models.model import Model
from psl_models.prediction import BUDGET, Predictions, answers
from psl_models.side_by_side import groups_of, side_by_side

Floats = npt.NDArray[np.float64]
Report = Callable[[Progress], None]

_AT_ONCE: Final = 64  # proteins whose variants are asked for together, and of a part
_SATURATED_AT_ONCE: Final = 4  # proteins of a part of the saturation, of thousands of mutants each
_LOSSES: Final = pa.schema(
    [
        pa.field("loss", pa.list_(pa.float64()), nullable=False),  # of a protein, by choice, replacement and k
        pa.field("flipped", pa.list_(pa.float64()), nullable=False),  # likewise
    ]
)
_SATURATION: Final = pa.schema([pa.field("losses", pa.list_(pa.float32()), nullable=False)])  # residue by residue


class Losses(NamedTuple):
    """What mutations do to n proteins; float64 of shape (n, choices, replacements, counts)."""

    loss: Floats  # f(x) - f(mutated x), f the logit of the class predicted for x
    flipped: Floats  # 1 where that class is predicted no more, else 0; of several draws their share

    def area(self, counts: Sequence[int]) -> Floats:
        """Mean loss over k from 0 to the largest: the area under the loss, which is 0 at k = 0, by trapezoids.

        float64 of shape (n, choices, replacements), in logits. (The curve of Samek et al. 2017, with mutated
        residues in place of blurred regions.)
        """
        at = np.array([0, *counts], np.float64)
        from_zero = np.concatenate([np.zeros((*self.loss.shape[:-1], 1)), self.loss], axis=-1)
        area: Floats = np.trapezoid(from_zero, at, axis=-1) / at[-1]
        return area


@dataclass(frozen=True, eq=False)
class Mutating:
    """How the proteins of a model are mutated.

    Attributes
    ----------
    model : NamedModel
        Is asked; with a guide, the guide is asked about the mutated protein too.
    asked : Asked
    targets : int64 array of shape (n,)
        Number of the class predicted for each protein as it is.
    counts : tuple of int
        Residues that are mutated, ascending.
    draws : int
        Of random residues.
    seed : int
    """

    model: NamedModel
    asked: Asked
    targets: npt.NDArray[np.int64]
    counts: tuple[int, ...]
    draws: int
    seed: int

    def by_scores(
        self, name: str, scores: Sequence[npt.NDArray[np.float32]], terms: object, parts: Parts, report: Report
    ) -> Losses:
        """Losses by the choices of `CHOICES`; `terms` say where the scores are from."""

        def orders(row: int, tokens: Tokens) -> list[Places]:
            return list(residues_chosen(scores[row], tokens, self.seed).values())

        return self._losses(name, len(CHOICES), orders, {"scores": terms}, parts, report)

    def at_random(self, parts: Parts, report: Report) -> Losses:
        """Losses of random residues, the mean of the draws, as one choice."""

        def orders(row: int, tokens: Tokens) -> list[Places]:
            return random_residues(tokens, self.seed, self.draws)

        found = self._losses("random residues", self.draws, orders, {"draws": self.draws}, parts, report)
        return Losses(*(values.mean(1, keepdims=True) for values in found))

    def _losses(
        self,
        name: str,
        choices: int,
        orders: Callable[[int, Tokens], list[Places]],
        terms: dict[str, object],
        parts: Parts,
        report: Report,
    ) -> Losses:
        about = terms | {
            "model": digest_of_model(self.model.model),
            "proteins": digest_of_proteins(self.asked),
            "counts": list(self.counts),
            "seed": self.seed,
        }
        total = len(self.asked.sequences)
        blocks = []
        for first in range(0, total, _AT_ONCE):
            rows = range(first, min(first + _AT_ONCE, total))

            def compute(rows: range = rows) -> pa.Table:
                return self._block(rows, orders)

            part = f"{self.model.name}-mutated-{name.replace(' ', '-').replace(',', '')}"
            blocks.append(parts.table(part, about | {"first": first}, compute))
            report(Progress(f"{self.model.name}: mutations, {name}", rows.stop, total, "proteins"))
        table = pa.concat_tables(blocks)
        shape = (total, choices, len(REPLACEMENTS), len(self.counts))
        return Losses(*(np.array(table[field.name].to_pylist(), np.float64).reshape(shape) for field in _LOSSES))

    def _block(self, rows: range, orders: Callable[[int, Tokens], list[Places]]) -> pa.Table:
        proteins: list[Tokens] = []
        numbers: list[int] = []
        for row in rows:
            tokens = encode(self.asked.sequences[row])
            proteins.append(tokens)  # as it is, then its variants
            proteins += variants(tokens, mutants_of(tokens, self.seed), orders(row, tokens), self.counts)
            numbers += [row] * (len(proteins) - len(numbers))
        of_proteins = self.targets[np.array(numbers)]
        said, predicted = asked_tokens(self.model.model, proteins)
        each = np.arange(len(proteins))
        logits = said.logits[each, of_proteins].astype(np.float64).reshape(len(rows), -1)
        kept = predicted[each, of_proteins].reshape(len(rows), -1)
        loss, flipped = logits[:, :1] - logits[:, 1:], (~kept[:, 1:]).astype(np.float64)
        return pa.table({"loss": loss.tolist(), "flipped": flipped.tolist()}, schema=_LOSSES)


def asked_tokens(model: Model, proteins: Sequence[Tokens]) -> tuple[Predictions, npt.NDArray[np.bool_]]:
    """What a model says of proteins as tokens, and the classes that it predicts, bool of shape (n, classes)."""
    configuration = model.configuration
    model.network.eval()
    said = answers(proteins, model.answer, len(configuration.classes), model.device, budget=BUDGET)
    return said, decided(said.probabilities(configuration), configuration.task, configuration.thresholds)


def saturation_losses(
    model: NamedModel, asked: Asked, targets: npt.NDArray[np.int64], parts: Parts, report: Report
) -> list[npt.NDArray[np.float32]]:
    """Losses of all single mutants of each protein, float32 of shape (length, 20).

    See `psl_models.attribution.mutagenesis.saturation`; a guide's weights stay those of the protein as it is.
    """
    digest = digest_of_model(model.model)
    encoded = [encode(sequence) for sequence in asked.sequences]
    found = []
    for first in range(0, len(encoded), _SATURATED_AT_ONCE):
        block = slice(first, first + _SATURATED_AT_ONCE)

        def compute(block: slice = block) -> pa.Table:
            losses = _saturated(model.model, encoded[block], targets[block])
            return pa.table({"losses": [each.ravel() for each in losses]}, schema=_SATURATION)

        terms = {"model": digest, "proteins": asked.sequences[block], "targets": targets[block].tolist()}
        rows = parts.table(f"{model.name}-saturation", terms, compute)["losses"]
        found += [row.values.to_numpy().reshape(-1, len(STANDARD)) for row in rows]
        report(Progress(f"{model.name}: saturation mutagenesis", len(found), len(encoded), "proteins"))
    return found


def mean_losses(losses: Sequence[npt.NDArray[np.float32]], asked: Asked) -> list[npt.NDArray[np.float32]]:
    """The scores of saturation mutagenesis, float32 of shape (length,): means over the other standard residues."""
    scores = []
    for each, sequence in zip(losses, asked.sequences, strict=True):
        others = encode(sequence)[:, None] != encode(STANDARD)
        scores.append((each.sum(1) / others.sum(1)).astype(np.float32))
    return scores


def _saturated(
    model: Model, encoded: Sequence[Tokens], targets: npt.NDArray[np.int64]
) -> list[npt.NDArray[np.float32]]:
    losses: dict[int, npt.NDArray[np.float32]] = {}
    with explaining(model, BUDGET, 0) as explained:

        def work(batch: Batch) -> torch.Tensor:
            return saturation(explained, batch.tokens[0], int(targets[batch.rows[0]]))

        for group in groups_of(batches_of(encoded, BUDGET, most=1), model.device):
            for batch, found in zip(group, side_by_side(work, group, model.device), strict=True):
                losses[int(batch.rows[0])] = found.cpu().numpy()
    return [losses[row] for row in range(len(encoded))]
