"""Layer-wise relevance propagation, with the rules of Arras et al. 2017 for LSTMs.

The target's logit is its relevance, which every layer hands down to the activations below it, and in the end to the
residues. No gradient is involved, and no baseline.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

from psl_index.errors import UsageError
from psl_models.attribution._lrp_layers import Passed, convolved, kept, mapped, squashed
from psl_models.attribution._lrp_lstm import recurred
from psl_models.attribution.integrated_gradients import completeness_gaps
from psl_models.attribution.method import Explained, Scores
from psl_models.batches import Batch
from psl_models.layers.convolutions import ParallelConvolutions
from psl_models.layers.layout import Layout
from psl_models.layers.pooling import Weighing
from psl_models.layers.recurrent import BidirectionalLSTM


@dataclass(frozen=True)
class LayerwiseRelevance:
    """Relevance of each residue: that of the channels of its embedding, added up.

    The gap is |sum of the relevances - logit| / |logit|: what the biases and the stabiliser keep of the logit counts as
    gap, so that it is a property of the model rather than an error. Without biases and with `epsilon` 0 it is zero but
    for rounding.

    Attributes
    ----------
    epsilon : float
        The stabiliser of the epsilon rule, larger than the 0.001 of the paper, whose sentences have 20 words. With its
        gates taken as constants an LSTM is unstable: over hundreds of residues relevances of both signs grow
        exponentially and cancel, until they say nothing; the stabiliser damps them at every step.

    Raises
    ------
    UsageError
        `epsilon` is not a number from 0.
    """

    epsilon: float = 0.1

    def __post_init__(self) -> None:
        if not 0 <= self.epsilon < math.inf:
            raise UsageError(f"epsilon is {self.epsilon}, expected a number from 0")

    def explain(self, explained: Explained, batch: Batch, targets: Tensor) -> Scores:
        """Relevances and gaps; see `psl_models.attribution.method.Method`."""
        found = relevances(explained, batch, targets, self.epsilon)
        return Scores(found.residues, completeness_gaps(found.residues, found.logits, torch.zeros_like(found.logits)))


class Relevances(NamedTuple):
    """Where the logits of a batch come from; with `epsilon` 0 residues and biases add up to the logit."""

    residues: Tensor  # (n, width), zero at padding
    biases: Tensor  # (n,), what the biases of all layers absorb
    logits: Tensor  # (n,)


@torch.no_grad()
def relevances(explained: Explained, batch: Batch, targets: Tensor, epsilon: float) -> Relevances:
    """Relevance of the residues of a batch for the logits `targets`, int64 of shape (n,).

    Raises
    ------
    UsageError
        The model has a layer that no rule is known for.

    Notes
    -----
    A neuron z_j = sum_i a_i w_ij + b_j with relevance R_j hands down (epsilon rule, Bach et al. 2015)

        R_i = sum_j a_i w_ij / (z_j + epsilon sign(z_j)) R_j.

    The share of b_j is absorbed by it: this is ``bias_factor`` 0 of the paper's own code, which recommends it, since
    what a model says whatever the protein is no merit of a residue. Activation functions hand down all they get. In a
    product of a gate and a signal the signal takes all, the gate nothing (Arras et al. 2017, section 3.2): the gates of
    LSTMs, and here the weights of the pooling, whether learned, uniform, or a guide's. Sums of such products, the cell
    of an LSTM and the pooled state, are linear maps. What would reach the states before the first residue, which are
    zero, is zero.

    Every relevance is a multiple of its activation, R_i = a_i r_i, and what is propagated here is r, as Ali et al. 2022
    do: r_i = sum_j w_ij r_j k(z_j), where k(z) = |z| / (|z| + epsilon), and r_z = r_a f(z) / z at an activation
    function a = f(z). So nothing is divided by a small number, and `epsilon` may be 0.

    References
    ----------
    Arras, Montavon, Mueller, Samek 2017, Explaining Recurrent Neural Network Predictions in Sentiment Analysis, WASSA.
    Bach et al. 2015, On Pixel-Wise Explanations for Non-Linear Classifier Decisions by LRP, PLOS ONE 10(7).
    Ali et al. 2022, XAI for Transformers: Better Explanations through Conservative Propagation, ICML.
    """
    embedded = explained.embed(batch.tokens)
    layout = Layout(batch.lengths, embedded.shape[1])
    states, layers = embedded.transpose(0, 1), []
    for rule in _rules(explained, layout, epsilon):
        layers.append(rule(states))
        states = layers[-1].outputs
    logits, factors, biases = _from_logits(explained, batch, targets, states, layout, epsilon)
    while layers:
        factors, absorbed = layers.pop().hand_down(factors)  # which frees what it held
        biases = biases + absorbed
    return Relevances((factors.transpose(0, 1) * embedded).sum(-1), biases, logits)


def _rules(explained: Explained, layout: Layout, epsilon: float) -> list[Callable[[Tensor], Passed]]:
    """The layers of the encoder, each with its rule; they stand in an encoder in the order in which they are used."""
    rules: list[Callable[[Tensor], Passed]] = []
    for layer in explained.model.network.encoder.children():
        if isinstance(layer, nn.Linear):
            rules.append(partial(mapped, layer, epsilon=epsilon))
        elif isinstance(layer, nn.Tanh):
            rules.append(squashed)
        elif isinstance(layer, ParallelConvolutions):
            rules.append(partial(convolved, layer, layout=layout, epsilon=epsilon))
        elif isinstance(layer, BidirectionalLSTM):
            for forwards, backwards in zip(layer.forwards, layer.backwards, strict=True):
                pair = cast(nn.LSTM, forwards), cast(nn.LSTM, backwards)
                rules.append(partial(recurred, *pair, layout=layout, epsilon=epsilon))
        else:
            raise explained.refuse("lrp", f"it has no rule for {type(layer).__name__}", "choose another method")
    return rules


def _from_logits(
    explained: Explained, batch: Batch, targets: Tensor, states: Tensor, layout: Layout, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The logits of the targets, the factors of the states, and what the bias of the classifier absorbs."""
    network = explained.model.network
    guidance = explained.guidance(batch)
    weighing: Weighing | None = None if guidance is None else lambda scores, layout: guidance
    pooled, weights = network.pooling(states, layout, weighing)
    logits = network.classifier(pooled).gather(1, targets[:, None])[:, 0]
    stable = kept(logits, epsilon)
    factors = network.classifier.weight[targets] * stable[:, None]
    biases = network.classifier.bias[targets] * stable
    if weights is None:
        return logits, _of_last_states(factors, layout, network.encoder.directions), biases
    return logits, weights.T[..., None] * (factors * kept(pooled, epsilon)), biases


def _of_last_states(factors: Tensor, layout: Layout, directions: int) -> Tensor:
    """Factors of all states, (width, n, channels), where only the last of each direction counts."""
    of_states = factors.new_zeros(layout.width, *factors.shape)
    proteins = torch.arange(len(factors), device=factors.device)
    forwards = factors.shape[1] // directions
    of_states[layout.lengths - 1, proteins, :forwards] = factors[:, :forwards]
    of_states[0, :, forwards:] = factors[:, forwards:]
    return of_states
