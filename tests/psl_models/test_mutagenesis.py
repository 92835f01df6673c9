"""Saturation mutagenesis: as a plain loop over mutants says, within the budget, and the laws of all attributions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from psl_index.alphabet import STANDARD
from psl_index.errors import UsageError
from psl_models.attribution.method import Explained, explaining
from psl_models.attribution.mutagenesis import Mutagenesis, saturation
from psl_models.encoding import encode
from tests.psl_models.small_models import (
    NETWORKS,
    batch,
    check_that_neither_padding_nor_batch_mates_matter,
    model_that_sees_one_residue,
    small_model,
)

SUMMARISED = {
    "mean": lambda losses: sum(losses) / len(losses),
    "largest": max,
    "absolute": lambda losses: sum(abs(loss) for loss in losses) / len(losses),
}


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_saturation_is_that_of_a_plain_loop(architecture: str, pooling: str) -> None:
    with explaining(small_model(architecture, pooling, double=True), budget=50, seed=0) as explained:
        found = saturation(explained, torch.from_numpy(encode("MUA")).long(), target=2)
        np.testing.assert_allclose(found, plain_loop(explained, "MUA", 2), rtol=0, atol=1e-12)
    assert found[0, STANDARD.index("M")] == found[2, STANDARD.index("A")] == 0


def test_a_score_sums_up_the_losses_to_all_other_standard_residues() -> None:
    sequences = ["MKXA", "W"]
    with explaining(small_model("bilstm", "attention", double=True), budget=50, seed=0) as explained:
        losses = [plain_loop(explained, sequence, target) for sequence, target in zip(sequences, (1, 2), strict=True)]
        for summary, summarised in SUMMARISED.items():
            scores = Mutagenesis(summary).explain(explained, batch(sequences, extra=2), torch.tensor([1, 2]))
            for place, sequence in enumerate(sequences):
                expected = [
                    summarised([float(loss) for letter, loss in zip(STANDARD, row, strict=True) if letter != own])
                    for own, row in zip(sequence, losses[place], strict=True)
                ]
                np.testing.assert_allclose(scores.residues[place, : len(sequence)], expected, rtol=0, atol=1e-12)
            assert scores.gaps is None


def plain_loop(explained: Explained, sequence: str, target: int) -> npt.NDArray[np.float64]:
    """One mutant after the other; a guide sees the protein as it is."""
    guidance, losses = explained.guidance(batch([sequence])), np.zeros((len(sequence), 20))

    def logit(of: str) -> float:
        whole = batch([of])
        return float(explained.logits(explained.embed(whole.tokens), whole.lengths, torch.tensor([target]), guidance))

    unchanged = logit(sequence)
    for place, column in np.ndindex(losses.shape):
        losses[place, column] = unchanged - logit(sequence[:place] + STANDARD[column] + sequence[place + 1 :])
    return losses


def test_no_more_than_the_budget_goes_through_the_network_at_a_time() -> None:
    model, asked = small_model("mlp", "uniform"), []
    model.network.register_forward_pre_hook(lambda network, given: asked.append(tuple(given[0].shape[:2])))
    with explaining(model, budget=100, seed=0) as explained:
        Mutagenesis().explain(explained, batch(["MKX"]), torch.tensor([0]))
        assert asked == [(1, 3), (33, 3), (25, 3)]  # 19 + 19 + 20 mutants
        asked.clear()
        saturation(explained, torch.from_numpy(encode("M" * 101)).long(), target=1)
    assert asked == [(1, 101)] * (1 + 19 * 101)


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_neither_padding_nor_batch_mates_matter(architecture: str, pooling: str) -> None:
    check_that_neither_padding_nor_batch_mates_matter(small_model(architecture, pooling), Mutagenesis())


def test_a_residue_without_weight_gets_nothing() -> None:
    sequence = "MKUAGKL"
    model, seen = model_that_sees_one_residue(sequence)
    with explaining(model, budget=100, seed=0) as explained:
        residues = Mutagenesis("absolute").explain(explained, batch([sequence]), torch.tensor([1])).residues[0]
    others = [place for place in range(len(sequence)) if place != seen]
    torch.testing.assert_close(residues[others], torch.zeros(len(others)), atol=1e-6, rtol=0)
    assert residues[seen] > 1e-3


def test_an_unknown_summary_is_an_error() -> None:
    with pytest.raises(UsageError, match="no summary 'median'; choose one of mean, largest, absolute"):
        Mutagenesis("median")
