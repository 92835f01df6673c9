"""How much each residue matters, as Jain and Wallace 2019 measure it: by gradients, and by leaving it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from psl_eval.experiments.attention_tests.divergences import total_variation
from psl_eval.experiments.attention_tests.readouts import Floats, probabilities_of
from psl_models.attribution.method import Explained, Scores
from psl_models.batches import Batch
from psl_models.encoding import encode
from psl_models.model import Model
from psl_models.prediction import answers


@dataclass(frozen=True)
class HeldAttention:
    """Input times gradient with the weights held fixed: how the answer changes with a residue through its state.

    The gradient is that of the logarithm of the target's probability, of which the gradient of the probability is a
    multiple: residues rank alike, and no digits are lost where the probability is near 1.
    """

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Scores; see `psl_models.attribution.method.Method`."""
        with torch.no_grad():
            weights = explained.model.answer(batch).weights
        with torch.enable_grad():
            inputs = explained.embed(batch.tokens).detach().requires_grad_()
            logits = explained.model.network(inputs, batch.lengths, lambda scores, layout: weights).logits
            if explained.model.configuration.task == "single-label":
                logits = torch.log_softmax(logits, dim=1)
            # A protein's answer depends on no other protein of the batch: the sum has the gradients of all of them.
            (gradients,) = torch.autograd.grad(logits.gather(1, targets[:, None]).sum(), inputs)
        return Scores((gradients * inputs.detach()).sum(dim=2))


def left_out(model: Model, sequences: Sequence[str]) -> list[Floats]:
    """Total variation of the answer when each residue is removed, float64 of shape (length,) of each protein.

    The protein without it is one residue shorter. NaN of a protein of one residue.
    """
    model.network.eval()
    configuration = model.configuration
    found: list[Floats] = []
    for sequence in sequences:
        whole = encode(sequence)
        if len(whole) == 1:
            found.append(np.full(1, np.nan))
            continue
        without = [np.delete(whole, place) for place in range(len(whole))]
        logits = answers([whole, *without], model.answer, len(configuration.classes), model.device).logits
        probabilities = probabilities_of(logits.astype(np.float64), configuration.task)
        found.append(total_variation(probabilities[1:], probabilities[0], configuration.task))
    return found
