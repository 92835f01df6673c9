"""Other weights at inference, and networks trained with uniform ones, against one pass a protein and draw."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from psl_eval.experiments.attention_tests.altered import ALTERED, RETRAINED, Altered, weights_of
from psl_eval.experiments.attention_tests.peaks import by_peak
from psl_eval.experiments.attention_tests.readouts import readouts
from psl_eval.experiments.attention_tests.retrained import partners
from psl_eval.experiments.models import NamedModel, of_last_states, with_random_weights
from psl_index.errors import UsageError
from psl_models.attention import ATTENTIONS
from psl_models.model import Model
from tests.psl_eval.experiments.small_experiments import named
from tests.psl_eval.experiments.small_readouts import PROTEINS, TRUTH, answer_of, setting_of
from tests.psl_models.small_models import small_model

MODEL = named()


def other_order(model: Model) -> Model:
    """The same model with its classes the other way round."""
    classes = tuple(reversed(model.configuration.classes))
    turned = small_model(model.configuration.architecture, model.configuration.pooling)
    turned.configuration = replace(turned.configuration, classes=classes)
    classifier = turned.network.classifier
    classifier.weight.data, classifier.bias.data = classifier.weight.flip(0).detach(), classifier.bias.flip(0).detach()
    return turned


def rows_of(table: Any, largest: str) -> dict[str, dict[str, Any]]:
    return {row["weights"]: row for row in table.to_pylist() if row["largest_weight"] == largest}


def test_each_row_is_what_whole_passes_with_the_same_weights_give(tmp_path: Path) -> None:
    tested = Altered(permutations=3).run(setting_of([MODEL], tmp_path))
    table = tested.tables["altered"]
    assert table.schema == ALTERED
    ours = readouts(MODEL.model, PROTEINS)
    learned = np.array([answer_of(MODEL.model, sequence) for sequence in PROTEINS])
    peaks = np.array([each.weights.max() for each in ours])
    for name in ATTENTIONS:
        answers = [
            [answer_of(MODEL.model, sequence, weights) for weights in weights_of(name, each, 4, draws=3)]
            for sequence, each in zip(PROTEINS, ours, strict=True)
        ]
        right = np.array([np.mean(np.argmax(of, 1) == truth) for of, truth in zip(answers, TRUTH, strict=True)])
        moved = [np.abs(np.array(of) - own).sum(1) / 2 for of, own in zip(answers, learned, strict=True)]
        changed = [np.mean(np.argmax(of, 1) != own.argmax()) for of, own in zip(answers, learned, strict=True)]
        for label, here in by_peak(peaks):
            row = rows_of(table, label)[name]
            assert row["proteins"] == here.sum()
            assert row["draws"] == (3 if name in ("permuted", "random") else 1)
            assert row["accuracy"] == pytest.approx(right[here].mean())
            if name == "learned":
                assert row["loss"] is None
                continue
            of_here = [place for place, is_here in enumerate(here) if is_here]
            own = np.array([learned[place].argmax() == TRUTH[place] for place in of_here])
            assert row["loss"] == pytest.approx(own.mean() - right[here].mean())
            assert row["total_variation"] == pytest.approx(np.mean([moved[p].mean() for p in of_here]), abs=1e-6)
            assert row["median_variation"] == pytest.approx(np.mean([np.median(moved[p]) for p in of_here]), abs=1e-6)
            assert row["changed"] == pytest.approx(np.mean([changed[p] for p in of_here]))
            assert (row["p_value"] is None) == (label != "all")


@pytest.mark.parametrize("turned", [False, True])
def test_a_network_trained_with_uniform_weights_stands_beside_the_one_it_is_like(turned: bool, tmp_path: Path) -> None:
    uniform = small_model("bilstm", "uniform")
    retrained = NamedModel("flat", other_order(uniform) if turned else uniform)
    tested = Altered(permutations=2, retrained=(retrained,)).run(setting_of([MODEL, named("mlp")], tmp_path))
    rows = [row for row in tested.tables["altered"].to_pylist() if row["weights"] == RETRAINED]
    assert {row["model"] for row in rows} == {"bilstm"}
    answers = np.array([answer_of(uniform, sequence) for sequence in PROTEINS])
    learned = np.array([answer_of(MODEL.model, sequence) for sequence in PROTEINS])
    row = rows[0]
    assert row["accuracy"] == pytest.approx(np.mean(answers.argmax(1) == TRUTH))
    assert row["changed"] == pytest.approx(np.mean(answers.argmax(1) != learned.argmax(1)))
    assert row["total_variation"] == pytest.approx(np.mean(np.abs(answers - learned).sum(1) / 2), abs=1e-6)
    assert any("trained with uniform weights" in sentence for sentence in tested.findings)


def test_retrained_models_that_are_like_none_are_refused() -> None:
    attention, uniform = named(), NamedModel("flat", small_model("bilstm", "uniform"))
    assert partners([attention, named("mlp")], [uniform]) == {"bilstm": uniform}
    with pytest.raises(UsageError, match="not trained with uniform weights, but with pooling last"):
        partners([attention], [NamedModel("last", small_model("bilstm", "last"))])
    with pytest.raises(UsageError, match="flat has another network"):
        Altered(retrained=(NamedModel("flat", small_model("mlp", "uniform")),)).check([attention])
    with pytest.raises(UsageError, match="flat and again both have the network of bilstm"):
        partners([attention], [uniform, NamedModel("again", uniform.model)])


def test_dropout_and_thresholds_make_no_other_network() -> None:
    model = small_model("bilstm", "uniform")
    configuration = model.configuration
    model.configuration = replace(configuration, sizes=replace(configuration.sizes, dropout=0.3))
    assert list(partners([named()], [NamedModel("flat", model)])) == ["bilstm"]
    model.configuration = replace(configuration, sizes=replace(configuration.sizes, hidden=7))
    with pytest.raises(UsageError, match="another network"):
        partners([named()], [NamedModel("flat", model)])


@pytest.mark.parametrize("made", [lambda model: with_random_weights(model, 5), of_last_states])
def test_networks_made_of_others_leave_torch_as_it_was(made: Callable[[Model], Model]) -> None:
    torch.manual_seed(3)
    before = torch.get_rng_state()
    made(MODEL.model)
    assert torch.equal(before, torch.get_rng_state())
