"""Mutations of what explanations pick out: who is mutated, into what, and what the tables make of it."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from Bio.Align import substitution_matrices

from psl_eval.experiments.drawn_proteins import chosen, drawn_proteins
from psl_eval.experiments.estimates import Drawing, can_show, with_interval
from psl_eval.experiments.mutation.correlations import SATURATION, saturation_rows
from psl_eval.experiments.mutation.experiment import MutationFidelity
from psl_eval.experiments.mutation.figures import draw_curves
from psl_eval.experiments.mutation.findings import ranking_findings, saturation_findings
from psl_eval.experiments.mutation.losses import Losses, Mutating, asked_tokens
from psl_eval.experiments.mutation.replaced_residues import (
    CHOICES,
    REPLACEMENTS,
    mutants_of,
    random_residues,
    residues_chosen,
    variants,
)
from psl_eval.experiments.mutation.tables import CURVES, FIDELITY, Mutated, curve_rows, fidelity_rows
from psl_eval.experiments.parts import parts_of
from psl_eval.experiments.ranked_methods import RANKED, explanations_of
from psl_eval.experiments.wording import counted
from psl_eval.statistics.rows import table_of
from psl_index.alphabet import STANDARD
from psl_index.errors import UsageError
from psl_models.encoding import TOKENS, encode
from tests.psl_eval.experiments.small_experiments import asked_of, named, nothing

LONG = "MKTAYLVAGRKKRKWWDEFHIPQSNCTXBZU"
SEQUENCES = [LONG, "MSKLUBZACDEFGHIKLMNPQRSTVWYSKL", "MAAAV", "MKRKRWWLLSTAGDEL", "MLLPPQQEEDDNNGG", "W"]
COUNTS = (1, 2, 5)


def letters(tokens: np.ndarray) -> str:
    return "".join(TOKENS[token] for token in tokens)


@pytest.mark.parametrize("seed", [0, 1])
def test_no_residue_becomes_itself_and_each_becomes_what_its_name_says(seed: int) -> None:
    matrix = substitution_matrices.load("BLOSUM62")
    mutants = {name: letters(mutant) for name, mutant in mutants_of(encode(LONG), seed).items()}
    assert tuple(mutants) == REPLACEMENTS
    for place, residue in enumerate(LONG):
        others = [each for each in STANDARD if each != residue]
        scores = [matrix["C" if residue == "U" else residue, each] for each in others]
        best = {each for each, score in zip(others, scores, strict=True) if score == max(scores)}
        worst = {each for each, score in zip(others, scores, strict=True) if score == min(scores)}
        assert mutants["random"][place] in others
        assert mutants["alanine"][place] == ("G" if residue == "A" else "A")
        assert mutants["blosum62-best"][place] in best
        assert mutants["blosum62-worst"][place] in worst


def test_every_other_residue_can_be_the_random_one() -> None:
    found = {letters(mutants_of(encode("M" * 30), seed)["random"])[0] for seed in range(300)}
    assert found == set(STANDARD) - {"M"}


def test_residues_go_by_scores_and_ties_are_random() -> None:
    scores = np.array([3, 1, 1, 1, 2, -5], np.float32)
    tokens = encode("MKTAYL")
    orders = {tuple(residues_chosen(scores, tokens, seed)["top"].tolist()) for seed in range(60)}
    assert orders == {(0, 4, *ties, 5) for ties in itertools.permutations((1, 2, 3))}
    found = residues_chosen(scores, tokens, 3)
    assert tuple(found) == CHOICES
    assert found["bottom"].tolist() == found["top"].tolist()[::-1]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_shifted_places_lie_as_the_top_ones_elsewhere(sequence: str) -> None:
    tokens, length = encode(sequence), len(sequence)
    for seed in range(20):
        found = residues_chosen(np.arange(length, dtype=np.float32) % 7, tokens, seed)
        moved = set(((found["shifted"] - found["top"]) % length).tolist())
        assert len(moved) == 1
        (distance,) = moved
        assert 10 <= distance <= length - 10 if length >= 20 else distance == length // 2


def test_variants_differ_from_the_protein_where_they_are_mutated_and_nowhere_else() -> None:
    tokens = encode(LONG)
    mutants, orders = mutants_of(tokens, 1), random_residues(tokens, 1, 3)
    found = iter(variants(tokens, mutants, orders, (1, 4, 100)))
    for order, name, count in itertools.product(orders, REPLACEMENTS, (1, 4, 100)):
        variant = next(found)
        (changed,) = np.nonzero(variant != tokens)
        assert sorted(changed) == sorted(order[:count])
        assert (variant[changed] == mutants[name][changed]).all()
    assert next(found, None) is None


def test_losses_are_those_of_asking_for_one_variant_at_a_time(tmp_path: Path) -> None:
    sequences = [LONG, "MAAAV", "W"]
    model, asked = named(), asked_of(sequences)
    rng = np.random.default_rng(0)
    scores = [rng.random(len(sequence), np.float32) for sequence in sequences]
    targets = np.array([0, 1, 2])
    mutating = Mutating(model, asked, targets, COUNTS, 2, 5)
    with parts_of(tmp_path / "parts", "test") as parts:
        by_scores = mutating.by_scores("scores", scores, {}, parts, nothing)
        at_random = mutating.at_random(parts, nothing)
    for row, sequence in enumerate(sequences):
        tokens = encode(sequence)

        before = asked_tokens(model.model, [tokens])[0].logits[0]

        def loss(variant: np.ndarray, target: int = targets[row], before: np.ndarray = before) -> tuple[float, float]:
            after = asked_tokens(model.model, [variant])[0].logits[0]
            return float(before[target] - after[target]), float(after.argmax() != target)

        chosen_ones = residues_chosen(scores[row], tokens, 5)
        for number, replacement in enumerate(REPLACEMENTS):
            mutant = mutants_of(tokens, 5)[replacement]
            for place, k in enumerate(COUNTS):

                def mutated(order: np.ndarray, k: int = k, mutant=mutant, tokens=tokens) -> np.ndarray:
                    return np.where(np.isin(np.arange(len(tokens)), order[:k]), mutant, tokens)

                for choice, name in enumerate(CHOICES):
                    found = tuple(values[row, choice, number, place] for values in by_scores)
                    assert found == pytest.approx(loss(mutated(chosen_ones[name])), abs=1e-5)
                drawn = [loss(mutated(order)) for order in random_residues(tokens, 5, 2)]
                found = tuple(values[row, 0, number, place] for values in at_random)
                assert found == pytest.approx(tuple(np.mean(drawn, axis=0)), abs=1e-5)


def test_the_area_is_the_mean_loss_over_k() -> None:
    loss = np.array([1.0, 2.0, 6.0]).reshape(1, 1, 1, 3)  # at k = 1, 2, 5
    area = Losses(loss, np.zeros_like(loss)).area(COUNTS)
    assert area.item() == pytest.approx((0.5 * 1 + 1.5 * 1 + 4 * 3) / 5)


def constant(loss: np.ndarray) -> Losses:
    """The same loss for all k and replacements; `loss` is (proteins, choices)."""
    values = np.broadcast_to(loss[:, :, None, None], (*loss.shape, len(REPLACEMENTS), len(COUNTS))).astype(float)
    return Losses(values, (values > 1).astype(float))


def ranked_rows(proteins: int, resamples: int) -> list[dict[str, Any]]:
    """One that finds residues worth 2 logits, one that finds nothing, a floor, and a ceiling of five proteins."""
    rng = np.random.default_rng(1)
    noise = rng.normal(0, 0.1, (proteins, 3))
    good, bad = constant(noise + np.array([2.0, 0, 0])), constant(noise[:, [1, 2, 0]])
    rows = np.arange(proteins)
    mutated = [
        Mutated("bad", "ranked", bad, rows, "floor"),
        Mutated("good", "ranked", good, rows, "floor"),
        Mutated("floor", "floor", bad, rows),
        Mutated("ceiling", "ceiling", constant(noise[1:6] + 3), rows[1:6]),
    ]
    at_random = constant(rng.normal(0, 0.1, (proteins, 1)))
    return fidelity_rows("m", mutated, at_random, COUNTS, Drawing(1, resamples))


def test_a_method_that_finds_what_matters_is_ranked_above_one_that_does_not() -> None:
    of_all = {row["explanation"]: row for row in ranked_rows(40, 500) if row["replacement"] == "all"}
    assert [of_all[name]["rank"] for name in ("good", "bad")] == [1, 2]
    assert (of_all["good"]["rank_low"], of_all["good"]["rank_high"]) == (1, 1)
    assert "rank" not in of_all["floor"] | of_all["ceiling"]
    assert of_all["ceiling"]["proteins"] == 5
    for test in ("above_random", "above_shifted", "above_bottom", "above_floor"):
        assert of_all["good"][f"{test}_p_holm"] < 0.05
        assert of_all["good"][f"{test}_low"] > 1
        assert of_all["good"][f"{test}_p_holm"] >= of_all["good"][f"{test}_p"]
        assert f"{test}_p_holm" not in of_all["floor"] | of_all["ceiling"]  # they are no part of the ranking
    assert of_all["bad"]["above_random_p_holm"] > 0.05
    assert "above_floor" not in of_all["ceiling"]


def test_controls_and_flips_are_those_of_the_same_proteins() -> None:
    of_all = {row["explanation"]: row for row in ranked_rows(40, 50) if row["replacement"] == "all"}
    noise = np.random.default_rng(1).normal(0, 0.1, (40, 3))
    scale = np.trapezoid([0, 1, 1, 1], [0, *COUNTS]) / COUNTS[-1]  # of a loss that is the same for all k
    good = of_all["good"]
    assert good["area"] == pytest.approx(scale * (2 + noise[:, 0].mean()))
    assert good["ceiling_area"] == pytest.approx(scale * (2 + noise[1:6, 0].mean()))
    assert good["bottom_area"] == pytest.approx(scale * noise[:, CHOICES.index("bottom")].mean())
    assert good["shifted_area"] == pytest.approx(scale * noise[:, CHOICES.index("shifted")].mean())
    assert of_all["ceiling"]["ceiling_area"] == of_all["ceiling"]["area"]
    assert (good["flipped"], good["random_flipped"], good["flipped_above_random"]) == (1, 0, 1)
    assert of_all["bad"]["flipped"] == 0


@pytest.mark.parametrize(("proteins", "resamples"), [(2, 500), (6, 500), (8, 500), (9, 600), (30, 500), (30, 99)])
def test_the_clearest_difference_is_shown_where_it_can_be_and_only_there(proteins: int, resamples: int) -> None:
    clear = np.arange(1.0, proteins + 1)
    p_value = Drawing(1, resamples).test("clear", clear, np.zeros(proteins))["clear_p"]
    for tests in (1, 2, 7, 20):
        assert can_show(proteins, resamples, tests) is bool(p_value * tests < 0.05)


def test_findings_name_what_is_not_above_its_controls_or_say_that_proteins_are_too_few() -> None:
    said = ranking_findings(table_of(ranked_rows(40, 500), FIDELITY), 5, 500)
    assert said[0].startswith("m: of 2 methods, mutating what good picks out costs most: 1.8")
    assert said[0].endswith("; 40 proteins")
    assert any(sentence.startswith("m: ranking by logits lost") for sentence in said)
    assert said[2] == (
        "m: mutating the top 5 residues of good changes the predicted class of 100 % (100 to 100) of the proteins, "
        "against 0 % at random residues"
    )
    controls = [sentence for sentence in said if "not shown to be above" in sentence]
    assert len(controls) == 4
    assert all(sentence.endswith("(Holm, 0.05): bad") for sentence in controls)
    assert "(5 proteins, outside the ranking); good on the same: 1.77" in said[-1]
    assert not any(sentence.endswith(".") for sentence in said)
    few = ranking_findings(table_of(ranked_rows(6, 500), FIDELITY), 5, 500)
    assert "m: too few to show that a method is above its controls: 6 proteins, 500 resamples" in few
    assert not any("not shown to be above" in sentence for sentence in few)


def test_curves_have_panels_for_the_methods_of_each_model_and_none_for_others() -> None:
    losses, at_random, rows = constant(np.ones((4, 3))), constant(np.zeros((4, 1))), np.arange(4)
    both = Mutated("both", "ranked", losses, rows), Mutated("both, weights randomised", "floor", losses, rows)
    ceiling = Mutated("ceiling", "ceiling", losses, rows)
    found = [*curve_rows("one", [*both, Mutated("own", "ranked", losses, rows)], at_random, COUNTS, Drawing(1, 20))]
    found += curve_rows("two", [*both, ceiling], at_random, COUNTS, Drawing(1, 20))
    panels = [axes for axes in draw_curves(table_of(found, CURVES)).axes if axes.axison]
    assert [axes.get_title() for axes in panels] == ["both", "own", "", "", "both", ""]
    lines = {line.get_label(): line.get_ydata().tolist() for line in panels[0].lines if len(line.get_xdata()) == 3}
    assert lines == {
        "top residues": [1, 1, 1],
        "top residues by random weights": [1, 1, 1],
        "top places moved along": [1, 1, 1],
        "bottom residues": [1, 1, 1],
        "random residues": [0, 0, 0],
    }


def test_numbers_in_words() -> None:
    assert [counted(number) for number in (1, 2, 1234)] == ["1 protein", "2 proteins", "1,234 proteins"]
    row = {"rho": 0.126, "rho_low": -0.01, "rho_high": 0.5, "area": 1.0, "area_low": None, "area_high": None}
    assert with_interval(row, "rho", 2) == "0.13 (-0.01 to 0.50)"
    assert with_interval(row, "area") == "1.000"
    assert with_interval({"rho": None, "rho_low": None, "rho_high": None}, "rho") == "not known"


def test_correlations_with_saturation_are_one_for_the_losses_themselves() -> None:
    rng = np.random.default_rng(2)
    losses = [rng.normal(size=(length, 20)).astype(np.float32) for length in (9, 12, 30)]
    scores = {
        "itself": ("ranked", "floor", [each.mean(1) for each in losses]),
        "turned": ("ranked", "floor", [-each.mean(1) for each in losses]),
        "sizes": ("ranked", "floor", [-np.abs(each).mean(1) for each in losses]),
        "floor": ("floor", None, [rng.random(len(each)).astype(np.float32) for each in losses]),
        "constant": ("ranked", None, [np.ones(len(each), np.float32) for each in losses]),
    }
    rows = {(row["explanation"], row["compared"]): row for row in saturation_rows("m", scores, losses, Drawing(1, 200))}
    assert rows["itself", "signed"]["rho"] == pytest.approx(1)
    assert rows["turned", "signed"]["rho"] == pytest.approx(-1)
    assert rows["sizes", "absolute"]["rho"] == pytest.approx(1)
    assert rows["constant", "signed"]["proteins"] == 0
    assert np.isnan(rows["constant", "signed"]["rho"])
    floor = rows["floor", "signed"]["rho"]
    assert rows["itself", "signed"]["floor"] == pytest.approx(floor)
    assert rows["itself", "signed"]["above_floor"] == pytest.approx(1 - floor)
    (said,) = saturation_findings(table_of(list(rows.values()), SATURATION))
    assert said.startswith(
        "m: rank correlation with what all single mutants lose, sizes of both, 3 proteins: sizes 1.00"
    )
    assert "floor" not in said
    assert "constant" not in said


def test_a_smaller_draw_is_part_of_a_larger_one_whatever_the_order() -> None:
    asked = asked_of(SEQUENCES)
    drawn = {most: [SEQUENCES[row] for row in drawn_proteins(asked, most, 4)] for most in range(1, 7)}
    assert all(set(drawn[most]) < set(drawn[most + 1]) for most in range(1, 6))
    turned = asked_of(SEQUENCES[::-1])
    assert set(chosen(turned, drawn_proteins(turned, 3, 4)).sequences) == set(drawn[3])
    assert all(len(SEQUENCES[row]) <= 16 for row in drawn_proteins(asked, 6, 4, longest=16))
    copies = asked_of([SEQUENCES[0], *SEQUENCES, SEQUENCES[2]])
    for most in (3, 9):
        assert [copies.sequences[row] for row in drawn_proteins(copies, most, 4)] == drawn[min(most, 6)]


def test_each_model_has_the_methods_that_can_explain_it() -> None:
    assert [each.method for each in explanations_of(named(), (), 5)] == list(RANKED[:7])
    of_mlp = [each.method for each in explanations_of(named("mlp", "uniform"), (), 5)]
    assert of_mlp == [*RANKED[1:7], "deeplift"]
    for method, problem in (("attention", "has no attention"), ("occlusion", "no method that is ranked")):
        with pytest.raises(UsageError, match=problem):
            list(explanations_of(named("mlp", "uniform"), (method,), 5))


def test_from_proteins_to_tables_and_a_second_run_finds_all_of_it(tmp_path: Path) -> None:
    experiment = MutationFidelity(("attention", "saliency"), COUNTS, 5, 2, 40, 2, 3, 50, 1)
    results = []
    for run in range(2):
        with parts_of(tmp_path / "parts", "test") as parts:
            results.append(experiment.run([named()], asked_of(SEQUENCES), parts, nothing))
            assert (parts.found == 0) is (run == 0)
            assert (parts.made == 0) is (run == 1)
    first, second = results
    assert {name: table.to_pylist() for name, table in first.tables.items()} == {
        name: table.to_pylist() for name, table in second.tables.items()
    }
    kinds = {(row["explanation"], row["kind"]): row["proteins"] for row in first.table.to_pylist()}
    assert kinds == {
        ("attention", "ranked"): 5,
        ("attention, weights randomised", "floor"): 5,
        ("saliency", "ranked"): 5,
        ("saliency, weights randomised", "floor"): 5,
        ("occlusion", "ceiling"): 2,
        ("mutagenesis", "ceiling"): 2,
    }
    assert list(first.tables) == ["mutation-fidelity", "curves", "saturation"]
    assert list(first.figures) == ["mutation-fidelity", "curves"]
    assert first.settings["proteins"]["number"] == 5
    assert any("outside the ranking" in sentence for sentence in first.findings)


def test_proteins_that_are_all_too_long_to_saturate_leave_no_ceiling_and_say_so(tmp_path: Path) -> None:
    experiment = MutationFidelity(("saliency",), COUNTS, 3, 2, 4, 1, 3, 20, 1)
    with parts_of(tmp_path / "parts", "test") as parts:
        result = experiment.run([named()], asked_of([LONG, "MSKLACDEFG", "MAAAV"]), parts, nothing)
    assert list(result.tables) == ["mutation-fidelity", "curves"]
    assert {row["kind"] for row in result.table.to_pylist()} == {"ranked", "floor"}
    assert "no ceilings: of the proteins none has at most 4 residues" in result.findings


@pytest.mark.parametrize("counts", [(), (0, 1), (2, 1), (1, 1)])
def test_counts_ascend_from_one(counts: tuple[int, ...]) -> None:
    with pytest.raises(UsageError, match="expected ascending numbers from 1"):
        MutationFidelity(counts=counts)
