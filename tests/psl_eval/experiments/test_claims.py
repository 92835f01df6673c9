"""Claims: what each test says of tables that are known, and what is said where they are not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats

from psl_eval.experiments.claims.evidence import (
    Accuracies,
    Missing,
    above_adversarial,
    above_chance,
    accuracies,
    confidence,
    equal_by,
    higher_than,
)
from psl_eval.experiments.claims.experiment import judge
from psl_eval.experiments.claims.stated import CLAIMS
from psl_index.errors import InputError


def trainings(values: dict[tuple[str, str | None], list[float]]) -> list[dict[str, Any]]:
    """Rows of accuracy-table's trainings, by arm and attention."""
    return [
        {"split": "study", "arm": arm, "layout": "correct", "attention": attention, "seed": seed, "accuracy": value}
        for (arm, attention), accuracies_of in values.items()
        for seed, value in enumerate(accuracies_of, start=1)
    ]


def by_seed(values: list[float]) -> Accuracies:
    return Accuracies("study", dict(enumerate(values)))


def test_equality_is_two_one_sided_tests() -> None:
    a, b = [0.70, 0.71, 0.69, 0.70], [0.695, 0.705, 0.70]
    keyed = [by_seed(values) for values in (a, b)]
    found = equal_by(0.02, *keyed, paired=False)
    below = scipy.stats.ttest_ind(np.array(a) + 0.02, b, equal_var=False, alternative="greater").pvalue
    above = scipy.stats.ttest_ind(np.array(a) - 0.02, b, equal_var=False, alternative="less").pvalue
    assert found.p_value == pytest.approx(max(below, above))
    assert found.estimate == pytest.approx(np.mean(a) - np.mean(b))
    interval = scipy.stats.ttest_ind(a, b, equal_var=False).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_equality_of_the_same_trainings_is_paired() -> None:
    a, b = [0.70, 0.60, 0.65], [0.69, 0.595, 0.64]
    keyed = [by_seed(values) for values in (a, b)]
    found = equal_by(0.02, *keyed, paired=True)
    below = scipy.stats.ttest_rel(np.array(a) + 0.02, b, alternative="greater").pvalue
    above = scipy.stats.ttest_rel(np.array(a) - 0.02, b, alternative="less").pvalue
    assert found.p_value == pytest.approx(max(below, above))
    interval = scipy.stats.ttest_rel(a, b).confidence_interval()
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert equal_by(0.02, *keyed, paired=False).p_value > found.p_value


@pytest.mark.parametrize("sign", [1, -1])
def test_the_contrary_of_equality_is_a_difference_beyond_the_margin_in_either_direction(sign: int) -> None:
    a, b = np.array([0.70, 0.60, 0.65]), np.array([0.67, 0.55, 0.64])
    keyed = [by_seed(each.tolist()) for each in (sign * a, sign * b)]
    found = equal_by(0.02, *keyed, paired=True)
    # Of a true difference of the margin: one as large as this is seen, or as far on the other side of 0.
    beyond, opposite = (scipy.stats.ttest_rel(a + by, b, alternative="greater").pvalue for by in (-0.02, 0.02))
    assert found.p_contrary == pytest.approx(beyond + opposite)


@pytest.mark.parametrize("value", [0.71, 0.75])
def test_figures_that_do_not_scatter_say_nothing_of_other_trainings(value: float) -> None:
    keyed = [by_seed([each, each]) for each in (0.75, value)]
    found = equal_by(0.02, *keyed, paired=True)
    assert found.estimate == pytest.approx(0.75 - value)
    assert np.isnan([found.p_value, found.p_contrary]).all()


def test_one_pair_cannot_be_compared() -> None:
    others = Accuracies("study", {2: 0.5, 3: 0.6})
    with pytest.raises(Missing, match="two trainings of both on study"):
        equal_by(0.02, Accuracies("study", {1: 0.7, 2: 0.71}), others, paired=True)


def test_accuracies_are_of_one_arm_and_way_of_asking() -> None:
    rows = trainings({("bilstm-attention", "learned"): [0.7, 0.71], ("bilstm-attention", "permuted"): [0.5, 0.6]})
    tables = {("accuracy-table", "trainings"): [*rows, rows[0] | {"layout": "released", "accuracy": 0.1}]}
    of_checkpoint = rows[0] | {"seed": None, "accuracy": 0.2}
    elsewhere = rows[0] | {"split": "official", "accuracy": 0.3}
    tables["accuracy-table", "trainings"] += [of_checkpoint, elsewhere]
    assert accuracies(tables, "bilstm-attention") == ("study", {1: 0.7, 2: 0.71})
    assert accuracies(tables, "bilstm-attention", "permuted") == ("study", {1: 0.5, 2: 0.6})
    with pytest.raises(Missing, match="two independent trainings of mlp-uniform on study"):
        accuracies(tables, "mlp-uniform")


