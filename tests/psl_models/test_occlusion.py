"""Occlusion: as a plain loop over windows says, within the budget, and the laws of all attributions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from psl_index.errors import UsageError
from psl_models.attribution.method import Explained, explaining
from psl_models.attribution.occlusion import REPLACEMENTS, Occlusion, window_starts
from psl_models.encoding import PAD, encode
from tests.psl_models.small_models import (
    NETWORKS,
    SEQUENCES,
    TARGETS,
    batch,
    check_that_neither_padding_nor_batch_mates_matter,
    model_that_sees_one_residue,
    small_model,
)

SETTINGS = [(1, 1), (3, 1), (3, 2), (4, 4), (50, 7)]


@pytest.mark.parametrize("replacement", REPLACEMENTS)
@pytest.mark.parametrize(("width", "stride"), SETTINGS)
@pytest.mark.parametrize("network", [("bilstm", "attention"), ("cnn-bilstm-small", "guided")])
def test_scores_are_those_of_a_plain_loop(network: tuple[str, str], width: int, stride: int, replacement: str) -> None:
    with explaining(small_model(*network, double=True), budget=20, seed=0) as explained:
        found = Occlusion(width, stride, replacement).explain(explained, batch(SEQUENCES, extra=2), TARGETS)
        for place, sequence in enumerate(SEQUENCES):
            expected = plain_loop(explained, sequence, TARGETS[place : place + 1], width, stride, replacement)
            np.testing.assert_allclose(found.residues[place, : len(sequence)], expected, rtol=0, atol=1e-12)
    assert found.gaps is None


def plain_loop(
    explained: Explained, sequence: str, target: Tensor, width: int, stride: int, replacement: str
) -> list[float]:
    whole = batch([sequence])
    embedded, guidance = explained.embed(whole.tokens), explained.guidance(whole)
    token = PAD if replacement == "pad" else int(encode("X")[0])
    hidden = explained.embed(torch.tensor([token]))[0] * (replacement != "zero")
    losses: list[list[float]] = [[] for _ in sequence]
    starts = set(range(0, len(sequence) - width + 1, stride)) | {max(len(sequence) - width, 0)}
    for start in sorted(starts):
        window = range(start, min(start + width, len(sequence)))
        occluded = embedded.clone()
        for place in window:
            occluded[0, place] = hidden
        logits = [float(explained.logits(x, whole.lengths, target, guidance)) for x in (embedded, occluded)]
        for place in window:
            losses[place].append(logits[0] - logits[1])
    return [sum(of_residue) / len(of_residue) for of_residue in losses]


@given(length=st.integers(1, 60), width=st.integers(1, 70), stride=st.integers(1, 70))
def test_every_residue_is_in_a_window_and_the_last_window_ends_with_the_protein(
    length: int, width: int, stride: int
) -> None:
    stride = min(stride, width)
    starts = window_starts(length, width, stride).tolist()
    assert starts == sorted(set(starts))
    assert starts[0] == 0
    assert starts[-1] == max(length - width, 0)
    assert starts[:-1] == list(range(0, starts[-1], stride))
    assert {place for start in starts for place in range(start, start + width)} >= set(range(length))


def test_no_more_than_the_budget_goes_through_the_network_at_a_time() -> None:
    model, asked = small_model("mlp", "uniform"), []
    model.network.register_forward_pre_hook(lambda network, given: asked.append(tuple(given[0].shape[:2])))
    with explaining(model, budget=40, seed=0) as explained:
        Occlusion().explain(explained, batch(["MKTAYLVAGR", "M" * 50]), torch.tensor([0, 1]))
    assert asked == [(1, 10), (4, 10), (4, 10), (2, 10)] + [(1, 50)] * 51


@pytest.mark.parametrize(("architecture", "pooling"), NETWORKS)
def test_neither_padding_nor_batch_mates_matter(architecture: str, pooling: str) -> None:
    check_that_neither_padding_nor_batch_mates_matter(small_model(architecture, pooling), Occlusion(width=2))


def test_a_residue_without_weight_gets_nothing() -> None:
    sequence = "MKUAGKL"
    model, seen = model_that_sees_one_residue(sequence)
    with explaining(model, budget=100, seed=0) as explained:
        residues = Occlusion().explain(explained, batch([sequence]), torch.tensor([1])).residues[0]
    others = [place for place in range(len(sequence)) if place != seen]
    torch.testing.assert_close(residues[others], torch.zeros(len(others)), atol=1e-6, rtol=0)
    assert abs(residues[seen]) > 1e-3


def test_hiding_what_is_unknown_changes_nothing() -> None:
    with explaining(small_model("bilstm", "attention"), budget=100, seed=0) as explained:
        residues = Occlusion().explain(explained, batch(["XXXXX"]), torch.tensor([1])).residues
    torch.testing.assert_close(residues, torch.zeros(1, 5), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"width": 0}, "width is 0, expected 1 or more"),
        ({"width": 3, "stride": 4}, "stride is 4, expected 1 to 3"),
        ({"stride": 0}, "stride is 0, expected 1 to 1"),
        ({"replacement": "A"}, "no replacement 'A'; choose one of X, pad, zero"),
    ],
)
def test_settings_out_of_range_are_an_error(settings: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Occlusion(**settings)
