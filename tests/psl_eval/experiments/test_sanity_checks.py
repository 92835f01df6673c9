"""Explanations of models that lose layers: which layers there are, what becomes of them, and what is compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from psl_eval.experiments.models import with_random_weights
from psl_eval.experiments.parts import parts_of
from psl_eval.experiments.sanity.experiment import CHECKS, SanityChecks, likeness
from psl_eval.experiments.sanity.findings import findings
from psl_eval.experiments.sanity.over_draws import over_draws
from psl_eval.experiments.sanity.randomised_layers import layers_of, randomised_layers, stages_of
from psl_eval.statistics.rows import table_of
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing
from tests.psl_models.small_models import small_model

SEQUENCES = [
    "MKTAYLVAGRKKRKWWDEFHIPQSNCTXBZU",
    "MSKLUBZACDEFGHIKLMNPQRSTVWYSKL",
    "MAAAV",
    "MKRKRWWLLSTAGDEL",
    "MLLPPQQEEDDNNGG",
]
LAYERS = {
    ("bilstm", "attention"): ["classifier", "attention", "lstm 2", "lstm 1", "embedding"],
    ("mlp", "uniform"): ["classifier", "affine", "embedding"],
    ("cnn-bilstm-large", "last"): ["classifier", "lstm 2", "lstm 1", "convolutions", "embedding"],
    ("conv-blstm-attention", "attention"): ["classifier", "attention", "lstm 1", "combined", "motifs", "embedding"],
}


@pytest.mark.parametrize("kind", LAYERS, ids=" ".join)
def test_layers_are_all_that_learns_from_the_classifier_down(kind: tuple[str, str]) -> None:
    network = small_model(*kind).network
    layers = layers_of(network)
    assert [layer.name for layer in layers] == LAYERS[kind]
    found = [id(each) for layer in layers for module in layer.modules for each in module.parameters()]
    assert sorted(found) == sorted(id(each) for each in network.parameters())


@pytest.mark.parametrize("kind", LAYERS, ids=" ".join)
def test_the_layers_that_are_named_are_fresh_and_no_others(kind: tuple[str, str]) -> None:
    model = small_model(*kind)
    before = {name: each.clone() for name, each in model.network.state_dict().items()}
    fresh = with_random_weights(model, 3).network
    for _, _, names in stages_of(model):
        altered = layers_of(randomised_layers(model, names, 3).network)
        for layer, own, other in zip(altered, layers_of(model.network), layers_of(fresh), strict=True):
            expected = other if layer.name in names else own
            for module, like in zip(layer.modules, expected.modules, strict=True):
                for found, wanted in zip(module.state_dict().values(), like.state_dict().values(), strict=True):
                    assert torch.equal(found, wanted)
    assert all(torch.equal(each, before[name]) for name, each in model.network.state_dict().items())


def test_a_cascade_ends_with_a_network_that_has_learned_nothing() -> None:
    model = small_model("bilstm", "attention")
    stages = stages_of(model)
    assert [len(names) for mode, _, names in stages if mode == "cascading"] == [1, 2, 3, 4, 5]
    assert [names for mode, layer, names in stages if mode == "independent"] == [(name,) for name in LAYERS[
        "bilstm", "attention"]]  # fmt: skip
    last = randomised_layers(model, stages[4][2], 8).network.state_dict()
    assert all(
        torch.equal(each, last[name]) for name, each in with_random_weights(model, 8).network.state_dict().items()
    )


def test_a_guide_loses_what_it_has_learned_last_of_all() -> None:
    model = small_model("mlp", "guided")
    assert model.guide is not None
    stages = stages_of(model)
    assert [layer for mode, layer, _ in stages if mode == "cascading"] == ["classifier", "affine", "embedding", "guide"]
    beginning = with_random_weights(model, 8).guide
    assert beginning is not None
    for _, _, names in stages:
        guide = randomised_layers(model, names, 8).guide
        assert guide is not None
        expected = beginning if "guide" in names else model.guide
        assert all(
            torch.equal(each, guide.network.state_dict()[name]) for name, each in expected.network.state_dict().items()
        )
    assert not torch.equal(beginning.network.classifier.weight, model.guide.network.classifier.weight)


def test_what_keeps_its_sizes_does_not_change() -> None:
    """Gradients change their signs with the weights above them."""
    row = check_row("flips", 1, -0.9, 0.9, 9) | {"absolute_rho": 0.9, "absolute_rho_low": 0.8}
    assert findings(table_of([row], CHECKS), 0.5)[0].endswith(": flips (-0.90, sizes 0.90)")


def test_likeness_of_scores() -> None:
    sequence = "MKTAYLVAGR"
    scores = np.array([9, -8, 7, -6, 5, -4, 3, -2, 1, 0], np.float32)
    assert likeness(scores, scores * 2, sequence, 3, 1) == pytest.approx((1, 1, 1))
    rho, absolute, shared = likeness(scores, -scores, sequence, 3, 1)
    assert (rho, absolute, shared) == pytest.approx((-1, 1, 0))
    assert likeness(scores, np.abs(scores), sequence, 3, 1)[2] == pytest.approx(2 / 3)  # 0, 2, 4 and 0, 1, 2
    constant = likeness(scores, np.zeros(10, np.float32), sequence, 20, 1)
    assert np.isnan(constant[:2]).all()
    assert constant[2] == 1  # the protein is shorter than k


def test_attention_stays_without_the_classifier_and_goes_with_the_lstms(tmp_path: Path) -> None:
    """Weights of residues do not depend on the classifier; gradients do."""
    model = named()
    experiment = SanityChecks(methods=("attention", "saliency"), most=5, draws=3, k=3)
    results = []
    for run in range(2):
        with parts_of(tmp_path / "parts", "test") as parts:
            results.append(experiment.run([model], asked_of(SEQUENCES), parts, nothing))
            assert (parts.made == 0) is (run == 1)
    assert results[0].table.equals(results[1].table)
    of = {(row["explanation"], row["mode"], row["layer"]): row for row in results[0].table.to_pylist()}
    for mode in ("cascading", "independent"):
        row = of["attention", mode, "classifier"]
        assert (row["rho"], row["absolute_rho"], row["overlap"]) == pytest.approx((1, 1, 1))
        assert of["saliency", mode, "classifier"]["rho"] < 1 - 1e-6
    row = of["attention", "cascading", "embedding"]
    assert row["rho"] < 0.9
    lengths = [len(sequence) for sequence in SEQUENCES]
    assert row["chance_overlap"] == pytest.approx(np.mean([3 / length for length in lengths]))
    assert row["above_chance"] == pytest.approx(row["overlap"] - row["chance_overlap"])
    (alone,) = (text for text in results[0].findings if text.startswith("bilstm: attention, rank correlation"))
    assert "as layers are randomised from the top: classifier 1.00, attention " in alone
    assert "; does not change when these alone are: classifier" in alone


def test_tests_are_corrected_over_the_explanations_of_a_stage(tmp_path: Path) -> None:
    experiment = SanityChecks(methods=("attention", "saliency", "input-x-gradient"), most=5, draws=4, k=3)
    with parts_of(tmp_path / "parts", "test") as parts:
        rows = experiment.run([named()], asked_of(SEQUENCES), parts, nothing).table.to_pylist()
    for mode, layer in {(row["mode"], row["layer"]) for row in rows}:
        family = [row for row in rows if (row["mode"], row["layer"]) == (mode, layer)]
        assert len(family) == 3
        least = min(row["above_chance_p"] for row in family)
        assert min(row["above_chance_p_holm"] for row in family) == pytest.approx(min(3 * least, 1))


@pytest.mark.parametrize("draws", [3, 10])
def test_networks_that_have_nothing_in_common_are_told_apart_no_more_often_than_the_level_says(draws: int) -> None:
    """Proteins of a network share what is by chance in it: they are no evidence on other networks."""
    rng = np.random.default_rng(5)
    networks = rng.normal(0, 0.1, (1000, draws, 1)) + rng.normal(0, 0.05, (1000, draws, 8))
    below = np.mean([over_draws("rho", each)["rho_p"] < 0.05 for each in networks])
    assert 0.03 < below < 0.07
    inside = [row["rho_low"] < 0 < row["rho_high"] for row in (over_draws("rho", each) for each in networks)]
    assert 0.93 < np.mean(inside) < 0.97


def test_two_draws_have_a_mean_and_neither_interval_nor_test() -> None:
    values = np.array([[0.1, np.nan], [0.3, 0.5], [np.nan, np.nan]])
    row = over_draws("rho", values)
    assert row["rho"] == pytest.approx((0.1 + 0.4) / 2)
    assert np.isnan([row["rho_low"], row["rho_high"], row["rho_p"]]).all()


def test_draws_that_are_all_alike_leave_no_doubt() -> None:
    assert over_draws("rho", np.ones((3, 4))) == {"rho": 1.0, "rho_low": 1.0, "rho_high": 1.0, "rho_p": 0.0}


def check_row(explanation: str, depth: int, rho: float, p_value: float, draws: int) -> dict[str, object]:
    return {
        "model": "small", "explanation": explanation, "mode": "cascading", "layer": f"layer {depth}", "depth": depth,
        "draws": draws, "proteins": 9,
        "rho": rho, "rho_low": rho - 0.1, "rho_high": rho + 0.1, "rho_p_holm": p_value,
        "absolute_rho": 0.1, "absolute_rho_low": 0.0,
        "overlap": 0.2, "chance_overlap": 0.1, "above_chance": 0.1, "above_chance_p_holm": 0.2,
    }  # fmt: skip


def test_findings_name_what_does_not_change() -> None:
    stays = [check_row("stays", 1, 0.9, 0.01, 3), check_row("stays", 2, 0.8, 0.01, 3)]
    falls = [check_row("falls", 1, 0.9, 0.01, 3), check_row("falls", 2, 0, 0.9, 3)]
    said = findings(table_of([*stays, *falls, check_row("lingers", 2, 0.3, 0.01, 3)], CHECKS), 0.5)
    assert said[0].endswith("interval and all; 3 draws of random weights, 9 proteins): stays (0.80, sizes 0.10)")
    assert said[1] == "small: that change, and stay correlated above 0 (Holm, 0.05): lingers (0.30, sizes 0.10)"
    assert said[2].endswith("more than by chance (Holm, 0.05): none")
    assert said[3] == (
        "small: stays, rank correlation as layers are randomised from the top: layer 1 0.90, layer 2 0.80; does not "
        "change when these alone are: none"
    )
    assert not any(sentence.endswith(".") for sentence in said)


def test_findings_say_that_no_protein_can_be_compared() -> None:
    row = check_row("stays", 1, np.nan, 0.9, 3) | {"proteins": 0}
    said = findings(table_of([row], CHECKS), 0.5)
    assert said[0].startswith("small: no protein has scores of which some are higher than others")
    assert "rank correlation as layers are randomised from the top: layer 1 not known" in said[1]


def test_findings_say_that_draws_are_too_few() -> None:
    row = check_row("stays", 1, 0.9, 0.01, 2) | dict.fromkeys(("rho_low", "rho_high", "rho_p_holm", "absolute_rho_low"))
    assert findings(table_of([row], CHECKS), 0.5) == (
        "small: too few draws of random weights to show whether an explanation changes: 2, at least 3 are needed",
        "small: stays, rank correlation as layers are randomised from the top: layer 1 0.90",
    )
