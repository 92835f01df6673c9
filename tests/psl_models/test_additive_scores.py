"""Scores of attention computed some positions at a time, against the formula and its derivatives."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from psl_models.layers import additive_scores as module
from psl_models.layers.additive_scores import _POSITIONS, additive_scores

COUNTS = [1, 2, _POSITIONS - 1, _POSITIONS, _POSITIONS + 1, 3 * _POSITIONS + 7]


def plain(states: Tensor, inner: Tensor, bias: Tensor | None, outer: Tensor) -> Tensor:
    return torch.tanh(torch.nn.functional.linear(states, inner, bias)) @ outer


def random(count: int, *, bias: bool) -> list[Tensor]:
    """States and weights, all with gradients."""
    generator = torch.Generator().manual_seed(count)
    shapes = [(count, 6), (9, 6), (9,) if bias else None, (9,)]
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) if shape else None  # type: ignore[misc]
        for shape in shapes
    ]


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("bias", [False, True])
def test_scores_and_all_gradients_are_those_of_the_formula(count: int, bias: bool) -> None:
    tensors = random(count, bias=bias)
    asked = [tensor for tensor in tensors if tensor is not None]
    pull = torch.linspace(-1, 2, count, dtype=torch.float64)
    results = []
    for function in (plain, additive_scores):
        scores = function(*tensors)
        results.append((scores, *torch.autograd.grad(scores @ pull, asked)))
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("learning", [(0,), (1,), (3,), (0, 3)])
def test_gradients_are_computed_of_what_asks_for_them(learning: tuple[int, ...]) -> None:
    tensors = random(300, bias=True)
    frozen = [tensor if place in learning else tensor.detach() for place, tensor in enumerate(tensors)]
    found = torch.autograd.grad(additive_scores(*frozen).sum(), [frozen[place] for place in learning])
    expected = torch.autograd.grad(plain(*tensors).sum(), [tensors[place] for place in learning])
    for own, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(own, theirs)


def test_slopes_are_computed_where_gradients_are_asked_for_only(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    original = module._slopes_
    monkeypatch.setattr(module, "_slopes_", lambda steep: computed.append(len(steep)) or original(steep))
    tensors = random(300, bias=True)
    with torch.no_grad():
        scores = additive_scores(tensors[0] * 1, *tensors[1:])
    assert not computed
    torch.testing.assert_close(scores, plain(*tensors).detach())
    additive_scores(*tensors)
    assert sum(computed) == 300


@pytest.mark.parametrize("shape", [(3, 4), (2, 150, 2)])
def test_scores_have_the_shape_of_the_states(shape: tuple[int, ...]) -> None:
    states, inner, bias, outer = random(shape[0], bias=True)
    states = torch.rand(*shape, 6, dtype=torch.float64)
    assert additive_scores(states, inner, bias, outer).shape == shape
    torch.testing.assert_close(additive_scores(states, inner, bias, outer), plain(states, inner, bias, outer))
