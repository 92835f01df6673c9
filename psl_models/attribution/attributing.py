"""Attributions of many proteins, whatever the method."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from psl_index.errors import UsageError
from psl_models.attribution.method import Explained, Method, Scores, explaining, settings_of
from psl_models.batches import Batch, batches_of
from psl_models.model import Model
from psl_models.prediction import encoded_proteins
from psl_models.side_by_side import groups_of, side_by_side

#: Tokens that go through a network at a time, padding included. With gradients, more of them no longer fit the caches.
BUDGET: Final = 1 << 13


@dataclass(frozen=True)
class Attribution:
    """What one method says of the residues of one protein.

    Attributes
    ----------
    protein : int
        Its number among those asked for, from 0.
    scores : ndarray
        float32 of shape (length,).
    method : str
        Its name in `psl_models.attribution.METHODS`.
    settings : dict
        Of the method, as JSON holds them.
    target : str
        The class whose logit is explained.
    completeness_gap : float or None
        For methods whose scores should add up to the difference of the target's logit and that of the baseline: how far
        they are from it, as a share of the difference. None for others.
    """

    protein: int
    scores: npt.NDArray[np.float32]
    method: str
    settings: dict[str, Any]
    target: str
    completeness_gap: float | None


def attribute(
    model: Model,
    sequences: Sequence[str],
    name: str,
    method: Method,
    targets: npt.NDArray[np.int64],
    *,
    seed: int = 0,
    budget: int = BUDGET,
    progress: Callable[[int], None] | None = None,
) -> Iterator[list[Attribution]]:
    """Attributions of proteins, a batch at a time, the longest first.

    Parameters
    ----------
    model : Model
        Comes back in its mode and on its device.
    sequences : sequence of str
        Residues of each protein, at least one; nothing is cut.
    name : str
        What the method is called in the results.
    method : Method
    targets : ndarray
        Class of each protein, int64 of shape (n,).
    seed : int
        Of what is random; the same protein gets the same scores whatever else is asked for.
    budget : int
        Tokens that go through the network at a time, on a processor for each of the threads that torch may use; a
        protein that is longer goes alone.
    progress : callable, optional
        Is told how many proteins are done.

    Raises
    ------
    UsageError
        A protein has no residues, the model has not what the method needs, or with these settings its scores are more
        than float32 holds.
    """
    encoded = encoded_proteins(sequences)
    settings, classes = settings_of(method, seed), model.configuration.classes
    done = 0
    for together in groups_of(batches_of(encoded, budget), model.device):
        # Never held over a yield: the model is as it was whenever the caller has it, and when there is no next batch.
        with explaining(model, budget, seed) as explained:
            results = side_by_side(_explaining(method, explained, targets), together, model.device)
        for batch, (residues, gaps) in zip(together, results, strict=True):
            rows = residues.detach().float().cpu().numpy()
            gap_of = [None] * len(rows) if gaps is None else gaps.detach().cpu().tolist()
            attributions = [
                Attribution(
                    protein=int(protein),
                    scores=rows[place, : int(batch.lengths[place])].copy(),
                    method=name,
                    settings=settings,
                    target=classes[int(targets[protein])],
                    completeness_gap=gap_of[place],
                )
                for place, protein in enumerate(batch.rows)
            ]
            _refuse_not_finite(attributions)
            yield attributions
            done += len(rows)
            if progress is not None:
                progress(done)


def _explaining(method: Method, explained: Explained, targets: npt.NDArray[np.int64]) -> Callable[[Batch], Scores]:
    def explain(batch: Batch) -> Scores:
        wanted = torch.from_numpy(targets[batch.rows]).to(batch.tokens.device)
        return method.explain(explained, batch, wanted)

    return explain


def _refuse_not_finite(attributions: Sequence[Attribution]) -> None:
    for found in attributions:
        if not np.isfinite(found.scores).all() or not np.isfinite(found.completeness_gap or 0):
            raise UsageError(
                f"{found.method}: with the settings {json.dumps(found.settings)} scores grow beyond what float32 holds",
                remedy="choose others (of lrp a larger epsilon, of smoothgrad less noise)",
            )
