"""Integrated gradients: completeness, captum's as the reference, and paths that are hard to integrate."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import captum.attr
import numpy as np
import pytest
import torch
from torch import Tensor

from psl_models.attribution import Attribution, attribute
from psl_models.attribution.integrated_gradients import AS_RELEASED, IntegratedGradients, completeness_gaps
from psl_models.attribution.method import Explained, explaining
from psl_models.batches import Batch, batch_of
from psl_models.configuration import ENCODINGS, Configuration
from psl_models.encoding import PAD, encode
from psl_models.model import Model
from psl_models.network import Network
from tests.psl_models.small_models import CLASSES, NETWORKS, SIZES, small_model

SEQUENCES = ["MKRQLLALAVSSPDFYTHENWWCGK", "M", "XXXXX", "ACDEFGHIKLMN"]


def _batch(sequences: list[str]) -> Batch:
    return batch_of([encode(sequence) for sequence in sequences], np.arange(len(sequences)))


def _attributions(model: Model, method: IntegratedGradients, **options: int) -> list[Attribution]:
    targets = np.arange(len(SEQUENCES)) % 3
    batches = attribute(model, SEQUENCES, "integrated-gradients", method, targets, **options)
    return sorted((found for batch in batches for found in batch), key=lambda found: found.protein)


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_completeness(architecture, pooling) -> None:  # type: ignore[no-untyped-def]
    """The scores add up to the difference of the logits, as computed here from the network itself."""
    model = small_model(architecture, pooling, double=True)
    smooth = architecture in ("mlp", "bilstm")  # at the kinks of ReLU the rule converges slowly
    method = IntegratedGradients(100, tolerance=None) if smooth else IntegratedGradients(most_steps=1000)
    targets = torch.arange(len(SEQUENCES)) % 3
    batch = _batch(SEQUENCES)
    with explaining(model, 1 << 12, 0) as explained:
        found = method.explain(explained, batch, targets)
        weighing = model.guidance(batch)
        answers = [
            model.network(model.network.embed(tokens), batch.lengths, weighing).logits[torch.arange(4), targets]
            for tokens in (batch.tokens, torch.full_like(batch.tokens, PAD))
        ]
    assert found.gaps is not None
    for row, length, gap, end, start in zip(found.residues, batch.lengths, found.gaps, *answers, strict=True):
        assert not row[length:].any()
        assert gap.item() == pytest.approx(abs((row[:length].sum() - (end - start)) / (end - start)).item(), abs=1e-9)
        assert gap < (1e-6 if smooth else 0.01)


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_equal_to_captum_one_protein_after_the_other(architecture, pooling) -> None:  # type: ignore[no-untyped-def]
    model = small_model(architecture, pooling)
    ours = _attributions(model, IntegratedGradients(steps=7, tolerance=None), budget=80)
    with explaining(model, 1 << 14, 0) as explained:
        for number, found in enumerate(ours):
            expected = _captums(explained, SEQUENCES[number], number % 3, 7)
            np.testing.assert_allclose(found.scores, expected, rtol=1e-4, atol=1e-6)


def _captums(explained: Explained, sequence: str, target: int, steps: int) -> np.ndarray:  # type: ignore[type-arg]
    batch = _batch([sequence])
    weights = explained.guidance(batch)

    def logit(embedded: Tensor) -> Tensor:
        n = len(embedded)
        frozen = None if weights is None else weights.expand(n, -1)
        return explained.logits(embedded, batch.lengths.expand(n), torch.full((n,), target), frozen)

    pad = explained.embed(torch.full_like(batch.tokens, PAD))
    method = captum.attr.IntegratedGradients(logit)
    scores = method.attribute(explained.embed(batch.tokens), pad, n_steps=steps, method="gausslegendre")
    return scores.sum(dim=2)[0].numpy()  # type: ignore[no-any-return]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_encoding_is_complete(encoding: str) -> None:
    torch.manual_seed(3)
    configuration = Configuration("bilstm", "attention", CLASSES, SIZES["bilstm"], encoding=encoding)
    model = Model(configuration, Network(configuration).eval())
    for found in _attributions(model, IntegratedGradients()):
        assert found.completeness_gap is not None
        assert found.completeness_gap < 0.01


@pytest.fixture
def steep() -> Iterator[Model]:
    """A model whose logit leaps on the way from padding to a protein."""
    model = small_model("bilstm", "attention", double=True)
    with torch.no_grad():
        model.network.embedding.table.weight *= 60
    return model


def test_hard_paths_are_refined_until_they_are_complete(steep: Model) -> None:
    plain = _attributions(steep, IntegratedGradients(10, tolerance=None))
    refined = _attributions(steep, IntegratedGradients(10, tolerance=0.001, most_steps=4000))
    hard = [found.protein for found in plain if found.completeness_gap > 0.001]  # type: ignore[operator]
    assert hard
    for before, after in zip(plain, refined, strict=True):
        assert after.completeness_gap <= 0.0011  # type: ignore[operator]
        assert (before.scores == after.scores).all() == (before.protein not in hard), "only what needs it is done again"
    exact = _attributions(steep, IntegratedGradients(1000, tolerance=None))
    for found, expected in zip(refined, exact, strict=True):
        scale = np.abs(expected.scores).max()
        np.testing.assert_allclose(found.scores, expected.scores, rtol=0, atol=0.01 * scale)


@pytest.mark.parametrize("most_steps", [10, 20, 40, 100, 300])
def test_refinement_never_widens_a_gap(steep: Model, most_steps: int) -> None:
    """A second result that is no better than the first is not taken."""
    plain = _attributions(steep, IntegratedGradients(10, tolerance=None))
    refined = _attributions(steep, IntegratedGradients(10, tolerance=1e-9, most_steps=most_steps))
    for before, after in zip(plain, refined, strict=True):
        if not (before.scores == after.scores).all():
            assert after.completeness_gap < before.completeness_gap  # type: ignore[operator]
        else:
            assert after.completeness_gap == before.completeness_gap


def test_a_leap_that_no_node_can_see_ends_the_refinement() -> None:
    """A step of height 1 in the middle: its slope is zero everywhere, so that nothing is gained by further halves."""

    class Step(Explained):
        seen: ClassVar[list[float]] = []

        def embed(self, tokens):  # type: ignore[no-untyped-def]
            return (tokens != PAD).float()[..., None]

        def logits(self, embedded, lengths, targets, weights=None):  # type: ignore[no-untyped-def]
            return (embedded.mean((1, 2)) > 0.3).float()

        def gradients(self, embedded, lengths, targets, weights=None):  # type: ignore[no-untyped-def]
            self.seen.extend(embedded[:, 0, 0].tolist())
            return torch.zeros_like(embedded)

    method = IntegratedGradients(5, most_steps=10_000)
    found = method.explain(Step(small_model("mlp", "uniform"), 1 << 12, 0), _batch(["MK"]), torch.tensor([0]))
    assert found.gaps is not None
    assert found.gaps.item() == 1
    assert len(Step.seen) < 500
    assert min(abs(share - 0.3) for share in Step.seen) < 1e-5


def test_a_gap_that_is_no_number_is_refined() -> None:
    class OnceTooSteep(Explained):
        """A linear model whose gradient overflows at the middle of the path, where the first rule has a node."""

        def embed(self, tokens):  # type: ignore[no-untyped-def]
            return (tokens != PAD).float()[..., None]

        def logits(self, embedded, lengths, targets, weights=None):  # type: ignore[no-untyped-def]
            return embedded.sum((1, 2))

        def gradients(self, embedded, lengths, targets, weights=None):  # type: ignore[no-untyped-def]
            return torch.where(embedded == 0.5, torch.nan, 1.0)

    explained = OnceTooSteep(small_model("mlp", "uniform"), 1 << 12, 0)
    found = IntegratedGradients(1).explain(explained, _batch(["MK"]), torch.tensor([0]))
    torch.testing.assert_close(found.residues, torch.ones(1, 2))
    assert found.gaps is not None
    assert found.gaps.item() < 1e-6


def test_what_stays_incomplete_says_so(steep: Model) -> None:
    gradients = 0

    class Counting(Explained):
        def gradients(self, embedded, lengths, targets, weights=None):  # type: ignore[no-untyped-def]
            nonlocal gradients
            gradients += len(embedded)
            return super().gradients(embedded, lengths, targets, weights)

    with explaining(steep, 1 << 12, 0) as explained:
        counting = Counting(explained.model, explained.budget, explained.seed)
        method = IntegratedGradients(5, tolerance=1e-9, most_steps=90)
        found = method.explain(counting, _batch([SEQUENCES[0]]), torch.tensor([0]))
    assert found.gaps is not None
    assert found.gaps.item() > 1e-9
    assert 5 < gradients <= 5 + 90


def test_normalised_scores_have_norm_one_and_the_same_gap() -> None:
    model = small_model("cnn-bilstm-large", "last")
    plain = _attributions(model, IntegratedGradients(tolerance=None))
    for found, expected in zip(_attributions(model, AS_RELEASED), plain, strict=True):
        norm = np.linalg.norm(expected.scores)
        np.testing.assert_allclose(found.scores, expected.scores / norm, rtol=1e-5, atol=1e-7)
        assert found.completeness_gap == expected.completeness_gap


def test_a_protein_that_is_its_own_baseline_gets_zeros_and_no_gap() -> None:
    model = small_model("bilstm", "attention")
    with torch.no_grad():
        model.network.embedding.table.weight[:] = 1
    for method in (IntegratedGradients(), AS_RELEASED):
        for found in _attributions(model, method):
            assert not found.scores.any()
            assert found.completeness_gap == 0


def test_gaps_are_shares_of_the_difference() -> None:
    scores = torch.tensor([[1.0, 2.0], [1.0, -3.0], [0.0, 0.0], [torch.nan, 0.0]])
    last, first = torch.tensor([5.0, -3.0, 7.0, 1.0]), torch.tensor([1.0, 1.0, 7.0, 0.0])
    assert completeness_gaps(scores, last, first).tolist() == pytest.approx([0.25, 0.5, 0.0, torch.nan], nan_ok=True)


def test_what_rounding_of_the_logits_can_make_is_no_gap() -> None:
    scores, last = torch.zeros(2, 3), torch.full((2,), 10.0)
    first = last + torch.tensor([2e-6, 2e-3])
    assert completeness_gaps(scores, last, first).tolist() == pytest.approx([0, 1])
    assert completeness_gaps(scores.double(), last.double(), first.double())[0] == 1
