"""Layer-wise relevance propagation: the rules neuron by neuron, conservation, and the laws of all attributions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from psl_index.errors import UsageError
from psl_models.attribution import attribute
from psl_models.attribution.lrp import LayerwiseRelevance, relevances
from psl_models.attribution.method import explaining
from psl_models.model import Model
from tests.psl_models.small_models import (
    NETWORKS,
    SEQUENCES,
    TARGETS,
    batch,
    check_that_neither_padding_nor_batch_mates_matter,
    model_that_sees_one_residue,
    small_model,
)

Array = npt.NDArray[np.float64]
SEQUENCE = "MKUAXKL"


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_relevances_are_those_of_the_rules_neuron_by_neuron(architecture: str, pooling: str) -> None:
    model = small_model(architecture, pooling, double=True)
    for epsilon in (0.001, 0.1):
        by_hand = ByHand(epsilon)
        expected = by_hand.residues(model, SEQUENCE, target=1)
        with explaining(model, budget=100, seed=0) as explained:
            found = relevances(explained, batch([SEQUENCE], extra=3), torch.tensor([1]), epsilon)
        np.testing.assert_allclose(found.residues[0, : len(SEQUENCE)], expected, rtol=1e-8, atol=1e-10)
        assert not found.residues[0, len(SEQUENCE) :].any()
        assert float(found.biases) == pytest.approx(by_hand.of_biases, rel=1e-8)
        everything = expected.sum() + by_hand.of_biases + by_hand.of_stabiliser
        assert everything == pytest.approx(float(found.logits), rel=1e-9)


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_residues_and_biases_add_up_to_the_logit(architecture: str, pooling: str) -> None:
    model = small_model(architecture, pooling, double=True)
    logits = model.answer(batch(SEQUENCES)).logits.gather(1, TARGETS[:, None])[:, 0].detach()
    with explaining(model, budget=100, seed=0) as explained:
        found = relevances(explained, batch(SEQUENCES), TARGETS, epsilon=0.0)
    torch.testing.assert_close(found.logits, logits, rtol=1e-12, atol=0)
    torch.testing.assert_close(found.residues.sum(1) + found.biases, logits, rtol=1e-6, atol=0)


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_without_biases_the_residues_alone_add_up_to_the_logit(architecture: str, pooling: str) -> None:
    model = small_model(architecture, pooling, double=True)
    for name, parameter in model.network.named_parameters():
        if "bias" in name:
            parameter.data.zero_()
    with explaining(model, budget=100, seed=0) as explained:
        found = relevances(explained, batch(SEQUENCES), TARGETS, epsilon=0.0)
        scores = LayerwiseRelevance(epsilon=0.0).explain(explained, batch(SEQUENCES), TARGETS)
    torch.testing.assert_close(found.residues.sum(1), found.logits, rtol=1e-6, atol=0)
    assert scores.gaps is not None
    assert scores.gaps.max() < 1e-6


def test_the_gap_is_what_biases_and_stabiliser_keep() -> None:
    model = small_model("bilstm", "attention", double=True)
    by_hand = ByHand(0.1)
    residues = by_hand.residues(model, SEQUENCE, target=2)
    kept = by_hand.of_biases + by_hand.of_stabiliser
    with explaining(model, budget=100, seed=0) as explained:
        gaps = LayerwiseRelevance(epsilon=0.1).explain(explained, batch([SEQUENCE]), torch.tensor([2])).gaps
    assert gaps is not None
    assert float(gaps) == pytest.approx(abs(kept) / abs(residues.sum() + kept))


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_neither_padding_nor_batch_mates_matter(architecture: str, pooling: str) -> None:
    check_that_neither_padding_nor_batch_mates_matter(small_model(architecture, pooling), LayerwiseRelevance())


def test_a_residue_without_weight_gets_nothing() -> None:
    model, seen = model_that_sees_one_residue(SEQUENCE)
    with explaining(model, budget=100, seed=0) as explained:
        residues = LayerwiseRelevance().explain(explained, batch([SEQUENCE]), torch.tensor([1])).residues[0]
    assert residues.nonzero().tolist() == [[seen]]


def test_relevance_that_grows_without_bound_is_an_error() -> None:
    model, long = small_model("bilstm", "last"), ["MKTAYLVAGR" * 200]
    for name, parameter in model.network.named_parameters():
        if "weight_hh" in name:
            parameter.data.mul_(20)
    with pytest.raises(UsageError, match=r"lrp: with the settings .*epsilon.* 0\.0.* beyond what float32 holds"):
        list(attribute(model, long, "lrp", LayerwiseRelevance(epsilon=0.0), np.ones(1, np.int64)))
    ((damped,),) = attribute(model, long, "lrp", LayerwiseRelevance(epsilon=10.0), np.ones(1, np.int64))
    assert np.isfinite(damped.scores).all()


def test_a_layer_without_a_rule_is_an_error() -> None:
    model = small_model("mlp", "uniform")
    model.network.encoder.normalised = nn.LayerNorm(5)
    with explaining(model, budget=100, seed=0) as explained, pytest.raises(UsageError, match="no rule for LayerNorm"):
        LayerwiseRelevance().explain(explained, batch(["MK"]), torch.tensor([1]))


@pytest.mark.parametrize("epsilon", [-0.1, float("nan"), float("inf")])
def test_epsilon_is_a_number_from_0(epsilon: float) -> None:
    with pytest.raises(UsageError, match="expected a number from 0"):
        LayerwiseRelevance(epsilon=epsilon)


class ByHand:
    """Relevances of one protein, every message between two neurons computed by itself, and who absorbed what."""

    def __init__(self, epsilon: float) -> None:
        self.epsilon = epsilon
        self.of_biases = 0.0
        self.of_stabiliser = 0.0

    def residues(self, model: Model, sequence: str, target: int) -> Array:
        """Of shape (length,)."""
        network, of_batch = model.network, batch([sequence])
        with torch.no_grad():
            embedded = network.embed(of_batch.tokens)[0].numpy()
            weights = model.answer(of_batch).weights
        states, layers = embedded, []
        encoder = dict(network.encoder.named_children())
        if "affine" in encoder:
            layers.append(Affine(encoder["affine"], states))
            states = np.tanh(layers[-1].sums)
        for name in ("convolutions", "motifs", "combined"):
            if name in encoder:
                layers.append(Convolutions(encoder[name], states))
                states = np.maximum(layers[-1].sums, 0)
        if "lstm" in encoder:
            for forwards, backwards in zip(encoder["lstm"].forwards, encoder["lstm"].backwards, strict=True):
                layers.append((Lstm(forwards, states), Lstm(backwards, states[::-1])))
                states = np.hstack([layers[-1][0].states, layers[-1][1].states[::-1]])
        relevance = self._of_states(network, states, weights, target)
        for layer in reversed(layers):
            if isinstance(layer, tuple):
                half = relevance.shape[1] // 2
                there = layer[0].hand_down(self, relevance[:, :half])
                relevance = there + layer[1].hand_down(self, relevance[::-1, half:])[::-1]
            else:
                relevance = layer.hand_down(self, relevance)
        return relevance.sum(1)

    def share(self, parts: list[float], bias: float, total: float, relevance: float) -> list[float]:
        """What each addend of a sum gets of its relevance: the epsilon rule."""
        assert total == pytest.approx(sum(parts) + bias, abs=1e-12)
        stabiliser = self.epsilon if total >= 0 else -self.epsilon
        self.of_biases += bias / (total + stabiliser) * relevance
        self.of_stabiliser += stabiliser / (total + stabiliser) * relevance
        return [part / (total + stabiliser) * relevance for part in parts]

    def _of_states(self, network: nn.Module, states: Array, weights: torch.Tensor | None, target: int) -> Array:
        length, channels = states.shape
        if weights is None:
            last = states[-1].copy()
            if network.encoder.directions == 2:
                last[channels // 2 :] = states[0, channels // 2 :]
            pooled = last
        else:
            pooled = weights[0].numpy() @ states
        row, bias = array(network.classifier.weight)[target], float(array(network.classifier.bias)[target])
        logit = float(row @ pooled + bias)
        of_pooled = self.share([float(part) for part in row * pooled], bias, logit, logit)
        relevance = np.zeros_like(states)
        for channel in range(channels):
            if weights is not None:
                parts = [float(weights[0, t]) * states[t, channel] for t in range(length)]
                relevance[:, channel] = self.share(parts, 0.0, pooled[channel], of_pooled[channel])
            elif channel < channels // 2 or network.encoder.directions == 1:
                relevance[-1, channel] = of_pooled[channel]
            else:
                relevance[0, channel] = of_pooled[channel]
        return relevance


class Affine:
    def __init__(self, layer: nn.Linear, inputs: Array) -> None:
        self.weight, self.bias, self.inputs = array(layer.weight), array(layer.bias), inputs
        self.sums = inputs @ self.weight.T + self.bias

    def hand_down(self, by_hand: ByHand, relevance: Array) -> Array:
        below = np.zeros_like(self.inputs)
        for t, unit in np.ndindex(relevance.shape):
            parts = list(self.weight[unit] * self.inputs[t])
            below[t] += by_hand.share(parts, self.bias[unit], self.sums[t, unit], relevance[t, unit])
        return below


class Convolutions:
    def __init__(self, layer: nn.Module, inputs: Array) -> None:
        self.filters = [
            (array(convolution.weight)[unit], float(array(convolution.bias)[unit]))
            for convolution in layer.convolutions
            for unit in range(len(convolution.weight))
        ]
        self.inputs = inputs
        self.sums = np.array(
            [
                [sum(part for _, _, part in self._parts(t, kernel)) + bias for kernel, bias in self.filters]
                for t in range(len(inputs))
            ]
        )

    def _parts(self, t: int, kernel: Array) -> list[tuple[int, int, float]]:
        """The addends of one sum, each with the position and channel it comes from."""
        reach = kernel.shape[1] // 2
        return [
            (t + offset - reach, channel, kernel[channel, offset] * self.inputs[t + offset - reach, channel])
            for channel, offset in np.ndindex(kernel.shape)
            if 0 <= t + offset - reach < len(self.inputs)
        ]

    def hand_down(self, by_hand: ByHand, relevance: Array) -> Array:
        below = np.zeros_like(self.inputs)
        for (t, unit), of_unit in np.ndenumerate(relevance):
            kernel, bias = self.filters[unit]
            if self.sums[t, unit] > 0:  # others are silent, and have no relevance
                parts = self._parts(t, kernel)
                shares = by_hand.share([part for _, _, part in parts], bias, self.sums[t, unit], of_unit)
                for (position, channel, _), share in zip(parts, shares, strict=True):
                    below[position, channel] += share
        return below


class Lstm:
    """One direction of a layer: a step at a time, as the paper writes it."""

    def __init__(self, layer: nn.LSTM, inputs: Array) -> None:
        self.hidden, self.inputs = layer.hidden_size, inputs
        self.of_inputs, self.of_states = array(layer.weight_ih_l0), array(layer.weight_hh_l0)
        self.bias = array(layer.bias_ih_l0) + array(layer.bias_hh_l0)
        length = len(inputs)
        self.i, self.f, self.z, self.o = (np.zeros((length, self.hidden)) for _ in range(4))
        self.cells, self.states = np.zeros((length + 1, self.hidden)), np.zeros((length + 1, self.hidden))
        for t in range(length):  # the last row is the step before the first: zeros
            sums = self.of_inputs @ inputs[t] + self.of_states @ self.states[t - 1] + self.bias
            i, f, self.z[t], o = np.split(sums, 4)
            self.i[t], self.f[t], self.o[t] = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
            self.cells[t] = self.f[t] * self.cells[t - 1] + self.i[t] * np.tanh(self.z[t])
            self.states[t] = self.o[t] * np.tanh(self.cells[t])
        self.states = self.states[:length]

    def hand_down(self, by_hand: ByHand, relevance: Array) -> Array:
        length, below = len(self.inputs), np.zeros_like(self.inputs)
        of_states = np.vstack([relevance, np.zeros(self.hidden)])
        of_cells = np.zeros((length + 1, self.hidden))
        signals = slice(2 * self.hidden, 3 * self.hidden)
        of_input, of_state, bias = self.of_inputs[signals], self.of_states[signals], self.bias[signals]
        for t in reversed(range(length)):
            of_cells[t] += of_states[t]
            before = self.states[t - 1] if t else np.zeros(self.hidden)
            for unit in range(self.hidden):
                old, new = self.f[t, unit] * self.cells[t - 1, unit], self.i[t, unit] * np.tanh(self.z[t, unit])
                of_old, of_signal = by_hand.share([old, new], 0.0, self.cells[t, unit], of_cells[t, unit])
                of_cells[t - 1, unit] += of_old
                parts = [*(of_input[unit] * self.inputs[t]), *(of_state[unit] * before)]
                shares = by_hand.share(parts, bias[unit], self.z[t, unit], of_signal)
                below[t] += shares[: self.inputs.shape[1]]
                of_states[t - 1] += shares[self.inputs.shape[1] :]
        assert not of_cells[-1].any()  # zeros before the first residue
        assert not of_states[-1].any()
        return below


def array(parameter: torch.Tensor) -> Array:
    return parameter.detach().numpy()
