"""Each attribution method by itself: against captum, its definition, and settings that make no sense."""

from __future__ import annotations

import captum.attr
import numpy as np
import pytest
import torch
from torch import Tensor, nn

from psl_index.errors import UsageError
from psl_models.attention import generator_of
from psl_models.attribution.attention import LearnedAttention, PermutedAttention, ShiftedAttention
from psl_models.attribution.gradient_shap import GradientShap
from psl_models.attribution.gradients import InputTimesGradient, Saliency, SmoothGrad
from psl_models.attribution.integrated_gradients import AS_RELEASED, IntegratedGradients
from psl_models.attribution.method import explaining
from psl_models.attribution.methods import method_named
from psl_models.attribution.repetitions import repetitions
from psl_models.batches import batch_of
from psl_models.encoding import PAD, encode
from psl_models.model import Model
from psl_models.prediction import predict
from tests.psl_models.explanations import LONG, SEQUENCES, attributions_of, close, quick_method
from tests.psl_models.small_models import NETWORKS, small_model


def test_attention_is_what_the_model_pools_with() -> None:
    for architecture in ("bilstm", "conv-blstm-attention"):
        model = small_model(architecture, "attention")
        for name, attention in (("attention", "learned"), ("uniform",) * 2, ("random",) * 2, ("permuted",) * 2):
            expected = predict(model, SEQUENCES, attention=attention, seed=3).weights
            assert expected is not None
            for found, weights in zip(attributions_of(model, name, seed=3), expected, strict=True):
                assert close(found.scores, weights)
                assert found.scores.sum() == pytest.approx(1, abs=1e-5)


def test_permuted_weights_are_the_learned_ones_elsewhere() -> None:
    model = small_model("bilstm", "attention")
    learned, permuted = attributions_of(model, "attention"), attributions_of(model, "permuted")
    for left, right in zip(learned, permuted, strict=True):
        assert close(np.sort(left.scores), np.sort(right.scores))
    assert not close(learned[0].scores, permuted[0].scores)


@pytest.mark.parametrize("seed", range(20))
def test_shifted_weights_are_the_learned_ones_rotated(seed: int) -> None:
    model = small_model("bilstm", "attention")
    for least in (1, 10):
        shifted = attributions_of(model, "shifted", method=ShiftedAttention(least), seed=seed)
        for left, right in zip(attributions_of(model, "attention"), shifted, strict=True):
            length = len(left.scores)
            shifts = [by for by in range(length) if close(np.roll(left.scores, by), right.scores)]
            far = [by for by in shifts if least <= by <= length - least]
            assert far if length >= 2 * least else length // 2 in shifts


def test_saliency_and_input_x_gradient_are_captums() -> None:
    for architecture, pooling in NETWORKS[::3]:
        model = small_model(architecture, pooling)
        with explaining(model, 1 << 14, 0) as explained:
            for sequence in SEQUENCES[:2]:
                batch, target = batch_of([encode(sequence)], np.arange(1)), torch.tensor([1])
                embedded, weights = explained.embed(batch.tokens), explained.guidance(batch)

                def logit(inputs: Tensor) -> Tensor:
                    return explained.logits(inputs, batch.lengths, target, weights)  # noqa: B023

                inputs = embedded.clone().requires_grad_()
                captums = captum.attr.Saliency(logit).attribute(inputs)
                for norm, order in (("l1", 1), ("l2", 2)):
                    ours = Saliency(norm).explain(explained, batch, target).residues
                    assert torch.allclose(ours, captums.norm(p=order, dim=2), atol=1e-6)
                captums = captum.attr.InputXGradient(logit).attribute(inputs)
                ours = InputTimesGradient().explain(explained, batch, target).residues
                assert torch.allclose(ours, captums.sum(dim=2), atol=1e-6)


