"""How a layer of LSTMs in both directions hands relevance down: the rules of Arras et al. 2017.

With the gates i, f, o of a forward pass taken as constants an LSTM is linear in its cells c, but for two tanh:

    z_t = W x_t + U h_{t-1} + b,   c_t = f_t c_{t-1} + i_t tanh(z_t),   h_t = o_t tanh(c_t).

So the factors r (relevance over activation, see `psl_models.attribution.lrp.relevances`) run backwards as

    r(h_t) = r(h_t) from above + U' r(z_{t+1})
    r(c_t) = k(c_t) (o_t tanh(c_t) / c_t r(h_t) + f_{t+1} r(c_{t+1}))
    r(z_t) = k(z_t) tanh(z_t) / z_t i_t r(c_t)
    r(x_t) = W' r(z_t)

with k(s) = |s| / (|s| + epsilon). What does not run from step to step is computed for all steps at once, so that a step
is four small operations. The backward direction runs on proteins reversed in themselves, as in the network.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from psl_models.attribution._lrp_layers import Passed, kept, slope
from psl_models.layers.layout import Layout
from psl_models.layers.recurrent import reverse


def recurred(forwards: nn.LSTM, backwards: nn.LSTM, inputs: Tensor, layout: Layout, epsilon: float) -> Passed:
    """One layer of LSTMs in both directions; (width, n, channels) to (width, n, 2 * hidden)."""
    seen = (inputs, reverse(inputs, layout))
    states = [lstm(part)[0] for lstm, part in zip((forwards, backwards), seen, strict=True)]
    outputs = torch.cat([states[0], reverse(states[1], layout)], dim=-1)

    def hand_down(factors: Tensor) -> tuple[Tensor, Tensor]:
        above = factors.chunk(2, dim=-1)
        there, absorbed_there = _run_back(forwards, seen[0], states[0], above[0], epsilon)
        back, absorbed_back = _run_back(backwards, seen[1], states[1], reverse(above[1], layout), epsilon)
        return there + reverse(back, layout), absorbed_there + absorbed_back

    return Passed(outputs, hand_down)


def _run_back(lstm: nn.LSTM, inputs: Tensor, states: Tensor, above: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Factors of the inputs, and what biases absorb, (n,), from the factors of the states that come from above."""
    of_inputs, of_states, *both_biases = lstm.all_weights[0]
    biases = both_biases[0] + both_biases[1]
    before = torch.cat([torch.zeros_like(states[:1]), states[:-1]])
    sums = functional.linear(inputs, of_inputs, biases) + functional.linear(before, of_states)
    i, f, signals, o = sums.chunk(4, dim=-1)
    i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
    squashed = torch.tanh(signals)
    cells = _cells(f, i * squashed)
    to_cell = o * slope(cells, torch.tanh(cells)) * kept(cells, epsilon)
    to_earlier = kept(cells, epsilon)
    to_earlier[:-1] *= f[1:]
    to_signal = i * slope(signals, squashed) * kept(signals, epsilon)
    factors = _signal_factors(above, to_cell, to_earlier, to_signal, of_states.chunk(4)[2])
    return factors @ of_inputs.chunk(4)[2], (factors @ biases.chunk(4)[2]).sum(0)


def _cells(forget: Tensor, entering: Tensor) -> Tensor:
    """c_t = f_t c_{t-1} + what enters, from c = 0; all (width, n, hidden)."""
    cells = torch.empty_like(entering)
    cell = torch.zeros_like(entering[0])
    for f, new, place in zip(forget.unbind(), entering.unbind(), cells.unbind(), strict=True):
        cell = torch.addcmul(new, f, cell, out=place)
    return cells


def _signal_factors(above: Tensor, to_cell: Tensor, to_earlier: Tensor, to_signal: Tensor, recurrent: Tensor) -> Tensor:
    """r(z_t) of all steps, (width, n, hidden), from the last to the first."""
    factors = torch.empty_like(above)
    signal, cell = torch.zeros_like(above[0]), torch.zeros_like(above[0])
    steps = zip(*(tensor.unbind() for tensor in (above, to_cell, to_earlier, to_signal, factors)), strict=True)
    for from_above, state_part, cell_part, signal_part, place in reversed(list(steps)):
        state = torch.addmm(from_above, signal, recurrent)
        cell = (cell * cell_part).addcmul_(state_part, state)
        signal = torch.mul(signal_part, cell, out=place)
    return factors