def test_trainings_that_take_over_from_one_network_are_one() -> None:
    rows = trainings({("mlp-pre-set", None): [0.5, 0.6, 0.7, 0.52]})
    for row, teacher in zip(rows, (1, 2, 1, 2), strict=True):
        row["teacher"] = teacher
    found = accuracies({("accuracy-table", "trainings"): rows}, "mlp-pre-set")
    assert found.of_seeds == pytest.approx({1: 0.6, 2: 0.56})
    for row in rows:
        row["teacher"] = 1
    with pytest.raises(Missing, match="two independent trainings of mlp-pre-set"):
        accuracies({("accuracy-table", "trainings"): rows}, "mlp-pre-set")


def compared(method: str, reference: str | None, difference: float, p_value: float) -> dict[str, Any]:
    return {
        "model": "m", "definition": "paper",
        "exclusion": "self", "against": "predicted", "subset": "all", "lengths": "standardised",
        "method": method, "reference": reference, "difference": difference, "low": difference - 0.01,
        "high": difference + 0.02, "p_value": p_value, "proteins_scored": 9,
    }  # fmt: skip


def rated(model: str = "m", explanation: str = "attention", **others: Any) -> dict[str, Any]:
    return {
        "model": model, "definition": "paper",
        "explanation": explanation, "exclusion": "self", "against": "predicted", "subset": "all",
        "null": "window", "hit_rate": 0.2, "low": 0.15, "high": 0.25, "null_hit_rate": 0.1, "p_value": 0.001,
        "proteins_scored": 9, "draws": 999,
    } | others  # fmt: skip


def of_hit_rates(**tables: list[dict[str, Any]]) -> dict[tuple[str, str], Any]:
    return {("hit-rate-table", name): rows for name, rows in ({"hit-rate-table": [rated()]} | tables).items()}


def test_a_pair_is_found_whichever_way_round_it_stands() -> None:
    tables = of_hit_rates(comparison=[compared("permuted", "attention", -0.05, 0.04)])
    found = higher_than(tables, "attention", "permuted", "self")
    assert (found.estimate, found.low, found.high) == pytest.approx((0.05, 0.03, 0.06))
    assert (found.p_value, found.p_contrary) == pytest.approx((0.02, 0.98))
    other = higher_than(tables, "permuted", "attention", "self")
    assert (other.estimate, other.p_value) == pytest.approx((-0.05, 0.98))
    with pytest.raises(Missing, match="attention beside random with exclusion self"):
        higher_than(tables, "attention", "random", "self")


def test_chance_and_confidence_are_read_from_all_predictions() -> None:
    rows = [rated(subset="correct", hit_rate=0.9), rated(definition="released", hit_rate=0.9), rated()]
    tables = of_hit_rates(**{"hit-rate-table": rows})
    found = above_chance(tables, "attention", "self")
    assert found[:4] == pytest.approx((0.1, 0.05, 0.15, 0.001))
    assert np.isnan(found.p_contrary)
    judged = {
        "model": "m", "definition": "paper",
        "explanation": "attention", "exclusion": "self", "class": None, "form": "single-label",
        "estimate": 0.7, "low": 0.6, "high": 0.8, "p_value": 0.01, "proteins": 9,
    }  # fmt: skip
    tables = of_hit_rates(confidence=[judged | {"class": "Nucleus", "estimate": 0.2}, judged])
    assert confidence(tables, "attention", "self")[:5] == pytest.approx((0.2, 0.1, 0.3, 0.005, 0.995))


def test_all_claims_on_hit_rates_are_judged_by_the_first_model_with_attention() -> None:
    rows = [rated("uniform", "integrated-gradients"), rated("m", "integrated-gradients", hit_rate=0.3), rated("m")]
    pairs = [compared("permuted", "attention", -0.01, 0.04) | {"model": "other"}]
    pairs += [compared("permuted", "attention", -0.05, 0.04)]
    tables = of_hit_rates(**{"hit-rate-table": rows}, comparison=pairs)
    found = above_chance(tables, "integrated-gradients", "self")
    assert (found.estimate, found.of) == (pytest.approx(0.2), "m, 9 proteins, 999 draws")
    assert higher_than(tables, "attention", "permuted", "self").estimate == pytest.approx(0.05)
    without = of_hit_rates(**{"hit-rate-table": rows[:1]})
    assert above_chance(without, "integrated-gradients", "self").of.startswith("uniform")


def test_adversarial_weights_are_compared_the_other_way_round() -> None:
    """The table has adversarial less learned; the claim is that learned weights have the higher rate."""
    tables = {("attention-tests", "adversarial-hit-rates"): [compared("adversarial", "learned", -0.05, 0.04)]}
    found = above_adversarial(tables, "self")
    assert found[:5] == pytest.approx((0.05, 0.03, 0.06, 0.02, 0.98))


