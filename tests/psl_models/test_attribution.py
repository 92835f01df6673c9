"""Laws that every attribution method keeps, on random models of every architecture and pooling."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence

import captum.attr
import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from psl_index.errors import UsageError
from psl_models.attention import generator_of
from psl_models.attribution import METHODS, Attribution, attribute
from psl_models.attribution.attention import LearnedAttention, PermutedAttention, ShiftedAttention
from psl_models.attribution.attributing import settings_of
from psl_models.attribution.gradient_shap import GradientShap
from psl_models.attribution.gradients import InputTimesGradient, Saliency, SmoothGrad
from psl_models.attribution.integrated_gradients import AS_RELEASED, IntegratedGradients
from psl_models.attribution.method import Method, explaining
from psl_models.attribution.methods import method_named
from psl_models.attribution.repetitions import repetitions
from psl_models.batches import Batch, batch_of
from psl_models.encoding import PAD, encode
from psl_models.layers.pooling import Weighing
from psl_models.model import Model
from psl_models.network import Answer
from psl_models.prediction import predict
from tests.psl_models.small_models import CLASSES, NETWORKS, small_model

LONG = "MKRQLLALAVSSPDFYTHENWWCGK"
SEQUENCES = [LONG, "M", "XXXXX", "MKUBZXJO", "ACDEFGHIKLMN"]
# Few samples and steps: no law depends on how many there are.
FEW = {
    "integrated-gradients": {"steps": 4, "tolerance": None},
    "smoothgrad": {"samples": 2},
    "gradient-shap": {"samples": 2},
}
GAPS = {"integrated-gradients", "gradient-shap", "deeplift", "lrp"}
ATTENTIONS = {"attention", "permuted", "random", "uniform", "shifted"}
DRAWING = {"random", "permuted", "shifted", "smoothgrad", "gradient-shap"}
ABOVE_ZERO = ATTENTIONS | {"saliency", "smoothgrad", "guided-backpropagation"}


def _supported(name: str, architecture: str, pooling: str) -> bool:
    if name in ATTENTIONS:
        return pooling == "attention" or (pooling != "last" and name != "permuted")
    if name == "deeplift":
        return architecture == "mlp" and pooling != "attention"
    return name != "guided-backpropagation" or architecture not in ("mlp", "bilstm")


ALL = [(name, *kind) for name in METHODS for kind in NETWORKS]
# Of these, slow by nature, each architecture and pooling is in their own tests.
ONE_BY_ONE = {"lrp", "occlusion", "mutagenesis"}
SUPPORTED = [
    case
    for case in ALL
    if _supported(*case) and (case[0] not in ONE_BY_ONE or case[1:] == ("cnn-bilstm-small", "attention"))
]
REFUSED = [case for case in ALL if not _supported(*case)]


def _method(name: str) -> Method:
    return method_named(name, FEW.get(name, {}))


def _attributions(
    model: Model, name: str, sequences: Sequence[str] = SEQUENCES, method: Method | None = None, **options: int
) -> list[Attribution]:
    targets = np.arange(len(sequences)) % len(CLASSES)
    batches = attribute(model, sequences, name, method or _method(name), targets, **options)
    return sorted((found for batch in batches for found in batch), key=lambda found: found.protein)


def _same(left: npt.NDArray[np.float32], right: npt.NDArray[np.float32]) -> bool:
    return bool(np.allclose(left, right, rtol=1e-4, atol=1e-5))


@pytest.mark.parametrize(("name", "architecture", "pooling"), SUPPORTED)
def test_laws_of_all_methods(name, architecture, pooling) -> None:  # type: ignore[no-untyped-def]
    """One finite score a residue, whatever stands beside the protein, pads it, or limits the batch."""
    model = small_model(architecture, pooling)
    together = _attributions(model, name)
    assert [found.protein for found in together] == list(range(len(SEQUENCES)))
    for number, found in enumerate(together):
        assert found.scores.shape == (len(SEQUENCES[number]),)
        assert found.scores.dtype == np.float32
        assert np.isfinite(found.scores).all()
        assert name not in ABOVE_ZERO or (found.scores >= 0).all()
        assert (found.method, found.target) == (name, CLASSES[number % len(CLASSES)])
        assert (found.completeness_gap is not None) == (name in GAPS)
        assert json.loads(json.dumps(found.settings)) == settings_of(_method(name), 0)
        assert ("seed" in found.settings) == (name in DRAWING)
    # The longest goes alone, and its steps, samples or mutants one by one; the others in small batches.
    for found, before in zip(_attributions(model, name, budget=20), together, strict=True):
        assert _same(found.scores, before.scores), "a smaller budget"
    padded = _padded(model, name, 7)
    for row, before in zip(padded, together, strict=True):
        assert _same(row, before.scores), "more padding"


def _padded(model: Model, name: str, more: int) -> list[npt.NDArray[np.float32]]:
    """Scores of the proteins in a batch that is `more` positions wider than it has to be."""
    batch = batch_of([encode(sequence) for sequence in SEQUENCES], np.arange(len(SEQUENCES)))
    wide = Batch(nn.functional.pad(batch.tokens, (0, more), value=PAD), batch.lengths, batch.rows)
    with explaining(model, 1 << 14, 0) as explained:
        scores = _method(name).explain(explained, wide, torch.arange(len(SEQUENCES)) % len(CLASSES)).residues
    return [row[: len(sequence)].numpy() for row, sequence in zip(scores.detach(), SEQUENCES, strict=True)]


@pytest.mark.parametrize(("name", "architecture", "pooling"), REFUSED)
def test_what_a_method_cannot_explain_is_refused(name, architecture, pooling) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError) as caught:
        _attributions(small_model(architecture, pooling), name)
    assert caught.value.remedy


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_what_is_random_comes_from_the_seed_and_the_residues(name: str) -> None:
    model = small_model("cnn-bilstm-small", "attention")
    first, again, other = (_attributions(model, name, seed=seed) for seed in (0, 0, 2))
    alone = _attributions(model, name, [LONG])[0]
    assert _same(first[0].scores, again[0].scores)
    assert _same(first[0].scores, alone.scores)
    assert not _same(first[0].scores, other[0].scores)
    assert (first[0].settings["seed"], other[0].settings["seed"]) == (0, 2)


@pytest.mark.parametrize(
    "name", [name for name in METHODS if name not in ATTENTIONS and _supported(name, "mlp", "guided")]
)
def test_a_residue_that_the_model_does_not_see_gets_nothing(name: str) -> None:
    """A guide that gives a residue no weight keeps it from an MLP, which has no other way to it."""
    model = small_model("mlp", "guided")
    assert model.guide is not None
    model.guide = _Blind(model.guide.configuration, model.guide.network)
    found = _attributions(model, name, [LONG])[0]
    assert found.scores[5] == 0
    assert np.delete(found.scores, 5).any()


class _Blind(Model):
    """A guide that gives the sixth residue no weight."""

    def answer(self, batch: Batch, weighing: Weighing | None = None) -> Answer:
        answer = super().answer(batch, weighing)
        assert answer.weights is not None
        return answer._replace(weights=answer.weights * (torch.arange(batch.tokens.shape[1]) != 5))


@pytest.mark.parametrize("name", ["integrated-gradients", "deeplift", "input-x-gradient"])
@pytest.mark.parametrize("pooling", ["uniform", "last"])
def test_a_residue_like_the_baseline_gets_nothing(name: str, pooling: str) -> None:
    """Every residue that is embedded as padding is, or as zeros where the baseline is zero."""
    model = small_model("mlp", pooling)
    with torch.no_grad():
        table = model.network.embedding.table.weight
        table[int(encode("K")[0])] = table[PAD] = 0
    found = _attributions(model, name, [LONG])[0]
    assert not found.scores[[letter == "K" for letter in LONG]].any()


@pytest.mark.parametrize("name", METHODS)
def test_the_model_comes_back_as_it_was(name: str) -> None:
    pooling = "guided" if name == "deeplift" else "attention"
    model = small_model("mlp" if name == "deeplift" else "cnn-bilstm-small", pooling)
    model.network.train()
    model.network.pooling.eval()
    model.network.classifier.bias.requires_grad_(False)
    model.network.classifier.weight.grad = torch.ones_like(model.network.classifier.weight)
    before, state = _state(model), copy.deepcopy(model.network.state_dict())
    left_half_way = attribute(model, SEQUENCES, name, _method(name), np.zeros(len(SEQUENCES), np.int64), budget=40)
    next(left_half_way)
    assert _state(model) == before, "between two batches"
    left_half_way.close()
    _attributions(model, name)
    assert _state(model) == before
    assert all(torch.equal(state[key], tensor) for key, tensor in model.network.state_dict().items())
    assert torch.equal(model.network.classifier.weight.grad, torch.ones_like(model.network.classifier.weight))


@pytest.mark.parametrize("name", METHODS)
def test_threads_change_nothing(name: str) -> None:
    kind = ("mlp", "guided") if name == "deeplift" else ("cnn-bilstm-small", "attention")
    model, threads = small_model(*kind), torch.get_num_threads()
    before = _state(model)
    try:
        torch.set_num_threads(1)
        alone = _attributions(model, name, SEQUENCES * 4, budget=40)
        torch.set_num_threads(3)
        together = _attributions(model, name, SEQUENCES * 4, budget=40)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    for found, expected in zip(together, alone, strict=True):
        assert np.array_equal(found.scores, expected.scores)
    assert _state(model) == before


def test_scores_beyond_float32_are_refused() -> None:
    model = small_model("bilstm", "attention")
    with pytest.raises(UsageError, match=r"smoothgrad: with the settings .*\"noise\": 1e\+38.* beyond what float32"):
        _attributions(model, "smoothgrad", method=SmoothGrad(noise=1e38))


def test_the_model_comes_back_after_an_error() -> None:
    class Failing:
        def explain(self, explained, batch, targets):  # type: ignore[no-untyped-def]
            assert not any(weights.requires_grad for weights in explained.model.network.parameters())
            raise RuntimeError("in the middle")

    model = small_model("bilstm", "guided")
    assert model.guide is not None
    model.guide.network.train()
    before = _state(model), _state(model.guide)
    with pytest.raises(RuntimeError, match="in the middle"):
        _attributions(model, "failing", method=Failing())
    assert (_state(model), _state(model.guide)) == before


def _state(model: Model) -> tuple[object, ...]:
    modules = list(model.network.modules())
    hooks = [len(module._forward_hooks) + len(module._backward_hooks) for module in modules]
    learning = [weights.requires_grad for weights in model.network.parameters()]
    return [module.training for module in modules], hooks, learning, model.device


def test_a_model_in_training_mode_is_explained_in_evaluation_mode() -> None:
    model = small_model("conv-blstm-attention", "attention")
    calm = _attributions(model, "saliency")
    model.network.train()  # with dropout
    for found, expected in zip(_attributions(model, "saliency"), calm, strict=True):
        assert _same(found.scores, expected.scores)


def test_attention_is_what_the_model_pools_with() -> None:
    for architecture in ("bilstm", "conv-blstm-attention"):
        model = small_model(architecture, "attention")
        for name, attention in (("attention", "learned"), ("uniform",) * 2, ("random",) * 2, ("permuted",) * 2):
            expected = predict(model, SEQUENCES, attention=attention, seed=3).weights
            assert expected is not None
            for found, weights in zip(_attributions(model, name, seed=3), expected, strict=True):
                assert _same(found.scores, weights)
                assert found.scores.sum() == pytest.approx(1, abs=1e-5)


def test_permuted_weights_are_the_learned_ones_elsewhere() -> None:
    model = small_model("bilstm", "attention")
    learned, permuted = _attributions(model, "attention"), _attributions(model, "permuted")
    for left, right in zip(learned, permuted, strict=True):
        assert _same(np.sort(left.scores), np.sort(right.scores))
    assert not _same(learned[0].scores, permuted[0].scores)


@pytest.mark.parametrize("seed", range(20))
def test_shifted_weights_are_the_learned_ones_rotated(seed: int) -> None:
    model = small_model("bilstm", "attention")
    for least in (1, 10):
        shifted = _attributions(model, "shifted", method=ShiftedAttention(least), seed=seed)
        for left, right in zip(_attributions(model, "attention"), shifted, strict=True):
            length = len(left.scores)
            shifts = [by for by in range(length) if _same(np.roll(left.scores, by), right.scores)]
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
    plain = _attributions(model, "saliency")
    for found, expected in zip(
        _attributions(model, "smoothgrad", method=SmoothGrad(samples=3, noise=0)), plain, strict=True
    ):
        assert _same(found.scores, expected.scores)
    few, many, more = (
        _attributions(model, "smoothgrad", [LONG], SmoothGrad(samples=samples), seed=samples)[0].scores
        for samples in (5, 400, 401)
    )
    assert np.abs(many - more).max() < 0.5 * np.abs(few - more).max()
    assert not _same(many, plain[0].scores)


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
    found = _attributions(small_model("bilstm", "last"), "gradient-shap", [LONG], GradientShap(1000))[0]
    assert found.completeness_gap is not None
    assert found.completeness_gap < 0.1


def test_gradient_shap_keeps_padding_out_of_baselines() -> None:
    """A protein of one kind of residue is its own baseline in any order."""
    for found in _attributions(small_model("bilstm", "attention"), "gradient-shap", ["AAAAAAAA", "CC", LONG])[:2]:
        assert not found.scores.any()


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
            ours = _method("guided-backpropagation").explain(explained, batch, target).residues
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
