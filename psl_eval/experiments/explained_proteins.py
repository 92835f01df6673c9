"""Attributions of the proteins of an experiment, worked out once and kept."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from psl_eval.experiments.models import NamedModel, digest_of_model, of_last_states, with_random_weights
from psl_eval.experiments.parts import Parts
from psl_eval.explanations.asked import Asked
from psl_eval.explanations.attribution_rows import PREDICTING, AttributionRows, targets_of
from psl_eval.results.schemas import ATTRIBUTIONS
from psl_index.progress import Progress
from psl_models.attribution.integrated_gradients import AS_RELEASED
from psl_models.attribution.method import Method, settings_of
from psl_models.attribution.methods import method_named

_AT_ONCE: Final = 512  # proteins of a part: what a run that is killed loses at most


@dataclass(frozen=True, eq=False)
class Explanation:
    """One way to explain the predictions of one model: a row of a table.

    Attributes
    ----------
    model : NamedModel
        Whose predictions are explained.
    method : str
        Name in `psl_models.attribution.METHODS`.
    settings : dict
        Of the method, those that are not its defaults.
    randomised : bool
        Explain a model of the same configuration that has learned nothing, for the classes that `model` predicts.
    as_released : bool
        Integrated gradients as the study's released code takes them: of the true class, and of the last states where
        the model has attention. `settings` are without effect.
    """

    model: NamedModel
    method: str
    settings: Mapping[str, object]
    randomised: bool = False
    as_released: bool = False

    @property
    def name(self) -> str:
        """As tables show it, unique among the explanations of a model."""
        if self.as_released:
            return f"{self.method}, as released"
        return f"{self.method}, weights randomised" if self.randomised else self.method


def attributions_of(
    explanation: Explanation, asked: Asked, seed: int, parts: Parts, report: Callable[[Progress], None]
) -> pa.Table:
    """Attributions of all proteins, for the classes that the model predicts unless they are as released.

    Columns of `psl_eval.results.schemas.ATTRIBUTIONS`, proteins in their order.

    Raises
    ------
    UsageError
        The model has not what the method needs.
    InputError, OutputError
        As of `Parts.table`.
    """
    method: Method = method_named(explanation.method, explanation.settings)
    model = explanation.model.model
    explained = with_random_weights(model, seed) if explanation.randomised else None
    targets = targets_of("predicted", model.configuration, asked)
    if explanation.as_released:
        method = AS_RELEASED
        explained = of_last_states(model) if explanation.model.attends else None
        targets = targets_of("true", model.configuration, asked)
    rows = AttributionRows(model, explanation.method, method, seed, targets, explained)
    terms = {
        "model": digest_of_model(model),
        "method": explanation.method,
        "settings": settings_of(method, seed),
        "randomised": seed if explanation.randomised else None,
        "proteins": digest_of_proteins(asked),
    }
    if explanation.as_released:
        terms["as_released"] = True
    total = len(asked.sequences)
    in_words = f"{explanation.model.name}: {explanation.name}"
    blocks = []
    for first in range(0, total, _AT_ONCE):
        last = min(first + _AT_ONCE, total)

        def told(progress: Progress, first: int = first) -> None:
            if progress.step != PREDICTING:
                report(Progress(in_words, first + progress.done, total, "proteins"))

        def compute(first: int = first, last: int = last) -> pa.Table:
            return pa.Table.from_batches([rows.batch(asked, first, last, told)], ATTRIBUTIONS)

        blocks.append(parts.table(f"{explanation.model.name}-{explanation.method}", terms | {"first": first}, compute))
        report(Progress(in_words, last, total, "proteins"))
    return pa.concat_tables(blocks)


def digest_of_proteins(asked: Asked) -> str:
    """Of names, residues and classes, in order; hexadecimal."""
    digest = hashlib.blake2b(digest_size=16)
    for identifier, sequence, labels in zip(asked.identifiers, asked.sequences, asked.labels, strict=True):
        digest.update("\t".join([identifier, sequence, *labels, ""]).encode())
    return digest.hexdigest()
