"""DeepLIFT with the rescale rule (Shrikumar, Greenside and Kundaje 2017), where it is exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from psl_models.attribution.integrated_gradients import completeness_gaps
from psl_models.attribution.method import Explained, Scores
from psl_models.attribution.paths import Baseline, baseline_of
from psl_models.batches import Batch

_METHOD: Final = "deeplift"
_REMEDY: Final = "take integrated-gradients, or an mlp with another pooling than attention"


@dataclass(frozen=True)
class DeepLift:
    """How much each residue, compared with a baseline, moves the target's logit.

    The rule hands the difference of a unit's output to its inputs in proportion to theirs. It has no counterpart for
    products of two things that both depend on the protein, which are what gates of LSTMs and learned attention are made
    of: these models are refused. What is left is the MLP with weights that do not depend on its states: a residue's
    contributions through all hidden units, added up over the channels of the embedding, are then

        w_i sum_j v_j (tanh_j(x_i) - tanh_j(b))

    with the weight w_i of the residue in the pooling, the states tanh_j of x_i and of the baseline b, and the target's
    weights v_j in the last layer.

    Attributes
    ----------
    baseline : Baseline
        ``pad``, the embedding of the padding token at every residue, or ``zero``.
    """

    baseline: Baseline = "pad"

    @torch.no_grad()
    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores and gaps; see `psl_models.attribution.method.Method`."""
        configuration = explained.model.configuration
        if configuration.architecture != "mlp":
            raise explained.refuse(_METHOD, "it has no rule for the gates of an LSTM", _REMEDY)
        if configuration.pooling == "attention":
            raise explained.refuse(_METHOD, "it has no rule for states times weights that depend on them", _REMEDY)
        network, guidance = explained.model.network, explained.guidance(batch)
        end = explained.embed(batch.tokens)
        start = baseline_of(explained, batch, self.baseline)
        states = network.states(end, batch.lengths) - network.states(start, batch.lengths)
        moved = torch.einsum("nwj,nj->nw", states, network.classifier.weight[targets])
        there, here = (explained.logits(point, batch.lengths, targets, guidance) for point in (end, start))
        scores = moved * self._weights(explained, batch).to(moved)
        return Scores(scores, completeness_gaps(scores, there, here))

    def _weights(self, explained: Explained, batch: Batch) -> Tensor:
        """Weights of the residues in the pooling, (n, width), zero at padding."""
        weights = explained.model.answer(batch).weights
        if weights is not None:
            return weights
        last = torch.zeros_like(batch.tokens)  # of the pooling `last` only the last state counts
        return last.scatter(1, batch.lengths[:, None] - 1, 1)
