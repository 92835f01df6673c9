"""What a model answers as a function of its weights, and how far two answers or weightings are from each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from psl_eval.experiments.attention_tests.altered import weights_of
from psl_eval.experiments.attention_tests.divergences import MOST, answer_divergence, jensen_shannon, total_variation
from psl_eval.experiments.attention_tests.peaks import by_peak
from psl_eval.experiments.attention_tests.readouts import readouts
from psl_index.errors import UsageError
from psl_models.attention import ATTENTIONS, AttentionName, altered
from psl_models.configuration import ARCHITECTURES
from tests.psl_eval.experiments.small_readouts import readout, slow_divergence
from tests.psl_models.small_models import SEQUENCES, batch, small_model


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("name", ATTENTIONS)
def test_a_readout_answers_as_the_model_does_with_the_same_weights(architecture: str, name: AttentionName) -> None:
    model = small_model(architecture, "attention")
    whole = batch(SEQUENCES)
    with torch.no_grad():
        expected = torch.softmax(model.answer(whole, altered(name, whole, 5)).logits, 1).numpy()
    for place, each in enumerate(readouts(model, SEQUENCES)):
        first = weights_of(name, each, 5, draws=3)[0]
        np.testing.assert_allclose(each.probabilities(first), expected[place], atol=2e-6)


@pytest.mark.parametrize("pooling", ["last", "uniform", "guided"])
def test_a_model_without_attention_has_no_readout(pooling: str) -> None:
    with pytest.raises(UsageError, match="no attention to test"):
        readouts(small_model("bilstm", pooling), SEQUENCES)


def test_drawn_weights_are_distributions_and_permuted_ones_the_same_numbers() -> None:
    each = readout(9)
    for name in ATTENTIONS:
        weights = weights_of(name, each, 1, draws=4)
        assert weights.shape == ((4 if name in ("permuted", "random") else 1), 9)
        np.testing.assert_allclose(weights.sum(axis=1), 1)
    permuted = weights_of("permuted", each, 1, draws=4)
    np.testing.assert_array_equal(np.sort(permuted), np.tile(np.sort(each.weights), (4, 1)))
    assert len(np.unique(permuted, axis=0)) == 4


def test_random_weights_are_the_softmax_of_numbers_from_0_to_1() -> None:
    """Science of the released code: no weight is more than e times another."""
    weights = weights_of("random", readout(200), 1, draws=50)
    ratios = weights.max(axis=1) / weights.min(axis=1)
    assert ratios.min() > 2
    assert ratios.max() < math.e


def test_divergences_against_their_definitions() -> None:
    p, q = [0.5, 0.25, 0.25, 0.0], [0.1, 0.0, 0.6, 0.3]
    assert jensen_shannon(p, q) == pytest.approx(slow_divergence(p, q))
    assert answer_divergence(p, q, "single-label") == pytest.approx(slow_divergence(p, q))
    of_classes = [slow_divergence([x, 1 - x], [y, 1 - y]) for x, y in zip(p, q, strict=True)]
    assert answer_divergence(p, q, "multi-label") == pytest.approx(sum(of_classes) / 4)
    assert jensen_shannon([1, 0], [0, 1]) == MOST == pytest.approx(math.log(2))
    assert total_variation(p, q, "single-label") == pytest.approx((0.4 + 0.25 + 0.35 + 0.3) / 2)
    assert total_variation(p, q, "multi-label") == pytest.approx((0.4 + 0.25 + 0.35 + 0.3) / 4)


def test_every_protein_is_in_one_range_of_peaks() -> None:
    peaks = np.array([0.01, 0.05, 0.3, 0.7, 1.0])
    (_, everything), *ranges = by_peak(peaks)
    assert everything.all()
    assert {name: which.nonzero()[0].tolist() for name, which in ranges} == {
        "0 to 0.05": [0],
        "0.05 to 0.1": [1],
        "0.2 to 0.5": [2],
        "0.5 to 1": [3, 4],
    }