def test_smoothgrad_without_noise_is_saliency_and_with_it_converges() -> None:
    model = small_model("bilstm", "attention")
    plain = attributions_of(model, "saliency")
    for found, expected in zip(
        attributions_of(model, "smoothgrad", method=SmoothGrad(samples=3, noise=0)), plain, strict=True
    ):
        assert close(found.scores, expected.scores)
    few, many, more = (
        attributions_of(model, "smoothgrad", [LONG], SmoothGrad(samples=samples), seed=samples)[0].scores
        for samples in (5, 400, 401)
    )
    assert np.abs(many - more).max() < 0.5 * np.abs(few - more).max()
    assert not close(many, plain[0].scores)


def test_gradient_shap_is_a_mean_over_samples() -> None:
    model, target = small_model("cnn-bilstm-small", "attention", double=True), 1
    batch = batch_of([encode(LONG)], np.arange(1))
    embedded = model.network.embed(batch.tokens).detach()
    scores, shuffled = torch.zeros(len(LONG)), torch.zeros(())
    for sample in range(3):
        generator = generator_of(encode(LONG).tobytes(), 7, sample)
        tokens = encode(LONG).astype(np.int64)
        generator.shuffle(tokens)
        baseline = model.network.embed(torch.from_numpy(tokens)[None]).detach()
        point = (baseline + generator.random() * (embedded - baseline)).requires_grad_()
        model.network(point, batch.lengths).logits[0, target].backward()
        scores = scores + (point.grad * (embedded - baseline)).sum(dim=2)[0] / 3
        shuffled = shuffled + model.network(baseline, batch.lengths).logits[0, target].detach() / 3
    difference = (model.network(embedded, batch.lengths).logits[0, target] - shuffled).item()
    with explaining(model, 60, 7) as explained:
        found = GradientShap(3).explain(explained, batch, torch.tensor([target]))
    assert torch.allclose(found.residues[0], scores.double(), rtol=1e-9)
    assert found.gaps is not None
    assert found.gaps.item() == pytest.approx(abs((scores.sum().item() - difference) / difference))


def test_gradient_shap_adds_up_with_many_samples() -> None:
    found = attributions_of(small_model("bilstm", "last"), "gradient-shap", [LONG], GradientShap(1000))[0]
    assert found.completeness_gap is not None
    assert found.completeness_gap < 0.1


def test_gradient_shap_keeps_padding_out_of_baselines() -> None:
    """A protein of one kind of residue is its own baseline in any order."""
    for found in attributions_of(small_model("bilstm", "attention"), "gradient-shap", ["AAAAAAAA", "CC", LONG])[:2]:
        assert not found.scores.any()
        assert found.completeness_gap == 0


@pytest.mark.parametrize("pooling", ["uniform", "uniform-sum", "last", "guided"])
@pytest.mark.parametrize("baseline", ["pad", "zero"])
@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks:UserWarning")
def test_deeplift_is_captums(pooling: str, baseline: str) -> None:
    model = small_model("mlp", pooling, double=True)
    method = method_named("deeplift", {"baseline": baseline})
    with explaining(model, 1 << 14, 0) as explained:
        for sequence in SEQUENCES:
            batch, target = batch_of([encode(sequence)], np.arange(1)), torch.tensor([1])
            embedded, weights = explained.embed(batch.tokens).requires_grad_(), explained.guidance(batch)
            pad = explained.embed(torch.full_like(batch.tokens, PAD))
            scores = captum.attr.DeepLift(_Pooled(model, weights)).attribute(
                embedded, (pad if baseline == "pad" else torch.zeros_like(pad)).requires_grad_(), target=1
            )
            found = method.explain(explained, batch, target)
            assert torch.allclose(found.residues, scores.sum(dim=2), atol=1e-10)
            assert found.gaps is not None
            assert found.gaps.item() < 1e-6


class _Pooled(nn.Module):
    """A network of proteins of one length, as captum takes them."""

    def __init__(self, model: Model, weights: Tensor | None) -> None:
        super().__init__()
        self.network = model.network
        self.weights = weights

    def forward(self, embedded: Tensor) -> Tensor:
        lengths = torch.full((len(embedded),), embedded.shape[1])
        weights = self.weights
        weighing = None if weights is None else lambda scores, layout: weights.expand(len(embedded), -1)
        logits: Tensor = self.network(embedded, lengths, weighing).logits
        return logits