def written(folder: Path, experiment: str, tables: dict[str, list[dict[str, Any]]]) -> None:
    (folder / experiment).mkdir(parents=True)
    for name, rows in tables.items():
        (folder / experiment / f"{name}.json").write_text(json.dumps(rows))
    manifest = {
        "format": "pslidx experiment",
        "experiment": experiment,
        "tables": list(tables),
        "settings": {"seed": 3},
    }
    (folder / experiment / "manifest.json").write_text(json.dumps(manifest))


BLANK = ("difference", "low", "high", "p_value")
#: A model with attention, and no rate by which a claim is judged.
UNTOLD = [rated(exclusion="none")]


def test_claims_are_judged_by_what_is_there_with_holm_over_them(tmp_path: Path) -> None:
    arms = {
        ("bilstm-attention", "learned"): [0.700, 0.701, 0.699],
        ("bilstm-uniform", None): [0.7005, 0.6995, 0.700],
        ("bilstm-attention", "permuted"): [0.49, 0.5, 0.51],
    }
    written(tmp_path, "accuracy-table", {"trainings": trainings(arms)})
    written(
        tmp_path,
        "hit-rate-table",
        {"hit-rate-table": UNTOLD, "comparison": [compared("permuted", "attention", -0.05, 0.002)]},
    )
    result = judge(tmp_path)
    rows = {row["claim"]: row for row in result.table.to_pylist()}
    assert list(rows) == [claim.name for claim in CLAIMS]
    judged = [name for name, row in rows.items() if row["missing"] is None]
    assert judged == ["C1", "C2", "C9"]
    assert [rows[name]["verdict"] for name in judged] == ["holds", "does not hold", "holds"]
    family = [rows[claim][name] for claim in judged for name in ("p_value", "p_contrary")]
    corrected = [rows[claim][name] for claim in judged for name in ("p_holm", "p_contrary_holm")]
    highest, stepped = 0.0, {}
    for rank, place in enumerate(np.argsort(family).tolist()):
        highest = stepped[place] = max(highest, min((len(family) - rank) * family[place], 1.0))
    assert corrected == pytest.approx([stepped[place] for place in range(len(family))])
    assert rows["C14"]["missing"] == "attention-tests"
    assert result.settings["results"]["accuracy-table"] == {"seed": 3}
    assert len(result.findings) == len(CLAIMS)
    assert "C2, permuting its attention leaves its accuracy as it is: does not hold; +0.200" in result.findings[1]
    assert "Holm's p of the contrary" in result.findings[1]


def test_what_is_neither_shown_nor_refuted_is_not_shown(tmp_path: Path) -> None:
    written(
        tmp_path,
        "hit-rate-table",
        {"hit-rate-table": UNTOLD, "comparison": [compared("permuted", "attention", -0.05, 0.2)]},
    )
    row = next(row for row in judge(tmp_path).table.to_pylist() if row["claim"] == "C9")
    assert (row["p_value"], row["p_contrary"]) == pytest.approx((0.1, 0.9))
    assert row["verdict"] == "not shown"


def test_a_rate_that_is_lower_does_not_hold_and_trainings_all_alike_are_too_few(tmp_path: Path) -> None:
    alike = {("bilstm-attention", "learned"): [0.7, 0.7], ("bilstm-uniform", None): [0.7, 0.7]}
    written(tmp_path, "accuracy-table", {"trainings": trainings(alike)})
    written(
        tmp_path,
        "hit-rate-table",
        {"hit-rate-table": UNTOLD, "comparison": [compared("permuted", "attention", 0.05, 0.002)]},
    )
    result = judge(tmp_path)
    verdicts = {row["claim"]: row["verdict"] for row in result.table.to_pylist()}
    assert (verdicts["C1"], verdicts["C9"], verdicts["C14"]) == ("too few to judge", "does not hold", None)
    assert "too few to judge; +0.000; 2 and 2 independent trainings" in result.findings[0]


def test_a_row_without_a_figure_is_too_few_and_not_missing(tmp_path: Path) -> None:
    row = compared("permuted", "attention", 0.05, 0.002)
    written(tmp_path, "hit-rate-table", {"hit-rate-table": UNTOLD, "comparison": [row | dict.fromkeys(BLANK)]})
    result = judge(tmp_path)
    assert not result.figures  # there is nothing to draw
    judged = {row["claim"]: row for row in result.table.to_pylist()}
    assert (judged["C9"]["verdict"], judged["C9"]["missing"], judged["C9"]["estimate"]) == (
        "too few to judge",
        None,
        None,
    )
    assert (
        "C9, learned attention has a higher hit rate than permuted attention: too few to judge; m, 9 pairs"
        in (result.findings[8])
    )


def test_a_folder_without_results_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no finished result of accuracy-table, hit-rate-table, attention-tests"):
        judge(tmp_path)
    written(tmp_path, "accuracy-table", {"trainings": []})
    (tmp_path / "accuracy-table" / "trainings.json").write_text("[")
    with pytest.raises(InputError, match=r"trainings\.json: damaged .*; run its experiment again"):
        judge(tmp_path)
