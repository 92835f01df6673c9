"""Recovery of planted signals: against loops in plain Python, scikit-learn, and what must hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import average_precision_score

from psl_eval.experiments.ground_truth.experiment import METHODS_BY_DEFAULT, SLOW, GroundTruth
from psl_eval.experiments.ground_truth.findings import comparisons
from psl_eval.experiments.ground_truth.planted_proteins import Planted, Signal, planted_proteins
from psl_eval.experiments.ground_truth.position import POSITION, scores_by_position
from psl_eval.experiments.ground_truth.recovery import average_precision, measured, of_signals, picked, touching
from psl_eval.experiments.ground_truth.recovery_rows import (
    METHOD,
    POSITION_ALONE,
    RECOVERY_ROWS,
    UNTRAINED,
    Explained,
    by_average_precision,
    explained,
    recovery_rows,
)
from psl_eval.experiments.parts import parts_of
from psl_eval.statistics.rows import table_of
from psl_eval.synthetic import proteome
from psl_index.errors import UsageError
from psl_models.attribution.methods import METHODS
from tests.psl_eval.experiments.small_experiments import asked_of, nothing


@pytest.fixture(scope="module")
def planted() -> Planted:
    return planted_proteins(100_000, 3, longest=400)


@pytest.fixture
def one() -> Planted:
    """A protein of ten residues with a signal at 2 to 6 whose core is 3 to 4, and one that is all core at 9."""
    return Planted(asked_of(["MKLVAGSTPE"]).dataset, ((Signal(3, 2, 6, 3, 4), Signal(3, 9, 9, 9, 9)),))


def test_no_two_proteins_are_of_one_family(planted: Planted) -> None:
    (block,) = proteome(100_000, 3)
    family_of = {block.sequence(number): int(block.family[number]) for number in range(len(block))}
    families = [family_of[sequence] for sequence in planted.dataset.sequences]
    assert len(set(families)) == len(families) > 50
    assert max(map(len, planted.dataset.sequences)) <= 400


def test_signals_are_those_of_the_proteome(planted: Planted) -> None:
    (block,) = proteome(100_000, 3)
    number_of = {block.sequence(number): number for number in range(len(block))}
    of_protein = block.signals_by_protein()
    for sequence, signals in zip(planted.dataset.sequences, planted.signals, strict=True):
        assert [tuple(signal)[:3] for signal in signals] == of_protein[number_of[sequence]]
        assert all(each.first <= each.core_first <= each.core_last <= each.last <= len(sequence) for each in signals)


def test_residues_of_cores_and_signals(one: Planted) -> None:
    assert one.cores(0).nonzero()[0].tolist() == [2, 3, 8]
    assert one.whole(0).nonzero()[0].tolist() == [1, 2, 3, 4, 5, 8]


def test_what_is_measured_of_a_protein(one: Planted) -> None:
    mask = np.zeros(10, np.bool_)
    mask[[3, 4, 6]] = True
    found = measured(np.arange(10, dtype=np.float32), mask, one, 0)
    assert found["recall"] == pytest.approx((1 / 3, 0.3))
    assert found["precision"] == pytest.approx((1 / 3, 0.3))
    assert found["precision-signal"] == pytest.approx((2 / 3, 0.6))
    assert found["touched"].value == 0.5
    assert [each.recall.value for each in of_signals(mask, one, 0, 0)] == [0.5, 0.0]


def test_chance_is_the_mean_over_all_rotations(one: Planted) -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        mask = rng.random(10) < 0.4
        mask[0] = True
        scores = np.zeros(10, np.float32)
        rotated = [measured(scores, np.roll(mask, shift), one, 0) for shift in range(10)]
        found = measured(scores, mask, one, 0)
        for measure in ("recall", "precision", "precision-signal", "touched"):
            expected = np.mean([each[measure].value for each in rotated])
            assert found[measure].chance == pytest.approx(expected), measure


@pytest.mark.parametrize("length", [2, 7, 19, 20, 33])
def test_chance_of_average_precision_is_that_of_other_places(length: int) -> None:
    planted = Planted(asked_of(["M" * length]).dataset, ((Signal(3, 1, 1, 1, 1),),))
    scores = np.zeros(length, np.float32)
    scores[0] = 1
    found = measured(scores, scores > 0, planted, 0)["auprc"]
    assert found.value == 1
    # Of a core that lies elsewhere: all residues but the first are tied, and the core is among them.
    assert found.chance == pytest.approx(1 / length)
    scores = np.arange(length, dtype=np.float32)
    if length < 20:  # all other places, each once
        elsewhere = [average_precision_score(np.arange(length) == place, scores) for place in range(1, length)]
        assert measured(scores, scores > 0, planted, 0)["auprc"].chance == pytest.approx(np.mean(elsewhere))


def test_nothing_picked_out_has_no_precision(one: Planted) -> None:
    found = measured(np.ones(10, np.float32), np.zeros(10, np.bool_), one, 0)
    assert found["recall"] == (0.0, 0.0)
    assert np.isnan(found["precision"]).all()


def test_touching_a_core_by_chance() -> None:
    mask = np.array([True, False, False, False, True])
    windows = [{(start + step) % 5 for step in range(2)} for start in range(5)]
    expected = np.mean([bool(window & {0, 4}) for window in windows])
    assert touching(mask, 1, 3) == (0.0, pytest.approx(expected))
    assert touching(mask, 3, 5).value == 1.0


def test_average_precision_is_that_of_scikit_learn() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        scores = rng.integers(0, 6, 30).astype(np.float32)  # with ties
        wanted = rng.random((4, 30)) < 0.3
        wanted[:, 0] = True
        expected = [average_precision_score(row, scores) for row in wanted]
        np.testing.assert_allclose(average_precision(scores, wanted), expected)


def test_perfect_scores_find_everything(one: Planted) -> None:
    found = measured(one.cores(0).astype(np.float32), one.cores(0), one, 0)
    assert all(found[measure].value == 1 for measure in ("recall", "precision", "touched", "auprc"))
    assert all(found[measure].chance < 1 for measure in ("recall", "precision", "touched", "auprc"))


def test_picking_out_keeps_to_each_protein() -> None:
    first, second = np.zeros(20, np.float32), np.zeros(30, np.float32)
    first[-1] = second[15] = 1
    masks = picked([first, second])
    assert masks[0].nonzero()[0].tolist() == [17, 18, 19]
    assert masks[1].nonzero()[0].tolist() == [13, 14, 15, 16, 17]


def test_position_alone_knows_only_training_proteins_of_the_class(one: Planted) -> None:
    (seen,) = scores_by_position(one, np.array([0]), [0], ["Nucleus"])
    np.testing.assert_array_equal(seen, one.cores(0).astype(np.float32))
    (unseen,) = scores_by_position(one, np.array([0]), [0], ["Plastid"])
    assert not unseen.any()


def compared(*scores: tuple[str, str, str | None, float], planted: Planted) -> list[Explained]:
    """Explanations of eight times the same protein, whose only signals are at its start; they score it, or its end."""
    cores = planted.cores(0).astype(np.float32)
    of = {1.0: cores, 0.0: cores[::-1].copy()}
    return [
        explained(name, kind, untrained, [of[found]] * 8, planted, [0] * 8) for name, kind, untrained, found in scores
    ]


@pytest.fixture
def at_the_start() -> Planted:
    return Planted(asked_of(["MKLVAGSTPEWWWWWWWWWW"]).dataset, ((Signal(3, 1, 2, 1, 2),),))


def test_methods_are_compared_with_all_their_controls(at_the_start: Planted) -> None:
    explanations = compared(
        ("good", METHOD, "good, weights randomised", 1.0),
        ("good, weights randomised", UNTRAINED, None, 0.0),
        ("bad", METHOD, "bad, weights randomised", 0.0),
        ("bad, weights randomised", UNTRAINED, None, 1.0),
        (POSITION, POSITION_ALONE, None, 1.0),
        planted=at_the_start,
    )
    rows = {
        (row["explanation"], row["subset"], row["measure"]): row
        for row in recovery_rows(explanations, np.array([True] * 7 + [False]), 1, 300)
    }
    good, bad = rows["good", "all", "recall"], rows["bad", "all", "recall"]
    assert (good["value"], good["untrained"], good["above_untrained"], good["proteins"]) == (1, 0, 1, 8)
    assert (bad["position"], bad["above_position"], bad["above_untrained"]) == (1, -1, -1)
    assert bad["above_position_p_value"] == pytest.approx(2 / 2**8)  # all signs alike, of all flips
    assert good["above_position"] == 0
    assert "position" not in rows[POSITION, "all", "recall"]
    assert "untrained" not in rows["bad, weights randomised", "all", "recall"]
    assert rows["good", "correct", "recall"]["proteins"] == 7
    table = table_of(list(rows.values()), RECOVERY_ROWS)
    assert by_average_precision(table.to_pylist()) == ["good", POSITION, "bad"]
    assert comparisons(table, 300) == (
        "of 2 methods 1 (good) has a higher average precision than the same on a model that has learned nothing, "
        "1 (bad) a lower one (q < 0.05)",
        "of 2 methods none have a higher recall than the position alone, 1 (bad) a lower one (q < 0.05)",
        "of 2 methods none have a higher precision than the position alone, 1 (bad) a lower one (q < 0.05)",
        "of 2 methods none have a higher average precision than the position alone, 1 (bad) a lower one (q < 0.05)",
    )


def test_of_a_single_method_it_is_said_in_the_singular(at_the_start: Planted) -> None:
    explanations = compared(("good", METHOD, None, 1.0), (POSITION, POSITION_ALONE, None, 0.0), planted=at_the_start)
    table = table_of(list(recovery_rows(explanations, np.ones(8, np.bool_), 1, 300)), RECOVERY_ROWS)
    assert comparisons(table, 300)[0] == (
        "of 1 method 1 (good) has a higher recall than the position alone, none a lower one (q < 0.05)"
    )


@pytest.mark.parametrize(
    ("proteins", "resamples", "of"), [(5, 100, "5 proteins, 100 resamples"), (8, 30, "8 proteins, 30 resamples")]
)
def test_a_few_proteins_and_a_few_resamples_are_called_too_few(
    at_the_start: Planted, proteins: int, resamples: int, of: str
) -> None:
    """Though the method is as good as can be, and the position alone as bad."""
    explanations = [
        each._replace(measured=each.measured[:proteins])
        for each in compared(("good", METHOD, None, 1.0), (POSITION, POSITION_ALONE, None, 0.0), planted=at_the_start)
    ]
    rows = list(recovery_rows(explanations, np.ones(proteins, np.bool_), 1, resamples))
    q_values = [row.get("above_position_q_value", np.nan) for row in rows]
    assert not np.any(np.array(q_values) < 0.05)
    assert comparisons(table_of(rows, RECOVERY_ROWS), resamples) == (
        f"too few for any difference to be significant: {of}",
    )


def test_all_methods_take_part_that_can() -> None:
    assert set(METHODS) - set(METHODS_BY_DEFAULT) == {SLOW, "deeplift", "uniform"}  # no LSTMs; nothing stands out


def test_the_experiment_from_end_to_end_and_again(tmp_path: Path) -> None:
    experiment = GroundTruth(
        methods=("attention", "random", "saliency"), residues=150_000, epochs=1, explained=5, resamples=20
    )
    folder = tmp_path / "truth"
    with parts_of(folder, "test") as parts:
        result = experiment.run(torch.device("cpu"), parts, nothing)
        assert parts.made == 5
    names = ["attention", "attention, weights randomised", "random", "saliency", "saliency, weights randomised"]
    assert list(dict.fromkeys(result.table["explanation"].to_pylist())) == [*names, POSITION]
    assert list(dict.fromkeys(result.table["kind"].to_pylist())) == [METHOD, UNTRAINED, "control", POSITION_ALONE]
    assert result.findings[-1] == "too few for any difference to be significant: 5 proteins, 20 resamples"
    rows = {(row["explanation"], row["subset"], row["measure"]): row for row in result.table.to_pylist()}
    saliency, floor = rows["saliency", "all", "auprc"], rows["saliency, weights randomised", "all", "auprc"]
    assert saliency["untrained"] == floor["value"]
    assert saliency["above_untrained"] == pytest.approx(saliency["value"] - floor["value"])
    assert saliency["above_position"] == pytest.approx(saliency["value"] - rows[POSITION, "all", "auprc"]["value"])
    assert rows["random", "all", "auprc"]["untrained"] is None
    assert set(result.tables["by-signal"]["measure"].to_pylist()) == {"recall", "touched"}
    assert set(result.figures) == {"ground-truth"}
    with parts_of(folder, "test") as parts:
        again = experiment.run(torch.device("cpu"), parts, nothing)
        assert (parts.found, parts.made) == (5, 0)
    assert all(again.tables[name].equals(table) for name, table in result.tables.items())


@pytest.mark.parametrize(
    ("method", "problem"), [("nothing", "no method 'nothing'"), ("deeplift", "deeplift cannot explain")]
)
def test_a_method_that_will_not_do_is_an_error_before_anything_is_trained(
    tmp_path: Path, method: str, problem: str
) -> None:
    unfit = GroundTruth(methods=("attention", method), residues=100_000)
    with parts_of(tmp_path / "truth", "test") as parts, pytest.raises(UsageError, match=problem):
        unfit.run(torch.device("cpu"), parts, nothing)
    assert not (tmp_path / "truth").exists()


@pytest.mark.parametrize(("residues", "proteins"), [(200, "1 protein"), (2_000, "3 proteins")])
def test_too_few_proteins_are_an_error(tmp_path: Path, residues: int, proteins: str) -> None:
    few = GroundTruth(residues=residues, epochs=1)
    problem = f"{residues:,} residues give {proteins} of different families, too few for a training"
    with parts_of(tmp_path / "truth", "test") as parts, pytest.raises(UsageError, match=problem):
        few.run(torch.device("cpu"), parts, nothing)