@pytest.mark.parametrize("architecture", ["cnn-bilstm-small", "cnn-bilstm-large", "conv-blstm-attention"])
@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU:UserWarning")
def test_guided_backpropagation_is_captums(architecture: str) -> None:
    model = small_model(architecture, "attention", double=True)
    with explaining(model, 1 << 14, 0) as explained:
        for sequence in SEQUENCES:
            batch, target = batch_of([encode(sequence)], np.arange(1)), torch.tensor([1])
            inputs = explained.embed(batch.tokens).requires_grad_()
            captums = captum.attr.GuidedBackprop(_Pooled(model, None)).attribute(inputs, target=1)
            ours = quick_method("guided-backpropagation").explain(explained, batch, target).residues
            assert torch.allclose(ours, captums.norm(dim=2), atol=1e-10)
            if sequence == LONG:
                assert not torch.allclose(ours, Saliency().explain(explained, batch, target).residues)


def test_repetitions_are_all_of_them_within_the_budget() -> None:
    lengths = torch.tensor([3, 50, 7, 7, 1, 20])
    seen = []
    for proteins, times, width in repetitions(lengths, 5, 40):
        assert width == lengths[proteins].max()
        assert width * len(proteins) <= 40 or len(proteins) == 1
        seen += list(zip(proteins.tolist(), times.tolist(), strict=True))
    assert sorted(seen) == [(protein, time) for protein in range(6) for time in range(5)]


def test_settings_are_read_as_a_user_writes_them() -> None:
    written = {"steps": "20", "baseline": "zero", "tolerance": "none", "most-steps": 100, "normalised": "true"}
    assert method_named("integrated-gradients", written) == IntegratedGradients(20, "zero", None, 100, True)
    assert method_named("integrated-gradients", {"tolerance": 1}) == IntegratedGradients(tolerance=1.0)
    assert method_named("attention") == LearnedAttention()
    assert method_named("permuted") == PermutedAttention()
    assert IntegratedGradients(50, "pad", None, normalised=True) == AS_RELEASED


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("integrated-gradient", {}, r"no method 'integrated-gradient'; .*did you mean integrated-gradients\?"),
        ("integrated-gradients", {"step": 3}, r"no setting 'step'; choose one of steps, .*did you mean steps\?"),
        ("attention", {"steps": 3}, r"attention has no setting 'steps'; give it none"),
        ("integrated-gradients", {"baseline": "mean"}, r"baseline is 'mean'; choose one of pad, zero"),
        ("integrated-gradients", {"steps": "many"}, r"steps is 'many', expected a whole number"),
        ("integrated-gradients", {"steps": True}, r"steps is True, expected a whole number"),
        ("integrated-gradients", {"steps": 0}, r"steps is 0, expected 1 to 10,000"),
        ("integrated-gradients", {"steps": 10_001}, r"steps is 10001, expected 1 to 10,000"),
        ("integrated-gradients", {"most_steps": 49}, r"most_steps is 49, expected at least as many as steps, 50"),
        ("integrated-gradients", {"tolerance": "0"}, r"tolerance is 0.0, expected more than 0"),
        ("integrated-gradients", {"tolerance": "NaN"}, r"tolerance is 'NaN', expected a number or none"),
        ("integrated-gradients", {"normalised": 1}, r"normalised is 1, expected true or false"),
        ("smoothgrad", {"samples": 0}, r"samples is 0, expected at least 1"),
        ("smoothgrad", {"noise": -1}, r"noise is -1.0, expected 0 or more"),
        ("gradient-shap", {"samples": 0}, r"samples is 0, expected at least 1"),
        ("shifted", {"least": 0}, r"least is 0, expected at least 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        method_named(name, settings)
