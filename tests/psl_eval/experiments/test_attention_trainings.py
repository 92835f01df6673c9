"""Adversaries, other seeds and guided MLPs: what adversaries learn, and what the tables say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from psl_eval.experiments.accuracy.rows import ACCURACY_ROWS
from psl_eval.experiments.accuracy.trainings import Divided
from psl_eval.experiments.attention_tests.divergences import jensen_shannon
from psl_eval.experiments.attention_tests.readouts import readouts
from psl_eval.experiments.attention_trainings.adversaries import adversary_findings, labels_of
from psl_eval.experiments.attention_trainings.adversary import AdversaryOptions, adversary_of, divergence_of
from psl_eval.experiments.attention_trainings.experiment import GUIDED, AttentionTrainings, farthest, findings, guidance
from psl_eval.experiments.models import NamedModel
from psl_eval.experiments.parts import parts_of
from psl_eval.statistics.rows import table_of
from psl_index.errors import UsageError
from psl_models.splits import TEST, at_random
from psl_models.training.material import Material
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing
from tests.psl_models.small_models import CLASSES

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def divided() -> Divided:
    rng = np.random.default_rng(4)
    sequences = ["".join(rng.choice(list("ADEFGHILMNPQTVY"), 30)) for _ in range(60)]
    dataset = asked_of(sequences, CLASSES).dataset
    labels = np.array([[name in of_protein for name in CLASSES] for of_protein in dataset.labels])
    return Divided("random", "at random", Material(dataset, at_random(dataset, 1), labels))


def distances(one: NamedModel, other: NamedModel, material: Material) -> tuple[float, float]:
    """Mean divergence of attention and total variation of answers, over the test proteins."""
    sequences = material.sequences(TEST)
    pairs = list(zip(readouts(one.model, sequences), readouts(other.model, sequences), strict=True))
    attention = [float(jensen_shannon(a.weights, b.weights)) for a, b in pairs]
    answers = [np.abs(a.probabilities(a.weights) - b.probabilities(b.weights)).sum() / 2 for a, b in pairs]
    return float(np.mean(attention)), float(np.mean(answers))


def test_the_more_divergence_is_worth_the_farther_attention_goes(divided: Divided, tmp_path: Path) -> None:
    base = named("bilstm", "attention")
    options = AdversaryOptions(epochs=20, learning_rate=0.02)
    with parts_of(tmp_path / "out", "test") as parts:
        found = {
            worth: adversary_of(base, f"adversary-{worth}", worth, divided.material, options, parts, nothing)
            for worth in (0.0, 0.5)
        }
        again = adversary_of(base, "adversary-0.5", 0.5, divided.material, options, parts, nothing)
    still, away = (distances(base, found[worth], divided.material) for worth in (0.0, 0.5))
    assert still[0] < 0.01  # begins with the weights of the model, where nothing is to be gained
    assert still[1] < 0.01
    assert away[0] > 0.1
    assert away[1] < 0.1
    assert all(
        torch.equal(one, other)
        for one, other in zip(
            again.model.network.state_dict().values(), found[0.5].model.network.state_dict().values(), strict=True
        )
    )
    assert again.training_set is not None


def test_the_model_itself_stays_as_it_is(divided: Divided, tmp_path: Path) -> None:
    base = named("bilstm", "attention")
    before = {name: tensor.clone() for name, tensor in base.model.network.state_dict().items()}
    with parts_of(tmp_path / "out", "test") as parts:
        adversary_of(base, "adversary", 1.0, divided.material, AdversaryOptions(epochs=1), parts, nothing)
    assert all(torch.equal(tensor, before[name]) for name, tensor in base.model.network.state_dict().items())
    assert not base.model.network.training


def test_divergence_is_that_of_the_formula() -> None:
    p, q = np.array([0.5, 0.25, 0.25, 0.0]), np.array([0.1, 0.6, 0.3, 0.0])
    expected = sum(a * np.log(a / b) for a, b in zip(p[:3], q[:3], strict=True))
    found = divergence_of(torch.tensor(p)[None], torch.tensor(q)[None])
    assert found.tolist() == pytest.approx([expected])


@pytest.mark.parametrize(("pooling", "problem"), [("last", "has no attention to lead astray")])
def test_a_model_without_attention_has_no_adversary(
    divided: Divided, tmp_path: Path, pooling: str, problem: str
) -> None:
    with parts_of(tmp_path / "out", "test") as parts, pytest.raises(UsageError, match=problem):
        adversary_of(named("bilstm", pooling), "a", 1.0, divided.material, AdversaryOptions(), parts, nothing)


def test_divergences_ascend_from_nothing() -> None:
    for given in ((), (0.1, 0.0), (-1.0,), (0.1, 0.1)):
        with pytest.raises(UsageError, match="expected ascending numbers from 0"):
            AttentionTrainings(divergences=given)


def test_the_tables_have_seeds_adversaries_and_four_arms(divided: Divided, tmp_path: Path) -> None:
    experiment = AttentionTrainings(
        seeds=2, retrained=1, mlp_trainings=2, divergences=(0.0, 0.1), adversary_epochs=1, epochs=1, resamples=20
    )
    results = []
    for run in range(2):
        with parts_of(tmp_path / "out", "test") as parts:
            results.append(experiment.run(CLASSES, divided, CPU, parts, nothing))
            assert (parts.made == 0) is (run == 1)
    first, again = results
    assert first.findings == again.findings
    assert all(table.equals(again.tables[name]) for name, table in first.tables.items())
    arms = first.table.to_pylist()
    assert [row["arm"] for row in arms] == ["bilstm-attention", "bilstm-uniform", *GUIDED]
    assert [row["trainings"] for row in arms] == [2, 1, 2, 2, 2, 2]
    rows = first.tables["adversaries"].to_pylist()
    assert [(row["other"], row["divergence_worth"]) for row in rows] == [
        ("adversary-0", 0.0),
        ("adversary-0.1", 0.1),
        ("bilstm-attention-2", None),
    ]
    for row in rows:
        assert 0 <= row["divergence"] <= row["most"]
        assert row["proteins"] == 9
    others = set(first.tables["seeds"]["other"].to_pylist())
    assert {"bilstm-attention-2", "permuted", "uniform"} <= others
    assert not any(name.startswith("adversary") for name in others)
    assert first.settings["guiding_adversary"].startswith("adversary-")
    assert any(text.startswith("accuracy of the MLP by its weights") for text in first.findings)


@pytest.mark.parametrize(
    ("own", "theirs", "verdict"),
    [
        ([0.500, 0.501, 0.502], [0.495, 0.496, 0.497], "one of several ways"),  # above 0, but within the margin
        ([0.60, 0.61, 0.62], [0.50, 0.51, 0.52], "this BiLSTM's attention says more"),
        ([0.50, 0.51, 0.52], [0.60, 0.61, 0.62], "the adversary's attention says more"),
        ([0.50, 0.60, 0.70], [0.45, 0.55, 0.65], "not told apart"),
        ([0.50, 0.50], [0.50, 0.50], "too much alike for an interval"),
    ],
)
def test_guidance_is_judged_by_its_interval_and_the_margin_first(
    own: list[float], theirs: list[float], verdict: str
) -> None:
    assert verdict in guidance(own, theirs)


def compared(name: str, worth: float | None, variation: float, divergence: float) -> dict[str, Any]:
    row = {"model": "base", "other": name, "divergence_worth": worth, "changed": 0.1, "most": float(np.log(2))}
    return row | {"total_variation": variation, "divergence": divergence}


def test_the_farthest_that_answers_alike_guides_and_the_control_does_not() -> None:
    model = named("bilstm", "attention").model
    adversaries = {NamedModel(name, model): worth for name, worth in (("a", 0.0), ("b", 0.1), ("c", 1.0))}
    rows = [compared("a", 0.0, 0.0, 0.69), compared("b", 0.1, 0.05, 0.2), compared("c", 1.0, 0.04, 0.3)]
    assert farthest(rows, adversaries).name == "c"
    rows[2] |= {"total_variation": 0.06}
    assert farthest(rows, adversaries).name == "b"
    rows[1] |= {"total_variation": 0.07}
    assert farthest(rows, adversaries).name == "c"  # none answers alike: the one that does most


def test_adversaries_are_said_beside_other_seeds() -> None:
    rows = [compared("far", 0.1, 0.02, float(np.log(2)) / 2), compared("seed-2", None, 0.2, 0.1)]
    (said,) = adversary_findings(rows)
    assert "divergence is worth 0.1 has attention 0.347 nats away (50% of the most there can be)" in said
    assert "trainings of other seeds 0.100 nats, 0.200 and 10.0%" in said


@pytest.mark.parametrize(
    ("variation", "divergence", "said"),
    [
        (0.04, 0.3, "guided by the BiLSTM's weights less by the adversary's"),
        (0.04, 0.05, "no adversary that answers alike has attention farther away than other seeds do (0.100 nats)"),
        (0.06, 0.3, "no adversary answers alike (0.05 of total variation at most): its guidance says nothing"),
    ],
)
def test_an_adversary_has_to_answer_alike_and_attend_elsewhere(variation: float, divergence: float, said: str) -> None:
    runs = [
        {"arm": arm, "accuracy": 0.5 + seed * 1e-3} for arm in ("mlp-pre-set", "mlp-adversarial") for seed in range(3)
    ]
    rows = [compared("adversary", 0.1, variation, divergence), compared("seed-2", None, 0.1, 0.1)]
    accuracies = table_of([], ACCURACY_ROWS)
    (_, sentence) = findings(accuracies, runs, rows, "adversary")
    assert sentence.startswith(said)
    assert f"attention {divergence:.3f} nats away" in sentence


def test_adversaries_at_one_place_share_a_label() -> None:
    rows = [compared("a", 0.0, 0.004, 0.0), compared("b", 0.01, 0.005, 0.001), compared("c", 0.1, 0.19, 0.69)]
    assert labels_of(rows) == [("0, 0.01", (0.004, 0.0)), ("0.1", (0.19, 0.69))]
