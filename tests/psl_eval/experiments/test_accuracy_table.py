"""The table of accuracies: what is trained, how networks are asked, and what becomes of several trainings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from psl_eval.experiments.accuracy.arms import ARMS, frozen_from, training_of
from psl_eval.experiments.accuracy.experiment import BASELINES, AccuracyTable
from psl_eval.experiments.accuracy.measured import CORRECT, RELEASED, Asking, figures_of, measured, ways_to_ask
from psl_eval.experiments.accuracy.trainings import Divided
from psl_eval.experiments.models import NamedModel, open_named
from psl_eval.experiments.parts import parts_of
from psl_index.errors import UsageError
from psl_models.across_batches import predict_across_batches
from psl_models.attention import ATTENTIONS, across
from psl_models.encoding import PAD
from psl_models.model import Model
from psl_models.prediction import predict
from psl_models.splits import TEST, at_random
from psl_models.training.material import Material
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing
from tests.psl_models.small_models import CLASSES, small_model

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def divided() -> Divided:
    """Sixty proteins, a third of each class, those of a class with a stretch in common."""
    rng = np.random.default_rng(3)
    marks = ("KKKRK", "WWWWW", "SSKLP")
    sequences = ["".join(rng.choice(list("ADEFGHILMNPQTVY"), 25)) + marks[number % 3] for number in range(60)]
    dataset = asked_of(sequences, CLASSES).dataset
    labels = np.array([[name in of_protein for name in CLASSES] for of_protein in dataset.labels])
    return Divided("random", "at random", Material(dataset, at_random(dataset, 1), labels))


def test_the_table_has_each_arm_in_each_way_and_the_mean_of_its_trainings(divided: Divided, tmp_path: Path) -> None:
    arms = ("bilstm-attention", "mlp-uniform", "mlp-attention-across", "mlp-pre-set", "mlp-pre-set-released")
    experiment = AccuracyTable(arms, lstm_trainings=1, mlp_trainings=2, epochs=1)
    results = []
    for _ in range(2):
        with parts_of(tmp_path / "out", "test") as parts:
            results.append(experiment.run(CLASSES, [divided], [], CPU, parts, nothing, threads=1))
    assert results[0].table.equals(results[1].table)
    assert parts.made == 0
    rows = results[0].table.to_pylist()
    of_attention, of_study = ([(layout, name) for name in ATTENTIONS] for layout in (CORRECT, RELEASED))
    ways = {
        "bilstm-attention": of_attention,
        "mlp-uniform": [(CORRECT, None)],
        "mlp-attention-across": [*of_attention, *of_study],
        "mlp-pre-set": [(CORRECT, None)],
        "mlp-pre-set-released": [*of_attention, *of_study],
        **{name: [(None, None)] for name in BASELINES},
    }
    assert {name: [(row["layout"], row["attention"]) for row in rows if row["arm"] == name] for name in ways} == ways
    trainings = results[0].tables["trainings"].to_pylist()
    for row in rows:
        same = [
            each["accuracy"]
            for each in trainings
            if all(each[name] == row[name] for name in ("arm", "layout", "attention"))
        ]
        assert row["accuracy"] == pytest.approx(np.mean(same))
        assert row["trainings"] == {"bilstm": 1, "mlp": 2}.get(row["arm"].partition("-")[0], 0)
        taking_over = row["arm"].startswith("mlp-pre-set")  # both from the one BiLSTM that there is
        assert row["independent"] == (1 if taking_over else row["trainings"])
        assert (row["accuracy_low"] is None) is taking_over
        assert row["proteins"] == 9
        assert taking_over or row["accuracy_low"] <= row["accuracy"] <= row["accuracy_high"]
    reported = {row["arm"]: row["study_accuracy"] for row in rows if row["study_accuracy"] is not None}
    assert reported == {"mlp-uniform": 0.445, "mlp-attention-across": 0.468, "mlp-pre-set-released": 0.452}
    (released,) = [row for row in rows if row["arm"] == "mlp-pre-set-released" and row["study_accuracy"] is not None]
    assert (released["layout"], released["attention"]) == (CORRECT, "learned")
    assert "; the study reports 0.452, of attention across batches of five" in " ".join(results[0].findings)


def test_the_longest_stretch_finds_what_marks_a_class(divided: Divided, tmp_path: Path) -> None:
    experiment = AccuracyTable(("mlp-uniform",), mlp_trainings=1, epochs=1)
    with parts_of(tmp_path / "out", "test") as parts:
        rows = experiment.run(CLASSES, [divided], [], CPU, parts, nothing, threads=1).table.to_pylist()
    accuracy = {row["arm"]: row["accuracy"] for row in rows}
    assert accuracy["longest stretch"] == 1 > accuracy["majority"]


def test_a_model_trained_before_is_found_by_its_terms_and_gone_on_with(divided: Divided, tmp_path: Path) -> None:
    experiment = AccuracyTable(("mlp-uniform",), mlp_trainings=1, epochs=1)
    with parts_of(tmp_path / "out", "test") as parts:
        experiment.run(CLASSES, [divided], [], CPU, parts, nothing, threads=1)
        (folder,) = (tmp_path / "out" / "parts").glob("mlp-uniform-1-*/")
        before = (folder / "model.safetensors").stat().st_mtime_ns
        more = AccuracyTable(("mlp-uniform",), mlp_trainings=2, epochs=1)
        more.run(CLASSES, [divided], [], CPU, parts, nothing, threads=1)
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    assert len(list((tmp_path / "out" / "parts").glob("mlp-uniform-2-*/"))) == 1


def test_pre_set_arms_take_over_what_their_names_say(divided: Divided) -> None:
    teacher = Model(training("bilstm-attention", divided).configuration, small_model("bilstm", "attention").network)
    inner = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    attention = teacher.network.pooling.attention
    assert attention is not None
    attention.inner.weight.data, attention.outer.weight.data = inner, torch.ones(1, 3)
    frozen = frozen_from(teacher, "parameters")["pooling.attention.inner.weight"]
    assert torch.equal(frozen, inner)
    # The study's code multiplies states with rows 0 1 2, 3 4 5, 6 7 8 and 9 10 11, in place of columns of the matrix.
    frozen = frozen_from(teacher, "released")["pooling.attention.inner.weight"]
    assert frozen.T.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8], [9, 10, 11]]
    with pytest.raises(UsageError, match="has no attention"):
        frozen_from(small_model("bilstm", "last"), "parameters")
    assert training("mlp-pre-set", divided, teacher).guide is teacher
    assert set(training("mlp-pre-set-parameters", divided, teacher).frozen) == {
        "pooling.attention.inner.weight",
        "pooling.attention.outer.weight",
    }
    assert training("mlp-pre-set-released", divided, teacher).across


def training(name: str, divided: Divided, teacher: Model | None = None):
    def never() -> Model:
        assert teacher is not None
        return teacher

    return training_of(ARMS[name], CLASSES, divided.material, "at random", 1, never, epochs=1)


def test_attention_is_trained_in_both_layouts_and_the_study_stands_beside_its_own() -> None:
    of_attention = [arm for arm in ARMS.values() if arm.pooling == "attention" and arm.pre_set is None]
    layouts = {arm.architecture: [] for arm in of_attention}
    for arm in of_attention:
        layouts[arm.architecture].append((arm.across, arm.reported is not None))
    assert set(layouts) == {"bilstm", "mlp", "cnn-bilstm-small", "cnn-bilstm-large"}
    assert all(each == [(False, False), (True, True)] for each in layouts.values())


def test_arms_differ_by_what_they_are_alone(divided: Divided) -> None:
    lstms = [training(name, divided) for name in ARMS if not ARMS[name].is_mlp]
    assert len({each.options for each in lstms}) == 1
    assert len({each.configuration.sizes.dropout for each in lstms}) == 1
    mlps = [training(name, divided, small_model("bilstm", "attention")) for name in ARMS if ARMS[name].is_mlp]
    assert len({each.options for each in mlps}) == 1


def test_the_studys_way_of_asking_is_that_of_a_loop_over_its_batches() -> None:
    """Padding is read as residues, and the softmax taken of rows that go across the batch."""
    model = small_model("bilstm", "attention")
    sequences = ["MKTAYLV", "W", "MSUBZKLHE", "MKKKR", "AV", "MRR"]
    found = predict_across_batches(model, sequences)
    for first, count in ((0, 5), (5, 1)):
        batch = sequences[first : first + count]
        width = max(map(len, batch))
        from psl_models.encoding import encode

        tokens = np.full((count, width), PAD, np.int64)
        for row, sequence in enumerate(batch):
            tokens[row, : len(sequence)] = encode(sequence)
        with torch.inference_mode():
            embedded = model.network.embed(torch.from_numpy(tokens))
            answer = model.network(embedded, torch.full((count,), width), across)
        np.testing.assert_allclose(found.logits[first : first + count], answer.logits, atol=1e-6)
    alone = predict(model, sequences[5:])
    np.testing.assert_allclose(found.logits[5:], alone.logits, atol=1e-5)  # one protein, no padding
    assert not np.allclose(found.logits[:5], predict(model, sequences[:5]).logits, atol=1e-3)
    permuted = [predict_across_batches(model, sequences, attention="permuted", seed=seed).logits for seed in (1, 1, 2)]
    np.testing.assert_array_equal(permuted[0], permuted[1])
    assert not np.array_equal(permuted[0], permuted[2])
    with pytest.raises(UsageError, match="no attention to lay out"):
        predict_across_batches(small_model("mlp", "uniform"), sequences)


def test_other_weights_in_the_studys_way_are_over_padding_too() -> None:
    """Of a batch of one protein without padding they are those of the correct layout; of others they are not."""
    model = small_model("bilstm", "attention")
    sequences = ["MKTAYLV", "W"]
    alone = predict_across_batches(model, sequences, attention="uniform", batch=1)
    np.testing.assert_allclose(alone.logits, predict(model, sequences, attention="uniform").logits, atol=1e-6)
    together = predict_across_batches(model, sequences, attention="uniform")
    np.testing.assert_allclose(together.logits[0], alone.logits[0], atol=1e-6)
    assert not np.allclose(together.logits[1], alone.logits[1], atol=1e-3)  # six places of padding
    random = [predict_across_batches(model, sequences, attention="random", seed=seed).logits for seed in (1, 1, 2)]
    np.testing.assert_array_equal(random[0], random[1])
    assert not np.allclose(random[0], random[2])
    assert not np.allclose(random[0], together.logits)


def test_figures_are_those_of_the_answers(divided: Divided, tmp_path: Path) -> None:
    model = named("bilstm", "attention")
    sequences = divided.material.sequences(TEST)
    true = divided.material.labels[divided.material.rows(TEST)].argmax(1)
    with parts_of(tmp_path / "out", "test") as parts:
        for asking in ways_to_ask(model, also_released=True):
            row = measured(model, divided.material, asking, 1, parts, nothing)
            if asking.layout == CORRECT:
                said = predict(model.model, sequences, attention=asking.attention, seed=1)
            else:
                said = predict_across_batches(model.model, sequences, attention=asking.attention, seed=1)
            assert row["accuracy"] == pytest.approx((said.logits.argmax(1) == true).mean())
        learned = measured(model, divided.material, Asking(CORRECT, "learned"), 1, parts, nothing)
    probabilities = predict(model.model, sequences).probabilities(model.model.configuration)
    assert learned == pytest.approx(figures_of(probabilities, divided.material, 1), nan_ok=True)


def test_classes_in_another_order_are_matched_by_name(divided: Divided, tmp_path: Path) -> None:
    """A released checkpoint has the study's order, whatever the data have."""
    experiment = AccuracyTable(("mlp-uniform",), mlp_trainings=1, epochs=1)
    model = NamedModel("released", small_model("bilstm", "attention"))
    turned = (*CLASSES[1:], CLASSES[0])
    material = divided.material
    labels = material.labels[:, [CLASSES.index(name) for name in turned]]
    accuracies = []
    for number, (classes, of_classes) in enumerate(((CLASSES, material.labels), (turned, labels))):
        with parts_of(tmp_path / str(number), "test") as parts:
            each = divided._replace(material=Material(material.dataset, material.split, of_classes))
            rows = experiment.run(classes, [each], [model], CPU, parts, nothing, threads=1).table.to_pylist()
        accuracies.append([row["accuracy"] for row in rows if row["arm"] == "released"])
    assert len(accuracies[0]) == 2 * len(ATTENTIONS)
    assert accuracies[0] == accuracies[1]


def test_an_unknown_arm_is_refused() -> None:
    with pytest.raises(UsageError, match="'transformer' is no arm of the table; choose of bilstm-attention"):
        AccuracyTable(("transformer",))


def test_a_trained_model_can_be_opened_by_itself(divided: Divided, tmp_path: Path) -> None:
    with parts_of(tmp_path / "out", "test") as parts:
        AccuracyTable(("mlp-uniform",), mlp_trainings=1, epochs=1).run(
            CLASSES, [divided], [], CPU, parts, nothing, threads=1
        )
    (folder,) = (tmp_path / "out" / "parts").glob("mlp-uniform-1-*/")
    model = open_named("mine", folder)
    assert model.training_set is not None
    assert not model.attends
