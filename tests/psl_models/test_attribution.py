"""Laws that every attribution method keeps, on random models of every architecture and pooling."""

from __future__ import annotations

import copy
import json

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import nn

from psl_index.errors import UsageError
from psl_models.attribution import METHODS, attribute
from psl_models.attribution.attributing import settings_of
from psl_models.attribution.gradients import SmoothGrad
from psl_models.attribution.method import explaining
from psl_models.batches import Batch, batch_of
from psl_models.encoding import PAD, encode
from psl_models.layers.pooling import Weighing
from psl_models.model import Model
from psl_models.network import Answer
from tests.psl_models.explanations import LONG, SEQUENCES, attributions_of, close, quick_method
from tests.psl_models.small_models import CLASSES, NETWORKS, small_model

GAPS = {"integrated-gradients", "gradient-shap", "deeplift", "lrp"}
# The poolings besides attention that have such weights.
ALSO_OF = {
    "attention": {"guided"},
    "shifted": {"guided"},
    "permuted": set[str](),
    "random": {"guided", "uniform", "uniform-sum"},
    "uniform": {"guided", "uniform", "uniform-sum"},
}
ATTENTIONS = set(ALSO_OF)
DRAWING = {"random", "permuted", "shifted", "smoothgrad", "gradient-shap"}
ABOVE_ZERO = ATTENTIONS | {"saliency", "smoothgrad", "guided-backpropagation"}


def _supported(name: str, architecture: str, pooling: str) -> bool:
    if name in ATTENTIONS:
        return pooling == "attention" or pooling in ALSO_OF[name]
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


@pytest.mark.parametrize(("name", "architecture", "pooling"), SUPPORTED)
def test_laws_of_all_methods(name, architecture, pooling) -> None:  # type: ignore[no-untyped-def]
    """One finite score a residue, whatever stands beside the protein, pads it, or limits the batch."""
    model = small_model(architecture, pooling)
    together = attributions_of(model, name)
    assert [found.protein for found in together] == list(range(len(SEQUENCES)))
    for number, found in enumerate(together):
        assert found.scores.shape == (len(SEQUENCES[number]),)
        assert found.scores.dtype == np.float32
        assert np.isfinite(found.scores).all()
        assert name not in ABOVE_ZERO or (found.scores >= 0).all()
        assert (found.method, found.target) == (name, CLASSES[number % len(CLASSES)])
        assert (found.completeness_gap is not None) == (name in GAPS)
        assert json.loads(json.dumps(found.settings)) == settings_of(quick_method(name), 0)
        assert ("seed" in found.settings) == (name in DRAWING)
    # The longest goes alone, and its steps, samples or mutants one by one; the others in small batches.
    for found, before in zip(attributions_of(model, name, budget=20), together, strict=True):
        assert close(found.scores, before.scores), "a smaller budget"
    padded = _padded(model, name, 7)
    for row, before in zip(padded, together, strict=True):
        assert close(row, before.scores), "more padding"


def _padded(model: Model, name: str, more: int) -> list[npt.NDArray[np.float32]]:
    """Scores of the proteins in a batch that is `more` positions wider than it has to be."""
    batch = batch_of([encode(sequence) for sequence in SEQUENCES], np.arange(len(SEQUENCES)))
    wide = Batch(nn.functional.pad(batch.tokens, (0, more), value=PAD), batch.lengths, batch.rows)
    with explaining(model, 1 << 14, 0) as explained:
        scores = quick_method(name).explain(explained, wide, torch.arange(len(SEQUENCES)) % len(CLASSES)).residues
    return [row[: len(sequence)].numpy() for row, sequence in zip(scores.detach(), SEQUENCES, strict=True)]


@pytest.mark.parametrize(("name", "architecture", "pooling"), REFUSED)
def test_what_a_method_cannot_explain_is_refused(name, architecture, pooling) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(UsageError) as caught:
        attributions_of(small_model(architecture, pooling), name)
    assert caught.value.remedy


@pytest.mark.parametrize("name", sorted(DRAWING))
def test_what_is_random_comes_from_the_seed_and_the_residues(name: str) -> None:
    model = small_model("cnn-bilstm-small", "attention")
    first, again, other = (attributions_of(model, name, seed=seed) for seed in (0, 0, 2))
    alone = attributions_of(model, name, [LONG])[0]
    assert close(first[0].scores, again[0].scores)
    assert close(first[0].scores, alone.scores)
    assert not close(first[0].scores, other[0].scores)
    assert (first[0].settings["seed"], other[0].settings["seed"]) == (0, 2)


@pytest.mark.parametrize(
    "name", [name for name in METHODS if name not in ATTENTIONS and _supported(name, "mlp", "guided")]
)
def test_a_residue_that_the_model_does_not_see_gets_nothing(name: str) -> None:
    """A guide that gives a residue no weight keeps it from an MLP, which has no other way to it."""
    model = small_model("mlp", "guided")
    assert model.guide is not None
    model.guide = _Blind(model.guide.configuration, model.guide.network)
    found = attributions_of(model, name, [LONG])[0]
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
    found = attributions_of(model, name, [LONG])[0]
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
    left_half_way = attribute(model, SEQUENCES, name, quick_method(name), np.zeros(len(SEQUENCES), np.int64), budget=40)
    next(left_half_way)
    assert _state(model) == before, "between two batches"
    left_half_way.close()
    attributions_of(model, name)
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
        alone = attributions_of(model, name, SEQUENCES * 4, budget=40)
        torch.set_num_threads(3)
        together = attributions_of(model, name, SEQUENCES * 4, budget=40)
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(threads)
    for found, expected in zip(together, alone, strict=True):
        assert np.array_equal(found.scores, expected.scores)
    assert _state(model) == before


def test_scores_beyond_float32_are_refused() -> None:
    model = small_model("bilstm", "attention")
    with pytest.raises(UsageError, match=r"smoothgrad: with the settings .*\"noise\": 1e\+38.* beyond what float32"):
        attributions_of(model, "smoothgrad", method=SmoothGrad(noise=1e38))


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
        attributions_of(model, "failing", method=Failing())
    assert (_state(model), _state(model.guide)) == before


def _state(model: Model) -> tuple[object, ...]:
    modules = list(model.network.modules())
    hooks = [len(module._forward_hooks) + len(module._backward_hooks) for module in modules]
    learning = [weights.requires_grad for weights in model.network.parameters()]
    return [module.training for module in modules], hooks, learning, model.device


def test_a_model_in_training_mode_is_explained_in_evaluation_mode() -> None:
    model = small_model("conv-blstm-attention", "attention")
    calm = attributions_of(model, "saliency")
    model.network.train()  # with dropout
    for found, expected in zip(attributions_of(model, "saliency"), calm, strict=True):
        assert close(found.scores, expected.scores)
