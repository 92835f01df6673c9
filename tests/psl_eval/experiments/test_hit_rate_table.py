"""The table of hit rates: each row is what the pieces give by themselves, and a second run finds all done."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import false_discovery_control

from psl_eval import hit_rate
from psl_eval.comparing.comparison import STANDARDISED
from psl_eval.experiments.explained_proteins import Explanation, attributions_of
from psl_eval.experiments.hit_rate_table.experiment import ATTENTIONS, REFERENCES, HitRateTable
from psl_eval.experiments.hit_rate_table.findings import findings
from psl_eval.experiments.hit_rate_table.row import HIT_RATE_ROWS, QUESTION
from psl_eval.experiments.models import NamedModel, of_last_states, with_random_weights
from psl_eval.experiments.parts import parts_of
from psl_eval.experiments.scored_subsequences import digest_of_training_set, proteins_of
from psl_eval.subsequences.extraction import extract
from psl_index import Index
from psl_index.alphabet import STANDARD
from psl_index.errors import InputError, UsageError
from psl_models.attribution import attribute
from psl_models.attribution.integrated_gradients import AS_RELEASED
from psl_models.attribution.methods import method_named
from psl_models.checkpoints import save_model
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing

CLASSES = ("Nucleus", "Cytoplasm", "Peroxisome")
RNG = np.random.default_rng(5)
SHARED = "KKRKWPLAAV"  # so that subsequences are found in other proteins, too
SEQUENCES = ["".join(RNG.choice(list(STANDARD), 60)) + SHARED for _ in range(6)]
ASKED = asked_of(SEQUENCES, CLASSES)
REFERENCE = REFERENCES[1]
SMALL = HitRateTable(steps=4, draws=20, resamples=20)


@pytest.fixture(scope="module")
def index(build_index: Callable[..., Index]) -> Index:
    rows = [(f"P{number}", sequence, [CLASSES[number % 3]]) for number, sequence in enumerate(SEQUENCES)]
    return build_index([*rows, *((f"Q{number}", each[::-1], ["Nucleus"]) for number, each in enumerate(SEQUENCES))])


def learned(folder: Path) -> NamedModel:
    """A model whose folder says that it has learned from P0 and P1."""
    model = named("bilstm", "attention")
    folder.mkdir()
    save_model(model.model, folder)
    lines = [f"P{number}\ttrain\t{SEQUENCES[number]}\n" for number in range(2)]
    (folder / "training_set.tsv").write_text("".join(["accession\tsplit\tsequence\n", *lines]))
    return NamedModel("small", model.model, folder / "training_set.tsv")


def test_each_row_is_what_hit_rate_says_of_the_same_subsequences(index: Index, tmp_path: Path) -> None:
    model = learned(tmp_path / "model")
    with parts_of(tmp_path / "out", "test") as parts:
        table = SMALL.run(index, [model], ASKED, parts, nothing).table
        explanations = list(SMALL.explanations(model))
        subsequences = {each.name: extract(attributions_of(each, ASKED, 1, parts, nothing)) for each in explanations}
    assert list(subsequences) == ["integrated-gradients", REFERENCE, *ATTENTIONS, "attention, weights randomised"]
    rows = table.to_pylist()
    for row in rows:
        rates = hit_rate(
            index,
            subsequences[row["explanation"]],
            proteins=proteins_of(ASKED),
            training=model.training_set if row["exclusion"] == "train" else None,
            definition=row["definition"],
            exclude="self" if row["exclusion"] == "none" else row["exclusion"],
            against="both",
            nulls=["window"],
            draws=20,
            resamples=20,
        )
        own = row | {"q_value": None}
        expected = [each for each in rates.summary.to_pylist() if (each | {"q_value": None}).items() <= own.items()]
        assert len(expected) == 1, row
        texts, correct = (subsequences[row["explanation"]][name].to_pylist() for name in ("subsequence", "correct"))
        lengths = [
            len(text)
            for text, right in zip(texts, correct, strict=True)
            if row["subset"] in ("all", "correct" if right else "wrong")
        ]
        assert len(lengths) == row["subsequences"]
        assert row["mean_length"] == (pytest.approx(np.mean(lengths)) if lengths else None)
    of_subsets = {(row["explanation"], row["mean_length"]) for row in rows}
    assert len(of_subsets) > len({explanation for explanation, _ in of_subsets})
    assert {row["exclusion"] for row in rows} == {"none", "self", "train"}
    assert {row["subset"] for row in rows} == {"all", "correct", "wrong"}
    keys = [
        (row["explanation"], *(row[name] for name in ("definition", "exclusion", "against", "subset"))) for row in rows
    ]
    assert len(keys) == len(set(keys))


def test_comparisons_are_paired_with_each_reference_and_confidence_is_that_of_the_run(
    index: Index, tmp_path: Path
) -> None:
    model = learned(tmp_path / "model")
    with parts_of(tmp_path / "out", "test") as parts:
        result = SMALL.run(index, [model], ASKED, parts, nothing)
        subsequences = {
            each.name: extract(attributions_of(each, ASKED, 1, parts, nothing)) for each in SMALL.explanations(model)
        }
    comparison = result.tables["comparison"].to_pylist()
    pairs = {(row["exclusion"], row["method"], row["reference"]) for row in comparison if row["reference"]}
    others = {name for name, table in subsequences.items() if table.num_rows and name != "attention"}
    assert {"permuted", "shifted"} <= others
    assert {(name, "attention") for name in others} <= {pair[1:] for pair in pairs}
    assert ("attention, weights randomised", "attention") in {pair[1:] for pair in pairs}
    rates = {
        name: hit_rate(index, subsequences[name], proteins=proteins_of(ASKED), against="both", resamples=20).proteins
        for name in ("attention", "permuted")
    }
    of_protein = {
        name: {row["query"]: row["hit_rate"] for row in table.to_pylist() if row["against"] == "predicted"}
        for name, table in rates.items()
    }
    both = [
        query
        for query, rate in of_protein["attention"].items()
        if None not in (rate, of_protein["permuted"].get(query))
    ]
    (row,) = [
        row
        for row in comparison
        if (row["method"], row["reference"], row["exclusion"], row["against"], row["subset"], row["lengths"])
        == ("permuted", "attention", "self", "predicted", "all", "all")
    ]
    assert row["proteins_scored"] == len(both)
    expected = np.mean([of_protein["permuted"][query] - of_protein["attention"][query] for query in both])
    assert row["difference"] == pytest.approx(expected)
    confidence = [
        row
        for row in result.tables["confidence"].to_pylist()
        if (row["explanation"], row["definition"], row["exclusion"]) == ("attention", "unweighted", "self")
    ]
    run = hit_rate(
        index, subsequences["attention"], proteins=proteins_of(ASKED), definition="unweighted", against="both",
        nulls=["window"], draws=20, resamples=20,
    )  # fmt: skip
    expected_rows = [row for row in run.confidence.to_pylist() if row["exclusion"] == "self"]
    assert [{name: row[name] for name in expected_rows[0]} for row in confidence] == expected_rows


def test_again_all_is_found_and_the_tables_are_the_same(index: Index, tmp_path: Path) -> None:
    model = named("bilstm", "last")
    results = []
    for run in range(2):
        with parts_of(tmp_path / "out", "test") as parts:
            results.append(SMALL.run(index, [model], ASKED, parts, nothing))
            assert (parts.made == 0) is (run == 1)
    for name, table in results[0].tables.items():
        assert table.equals(results[1].tables[name])
    assert results[0].settings == results[1].settings
    assert results[0].settings["training_sets"] == {"bilstm": None}
    rows = set(results[0].table["explanation"].to_pylist())
    assert rows == {"integrated-gradients", REFERENCE}
    assert all(any(text.startswith(f"bilstm, {name}: ") for text in results[0].findings) for name in rows)


@pytest.mark.parametrize("kept", ["paper-self", "unweighted-self", "released-train", "paper-train-confidence"])
def test_from_any_kept_part_the_tables_are_the_same(index: Index, tmp_path: Path, kept: str) -> None:
    model = learned(tmp_path / "model")
    results = []
    for _ in range(2):
        with parts_of(tmp_path / "out", "test") as parts:
            results.append(SMALL.run(index, [model], ASKED, parts, nothing))
        for part in (tmp_path / "out" / "parts").glob("*.parquet"):
            if any(f"-{definition}-" in part.name for definition in SMALL.definitions) and kept not in part.name:
                part.unlink()
    for name, table in results[0].tables.items():
        assert table.equals(results[1].tables[name])


def test_every_pair_is_compared_once_and_every_method_has_its_own_rows_once(index: Index, tmp_path: Path) -> None:
    with parts_of(tmp_path / "out", "test") as parts:
        result = SMALL.run(index, [learned(tmp_path / "model")], ASKED, parts, nothing)
    rows = result.tables["comparison"].to_pylist()
    keys = [
        (
            frozenset((row["method"], row["reference"])),
            *(row[name] for name in ("exclusion", "against", "subset", "lengths")),
        )
        for row in rows
    ]
    assert len(keys) == len(set(keys))
    assert all(row["lengths"] != STANDARDISED for row in rows if row["reference"] is None)


def test_p_values_are_corrected_over_the_models_and_explanations_of_a_question(index: Index, tmp_path: Path) -> None:
    model, other = learned(tmp_path / "model"), named("bilstm", "last")
    twice = dataclasses.replace(SMALL, definitions=("unweighted", "unweighted"), nulls=("window", "label", "window"))
    with parts_of(tmp_path / "out", "test") as parts:
        result = twice.run(index, [model, other], ASKED, parts, nothing)
    rows = result.table.to_pylist()
    families: dict[tuple[object, ...], list[dict[str, object]]] = {}
    for row in rows:
        families.setdefault(tuple(row[name] for name in QUESTION), []).append(row)
    for family in families.values():
        kinds = [(row["model"], row["explanation"]) for row in family]
        assert len(set(kinds)) == len(kinds)  # what is named twice is there once
        tested = [row for row in family if row["p_value"] is not None]
        expected = false_discovery_control([row["p_value"] for row in tested]) if tested else []
        assert [row["q_value"] for row in tested] == pytest.approx(list(expected))
    assert max(map(len, families.values())) > 6
    row = next(
        row
        for row in rows
        if tuple(row[name] for name in QUESTION) == ("unweighted", "self", "window", "predicted", "all")
    )
    assert any(text.endswith(f", q = {row['q_value']:.3g}") for text in result.findings)
    assert model.training_set is not None
    digest = result.settings["training_sets"]["small"]
    model.training_set.write_text(model.training_set.read_text().replace("P1", "P2"))
    assert digest != digest_of_training_set(model.training_set)


def test_every_null_model_has_its_rows_and_only_those_that_test_a_p_value(index: Index, tmp_path: Path) -> None:
    experiment = dataclasses.replace(SMALL, definitions=("unweighted",), nulls=("other-class", "window", "label"))
    with parts_of(tmp_path / "out", "test") as parts:
        result = experiment.run(index, [named("bilstm", "last")], ASKED, parts, nothing)
    rows = [row for row in result.table.to_pylist() if row["null_hit_rate"] is not None]
    assert {row["null"]: row["p_value"] is not None for row in rows} == {
        "other-class": False,
        "window": True,
        "label": True,
    }
    row = next(row for row in rows if row["null"] == "other-class")
    shown = pa.Table.from_pylist([row | {"against": "predicted", "subset": "all", "exclusion": "self"}], HIT_RATE_ROWS)
    (said,) = findings(shown, result.tables["comparison"].slice(0, 0))
    assert said.endswith(f" proteins; chance (other-class) {row['null_hit_rate']:.3f}")


def test_a_training_set_that_is_not_in_the_index_has_no_rows_and_is_named(index: Index, tmp_path: Path) -> None:
    model = learned(tmp_path / "model")
    assert model.training_set is not None
    model.training_set.write_text("accession\tsplit\tsequence\nX00000\ttrain\tWWWWWWWW\n")
    with parts_of(tmp_path / "out", "test") as parts:
        result = SMALL.run(index, [model, named("bilstm", "last")], ASKED, parts, nothing)
    assert set(result.table["exclusion"].to_pylist()) == {"none", "self"}
    assert "small, what it has learned from is in no row left out: not in the index" in result.findings
    assert "bilstm, what it has learned from is in no row left out: not known" in result.findings


def test_the_floor_explains_another_network_for_the_same_predictions(tmp_path: Path) -> None:
    model = named("bilstm", "attention")
    with parts_of(tmp_path / "out", "test") as parts:
        own = attributions_of(Explanation(model, "saliency", {}), ASKED, 3, parts, nothing)
        floor = attributions_of(Explanation(model, "saliency", {}, randomised=True), ASKED, 3, parts, nothing)
    assert own["predicted"].equals(floor["predicted"])
    targets = np.array([CLASSES.index(each) for each in floor["target"].to_pylist()])
    fresh = with_random_weights(model.model, 3)
    expected = {
        each.protein: each.scores
        for batch in attribute(fresh, SEQUENCES, "saliency", method_named("saliency"), targets, seed=3)
        for each in batch
    }
    for query, row in enumerate(floor["scores"].to_pylist()):
        assert row == pytest.approx(expected[query].tolist(), rel=1e-4, abs=1e-7)
    assert floor["scores"].to_pylist() != own["scores"].to_pylist()


def test_as_released_is_the_true_class_of_the_last_states(tmp_path: Path) -> None:
    model = named("bilstm", "attention")
    explanation = Explanation(model, "integrated-gradients", {}, as_released=True)
    with parts_of(tmp_path / "out", "test") as parts:
        found = attributions_of(explanation, ASKED, 3, parts, nothing)
        assert attributions_of(explanation, ASKED, 3, parts, nothing).equals(found)
        attributions_of(Explanation(model, "integrated-gradients", {}), ASKED, 3, parts, nothing)
        assert (parts.made, parts.found) == (2, 1)
    assert found["target"].to_pylist() == [labels[0] for labels in ASKED.labels]
    assert found["target"].to_pylist() != found["predicted"].to_pylist()
    last = of_last_states(model.model)
    assert last.configuration.pooling == "last"
    targets = np.array([CLASSES.index(each) for each in found["target"].to_pylist()])
    asked = attribute(last, SEQUENCES, "integrated-gradients", AS_RELEASED, targets)
    expected = {each.protein: each.scores for batch in asked for each in batch}
    for query, row in enumerate(found["scores"].to_pylist()):
        assert row == pytest.approx(expected[query].tolist(), rel=1e-4, abs=1e-6)
    experiment = dataclasses.replace(SMALL, as_released=True)
    names = [each.name for each in experiment.explanations(model)]
    assert names[:3] == ["integrated-gradients", REFERENCE, "integrated-gradients, as released"]


def test_names_must_differ_and_something_must_stand_out(index: Index, tmp_path: Path) -> None:
    model = named("mlp", "uniform")
    with parts_of(tmp_path / "out", "test") as parts:
        with pytest.raises(UsageError, match="two models have one name"):
            SMALL.run(index, [model, model], ASKED, parts, nothing)
        with pytest.raises(InputError, match="no explanation stands out"):
            SMALL.run(index, [model], asked_of(["MA", "W"], CLASSES), parts, nothing)
